//! A mail looked at before anybody gets it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use super::house::{Database, house};

/// Where there is no screen: what is written, and where.
#[test]
fn opening_a_preview_writes_one_page_that_only_its_user_may_read() {
    let house = house(Database::Sqlite).open();
    house.post("minutes", "meeting-summary", &[]);
    let program = house.program.clone().with_env("DISPLAY", "").with_env("WAYLAND_DISPLAY", "");
    let program = program.with_env("TMPDIR", house.path("").to_str().unwrap());
    let said = program.json(&["preview", "minutes", "--open"]);
    assert_eq!(said["opened"], false);
    let file = Path::new(said["file"].as_str().unwrap());
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let page = std::fs::read_to_string(file).unwrap();
    for part in [
        "<h1>minutes</h1>",
        "Desktop",
        "Phone",
        "Dark",
        "Plain text",
        "Headers",
        "Source",
        "Hello Sam Reader,",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(
        page.contains("List-Unsubscribe-Post: List-Unsubscribe"),
        "the headers that would be sent"
    );
    assert_eq!(
        program.json(&["preview", "minutes", "--open", "--out", "page.html"]),
        json!({"file": "page.html", "opened": false})
    );
    assert!(house.path("page.html").exists());
    let ran = program.run(&["preview", "minutes", "--open", "--out", "nowhere/page.html"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.starts_with("nowhere/page.html: cannot be written"), "{}", ran.stderr);
}
