//! Stories: the engine against a relay that answers each person at random, while people leave between its
//! rounds: what it promises holds at the end of every story.

use std::collections::{BTreeMap, BTreeSet};

use bulletin::config::Config;
use bulletin::config::OnInDoubt::{Hold, Resend};
use bulletin::db::owner::Owner;
use bulletin::transport::memory::{Answer, Outbox};
use bulletin::transport::{Outcome, Reply, Stage};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::World;
use super::engine::fault;
use super::people::address;

const STORIES: usize = 10;
const PEOPLE: usize = 8;
/// Each is longer than any wait between two tries of one mail; all together end before it expires.
const ROUNDS: usize = 40;
const ROUND: u64 = 70 * 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_story_ends_as_promised_on_sqlite() {
    for story in stories() {
        told(&World::on_sqlite().await, &story).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_story_ends_as_promised_on_postgres() {
    for story in stories() {
        told(&World::on_postgres().await, &story).await;
    }
}

/// What happens to one mailing.
#[derive(Clone, Debug)]
struct Story {
    /// What the relay says to each person's tries, in order; afterwards it accepts.
    answers: Vec<Vec<Said>>,
    /// Who leaves after which round.
    leaves: BTreeMap<usize, usize>,
    /// The rounds in which nobody can connect.
    closed: BTreeSet<usize>,
    hold: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Accepted,
    Deferred,
    RefusedPerson,
    RefusedMessage,
    InDoubt,
    RelayAtFault,
    ConnectionBroke,
}

fn stories() -> Vec<Story> {
    let said = prop_oneof![
        2 => Just(Said::Accepted),
        2 => Just(Said::Deferred),
        2 => Just(Said::RefusedPerson),
        1 => Just(Said::RefusedMessage),
        2 => Just(Said::InDoubt),
        1 => Just(Said::RelayAtFault),
        1 => Just(Said::ConnectionBroke),
    ];
    let story = (
        vec(vec(said, 0..4), PEOPLE),
        btree_map(0..PEOPLE, 0..3_usize, 0..4),
        btree_set(0..4_usize, 0..2),
        any::<bool>(),
    );
    let story =
        story.prop_map(|(answers, leaves, closed, hold)| Story { answers, leaves, closed, hold });
    let mut runner = TestRunner::deterministic();
    let random = (0..STORIES).map(|_| story.new_tree(&mut runner).unwrap().current());
    random.chain([doubted()]).collect()
}

/// Every mail is in doubt first, and then ends in each way there is.
fn doubted() -> Story {
    let then = [
        Said::RefusedPerson,
        Said::RefusedMessage,
        Said::Deferred,
        Said::Accepted,
        Said::RelayAtFault,
    ];
    let mut answers: Vec<_> = then.map(|said| vec![Said::InDoubt, said]).into();
    answers.resize(PEOPLE, vec![Said::InDoubt]);
    Story {
        answers,
        leaves: BTreeMap::from([(PEOPLE - 1, 0)]),
        closed: BTreeSet::new(),
        hold: false,
    }
}

fn reply(stage: Stage, code: u16) -> Reply {
    Reply { stage, code, enhanced: None, text: "as the story says".to_owned() }
}

impl Said {
    fn answer(self) -> Answer {
        match self {
            Self::Accepted => Ok(Outcome::Accepted(reply(Stage::Dot, 250))),
            Self::Deferred => Ok(Outcome::Deferred(reply(Stage::Rcpt, 450))),
            Self::RefusedPerson => Ok(Outcome::Refused(reply(Stage::Rcpt, 550))),
            Self::RefusedMessage => Ok(Outcome::Refused(reply(Stage::Dot, 554))),
            Self::InDoubt => Ok(Outcome::InDoubt("silence".to_owned())),
            Self::RelayAtFault => Err(fault(Stage::Mail)),
            Self::ConnectionBroke => Err(fault(Stage::Body)),
        }
    }
}

fn name(person: usize) -> String {
    format!("reader{person}")
}

/// Tells a story from the first round to the last, and looks whether the promises held.
async fn told(w: &World, story: &Story) {
    let outbox = Outbox::new();
    for (person, answers) in story.answers.iter().enumerate() {
        for said in answers {
            outbox.answer_once(address(&name(person)).as_str(), said.answer());
        }
    }
    w.readers(PEOPLE, "news").await;
    w.post("hello", "announcement").await;
    let campaign = w.announce("hello").await;
    let owner = w.owner().await;
    let mut left_at = BTreeMap::new();
    let mut rounds = 0..ROUNDS;
    while w.finish().await.is_empty() {
        let round = rounds.next();
        let round = round.unwrap_or_else(|| panic!("it never ends: {story:?}"));
        let closed = story.closed.contains(&round);
        outbox.refuse_connections(closed.then(|| fault(Stage::Connect)));
        w.round(story, &outbox, &owner).await;
        for (person, _) in story.leaves.iter().filter(|(_, after)| **after == round) {
            w.leave(&name(*person)).await;
            left_at.insert(*person, outbox.messages().len());
        }
        w.pass(ROUND);
    }
    assert_eq!(w.states().await.len(), PEOPLE, "{story:?}");
    assert_eq!(campaign.audience.cast_unsigned(), PEOPLE as u64);
    everybody_ended_as_was_said(w, story, &left_at).await;
    nobody_got_anything_after_leaving(story, &outbox, &left_at);
    a_repeated_mail_is_the_same_mail(w, story, &outbox).await;
    a_second_mailing_reaches_only_whom_the_first_did_not(w, story, &outbox).await;
}

impl World {
    /// Starts an engine, lets it do all that can be done now, and stops it.
    async fn round(&self, story: &Story, outbox: &Outbox, owner: &Owner) {
        let mut config = Config::clone(&self.config);
        config.delivery.on_in_doubt = if story.hold { Hold } else { Resend };
        let engine = self.engine(config, outbox, owner).await;
        self.quiet(&engine).await;
        engine.stop().await;
    }

    /// Each person's state.
    async fn states(&self) -> BTreeMap<String, String> {
        self.pairs("SELECT s.email || ' ' || d.state FROM delivery d JOIN subscriber s ON s.id = d.subscriber_id")
            .await
    }

    async fn pairs(&self, sql: &str) -> BTreeMap<String, String> {
        let rows = self.raw.words(sql).await;
        rows.iter()
            .map(|row| row.split_once(' ').unwrap())
            .map(|(email, word)| (email.to_owned(), word.to_owned()))
            .collect()
    }
}

/// Nobody failed who was not refused, nobody is held who was not in doubt, and all others have it.
async fn everybody_ended_as_was_said(w: &World, story: &Story, left_at: &BTreeMap<usize, usize>) {
    let states = w.states().await;
    for (person, answers) in story.answers.iter().enumerate() {
        let expected = match answers.iter().find(|said| ends(**said, story.hold)) {
            Some(Said::RefusedPerson | Said::RefusedMessage) => "failed",
            Some(Said::InDoubt) => "in_doubt",
            _ => "accepted",
        };
        let state = &states[address(&name(person)).as_str()];
        let left = left_at.contains_key(&person);
        assert!(
            state == expected || (left && state == "suppressed"),
            "{} is {state}, not {expected}: {story:?}",
            name(person)
        );
    }
}

fn ends(said: Said, hold: bool) -> bool {
    match said {
        Said::Accepted | Said::RefusedPerson | Said::RefusedMessage => true,
        Said::InDoubt => hold,
        Said::Deferred | Said::RelayAtFault | Said::ConnectionBroke => false,
    }
}

fn nobody_got_anything_after_leaving(
    story: &Story,
    outbox: &Outbox,
    left_at: &BTreeMap<usize, usize>,
) {
    let messages = outbox.messages();
    for (person, after) in left_at {
        let late = messages[*after..]
            .iter()
            .any(|(envelope, _)| envelope.to == address(&name(*person)).as_str());
        assert!(!late, "{} got mail after no: {story:?}", name(*person));
    }
}

/// One mail was accepted for each person at most; what a doubt repeats is the same to the octet.
async fn a_repeated_mail_is_the_same_mail(w: &World, story: &Story, outbox: &Outbox) {
    let mut mails: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for (envelope, message) in outbox.messages() {
        mails.entry(envelope.to).or_default().push(message);
    }
    let tries = w
        .pairs(
            "SELECT s.email || ' ' || sum(CASE a.outcome WHEN 'accepted' THEN 1 ELSE 0 END) || ' ' || \
             sum(CASE a.outcome WHEN 'in_doubt' THEN 1 ELSE 0 END) FROM attempt a \
             JOIN delivery d ON d.id = a.delivery_id JOIN subscriber s ON s.id = d.subscriber_id GROUP BY s.email",
        )
        .await;
    for (to, copies) in &mails {
        let (accepted, doubts) = tries[to].split_once(' ').unwrap();
        let (accepted, doubts): (usize, usize) =
            (accepted.parse().unwrap(), doubts.parse().unwrap());
        assert!(accepted <= 1, "{to} accepted twice: {story:?}");
        assert_eq!(copies.len(), accepted + doubts, "{to}: {story:?}");
        assert!(copies.iter().all(|copy| *copy == copies[0]), "{story:?}");
    }
}

async fn a_second_mailing_reaches_only_whom_the_first_did_not(
    w: &World,
    story: &Story,
    outbox: &Outbox,
) {
    let queued = w.queue("hello").await;
    w.freeze().await;
    let had: BTreeSet<_> = outbox.messages().into_iter().map(|(envelope, _)| envelope.to).collect();
    for name in w.mailed(queued.id).await {
        assert!(!had.contains(address(&name).as_str()), "{name} would get it twice: {story:?}");
    }
}
