//! Templates of somebody's own: they are what readers get, and a broken one is met before anything goes
//! out. The database has no part in it, so one is enough.

use super::house::{Database, House, house};

fn with_templates() -> House {
    let mut house = house(Database::Sqlite).open();
    house.program = house.program.clone().with_env("BULLETIN__SITE__TEMPLATES", "mine");
    std::fs::create_dir_all(house.path("mine/report")).unwrap();
    house.subscriber("ann@example.org", &["reports"]);
    house.post("good", "report", &[]);
    house
}

#[test]
fn readers_get_what_ones_own_templates_say() {
    let house = with_templates();
    house.write("mine/report/subject.txt", "We found: {{post.title}}\n");
    house.must(&["check", "good.md"]);
    let shown = house.must(&["preview", "good", "--format", "eml"]).stdout;
    assert!(shown.contains("\nSubject: We found: good\r\n"), "{shown}");
}

#[test]
fn a_broken_template_is_refused_by_every_command_that_composes_and_before_anything_is_sent() {
    let house = with_templates();
    house.queue("good");
    house
        .write("mine/report/body.mjml", "{{#> base}}\n{{> headline}}\n{{post.titel}}\n{{/base}}\n");
    let why = format!(
        "{}:3: nothing is called post.titel here",
        house.path("mine/report/body.mjml").display()
    );
    for (command, code) in [
        (&["run", "--until-idle"][..], 1),
        (&["check", "good.md"], 2),
        (&["preview", "good"], 2),
        (&["campaign", "test", "1", "--to", "somebody@example.org"], 1),
    ] {
        let ran = house.program.run(command);
        assert_eq!(ran.code, code, "{command:?}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(&why), "{command:?}: {}", ran.stderr);
    }
    let campaign = house.program.json(&["campaign", "show", "1"]);
    assert_eq!(campaign["state"], "scheduled");
    std::fs::remove_file(house.path("mine/report/body.mjml")).unwrap();
    house.must(&["run", "--until-idle"]);
    assert_eq!(house.program.json(&["campaign", "show", "1"])["state"], "finished");
}
