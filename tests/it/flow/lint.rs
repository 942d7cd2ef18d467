//! What is unfit for readers is not queued, unless a person says why it may go.

use serde_json::{Value, json};

use super::house::{Database, House, house};

on_both!(
    what_a_rule_blocks_is_not_queued_until_it_is_let_go_with_a_reason,
    what_was_let_go_counts_for_this_version_alone,
    a_check_can_let_go_before_the_post_is_added,
    a_notice_of_a_meeting_in_the_past_warns_early_and_blocks_late,
    a_warning_is_told_and_blocks_nothing,
    what_takes_a_post_back_is_looked_over_too,
);

/// A post with this title, added.
fn added(house: &House, title: &str, body: &str) {
    let text =
        format!("---\ntitle: {title}\nkind: report\ndate: 2026-05-20\nsummary: S\n---\n{body}\n");
    house.write("p.md", &text);
    house.must(&["post", "add", "p.md"]);
}

const SHOUTS: &str =
    "p.md:2: \"READ THIS NOW\" is all in capitals; write it as a sentence [shouting]\n";
const LINK: &str = "p.md:7: the link \"here\" does not say where it leads; write it into the words, such as \"the report\" [link-text]\n";

async fn what_a_rule_blocks_is_not_queued_until_it_is_let_go_with_a_reason(database: Database) {
    let mut house = house(database).open();
    house.subscriber("ann@readers.example", &["reports"]);
    added(&house, "READ THIS NOW", "Look [here](https://example.org).");
    let ran = house.program.run(&["queue", "p"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, format!("{SHOUTS}{LINK}").as_str()));
    assert!(ran.stderr.starts_with("Nothing was queued: mend this"), "{}", ran.stderr);

    let one = ["queue", "p", "--allow", "link-text", "--because", "it is a quotation"];
    let dry = house.program.run(&[&one[..], &["--dry-run"]].concat());
    assert_eq!((dry.code, dry.stdout.as_str()), (1, SHOUTS));
    assert_eq!(
        house.program.json(&["post", "show", "p"])["allowed"],
        json!([]),
        "a dry run keeps nothing"
    );
    let ran = house.program.run(&[&["--json"], &one[..]].concat());
    assert_eq!(ran.code, 1);
    let finding: Value = serde_json::from_str(&ran.stdout).unwrap();
    let expected = json!({
        "file": "p.md", "line": 2, "level": "error", "rule": "shouting",
        "message": "\"READ THIS NOW\" is all in capitals; write it as a sentence",
    });
    assert_eq!(finding, expected);
    assert!(house.program.json_lines(&["campaign", "list"]).is_empty());

    // what was let go before still counts
    house.ask_for_approval(&["reports"]);
    let said =
        house.program.json(&["queue", "p", "--allow", "shouting", "--because", "it is its name"]);
    let campaign = said["campaign"].as_i64().unwrap();
    let allowed = house.campaign(campaign)["allowed"].clone();
    let rules: Vec<_> =
        allowed.as_array().unwrap().iter().map(|one| (&one["rule"], &one["because"])).collect();
    let [link, shout] = [("link-text", "it is a quotation"), ("shouting", "it is its name")]
        .map(|(rule, why)| (Value::from(rule), Value::from(why)));
    assert_eq!(rules, [(&link.0, &link.1), (&shout.0, &shout.1)]);
    assert_eq!(allowed[1]["by"], "ann");
    assert_eq!(house.program.json(&["post", "show", "p"])["allowed"], allowed);
    let shown = house.must(&["campaign", "show", campaign.to_string().as_str()]).stdout;
    assert!(shown.contains("\nshouting was allowed by Ann Field on "), "{shown}");
    // whoever approves is told, too
    let id = campaign.to_string();
    let told = house.program_of("bob").run(&["campaign", "approve", &id]).stdout;
    assert!(told.contains("\nshouting was allowed by Ann Field on "), "{told}");
    house.send();
    assert_eq!(house.mails().len(), 1);
}

async fn what_was_let_go_counts_for_this_version_alone(database: Database) {
    let house = house(database).open();
    added(&house, "READ THIS NOW", "Body.");
    let allow = ["queue", "p", "--allow", "shouting", "--because", "a name"];
    house.must(&allow);
    house.must(&allow);
    let kept = house.program.json(&["post", "show", "p"])["allowed"].clone();
    assert_eq!(kept.as_array().unwrap().len(), 1, "said again it is kept once: {kept}");
    added(&house, "READ THIS NOW", "Another body.");
    assert_eq!(house.program.run(&["queue", "p"]).stdout, SHOUTS);
}

