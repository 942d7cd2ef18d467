//! Mails as different as they can be: most by our composer, some that it would never write.

use bulletin::address::EmailAddress;
use bulletin::clock::Timestamp;
use bulletin::line::Line;
use bulletin::message::compose::{Copy, Head, ListId, Rendition};
use bulletin::message::slot::Slot;
use bulletin::message::{Content, Part};
use bulletin::octets::Octets;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// The same ones every time.
pub(super) fn some(count: usize) -> Vec<Octets> {
    let mut random = TestRunner::deterministic();
    let all = prop_oneof![4 => composed(), 1 => by_hand()];
    (0..count).map(|_| all.new_tree(&mut random).unwrap().current()).collect()
}

/// Names and subjects of every script, also such as only fit on several lines.
fn line() -> impl Strategy<Value = Line> {
    let text = prop_oneof![
        "[a-zA-Z ,.!?\"\\\\()<>@:;]{1,90}",
        "\\PC{1,60}",
        "[а-яёΑ-Ω日本語éüß \u{200d}👩🏽]{1,120}",
        "[a-z]{70,200}",
    ];
    text.prop_filter_map("a line", |text| Line::parse(&text).ok())
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "\\PC{0,120}",
        "[ \t]{0,5}",
        "\\.{1,3}[a-z ]{0,9}",
        "From me",
        "=[0-9A-F]{2}",
        "x{900,1100}",
        Just(Slot::Greeting.mark()),
        Just(Slot::Lists.mark()),
        Just(Slot::UnsubscribeUrl.mark()),
    ];
    let lines = proptest::collection::vec((piece, "(\n|\r\n|\n\n\n| |)"), 0..12);
    (lines, "\n{0,4}").prop_map(|(lines, end)| {
        let lines = lines.into_iter().map(|(line, end)| line + &end);
        lines.collect::<String>() + &end
    })
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let bytes = proptest::collection::vec(any::<u8>(), 0..300);
    let part = ("\\PC{1,20}", bytes, any::<bool>()).prop_map(|(name, bytes, shown)| Part {
        name,
        content_type: if shown { "image/png" } else { "application/pdf" }.to_owned(),
        cid: shown.then(|| "picture@news.example.org".to_owned()),
        bytes,
    });
    proptest::collection::vec(part, 0..3)
}

fn composed() -> BoxedStrategy<Octets> {
    let content = (line(), text(), text(), parts()).prop_map(|(subject, text, html, parts)| {
        Content { subject, html, text, parts, invitation: None, mjml: String::new() }
    });
    let people = (line(), line(), proptest::option::of(line()), "[a-z0-9]{1,60}");
    let rest = (any::<bool>(), any::<bool>(), 0i64..4_000_000_000_000, "[!-;?-~]{1,200}");
    (content, people, rest)
        .prop_map(|(content, (from_name, list, name, mailbox), (replies, digest, date, token))| {
            let head = Head {
                from_name,
                from: address("bulletin@news.example.org"),
                reply_to: replies.then(|| address("coordinator@example.org")),
                list_id: ListId { name: list, id: "meetings.news.example.org".to_owned() },
                help_url: "https://news.example.org/".to_owned(),
                archive_url: "https://news.example.org/archive".to_owned(),
                feedback_id: "1:meetings:announcement:news.example.org".to_owned(),
                auto_submitted: digest,
            };
            let copy = Copy {
                to: &address(&format!("{mailbox}@example.org")),
                name: name.as_ref(),
                message_id: "d1.c1@news.example.org",
                date: Timestamp(date),
                unsubscribe_url: &format!("https://news.example.org/unsubscribe/{token}"),
                lists: "Meetings & Reports",
                rsvp_url: "",
            };
            Rendition::prepare(&content, &head).unwrap().message(&copy)
        })
        .boxed()
}

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

/// Fields folded in odd places, several of one name, and bodies that end in all sorts of emptiness.
fn by_hand() -> BoxedStrategy<Octets> {
    let name = proptest::sample::select(vec![
        "to",
        "CC",
        "Subject",
        "Reply-To",
        "Comments",
        "X-Odd",
        "List-Id",
        "list-POST",
        "Feedback-ID",
    ]);
    let value =
        "[ \t]{0,2}[!-9;-~]{1,20}([ \t]{1,3}[!-~]{1,20}|\r\n[ \t]{1,3}[!-~]{1,20}){0,5}[ \t]{0,2}";
    let field = (name, value).prop_map(|(name, value)| format!("{name}:{value}\r\n"));
    let fields = proptest::collection::vec(field, 0..7).prop_map(|fields| fields.concat());
    let body = "(\\.{0,2}[ \t]{0,2}[!-~]{0,60}[ \t]{0,2}\r\n|\r\n){0,9}(\r\n){0,4}";
    (fields, body)
        .prop_map(|(fields, body)| {
            let fixed = "From: Bulletin <bulletin@news.example.org>\r\n\
                Date: Mon, 1 Jun 2026 09:00:00 +0000\r\nMessage-ID: <1@news.example.org>\r\n\
                List-Unsubscribe: <https://news.example.org/u/1>\r\n\
                List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";
            format!("{fixed}{fields}\r\n{body}").into_bytes().into()
        })
        .boxed()
}
