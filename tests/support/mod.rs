//! What the tests stand on: a real database server, real mail servers, a real browser, the real
//! program in a house of its own, and the one mock, a relay that misbehaves as told.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "a helper of a test fails by failing the test, and a test binary has no outside"
)]

pub(crate) mod browser;
pub(crate) mod calendar;
pub(crate) mod disk;
pub(crate) mod dovecot;
pub(crate) mod feed;
pub(crate) mod fleet;
pub(crate) mod house;
pub(crate) mod http;
mod keeper;
pub(crate) mod ledgers;
#[allow(dead_code, reason = "`make gallery` shows more of it than the tests need")]
pub(crate) mod letters;
pub(crate) mod mail;
pub(crate) mod npm;
pub(crate) mod outside;
pub(crate) mod port;
pub(crate) mod postfix;
pub(crate) mod postgres;
pub(crate) mod program;
#[allow(dead_code, reason = "`make torture` and `make bench` write the page; its tests run here")]
pub(crate) mod proof;
#[allow(dead_code, reason = "the stores' cases ask more than histories do")]
pub(crate) mod raw;
pub(crate) mod relay;
pub(crate) mod simulation;
pub(crate) mod torture;
pub(crate) mod verifier;
pub(crate) mod wire;

/// Some servers run only as root, some only as somebody else.
pub(crate) fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status")
        .is_ok_and(|status| status.lines().any(|line| line.starts_with("Uid:\t0\t")))
}
