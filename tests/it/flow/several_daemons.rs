//! Several daemons share the work on Postgres. One dies, one stands still, one loses its sessions, one
//! its database: the others go on, nobody is missed, and what goes out twice is at most what the one
//! in trouble had handed over (`delivery.window`), the same mail to the octet.

use std::time::Duration;

use super::house::{Database, PATIENCE, Plan, accepted, house, recipients, until};
use crate::support::fleet::{Fleet, Post, Sessions};
use crate::support::postgres;
use crate::support::relay::Relay;
use crate::support::wire::Wire;

const WINDOW: usize = 8;
/// The daemon looks for rows of dead ones every five seconds.
const THREE_ROUNDS: Duration = Duration::from_secs(15);
/// The shortest that there is; 30 minutes unless it is set.
const LEASE: Duration = Duration::from_mins(1);
/// What a daemon says of a result whose row has been taken over.
const LATE: &str = "a late result settles nothing";

fn plan() -> Plan {
    // each daemon's own relay has another port
    house(Database::Postgres).port(1).connections(12).delivery(&format!("window = {WINDOW}"))
}

/// A relay that takes so long over each message.
fn relay(millis: u64) -> Relay {
    Relay::new().dot_delay(Duration::from_millis(millis)).start()
}

/// Everybody has it and is accepted, and few have it twice.
fn ended(fleet: &Fleet, campaign: i64, allowed: usize) -> Post {
    fleet.house.ended(campaign, &accepted(fleet.readers.len()));
    let post = Post::judged(&fleet.readers, &fleet.received());
    assert_eq!((post.lost, post.strange), (0, 0));
    assert!(post.repeated <= allowed, "{post:?}");
    post
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn two_daemons_share_a_campaign_and_nobody_gets_it_twice() {
    let relay = relay(5);
    let house = house(Database::Postgres).relay(&relay).connections(2).open();
    let readers = house.readers(600, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let (mut one, _other) = (house.daemon(), house.daemon());
    let campaign = house.queue("minutes");
    until("the first mails", || relay.received().len() >= 50).await;
    // one leaves in the middle; the other goes on
    assert_eq!(one.terminate(), 0);
    until("the end", || house.has_ended(campaign)).await;
    house.ended(campaign, &accepted(600));
    assert_eq!(recipients(&relay), readers);
    assert!(relay.most_connections() <= 2, "those of the relay are those of both");
}

/// The older one is busy with all of them when the other comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_daemon_that_comes_under_load_is_made_room_for() {
    let relay = relay(20);
    let house = house(Database::Postgres).relay(&relay).connections(8).open();
    house.readers(2400, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let _one = house.daemon();
    let campaign = house.queue("minutes");
    until("all connections", || relay.most_connections() == 8).await;
    let before = relay.connections();
    let _other = house.daemon();
    until("the end", || house.has_ended(campaign)).await;
    house.ended(campaign, &accepted(2400));
    assert!(relay.connections() > before, "the other had none");
    assert_eq!(relay.most_connections(), 8, "those of the relay are those of both");
}

/// The default lease is half an hour; a dead daemon's is worth nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_a_killed_daemon_held_is_taken_over_by_the_others_at_once() {
    // slow enough that none is done before the case has looked
    let mut fleet = Fleet::new(plan(), 1500, vec![relay(100), relay(100), relay(100)]).await;
    let campaign = fleet.announce("minutes");
    until("all share", || fleet.crew.iter().all(|one| one.relay.count() >= 100)).await;
    // while it stands still nobody takes what it holds, and the case can look
    fleet.crew[0].daemon.stop();
    assert!(fleet.held_by(0).await > 0, "stopped too late");
    fleet.crew[0].daemon.kill();
    let took = fleet.is_relieved(0, PATIENCE).await;
    assert!(took < THREE_ROUNDS, "{took:?}");
    fleet.ends(campaign, PATIENCE).await;
    ended(&fleet, campaign, WINDOW);
}

/// Two stand still for longer than their lease. One goes on while another sends what it held, one
/// when all is done: what they say comes too late, and changes no row.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn daemons_that_stood_still_beyond_their_lease_settle_nothing_any_more() {
    let plan = plan().delivery("lease = \"1m\"");
    // so slow that there is always something handed over and not yet answered
    let mut fleet = Fleet::new(plan, 600, vec![relay(400), relay(400), relay(10)]).await;
    let campaign = fleet.announce("minutes");
    until("all share", || fleet.crew.iter().all(|one| one.relay.count() >= 10)).await;
    for number in [0, 1] {
        fleet.crew[number].daemon.stop();
        assert!(fleet.held_by(number).await > 0, "stopped too late");
    }
    fleet.leaves_nobody_queued().await;
    fleet.crew[2].relay.slow_down(Duration::from_secs(2));
    fleet.is_relieved(0, LEASE + PATIENCE).await;
    fleet.crew[0].daemon.go_on();
    fleet.crew[0].daemon.wait_for_line(LATE, PATIENCE);
    fleet.crew[2].relay.slow_down(Duration::ZERO);

    // whoever's connection broke meanwhile is tried again after a minute
    fleet.ends(campaign, LEASE + PATIENCE).await;
    let (rows, attempts) = (fleet.rows().await, fleet.number(ATTEMPTS).await);
    let post = ended(&fleet, campaign, 2 * WINDOW);
    assert!(post.repeated > 0, "they had handed nothing over");
    fleet.crew[1].daemon.go_on();
    fleet.crew[1].daemon.wait_for_line(LATE, PATIENCE);
    assert_eq!(fleet.crew[1].daemon.terminate(), 0);
    assert_eq!(fleet.rows().await, rows);
    // what did happen is kept
    let kept = fleet.number(ATTEMPTS).await - attempts;
    assert!(kept > 0 && kept <= i64::try_from(WINDOW).unwrap(), "{kept}");
    ended(&fleet, campaign, 2 * WINDOW);
    assert_eq!(fleet.crew[2].daemon.said(LATE), 0, "the one that works was never late");
}

