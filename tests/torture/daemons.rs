//! Several daemons on one Postgres, killed, stopped and broken off while they share campaigns.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::Orders;
use crate::page::Section;
use crate::support::fleet::{Fleet, Post, Sessions};
use crate::support::house::{Database, PATIENCE, house};
use crate::support::relay::{Received, Relay};
use crate::support::torture::Dice;

const WINDOW: usize = 8;
const READERS: usize = 300;
/// To each campaign, one after the other.
const TROUBLES: usize = 3;

/// A campaign, and what was done to the daemons that sent it.
pub(crate) struct Round {
    daemons: usize,
    campaign: i64,
    kills: usize,
    stops: usize,
    /// Sessions, and how many of them held a daemon's lock.
    dropped: (usize, usize),
    post: Post,
}

impl Round {
    /// Whoever stands still and goes on repeats nothing. Until it has its lock again, each of the
    /// others may take over once what a daemon has in hand.
    fn allowed(&self) -> usize {
        (self.kills + self.dropped.1 * (self.daemons - 1)) * WINDOW
    }
}

/// Half of the rounds by two daemons, half by three, side by side.
pub(crate) fn torture(orders: &Orders, runtime: &tokio::runtime::Runtime) -> Vec<Round> {
    eprintln!("{} campaigns are shared by several daemons", orders.daemons);
    std::thread::scope(|scope| {
        let rounds = orders.daemons.div_ceil(2);
        let shared = |daemons| {
            let dice = Dice::new(orders.seed + daemons as u64);
            scope.spawn(move || runtime.block_on(share(daemons, rounds, dice)))
        };
        [2, 3].map(shared).into_iter().flat_map(|one| one.join().unwrap()).collect()
    })
}

async fn share(daemons: usize, rounds: usize, mut dice: Dice) -> Vec<Round> {
    let relays = (0..daemons).map(|_| Relay::new().dot_delay(Duration::from_millis(20)).start());
    let plan = house(Database::Postgres).port(1).connections(12);
    let plan = plan.delivery(&format!("window = {WINDOW}"));
    let mut fleet = Fleet::new(plan, READERS, relays.collect()).await;
    let mut all = Vec::new();
    for number in 1..=rounds {
        all.push(round(&mut fleet, &mut dice, number).await);
    }
    for member in &mut fleet.crew {
        member.daemon.terminate();
    }
    // a late one of one campaign may come in the next one's time
    let received = fleet.received();
    for round in &mut all {
        round.post = judged(&fleet, round.campaign, &received).await;
    }
    all
}

async fn round(fleet: &mut Fleet, dice: &mut Dice, number: usize) -> Round {
    let before = fleet.count();
    let campaign = fleet.announce(&format!("minutes-{number}"));
    let (daemons, post) = (fleet.crew.len(), Post::default());
    let mut round = Round { daemons, campaign, kills: 0, stops: 0, dropped: (0, 0), post };
    let mut due = before;
    for _ in 0..TROUBLES {
        due += usize::try_from(dice.between(1, READERS as u64 / 4)).unwrap();
        moment(fleet, due, Duration::from_micros(dice.between(0, 8_000))).await;
        trouble(fleet, dice, &mut round).await;
    }
    fleet.ends(campaign, PATIENCE).await;
    for number in 0..daemons {
        fleet.takes_its_lock_again(number, &[]).await;
    }
    round
}

/// When the relays have so many mails, and so long after.
async fn moment(fleet: &Fleet, count: usize, after: Duration) {
    let started = Instant::now();
    while fleet.count() < count && started.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(after).await;
}

async fn trouble(fleet: &mut Fleet, dice: &mut Dice, round: &mut Round) {
    let number = usize::try_from(dice.between(0, fleet.crew.len() as u64 - 1)).unwrap();
    let member = &mut fleet.crew[number];
    match dice.between(1, 4) {
        1 => {
            member.daemon.kill();
            member.start_again();
            round.kills += 1;
        }
        2 => {
            // also longer than the second for which a look counts
            member.daemon.stop();
            tokio::time::sleep(Duration::from_millis(dice.between(10, 1_500))).await;
            member.daemon.go_on();
            round.stops += 1;
        }
        which => {
            let locks = fleet.drop_sessions(number, Sessions::Lock).await;
            let all = if which == 3 { fleet.drop_sessions(number, Sessions::All).await } else { 0 };
            round.dropped.0 += locks + all;
            round.dropped.1 += locks;
        }
    }
}

/// Its own mails are those that its rows name.
async fn judged(fleet: &Fleet, campaign: i64, received: &[Received]) -> Post {
    let rows = fleet.house.rows(campaign).await;
    let ids: BTreeSet<_> = rows.iter().map(|row| row.message_id.as_str()).collect();
    let own = received.iter().filter(|mail| ids.contains(mail.message_id.trim_matches(['<', '>'])));
    let mut post = Post::judged(&fleet.readers, &own.cloned().collect::<Vec<_>>());
    post.lost += rows.iter().filter(|row| row.state != "accepted").count();
    post
}

pub(crate) fn section(rounds: &[Round]) -> Section {
    let mut broken = Vec::new();
    for round in rounds {
        let Round { daemons, campaign, post, .. } = round;
        if post.lost > 0 || post.strange > 0 || post.repeated > round.allowed() {
            broken.push(format!("campaign {campaign} of {daemons} daemons: {post:?}"));
        }
    }
    Section {
        title: "Several daemons",
        sentence: format!(
            "Two and three daemons on one Postgres share campaigns of {READERS} readers. {TROUBLES} times in each \
             campaign, at a drawn moment, one of them is killed and started anew, stopped for up to a second and a half \
             (SIGSTOP, SIGCONT), or loses all its sessions or the one that holds its lock (`pg_terminate_backend`). \
             Nobody may be lost. A daemon that was stopped repeats nothing. Of what was taken over from one that was \
             killed, or had lost its lock for a moment, at most `delivery.window`, here {WINDOW}, is repeated, as the \
             same mails; a lock that is lost can be noticed once by each of the others."
        ),
        columns: vec![
            "daemons",
            "campaigns",
            "kills",
            "stops",
            "sessions dropped",
            "lost",
            "repeated",
            "worst",
            "allowed",
        ],
        rows: [2, 3].map(|daemons| row(rounds, daemons)).into(),
        broken,
    }
}

fn row(rounds: &[Round], daemons: usize) -> Vec<String> {
    let these: Vec<_> = rounds.iter().filter(|round| round.daemons == daemons).collect();
    let sum = |of: fn(&Round) -> usize| these.iter().map(|round| of(round)).sum::<usize>();
    let worst = these.iter().max_by_key(|round| round.post.repeated);
    let worst = worst.map_or((0, 0), |round| (round.post.repeated, round.allowed()));
    let numbers = [
        daemons,
        these.len(),
        sum(|round| round.kills),
        sum(|round| round.stops),
        sum(|round| round.dropped.0),
        sum(|round| round.post.lost),
        sum(|round| round.post.repeated),
        worst.0,
        worst.1,
    ];
    numbers.map(|number| number.to_string()).into()
}
