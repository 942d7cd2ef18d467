//! What the tests stand on: a real database server, a real browser, the real program.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of a test fails by failing the test"
)]

pub(crate) mod browser;
pub(crate) mod http;
pub(crate) mod postgres;
pub(crate) mod program;
