//! Promise 1: everybody in a campaign ends in exactly one final state, and the counts add up.

use std::collections::HashSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::house::{Database, accepted, house, recipients, until};
use crate::support::port;
use crate::support::relay::{Act, At, Relay, When};
use crate::transport::sink;

on_both!(
    everybody_gets_it_exactly_once,
    everybody_is_in_one_state_whatever_the_relay_says,
    postfix_gets_everybodys_mail,
);

async fn everybody_gets_it_exactly_once(database: Database) {
    let relay = Relay::new().start();
    let house = house(database).relay(&relay).open();
    let readers = house.readers(300, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    house.send();
    assert_eq!(recipients(&relay), readers);
    house.ended(campaign, &accepted(300));
    assert_eq!(house.campaign(campaign)["audience"], 300);
    let ids: HashSet<_> = relay.received().into_iter().map(|one| one.message_id).collect();
    assert_eq!(ids.len(), 300, "each mail has a Message-ID of its own");
}

async fn everybody_is_in_one_state_whatever_the_relay_says(database: Database) {
    let relay = Relay::new()
        .on(At::Rcpt, When::Every(5), Act::Say("550 5.1.1 nobody here"))
        .on(At::Dot, When::Every(7), Act::Say("451 4.3.0 not now"))
        .on(At::Dot, When::Every(11), Act::Drop)
        .start();
    let plan = house(database).relay(&relay).delivery("retry = [\"100ms\"]");
    let house = plan.open();
    house.readers(100, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let _daemon = house.daemon();
    // looking adds the counts up, at every moment
    until("the end", || house.has_ended(campaign)).await;
    let counts = house.counts(campaign);
    let (sent, failed) = (&counts["accepted"], &counts["failed"]);
    assert_eq!(sent.as_i64().unwrap() + failed.as_i64().unwrap(), 100);
    assert_eq!(*failed, names_refused(&relay));
}

/// Each fifth name was refused, and nothing else ends a delivery.
fn names_refused(relay: &Relay) -> usize {
    let names = relay.commands();
    let names = names.iter().filter(|line| line.starts_with("RCPT"));
    names.count() / 5
}

/// A server that is not ours takes what we send.
async fn postfix_gets_everybodys_mail(database: Database) {
    let folder = tempfile::tempdir().unwrap();
    // it may run as somebody else
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let port = port::free();
    let template = folder.path().join("mail.");
    let _sink = sink::start(port, &["-d", template.to_str().unwrap()]);
    let plan = house(database).port(port);
    let house = plan.delivery("relay_retry = [\"200ms\"]").open();
    let readers = house.readers(50, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    house.send();
    house.ended(campaign, &accepted(50));
    assert_eq!(dumped(folder.path()), readers);
}

/// Whom Postfix's sink has mails for: it writes the envelope above each.
fn dumped(folder: &Path) -> Vec<String> {
    let to = |file: &Path| {
        let mail = String::from_utf8(std::fs::read(file).unwrap()).unwrap();
        let line = mail.lines().find(|line| line.starts_with("X-Rcpt-Args:"));
        let (_, path) = line.unwrap().split_once('<').unwrap();
        path.split_once('>').unwrap().0.to_owned()
    };
    let files = folder.read_dir().unwrap();
    let mut all: Vec<_> = files.map(|file| to(&file.unwrap().path())).collect();
    all.sort();
    all
}
