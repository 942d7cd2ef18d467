//! Single decisions; stories are told in `tests/it/simulation.rs`.

use super::*;
use crate::address::EmailAddress;
use crate::config::OnInDoubt;
use crate::delivery::{Priority, State};
use crate::id::{CampaignId, RenditionId};
use crate::transport::{Fault, Outcome, Reply, SendError, Stage};

fn core(connections: usize, window: usize) -> Core {
    let minutes = |n| vec![Duration::from_mins(n)];
    let settings = config::Delivery {
        window,
        on_in_doubt: OnInDoubt::Resend,
        give_up_after: Duration::from_hours(1),
        stale_after: Duration::from_hours(6),
        retry: minutes(1),
        relay_retry: minutes(1),
        lease: Duration::from_mins(30),
    };
    let pace = config::Pace::default();
    let relay = Relay { name: "main".into(), connections, pace, weight: None };
    Core::new(&settings, &[relay], &[])
}

fn at(seconds: u64) -> Now {
    let millis = i64::try_from(seconds * 1000).unwrap();
    Now { wall: Timestamp(millis), steady: Duration::from_secs(seconds) }
}

fn taken(count: i64) -> Event {
    let errand = |id| {
        let claim = Claim {
            id: DeliveryId(id),
            fence: 1,
            campaign: CampaignId(1),
            attempts: 0,
            expires_at: Timestamp(i64::MAX),
        };
        Taken::Wanted(Box::new(Errand {
            claim,
            priority: Priority::News,
            rendition: RenditionId(1),
            discreet: false,
            email: EmailAddress::parse("ann@example.org").unwrap(),
            name: None,
            message_id: id.to_string(),
            dated_at: Timestamp(0),
            subscriptions: Vec::new(),
        }))
    };
    Event::Claimed((1..=count).map(errand).collect())
}

fn tried(result: Result<Outcome, SendError>) -> Happened {
    Happened::Tried { relay: "main".into(), at: Timestamp(0), took: Duration::ZERO, result }
}

fn accepted() -> Happened {
    let reply = Reply { stage: Stage::Dot, code: 250, enhanced: None, text: "ok".into() };
    tried(Ok(Outcome::Accepted(reply)))
}

fn fault() -> Happened {
    tried(Err(Fault { stage: Stage::Connect, reply: None, text: "refused".into() }.into()))
}

/// The commands as words: `carry 1 7` is worker 1 with delivery 7.
fn step(core: &mut Core, seconds: u64, event: Event) -> Vec<String> {
    let word = |command: &Command| match command {
        Command::Claim(_) => "claim".to_owned(),
        Command::Carry(worker, errand) => format!("carry {} {}", worker.0, errand.claim.id),
        Command::Look(claims) => format!("look {}", claims.len()),
        Command::Go(worker, next) => {
            let next =
                next.as_ref().map_or(String::new(), |next| format!(" then {}", next.claim.id));
            format!("go {}{next}", worker.0)
        }
        Command::Leave(worker) => format!("leave {}", worker.0),
        Command::Close(worker) => format!("close {}", worker.0),
        Command::Keep(records) => format!("keep {}", records.len()),
    };
    core.step(at(seconds), event).iter().map(word).collect()
}

/// Looks are answered: all may be mailed. What else is to be done.
fn fed(core: &mut Core, seconds: u64, count: i64) -> Vec<String> {
    answered(core, seconds, taken(count))
}

fn answered(core: &mut Core, seconds: u64, event: Event) -> Vec<String> {
    let (mut done, mut event) = (Vec::new(), Some(event));
    while let Some(this) = event.take() {
        for word in step(core, seconds, this) {
            match word.strip_prefix("look ") {
                Some(many) => event = Some(Event::Looked(vec![None; many.parse().unwrap()])),
                None => done.push(word),
            }
        }
    }
    done
}

#[test]
fn a_mail_goes_its_way_and_the_next_is_announced_behind_it() {
    let (mut core, one) = (core(1, 8), WorkerId(0));
    assert_eq!(step(&mut core, 0, Event::Woken), ["claim"]);
    assert_eq!(step(&mut core, 0, taken(20)), ["look 4", "claim"]);
    assert_eq!(step(&mut core, 0, Event::Looked(vec![None; 4])), ["carry 0 1"]);
    assert_eq!(step(&mut core, 0, Event::Opened(one)), ["go 0 then 2", "look 2"]);
    assert_eq!(step(&mut core, 0, Event::Looked(vec![None; 2])), [""; 0]);
    assert_eq!(step(&mut core, 0, Event::Done(one, accepted())), [""; 0], "others may come");
    assert_eq!(step(&mut core, 0, Event::Opened(one)), ["go 0 then 3"]);
    assert!(core.rest(at(0)) <= Duration::from_millis(10));
    assert_eq!(step(&mut core, 1, Event::Woken), ["keep 1", "look 4"]);
}

#[test]
fn the_last_result_is_kept_at_once() {
    let (mut core, one) = (core(1, 8), WorkerId(0));
    step(&mut core, 0, Event::Woken);
    fed(&mut core, 0, 1);
    step(&mut core, 0, Event::Opened(one));
    assert_eq!(step(&mut core, 0, Event::Done(one, accepted())), ["keep 1"]);
}

#[test]
fn a_relay_that_thinks_for_long_is_looked_behind() {
    let (mut core, one) = (core(1, 8), WorkerId(0));
    step(&mut core, 0, Event::Woken);
    assert_eq!(fed(&mut core, 0, 1), ["claim", "carry 0 1"]);
    assert_eq!(core.window_used(), 1);
    assert_eq!(step(&mut core, 9, Event::Opened(one)), ["look 1"]);
    assert_eq!(step(&mut core, 10, Event::Looked(vec![None])), ["look 1"], "that took a second");
    assert_eq!(
        step(&mut core, 10, Event::Looked(vec![Some("unsubscribed")])),
        ["leave 0", "keep 1"]
    );
    assert_eq!(core.window_used(), 0);
}

