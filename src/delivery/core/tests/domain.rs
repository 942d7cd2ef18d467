//! Domains with limits of their own.

use super::*;
use crate::config::{Domain, Pace};

/// A core whose domain `slow.example` is given a mail a second.
fn slow(connections: Option<usize>) -> Core {
    let pace = Pace { gap: Some(Duration::from_secs(1)), warm_up: None };
    let limits = Domain { domains: vec!["slow.example".into()], connections, pace };
    let mut core = core(4, 32);
    core.domains = Domains::new([&limits].into_iter(), 4);
    step(&mut core, 0, Event::Woken);
    core
}

/// Claims for these domains, numbered from 1.
fn for_domains(domains: &[&str]) -> Event {
    let Event::Claimed(mut claimed) = taken(i64::try_from(domains.len()).unwrap()) else {
        panic!()
    };
    for (taken, domain) in claimed.iter_mut().zip(domains) {
        let Taken::Wanted(errand) = taken else { panic!() };
        errand.email = EmailAddress::parse(&format!("ann@{domain}.example")).unwrap();
    }
    Event::Claimed(claimed)
}

/// When each of these records may be claimed again, in seconds.
fn again(commands: &[Command]) -> Vec<i64> {
    let kept = commands.iter().find_map(|command| match command {
        Command::Keep(records) => Some(records),
        _ => None,
    });
    kept.into_iter().flatten().filter_map(|record| Some(record.verdict.next_at?.0 / 1000)).collect()
}

#[test]
fn what_waits_for_its_domain_holds_up_nobody() {
    let mut core = slow(None);
    let begun = answered(&mut core, 0, for_domains(&["slow", "slow", "slow", "fast", "fast"]));
    assert_eq!(begun, ["claim", "carry 0 4", "carry 1 5", "carry 2 1"]);
    for worker in [0, 1, 2] {
        answered(&mut core, 0, Event::Done(WorkerId(worker), accepted()));
    }
    assert_eq!(answered(&mut core, 1, Event::Woken), ["keep 3", "carry 2 2"]);
    answered(&mut core, 1, Event::Done(WorkerId(2), accepted()));
    assert_eq!(answered(&mut core, 2, Event::Woken), ["carry 2 3"]);
}

#[test]
fn what_would_wait_long_comes_again_when_its_turn_is() {
    let mut core = slow(None);
    core.step(at(0), for_domains(&["slow"; 8]));
    let commands = core.step(at(1), Event::Woken);
    assert_eq!(again(&commands), [3, 4, 5, 6, 7], "one goes, two wait here");
}

#[test]
fn the_most_urgent_of_a_domain_goes_first() {
    let mut core = slow(None);
    answered(&mut core, 0, for_domains(&["slow"; 3]));
    let Event::Claimed(mut claimed) = for_domains(&["slow"; 4]) else { panic!() };
    let Taken::Wanted(mut errand) = claimed.remove(3) else { panic!() };
    errand.priority = Priority::Urgent;
    answered(&mut core, 0, Event::Claimed(vec![Taken::Wanted(errand)]));
    answered(&mut core, 0, Event::Done(WorkerId(0), accepted()));
    assert_eq!(answered(&mut core, 1, Event::Woken), ["keep 1", "carry 0 4"]);
}

#[test]
fn a_domain_has_so_many_mails_under_way_and_each_that_ends_lets_another_in() {
    let mut core = slow(Some(1));
    assert_eq!(answered(&mut core, 0, for_domains(&["slow"; 3])), ["claim", "carry 0 1"]);
    assert_eq!(answered(&mut core, 5, Event::Woken), [""; 0], "the first is still under way");
    let done = answered(&mut core, 6, Event::Done(WorkerId(0), fault()));
    assert!(!done.contains(&"carry 1 2".to_owned()), "its relay is held: {done:?}");
    answered(&mut core, 66, for_domains(&["fast"; 9]));
    let probed = answered(&mut core, 66, Event::Done(WorkerId(0), accepted()));
    assert!(probed.iter().any(|word| word.starts_with("carry")), "{probed:?}");
    let all = core.domains.get(0);
    assert!(all.crowd.has_room(), "what went back holds no place");
}

#[test]
fn a_complaint_to_a_reader_of_a_domain_is_the_domains() {
    let complaint = || {
        let enhanced = Some("4.7.28".into());
        let reply = Reply { stage: Stage::Rcpt, code: 451, enhanced, text: "slow".into() };
        tried(Ok(Outcome::Deferred(reply)))
    };
    for (domain, lane_is_slowed) in [("slow", false), ("fast", true)] {
        let mut core = slow(None);
        answered(&mut core, 0, for_domains(&[domain]));
        answered(&mut core, 0, Event::Done(WorkerId(0), complaint()));
        let gap = core.lanes[0].crowd.gap(Duration::ZERO);
        assert_eq!(gap.is_some(), lane_is_slowed, "{domain}");
        let gap = core.domains.get(0).crowd.gap(Duration::ZERO);
        assert_eq!(gap.is_some(), !lane_is_slowed, "{domain}");
    }
}

#[test]
fn one_that_starts_beside_others_claims_nothing_until_they_have_heard_of_it() {
    let mut core = core(2, 8);
    core.join(at(0), Company { size: 2, rank: 1 });
    assert_eq!(step(&mut core, 1, Event::Woken), [""; 0]);
    assert_eq!(step(&mut core, 2, Event::Woken), ["claim"]);
    // of one connection the older one has all
    let mut core = super::core(1, 8);
    core.join(at(0), Company { size: 2, rank: 1 });
    assert_eq!(step(&mut core, 3, Event::Woken), [""; 0]);
    assert_eq!(step(&mut core, 4, Event::Living(Company::ALONE)), [""; 0], "the clock is new");
}
