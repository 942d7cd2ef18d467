//! Two readers of calendars that nobody here wrote: icalendar (Python) and libical (C).

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

/// What a reader found in an object.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Read {
    pub(crate) method: String,
    /// Seconds since 1970, as the others.
    pub(crate) starts: i64,
    pub(crate) ends: i64,
    pub(crate) stamp: i64,
    pub(crate) uid: String,
    pub(crate) sequence: i64,
    pub(crate) status: String,
    pub(crate) summary: String,
    pub(crate) location: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) url: Option<String>,
    /// Name and address.
    pub(crate) organizer: (String, String),
    /// Name, whether an answer is asked for, and address.
    pub(crate) attendees: Vec<(Option<String>, String, String)>,
}

/// What each reader says of each object: all of them the same, or the test fails.
pub(crate) fn read<T: AsRef<[u8]>>(objects: &[T]) -> Vec<Read> {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<_> = (0..objects.len()).map(|number| format!("{number}.ics")).collect();
    for (name, object) in names.iter().zip(objects) {
        std::fs::write(folder.path().join(name), object).unwrap();
    }
    // made by .ci/packages
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv/bin/python");
    let mut command = Command::new(&python);
    command.args(["-c", include_str!("calendar/read.py")]).args(&names);
    let output = command.current_dir(folder.path()).stdin(Stdio::null()).output();
    let output =
        output.unwrap_or_else(|error| panic!("{}: {error}; run .ci/packages", python.display()));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "is all of .ci/packages there? {told}");
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), objects.len(), "{said}");
    lines.iter().zip(objects).map(|(line, object)| agreed(line, object.as_ref())).collect()
}

fn agreed(line: &str, object: &[u8]) -> Read {
    let readers: BTreeMap<String, Read> = serde_json::from_str(line).unwrap();
    let (first, read) = readers.first_key_value().unwrap();
    for (name, other) in &readers {
        let object = String::from_utf8_lossy(object);
        assert_eq!(read, other, "{first} and {name} disagree:\n{object}");
    }
    read.clone()
}
