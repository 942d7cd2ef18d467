//! What is said of a relay reaches it.

use super::load;
use crate::config::{Auth, RelayKind, SmtpRelay};

fn relay(keys: &str) -> SmtpRelay {
    let config = load(&format!("[relay.main]\nhost = \"localhost\"\n{keys}"), &[]).unwrap();
    match &config.relay["main"].kind {
        RelayKind::Smtp(relay) => relay.clone(),
        RelayKind::File { .. } => panic!("a host makes it an SMTP relay"),
    }
}

#[test]
fn the_way_a_relay_is_spoken_to_can_be_chosen() {
    let chosen = relay("auth = \"xoauth2\"\nchunking = false\nmessages_per_connection = 7");
    let said = (chosen.auth, chosen.chunking, chosen.messages_per_connection);
    assert_eq!(said, (Auth::Xoauth2, false, 7));
    let usual = relay("");
    let said = (usual.auth, usual.chunking, usual.messages_per_connection);
    assert_eq!(said, (Auth::Password, true, 1000));
}

#[test]
fn a_login_of_another_kind_is_refused_with_those_there_are() {
    let text = "[relay.main]\nhost = \"localhost\"\nauth = \"oauth\"";
    let error = load(text, &[]).unwrap_err();
    assert!(
        error.contains("relay.main.auth = \"oauth\" is not one of \"password\", \"xoauth2\""),
        "{error}"
    );
}
