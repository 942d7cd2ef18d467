//! The commands that open a transaction, with the parameters that the relay offers for them.

use std::fmt::Write as _;

use super::capability::Capabilities;
use crate::transport::{Envelope, Stage};

/// In the order in which they are said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Rset,
    Mail,
    Rcpt,
    Data,
}

/// What MAIL says about the message.
#[derive(Clone, Copy)]
pub(super) struct Form {
    pub(super) length: usize,
    pub(super) eight_bit: bool,
}

/// With CHUNKING the message announces itself (RFC 3030 §2): there is no DATA.
pub(super) fn opening(offered: &Capabilities, reset: bool) -> &'static [Verb] {
    use Verb::{Data, Mail, Rcpt, Rset};
    match (reset, offered.chunking) {
        (false, false) => &[Mail, Rcpt, Data],
        (false, true) => &[Mail, Rcpt],
        (true, false) => &[Rset, Mail, Rcpt, Data],
        (true, true) => &[Rset, Mail, Rcpt],
    }
}

impl Verb {
    /// A refused RSET is the connection's trouble, as a refused MAIL is.
    pub(super) fn stage(self) -> Stage {
        match self {
            Self::Rset | Self::Mail => Stage::Mail,
            Self::Rcpt => Stage::Rcpt,
            Self::Data => Stage::Data,
        }
    }

    /// Without `form` the message is not known yet, and MAIL promises nothing about it.
    pub(super) fn line(
        self,
        offered: &Capabilities,
        envelope: &Envelope,
        form: Option<Form>,
    ) -> String {
        match self {
            Self::Rset => "RSET\r\n".to_owned(),
            Self::Mail => mail(offered, envelope, form),
            Self::Rcpt => rcpt(offered, &envelope.to),
            Self::Data => "DATA\r\n".to_owned(),
        }
    }
}

fn mail(offered: &Capabilities, envelope: &Envelope, form: Option<Form>) -> String {
    let mut line = format!("MAIL FROM:<{}>", envelope.from);
    if let Some(form) = form {
        if offered.size.is_some() {
            // the octets before dot-stuffing (RFC 1870 §5)
            let _ = write!(line, " SIZE={}", form.length);
        }
        if form.eight_bit {
            line.push_str(" BODY=8BITMIME");
        }
    }
    if needs_utf8(envelope) {
        line.push_str(" SMTPUTF8");
    }
    if offered.dsn {
        line.push_str(" RET=HDRS");
        if let Some(id) = &envelope.id {
            let _ = write!(line, " ENVID={}", xtext(id));
        }
    }
    line.push_str("\r\n");
    line
}

fn rcpt(offered: &Capabilities, to: &str) -> String {
    let mut line = format!("RCPT TO:<{to}>");
    if offered.dsn {
        line.push_str(" NOTIFY=FAILURE,DELAY");
        // the type rfc822 is for ASCII addresses (RFC 6533 §3)
        if to.is_ascii() {
            let _ = write!(line, " ORCPT=rfc822;{}", xtext(to));
        }
    }
    line.push_str("\r\n");
    line
}

pub(super) fn needs_utf8(envelope: &Envelope) -> bool {
    !envelope.from.is_ascii() || !envelope.to.is_ascii()
}

/// RFC 3461 §4.
pub(in crate::transport) fn xtext(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_graphic() && octet != b'+' && octet != b'=' {
            encoded.push(char::from(octet));
        } else {
            let _ = write!(encoded, "+{octet:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope() -> Envelope {
        Envelope {
            from: String::new(),
            to: "ann+news=1@example.org".to_owned(),
            id: Some("7 of 9".to_owned()),
        }
    }

    #[test]
    fn what_xtext_may_not_hold_is_encoded() {
        assert_eq!(xtext("a+b=c d~!"), "a+2Bb+3Dc+20d~!");
    }

    #[test]
    fn a_relay_that_knows_dsn_is_asked_for_delays_and_failures() {
        let offered = Capabilities { dsn: true, ..Capabilities::default() };
        let said = |verb: Verb| verb.line(&offered, &envelope(), None);
        assert_eq!(said(Verb::Mail), "MAIL FROM:<> RET=HDRS ENVID=7+20of+209\r\n");
        assert_eq!(
            said(Verb::Rcpt),
            "RCPT TO:<ann+news=1@example.org> NOTIFY=FAILURE,DELAY \
             ORCPT=rfc822;ann+2Bnews+3D1@example.org\r\n"
        );
    }

    #[test]
    fn what_is_not_offered_is_not_said() {
        let form = Form { length: 9, eight_bit: false };
        let said = |verb: Verb| verb.line(&Capabilities::default(), &envelope(), Some(form));
        assert_eq!(said(Verb::Mail), "MAIL FROM:<>\r\n");
        assert_eq!(said(Verb::Rcpt), "RCPT TO:<ann+news=1@example.org>\r\n");
    }
}
