//! Every kind of mail in a real browser, as wide as a mail app's window and as a phone, by day and by
//! night: whoever cannot see well, or sees nothing, can read it, and it asks nobody for anything.

use serde_json::{Value, json};

use crate::support::browser::{Browser, SCREENS};
use crate::support::house::{Database, house};
use crate::support::letters::samples;
use crate::support::npm;

/// Runs axe-core in the page, and tells what it finds that matters.
const AXE: &str = "
    const done = arguments[arguments.length - 1];
    axe.run({iframes: false}).then((results) => done(results.violations
        .filter((it) => ['serious', 'critical'].includes(it.impact))
        .map((it) => it.id + ': ' + it.help + ' in ' + it.nodes.map((node) => node.html).join(' '))));";

const REQUESTS: &str = "return performance.getEntriesByType('resource').map((it) => it.name)";

/// How far a page is wider than its screen.
const OVERFLOW: &str =
    "return document.documentElement.scrollWidth - document.documentElement.clientWidth";

#[tokio::test]
async fn everybody_can_read_every_kind_of_mail_on_every_screen() {
    let axe = axe();
    let browser = Browser::start().await;
    for sample in samples() {
        let html = sample.html();
        for screen in SCREENS {
            browser.show(&html, screen).await;
            let what = format!("{} on {screen:?}", sample.name);
            assert_eq!(ask(&browser, REQUESTS).await, json!([]), "{what}");
            assert_eq!(ask(&browser, OVERFLOW).await, json!(0), "{what}");
            assert_eq!(violations(&browser, &axe).await, json!([]), "{what}");
        }
    }
}

#[tokio::test]
async fn everybody_can_read_the_page_of_a_preview() {
    let house = house(Database::Sqlite).open();
    let meeting = "meeting: {starts: 2037-06-12 14:00, ends: 2037-06-12 16:30, timezone: Europe/London, rsvp: true}";
    house.post_with("next", "meeting-notice", &[], meeting);
    house.must(&["preview", "next", "--open", "--out", "page.html"]);
    let page = std::fs::read_to_string(house.path("page.html")).unwrap();
    let axe = axe();
    let browser = Browser::start().await;
    for screen in SCREENS {
        browser.show(&page, screen).await;
        assert_eq!(ask(&browser, REQUESTS).await, json!([]), "{screen:?}");
        assert_eq!(violations(&browser, &axe).await, json!([]), "{screen:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_or_is_fetched_is_found() {
    let axe = axe();
    let browser = Browser::start().await;
    let page = "<html lang=en><title>A</title><p style='color:#999;background:#aaa'>pale</p>\
                <img src='http://127.0.0.1:9/pixel.gif'>";
    browser.show(page, SCREENS[0]).await;
    let found = violations(&browser, &axe).await.to_string();
    assert!(found.contains("color-contrast") && found.contains("image-alt"), "{found}");
    assert_eq!(ask(&browser, REQUESTS).await, json!(["http://127.0.0.1:9/pixel.gif"]));
}

fn axe() -> String {
    std::fs::read_to_string(npm::folder().join("node_modules/axe-core/axe.min.js")).unwrap()
}

async fn ask(browser: &Browser, script: &str) -> Value {
    browser.client().execute(script, Vec::new()).await.unwrap()
}

async fn violations(browser: &Browser, axe: &str) -> Value {
    browser.client().execute(axe, Vec::new()).await.unwrap();
    browser.client().execute_async(AXE, Vec::new()).await.unwrap()
}
