//! A meeting in calendars: its name for life, its sequence, and who comes.

use std::sync::Arc;
use std::time::Duration;

use bulletin::campaign::store::{New, Rsvp, answer, answers, asked, insert, told_sequence};
use bulletin::campaign::{Answer, Kind, State};
use bulletin::id::{CampaignId, DeliveryId, PostId};
use bulletin::message::compose::Copy;
use bulletin::message::press::Press;
use bulletin::message::template::Templates;
use bulletin::post::store::{Event, event, newest, raise_sequence};
use mail_parser::MessageParser;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::people::{address, line};
use super::{World, on_both};
use crate::support::calendar::{Read, read};

on_both!(
    a_meeting_has_one_event_for_the_life_of_its_post,
    a_campaign_carries_the_sequence_it_was_made_with,
    a_sequence_that_was_not_committed_was_not_raised,
    of_two_who_raise_at_once_each_gets_a_number_of_its_own,
    no_history_lowers_a_sequence,
    a_posts_campaign_of_before_calendars_has_no_sequence,
    a_correction_and_a_cancellation_replace_what_calendars_have,
    the_last_answer_counts,
    nothing_is_kept_of_somebody_who_was_erased_or_of_a_digest,
);

const MEETING: &str = "lists: [news]\nmeeting: {starts: 2026-06-12 14:00, ends: 2026-06-12 16:30, timezone: Europe/London}\n";

async fn meeting(w: &World, slug: &str) -> PostId {
    w.post_with(slug, "meeting-notice", MEETING).await;
    post(w, slug).await
}

async fn post(w: &World, slug: &str) -> PostId {
    newest(&mut w.db.read().await.unwrap(), slug).await.unwrap().unwrap().id
}

async fn found(w: &World, id: PostId) -> Option<Event> {
    event(&mut w.db.read().await.unwrap(), id).await.unwrap()
}

async fn raise(w: &World, id: PostId) -> Option<i64> {
    let mut write = w.write().await;
    let raised = raise_sequence(&mut write, id).await.unwrap();
    write.commit().await.unwrap();
    raised
}

/// -1: none.
async fn sequence(w: &World, id: CampaignId) -> i64 {
    w.raw.number(&format!("SELECT coalesce(sequence, -1) FROM campaign WHERE id = {id}")).await
}

async fn a_meeting_has_one_event_for_the_life_of_its_post(w: &World) {
    w.post("words", "announcement").await;
    let words = post(w, "words").await;
    assert_eq!(found(w, words).await, None);
    assert_eq!(raise(w, words).await, None);
    let id = meeting(w, "meeting").await;
    let first = found(w, id).await.unwrap();
    assert_eq!(first.sequence, 0);
    assert!(first.uid.len() == 32 && first.uid.bytes().all(|b| b.is_ascii_hexdigit()));
    let other = meeting(w, "other").await;
    assert_ne!(found(w, other).await.unwrap().uid, first.uid);
    let later = MEETING.replace("14:00", "15:00");
    assert_eq!(w.post_with("meeting", "meeting-notice", &later).await, 2);
    assert_eq!(found(w, id).await, Some(first));
    assert_eq!(
        w.post_with("words", "meeting-notice", MEETING).await,
        2,
        "a meeting that came later"
    );
    assert_eq!(found(w, words).await.unwrap().sequence, 0);
}

async fn a_campaign_carries_the_sequence_it_was_made_with(w: &World) {
    let id = meeting(w, "meeting").await;
    w.reader("ann", "news", "immediate").await;
    let told = async || told_sequence(&mut w.db.read().await.unwrap(), id).await.unwrap();
    let first = w.queue("meeting").await.id;
    assert_eq!(told().await, None, "nobody was told before it is frozen");
    w.freeze().await;
    assert_eq!(told().await, Some(0));
    assert_eq!(raise(w, id).await, Some(1));
    w.reader("bob", "news", "immediate").await;
    let second = w.queue("meeting").await.id;
    assert_eq!((sequence(w, first).await, sequence(w, second).await), (0, 1));
    assert_eq!(told().await, Some(0), "nor before the second is");
    w.freeze().await;
    assert_eq!(told().await, Some(1));
}

