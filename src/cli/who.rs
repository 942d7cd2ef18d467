//! Who is at the keyboard, and whether they may send.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::Context;

use crate::campaign::action::Actor;
use crate::config::{Config, MACHINE, known};
use crate::daemon::Home;
use crate::secret::Secret;

/// What a coordinator's token is put into.
pub(super) const TOKEN: &str = "BULLETIN_TOKEN";
/// Or where it stands, in a file that nobody else may read.
pub(super) const TOKEN_FILE: &str = "BULLETIN_TOKEN_FILE";

/// The coordinator who asks; without any in the configuration, the system's user.
pub(super) fn who(home: &Home) -> anyhow::Result<Actor> {
    let (user, all) = (user(), &home.config.coordinator);
    if all.is_empty() {
        return Ok(Actor::user(&user));
    }
    let (name, coordinator) = known(all, &user, token()?.as_ref())?;
    Ok(Actor::coordinator(name, coordinator.user.as_deref()))
}

/// From the environment or a file, and from no argument: those are seen by everybody on the machine.
fn token() -> anyhow::Result<Option<Secret>> {
    if let Some(token) = std::env::var_os(TOKEN) {
        // what is no text is a wrong token, and not none
        return Ok(Some(Secret::new(token.to_string_lossy())));
    }
    let file = std::env::var_os(TOKEN_FILE);
    file.map(|file| Secret::from_file(Path::new(&file)).context(TOKEN_FILE)).transpose()
}

/// Whoever asks, for what changes nothing: they need be no coordinator.
pub(super) fn anybody(home: &Home) -> Actor {
    who(home).unwrap_or_else(|_| Actor::user(&user()))
}

/// Why nobody can approve what somebody queues now; None when somebody can.
pub(super) fn alone(config: &Config) -> Option<&'static str> {
    match config.coordinator.len() {
        0 => Some(
            "No coordinators are named in the configuration: another user of this system has to approve it. \
             [coordinator.NAME] names them, with a token each if they share a login.",
        ),
        1 => Some(
            "Nobody but you can send anything yet: write a second [coordinator.NAME] into the configuration.",
        ),
        _ => None,
    }
}

/// As people read somebody whom the log names.
pub(super) fn shown(config: &Config, name: &str) -> String {
    match config.coordinator.get(name) {
        Some(coordinator) => coordinator.name.to_string(),
        None if name == MACHINE => "Bulletin itself".to_owned(),
        None => name.to_owned(),
    }
}

/// The name of whoever owns this process, or else their number. Not what `$LOGNAME` says: anybody can
/// set it.
fn user() -> String {
    let Ok(us) = std::fs::metadata("/proc/self") else {
        return "somebody".to_owned();
    };
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    named(&users, us.uid()).unwrap_or_else(|| us.uid().to_string())
}

/// The first name of a number (passwd(5)).
fn named(users: &str, uid: u32) -> Option<String> {
    let of = |line: &str| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number.parse() == Ok(uid)).then(|| name.to_owned())
    };
    users.lines().find_map(of).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_known_by_the_number_of_the_process() {
        let users = "root:x:0:0:root:/root:/bin/bash\n# ann\n\nann:x:1000:1000::/home/ann:/bin/sh\n\
                     also:x:1000:1::/:\n:x:7:7::/:\n";
        assert_eq!(named(users, 0).as_deref(), Some("root"));
        assert_eq!(named(users, 1000).as_deref(), Some("ann"));
        assert_eq!((named(users, 1), named(users, 7)), (None, None));
    }
}
