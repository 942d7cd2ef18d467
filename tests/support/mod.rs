//! What the tests stand on: a real database server, a real browser, the real program, and the one
//! mock, a relay that misbehaves as told.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "a helper of a test fails by failing the test, and a test binary has no outside"
)]

pub(crate) mod browser;
pub(crate) mod http;
pub(crate) mod postgres;
pub(crate) mod program;
pub(crate) mod relay;