const ATTEMPTS: &str = "SELECT count(*) FROM attempt";

/// Again and again: now all of them, now the one that holds its lock.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_daemon_whose_sessions_are_broken_off_goes_on() {
    let mut fleet = Fleet::new(plan(), 1500, vec![relay(80), relay(80)]).await;
    let campaign = fleet.announce("minutes");
    let mut locks = 0;
    for count in (100..1300).step_by(50) {
        until("some mails", || fleet.count() >= count).await;
        locks += fleet.drop_sessions(0, Sessions::Lock).await;
        if count % 100 == 0 {
            fleet.drop_sessions(0, Sessions::All).await;
        }
    }
    fleet.ends(campaign, PATIENCE).await;
    assert!(locks > 0);
    // without its lock what it has in hand may be taken over
    ended(&fleet, campaign, locks * WINDOW);
    for one in &mut fleet.crew {
        assert!(one.relay.count() >= 300, "both went on");
        assert_eq!(one.daemon.terminate(), 0);
    }
}

/// It reaches its relay and not its database, for as long as the campaign lasts.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_daemon_that_is_cut_off_hands_over_no_more_and_the_other_finishes() {
    let (mut fleet, wire) = wired(plan()).await;
    let campaign = fleet.announce("minutes");
    until("both share", || fleet.crew.iter().all(|one| one.relay.count() >= 100)).await;
    wire.cut();
    let when_cut = fleet.crew[0].relay.count();
    fleet.ends(campaign, PATIENCE).await;
    let received = fleet.crew[0].relay.count();
    assert!(received <= when_cut + WINDOW, "{when_cut} then, {received} now");
    let (rows, post) = (fleet.rows().await, ended(&fleet, campaign, WINDOW));
    assert!(post.repeated > 0, "it had handed nothing over");

    wire.mend();
    fleet.crew[0].daemon.wait_for_line(LATE, PATIENCE);
    assert_eq!(fleet.crew[0].daemon.terminate(), 0);
    assert_eq!(fleet.rows().await, rows);
    ended(&fleet, campaign, WINDOW);
}

/// Nobody is told that the wire is dead: the server believes in the daemon, the daemon in its server.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_daemon_whose_database_falls_silent_hands_over_no_more_and_goes_on_when_it_speaks() {
    let (mut fleet, wire) = wired(plan()).await;
    let campaign = fleet.announce("minutes");
    until("both share", || fleet.crew.iter().all(|one| one.relay.count() >= 100)).await;
    wire.fall_silent();
    let when_cut = fleet.crew[0].relay.count();
    fleet.leaves_nobody_queued().await;
    tokio::time::sleep(THREE_ROUNDS).await;
    let received = fleet.crew[0].relay.count();
    assert!(received <= when_cut + WINDOW, "{when_cut} then, {received} now");
    assert!(fleet.held_by(0).await > 0, "it lives, as far as anybody can tell");
    wire.mend();
    fleet.ends(campaign, PATIENCE).await;
    ended(&fleet, campaign, 0);
    assert_eq!(fleet.crew[0].daemon.terminate(), 0);
}

/// The server holds on to the daemon's lock for a session that nobody is at the other end of.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_daemon_takes_its_lock_from_a_session_that_only_the_server_believes_in() {
    let (mut fleet, wire) = wired(plan()).await;
    let ghosts = fleet.lock_of(0).await;
    wire.forget();
    fleet.takes_its_lock_again(0, &ghosts).await;
    // and so what it holds is free when it dies
    let campaign = fleet.announce("minutes");
    until("both share", || fleet.crew.iter().all(|one| one.relay.count() >= 100)).await;
    fleet.crew[0].daemon.kill();
    let took = fleet.is_relieved(0, PATIENCE).await;
    assert!(took < THREE_ROUNDS, "{took:?}");
    fleet.ends(campaign, PATIENCE).await;
    ended(&fleet, campaign, WINDOW);
}

/// What was recorded so is recorded again, and nothing is sent for it. What was claimed so is nobody's
/// before its lease ends or its daemon does.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn commits_whose_answer_is_lost_cost_time_and_nobody_a_mail() {
    let (mut fleet, wire) = wired(plan()).await;
    let campaign = fleet.announce("minutes");
    for count in (100..800).step_by(50) {
        until("some mails", || fleet.count() >= count).await;
        wire.lose_commits();
        tokio::time::sleep(Duration::from_millis(100)).await;
        wire.mend();
    }
    fleet.leaves_nobody_queued().await;
    assert!(fleet.crew[0].daemon.said("results cannot be kept") > 0, "no commit was lost");
    // of a claim whose answer was lost, too, though no lease has run out
    fleet.ends(campaign, PATIENCE).await;
    assert_eq!(fleet.crew[0].daemon.terminate(), 0);
    ended(&fleet, campaign, 0);
}

/// Two daemons; the first one's way to the database is a wire.
async fn wired(plan: Plan) -> (Fleet, Wire) {
    let mut fleet = Fleet::new(plan, 1000, vec![relay(40), relay(20)]).await;
    let wire = Wire::to(postgres::folder()).await;
    fleet.reroute(0, wire.port());
    (fleet, wire)
}
