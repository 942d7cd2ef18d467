//! Every way to change a signed mail that its reader could notice.

/// What was changed, and the mail.
type Spoilt = (String, Vec<u8>);

/// What a forger would add.
const ADDED: [&str; 9] = [
    "From: forger@example.com",
    "To: all@example.com",
    "Subject: Pay here",
    "Date: Tue, 2 Jun 2026 09:00:00 +0000",
    "Reply-To: forger@example.com",
    "Cc: forger@example.com",
    "Content-Type: text/html",
    "List-Unsubscribe: <https://example.com/>",
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
];

/// One octet of each signed field and a few of the body changed, each signed field left out, a field
/// added, the body made longer or shorter.
pub(super) fn each(mail: &[u8]) -> Vec<Spoilt> {
    let start = memchr::memmem::find(mail, b"\r\n\r\n").unwrap() + 4;
    let (header, body) = mail.split_at(start);
    let mut spoilt = Vec::new();
    let signed = signed(header);
    for (name, from, to) in fields(header) {
        if signed.contains(&name) {
            let place = from + name.len() + 1 + a_word(&mail[from + name.len() + 1..to]);
            spoilt.push((format!("a change of {name}"), changed(mail, place)));
            spoilt.push((format!("no {name}"), [&mail[..from], &mail[to..]].concat()));
        }
    }
    for field in ADDED {
        let added = [&header[..start - 2], field.as_bytes(), b"\r\n\r\n", body].concat();
        spoilt.push((format!("another {field}"), added));
        let added = [field.as_bytes(), b"\r\n", mail].concat();
        spoilt.push((format!("in front of all, {field}"), added));
    }
    let octets = body.iter().enumerate().filter(|(_, octet)| !b"\r\n".contains(octet));
    let places: Vec<_> = octets.map(|(place, _)| start + place).collect();
    for place in places.iter().step_by((places.len() / 5).max(1)) {
        spoilt.push((format!("a change at {place}"), changed(mail, *place)));
    }
    if let Some(last) = places.last() {
        spoilt.push(("one octet less".to_owned(), [&mail[..*last], &mail[last + 1..]].concat()));
    }
    spoilt.push(("one line more".to_owned(), [mail, b"PS: hello\r\n"].concat()));
    spoilt.push(("a blank more".to_owned(), [mail, b" \r\n"].concat()));
    spoilt
}

/// Name in small letters, start, and end behind its last CRLF.
fn fields(header: &[u8]) -> Vec<(String, usize, usize)> {
    let (mut fields, mut from): (Vec<(String, usize, usize)>, usize) = (Vec::new(), 0);
    for line in header.split_inclusive(|&octet| octet == b'\n') {
        let to = from + line.len();
        match fields.last_mut().filter(|_| line.starts_with(b" ") || line.starts_with(b"\t")) {
            Some(field) => field.2 = to,
            None if line == b"\r\n" => {}
            None => {
                let name = line.split(|&octet| octet == b':').next().unwrap();
                fields.push((String::from_utf8_lossy(name).to_lowercase(), from, to));
            }
        }
        from = to;
    }
    fields
}

/// The names in `h=` of the first signature.
fn signed(header: &[u8]) -> Vec<String> {
    let text: String = String::from_utf8_lossy(header).split_whitespace().collect();
    let list = text.split(";h=").nth(1).unwrap().split(';').next().unwrap().to_owned();
    list.split(':').map(str::to_owned).collect()
}

/// Blanks may change in a header; the first octet that is none may not.
fn a_word(value: &[u8]) -> usize {
    value.iter().position(|octet| !b" \t\r\n".contains(octet)).unwrap()
}

fn changed(mail: &[u8], place: usize) -> Vec<u8> {
    let mut mail = mail.to_vec();
    mail[place] = if mail[place] == b'a' { b'b' } else { b'a' };
    mail
}
