//! nodemailer's pooled transport: what a program in JavaScript would send by.
//!
//! It is installed by npm into a temporary folder, at one version.

use std::net::SocketAddr;

use anyhow::Context as _;
use tempfile::TempDir;

use crate::mailing::TEMPORARY;
use crate::measure::{self, Cost};

const VERSION: &str = "10.6.1";
const SCRIPT: &str = include_str!("nodemailer.mjs");

pub(crate) struct Nodemailer {
    folder: TempDir,
}

impl Nodemailer {
    /// To send the mail of this HTML and this text, which its first reader got.
    pub(crate) fn install([html, text]: &[String; 2]) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(TEMPORARY)?;
        let path = folder.path();
        for (name, content) in [("send.mjs", SCRIPT), ("mail.html", html), ("mail.txt", text)] {
            std::fs::write(path.join(name), content)?;
        }
        let package = format!("nodemailer@{VERSION}");
        let quietly = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefix", "."];
        let install = [&["install", &package][..], &quietly].concat();
        measure::run(path, "npm", &install).context("nodemailer cannot be installed")?;
        let key = ["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
        measure::run(path, "openssl", &[&key[..], &["-out", "rsa.pem"]].concat())?;
        Ok(Self { folder })
    }

    pub(crate) fn send(
        &self,
        messages: u64,
        connections: u64,
        relay: SocketAddr,
        signed: bool,
    ) -> anyhow::Result<Cost> {
        let numbers = [relay.port().to_string(), messages.to_string(), connections.to_string()];
        let mut arguments = vec!["send.mjs".to_owned()];
        arguments.extend(numbers);
        arguments.extend(signed.then(|| "rsa.pem".to_owned()));
        Ok(measure::run(self.folder.path(), "node", &arguments)?.cost)
    }
}
