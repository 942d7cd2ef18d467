//! `campaign test`: one copy to an address of one's own, beside the campaign, whatever its state.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use serde_json::{Value, json};
use tokio::net::TcpSocket;

use super::house::{Database, House, PATIENCE, accepted, house, keys};
use super::mail::Mail;
use crate::store::raw::Raw;
use crate::support::program::Ran;
use crate::support::relay::{Act, At, Relay, When};

on_both!(
    a_copy_goes_out_in_every_state_and_nothing_is_written,
    a_copy_is_what_the_readers_get_and_its_link_is_dead,
    a_copy_of_a_digest_is_its_first_rendition,
    nothing_of_a_cancelled_campaign_is_copied,
    whoever_said_no_gets_no_copy_either,
    a_no_that_comes_while_the_relay_is_slow_counts,
    a_no_that_comes_while_the_relay_thinks_about_the_person_counts,
    what_the_server_says_is_told,
    a_fault_of_the_relay_is_told_and_holds_nothing,
    a_relay_that_a_person_paused_sends_no_copy,
    no_copy_with_links_of_this_machine_goes_out_to_the_world,
);

const ANN: &str = "ann@readers.example";
const BOB: &str = "bob@readers.example";
/// Nobody whom the house knows.
const ME: &str = "me@alliance.example";

/// Ann reads the meetings; a campaign to her waits for its time, two hours from now.
fn waiting(house: &House) -> String {
    let name = ["--name", "Ann Field", "--list", "meetings", "--confirmed"];
    house.must(&[&["subscriber", "add", ANN][..], &name].concat());
    house.post("minutes", "meeting-summary", &[]);
    house.program.json(&["queue", "minutes", "--at", "+2h"])["campaign"].to_string()
}

fn test(house: &House, id: &str, to: &str) -> Ran {
    house.program.run(&["--json", "campaign", "test", id, "--to", to])
}

fn copied(house: &House, id: &str, to: &str) {
    let ran = test(house, id, to);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

fn refused(house: &House, id: &str, to: &str, because: &str) {
    let ran = test(house, id, to);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains(because), "{}", ran.stderr);
}

/// All but the log of who did what.
async fn contents(house: &House) -> BTreeMap<String, Vec<String>> {
    let mut contents = Raw::open(&house.database_url()).await.contents().await;
    contents.remove("action");
    contents
}

async fn a_copy_goes_out_in_every_state_and_nothing_is_written(database: Database) {
    let mut house = house(database).open();
    house.ask_for_approval(&["news"]);
    house.subscriber(ANN, &["news"]);
    house.subscriber(BOB, &["news"]);
    house.post("hello", "announcement", &["news"]);
    let campaign = house.queue("hello");
    let id = campaign.to_string();
    // what a person does, and the state that it leaves the campaign in
    let steps: [(&[&str], &str); 7] = [
        (&[], "awaiting_approval"),
        (&[], "scheduled"),
        (&["campaign", "pause", &id], "paused"),
        (&["campaign", "resume", &id], "scheduled"),
        (&["run", "--until-idle"], "running"),
        (&["campaign", "pause", &id], "paused"),
        (&["run", "--until-idle"], "finished"),
    ];
    for (step, state) in steps {
        match state {
            "scheduled" if step.is_empty() => house.approve(campaign),
            // frozen, and nothing sent
            "running" => drop(house.must(&["relay", "pause", "main"])),
            "finished" => drop(house.must(&["campaign", "resume", &id])),
            _ => {}
        }
        if !step.is_empty() {
            house.must(step);
        }
        house.must(&["relay", "resume", "main"]);
        assert_eq!(house.program.json(&["campaign", "show", &id])["state"], state);
        let (before, mails) = (contents(&house).await, house.mails().len());
        copied(&house, &id, ANN);
        assert_eq!(contents(&house).await, before, "{state}");
        assert_eq!(house.mails().len(), mails + 1, "{state}");
    }
    house.ended(campaign, &accepted(2));
    let mails = house.mails();
    assert_eq!(mails.len(), steps.len() + 2);
    let ids: BTreeSet<_> = mails.iter().map(|mail| &mail.headers["message-id"]).collect();
    assert_eq!(ids.len(), mails.len(), "each has a Message-ID of its own");
}

