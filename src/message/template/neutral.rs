//! The head and the first line of a discreet mail, put into MJML that templates made.
//!
//! What always holds: title, preview and first line are the cover's, and nothing else of the head is
//! words. It is done in code, after the templates, so that none can leave it out or say something before it.

use super::markup::{Tag, tags};
use crate::message::slot;

/// What is seen of a mail without opening it, and its first line.
#[derive(Debug)]
pub(in crate::message) struct Cover<'a> {
    pub(in crate::message) title: &'a str,
    pub(in crate::message) preheader: String,
    pub(in crate::message) opening: &'a str,
}

impl Cover<'_> {
    fn head(&self) -> String {
        let [title, preheader] = [self.title, &self.preheader].map(slot::reference);
        format!("<mj-title>{title}</mj-title><mj-preview>{preheader}</mj-preview>")
    }

    fn opening(&self) -> String {
        format!(
            "<mj-section padding=\"32px 0 0\"><mj-column>\
             <mj-text css-class=\"gutter\" padding=\"0 33px\">{}</mj-text>\
             </mj-column></mj-section>",
            slot::reference(self.opening)
        )
    }
}

/// Elements of a head that hold words, or may.
const WORDED: [&str; 3] = ["mj-title", "mj-preview", "mj-raw"];

/// MJML below its cover. Of what the head has in HTML only `<meta>` stays.
pub(in crate::message) fn covered(mjml: &str, cover: &Cover<'_>) -> String {
    let mut out = String::with_capacity(mjml.len() + 4096);
    // how far it is copied; inside of which worded element; whether there was a head
    let (mut from, mut within, mut headed) = (0, None, false);
    for Tag { range, name, body } in tags(mjml) {
        let end = (range.end + 1).min(mjml.len());
        let alone = body.ends_with('/');
        match (name, within) {
            ("mj-body", None) if !alone => {
                out.push_str(&mjml[from..range.start]);
                if !headed {
                    out.extend(["<mj-head>", &cover.head(), "</mj-head>"]);
                }
                out.push_str(&mjml[range.start..end]);
                out.push_str(&cover.opening());
                out.push_str(&mjml[end..]);
                return out;
            }
            ("meta", Some(_)) => {
                out.extend(["<mj-raw>", &mjml[range.start..end], "</mj-raw>"]);
            }
            (name, None) if WORDED.contains(&name) => {
                out.push_str(&mjml[from..range.start]);
                (from, within) = (end, (!alone).then_some(name));
            }
            (closing, Some(opened)) if closing.strip_prefix('/') == Some(opened) => {
                (from, within) = (end, None);
            }
            ("mj-head", None) if alone => {
                out.push_str(&mjml[from..range.start]);
                from = end;
            }
            ("/mj-head", None) => {
                out.push_str(&mjml[from..range.start]);
                out.push_str(&cover.head());
                (from, headed) = (range.start, true);
            }
            _ => {}
        }
    }
    out.push_str(&mjml[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const COVER: Cover<'_> =
        Cover { title: "A & B", preheader: String::new(), opening: "An <update>" };

    fn with(mjml: &str) -> String {
        covered(mjml, &COVER)
    }

    #[test]
    fn what_a_head_says_is_replaced_and_its_meta_stays() {
        let out = with(
            "<mjml><mj-head><mj-title>Secret</mj-title><mj-preview>Secret</mj-preview><mj-raw>\
             <title>Secret</title>Secret<meta name=\"a\" content=\"b\" /></mj-raw><mj-style>p{}</mj-style>\
             </mj-head><mj-body width=\"600px\"><mj-raw>Body</mj-raw></mj-body></mjml>",
        );
        assert!(!out.contains("Secret"), "{out}");
        let head = "<mjml><mj-head><mj-raw><meta name=\"a\" content=\"b\" /></mj-raw>\
                    <mj-style>p{}</mj-style><mj-title>A &amp; B</mj-title><mj-preview></mj-preview>\
                    </mj-head><mj-body width=\"600px\"><mj-section";
        assert!(out.starts_with(head), "{out}");
        let body = "An &lt;update&gt;</mj-text></mj-column></mj-section>\
                    <mj-raw>Body</mj-raw></mj-body></mjml>";
        assert!(out.ends_with(body), "{out}");
    }

    #[test]
    fn a_mail_without_a_head_gets_one() {
        for head in ["", "<mj-head/>", "<mj-head />", "<mj-head></mj-head>"] {
            let out = with(&format!("<mjml>{head}<mj-body>x</mj-body></mjml>"));
            let whole = "<mjml><mj-head><mj-title>A &amp; B</mj-title><mj-preview></mj-preview>\
                         </mj-head><mj-body><mj-section";
            assert!(out.starts_with(whole), "{out}");
            assert_eq!(out.matches("<mj-head>").count(), 1, "{out}");
        }
    }
}
