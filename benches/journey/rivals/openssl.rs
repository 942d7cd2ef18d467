//! How fast this machine can sign by RSA-2048, which is most of what a DKIM signature costs.

use std::path::Path;

use anyhow::Context as _;

use crate::measure;

const SPEED: [&str; 3] = ["speed", "-seconds", "2"];

pub(crate) struct Limit {
    /// Signatures a second on all cores, by the clock on the wall.
    pub(crate) rate: f64,
    /// What one takes of a processor's time, in microseconds.
    pub(crate) cpu: f64,
}

pub(crate) fn limit() -> anyhow::Result<Limit> {
    let cores = std::thread::available_parallelism()?.to_string();
    let rate = signatures(&["-elapsed", "-multi", &cores])?;
    // without -elapsed it counts its own time only
    Ok(Limit { rate, cpu: 1e6 / signatures(&[])? })
}

/// Signatures a second.
fn signatures(options: &[&str]) -> anyhow::Result<f64> {
    let arguments = [&SPEED[..], options, &["rsa2048"]].concat();
    let said = measure::run(Path::new("/"), "openssl", &arguments)?.said;
    read(&said).with_context(|| format!("no signatures in {said:?}"))
}

/// ```text
///                   sign    verify    sign/s verify/s
/// rsa 2048 bits 0.000336s 0.000019s   2973.3  53250.3
/// ```
fn read(said: &str) -> Option<f64> {
    let mut lines = said.lines().skip_while(|line| !line.contains("sign/s"));
    let column = lines.next()?.split_ascii_whitespace().position(|head| head == "sign/s")?;
    let (_, numbers) = lines.next()?.split_once("bits")?;
    numbers.split_ascii_whitespace().nth(column)?.parse().ok()
}
