//! Signed here, carried by a real mail server, verified by strangers.

#![expect(clippy::unwrap_used, reason = "what cannot go on fails its test")]

mod mails;
mod spoil;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bulletin::config::{Config, Dkim, SmtpRelay, Tls};
use bulletin::key::{Algorithm, SigningKey};
use bulletin::message::dkim::Signer;
use bulletin::message::dkim::record::Record;
use bulletin::octets::Octets;

use crate::support::is_root;
use crate::support::postfix::{DOMAIN, Door, Postfix};
use crate::support::relay::Relay;
use crate::support::verifier::Verifier;
use crate::transport::{configured, is_accepted, to, transport};

const MESSAGES: usize = 2000;
const SELECTORS: [&str; 2] = ["e1", "r1"];

/// Keys of both kinds, and verifiers who have heard of them.
pub(crate) fn keys() -> (Arc<Signer>, Verifier) {
    let mut config = Config::default_in(Path::new("/nowhere"));
    for (selector, algorithm) in SELECTORS.into_iter().zip([Algorithm::Ed25519, Algorithm::Rsa]) {
        let (domain, selector) = ("news.example.org".to_owned(), selector.to_owned());
        let key = Arc::new(SigningKey::generate(algorithm).unwrap().0);
        config.dkim.insert(selector.clone(), Dkim { domain, selector, key });
    }
    let records = config.dkim.values().map(|key| Record::of(key).unwrap());
    let verifier = Verifier::new(records.map(|record| (record.name, record.value)));
    (Signer::of(&config, "main").unwrap(), verifier)
}

#[tokio::test]
async fn strangers_believe_what_a_mail_server_has_carried() {
    let (signer, verifier) = keys();
    let mails = mails::some(MESSAGES).into_iter();
    let sealed = mails.map(|mail| signer.sign(mail).unwrap()).collect();
    let carried = carried(sealed).await;
    assert_eq!(carried.len(), MESSAGES);
    verifier.assert_signed(&carried, &SELECTORS);
}

#[test]
fn no_signature_outlives_a_change() {
    let (signer, verifier) = keys();
    let mails = mails::some(12).into_iter();
    let sealed: Vec<_> = mails.map(|mail| signer.sign(mail).unwrap().into_bytes()).collect();
    verifier.assert_signed(&sealed, &SELECTORS);
    let spoilt: Vec<_> = sealed.iter().flat_map(|mail| spoil::each(mail)).collect();
    assert!(spoilt.len() > 400, "{}", spoilt.len());
    let (what, mails): (Vec<_>, Vec<_>) = spoilt.into_iter().unzip();
    for (who, verdicts) in ["dkimpy", "opendkim"].iter().zip(verifier.judge(&mails)) {
        for (what, verdict) in what.iter().zip(verdicts) {
            // what has no sender, or a broken one, is no mail to opendkim
            let looked = verdict.len() == 2 || what.ends_with(" from");
            assert!(looked, "{who} saw no signatures: {what}");
            assert!(verdict.values().all(|holds| !holds), "{who} believes {what}: {verdict:?}");
        }
    }
}

/// Through our own client, to Postfix where it can run; what lies in its mailbox then.
async fn carried(mails: Vec<Octets>) -> Vec<Vec<u8>> {
    if !is_root() {
        let relay = Relay::new().start();
        send(&configured(&relay, Tls::None), &mails).await;
        return relay.take().into_iter().map(|received| received.message).collect();
    }
    let postfix = Postfix::start(&[Door::Open("")], &["ann"]);
    let relay = Relay::new().start();
    let way = SmtpRelay { port: postfix.port(0), ..configured(&relay, Tls::None) };
    send(&way, &mails).await;
    let all = async {
        while postfix.mails("ann").len() < mails.len() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let came = tokio::time::timeout(Duration::from_mins(1), all).await;
    assert!(came.is_ok(), "{}", postfix.log());
    // a mailbox has LF, a verifier wants what went over the wire
    postfix.mails("ann").iter().map(|mail| with_crlf(mail)).collect()
}

async fn send(relay: &SmtpRelay, mails: &[Octets]) {
    let reader = &to(&format!("ann@{DOMAIN}"));
    let lanes = mails.chunks(mails.len().div_ceil(4)).map(|mails| async move {
        let mut connection = transport(relay).connect().await.unwrap();
        for mail in mails {
            let outcome = connection.send(reader, mail, None).await.unwrap();
            assert!(is_accepted(&outcome), "{outcome:?}");
        }
        connection.quit().await;
    });
    let mut lanes = lanes.map(Box::pin);
    let [a, b, c, d] = std::array::from_fn(|_| lanes.next().unwrap());
    tokio::join!(a, b, c, d);
}

fn with_crlf(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len() + 1000);
    for line in mail.split_inclusive(|&octet| octet == b'\n') {
        out.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(line));
        out.extend_from_slice(b"\r\n");
    }
    out
}