async fn a_copy_is_what_the_readers_get_and_its_link_is_dead(database: Database) {
    let house = house(database).open();
    let id = waiting(&house);
    copied(&house, &id, ANN);
    copied(&house, &id, ME);
    let eml = house.must(&["preview", "minutes", "--as", ANN, "--format", "eml"]).stdout;
    let shown = Mail::of(eml.as_bytes());
    house.must(&["campaign", "cancel", &id]);
    house.queue("minutes");
    house.send();
    let [anns, mine, real] = house.mails().try_into().unwrap();
    assert_eq!((anns.to.as_str(), mine.to.as_str(), real.to.as_str()), (ANN, ME, ANN));
    let (link, dead) = (real.unsubscribe_url(), anns.unsubscribe_url());
    assert_eq!(dead, "https://news.alliance.example/unsubscribe/PREVIEW");
    assert!(anns.text.contains("Hello Ann Field,") && mine.text.contains("Hello,"));
    assert_eq!(anns.text, real.text.replace(link, dead));
    assert_eq!(anns.html, real.html.replace(link, dead));
    assert_eq!((&anns.text, &anns.html, &anns.subject), (&shown.text, &shown.html, &shown.subject));
    let own = ["date", "message-id", "feedback-id", "list-unsubscribe"];
    let differ = |one: &Mail| {
        let all = one.headers.iter().filter(|(name, value)| anns.headers[*name] != **value);
        all.map(|(name, _)| name.clone()).filter(|name| !own.contains(&name.as_str())).collect()
    };
    let (of_preview, of_real): (Vec<_>, Vec<_>) = (differ(&shown), differ(&real));
    assert_eq!((of_preview, of_real), (vec![], vec![]));
    assert_eq!(anns.headers["list-unsubscribe"], format!("<{dead}>"));
}

async fn a_copy_of_a_digest_is_its_first_rendition(database: Database) {
    let house = house(database).open();
    house.subscriber(ANN, &["meetings:weekly"]);
    house.post("minutes", "meeting-summary", &[]);
    house.queue("minutes");
    house.send();
    let edition = house.program.json(&["digest", "run", "weekly"])["campaign"].to_string();
    copied(&house, &edition, ME);
    house.send();
    let [copy, real] = house.mails().try_into().unwrap();
    assert_eq!((copy.to.as_str(), real.to.as_str()), (ME, ANN));
    assert_eq!(copy.subject, real.subject);
    assert_eq!(copy.text, real.text.replace(real.unsubscribe_url(), copy.unsubscribe_url()));
    assert_eq!(copy.headers["list-id"], real.headers["list-id"]);
    // what was sent counts, whatever the templates say by now
    let kept = "UPDATE rendition SET subject = 'As it was sent' WHERE html IS NOT NULL";
    Raw::open(&house.database_url()).await.run(kept).await.unwrap();
    copied(&house, &edition, ME);
    assert_eq!(house.mails().pop().unwrap().subject, "As it was sent");
}

async fn nothing_of_a_cancelled_campaign_is_copied(database: Database) {
    let house = house(database).open();
    let id = waiting(&house);
    house.must(&["campaign", "cancel", &id]);
    refused(&house, &id, ME, "campaign 1 is cancelled");
    refused(&house, "7", ME, "there is no campaign 7");
    assert_eq!(house.program.run(&["campaign", "test", &id]).code, 2, "to nobody");
    assert_eq!(house.program.run(&["campaign", "test", &id, "--to", "me"]).code, 2);
    assert!(house.mails().is_empty());
}

