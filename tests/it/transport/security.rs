//! Nothing is sent without the TLS that was asked for, and no password is told to anybody else.

use bulletin::config::{Auth, SmtpRelay, Tls};
use bulletin::transport::{Fault, Stage};

use super::{MESSAGE, PASSWORD, ann, configured, is_accepted, transport, with_login};
use crate::support::relay::{Act, At, Relay, Security, When};

/// base64 of `\0bulletin\0` and [`PASSWORD`].
const PLAIN: &str = "AGJ1bGxldGluAGh1bnRlcjIgaXMgbm90IGl0";

async fn fault_of(configured: &SmtpRelay) -> Fault {
    transport(configured).connect().await.err().unwrap()
}

#[tokio::test]
async fn mail_goes_under_tls_of_both_kinds_after_login() {
    for (security, tls) in
        [(Security::Starttls, Tls::Starttls), (Security::Implicit, Tls::Implicit)]
    {
        let relay = Relay::new().security(security).start();
        let way = transport(&with_login(configured(&relay, tls)));
        let mut connection = way.connect().await.unwrap();
        assert!(is_accepted(&connection.send(&ann(), &MESSAGE, None).await.unwrap()));
        assert!(connection.usable());
        connection.quit().await;
        assert_eq!(relay.received()[0].message, **MESSAGE);
        assert!(relay.commands().contains(&format!("AUTH PLAIN {PLAIN}")), "{tls:?}");
    }
}

#[tokio::test]
async fn the_relay_is_asked_again_under_tls_what_it_offers() {
    let relay = Relay::new().security(Security::Starttls).start();
    transport(&configured(&relay, Tls::Starttls)).connect().await.unwrap();
    assert_eq!(relay.commands(), ["EHLO news.example.org", "STARTTLS", "EHLO news.example.org"]);
}

#[tokio::test]
async fn when_starttls_was_stripped_nothing_is_said_and_no_password() {
    let relay = Relay::new().security(Security::None).start();
    let fault = fault_of(&with_login(configured(&relay, Tls::Starttls))).await;
    assert_eq!(fault.stage, Stage::Tls);
    assert_eq!(relay.commands(), ["EHLO news.example.org"]);
}

#[tokio::test]
async fn octets_injected_before_tls_end_the_connection() {
    let injected = Act::Say("220 go ahead\r\n250 AUTH PLAIN");
    let relay = Relay::new().security(Security::Starttls).on(At::Starttls, When::Always, injected);
    let relay = relay.start();
    let fault = fault_of(&with_login(configured(&relay, Tls::Starttls))).await;
    assert_eq!(fault.stage, Stage::Tls);
    assert!(fault.text.contains("out of turn"), "{fault}");
    assert_eq!(relay.commands(), ["EHLO news.example.org", "STARTTLS"]);
}

#[tokio::test]
async fn a_certificate_for_another_name_or_of_nobody_is_refused() {
    let other = Relay::new().security(Security::Implicit).certificate_for("other.example").start();
    let mine = Relay::new().security(Security::Implicit).start();
    let untrusted = SmtpRelay { ca_file: None, ..configured(&mine, Tls::Implicit) };
    for relay in [configured(&other, Tls::Implicit), untrusted] {
        let fault = fault_of(&with_login(relay)).await;
        assert_eq!(fault.stage, Stage::Tls);
        assert!(fault.text.contains("certificate") && fault.text.contains("ca_file"), "{fault}");
    }
    assert!(other.commands().is_empty() && mine.commands().is_empty());
}

#[tokio::test]
async fn a_relay_that_knows_only_login_is_told_so() {
    let relay = Relay::new().offers(&["auth=login"]).security(Security::Implicit).start();
    transport(&with_login(configured(&relay, Tls::Implicit))).connect().await.unwrap();
    let said = ["AUTH LOGIN", "YnVsbGV0aW4=", "aHVudGVyMiBpcyBub3QgaXQ="];
    assert_eq!(relay.commands()[1..], said);
}

fn with_token(relay: SmtpRelay) -> SmtpRelay {
    SmtpRelay { auth: Auth::Xoauth2, ..with_login(relay) }
}

/// base64 of `user=bulletin^Aauth=Bearer `, [`PASSWORD`] and `^A^A`.
const BEARER: &str = "dXNlcj1idWxsZXRpbgFhdXRoPUJlYXJlciBodW50ZXIyIGlzIG5vdCBpdAEB";

#[tokio::test]
async fn a_token_is_shown_to_a_relay_that_asks_for_one() {
    let relay = Relay::new().offers(&["AUTH PLAIN XOAUTH2"]).security(Security::Implicit).start();
    transport(&with_token(configured(&relay, Tls::Implicit))).connect().await.unwrap();
    assert_eq!(relay.commands()[1..], [format!("AUTH XOAUTH2 {BEARER}")]);
}

#[tokio::test]
async fn a_token_that_has_run_out_is_told_by_the_reply_and_not_by_the_challenge() {
    let challenge = Act::Say("334 eyJzdGF0dXMiOiI0MDAifQ==");
    let relay =
        Relay::new().offers(&["AUTH XOAUTH2"]).on(At::Auth, When::Always, challenge).start();
    let fault = fault_of(&with_token(configured(&relay, Tls::None))).await;
    assert_eq!(
        (fault.stage, fault.reply.as_ref().map(|reply| reply.code)),
        (Stage::Auth, Some(535)),
        "{fault}"
    );
}

#[tokio::test]
async fn a_token_is_no_password() {
    let relay = Relay::new().offers(&["AUTH PLAIN LOGIN"]).start();
    let fault = fault_of(&with_token(configured(&relay, Tls::None))).await;
    assert_eq!(fault.stage, Stage::Auth);
    assert_eq!(relay.commands(), ["EHLO news.example.org"]);
}

#[tokio::test]
async fn a_relay_without_a_login_we_know_is_a_fault_and_not_mailed_without() {
    let relay = Relay::new().offers(&["AUTH CRAM-MD5"]).security(Security::Implicit).start();
    let fault = fault_of(&with_login(configured(&relay, Tls::Implicit))).await;
    assert_eq!(fault.stage, Stage::Auth);
    assert_eq!(relay.commands(), ["EHLO news.example.org"]);
}

#[tokio::test]
async fn a_relay_that_repeats_the_password_does_not_make_us_repeat_it() {
    let echo = Act::Say(
        "535-5.7.8 AGJ1bGxldGluAGh1bnRlcjIgaXMgbm90IGl0 is wrong:\r\n535 5.7.8 hunter2 is not it",
    );
    let relay = Relay::new().on(At::Auth, When::Always, echo).start();
    let fault = fault_of(&with_login(configured(&relay, Tls::None))).await;
    assert_eq!((fault.stage, fault.reply.as_ref().unwrap().code), (Stage::Auth, 535));
    let told = format!("{fault} {fault:?}");
    assert!(!told.contains(PASSWORD) && !told.contains(PLAIN), "{told}");
    assert!(told.contains("[secret]") && told.contains("password_file"), "{told}");
}
