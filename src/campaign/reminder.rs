//! Readers are reminded of a meeting, by a ladder of steps that lead up to it: `14d, 1d`.
//!
//! A ladder is laid in the transaction that announces the meeting, and anew whenever a daemon starts, for
//! the configuration may have changed. The steps are kept by the start of the meeting: one that is moved
//! has a ladder of its own, and no start is reminded of twice by one step.
//!
//! # What always holds
//! * A reminder goes to exactly those who had the notice, in any version and by any way, by the lists that
//!   it came by and as far as they still read them, unless they said that they are not coming.
//! * A step whose time had passed when its ladder was laid is never made up, unless a clock that ran ahead
//!   said so, and was put right since. Of several that came due while
//!   no daemon ran only the latest goes out, none of them more than a day late, and none once the meeting has
//!   begun.
//! * A step that was sent is not sent again for a start less than a day away from that one: whoever was told
//!   of another hour was told by the correction.
//! * While a correction waits no step is sent, for what it would say is known not to hold.
//! * That a step has fired is recorded in the transaction that freezes its campaign: after a crash both are
//!   there, or neither.
//! * A newer version ends the reminders of an earlier one: what waits is not sent.
//! * A list that asks for approval is reminded of the newest version that it announced itself, by that
//!   version's ladder, whatever another list announced since; who reads both is reminded of the newer one.

use std::collections::BTreeMap;
use std::time::Duration;

use super::action::Actor;
use super::freeze::Started;
use super::store::{self, Coming, New, Rung, Sequel};
use super::{Action, Kind, State, sequel};
use crate::clock::Timestamp;
use crate::clock::step::Step;
use crate::config::Config;
use crate::db::{Db, Error, Session, Write};
use crate::id::{CampaignId, PostId};
use crate::post::store as posts;
use crate::post::{Meeting, Post};

/// How late a step may be, and how far a meeting is moved before it counts as another.
const DAY: Duration = Duration::from_hours(24);

/// Every step before a post's meeting and its time, the longest first, by the post's own ladder or by its
/// kind's; and when the meeting begins. None of a post without a meeting.
pub fn ladder(config: &Config, post: &Post) -> Option<(Timestamp, Vec<(Step, Timestamp)>)> {
    let meeting = post.meeting.as_ref()?;
    let Meeting { starts, timezone, reminders, .. } = meeting;
    let starts_at = Timestamp::on_the_wall_or_after(*starts, *timezone)?;
    let steps = reminders.as_ref().or_else(|| config.reminder.get(&post.kind));
    let timed = |step: &Step| Some((*step, step.before(*starts, *timezone)?));
    let timed = steps.into_iter().flatten().filter_map(timed);
    // clocks that jump may leave nothing of a day
    Some((starts_at, timed.filter(|(_, at)| *at < starts_at).collect()))
}

/// A version that holds for readers of some lists, its ladder, and these lists.
struct Holding {
    version: i64,
    lists: Vec<String>,
    starts_at: Timestamp,
    steps: Vec<(Step, Timestamp)>,
    withdrawn: bool,
}

impl Holding {
    fn has(&self, rung: &Rung) -> bool {
        self.starts_at == rung.starts_at && self.steps.iter().any(|(step, _)| *step == rung.step)
    }
}

/// What holds for the readers of each list that announced a post, the newest version first: the newest of
/// all, but for a list that asks for approval the newest that it announced itself.
async fn holding(
    session: &mut impl Session,
    config: &Config,
    post: PostId,
) -> anyhow::Result<Vec<Holding>> {
    let announced = posts::announced_by_list(session, post).await?;
    let newest = announced.iter().map(|(_, version)| *version).max().unwrap_or_default();
    let mut by_version: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for (list, own) in announced {
        let version = if config.asks_for_approval(&list) { own } else { newest };
        by_version.entry(version).or_default().push(list);
    }
    let mut all = Vec::with_capacity(by_version.len());
    for (version, lists) in by_version.into_iter().rev() {
        let stored = posts::version(session, post, version).await?;
        let withdrawn = stored.withdrawn_at.is_some();
        let (starts_at, steps) =
            ladder(config, &stored.post()?).unwrap_or((Timestamp(0), Vec::new()));
        all.push(Holding { version, lists, starts_at, steps, withdrawn });
    }
    Ok(all)
}