async fn whoever_said_no_gets_no_copy_either(database: Database) {
    let relay = Relay::new().start();
    let house = house(database).relay(&relay).open();
    let id = waiting(&house);
    house.must(&["suppression", "add", ME]);
    refused(&house, &id, ME, "me@alliance.example is suppressed and gets no mail");
    refused(&house, &id, "ME@Alliance.example", "is suppressed");
    house.subscriber(BOB, &["meetings", "reports"]);
    house.must(&["subscriber", "unsubscribe", BOB, "--list", "meetings"]);
    refused(&house, &id, BOB, "has left, or is pausing, what this campaign comes by");
    let left = "left@readers.example";
    house.subscriber(left, &["reports"]);
    house.must(&["subscriber", "unsubscribe", left]);
    refused(&house, &id, left, "has left");
    assert_eq!(relay.connections(), 0);
    house.subscriber("other@readers.example", &["reports"]);
    copied(&house, &id, "other@readers.example");
}

async fn a_no_that_comes_while_the_relay_is_slow_counts(database: Database) {
    let slow = TcpListener::bind("127.0.0.1:0").unwrap();
    let house = house(database).port(slow.local_addr().unwrap().port()).open();
    let id = waiting(&house);
    let mut command = house.program.start(&["campaign", "test", &id, "--to", ME]);
    let (mut stream, _) = slow.accept().unwrap();
    house.must(&["suppression", "add", ME]);
    stream.write_all(b"220 relay.example\r\n").unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().starts_with("EHLO "));
    stream.write_all(b"250 relay.example\r\n").unwrap();
    assert_eq!(lines.next().unwrap(), "QUIT");
    drop((stream, lines));
    command.wait_for_line("me@alliance.example is suppressed", PATIENCE);
    assert_eq!(command.wait(), 1);
}

async fn a_no_that_comes_while_the_relay_thinks_about_the_person_counts(database: Database) {
    let slow = TcpListener::bind("127.0.0.1:0").unwrap();
    let house = house(database).port(slow.local_addr().unwrap().port()).open();
    let id = waiting(&house);
    let mut command = house.program.start(&["campaign", "test", &id, "--to", ME]);
    let (mut stream, _) = slow.accept().unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
    stream.write_all(b"220 relay.example\r\n").unwrap();
    for verb in ["EHLO ", "MAIL ", "RCPT ", "DATA"] {
        assert!(lines.next().unwrap().starts_with(verb));
        match verb {
            "DATA" => {
                house.must(&["suppression", "add", ME]);
                stream.write_all(b"354 go on\r\n").unwrap();
            }
            _ => stream.write_all(b"250 relay.example\r\n").unwrap(),
        }
    }
    assert_eq!(lines.next(), None, "behind 354 anything else would be the message");
    command.wait_for_line("me@alliance.example is suppressed", PATIENCE);
    assert_eq!(command.wait(), 1);
}

/// The answer to a test copy, and its exit code.
fn told(house: &House, id: &str) -> (Value, i32) {
    let ran = test(house, id, ANN);
    (serde_json::from_str(&ran.stdout).unwrap(), ran.code)
}

