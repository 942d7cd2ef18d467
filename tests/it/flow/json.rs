//! The JSON that scripts read: exactly these keys, in this order, of these types.

use serde_json::{Value, json};

use super::house::{Database, House, house, keys};

on_both!(
    what_queueing_says,
    what_a_campaign_says,
    what_a_delivery_says,
    what_a_subscriber_says,
    what_an_import_says,
    what_a_schedule_and_the_suppressions_say,
);

fn furnished(database: Database) -> House {
    let house = house(database).open();
    house.subscriber("ann@readers.example", &["meetings", "reports:weekly"]);
    house.post("minutes", "meeting-summary", &[]);
    house
}

/// Each key with what stands under it, in a word.
fn shape(object: &Value) -> Vec<(&str, &'static str)> {
    let kind = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let all = object.as_object().unwrap().iter();
    all.map(|(key, value)| (key.as_str(), kind(value))).collect()
}

/// RFC 3339 with an offset.
fn is_a_time(value: &Value) -> bool {
    let text = value.as_str().unwrap();
    text.len() == "2026-11-23T15:57:21+00:00".len()
        && text.as_bytes()[10] == b'T'
        && matches!(text.as_bytes()[19], b'+' | b'-')
}

async fn what_queueing_says(database: Database) {
    let house = furnished(database);
    let said = house.program.json(&["queue", "minutes"]);
    let expected = [
        ("campaign", "number"),
        ("state", "string"),
        ("due_at", "string"),
        ("audience", "number"),
        ("excluded", "object"),
        ("local_time", "null"),
    ];
    assert_eq!(shape(&said), expected);
    assert!(is_a_time(&said["due_at"]), "{said}");
}

async fn what_a_campaign_says(database: Database) {
    let house = furnished(database);
    let campaign = house.queue("minutes");
    for state in ["scheduled", "finished"] {
        // the keys of `counts` are looked at every time
        let shown = house.campaign(campaign);
        let expected = ["id", "kind", "subject", "state", "due_at", "audience", "counts"];
        assert_eq!(keys(&shown)[..7], expected, "more may stand behind");
        assert_eq!(shown["replies"], json!([]));
        assert_eq!(
            (&shown["kind"], &shown["subject"], &shown["state"]),
            (&json!("announcement"), &json!("minutes"), &json!(state))
        );
        assert!(is_a_time(&shown["due_at"]), "{shown}");
        assert_eq!(house.program.json_lines(&["campaign", "list"]), [shown]);
        house.send();
    }
}

async fn what_a_delivery_says(database: Database) {
    let house = furnished(database);
    let campaign = house.queue("minutes");
    house.must(&["relay", "pause", "main"]);
    house.send();
    let expected = [
        ("id", "number"),
        ("campaign", "number"),
        ("email", "string"),
        ("state", "string"),
        ("attempts", "number"),
        ("message_id", "string"),
        ("reason", "null"),
        ("reply", "null"),
    ];
    let [waiting] = house.deliveries(campaign).try_into().unwrap();
    assert_eq!(shape(&waiting), expected);
    house.must(&["relay", "resume", "main"]);
    house.send();
    let [sent] = house.deliveries(campaign).try_into().unwrap();
    let expected =
        [("stage", "string"), ("code", "number"), ("enhanced", "string"), ("text", "string")];
    assert_eq!(shape(&sent["reply"]), expected);
    let header = &house.mails()[0].headers["message-id"];
    assert_eq!(*header, format!("<{}>", sent["message_id"].as_str().unwrap()));
}

async fn what_a_subscriber_says(database: Database) {
    let house = furnished(database);
    let shown = house.program.json(&["subscriber", "show", "ann@readers.example"]);
    let expected = [
        ("email", "string"),
        ("name", "null"),
        ("status", "string"),
        ("discreet", "bool"),
        ("subscriptions", "array"),
        ("timezone", "null"),
        ("quiet_hours", "null"),
    ];
    assert_eq!(shape(&shown), expected);
    let basis = &shown["subscriptions"][0]["basis"];
    assert_eq!(
        shown["subscriptions"],
        json!([
            {"list": "meetings", "cadence": "immediate", "state": "active", "basis": basis},
            {"list": "reports", "cadence": "weekly", "state": "active", "basis": basis},
        ])
    );
    assert_eq!(house.program.json_lines(&["subscriber", "list"]), [shown]);
    house.must(&["subscriber", "unsubscribe", "ann@readers.example", "--list", "reports"]);
    let after = house.program.json(&["subscriber", "show", "ann@readers.example"]);
    assert_eq!(
        (&after["status"], &after["subscriptions"][1]["state"]),
        (&json!("active"), &json!("ended"))
    );
}

async fn what_an_import_says(database: Database) {
    let house = furnished(database);
    house.must(&["suppression", "add", "sue@readers.example"]);
    house.write(
        "people.csv",
        "email,name,list\nANN@readers.example,Ann,meetings\nnew@readers.example,,news\n\
         new@readers.example,,news\nsue@readers.example,,news\nbroken,,news\n",
    );
    let import = ["subscriber", "import", "people.csv", "--basis", "a test"];
    let said = house.program.json(&[&import[..], &["--dry-run"]].concat());
    let expected =
        json!({"read": 5, "added": 1, "updated": 1, "unchanged": 1, "refused": 1, "suppressed": 1});
    assert_eq!(said, expected);
    assert_eq!(keys(&said), keys(&expected));
    let people = || house.program.json_lines(&["subscriber", "list"]).len();
    assert_eq!(people(), 1, "a dry run adds nobody");
    assert_eq!(house.program.json(&import), expected);
    assert_eq!(people(), 2);
    let again = house.program.json(&import);
    let expected =
        json!({"read": 5, "added": 0, "updated": 0, "unchanged": 3, "refused": 1, "suppressed": 1});
    assert_eq!(again, expected, "a second import changes nothing");
}

async fn what_a_schedule_and_the_suppressions_say(database: Database) {
    let house = furnished(database);
    house.must(&["queue", "minutes", "--at", "+2h"]);
    let firings = house.program.json_lines(&["schedule", "--for", "14d"]);
    let kinds: Vec<_> = firings.iter().map(|one| one["what"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"campaign") && kinds.contains(&"digest"), "{kinds:?}");
    for firing in &firings {
        assert_eq!(shape(firing), [("at", "string"), ("what", "string"), ("name", "string")]);
        assert!(is_a_time(&firing["at"]), "{firing}");
    }
    house.must(&["suppression", "add", "sue@readers.example"]);
    let [one] = house.program.json_lines(&["suppression", "list"]).try_into().unwrap();
    assert_eq!(shape(&one), [("hash", "string"), ("reason", "string"), ("since", "string")]);
    assert!(is_a_time(&one["since"]) && one["reason"] == "manual");
}
