//! `--open`: a mail as a page of its own, in the browser.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use data_encoding::HEXLOWER;
use serde_json::json;

use super::print::Printer;
use super::who::{TOKEN, TOKEN_FILE};
use crate::id;
use crate::web::sheet;

/// Writes the page of a mail to `out`, or to a file of its own that only this user may read, and opens it.
pub(super) fn open(printer: Printer, bytes: &[u8], out: Option<&Path>) -> anyhow::Result<()> {
    let page = sheet(bytes)?;
    let file = match out {
        Some(path) => path.to_owned(),
        None => own_file()?,
    };
    write(&file, page.as_bytes(), out.is_none())
        .with_context(|| format!("{}: cannot be written", file.display()))?;
    let opened = show(&file);
    printer.object(&json!({ "file": file, "opened": opened }));
    let place = file.display();
    if opened {
        printer.say(format!("opened {place}"));
    } else {
        printer.say(format!("written to {place}: open it in a browser"));
    }
    Ok(())
}

/// A name that nobody can guess, so that nobody can have put something there.
fn own_file() -> anyhow::Result<PathBuf> {
    let random = HEXLOWER.encode(&id::random::<8>()?);
    Ok(std::env::temp_dir().join(format!("bulletin-preview-{random}.html")))
}

fn write(file: &Path, page: &[u8], new: bool) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    if new {
        options.create_new(true);
    } else {
        options.create(true).truncate(true);
    }
    options.open(file)?.write_all(page)
}

/// False where there is no screen, or nothing to open a page with.
fn show(file: &Path) -> bool {
    let command = if cfg!(target_os = "macos") {
        "open"
    } else {
        let screens = ["DISPLAY", "WAYLAND_DISPLAY"];
        if screens.iter().all(|name| std::env::var_os(name).is_none_or(|value| value.is_empty())) {
            return false;
        }
        "xdg-open"
    };
    opener(command, file).spawn().is_ok()
}

/// What opens a page: a browser lives on, and is given nobody's token.
fn opener(command: &str, file: &Path) -> Command {
    let mut open = Command::new(command);
    open.arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    for secret in [TOKEN, TOKEN_FILE] {
        open.env_remove(secret);
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_given_no_token() {
        let open = opener("xdg-open", Path::new("page.html"));
        let changed: Vec<_> = open.get_envs().collect();
        for secret in ["BULLETIN_TOKEN", "BULLETIN_TOKEN_FILE"] {
            assert!(changed.contains(&(secret.as_ref(), None)), "{secret}: {changed:?}");
        }
    }
}