async fn what_the_server_says_is_told(database: Database) {
    let relay = Relay::new().start();
    let house = house(database).relay(&relay).open();
    let id = waiting(&house);
    let said = |outcome: &str, reply: Value| json!({"campaign": 1, "to": ANN, "outcome": outcome, "reply": reply});
    let reply = |stage: &str, code: u16, enhanced: &str, text: &str| json!({"stage": stage, "code": code, "enhanced": enhanced, "text": text});
    let (good, code) = told(&house, &id);
    assert_eq!(keys(&good), ["campaign", "to", "outcome", "reply"]);
    assert_eq!(keys(&good["reply"]), ["stage", "code", "enhanced", "text"]);
    let taken = said("accepted", reply("dot", 250, "2.0.0", "queued as 42"));
    assert_eq!((good, code), (taken, 0));
    let people = house.must(&["campaign", "test", &id, "--to", ANN]).stdout;
    assert_eq!(people, format!("Sent to {ANN}: 250 2.0.0 queued as 42\n"));
    let [received, _] = relay.received().try_into().unwrap();
    assert_eq!((received.from.as_str(), received.to.as_str()), ("bulletin@alliance.example", ANN));
    assert_eq!(relay.commands().last().unwrap(), "QUIT");

    let before = contents(&house).await;
    relay.then(At::Rcpt, When::Always, Act::Say("550 5.1.1 no such user"));
    let expected = said("refused", reply("rcpt", 550, "5.1.1", "no such user"));
    assert_eq!(told(&house, &id), (expected, 1));
    let people = house.program.run(&["campaign", "test", &id, "--to", ANN]);
    let sentence = format!("Not sent to {ANN}: refused at rcpt: 550 5.1.1 no such user\n");
    assert_eq!((people.stdout, people.code), (sentence, 1));
    relay.behave();
    relay.then(At::Dot, When::Always, Act::Say("451 4.7.1 come back later"));
    let expected = said("deferred", reply("dot", 451, "4.7.1", "come back later"));
    assert_eq!(told(&house, &id), (expected, 1));
    relay.then(At::Dot, When::Always, Act::Drop);
    let (doubt, code) = told(&house, &id);
    assert_eq!((&doubt["outcome"], code), (&json!("in_doubt"), 1));
    assert_eq!((&doubt["reply"]["stage"], &doubt["reply"]["code"]), (&json!("dot"), &Value::Null));
    assert_eq!(contents(&house).await, before, "nobody is suppressed, nothing is counted");
}

async fn a_fault_of_the_relay_is_told_and_holds_nothing(database: Database) {
    let relay = Relay::new().on(At::Mail, When::Always, Act::Say("550 5.7.1 not from you")).start();
    let house = house(database).relay(&relay).delivery("relay_retry = [\"10m\"]").open();
    let id = waiting(&house);
    let before = contents(&house).await;
    refused(&house, &id, ANN, "nothing was sent, relay main is at fault: mail: ");
    refused(&house, &id, ANN, "550 5.7.1 not from you; check the relay's own log");
    // bound without listening: connections are refused, and nobody else is given the port
    let reserved = TcpSocket::new_v4().unwrap();
    reserved.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let config = std::fs::read_to_string(house.path("config.toml")).unwrap();
    let port = |port: u16| format!("port = {port}\n");
    let away = reserved.local_addr().unwrap().port();
    house.write("config.toml", &config.replace(&port(relay.port()), &port(away)));
    refused(&house, &id, ANN, "relay main is at fault: connect: ");
    assert_eq!(contents(&house).await, before);
    house.write("config.toml", &config);
    // a relay that is held is tried: whoever mended it wants to know
    house.must(&["campaign", "cancel", &id]);
    let campaign = house.queue("minutes");
    house.send();
    let held = || house.program.json_lines(&["relay", "list"])[0]["state"].clone();
    assert_eq!(held(), "held");
    relay.behave();
    copied(&house, &campaign.to_string(), ANN);
    assert_eq!(held(), "held");
}

async fn a_relay_that_a_person_paused_sends_no_copy(database: Database) {
    let relay = Relay::new().start();
    let house = house(database).relay(&relay).open();
    let id = waiting(&house);
    house.must(&["relay", "pause", "main"]);
    refused(&house, &id, ANN, "relay main is paused by a person");
    refused(&house, &id, ANN, "`bulletin relay resume main` opens it");
    assert_eq!(relay.connections(), 0);
    house.must(&["relay", "resume", "main"]);
    copied(&house, &id, ANN);
}

async fn no_copy_with_links_of_this_machine_goes_out_to_the_world(database: Database) {
    let house = house(database).open();
    let id = waiting(&house);
    let config = std::fs::read_to_string(house.path("config.toml")).unwrap();
    let away = config
        .replace("kind = \"file\"\npath = \"outbox\"", "host = \"smtp.example.invalid\"")
        .replace("https://news.alliance.example", "http://127.0.0.1:8080");
    house.write("config.toml", &away);
    refused(&house, &id, ME, "site.base_url = \"http://127.0.0.1:8080\" is this machine's own");
}
