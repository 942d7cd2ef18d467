//! The files of a mailing.

use std::fmt::Write as _;

use super::Plan;

/// Octets of Markdown. The mail holds it twice, as HTML and as text: about 30 KB in all.
const LONG: usize = 7_000;
const PARAGRAPH: &str = "The alliance met again, heard from three services about what has changed since \
    the spring, and agreed who does what before the next meeting in London.\n\n";

pub(super) const DOMAIN: &str = "news.example.org";
pub(super) const ALGORITHMS: [&str; 2] = ["rsa", "ed25519"];

pub(super) fn configuration(plan: &Plan) -> String {
    let (host, port) = (plan.relay.ip(), plan.relay.port());
    let Plan { connections, window, .. } = plan;
    let url = plan.postgres.as_deref().unwrap_or("sqlite:bulletin.db");
    format!(
        r#"[site]
name = "Measured"
base_url = "https://{DOMAIN}"
listen = "127.0.0.1:0"
operator_listen = "127.0.0.1:0"
timezone = "Europe/London"
secret_file = "bulletin.secret"

[sender]
name = "Measured"
address = "bulletin@{DOMAIN}"
reply_to = "coordinator@example.org"
postal_address = "1 Example Street, London"
bounce_domain = "bounces.example.org"

[database]
url = "{url}"

[relay.main]
kind = "smtp"
host = "{host}"
port = {port}
tls = "none"
connections = {connections}

[delivery]
window = {window}

[list.news]
name = "News"
kinds = ["announcement"]
double_opt_in = false
"#,
    )
}

/// The tables of both keys.
pub(super) fn dkim() -> String {
    let table = |name| {
        let file = key_file(name);
        format!(
            "\n[dkim.{name}]\ndomain = \"{DOMAIN}\"\nselector = \"{name}\"\nkey_file = \"{file}\"\n"
        )
    };
    ALGORITHMS.map(table).concat()
}

pub(super) fn key_file(algorithm: &str) -> String {
    format!("{algorithm}.key")
}

pub(super) fn subscribers(people: u64) -> String {
    let mut csv = String::from("email,name\n");
    for number in 1..=people {
        let _ = writeln!(csv, "reader{number}@example.com,Reader {number}");
    }
    csv
}

pub(super) fn post(short: bool) -> String {
    let paragraphs = if short { 1 } else { LONG / PARAGRAPH.len() };
    let body = PARAGRAPH.repeat(paragraphs);
    format!(
        "---\ntitle: A long read\nslug: long-read\nkind: announcement\ndate: 2026-05-20\n\
         lists: [news]\nsummary: What was said and agreed.\n---\n{body}"
    )
}
