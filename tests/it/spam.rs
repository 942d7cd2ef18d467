//! Every kind of mail, whole, as Debian's `SpamAssassin` judges it by its local tests alone.

use std::process::Command;

use bulletin::octets::Octets;

use crate::dkim::keys;
use crate::support::letters::samples;

/// Mails are taken for spam from 5 points on; ours are far from it.
const LIMIT: f64 = 1.0;

#[test]
fn no_kind_of_mail_is_like_spam() {
    let (signer, _) = keys();
    let samples = samples();
    let mails: Vec<_> = samples
        .iter()
        .flat_map(|sample| [sample.message(), signer.sign(sample.message()).unwrap()])
        .map(Octets::into_bytes)
        .collect();
    let verdicts = judge(&mails);
    assert_eq!(verdicts.len(), mails.len());
    for (at, (score, tests)) in verdicts.into_iter().enumerate() {
        assert!(score < LIMIT, "{} has {score} points: {tests}", samples[at / 2].name);
    }
}

#[test]
fn a_mail_that_is_like_spam_is_seen() {
    // the line that every spam filter must know (GTUBE)
    let gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";
    let [good, bad] = ["Hello", gtube].map(|words| {
        format!("From: a@example.org\r\nTo: b@example.org\r\nSubject: A\r\n\r\n{words}\r\n")
            .into_bytes()
    });
    let [good, bad] = [good, bad].map(|mail| judge(&[mail])[0].0);
    assert!(good < bad && bad > LIMIT, "{good} {bad}");
}

/// The points of each mail, and what for. Nothing is asked of the network.
fn judge(mails: &[Vec<u8>]) -> Vec<(f64, String)> {
    let folder = tempfile::tempdir().unwrap();
    let mailbox = folder.path().join("mails");
    std::fs::write(&mailbox, mailbox_of(mails)).unwrap();
    let output = Command::new("spamassassin")
        .args(["--local", "--test-mode", "--mbox"])
        .arg(mailbox)
        .env("HOME", folder.path())
        .current_dir(folder.path())
        .output()
        .expect("SpamAssassin is not installed: run .ci/packages");
    let said = String::from_utf8_lossy(&output.stdout).replace("\n\t", " ");
    let verdicts = said.lines().filter(|line| line.starts_with("X-Spam-Status:"));
    verdicts.map(|line| (points(line).unwrap(), line.to_owned())).collect()
}

/// As Unix keeps many mails in one file (RFC 4155).
fn mailbox_of(mails: &[Vec<u8>]) -> String {
    let one = |mail: &Vec<u8>| {
        let text = String::from_utf8(mail.clone()).unwrap().replace("\r\n", "\n");
        let text = text.replace("\nFrom ", "\n>From ");
        format!("From bulletin@news.example.org Fri Nov 20 09:00:00 2026\n{text}\n")
    };
    mails.iter().map(one).collect()
}

fn points(line: &str) -> Option<f64> {
    line.split_once("score=")?.1.split(' ').next()?.parse().ok()
}
