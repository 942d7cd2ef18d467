//! Posts that come by themselves: what a coordinator sees of it, and what readers get.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use bulletin::clock::Clock;
use serde_json::json;

use crate::store::raw::Raw;

use super::house::{Database, House, accepted, finished, house};

on_both!(
    a_file_that_appears_in_a_watched_folder_is_mailed_and_an_old_one_is_not,
    what_would_go_out_by_itself_is_looked_over_first,
    what_was_left_to_be_queued_is_queued_though_nothing_is_due,
    a_feed_inside_a_network_is_refused_in_plain_words_and_holds_up_no_mail,
);

impl House {
    fn configure(&self, source: &str) {
        let file = self.path("config.toml");
        let config = fs::read_to_string(&file).unwrap();
        fs::write(file, format!("{config}\n{source}\n")).unwrap();
    }

    /// A post of today in the watched folder, in a file that was last changed long ago.
    fn drop_in(&self, slug: &str) {
        let file = format!("posts/{slug}.md");
        let today = Clock::System.now().to_utc().date_naive();
        let text = format!("kind: announcement\nlists: [news]\ndate: {today}");
        self.write(&file, &format!("---\ntitle: About {slug}\n{text}\n---\nWords.\n"));
        self.settle(&file);
    }

    fn settle(&self, file: &str) {
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        File::options().append(true).open(self.path(file)).unwrap().set_modified(long_ago).unwrap();
    }
}

async fn a_file_that_appears_in_a_watched_folder_is_mailed_and_an_old_one_is_not(
    database: Database,
) {
    let house = house(database).open();
    house.subscriber("ann@readers.example", &["news"]);
    fs::create_dir(house.path("posts")).unwrap();
    house.configure(
        "[source.posts]\nkind = \"folder\"\npath = \"posts\"\npublish = \"auto\"\nevery = \"1s\"",
    );
    house.drop_in("old");
    let ran = house.must(&["source", "poll", "posts"]);
    assert_eq!(ran.stdout, "added old\n1 post added, 0 changed.\n");
    house.drop_in("new");
    house.send();
    house.ended(1, &accepted(1));
    let mut daemon = house.daemon();
    house.drop_in("newest");
    finished(&daemon, 2);
    assert_eq!(daemon.terminate(), 0);
    assert_eq!(house.mails().len(), 2);
    // a fault is one line of the status and of the list
    house.write("posts/bad.md", "---\ntitle: Bad\n---\n");
    house.settle("posts/bad.md");
    let told = "bad.md:2: kind is missing; write kind: meeting-summary, report, meeting-notice or announcement (and 2 more; `bulletin check` shows all)";
    let ran = house.program.run(&["source", "poll", "posts"]);
    assert_eq!((ran.code, ran.stdout.lines().next()), (1, Some(format!("! {told}").as_str())));
    let [listed] = house.program.json_lines(&["source", "list"]).try_into().unwrap();
    let told_of = |key: &str| listed[key].clone();
    assert_eq!(
        ["source", "kind", "publish", "posts", "error", "findings"].map(told_of),
        [json!("posts"), json!("folder"), json!("auto"), json!(3), json!(null), json!([told])]
    );
    let status = house.program.json(&["status"]);
    assert_eq!(status["needs_a_person"], json!([format!("source posts: {told}")]));
}

async fn what_would_go_out_by_itself_is_looked_over_first(database: Database) {
    let house = house(database).open();
    house.subscriber("ann@readers.example", &["news"]);
    fs::create_dir(house.path("posts")).unwrap();
    house.configure("[source.posts]\nkind = \"folder\"\npath = \"posts\"\npublish = \"auto\"");
    house.drop_in("old");
    house.must(&["source", "poll", "posts"]);
    house.drop_in("loud");
    let quiet = fs::read_to_string(house.path("posts/loud.md")).unwrap();
    house.write("posts/loud.md", &quiet.replace("About loud", "READ THIS NOW"));
    house.settle("posts/loud.md");
    house.send();
    assert!(house.mails().is_empty());
    let status = house.program.json(&["status"]);
    let told = status["needs_a_person"][0].as_str().unwrap();
    let expected = "source posts: loud cannot be queued: loud.md:2: ";
    assert!(told.starts_with(expected) && told.contains("--allow shouting --because"), "{told}");
    house.write("posts/loud.md", &quiet);
    house.settle("posts/loud.md");
    house.send();
    assert_eq!(house.mails().len(), 1);
}

async fn what_was_left_to_be_queued_is_queued_though_nothing_is_due(database: Database) {
    let house = house(database).open();
    house.subscriber("ann@readers.example", &["news"]);
    fs::create_dir(house.path("posts")).unwrap();
    house.configure(
        "[source.posts]\nkind = \"folder\"\npath = \"posts\"\npublish = \"auto\"\nevery = \"1d\"",
    );
    house.drop_in("one");
    house.drop_in("two");
    house.must(&["source", "poll", "posts"]);
    let raw = Raw::open(&house.database_url()).await;
    // as if it had ended before it could
    let leave = |slug| format!("UPDATE source_item SET announce = 'wanted' WHERE post = '{slug}'");
    raw.run(&leave("one")).await.unwrap();
    let daemon = house.daemon();
    finished(&daemon, 1);
    raw.run(&leave("two")).await.unwrap();
    finished(&daemon, 2);
    assert_eq!(house.mails().len(), 2);
}

async fn a_feed_inside_a_network_is_refused_in_plain_words_and_holds_up_no_mail(
    database: Database,
) {
    let house = house(database).open();
    house.configure("[source.web]\nkind = \"feed\"\nurl = \"https://127.0.0.1:1/feed\"");
    house.subscriber("ann@readers.example", &["news"]);
    let told = "the feed leads to 127.0.0.1, which is 127.0.0.1: an address inside a network; \
        feeds are read from the public internet only";
    let firings = || {
        let all = house.program.json_lines(&["schedule", "--for", "2d"]);
        let polls = all.into_iter().filter(|firing| firing["what"] == "feed poll");
        polls.map(|firing| firing["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(firings(), ["web"]);
    let ran = house.program.run(&["source", "poll", "web"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, format!("Source web: {told}\n").as_str()));
    let status = house.program.json(&["status"]);
    let need = format!("source web is at fault (1 look in a row): {told}");
    assert_eq!(status["needs_a_person"], json!([need]));
    assert_eq!(firings(), ["web"]);
    // one that has moved is due at once
    let soon = || house.program.json_lines(&["schedule", "--for", "10m"]).len();
    assert_eq!(soon(), 0);
    let file = house.path("config.toml");
    let config = fs::read_to_string(&file).unwrap();
    fs::write(&file, config.replace("127.0.0.1:1/feed", "127.0.0.1:1/other")).unwrap();
    assert_eq!(soon(), 1);
    let ran = house.program.run(&["--json", "source", "poll", "wbe"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("\"wbe\" is not a source; the sources are web"), "{}", ran.stderr);
    house.post("hello", "announcement", &["news"]);
    let id = house.queue("hello");
    house.send();
    house.ended(id, &accepted(1));
}