async fn a_check_can_let_go_before_the_post_is_added(database: Database) {
    let house = house(database).open();
    house.write(
        "p.md",
        "---\ntitle: READ THIS NOW\nkind: report\ndate: 2026-05-20\nsummary: S\n---\nBody.\n",
    );
    let ran = house.program.run(&["check", "p.md"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, SHOUTS));
    let ran = house.program.run(&["check", "p.md", "--allow", "shouting", "--because", "a name"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.contains("write it as a sentence; allowed by "), "{}", ran.stdout);
    assert!(
        ran.stdout
            .ends_with(": a name [shouting, a warning]\n1 post checked, nothing that blocks\n"),
        "{}",
        ran.stdout
    );
    house.must(&["post", "add", "p.md"]);
    house.must(&["queue", "p"]);
}

async fn a_notice_of_a_meeting_in_the_past_warns_early_and_blocks_late(database: Database) {
    let house = house(database).open();
    let meeting =
        "meeting: {starts: 2020-06-12 14:00, ends: 2020-06-12 16:00, timezone: Europe/London}";
    house.post_with("notice", "meeting-notice", &[], meeting);
    let ran = house.must(&["check", "notice.md"]);
    assert!(
        ran.stdout
            .contains("the meeting begins on Friday 12 June 2020 at 14:00, before this goes out"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("[meeting-past, a warning]"), "{}", ran.stdout);
    let ran = house.program.run(&["queue", "notice"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.ends_with("[meeting-past]\n"), "{}", ran.stdout);
}

async fn a_warning_is_told_and_blocks_nothing(database: Database) {
    let house = house(database).open();
    house.write(
        "p.md",
        "---\ntitle: A title\nkind: meeting-notice\ndate: 2026-05-20\nsummary: S\n\
         meeting: {starts: 2037-06-12 14:00, ends: 2037-06-12 16:00, timezone: Europe/London, place: The Drug Unit}\n---\nBody.\n",
    );
    house.must(&["post", "add", "p.md"]);
    let ran = house.must(&["--json", "queue", "p"]);
    assert_eq!(ran.stdout.lines().count(), 1, "scripts read one object: {}", ran.stdout);
    let warning = "p.md:6: the meeting's place \"The Drug Unit\" says \"drug\", which a discreet mail must not; write it neutrally [risky-word, a warning]";
    assert!(ran.stderr.contains(warning), "{}", ran.stderr);
}

async fn what_takes_a_post_back_is_looked_over_too(database: Database) {
    let house = house(database).open();
    house.subscriber("ann@readers.example", &["reports"]);
    added(&house, "A title", "Body.");
    house.must(&["queue", "p"]);
    house.send();
    // as if the neutral words were written after it was sent
    let config = std::fs::read_to_string(house.path("config.toml")).unwrap();
    house.write("config.toml", &format!("{config}\n[discreet]\ntitle = \"For survivors\"\n"));
    let withdraw = ["post", "withdraw", "p", "--notify"];
    let ran = house.program.run(&withdraw);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("discreet.title \"For survivors\" says"), "{}", ran.stdout);
    assert!(ran.stderr.starts_with("Nothing was withdrawn: let a rule go"), "{}", ran.stderr);
    assert_eq!(house.program.json(&["post", "show", "p"])["state"], "published");
    let ran =
        house.program.run(&["post", "withdraw", "p", "--allow", "risky-word", "--because", "x"]);
    assert!(ran.code == 2 && ran.stderr.contains("add --notify"), "{}", ran.stderr);
    house.must(&[&withdraw[..], &["--allow", "risky-word", "--because", "it is urgent"]].concat());
    house.send();
    assert_eq!(house.mails().len(), 2);
}

/// Wrong words beside `--allow`, and what is said to them.
#[test]
fn letting_go_needs_a_rule_that_there_is_and_a_reason() {
    let house = house(Database::Sqlite).open();
    added(&house, "A title", "Body.");
    for (more, words) in [
        (
            &["--allow", "contrst", "--because", "x"][..],
            "--allow: \"contrst\" is not a rule that can be allowed; these are: shouting,",
        ),
        (
            &["--allow", "bad-yaml", "--because", "x"],
            "\"bad-yaml\" is not a rule that can be allowed",
        ),
        (&["--allow", "shouting", "--because", " "], "--because: the reason is empty"),
        (&["--allow", "shouting", "--because", "a\nb"], "--because: the reason holds a line break"),
        (
            &["--allow", "shouting", "--because", "a", "--because", "b"],
            "--because: give one reason for all, or one for each --allow",
        ),
        (&["--allow", "shouting"], "--because"),
        (&["--because", "x"], "--allow"),
    ] {
        let ran = house.program.run(&[&["queue", "p"], more].concat());
        assert_eq!(ran.code, 2, "{more:?}");
        assert!(ran.stderr.contains(words), "{more:?}: {}", ran.stderr);
    }
    assert!(house.program.json_lines(&["campaign", "list"]).is_empty());
}

/// The posts that `make demo` sends are what we would have others write.
#[test]
fn the_sample_posts_have_nothing_that_blocks() {
    let house = house(Database::Sqlite).open();
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/posts");
    let ran = house.must(&["check", samples]);
    assert!(ran.stdout.contains("3 posts checked"), "{}", ran.stdout);
}

#[test]
fn templates_are_looked_over_together_and_the_configuration_is_told_once() {
    let house = house(Database::Sqlite).open();
    let templates = concat!(env!("CARGO_MANIFEST_DIR"), "/templates/mail");
    for path in
        [templates, &format!("{templates}/report"), &format!("{templates}/report/body.mjml")]
    {
        assert_eq!(
            house.must(&["check", path]).stdout,
            "the templates in use checked, nothing to mend\n"
        );
    }
    let program =
        house.program.clone().with_env("BULLETIN__DISCREET__SUBJECT", "News of the refuge");
    for name in ["a.md", "b.md"] {
        house.write(
            name,
            "---\ntitle: A title\nkind: report\ndate: 2026-05-20\nsummary: S\n---\nBody.\n",
        );
    }
    let ran = program.run(&["check", "a.md", "b.md"]);
    assert_eq!(ran.code, 1);
    let told = "config.toml: discreet.subject \"News of the refuge\" says \"refuge\", which a discreet mail must not; write it neutrally [risky-word]\n";
    assert_eq!(ran.stdout, told);
}
