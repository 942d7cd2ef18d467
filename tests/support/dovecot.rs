//! A throwaway Dovecot that knows one login and serves nothing but that, on a socket: what Postfix
//! asks whether a password is right.
//!
//! A [`Keeper`] stops it and removes its folder. It wants root, as Dovecot does.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use super::house::PASSWORD;
use super::keeper::Keeper;

/// Whose password is [`PASSWORD`].
pub(crate) const USER: &str = "bulletin";

pub(crate) struct Dovecot {
    folder: PathBuf,
    /// Keeps the server alive.
    _keeper: Keeper,
}

/// What the keeper does, with the folder as `$1`. Dovecot notes in a file of the machine that it ran.
const KEEPER: &str = r#"
exec 2>/dev/null
cd "$1" && mkfifo log || exit 1
dovecot -F -c dovecot.conf >log 2>&1 &
echo $! >pid
trap 'kill $!; wait $!; doveadm -c dovecot.conf instance remove "$1/run"; cd /; rm -rf "$1"' EXIT
# stays open, so that Dovecot can go on writing
exec 3<log
while read -r line <&3; do
    case $line in *"starting up"*) up=yes; break;; esac
    said="$said $line"
done
[ "$up" ] || { echo "$said"; exit 1; }
# whoever waits for this may be gone already
trap '' PIPE
echo ready
read -r _
"#;

impl Dovecot {
    pub(crate) fn start() -> Self {
        // Not $TMPDIR: a socket's path has 107 characters at most (unix(7)).
        let folder = tempfile::Builder::new()
            .prefix("bulletin-dovecot-")
            .permissions(Permissions::from_mode(0o755))
            .tempdir_in("/tmp")
            .unwrap()
            .keep();
        let name = folder.file_name().unwrap().to_str().unwrap();
        let conf = CONF.replace("FOLDER", folder.to_str().unwrap()).replace("NAME", name);
        std::fs::write(folder.join("dovecot.conf"), conf).unwrap();
        std::fs::write(folder.join("users"), format!("{USER}:{{PLAIN}}{PASSWORD}\n")).unwrap();
        let mut command = Command::new("env");
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        let keeper = Keeper::start(command, "Dovecot", KEEPER, &[&folder]);
        Self { folder, _keeper: keeper }
    }

    /// Where it is asked.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("auth")
    }
}

/// No protocol and no port. It says at once that a password is wrong, however often one was.
const CONF: &str = "\
base_dir = FOLDER/run
instance_name = NAME
log_path = /dev/stderr
protocols =
ssl = no
auth_mechanisms = plain login
auth_failure_delay = 0
passdb {
  driver = passwd-file
  args = FOLDER/users
}
service auth {
  unix_listener FOLDER/auth {
    mode = 0666
  }
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::program::tests::command_line;

    #[test]
    fn the_server_ends_with_the_process_that_holds_it() {
        if !crate::support::postfix::may_run() {
            return;
        }
        let dovecot = Dovecot::start();
        let folder = dovecot.folder.clone();
        let master = std::fs::read_to_string(folder.join("pid")).unwrap();
        assert!(command_line(master.trim()).contains("dovecot"));
        // Closes the pipe, as the end of this process would.
        drop(dovecot);
        assert_eq!(command_line(master.trim()), "", "Dovecot still runs");
        assert!(!folder.exists(), "its folder is still there");
        let ran = std::fs::read_to_string("/var/lib/dovecot/instances").unwrap_or_default();
        assert!(!ran.contains(folder.to_str().unwrap()), "{ran}");
    }
}
