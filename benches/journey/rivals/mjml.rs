//! The reference compiler of MJML, in a process of its own that is warm before it is measured.

use std::path::Path;

use anyhow::Context as _;

use crate::mailing::TEMPORARY;
use crate::measure;
use crate::support::npm;

/// How many times a second it makes HTML of this text.
pub(crate) fn rate(mjml: &str) -> anyhow::Result<f64> {
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(TEMPORARY)?;
    std::fs::write(folder.path().join("mail.mjml"), mjml)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/journey/rivals/mjml.mjs");
    let arguments = [script, npm::folder(), "mail.mjml".into()];
    let said = measure::run(folder.path(), "node", &arguments)?.said;
    said.trim().parse().context("the reference compiler tells no number")
}
