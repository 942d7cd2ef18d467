//! Readers who say no at drawn moments of a running campaign, just ahead of their own mail.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::Dice;
use crate::support::house::{Database, House, PATIENCE, house, until};
use crate::support::http;
use crate::support::mail::Mail;
use crate::support::program::Running;
use crate::support::relay::{Received, Relay};

pub(crate) const WINDOW: usize = 4;
/// What may still go after a no must have gone by then.
const GRACE: Duration = Duration::from_secs(1);
/// How many mails ahead of one's own somebody leaves: while it may be in the window, while a command
/// starts, and more than a second before, when it has been claimed long since.
const AHEAD: [(u64, u64); 3] = [(1, 2 * WINDOW as u64), (1, 40), (180, 240)];
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";
const URLENCODED: &str = "application/x-www-form-urlencoded";

/// How a reader says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Command,
    OneClick,
}

/// One no.
#[derive(Debug)]
struct No {
    reader: String,
    way: Way,
    /// When the command or the page had said that it is done.
    said: Instant,
}

/// What came of the noes of one way.
#[derive(Debug)]
pub(crate) struct Raced {
    pub(crate) way: Way,
    pub(crate) noes: usize,
    /// Mails that were complete later than a second after the no.
    pub(crate) late: usize,
    /// Mails that were complete within it.
    pub(crate) within: usize,
    /// How many of those, and of the other way's, were on their way at one moment, at most.
    pub(crate) at_once: usize,
    /// Between a no and the last mail after it.
    pub(crate) longest: Duration,
}

pub(crate) struct Race {
    house: House,
    relay: Relay,
    daemon: Running,
    site: String,
    dice: Dice,
    posts: usize,
    /// Who still reads, in the order in which they are mailed.
    readers: Vec<String>,
    links: BTreeMap<String, String>,
    noes: Vec<No>,
    got: Vec<Received>,
}

impl Race {
    /// A house with a running daemon, and readers who have had one mail and so their link.
    pub(crate) fn new(database: Database, readers: usize, dice: Dice) -> Self {
        let relay = Relay::new().start();
        let plan = house(database).relay(&relay).connections(6);
        let house = plan.delivery(&format!("window = {WINDOW}")).open();
        let readers = house.readers(readers, "meetings");
        let daemon = house.daemon();
        let line = daemon.wait_for_line("pages are served", PATIENCE);
        let public = line.split_once("public=").unwrap().1;
        let site = format!("http://{}", public.split(' ').next().unwrap());
        let (links, noes, got) = (BTreeMap::new(), Vec::new(), Vec::new());
        let mut race =
            Self { house, relay, daemon, site, dice, posts: 0, readers, links, noes, got };
        let campaign = race.announce();
        race.ended(campaign);
        for mail in race.relay.take() {
            let mail = Mail::of(&mail.message);
            let path = mail.unsubscribe_url().splitn(4, '/').nth(3).unwrap().to_owned();
            race.links.insert(mail.to, path);
        }
        race.relay.slow_down(Duration::from_millis(25));
        race
    }

    /// So many say no, by turns in both ways; begins another campaign when one comes to its end.
    pub(crate) async fn run(mut self, noes: usize) -> Vec<Raced> {
        while self.noes.len() < noes {
            let campaign = self.announce();
            until("the first mails", || self.relay.count() >= 2 * WINDOW).await;
            let order = self.readers.clone();
            let mut front = 0;
            while self.noes.len() < noes {
                front = self.front(&order, front);
                let (least, most) = self.dice.one_of(&AHEAD);
                let ahead = usize::try_from(self.dice.between(least, most)).unwrap();
                let Some(reader) = order.get(front + ahead) else { break };
                if self.readers.contains(reader) {
                    self.say_no(reader.clone());
                }
            }
            self.ended(campaign);
            self.got.extend(self.relay.take());
            self.check_record(campaign, &order).await;
        }
        assert_eq!(self.daemon.terminate(), 0);
        [Way::Command, Way::OneClick].map(|way| self.judge(way)).into()
    }

    fn announce(&mut self) -> i64 {
        self.posts += 1;
        let slug = format!("minutes-{}", self.posts);
        self.house.post(&slug, "meeting-summary", &[]);
        self.house.queue(&slug)
    }

    fn ended(&self, campaign: i64) {
        let line = format!("campaign finished campaign={campaign}");
        // thousands of readers take longer than anything else here
        self.daemon.wait_for_line(&line, 10 * PATIENCE);
    }

    /// How far the campaign has come.
    fn front(&mut self, order: &[String], before: usize) -> usize {
        let new = self.relay.take();
        let furthest = new.iter().filter_map(|mail| order.binary_search(&mail.to).ok()).max();
        self.got.extend(new);
        before.max(furthest.unwrap_or(0))
    }

    fn say_no(&mut self, reader: String) {
        let way = if self.noes.len().is_multiple_of(2) { Way::Command } else { Way::OneClick };
        match way {
            Way::Command => drop(self.house.must(&["subscriber", "unsubscribe", &reader])),
            Way::OneClick => {
                let url = format!("{}/{}", self.site, self.links[&reader]);
                assert_eq!(http::post(&url, URLENCODED, ONE_CLICK).status, 200);
            }
        }
        let said = Instant::now();
        self.readers.retain(|one| *one != reader);
        self.noes.push(No { reader, way, said });
    }

    /// Each delivery is accepted where the relay has the mail, and suppressed where it has not.
    async fn check_record(&self, campaign: i64, order: &[String]) {
        let rows = self.house.rows(campaign).await;
        assert_eq!(rows.len(), order.len());
        let got: BTreeSet<_> =
            self.got.iter().map(|mail| mail.message_id.trim_matches(['<', '>'])).collect();
        for row in rows {
            let state = if got.contains(&*row.message_id) { "accepted" } else { "suppressed" };
            assert_eq!(row.state, state, "{row:?}");
        }
        self.house.campaign(campaign);
    }

    fn judge(&self, way: Way) -> Raced {
        let said: BTreeMap<_, _> = self.noes.iter().map(|no| (&no.reader, no)).collect();
        let mails = self.got.iter().filter_map(|mail| {
            let no = said.get(&mail.to)?;
            (mail.at > no.said).then_some((no.way, no.said, mail.at))
        });
        let (late, within): (Vec<_>, Vec<_>) = mails.partition(|(_, said, at)| *at - *said > GRACE);
        let on_their_way = |moment: Instant| {
            within.iter().filter(|(_, said, at)| *said <= moment && moment < *at).count()
        };
        let count = |all: &[(Way, _, _)]| all.iter().filter(|mail| mail.0 == way).count();
        let theirs = late.iter().chain(&within).filter(|mail| mail.0 == way);
        Raced {
            way,
            noes: self.noes.iter().filter(|no| no.way == way).count(),
            late: count(&late),
            within: count(&within),
            at_once: within.iter().map(|(_, said, _)| on_their_way(*said)).max().unwrap_or(0),
            longest: theirs.map(|(_, said, at)| *at - *said).max().unwrap_or_default(),
        }
    }
}
