//! What a real mail server puts into the mailboxes is what `bulletin preview` shows.

use std::fmt::Write as _;

use super::house::{Database, House, accepted, house};
use super::mail::Mail;
use crate::support::postfix::{DOMAIN, Door, Postfix, as_sent, may_run};

on_both!(what_lies_in_the_mailboxes_is_what_the_preview_shows);

const MAILBOXES: [&str; 3] = ["ann", "bob", "cara"];

async fn what_lies_in_the_mailboxes_is_what_the_preview_shows(database: Database) {
    if !may_run() {
        return;
    }
    let postfix = Postfix::start(&[Door::Login("plain")], &MAILBOXES);
    let house = house(database).postfix(&postfix).open();
    for mailbox in MAILBOXES {
        house.subscriber(&format!("{mailbox}@{DOMAIN}"), &["meetings"]);
    }
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    house.send();
    house.ended(campaign, &accepted(MAILBOXES.len()));
    for mailbox in MAILBOXES {
        let mail = postfix.delivered(mailbox, 1).await.remove(0);
        let mail = String::from_utf8(as_sent(&mail, "From: ")).unwrap();
        let shown = preview(&house, mailbox);
        assert_eq!(without_its_own(&mail), without_its_own(&shown), "{mailbox}");
    }
    let log = postfix.log();
    let logins =
        log.lines().filter(|line| line.contains("sasl_method=PLAIN, sasl_username=bulletin"));
    assert_eq!(logins.count(), MAILBOXES.len(), "{log}");
}

fn preview(house: &House, mailbox: &str) -> String {
    let reader = format!("{mailbox}@{DOMAIN}");
    house.must(&["preview", "minutes", "--as", &reader, "--format", "eml"]).stdout
}

/// A mail without what each copy has for itself: its date and number, its campaign, its link.
fn without_its_own(mail: &str) -> String {
    let link = Mail::of(mail.as_bytes()).unsubscribe_url().to_owned();
    let mut rest = String::new();
    for line in mail.split_inclusive('\n') {
        match line.split_once(": ") {
            Some((name @ ("Date" | "Message-ID"), _)) => writeln!(rest, "{name}").unwrap(),
            Some(("Feedback-ID", value)) => rest += value.split_once(':').unwrap().1,
            _ => rest += &line.replace(&link, "LINK"),
        }
    }
    rest
}
