//! One integration binary.

#[path = "../support/mod.rs"]
mod support;

mod transport;
mod web;
