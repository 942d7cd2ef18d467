//! `make gallery`: what every kind of mail looks like, as pictures for `docs/gallery/`.
//!
//! The posts are those of `samples/`, the mails are composed by the program, the pictures are a real
//! browser's: a mail app's window and a phone, by day and by night.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "what cannot go on stops it all; it says what it wrote"
)]

#[allow(
    dead_code,
    unused_imports,
    clippy::wildcard_imports,
    reason = "made for the other test binary, with tests of its own"
)]
#[path = "../support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::path::Path;

use support::browser::{Browser, SCREENS, Screen};
use support::letters::{Sample, samples};

/// What is shown, and what is said of it.
const SHOWN: [(&str, &str); 12] = [
    ("meeting-notice", "A meeting notice leads with when and where."),
    ("meeting-summary", "A meeting summary, with its pictures, ends with what comes next."),
    ("report", "A report leads with its cover and what it found."),
    ("digest", "A digest gathers posts under their lists."),
    ("reminder", "A reminder is short: when, where, and where to read more."),
    ("update", "An update says first that something has changed."),
    ("cancellation", "A cancellation says first that the meeting does not take place."),
    (
        "meeting-notice-discreet",
        "The same notice for a reader who asked for discretion: nothing that an inbox shows says what it is about.",
    ),
    ("report-discreet", "The same report, with discretion."),
    ("update-discreet", "The same update, with discretion."),
    ("cancellation-discreet", "The same cancellation, with discretion."),
    ("confirm", "What somebody gets who signs up."),
];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/gallery");
    std::fs::create_dir_all(&folder).unwrap();
    let browser = Browser::start().await;
    let samples = samples();
    let mut page = String::from(
        "# What mails look like\n\n\
         The posts of `samples/posts`, as their readers get them; `make gallery` composes the mails and takes the\n\
         pictures. A mail app's window of 600 pixels and a phone of 375, by day and by night.\n",
    );
    for (name, words) in SHOWN {
        let sample = samples.iter().find(|sample| sample.name == name).unwrap();
        _ = write!(page, "\n## {}\n\n{words}\n\n", sample.content.subject);
        page += "| 600, light | 600, dark | 375, light | 375, dark |\n|---|---|---|---|\n|";
        for screen in SCREENS {
            let file = take(&browser, sample, screen, &folder).await;
            _ = write!(page, " ![{name}]({file}) |");
        }
        page.push('\n');
    }
    std::fs::write(folder.join("README.md"), page).unwrap();
    println!("written to {}", folder.display());
}

/// Takes one picture, and says what its file is called.
async fn take(browser: &Browser, sample: &Sample, screen: Screen, folder: &Path) -> String {
    let Screen { width, dark } = screen;
    let file = format!("{}-{width}-{}.png", sample.name, if dark { "dark" } else { "light" });
    browser.show(&sample.html(), screen).await;
    std::fs::write(folder.join(&file), browser.picture().await).unwrap();
    file
}
