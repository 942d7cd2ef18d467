//! Two verifiers of DKIM signatures that nobody here wrote: dkimpy (Python) and opendkim (C). They ask no
//! DNS; what it would say is given to them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// By selector, whether its signature holds.
pub(crate) type Verdict = BTreeMap<String, bool>;

pub(crate) struct Verifier {
    folder: TempDir,
}

impl Verifier {
    /// `records` are names and values of TXT records.
    pub(crate) fn new(records: impl IntoIterator<Item = (String, String)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lines = records.into_iter().map(|(name, value)| format!("{name} {value}\n"));
        let keys = folder.path().join("keys");
        std::fs::write(&keys, lines.collect::<String>()).unwrap();
        let settings = format!("Mode v\nSyslog no\nTestPublicKeys {}\n", keys.display());
        std::fs::write(folder.path().join("opendkim.conf"), settings).unwrap();
        Self { folder }
    }

    /// What each of the two says of each mail: first dkimpy, then opendkim.
    pub(crate) fn judge(&self, mails: &[Vec<u8>]) -> [Vec<Verdict>; 2] {
        let names: Vec<_> = (0..mails.len()).map(|number| format!("mail-{number}")).collect();
        for (name, mail) in names.iter().zip(mails) {
            std::fs::write(self.folder.path().join(name), mail).unwrap();
        }
        [dkimpy(self.folder.path(), &names), opendkim(self.folder.path(), &names)]
    }

    /// Every mail has a signature of each of these selectors, and both verifiers believe all of them.
    pub(crate) fn assert_signed(&self, mails: &[Vec<u8>], selectors: &[&str]) {
        let good: Verdict = selectors.iter().map(|name| ((*name).to_owned(), true)).collect();
        for (who, verdicts) in ["dkimpy", "opendkim"].iter().zip(self.judge(mails)) {
            for (verdict, mail) in verdicts.iter().zip(mails) {
                assert_eq!(*verdict, good, "{who}:\n{}", String::from_utf8_lossy(mail));
            }
        }
    }
}

/// A line for each mail: its name, and `selector=true` or `selector=false` for each signature.
fn dkimpy(folder: &Path, names: &[String]) -> Vec<Verdict> {
    // Debian's, which has Debian's modules; another one may come first in PATH
    let python = PathBuf::from("/usr/bin/python3");
    let python = if python.exists() { python } else { PathBuf::from("python3") };
    let mut command = Command::new(python);
    command.args(["-c", include_str!("verifier/verify.py")]).args(names);
    let said = run(command.current_dir(folder));
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), names.len(), "{said}");
    let verdict = |line: &&str| {
        let signatures = line.split(' ').skip(1).map(|word| word.split_once('=').unwrap());
        signatures.map(|(selector, holds)| (selector.to_owned(), holds == "true")).collect()
    };
    lines.iter().map(verdict).collect()
}

/// In its test mode it says with `-v -v` which field `Authentication-Results` it would add.
fn opendkim(folder: &Path, names: &[String]) -> Vec<Verdict> {
    let mut command = Command::new("opendkim");
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin"));
    command.args(["-x", "opendkim.conf", "-v", "-v", "-t", &names.join(",")]);
    let said = run(command.current_dir(folder));
    let fields: Vec<_> = said.split("hname='Authentication-Results'").skip(1).collect();
    assert_eq!(fields.len(), names.len(), "{said}");
    let signature = |result: &str| {
        let selector = result.split("header.s=").nth(1)?.split([' ', ';']).next()?;
        Some((selector.to_owned(), result.trim_start().starts_with("dkim=pass ")))
    };
    fields.iter().map(|field| field.split(";\n").filter_map(signature).collect()).collect()
}

fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).stderr(Stdio::piped()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}; run .ci/packages"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}; is all of .ci/packages there? {told}");
    String::from_utf8(output.stdout).unwrap()
}
