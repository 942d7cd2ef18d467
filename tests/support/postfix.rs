//! A throwaway Postfix on loopback: a real server, with a queue, its own rules and real mailboxes, and
//! with a Dovecot beside it that knows who may log in.
//!
//! A [`Keeper`] stops it and removes its folder. It wants root, as Postfix does.

use std::fmt::Write as _;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::dovecot::Dovecot;
use super::house::READERS;
use super::keeper::Keeper;
use super::port;
use super::postgres::ids_of;

/// Its virtual mailboxes are `NAME@` this.
pub(crate) const DOMAIN: &str = READERS;

/// One of its ports.
#[derive(Clone, Copy)]
pub(crate) enum Door {
    /// Takes mail from anybody on this machine, and does not say these EHLO keywords.
    Open(&'static str),
    /// Takes mail after a login only, by this mechanism only, and under TLS only.
    Login(&'static str),
}

impl Door {
    /// As `master.cf` has them.
    fn options(self) -> String {
        match self {
            Self::Open(withheld) => format!("-o smtpd_discard_ehlo_keywords={withheld}"),
            Self::Login(mechanism) => {
                format!("{AFTER_LOGIN} -o smtpd_sasl_mechanism_filter={mechanism}")
            }
        }
    }
}

const AFTER_LOGIN: &str = "-o smtpd_sasl_auth_enable=yes \
    -o smtpd_relay_restrictions=permit_sasl_authenticated,reject_unauth_destination \
    -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject";

pub(crate) struct Postfix {
    folder: PathBuf,
    ports: Vec<u16>,
    /// Keeps the server alive.
    _keeper: Keeper,
    /// Ends after it.
    _dovecot: Option<Dovecot>,
}

/// What the keeper does, with the folder as `$1`.
const KEEPER: &str = r#"
exec 2>/dev/null
trap 'postfix -c "$1/conf" stop; cd /; rm -rf "$1"' EXIT
postfix -c "$1/conf" start || { cat "$1/log"; exit 1; }
# whoever waits for this may be gone already
trap '' PIPE
echo ready
read -r _
"#;

impl Postfix {
    pub(crate) fn start(doors: &[Door], mailboxes: &[&str]) -> Self {
        // first: until its keeper runs, nobody removes our folder
        let asks = doors.iter().any(|door| matches!(door, Door::Login(_)));
        let dovecot = asks.then(Dovecot::start);
        let folder = tempfile::Builder::new()
            .prefix("bulletin-postfix-")
            .permissions(Permissions::from_mode(0o755))
            .tempdir()
            .unwrap()
            .keep();
        let ports: Vec<u16> = doors.iter().map(|_| port::free()).collect();
        configure(&folder, doors.iter().zip(&ports), mailboxes, dovecot.as_ref());
        let mut command = Command::new("env");
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        let keeper = Keeper::start(command, "Postfix", KEEPER, &[&folder]);
        Self { folder, ports, _keeper: keeper, _dovecot: dovecot }
    }

    /// Of the door in this place.
    pub(crate) fn port(&self, place: usize) -> u16 {
        self.ports[place]
    }

    /// Its own certificate, as a PEM file to trust.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.join("conf/certificate.pem")
    }

    /// The mails in a mailbox, as they lie there.
    pub(crate) fn mails(&self, mailbox: &str) -> Vec<Vec<u8>> {
        let new = self.folder.join("mail").join(mailbox).join("new");
        let files = std::fs::read_dir(new).into_iter().flatten();
        files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    /// The mails in a mailbox, once they are so many.
    pub(crate) async fn delivered(&self, mailbox: &str, count: usize) -> Vec<Vec<u8>> {
        let all = async {
            loop {
                let mails = self.mails(mailbox);
                if mails.len() >= count {
                    return mails;
                }
                tokio::task::yield_now().await;
            }
        };
        let mails = tokio::time::timeout(Duration::from_mins(1), all).await;
        let mails = mails.unwrap_or_else(|_| panic!("{mailbox}: {}", self.log()));
        assert_eq!(mails.len(), count, "{mailbox}: something came twice");
        mails
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

/// What was sent, whose first header begins with `first`: Postfix puts `Return-Path` and the like above,
/// and keeps lines as LF.
pub(crate) fn as_sent(mail: &[u8], first: &str) -> Vec<u8> {
    let start = memchr::memmem::find(mail, format!("\n{first}").as_bytes()).unwrap() + 1;
    let mut message = Vec::new();
    for line in mail[start..].split_inclusive(|&octet| octet == b'\n') {
        message.extend_from_slice(line.strip_suffix(b"\n").unwrap());
        message.extend_from_slice(b"\r\n");
    }
    message
}

/// Whether it can be started. Whoever reads green should know when it was not.
pub(crate) fn may_run() -> bool {
    if !super::is_root() {
        assert!(std::env::var_os("CI").is_none(), "Postfix wants root");
        #[expect(clippy::print_stderr, reason = "a test has no other way to say so")]
        {
            eprintln!("not tried: Postfix wants root");
        }
        return false;
    }
    true
}

fn configure<'a>(
    folder: &Path,
    doors: impl Iterator<Item = (&'a Door, &'a u16)>,
    mailboxes: &[&str],
    dovecot: Option<&Dovecot>,
) {
    for part in ["conf", "queue", "data", "mail"] {
        std::fs::create_dir(folder.join(part)).unwrap();
    }
    let (reader, group) = ids_of("nobody").unwrap();
    let (postfix, _) = ids_of("postfix").expect("Debian's package postfix is not installed");
    chown(folder.join("data"), Some(postfix), None).unwrap();
    chown(folder.join("mail"), Some(reader), Some(group)).unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let conf = folder.join("conf");
    std::fs::write(conf.join("certificate.pem"), made.cert.pem()).unwrap();
    std::fs::write(conf.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let mut main = MAIN.replace("FOLDER", &folder.display().to_string());
    let boxes = mailboxes.iter().map(|name| format!("{{{name}@{DOMAIN}={name}/}}"));
    let boxes = boxes.collect::<Vec<_>>().join(", ");
    writeln!(main, "virtual_mailbox_domains = {DOMAIN}").unwrap();
    writeln!(main, "virtual_mailbox_maps = inline:{{ {boxes} }}").unwrap();
    writeln!(main, "virtual_uid_maps = static:{reader}").unwrap();
    writeln!(main, "virtual_gid_maps = static:{group}").unwrap();
    if let Some(dovecot) = dovecot {
        writeln!(main, "smtpd_sasl_path = {}", dovecot.socket().display()).unwrap();
    }
    std::fs::write(conf.join("main.cf"), main).unwrap();
    let mut master = MASTER.to_owned();
    for (door, port) in doors {
        writeln!(master, "127.0.0.1:{port} inet n - n - - smtpd {}", door.options()).unwrap();
    }
    std::fs::write(conf.join("master.cf"), master).unwrap();
}

const MAIN: &str = "\
compatibility_level = 3.6
queue_directory = FOLDER/queue
data_directory = FOLDER/data
maillog_file = FOLDER/log
maillog_file_prefixes = FOLDER
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.example
mydestination =
alias_maps =
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = may
smtpd_tls_cert_file = FOLDER/conf/certificate.pem
smtpd_tls_key_file = FOLDER/conf/key.pem
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
local_header_rewrite_clients =
# takes mail as fast as it comes
in_flow_delay = 0
virtual_mailbox_base = FOLDER/mail
virtual_mailbox_limit = 0
";

const MASTER: &str = "\
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::program::tests::command_line;

    #[test]
    fn the_server_ends_with_the_process_that_holds_it() {
        if !may_run() {
            return;
        }
        let postfix = Postfix::start(&[Door::Open("")], &["ann"]);
        let folder = postfix.folder.clone();
        let master = std::fs::read_to_string(folder.join("queue/pid/master.pid")).unwrap();
        assert!(command_line(master.trim()).contains("master"));
        // Closes the pipe, as the end of this process would.
        drop(postfix);
        assert_eq!(command_line(master.trim()), "", "Postfix still runs");
        assert!(!folder.exists(), "its folder is still there");
    }
}
