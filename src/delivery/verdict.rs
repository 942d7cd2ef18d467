//! What an answer means for the person, for the relay and for the campaign. Pure.
//!
//! The stage decides (RFC 5321 §4.2.1, standards R20–R21): up to MAIL nobody was even named, so a
//! refusal is about us or the relay; from RCPT on it is about this recipient; after the final dot
//! silence means doubt. Which refusals are about the address and which about us, [`bearing`] tells.

use std::time::Duration;

use super::bearing::{Bearing, bearing};
use super::{Claim, Happened, State};
use crate::clock::Timestamp;
use crate::config::{Delivery, OnInDoubt};
use crate::transport::{Fault, Outcome, Reply, SendError, Stage};

/// What to record about a delivery, and what else follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub state: State,
    pub reason: Option<String>,
    /// When it may be claimed again; set exactly for `queued` and `deferred`.
    pub next_at: Option<Timestamp>,
    /// Whether this counts as one of the person's attempts.
    pub counts: bool,
    /// Whether the person may be sent these posts again: it ended, and no final dot was sent.
    pub releases_ledger: bool,
    /// Why the campaign must be paused: nothing of it can be sent.
    pub pauses_campaign: Option<String>,
    /// Of a refusal only: whom it is about. A hard one suppresses, many by policy pause the campaign.
    pub bearing: Option<Bearing>,
}

impl Verdict {
    fn end(state: State, reason: Option<String>) -> Self {
        let releases_ledger = state != State::Accepted;
        Self {
            state,
            reason,
            next_at: None,
            counts: true,
            releases_ledger,
            pauses_campaign: None,
            bearing: None,
        }
    }

    fn again(state: State, next_at: Timestamp, reason: Option<String>) -> Self {
        Self { next_at: Some(next_at), releases_ledger: false, ..Self::end(state, reason) }
    }
}

/// Judges what became of a claim.
pub(crate) fn verdict(
    claim: &Claim,
    happened: &Happened,
    settings: &Delivery,
    now: Timestamp,
) -> Verdict {
    match happened {
        Happened::Tried { result: Ok(outcome), .. } => of_outcome(claim, outcome, settings, now),
        Happened::Tried { result: Err(SendError::Fault(fault)), .. } => {
            of_fault(claim, fault, settings, now)
        }
        Happened::Tried { result: Err(SendError::Malformed(why)), .. } | Happened::Ours(why) => {
            ours(why, now)
        }
        // What else a digest held comes in the next edition: its ledger row is free again.
        Happened::Unwanted(reason @ ("withdrawn" | "corrected" | "not coming" | "left a list")) => {
            Verdict { counts: false, ..Verdict::end(State::Cancelled, Some((*reason).to_owned())) }
        }
        Happened::Unwanted("expired") => {
            Verdict { counts: false, ..Verdict::end(State::Expired, None) }
        }
        Happened::Unwanted(reason) => {
            Verdict { counts: false, ..Verdict::end(State::Suppressed, Some((*reason).to_owned())) }
        }
        Happened::Untried => Verdict { counts: false, ..Verdict::again(State::Queued, now, None) },
        // one that expires before is claimed then, and ends
        Happened::Later(at) => {
            let at = (*at).min(claim.expires_at);
            Verdict { counts: false, ..Verdict::again(State::Queued, at, None) }
        }
    }
}

fn of_outcome(claim: &Claim, outcome: &Outcome, settings: &Delivery, now: Timestamp) -> Verdict {
    match outcome {
        Outcome::Accepted(_) => Verdict::end(State::Accepted, None),
        Outcome::Deferred(reply) => later(claim, words(reply), settings, now),
        Outcome::Refused(reply) => of_refusal(claim, reply, settings, now),
        Outcome::InDoubt(why) => match settings.on_in_doubt {
            OnInDoubt::Resend => later(claim, why.clone(), settings, now),
            OnInDoubt::Hold => Verdict {
                releases_ledger: false,
                ..Verdict::end(State::InDoubt, Some(why.clone()))
            },
        },
    }
}

/// What is about us is no fault of the person's: once it is mended they get it (promise 8).
fn of_refusal(claim: &Claim, reply: &Reply, settings: &Delivery, now: Timestamp) -> Verdict {
    let bearing = bearing(reply);
    let verdict = match bearing {
        Bearing::Policy => later(claim, words(reply), settings, now),
        Bearing::Hard | Bearing::Soft => Verdict {
            releases_ledger: reply.stage < Stage::Dot,
            ..Verdict::end(State::Failed, Some(words(reply)))
        },
    };
    Verdict { bearing: Some(bearing), ..verdict }
}