async fn a_sequence_that_was_not_committed_was_not_raised(w: &World) {
    let id = meeting(w, "meeting").await;
    let mut write = w.write().await;
    assert_eq!(raise_sequence(&mut write, id).await.unwrap(), Some(1));
    drop(write);
    assert_eq!(found(w, id).await.unwrap().sequence, 0);
    assert_eq!(raise(w, id).await, Some(1));
}

async fn of_two_who_raise_at_once_each_gets_a_number_of_its_own(w: &World) {
    let id = meeting(w, "meeting").await;
    let (one, other) = tokio::join!(raise(w, id), raise(w, id));
    let mut both = [one.unwrap(), other.unwrap()];
    both.sort_unstable();
    assert_eq!(both, [1, 2]);
}

/// What can be done to a meeting, in any order, with a process that dies in the middle of it.
async fn no_history_lowers_a_sequence(w: &World) {
    let id = meeting(w, "meeting").await;
    let mut runner = TestRunner::deterministic();
    let steps = proptest::collection::vec(0..4_u8, 60).new_tree(&mut runner).unwrap().current();
    let mut raised = 0;
    for (number, step) in steps.into_iter().enumerate() {
        match step {
            0 => {
                raised += 1;
                assert_eq!(raise(w, id).await, Some(raised));
            }
            1 => drop(raise_sequence(&mut w.write().await, id).await.unwrap()),
            2 => {
                let more = MEETING.replace("16:30", &format!("17:{:02}", number % 60));
                w.post_with("meeting", "meeting-notice", &more).await;
            }
            _ => {
                w.reader(&format!("reader{number}"), "news", "immediate").await;
                w.announce("meeting").await;
            }
        }
        assert_eq!(found(w, id).await.unwrap().sequence, raised);
    }
    let carried = w.raw.numbers("SELECT sequence FROM campaign ORDER BY id").await;
    assert!(carried.is_sorted() && carried.len() > 5, "{carried:?}");
    assert!(carried.iter().all(|carried| (0..=raised).contains(carried)), "{carried:?}");
}

async fn a_posts_campaign_of_before_calendars_has_no_sequence(w: &World) {
    w.post("words", "announcement").await;
    w.reader("ann", "news", "immediate").await;
    let campaign = w.announce("words").await.id;
    assert_eq!(sequence(w, campaign).await, -1);
    assert_eq!(w.campaign(campaign).await.state, State::Running);
}

/// What calendars read in the mails of a campaign.
async fn calendar(w: &World, id: CampaignId) -> Read {
    let templates = Arc::new(Templates::embedded().unwrap());
    let press = Press::new(w.db.clone(), Arc::clone(&w.config), templates);
    let (rendition, _) = press.proof(&w.campaign(id).await, false).await.unwrap();
    let message = rendition.message(&Copy {
        to: &address("ann"),
        name: None,
        message_id: "1@example.org",
        date: w.now(),
        unsubscribe_url: "https://news.example.org/unsubscribe/x",
        lists: "News",
        rsvp_url: "https://news.example.org/rsvp/x",
    });
    let message = message.into_bytes();
    let message = MessageParser::default().parse(&message).unwrap();
    let file = message.attachment(0).unwrap().contents().to_owned();
    read(&[file]).remove(0)
}

async fn campaign_of(w: &World, kind: Kind, version: i64) -> CampaignId {
    let new = New {
        kind,
        subject: &line("About the meeting"),
        post: Some((post(w, "meeting").await, version)),
        digest: None,
        urgent: false,
        state: State::Scheduled,
        due_at: w.now(),
        expires_at: w.now().plus(Duration::from_mins(1)),
    };
    let mut write = w.write().await;
    raise_sequence(&mut write, new.post.unwrap().0).await.unwrap().unwrap();
    let id = insert(&mut write, &new, &["news".to_owned()], w.now()).await.unwrap();
    write.commit().await.unwrap();
    id
}

