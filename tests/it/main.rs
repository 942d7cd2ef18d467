//! One integration binary: what holds the tree together, the stores, the pages, whole stories.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of a test fails by failing the test"
)]

mod architecture;
mod browser;
mod calendar;
mod dkim;
mod flow;
mod golden;
mod growth;
mod ledgers;
mod looks;
mod mjml;
mod simulation;
mod sink;
mod source;
mod spam;
mod store;
#[path = "../support/mod.rs"]
mod support;
mod transport;
mod web;
mod year;
