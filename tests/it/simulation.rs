//! The engine's promises under faults of relays, clocks, stores and processes, by seeds. `make torture`
//! tells many more; a seed that fails is told again by `tell(SEED)`.

use crate::support::simulation::tell;

const STORIES: u64 = 200;

#[test]
fn every_seed_ends_as_promised() {
    for seed in 0..STORIES {
        tell(seed);
    }
}

/// A simulation in which nothing goes wrong would prove nothing.
#[test]
fn a_good_deal_goes_wrong() {
    let all: Vec<_> = (0..STORIES).map(tell).collect();
    let sum =
        |of: fn(&crate::support::simulation::Told) -> usize| all.iter().map(of).sum::<usize>();
    assert!(sum(|told| told.crashes) > 100);
    assert!(sum(|told| told.repeated) > 10);
    assert!(sum(|told| told.opt_outs) > 100);
    assert!(sum(|told| told.freezes) > 10 && sum(|told| told.jumps) > 10);
}

#[test]
fn a_seed_is_told_the_same_way_again() {
    for seed in 0..5 {
        assert_eq!(format!("{:?}", tell(seed)), format!("{:?}", tell(seed)));
    }
}
