//! What is read, and from where.

mod brand;
mod coordinator;
mod dkim;
mod manual;
mod refusals;
mod relay;

use std::os::unix::fs::PermissionsExt;

use super::*;

/// Loads `text` from a `config.toml` in a folder of its own.
fn load(text: &str, env: &[(&str, &str)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("relay.secret");
    std::fs::write(&secret, "hunter2\n").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    dkim::keys_in(folder.path());
    brand::pictures_in(folder.path());
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let here = format!("{}/", folder.path().display());
    Config::load(&path, env).map_err(|error| format!("{error:#}").replace(&here, ""))
}

fn refused(text: &str, env: &[(&str, &str)]) -> String {
    match load(text, env) {
        Ok(_) => panic!("nobody refused {text:?} {env:?}"),
        Err(error) => error,
    }
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_file() {
    let told = refused(
        "[log]\nformat = \"xml\"\n[site]\nname = 5\n[relay.main]\nhost = \"localhost\"\nport = 0\n",
        &[("BULLETIN__SITE__LANGUAGE", "!")],
    );
    let starts: Vec<_> = told.lines().filter_map(|line| line.split(" = ").next()).collect();
    assert_eq!(
        starts,
        [
            "config.toml:2: log.format",
            "config.toml:4: site.name",
            "config.toml:7: relay.main.port",
            "BULLETIN__SITE__LANGUAGE: site.language"
        ]
    );
}

#[test]
fn what_is_not_toml_is_told_with_its_line() {
    for (text, expected) in [
        (
            "[site]\nname = London",
            "config.toml:2: not valid TOML: string values must be quoted, expected literal string",
        ),
        ("[site]\nname = \"a\"\nname = \"b\"", "config.toml:3: not valid TOML: duplicate key"),
        ("[log]\n[log]", "config.toml:2: not valid TOML: duplicate key"),
        (
            "[site]\n\nname = \"a\nb\"",
            "config.toml:3: not valid TOML: invalid basic string, expected `\"`\n\
             config.toml:4: not valid TOML: key with no value, expected `=`",
        ),
    ] {
        assert_eq!(refused(text, &[]), expected);
    }
}

#[test]
fn a_file_that_is_not_there_is_told_with_the_command_that_makes_it() {
    let error = Config::load(Path::new("/nowhere/config.toml"), std::iter::empty()).unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "/nowhere/config.toml: this file cannot be read; `bulletin init` makes one: \
         No such file or directory (os error 2)"
    );
}

#[test]
fn the_environment_outranks_the_file() {
    let config = load(
        "[site]\nname = \"File\"\n[list.board-meetings]\nname = \"Board\"",
        &[
            ("BULLETIN__SITE__NAME", "Environment"),
            ("BULLETIN__DELIVERY__RETRY", "1m, 2m"),
            ("BULLETIN__DELIVERY__WINDOW", "7"),
            ("BULLETIN__RELAY__MAIN__HOST", "smtp.example.org"),
            ("BULLETIN__RELAY__MAIN__USER", "ann"),
            ("BULLETIN__RELAY__MAIN__PASSWORD", "hunter2"),
            ("BULLETIN__LIST__BOARD_MEETINGS__DOUBLE_OPT_IN", "false"),
            ("BULLETIN_CONFIG", "elsewhere.toml"),
            ("HOME", "/root"),
        ],
    )
    .unwrap();
    assert_eq!(config.site.name.as_str(), "Environment");
    assert_eq!(config.delivery.retry, [60, 120].map(Duration::from_secs));
    assert_eq!(config.delivery.window, 7);
    assert!(!config.list["board-meetings"].double_opt_in);
    let RelayKind::Smtp(relay) = &config.relay["main"].kind else {
        panic!("a host makes an SMTP relay");
    };
    assert_eq!((relay.host.as_str(), relay.port), ("smtp.example.org", 587));
    assert_eq!(relay.password.as_ref().unwrap().reveal(), "hunter2");
}

/// They say who may send what; the environment is anybody's who runs the program, by `sudo`, too.
#[test]
fn the_environment_makes_no_coordinators_and_gives_no_approval() {
    const FILE: &str = "[list.board-meetings]\nname = \"Board\"\napproval = true\n[coordinator.ann]\nuser = \"ann\"";
    for (variable, key) in [
        ("BULLETIN__COORDINATOR__EVE__USER", "coordinator.eve.user"),
        ("BULLETIN__COORDINATOR__ANN__USER", "coordinator.ann.user"),
        ("BULLETIN__COORDINATOR", "coordinator"),
        ("BULLETIN__Coordinator__Eve__User", "coordinator.eve.user"),
        ("BULLETIN__LIST__BOARD_MEETINGS__APPROVAL", "list.board_meetings.approval"),
    ] {
        assert_eq!(
            refused(FILE, &[(variable, "false")]),
            format!(
                "{variable}: {key} must stand in the file: whoever runs Bulletin sets the environment"
            )
        );
    }
}

#[test]
fn one_variable_diverts_an_installation_into_a_folder() {
    let text = "[relay.main]\nkind = \"smtp\"\nhost = \"smtp.example.org\"\nport = 587\n\
                user = \"bulletin\"\npassword_file = \"elsewhere.secret\"\npath = \"kept\"";
    let config = load(text, &[("BULLETIN__RELAY__MAIN__KIND", "file")]).unwrap();
    let RelayKind::File { path } = &config.relay["main"].kind else {
        panic!("mail would leave the machine");
    };
    assert!(path.ends_with("kept"));
}

#[test]
fn files_of_every_editor_are_read() {
    let text = "\u{feff}[site]\r\nname = \"A\"\r\n[delivery]\r\nwindow = 1_000\r\n";
    assert_eq!(load(text, &[]).unwrap().delivery.window, 1000);
    assert_eq!(
        refused(&text.replace("1_000", "0"), &[]),
        "config.toml:4: delivery.window = 0 is not a number from 1 to 10000"
    );
}

/// What the contract with the users shows, but for the rate.
#[test]
fn the_skeleton_of_the_contract_is_read() {
    let config = load(SKELETON, &[]).unwrap();
    assert_eq!(config.site.name.as_str(), "London Learning Alliance");
    assert_eq!(config.digest["weekly"].cron.as_str(), "0 8 * * Mon");
    assert_eq!(config.list["meetings"].kinds, [Kind::MeetingNotice, Kind::MeetingSummary]);
    assert_eq!(config.sender.bounce_domain.as_deref(), Some("bounces.example.org"));
}

#[test]
fn a_wrong_variable_is_told_by_its_name() {
    for (name, value, expected) in [
        (
            "BULLETIN__RELAY__MAIN__PORT",
            "25x",
            "BULLETIN__RELAY__MAIN__PORT: relay.main.host is missing; write host = \
             \"smtp.example.org\"\nBULLETIN__RELAY__MAIN__PORT: relay.main.port = \"25x\" is not a \
             number from 1 to 65535",
        ),
        (
            "BULLETIN__SITE__NAMES",
            "x",
            "BULLETIN__SITE__NAMES: site.names is not a key of Bulletin; did you mean name?",
        ),
        ("BULLETIN__SITE", "x", "BULLETIN__SITE: site is a table; write [site] and its keys below"),
        (
            "BULLETIN__LIST__BOARD_MEETINGS__NAME",
            "x",
            "BULLETIN__LIST__BOARD_MEETINGS__NAME: list.board_meetings is not a name; write a–z, \
             0–9 and hyphens, at most 63, no hyphen first",
        ),
        (
            "BULLETIN__",
            "x",
            "BULLETIN__: names no key; write it like BULLETIN__SITE__NAME or \
             BULLETIN__RELAY__MAIN__HOST",
        ),
    ] {
        let told = refused("", &[(name, value)]);
        assert!(told.starts_with(expected), "{told}");
    }
}

#[test]
fn defaults_follow_what_was_set() {
    let config = load(
        "[site]\nname = \"Alliance\"\ntimezone = \"Europe/Dublin\"\nbase_url = \"https://a.example/x/\"\n\
         [relay.one]\nhost = \"[::1]\"\ntls = \"none\"\n\
         [relay.two]\nhost = \"smtp.example.org\"\ntls = \"implicit\"\npassword_file = \"relay.secret\"\n\
         [relay.three]\n\
         [list.reports]\nname = \"Reports\"\n[digest.weekly]\ncron = \"@weekly\"",
        &[],
    )
    .unwrap();
    assert_eq!(config.sender.name.as_str(), "Alliance");
    assert_eq!(config.site.base_url, "https://a.example/x");
    assert_eq!(config.list["reports"].list_id, "reports");
    assert_eq!(config.digest["weekly"].timezone, chrono_tz::Europe::Dublin);
    assert_eq!(config.digest["weekly"].name.as_str(), "weekly");
    let ports: Vec<_> = config
        .relay
        .values()
        .map(|relay| match &relay.kind {
            RelayKind::Smtp(smtp) => (smtp.port, relay.connections),
            RelayKind::File { .. } => (0, relay.connections),
        })
        .collect();
    assert_eq!(ports, [(25, 10), (0, 1), (465, 10)]);
}

#[test]
fn paths_count_from_the_folder_of_the_file() {
    let config = Config::default_in(Path::new("/srv/bulletin"));
    assert_eq!(config.site.secret_file, Path::new("/srv/bulletin/bulletin.secret"));
    assert_eq!(config.database.url.reveal(), "sqlite:/srv/bulletin/bulletin.db");
    let RelayKind::File { path } = &config.relay["main"].kind else {
        panic!("nothing leaves the machine before somebody says where to");
    };
    assert_eq!(path, Path::new("/srv/bulletin/outbox"));
}

#[test]
fn secrets_are_never_shown() {
    let config = load(
        "[database]\nurl = \"postgres://ann:hunter2@db/x\"\n[relay.main]\nhost = \"localhost\"\n\
         user = \"ann\"\npassword_file = \"relay.secret\"",
        &[],
    );
    assert!(!format!("{:?}", config.unwrap()).contains("hunter2"));
}

const SKELETON: &str = r#"[site]
name = "London Learning Alliance"
base_url = "https://news.example.org"
listen = "127.0.0.1:8080"
operator_listen = "127.0.0.1:9090"
timezone = "Europe/London"
secret_file = "bulletin.secret"

[sender]
name = "London Learning Alliance"
address = "bulletin@news.example.org"
reply_to = "coordinator@example.org"
postal_address = "…"
bounce_domain = "bounces.example.org"

[database]
url = "sqlite:bulletin.db"

[relay.main]
kind = "smtp"
host = "localhost"
port = 587
tls = "starttls"
user = "bulletin"
password_file = "relay.secret"
connections = 10
path = "outbox"

[delivery]
window = 32
on_in_doubt = "resend"
give_up_after = "3d"
retry = ["1m", "5m", "15m", "30m", "1h"]
relay_retry = ["5s", "30s", "2m", "10m"]

[dkim.main]
domain = "news.example.org"
selector = "r1"
key_file = "dkim-r1.pem"

[list.meetings]
name = "Meetings"
kinds = ["meeting-notice", "meeting-summary"]
double_opt_in = true
approval = false

[digest.weekly]
cron = "0 8 * * Mon"
timezone = "Europe/London"

[source.posts]
kind = "folder"
path = "posts"

[discreet]
sender_name = "Updates"
subject = "An update is available"
list_id = "updates"
"#;