/// Lays the ladders of a post by the versions that hold: what came due before is passed over, what leads
/// to another start no longer stands, and reminders of what holds for none of their readers end.
pub(super) async fn lay(
    write: &mut Write,
    config: &Config,
    post: PostId,
    now: Timestamp,
) -> anyhow::Result<()> {
    let holding = holding(write, config, post).await?;
    let mut gone = store::rungs(write, post).await?;
    gone.retain(|rung| !holding.iter().any(|one| one.has(rung)));
    for rung in &gone {
        store::drop_rung(write, post, rung).await?;
    }
    for one in holding.iter().filter(|one| now < one.starts_at) {
        let starts_at = one.starts_at;
        for (step, due_at) in one.steps.iter().copied() {
            let sent = was_sent(&gone, step, starts_at);
            let fired_at = (sent || due_at <= now).then_some(now);
            let rung = Rung { starts_at, step, due_at, fired_at, campaign_id: None };
            if !sent {
                store::pass_over_no_more(write, post, &rung, now).await?;
            }
            store::keep_rung(write, post, &rung).await?;
        }
    }
    stop_stale(write, post, &holding, now).await
}

/// Ends what is not sent yet of reminders that hold for none of their lists any more: the daemon's next
/// round ends their mails.
async fn stop_stale(
    write: &mut Write,
    post: PostId,
    holding: &[Holding],
    now: Timestamp,
) -> anyhow::Result<()> {
    let why = Some("a newer version was announced");
    for (id, state, version) in store::open_reminders(write, post).await? {
        let lists = store::lists(write, id).await?;
        let holds = |one: &Holding| {
            one.version <= version && one.lists.iter().any(|list| lists.contains(list))
        };
        if !holding.iter().any(holds)
            && store::change(write, id, state, State::Cancelled, why, now).await?
        {
            store::log(write, id, &Actor::machine(), Action::Cancelled, why, now).await?;
        }
    }
    Ok(())
}

/// Whether readers were reminded by this step, of a start that is about the same and holds no more.
fn was_sent(known: &[Rung], step: Step, starts_at: Timestamp) -> bool {
    let near =
        |rung: &Rung| starts_at < rung.starts_at.plus(DAY) && rung.starts_at < starts_at.plus(DAY);
    known.iter().any(|rung| rung.step == step && rung.campaign_id.is_some() && near(rung))
}

/// Lays every ladder of a meeting to come, as the configuration has it now; a post that cannot be read
/// keeps the one it has.
pub async fn lay_all(db: &Db, config: &Config, now: Timestamp) -> anyhow::Result<()> {
    for post in store::posts_with_meeting(&mut db.read().await?).await? {
        match is_ahead(db, config, post, now).await {
            Ok(false) => continue,
            Ok(true) => {}
            Err(error) => {
                tracing::warn!(post = post.0, "its reminders are as they were: {error:#}");
                continue;
            }
        }
        let mut write = db.write().await?;
        store::take_turn(&mut write).await?;
        lay(&mut write, config, post, now).await?;
        write.commit().await?;
    }
    Ok(())
}

/// Whether the meeting is still to come; most of those that were ever announced are not.
async fn is_ahead(db: &Db, config: &Config, post: PostId, now: Timestamp) -> anyhow::Result<bool> {
    let mut read = db.read().await?;
    Ok(holding(&mut read, config, post).await?.iter().any(|one| now < one.starts_at))
}

/// What is to come, as far as no more is announced, corrected or withdrawn.
pub async fn coming(session: &mut impl Session, now: Timestamp) -> anyhow::Result<Vec<Coming>> {
    Ok(store::coming(session, now.minus(DAY), now).await?)
}