#[test]
fn under_hold_the_look_is_the_mark_and_comes_last() {
    let (mut core, one) = (core(1, 8), WorkerId(0));
    core.settings.on_in_doubt = OnInDoubt::Hold;
    step(&mut core, 0, Event::Woken);
    assert_eq!(step(&mut core, 0, taken(20)), ["carry 0 1"]);
    assert_eq!(step(&mut core, 0, Event::Opened(one)), ["look 1"]);
    assert_eq!(step(&mut core, 0, Event::Looked(vec![None])), ["go 0 then 2"]);
    step(&mut core, 0, Event::Done(one, accepted()));
    assert_eq!(step(&mut core, 0, Event::Opened(one)), ["look 1"]);
}

#[test]
fn a_few_mails_do_not_queue_for_one_connection() {
    let mut core = core(2, 32);
    step(&mut core, 0, Event::Woken);
    assert_eq!(fed(&mut core, 0, 2), ["claim", "carry 0 1", "carry 1 2"]);
    assert_eq!(step(&mut core, 0, Event::Opened(WorkerId(0))), ["go 0"]);
}

#[test]
fn a_held_relay_is_probed_by_one_mail_alone() {
    let mut core = core(2, 32);
    step(&mut core, 0, Event::Woken);
    fed(&mut core, 0, 20);
    let held = step(&mut core, 0, Event::Done(WorkerId(0), fault()));
    assert_eq!(held, ["keep 19", "close 0"], "what was queued goes back with it");
    step(&mut core, 0, Event::Done(WorkerId(1), fault()));
    assert_eq!(step(&mut core, 59, Event::Woken), [""; 0]);
    let probe = fed(&mut core, 60, 20);
    assert_eq!(probe, ["claim", "carry 1 1"]);
    let alone = answered(&mut core, 60, Event::Opened(WorkerId(1)));
    assert_eq!(alone, ["go 1"], "and nothing behind it");
    let open = answered(&mut core, 60, Event::Done(WorkerId(1), accepted()));
    assert!(open.contains(&"carry 1 2".to_owned()), "{open:?}");
}

#[test]
fn nothing_is_opened_while_as_many_results_as_the_window_has_wait_to_be_kept() {
    for policy in [OnInDoubt::Resend, OnInDoubt::Hold] {
        let mut core = core(8, 8);
        core.settings.on_in_doubt = policy;
        step(&mut core, 0, Event::Woken);
        let first = fed(&mut core, 0, 40);
        let carries = |all: &[String]| all.iter().filter(|one| one.starts_with("carry")).count();
        let mut begun = carries(&first);
        let refused = || {
            let reply = Reply { stage: Stage::Rcpt, code: 550, enhanced: None, text: "no".into() };
            tried(Ok(Outcome::Refused(reply)))
        };
        for _ in 0..8 {
            for worker in 0..8 {
                let event = Event::Done(WorkerId(worker), refused());
                begun += carries(&answered(&mut core, 0, event));
            }
        }
        assert!((8..16).contains(&begun), "{policy:?}: {begun}");
    }
}

#[test]
fn what_was_looked_at_and_not_taken_up_is_looked_at_again() {
    let mut core = core(1, 8);
    step(&mut core, 0, Event::Woken);
    fed(&mut core, 0, 20);
    assert_eq!(core.window_used(), 4, "one under way, three that are next");
    assert_eq!(step(&mut core, 1, Event::Woken), ["look 4"]);
    assert_eq!(core.window_used(), 5);
}

/// All of a campaign is unwanted at once when its post is withdrawn, or it has expired.
#[test]
fn no_more_is_claimed_than_can_be_kept() {
    let mut core = core(1, 8);
    let mut claims = usize::from(step(&mut core, 0, Event::Woken) == ["claim"]);
    for batch in 0..50 {
        let unwanted = |row: i64| {
            let claim = Claim {
                id: DeliveryId(batch * 256 + row),
                fence: 1,
                campaign: CampaignId(1),
                attempts: 0,
                expires_at: Timestamp(i64::MAX),
            };
            Taken::Unwanted(claim, "withdrawn")
        };
        let commands = step(&mut core, 0, Event::Claimed((1..=256).map(unwanted).collect()));
        if !commands.contains(&"claim".to_owned()) {
            break;
        }
        claims += 1;
    }
    assert!(claims <= 3, "{claims} claims, and not one record is kept");
}

mod domain;

/// The claim gives it the discreet form next time; its campaign goes on.
#[test]
fn a_plain_mail_to_somebody_who_asked_for_discretion_goes_back_alone() {
    let back = |reason| {
        let mut core = core(1, 8);
        step(&mut core, 0, Event::Woken);
        step(&mut core, 0, taken(20));
        let mut commands = core.step(at(0), Event::Looked(vec![None, Some(reason), None, None]));
        commands.extend(core.step(at(1), Event::Woken));
        let kept = commands.into_iter().filter_map(|command| match command {
            Command::Keep(records) => Some(records),
            _ => None,
        });
        let kept = kept.flatten().map(|record| (record.claim.id.0, record.verdict.state));
        kept.collect::<Vec<_>>()
    };
    assert_eq!(back("anew"), [(2, State::Queued)]);
    assert_eq!(back("quiet"), [(2, State::Queued)]);
    assert_eq!(back("unsubscribed"), [(2, State::Suppressed)]);
    assert!(back("not now").len() > 1, "of a paused campaign all that wait go back");
}
