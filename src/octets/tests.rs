use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn of(text: &str) -> Octets {
    text.as_bytes().to_vec().into()
}

fn defect(text: &str) -> Option<Defect> {
    of(text).flaw().map(|flaw| flaw.defect)
}

/// The first flaw, line by line and as slowly as it likes.
fn plain(octets: &[u8]) -> Option<Flaw> {
    let (mut rest, mut line) = (octets, 1);
    loop {
        let length = rest.iter().position(|octet| b"\r\n".contains(octet)).unwrap_or(rest.len());
        let flaw = |defect| Some(Flaw { line, defect });
        match &rest[length..] {
            _ if length > 998 => return flaw(Defect::Long(length)),
            [] => return None,
            [b'\r', b'\n', after @ ..] => rest = after,
            [b'\r', ..] => return flaw(Defect::BareCr),
            _ => return flaw(Defect::BareLf),
        }
        line += 1;
    }
}

#[test]
fn a_bare_cr_or_lf_anywhere_is_a_flaw() {
    for text in ["a\nb", "a\r\n\n", "\n", "a\r\n.\n", "\r\n\n\r\n"] {
        assert_eq!(defect(text), Some(Defect::BareLf), "{text:?}");
    }
    for text in ["a\rb", "a\r\r\n", "a\r", "\r", "a\r\n\rb\n"] {
        assert_eq!(defect(text), Some(Defect::BareCr), "{text:?}");
    }
    for text in ["", "a", "a\r\n", "a\r\n\r\nb\r\n", "\r\n"] {
        assert_eq!(defect(text), None, "{text:?}");
    }
}

#[test]
fn a_line_of_999_octets_is_a_flaw_and_one_of_998_is_not() {
    for end in ["", "\r\n", "\r\nb"] {
        assert_eq!(of(&format!("a\r\n{}{end}", "x".repeat(998))).flaw(), None);
        let flaw = of(&format!("a\r\n{}{end}", "x".repeat(999))).flaw();
        assert_eq!(flaw, Some(Flaw { line: 2, defect: Defect::Long(999) }));
    }
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_a_remedy() {
    let told = |text: &str| of(text).flaw().unwrap().to_string();
    assert_eq!(told("a\r\nb\n"), "line 2 of the message ends in a bare LF; end it in CRLF");
    assert_eq!(told("a\r"), "line 1 of the message ends in a bare CR; end it in CRLF");
    assert_eq!(
        told(&"x".repeat(1000)),
        "line 1 of the message has 1000 octets, 998 are allowed; fold or encode it"
    );
}

#[test]
fn a_dot_counts_at_the_start_of_a_line_only() {
    for (text, dot) in [(".", true), ("a\r\n.", true), ("a.\r\nb.", false), ("", false)] {
        assert_eq!(of(text).has_leading_dot(), dot, "{text:?}");
    }
}

#[test]
fn where_there_is_room_a_piece_is_put_in_front_without_a_copy() {
    let mut octets = Octets::with_capacity(100);
    octets.push(b"b\r\n");
    let place = octets.as_ptr();
    octets.precede(&of("a\r\n"));
    assert_eq!((&*octets, octets.as_ptr()), (&b"a\r\nb\r\n"[..], place));
}

/// Rich in what lines are made of, with runs just about as long as a line may be.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let run = |octet: u8, length| vec(Just(octet), length);
    let part = prop_oneof![
        8 => vec(prop::sample::select(b"\r\n.a".to_vec()), 0..6),
        6 => Just(b"\r\n".to_vec()),
        1 => run(b'x', 490..510),
        1 => run(b'x', 996..1001),
        1 => run(b'.', 0..3),
        1 => Just("é".into()),
    ];
    vec(part, 0..6).prop_map(|parts| parts.concat())
}

fn joined(pieces: &[Octets]) -> Octets {
    pieces.iter().fold(Octets::default(), |mut all, piece| {
        all.join(piece);
        all
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn wherever_octets_are_cut_the_whole_is_known_from_the_pieces(
        pieces in vec(piece(), 0..6),
        place in any::<prop::sample::Index>(),
    ) {
        let bytes = pieces.concat();
        let whole = Octets::from(bytes.clone());
        let pieces: Vec<_> = pieces.into_iter().map(Octets::from).collect();
        prop_assert_eq!(&joined(&pieces), &whole);

        let (front, back) = bytes.split_at(place.index(bytes.len() + 1));
        let (front, back) = (Octets::from(front.to_vec()), Octets::from(back.to_vec()));
        prop_assert_eq!(&joined(&[front.clone(), back.clone()]), &whole);
        let mut turned = back.clone();
        turned.precede(&front);
        prop_assert_eq!(&turned, &whole);
        let mut pushed = front;
        pushed.push(&back);
        prop_assert_eq!(&pushed, &whole);
    }

    #[test]
    fn octet_by_octet_gives_what_the_whole_gives(bytes in piece()) {
        let octets: Vec<_> = bytes.iter().map(|&octet| Octets::from([octet].to_vec())).collect();
        prop_assert_eq!(joined(&octets), Octets::from(bytes));
    }

    #[test]
    fn what_is_known_is_what_slow_eyes_see(pieces in vec(piece(), 0..4)) {
        let bytes = pieces.concat();
        let octets = Octets::from(bytes.clone());
        prop_assert_eq!(octets.flaw(), plain(&bytes));
        prop_assert_eq!(octets.has_eight_bit(), bytes.iter().any(|octet| *octet > 127));
        let lines = bytes.split(|octet| *octet == b'\n');
        prop_assert_eq!(octets.has_leading_dot(), lines.into_iter().any(|line| line.starts_with(b".")));
    }
}
