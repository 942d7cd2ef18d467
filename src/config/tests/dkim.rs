//! The keys that sign mails: what is read of them, and what is refused.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{load, refused};
use crate::key::{Algorithm, SigningKey};

/// Puts key files into a folder: a good one, a short one, and one that others may read.
pub(super) fn keys_in(folder: &Path) {
    let (_, good) = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let short = include_str!("../../message/dkim/rfc8463/rsa.pem");
    for (name, pem, mode) in [
        ("dkim-r1.pem", good.as_str(), 0o600),
        ("short.pem", short, 0o600),
        ("open.pem", good.as_str(), 0o644),
    ] {
        std::fs::write(folder.join(name), pem).unwrap();
        std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }
}

fn configured(domain: &str, selector: &str, file: &str) -> String {
    format!(
        "[sender]\naddress = \"bulletin@news.example.org\"\n[dkim.main]\ndomain = \"{domain}\"\n\
         selector = \"{selector}\"\nkey_file = \"{file}\"\n"
    )
}

#[test]
fn a_key_of_the_senders_domain_or_of_one_above_it_is_taken() {
    for domain in ["news.example.org", "example.org", "NEWS.Example.org"] {
        let config = load(&configured(domain, "R1", "dkim-r1.pem"), &[]).unwrap();
        let key = &config.dkim["main"];
        assert_eq!((key.domain.as_str(), key.selector.as_str()), (&*domain.to_lowercase(), "r1"));
        assert_eq!(key.key.algorithm(), Algorithm::Ed25519);
    }
    for selector in ["2026", "a.b-c", "20260601"] {
        load(&configured("example.org", selector, "dkim-r1.pem"), &[]).unwrap();
    }
}

#[test]
fn a_key_that_does_nothing_for_the_sender_is_refused_with_its_line_and_a_remedy() {
    for domain in ["other.org", "ews.example.org", "a.news.example.org"] {
        assert_eq!(
            refused(&configured(domain, "r1", "dkim-r1.pem"), &[]),
            format!(
                "config.toml:4: dkim.main.domain = \"{domain}\" says nothing of mails from \
                 bulletin@news.example.org; write the domain of sender.address, or one above it"
            )
        );
    }
    for selector in ["", "a..b", "r_1", "-r1", "r1.\\u0007"] {
        let told = refused(&configured("example.org", selector, "dkim-r1.pem"), &[]);
        assert!(told.contains("is not a selector; write letters"), "{told}");
    }
}

#[test]
fn a_key_file_that_cannot_be_used_is_refused_with_its_line_and_a_remedy() {
    for (file, expected) in [
        ("short.pem", "short.pem: this RSA key has fewer than 2048 bits"),
        ("open.pem", "open.pem: others may read this secret file (mode 0644); run: chmod 600"),
        ("none.pem", "none.pem: this secret file cannot be read"),
        ("relay.secret", "there is no private key without a password in it"),
    ] {
        let told = refused(&configured("example.org", "r1", file), &[]);
        let start = format!("config.toml:6: dkim.main.key_file = \"{file}\" cannot be used: ");
        assert!(told.starts_with(&start) && told.contains(expected), "{told}");
    }
}

#[test]
fn two_keys_have_two_selectors() {
    let text = configured("example.org", "r1", "dkim-r1.pem");
    let more =
        "[dkim.next]\ndomain = \"example.org\"\nselector = \"R1\"\nkey_file = \"dkim-r1.pem\"";
    assert_eq!(
        refused(&format!("{text}{more}"), &[]),
        "config.toml:9: dkim.next.selector = \"r1\" is also that of dkim.main; write another"
    );
}

#[test]
fn a_relay_may_sign_itself_or_rewrite_some_fields_and_never_the_sender() {
    let config = load("[relay.main]\ndkim = false\ndkim_exclude = [\"Message-ID\", \"date\"]", &[]);
    let config = config.unwrap();
    assert!(!config.relay["main"].dkim);
    assert_eq!(config.relay["main"].dkim_exclude, ["message-id", "date"]);
    for name in ["From", "list-unsubscribe", "List-Unsubscribe-Post", "cfbl-address"] {
        let told = refused(&format!("[relay.main]\ndkim_exclude = [\"{name}\"]"), &[]);
        let start = format!("config.toml:2: relay.main.dkim_exclude = \"{name}\" must be signed");
        assert!(told.starts_with(&start) && told.contains("write dkim = false"), "{told}");
    }
    assert_eq!(
        refused("[relay.main]\ndkim_exclude = [\"Return-Path\"]", &[]),
        "config.toml:2: relay.main.dkim_exclude = \"Return-Path\" is not signed anyway; leave it out"
    );
    assert_eq!(
        refused("[relay.main]\ndkim_exclude = [\"mesage-id\"]", &[]),
        "config.toml:2: relay.main.dkim_exclude = \"mesage-id\" is not signed anyway; did you mean \
         \"message-id\"?"
    );
}

/// A signature tells its domain to whoever reads the head of a mail.
#[test]
fn a_discreet_sender_outside_the_domain_of_a_key_is_refused() {
    let with = |address: &str| {
        let keys = configured("example.org", "r1", "dkim-r1.pem");
        format!("{keys}[discreet]\naddress = \"{address}\"\n")
    };
    let config = load(&with("hello@plain.example.org"), &[]).unwrap();
    assert_eq!(config.from(true).as_str(), "hello@plain.example.org");
    assert_eq!(config.from(false).as_str(), "bulletin@news.example.org");
    assert_eq!(
        refused(&with("hello@plain.example"), &[]),
        "config.toml:8: discreet.address = \"hello@plain.example\" is not in the domain of dkim.main, and \
         the signature would name example.org; write an address in that domain"
    );
    let told = refused("[discreet]\nfile_name = \"a plan\"\nbody = \"none\"\n", &[]);
    assert!(told.contains("discreet.file_name = \"a plan\" is not a plain word"), "{told}");
    assert!(told.contains("discreet.body = \"none\" is not one of \"full\", \"notice\""), "{told}");
}
