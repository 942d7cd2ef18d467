//! Against a real Postfix that takes mail after a login only, and asks a real Dovecot about it.

use bulletin::config::{SmtpRelay, Tls};
use bulletin::delivery::bearing::{Bearing, bearing};
use bulletin::secret::Secret;
use bulletin::transport::{Outcome, Stage};

use super::postfix::{assert_delivered, configured, send_all};
use super::{MESSAGE, to, transport};
use crate::support::dovecot::USER;
use crate::support::house::PASSWORD;
use crate::support::postfix::{DOMAIN, Door, Postfix, may_run};

const WRONG: &str = "hunter2 is not it";

fn with_password(relay: SmtpRelay, password: &str) -> SmtpRelay {
    SmtpRelay { user: Some(USER.to_owned()), password: Some(Secret::new(password)), ..relay }
}

#[tokio::test]
async fn after_a_login_of_either_kind_everything_is_delivered_as_it_was_sent() {
    if !may_run() {
        return;
    }
    let (doors, mailboxes) = ([Door::Login("plain"), Door::Login("login")], ["plain", "login"]);
    let postfix = Postfix::start(&doors, &mailboxes);
    let relay = |place| with_password(configured(&postfix, place, Tls::Starttls), PASSWORD);
    tokio::join!(send_all(relay(0), mailboxes[0]), send_all(relay(1), mailboxes[1]));
    for mailbox in mailboxes {
        assert_delivered(&postfix, mailbox).await;
    }
    let log = postfix.log();
    let said = |words: &str| log.lines().filter(|line| line.contains(words)).count();
    for method in ["PLAIN", "LOGIN"] {
        // once for each message that it took
        assert_eq!(said(&format!("sasl_method={method}, sasl_username={USER}")), 192, "{log}");
    }
    assert_eq!(said(" starttls=1 auth=1 mail=200 rcpt=192/200 bdat=192 "), 2, "{log}");
}

#[tokio::test]
async fn with_a_wrong_password_nothing_is_sent_and_nobody_repeats_it() {
    if !may_run() {
        return;
    }
    let postfix = Postfix::start(&[Door::Login("plain"), Door::Login("login")], &["ann"]);
    for place in 0..2 {
        let relay = with_password(configured(&postfix, place, Tls::Starttls), WRONG);
        let fault = transport(&relay).connect().await.err().unwrap();
        let code = fault.reply.as_ref().map(|reply| reply.code);
        assert_eq!((fault.stage, code), (Stage::Auth, Some(535)), "{fault}");
        let base64 = data_encoding::BASE64.encode(WRONG.as_bytes());
        let told = format!("{fault} {fault:?}");
        assert!(!told.contains(WRONG) && !told.contains(base64.trim_end_matches('=')), "{told}");
    }
    // in clear a login is not even offered, and so none is tried
    let relay = with_password(configured(&postfix, 0, Tls::None), PASSWORD);
    let fault = transport(&relay).connect().await.err().unwrap();
    assert_eq!((fault.stage, fault.reply.is_none()), (Stage::Auth, true), "{fault}");
    let log = postfix.log();
    assert!(!log.contains(" mail=") && !log.contains("sasl_method"), "{log}");
    assert!(postfix.mails("ann").is_empty());
}

#[tokio::test]
async fn without_a_login_the_refusal_is_about_us_and_not_about_the_reader() {
    if !may_run() {
        return;
    }
    let postfix = Postfix::start(&[Door::Login("plain")], &["ann"]);
    let way = transport(&configured(&postfix, 0, Tls::Starttls));
    let mut connection = way.connect().await.unwrap();
    let refusals = [
        (format!("ann@{DOMAIN}"), "Recipient address rejected: Access denied"),
        ("ann@elsewhere.example".to_owned(), "Relay access denied"),
    ];
    for (reader, words) in refusals {
        let outcome = connection.send(&to(&reader), &MESSAGE, None).await.unwrap();
        let Outcome::Refused(reply) = outcome else {
            panic!("{reader}: {outcome:?}");
        };
        let enhanced = reply.enhanced.as_deref();
        assert_eq!((reply.stage, reply.code, enhanced), (Stage::Rcpt, 554, Some("5.7.1")));
        assert!(reply.text.ends_with(words), "{}", reply.text);
        assert_eq!(bearing(&reply), Bearing::Policy, "{}", reply.text);
    }
    connection.quit().await;
    assert!(postfix.mails("ann").is_empty());
}
