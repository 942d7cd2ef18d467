//! Postfix's `smtp-source -d`, the fastest plain sender there is: the same octets again and again, no
//! database, no record. With `-d` it keeps its connections open.

use std::net::SocketAddr;
use std::path::Path;

use crate::measure::{self, Cost};

const PROGRAM: &str = "/usr/sbin/smtp-source";

pub(crate) fn send(messages: u64, connections: u64, relay: SocketAddr) -> anyhow::Result<Cost> {
    let fixed =
        ["-d", "-l", "30000", "-f", "a@example.com", "-t", "b@example.com", "-M", "localhost"];
    let mut arguments: Vec<String> = fixed.map(String::from).into();
    arguments.extend(["-s".into(), connections.to_string()]);
    arguments.extend(["-m".into(), messages.to_string(), relay.to_string()]);
    Ok(measure::run(Path::new("/"), PROGRAM, &arguments)?.cost)
}