/// Sends every reminder whose time has come: one campaign each, frozen at once.
pub async fn plan_due(db: &Db, config: &Config, now: Timestamp) -> anyhow::Result<Vec<Started>> {
    let mut started = Vec::new();
    for post in store::posts_due(&mut db.read().await?, now).await? {
        match plan(db, config, post, now).await {
            Ok(planned) => started.extend(planned),
            // The next round tries again; the others do not wait for it.
            Err(error) if error.is::<Error>() => {
                tracing::debug!(post = post.0, "not reminded of yet: {error:#}");
            }
            Err(error) => tracing::error!(post = post.0, "nobody can be reminded of it: {error:#}"),
        }
    }
    Ok(started)
}

async fn plan(
    db: &Db,
    config: &Config,
    post: PostId,
    now: Timestamp,
) -> anyhow::Result<Vec<Started>> {
    let mut write = db.write().await?;
    // whoever plans, freezes or withdraws now is before us, and has written, or after us, and sees it
    store::take_turn(&mut write).await?;
    let started = fire(&mut write, config, post, now).await?;
    write.commit().await?;
    Ok(started)
}

/// The latest step that is due of each ladder goes out, the others are passed over; all of them when it is
/// too late or the post is withdrawn. None that another daemon has fired.
async fn fire(
    write: &mut Write,
    config: &Config,
    post: PostId,
    now: Timestamp,
) -> anyhow::Result<Vec<Started>> {
    // it may have been queued since somebody looked what is due
    if store::is_to_be_corrected(write, post, now).await? {
        return Ok(Vec::new());
    }
    let mut due = store::rungs(write, post).await?;
    due.retain(|rung| rung.fired_at.is_none() && rung.due_at <= now);
    let holding = holding(write, config, post).await?;
    let mut sent: Vec<(Rung, Started)> = Vec::new();
    for one in &holding {
        // what a ladder was, as long as no daemon has laid it anew
        let latest = due.iter().rfind(|rung| holding.len() == 1 || one.has(rung));
        let in_time = |rung: &Rung| now < rung.starts_at && now <= rung.due_at.plus(DAY);
        if let Some(rung) = latest.copied().filter(in_time)
            && let Some(started) = send(write, config, post, (one, &rung), now).await?
        {
            sent.push((rung, started));
        }
    }
    for rung in &due {
        let campaign = sent.iter().find(|(of, _)| of == rung).map(|(_, started)| started.id);
        store::fire_rung(write, post, rung, campaign, now).await?;
        if campaign.is_none() && !holding.iter().any(|one| one.withdrawn) {
            let step = rung.step;
            tracing::warn!(
                post = post.0,
                "its reminder {step} before is passed over, and not sent"
            );
        }
    }
    Ok(sent.into_iter().map(|(_, started)| started).collect())
}

/// The campaign of one step, frozen; none of a post that is withdrawn.
async fn send(
    write: &mut Write,
    config: &Config,
    post: PostId,
    (holding, rung): (&Holding, &Rung),
    now: Timestamp,
) -> anyhow::Result<Option<Started>> {
    let version = holding.version;
    let stored = posts::version(write, post, version).await?;
    if stored.withdrawn_at.is_some() {
        return Ok(None);
    }
    let new = New {
        kind: Kind::Reminder,
        subject: &stored.title,
        post: Some((post, version)),
        digest: None,
        urgent: false,
        state: State::Scheduled,
        due_at: rung.due_at,
        expires_at: rung.starts_at.min(now.plus(config.delivery.give_up_after)),
    };
    let id = store::insert(write, &new, &holding.lists, now).await?;
    let (by, detail) = (Actor::machine(), format!("the reminder {} before", rung.step));
    store::log(write, id, &by, Action::Queued, Some(&detail), now).await?;
    let told = store::told_sequence(write, post).await?;
    store::carry_told_sequence(write, id, told).await?;
    Ok(Some(freeze(write, config, id, (post, version), rung.step, now).await?))
}

async fn freeze(
    write: &mut Write,
    config: &Config,
    id: CampaignId,
    told: (PostId, i64),
    step: Step,
    now: Timestamp,
) -> anyhow::Result<Started> {
    store::begin(write, id, now).await?;
    sequel::address(write, config, id, Sequel::Reminder(step), told, now).await?;
    let audience = store::set_audience(write, id).await?;
    Ok(Started { id, audience })
}
