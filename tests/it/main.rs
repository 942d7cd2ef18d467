//! One integration binary.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of a test fails by failing the test"
)]

mod architecture;
mod sink;
mod store;
#[path = "../support/mod.rs"]
mod support;
mod transport;
