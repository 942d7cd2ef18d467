//! Who is at the keyboard, and whether they may send.

use std::os::unix::fs::MetadataExt;

use crate::campaign::action::Actor;
use crate::config::{Config, MACHINE, known};
use crate::daemon::Home;
use crate::secret::Secret;

/// What a coordinator's token is put into.
const TOKEN: &str = "BULLETIN_TOKEN";

/// The coordinator who asks; without any in the configuration, the system's user.
pub(super) fn who(home: &Home) -> anyhow::Result<Actor> {
    let (user, all) = (user(), &home.config.coordinator);
    if all.is_empty() {
        return Ok(Actor::user(&user));
    }
    let token = std::env::var(TOKEN).ok().map(Secret::new);
    let (name, coordinator) = known(all, &user, token.as_ref())?;
    Ok(Actor::coordinator(name, coordinator.user.as_deref()))
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
