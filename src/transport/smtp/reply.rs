//! Parses replies (RFC 5321 §4.2.1), forgiving in what relays write, strict in how much.

use memchr::memchr;

use crate::transport::{Reply, Stage};

/// RFC 5321 §4.5.3.1.5 allows 512 octets; Postfix takes 2048, and so do we.
const LINE_LIMIT: usize = 2048;
/// All lines of one reply. A long EHLO has about 1 KB.
const REPLY_LIMIT: usize = 32 * 1024;
/// Characters of text that are kept.
const TEXT_LIMIT: usize = 500;

/// A whole reply, with the text of each line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) code: u16,
    pub(super) lines: Vec<String>,
}

/// Why what came is not a reply. It is not quoted: nobody knows what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Garbage {
    #[error("what came is not an SMTP reply")]
    NotSmtp,
    #[error("the reply is too long")]
    TooLong,
}

/// The first reply in `input` and how many octets it takes, or `None` while it is incomplete.
pub(super) fn parse(input: &[u8]) -> Result<Option<(Answer, usize)>, Garbage> {
    let mut lines = Vec::new();
    let mut first_code = None;
    let mut used = 0;
    while let Some(length) = memchr(b'\n', &input[used..]) {
        let line = &input[used..used + length];
        used += length + 1;
        refuse_long(line.len(), used)?;
        let (code, last, text) = split(line.strip_suffix(b"\r").unwrap_or(line))?;
        if *first_code.get_or_insert(code) != code {
            return Err(Garbage::NotSmtp);
        }
        lines.push(text);
        if last {
            return Ok(Some((Answer { code, lines }, used)));
        }
    }
    let rest = &input[used..];
    refuse_long(rest.len(), input.len())?;
    // told at once, not after minutes of waiting for the end of a line
    if !rest.iter().take(3).all(u8::is_ascii_digit) {
        return Err(Garbage::NotSmtp);
    }
    Ok(None)
}

fn refuse_long(line: usize, reply: usize) -> Result<(), Garbage> {
    if line > LINE_LIMIT || reply > REPLY_LIMIT {
        return Err(Garbage::TooLong);
    }
    Ok(())
}

/// `250-text`, `250 text` or `250`: the code, whether it is the last line, and the text.
fn split(line: &[u8]) -> Result<(u16, bool, String), Garbage> {
    let (digits, rest) = line.split_at_checked(3).ok_or(Garbage::NotSmtp)?;
    let text = match rest {
        [] => "".into(),
        [b' ' | b'-', text @ ..] => String::from_utf8_lossy(text),
        _ => return Err(Garbage::NotSmtp),
    };
    let code = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    match code {
        Some(code @ 200..=599) if digits.iter().all(u8::is_ascii_digit) => {
            Ok((code, rest.first() != Some(&b'-'), text.into_owned()))
        }
        _ => Err(Garbage::NotSmtp),
    }
}

impl Answer {
    pub(super) fn into_reply(self, stage: Stage) -> Reply {
        let class = self.code / 100;
        let enhanced =
            self.lines.iter().find_map(|line| enhanced_at(class, line)).map(str::to_owned);
        let words = self.lines.iter().map(|line| match enhanced_at(class, line) {
            Some(code) => line[code.len()..].trim(),
            None => line.trim(),
        });
        let text = words.collect::<Vec<_>>().join(" ");
        let text = text.chars().filter(|c| !c.is_control()).take(TEXT_LIMIT).collect();
        Reply { stage, code: self.code, enhanced, text }
    }
}

/// `5.1.1` at the start of a line; its class is the reply's own (RFC 2034 §4).
fn enhanced_at(class: u16, line: &str) -> Option<&str> {
    let word = line.split(' ').next()?;
    let mut parts = word.split('.');
    let own_class = parts.next()?.parse() == Ok(class);
    let number =
        |part: &str| matches!(part.len(), 1..=3) && part.bytes().all(|b| b.is_ascii_digit());
    let three = number(parts.next()?) && number(parts.next()?) && parts.next().is_none();
    (own_class && three && word.len() <= 9).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(input: &str) -> Reply {
        parse(input.as_bytes()).unwrap().unwrap().0.into_reply(Stage::Rcpt)
    }

    #[test]
    fn a_reply_of_many_lines_is_one_reply() {
        let reply = reply("550-5.1.1 No such user,\r\n550-5.1.1 really.\r\n550 5.1.1 Sorry\r\n");
        assert_eq!((reply.code, reply.enhanced.as_deref()), (550, Some("5.1.1")));
        assert_eq!(reply.text, "No such user, really. Sorry");
    }

    #[test]
    fn a_reply_without_text_or_enhanced_code_is_a_reply() {
        assert_eq!(reply("250\r\n").enhanced, None);
        assert_eq!(reply("250 \n").text, "");
        let plain = reply("450 1.2 of 4.3.2.1 greylisted\r\n");
        assert_eq!((plain.enhanced, plain.text.as_str()), (None, "1.2 of 4.3.2.1 greylisted"));
    }

    #[test]
    fn an_enhanced_code_of_another_class_is_only_text() {
        let reply = reply("550 4.7.1 try later\r\n");
        assert_eq!((reply.enhanced, reply.text.as_str()), (None, "4.7.1 try later"));
    }

    #[test]
    fn an_incomplete_reply_is_waited_for_and_what_follows_is_left() {
        for input in ["", "2", "250", "250-a\r\n", "250-a\r\n25", "250 a\r"] {
            assert_eq!(parse(input.as_bytes()), Ok(None), "{input:?}");
        }
        assert_eq!(parse(b"250 a\r\n354 b\r\n").unwrap().unwrap().1, 7);
    }

    #[test]
    fn garbage_is_told_before_its_line_ends() {
        for input in [
            "HTTP/1.1 400",
            "2x",
            "99\r\n",
            "600 x\r\n",
            "150 x\r\n",
            "250_x\r\n",
            "250-a\r\n550 b\r\n",
            "\r\n",
        ] {
            assert_eq!(parse(input.as_bytes()), Err(Garbage::NotSmtp), "{input:?}");
        }
    }

    #[test]
    fn a_reply_without_end_is_cut_off() {
        let line = format!("250 {}", "x".repeat(3000));
        assert_eq!(parse(line.as_bytes()), Err(Garbage::TooLong));
        let lines = "250-x\r\n".repeat(6000);
        assert_eq!(parse(lines.as_bytes()), Err(Garbage::TooLong));
    }

    #[test]
    fn text_is_cut_and_has_no_control_characters() {
        let reply = reply(&format!("250 a\x1b[31mb{}\r\n", "x".repeat(900)));
        assert!(reply.text.starts_with("a[31mb") && reply.text.chars().count() == 500);
    }

    proptest::proptest! {
        #[test]
        fn no_input_makes_the_parser_panic(input: Vec<u8>) {
            let _ = parse(&input).map(|found| found.map(|(answer, _)| answer.into_reply(Stage::Dot)));
        }
    }
}
