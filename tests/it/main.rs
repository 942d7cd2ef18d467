//! One integration binary.

mod architecture;
mod flow;
mod sink;
mod store;
#[path = "../support/mod.rs"]
mod support;
mod transport;
mod web;