fn of_fault(claim: &Claim, fault: &Fault, settings: &Delivery, now: Timestamp) -> Verdict {
    if is_too_large(fault) {
        // without the relay's words: this is logged
        return ours(TOO_LARGE, now);
    }
    if holds_relay(fault) {
        return Verdict { counts: false, ..Verdict::again(State::Queued, now, None) };
    }
    // The connection broke while this person's mail was under way: try it again later, so that a
    // message which breaks its relay each time cannot hold up the others.
    later(claim, fault.to_string(), settings, now)
}

/// Whether a fault is the relay's as a whole: nobody had been named yet.
pub fn holds_relay(fault: &Fault) -> bool {
    fault.stage < Stage::Rcpt && !is_too_large(fault)
}

const TOO_LARGE: &str = "the relay answered 552 to MAIL: the message is larger than it takes (SIZE); send smaller \
     pictures and attachments, or links to them";

/// MAIL tells the size, and 552 is about that (RFC 1870 §6.1) unless its code says otherwise: every
/// copy of this campaign is as large, and the mails of others are not.
fn is_too_large(fault: &Fault) -> bool {
    let about_size = |reply: &Reply| {
        let enhanced = reply.enhanced.as_deref();
        reply.code == 552 && matches!(enhanced, None | Some("5.2.3" | "5.3.4"))
    };
    fault.stage == Stage::Mail && fault.reply.as_ref().is_some_and(about_size)
}

fn ours(why: &str, now: Timestamp) -> Verdict {
    Verdict {
        counts: false,
        pauses_campaign: Some(why.to_owned()),
        ..Verdict::again(State::Queued, now, None)
    }
}

/// Another try along the schedule, unless the campaign has expired by then.
fn later(claim: &Claim, why: String, settings: &Delivery, now: Timestamp) -> Verdict {
    if now >= claim.expires_at {
        return Verdict::end(State::Expired, Some(why));
    }
    let step = usize::try_from(claim.attempts).unwrap_or(usize::MAX);
    let delay = pick(&settings.retry, step);
    let next = now.plus(delay + jitter(claim, delay));
    Verdict::again(State::Deferred, next.min(claim.expires_at), Some(why))
}

/// The value of a schedule at a step; the last one repeats.
pub fn pick(schedule: &[Duration], step: usize) -> Duration {
    schedule.get(step).or(schedule.last()).copied().unwrap_or(Duration::from_mins(1))
}

/// Up to a tenth more, so that what failed together does not come back together. Told from the
/// row, not drawn: a run can be repeated.
fn jitter(claim: &Claim, delay: Duration) -> Duration {
    let row = claim.id.0.cast_unsigned() ^ (claim.attempts.cast_unsigned() << 32);
    // the high bits of a golden-ratio hash: 0 to 255
    let [.., mixed] = row.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    delay * u32::from(mixed) / 2560
}

