//! A reader's story in a real browser: the demo's inbox, a mail, its unsubscribe link, the button.

use std::time::Duration;

use fantoccini::{Client, Locator};

use crate::support::browser::Browser;
use crate::support::program::Program;

/// Longer than the demo needs on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

#[tokio::test]
async fn a_reader_opens_a_mail_in_the_inbox_and_unsubscribes() {
    let folder = tempfile::tempdir().unwrap();
    let house = folder.path().join("house");
    let program = Program::new(folder.path());
    let mut demo = program.start(&["demo", "--dir", house.to_str().unwrap()]);
    let inbox = address(&demo.wait_for_line("The inbox", PATIENCE));
    demo.wait_for_line("Ctrl-C", PATIENCE);

    let browser = Browser::start().await;
    let reader = browser.client();
    open_mail(reader, &inbox, "Amina Yusuf").await;
    follow_unsubscribe_link(reader).await;
    assert_eq!(heading(reader).await, "Stop these emails?");
    assert_eq!(states(&program, &house), ["active", "active"], "opening the link changes nothing");

    let button = reader.find(Locator::Css("form button")).await.unwrap();
    button.click().await.unwrap();
    reader
        .wait()
        .at_most(PATIENCE)
        .for_element(Locator::XPath("//h1[.='You have unsubscribed']"))
        .await
        .unwrap();
    assert_eq!(states(&program, &house), ["ended", "active"], "that list ended, the other goes on");
    assert!(reader.get_all_cookies().await.unwrap().is_empty());
    assert_eq!(demo.terminate(), 0);
}

/// The last word of a line such as `The inbox  http://127.0.0.1:9090/inbox`.
fn address(line: &str) -> String {
    line.split_whitespace().last().unwrap().to_owned()
}

/// Opens the oldest mail to somebody, and steps into the frame that shows it.
async fn open_mail(reader: &Client, inbox: &str, to: &str) {
    reader.goto(inbox).await.unwrap();
    let mails =
        reader.find_all(Locator::XPath(&format!("//nav//a[contains(., '{to}')]"))).await.unwrap();
    let path = mails.last().unwrap().attr("href").await.unwrap().unwrap();
    reader.goto(&inbox.replace("/inbox", &path)).await.unwrap();
    reader.find(Locator::Css("iframe")).await.unwrap().enter_frame().await.unwrap();
}

/// Clicks the link in the mail; like any mail program, the inbox opens it in a window of its own.
async fn follow_unsubscribe_link(reader: &Client) {
    let before = reader.windows().await.unwrap();
    let link = reader
        .wait()
        .at_most(PATIENCE)
        .for_element(Locator::LinkText("Unsubscribe"))
        .await
        .unwrap();
    link.click().await.unwrap();
    let opened = loop {
        let windows = reader.windows().await.unwrap();
        if let Some(new) = windows.into_iter().find(|window| !before.contains(window)) {
            break new;
        }
    };
    reader.switch_to_window(opened).await.unwrap();
    reader.wait().at_most(PATIENCE).for_element(Locator::Css("form button")).await.unwrap();
}

async fn heading(reader: &Client) -> String {
    reader.find(Locator::Css("h1")).await.unwrap().text().await.unwrap()
}

/// What became of Amina's two subscriptions, meetings and reports, by the command line.
fn states(program: &Program, house: &std::path::Path) -> Vec<String> {
    let config = house.join("config.toml");
    let person = program.json(&[
        "--config",
        config.to_str().unwrap(),
        "subscriber",
        "show",
        "amina.yusuf@example.org",
    ]);
    let subscriptions = person["subscriptions"].as_array().unwrap();
    subscriptions
        .iter()
        .map(|one| one["state"].as_str().map(str::to_owned).unwrap())
        .collect::<Vec<_>>()
}
