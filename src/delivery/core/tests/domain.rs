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
    assert_eq!(step(&mut core, 5, Event::Holding(Company { size: 2, rank: 1 })), [""; 0]);
    assert_eq!(step(&mut core, 6, Event::Holding(Company { size: 3, rank: 0 })), [""; 0]);
    assert_eq!(step(&mut core, 7, Event::Holding(Company::ALONE)), ["claim"], "it died");
}

#[test]
fn one_that_hears_of_another_lets_go_of_what_is_beyond_its_part() {
    let mut core = core(4, 32);
    step(&mut core, 0, Event::Woken);
    let begun = fed(&mut core, 0, 30);
    assert_eq!(begun.iter().filter(|word| word.starts_with("carry")).count(), 4);
    step(&mut core, 0, Event::Living(Company { size: 2, rank: 0 }));
    let mut after = Vec::new();
    for worker in 0..4 {
        after.extend(answered(&mut core, 0, Event::Opened(WorkerId(worker))));
    }
    assert_eq!(after, ["go 0", "go 1", "go 2", "go 3"], "nothing is announced behind them");
    after.clear();
    for worker in 0..4 {
        after.extend(answered(&mut core, 0, Event::Done(WorkerId(worker), accepted())));
    }
    let count = |what: &str| after.iter().filter(|word| word.starts_with(what)).count();
    assert_eq!((count("close"), count("carry")), (2, 2), "{after:?}");
}

/// The domain has let in as many as it has connections when somebody complains.
#[test]
fn what_is_lined_up_steps_back_when_the_domain_complains() {
    let limits = Domain {
        domains: vec!["slow.example".into()],
        connections: Some(4),
        pace: Pace::default(),
    };
    let mut core = core(1, 32);
    core.domains = Domains::new([&limits].into_iter(), 4);
    step(&mut core, 0, Event::Woken);
    answered(&mut core, 0, for_domains(&["slow"; 9]));
    answered(&mut core, 0, Event::Opened(WorkerId(0)));
    core.domains.get(0).crowd.complained(Duration::ZERO);
    answered(&mut core, 0, Event::Done(WorkerId(0), accepted()));
    // whoever begins next takes a turn that is a second long
    answered(&mut core, 0, Event::Done(WorkerId(0), accepted()));
    answered(&mut core, 0, Event::Woken);
    assert!(core.queue.is_empty() && core.ready.is_empty());
    let mut fast = for_domains(&["slow", "fast"]);
    if let Event::Claimed(claimed) = &mut fast {
        claimed.remove(0);
    }
    answered(&mut core, 0, fast);
    let next = answered(&mut core, 0, Event::Opened(WorkerId(0)));
    assert_eq!(next, ["go 0 then 2"], "{next:?}");
}

#[test]
fn a_rate_by_the_day_is_used_up_to_its_end() {
    let limits = Domain {
        domains: vec!["slow.example".into()],
        connections: None,
        pace: Pace { gap: Some(Duration::from_secs(432)), warm_up: None },
    };
    let mut domain = Domains::new([&limits].into_iter(), 4);
    let domain = domain.get(0);
    let errand = || {
        let Event::Claimed(mut claimed) = for_domains(&["slow"]) else { panic!() };
        let Taken::Wanted(errand) = claimed.remove(0) else { panic!() };
        errand
    };
    // so many wait in the database, each until then
    let (mut due, mut sent) = (vec![0_u64; 20], Vec::new());
    for second in 0..4000 {
        let now = at(second);
        for one in due.iter_mut().filter(|one| **one <= second) {
            *one = match domain.admit(errand(), now) {
                Ok(()) => u64::MAX,
                Err((_, later)) => second + later.as_secs().max(1),
            };
        }
        while domain.line_up(now).is_some() {
            domain.begin(now);
            domain.crowd.leave();
            sent.push(second);
        }
    }
    let gaps: Vec<_> = sent.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| (431..=434).contains(gap)), "{sent:?}");
    assert_eq!(sent.len(), 10);
}

#[test]
fn behind_a_slow_relay_few_wait_in_hand() {
    let limits = Domain {
        domains: vec!["slow.example".into()],
        connections: Some(2),
        pace: Pace::default(),
    };
    let mut core = core(1, 32);
    core.domains = Domains::new([&limits].into_iter(), 1);
    step(&mut core, 0, Event::Woken);
    // one is with the relay for ever
    answered(&mut core, 0, for_domains(&["slow"; 40]));
    for second in 0..10 {
        answered(&mut core, second, Event::Woken);
    }
    assert!(core.hand.len() - core.records.len() <= 40);
    let waits = core.domains.get(0).drain().count();
    assert!(waits <= 1, "{waits}");
}

#[test]
fn a_domain_of_another_daemon_is_left_to_it_and_its_rate_is_not_divided() {
    let mut core = slow(Some(1));
    core.share(Company { size: 2, rank: 1 });
    let mut commands = core.step(at(0), for_domains(&["slow"; 3]));
    commands.extend(core.step(at(1), Event::Woken));
    assert_eq!(again(&commands), [2, 2, 2]);
    core.share(Company { size: 2, rank: 0 });
    assert_eq!(core.domains.get(0).pace.gap(Timestamp(0)), Some(Duration::from_secs(1)));
}

#[test]
fn starting_anew_earns_no_turn() {
    let mut core = core(1, 8);
    core.lanes[0].pace =
        super::super::pace::Pace::new(&Pace { gap: Some(Duration::from_mins(7)), warm_up: None });
    core.went(at(0), "main", Duration::from_mins(3));
    core.went(at(0), "another", Duration::ZERO);
    step(&mut core, 0, Event::Woken);
    assert_eq!(fed(&mut core, 0, 1), ["claim"]);
    assert_eq!(answered(&mut core, 239, Event::Woken), [""; 0]);
    assert_eq!(answered(&mut core, 240, Event::Woken), ["carry 0 1"]);
}