fn words(reply: &Reply) -> String {
    format!("{} {}", reply.code, reply.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{CampaignId, DeliveryId};

    const NOW: Timestamp = Timestamp(1_000_000);

    fn claim(attempts: i64) -> Claim {
        let expires_at = Timestamp(NOW.0 + 3_600_000);
        Claim { id: DeliveryId(7), fence: 1, campaign: CampaignId(1), attempts, expires_at }
    }

    fn settings(on_in_doubt: OnInDoubt) -> Delivery {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        Delivery {
            window: 32,
            on_in_doubt,
            give_up_after: minutes(60),
            stale_after: minutes(360),
            retry: vec![minutes(1), minutes(5)],
            relay_retry: vec![minutes(1)],
            lease: minutes(30),
        }
    }

    fn tried(result: Result<Outcome, SendError>) -> Happened {
        Happened::Tried { relay: "main".into(), at: NOW, took: Duration::ZERO, result }
    }

    fn reply(stage: Stage, code: u16) -> Reply {
        Reply { stage, code, enhanced: None, text: "words".into() }
    }

    fn judge(attempts: i64, result: Result<Outcome, SendError>) -> Verdict {
        verdict(&claim(attempts), &tried(result), &settings(OnInDoubt::Resend), NOW)
    }

    fn fault(stage: Stage) -> Result<Outcome, SendError> {
        Err(SendError::Fault(Fault { stage, reply: None, text: "gone".into() }))
    }

    #[test]
    fn a_refusal_of_the_recipient_fails_that_person_and_frees_the_ledger() {
        let at_rcpt = judge(0, Ok(Outcome::Refused(reply(Stage::Rcpt, 550))));
        assert_eq!((at_rcpt.state, at_rcpt.releases_ledger), (State::Failed, true));
        let after_dot = judge(0, Ok(Outcome::Refused(reply(Stage::Dot, 554))));
        assert_eq!((after_dot.state, after_dot.releases_ledger), (State::Failed, false));
        assert_eq!(after_dot.bearing, Some(Bearing::Soft));
    }

    #[test]
    fn a_refusal_by_policy_defers_the_person() {
        for stage in [Stage::Rcpt, Stage::Dot] {
            let refused = Reply { text: "DMARC".into(), ..reply(stage, 550) };
            let verdict = judge(0, Ok(Outcome::Refused(refused)));
            assert_eq!((verdict.state, verdict.releases_ledger), (State::Deferred, false));
            assert_eq!((verdict.bearing, verdict.counts), (Some(Bearing::Policy), true));
            assert!(verdict.next_at.is_some());
        }
    }

    #[test]
    fn a_fault_of_ours_is_never_the_readers_fault() {
        for stage in [Stage::Connect, Stage::Hello, Stage::Tls, Stage::Auth, Stage::Mail] {
            let verdict = judge(0, fault(stage));
            assert_eq!((verdict.state, verdict.counts), (State::Queued, false), "{stage}");
        }
        let malformed = judge(0, Err(SendError::Malformed("bare LF".into())));
        assert_eq!(malformed.state, State::Queued);
        assert!(malformed.pauses_campaign.is_some());
    }

    #[test]
    fn a_message_that_is_too_large_for_the_relay_stops_its_campaign_and_no_other() {
        // RFC 1870 §6.1: 552 to MAIL is about the size that it told
        let too_large =
            Reply { text: "message size exceeds limit".into(), ..reply(Stage::Mail, 552) };
        let fault = Fault { stage: Stage::Mail, reply: Some(too_large), text: "552".into() };
        assert!(!holds_relay(&fault), "others fit");
        let verdict = judge(0, Err(fault.into()));
        assert_eq!((verdict.state, verdict.counts), (State::Queued, false));
        assert!(verdict.pauses_campaign.is_some());
    }

    #[test]
    fn a_deferral_waits_along_the_schedule_and_jitter_only_adds() {
        for (attempts, least) in [(0, 60_000), (1, 300_000), (9, 300_000)] {
            let verdict = judge(attempts, Ok(Outcome::Deferred(reply(Stage::Rcpt, 450))));
            let wait = verdict.next_at.unwrap().0 - NOW.0;
            assert_eq!(verdict.state, State::Deferred);
            assert!((least..=least + least / 10).contains(&wait), "{attempts}: {wait}");
        }
    }

    #[test]
    fn a_connection_that_breaks_under_way_defers_the_person_only() {
        for stage in [Stage::Rcpt, Stage::Data, Stage::Body] {
            assert_eq!(judge(0, fault(stage)).state, State::Deferred, "{stage}");
        }
    }

    #[test]
    fn doubt_is_sent_again_or_held_as_configured() {
        let happened = tried(Ok(Outcome::InDoubt("no reply".into())));
        let resend = verdict(&claim(0), &happened, &settings(OnInDoubt::Resend), NOW);
        assert_eq!((resend.state, resend.releases_ledger), (State::Deferred, false));
        let hold = verdict(&claim(0), &happened, &settings(OnInDoubt::Hold), NOW);
        assert_eq!((hold.state, hold.releases_ledger, hold.next_at), (State::InDoubt, false, None));
    }

    #[test]
    fn after_its_expiry_a_deferral_ends_the_delivery() {
        let late = Claim { expires_at: NOW, ..claim(3) };
        let happened = tried(Ok(Outcome::Deferred(reply(Stage::Rcpt, 450))));
        let verdict = verdict(&late, &happened, &settings(OnInDoubt::Resend), NOW);
        assert_eq!((verdict.state, verdict.releases_ledger), (State::Expired, true));
    }

    #[test]
    fn what_no_longer_holds_or_is_not_wanted_is_cancelled_and_suppresses_nobody() {
        for reason in ["withdrawn", "corrected", "not coming", "left a list"] {
            let happened = Happened::Unwanted(reason);
            let verdict = verdict(&claim(0), &happened, &settings(OnInDoubt::Resend), NOW);
            assert_eq!(
                (verdict.state, verdict.reason.as_deref()),
                (State::Cancelled, Some(reason))
            );
            assert!(verdict.releases_ledger && !verdict.counts);
        }
    }
}
