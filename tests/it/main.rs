//! One integration binary.

mod architecture;
#[path = "../support/mod.rs"]
mod support;
