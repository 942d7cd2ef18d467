//! One integration binary.

mod architecture;
mod flow;
mod sink;
#[path = "../support/mod.rs"]
mod support;
mod transport;
