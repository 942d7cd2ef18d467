//! Crashes and opt-outs at places and moments that are drawn, many times over in one house, and what
//! they did to people. The short stories of `make test` and the long ones of `make torture` are told
//! with this.
//!
//! A seed draws the same places and the same moments again; what a machine does between two moments
//! is never the same twice.

#![allow(dead_code, unused_imports, reason = "each test binary uses its own part of it")]

mod death;
mod dice;
mod judge;
mod race;
mod victim;

pub(crate) use death::{Kind, kinds};
pub(crate) use dice::Dice;
pub(crate) use judge::Harm;
pub(crate) use race::{Race, Raced, WINDOW, Way};
pub(crate) use victim::{Setting, Victim, no_core_files};
