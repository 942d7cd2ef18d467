//! One integration binary: what holds the tree together, the stores, the pages, whole stories.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of a test fails by failing the test"
)]

mod architecture;
mod browser;
mod dkim;
mod flow;
mod golden;
mod growth;
mod simulation;
mod sink;
mod store;
#[path = "../support/mod.rs"]
mod support;
mod transport;
mod web;