async fn a_correction_and_a_cancellation_replace_what_calendars_have(w: &World) {
    meeting(w, "meeting").await;
    let added = w.now();
    w.pass(60);
    let first = w.queue("meeting").await.id;
    let told = calendar(w, first).await;
    assert_eq!((told.method.as_str(), told.sequence, told.stamp), ("PUBLISH", 0, added.0 / 1000));
    w.post_with("meeting", "meeting-notice", &MEETING.replace("14:00", "15:00")).await;
    let edited = w.now();
    let update = calendar(w, campaign_of(w, Kind::Update, 2).await).await;
    assert_eq!((update.method.as_str(), update.sequence), ("PUBLISH", 1));
    assert_eq!((update.starts, update.stamp), (told.starts + 3600, edited.0 / 1000));
    w.pass(60);
    let cancelled = w.now();
    let campaign = campaign_of(w, Kind::Cancellation, 2).await;
    w.pass(60);
    let taken_back = calendar(w, campaign).await;
    assert_eq!((taken_back.method.as_str(), taken_back.status.as_str()), ("CANCEL", "CANCELLED"));
    assert_eq!((taken_back.sequence, taken_back.stamp), (2, cancelled.0 / 1000));
    assert!(update.uid == told.uid && taken_back.uid == told.uid);
    assert_eq!(calendar(w, first).await, told, "what is tried again says what it said");
}

/// The delivery of a campaign to this person.
async fn delivery(w: &World, campaign: CampaignId, name: &str) -> DeliveryId {
    let email = address(name);
    let sql = format!(
        "SELECT d.id FROM delivery d JOIN subscriber s ON s.id = d.subscriber_id \
         WHERE d.campaign_id = {campaign} AND s.email = '{}'",
        email.as_str()
    );
    DeliveryId(w.raw.number(&sql).await)
}

async fn say(w: &World, id: DeliveryId, said: Answer) {
    let mut write = w.write().await;
    answer(&mut write, id, said, w.now()).await.unwrap();
    write.commit().await.unwrap();
}

async fn given(w: &World, id: PostId) -> Vec<(String, Answer)> {
    let all = answers(&mut w.db.read().await.unwrap(), id).await.unwrap();
    all.into_iter().map(|Rsvp { email, answer, .. }| (email.local().to_owned(), answer)).collect()
}

async fn the_last_answer_counts(w: &World) {
    let id = meeting(w, "meeting").await;
    for name in ["ann", "bob", "cara"] {
        w.reader(name, "news", "immediate").await;
    }
    let campaign = w.announce("meeting").await.id;
    let of = async |name: &str| delivery(w, campaign, name).await;
    let (ann, bob) = (of("ann").await, of("bob").await);
    let last = async || asked(&mut w.db.read().await.unwrap(), ann).await.unwrap().unwrap().answer;
    assert_eq!(last().await, None);
    say(w, bob, Answer::Coming).await;
    say(w, ann, Answer::Coming).await;
    assert_eq!(last().await, Some(Answer::Coming));
    say(w, ann, Answer::NotComing).await;
    say(w, ann, Answer::NotComing).await;
    assert_eq!(last().await, Some(Answer::NotComing));
    let said = given(w, id).await;
    assert_eq!(
        said,
        [("bob".to_owned(), Answer::Coming), ("ann".to_owned(), Answer::NotComing)],
        "nobody answers for Cara"
    );
}

async fn nothing_is_kept_of_somebody_who_was_erased_or_of_a_digest(w: &World) {
    let id = meeting(w, "meeting").await;
    w.reader("ann", "news", "immediate").await;
    w.reader("bob", "news", "weekly").await;
    let campaign = w.announce("meeting").await.id;
    let ann = delivery(w, campaign, "ann").await;
    let edition = w.edition("weekly").await.unwrap().id;
    let bob = delivery(w, edition, "bob").await;
    say(w, ann, Answer::Coming).await;
    let erase = "UPDATE subscriber SET email = NULL, email_key = NULL, erased_at = 1 WHERE email LIKE 'ann%'";
    w.raw.run(erase).await.unwrap();
    for nobody in [ann, bob, DeliveryId(4711)] {
        assert!(asked(&mut w.db.read().await.unwrap(), nobody).await.unwrap().is_none());
        say(w, nobody, Answer::NotComing).await;
    }
    assert_eq!(given(w, id).await, []);
    assert_eq!(w.raw.words("SELECT answer FROM rsvp").await, ["coming"]);
}
