//! Who is a coordinator, and who is not.

use super::{load, refused};
use crate::config::known;
use crate::secret::Secret;

/// What `printf %s a-token-that-nobody-guesses | sha256sum` tells.
const HASH: &str = "6ca0626e34057737137b201c140e29d040cdedef06e5a48ddf6ef2c19132ecba";
const TOKEN: &str = "a-token-that-nobody-guesses";

/// The table of whoever logs in as `user` with `token`.
fn told(text: &str, user: &str, token: Option<&str>) -> Result<String, String> {
    let config = load(text, &[]).unwrap();
    let token = token.map(Secret::new);
    let known = known(&config.coordinator, user, token.as_ref());
    known.map(|(name, _)| name.to_owned()).map_err(|error| error.to_string())
}

#[test]
fn a_coordinator_is_known_by_a_token_or_else_by_the_user_who_is_logged_in() {
    let text = format!(
        "[coordinator.ann]\nuser = \"ann\"\n[coordinator.bob]\nname = \"Bob Hill\"\ntoken_sha256 = \"{HASH}\""
    );
    assert_eq!(told(&text, "ann", None).unwrap(), "ann");
    assert_eq!(told(&text, "ann", Some(TOKEN)).unwrap(), "bob");
    let nobody = told(&text, "eve", None).unwrap_err();
    assert!(nobody.contains("\"eve\" is not a coordinator") && nobody.contains("user = \"eve\""));
    // a name is no login: bob is known by his token alone
    assert!(told(&text, "bob", None).is_err());
    let config = load(&text, &[]).unwrap();
    assert_eq!(config.coordinator["ann"].name.as_str(), "ann");
    assert_eq!(config.coordinator["bob"].name.as_str(), "Bob Hill");
}

#[test]
fn a_wrong_token_is_not_made_right_by_a_login() {
    let text = "[coordinator.ann]\nuser = \"ann\"";
    let wrong = told(text, "ann", Some("another-token-altogether")).unwrap_err();
    assert!(wrong.contains("is no coordinator's") && wrong.contains("token_sha256"), "{wrong}");
    assert!(!wrong.contains("another-token"), "{wrong}");
    let empty = told(text, "ann", Some("")).unwrap_err();
    assert!(empty.contains("shorter than 20") && empty.contains("openssl rand"), "{empty}");
}

#[test]
fn what_cannot_tell_coordinators_apart_is_refused() {
    for (text, expected) in [
        (
            "[coordinator.ann]\nname = \"Ann\"".to_owned(),
            "config.toml:1: coordinator.ann is known by nothing; write user = \"…\", or token_sha256 = \"…\", or both",
        ),
        (
            "[coordinator.ann]\nuser = \"us\"\n[coordinator.bob]\nuser = \"us\"".to_owned(),
            "config.toml:4: coordinator.bob.user is also that of coordinator.ann; write another",
        ),
        (
            format!(
                "[coordinator.ann]\ntoken_sha256 = \"{HASH}\"\n[coordinator.bob]\ntoken_sha256 = \"{}\"",
                HASH.to_uppercase()
            ),
            "config.toml:4: coordinator.bob.token_sha256 is also that of coordinator.ann; each needs a token of their own",
        ),
        (
            "[coordinator.ann]\ntoken_sha256 = \"secret\"".to_owned(),
            "config.toml:2: coordinator.ann.token_sha256 = … is not a SHA-256, which has 64 of the \
             characters 0–9 and a–f; `printf %s \"$BULLETIN_TOKEN\" | sha256sum` tells it",
        ),
        (
            "[coordinator.bulletin]\nuser = \"ann\"".to_owned(),
            "config.toml:1: coordinator.bulletin is no person: the log calls Bulletin itself so; choose another name",
        ),
    ] {
        assert_eq!(refused(&text, &[]), expected);
    }
}
