//! Why a feed was not read, in words for whoever has set it up.

use std::net::IpAddr;
use std::time::Duration;

use super::{LARGEST, REDIRECTS};
use crate::clock::Timestamp;

/// Why nothing was got, in words that follow the feed's address.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("leads to {0}, which is not an https address; feeds are read over https only")]
    NotHttps(String),
    #[error("leads to {0} with a name or a password, which is never sent")]
    Login(String),
    #[error(
        "leads to {0}, which is {1}: an address inside a network; feeds are read from the public internet only"
    )]
    Inside(String, IpAddr),
    #[error("leads to {0}, which has no address; check how it is written")]
    NoHost(String),
    #[error("cannot be read: {0} cannot be reached ({1})")]
    Unreachable(String, String),
    #[error("cannot be read: {0} does not prove who it is ({1})")]
    Untrusted(String, String),
    #[error("leads on from one address to the next more than {REDIRECTS} times")]
    Redirects,
    #[error("leads on to nowhere")]
    Nowhere,
    #[error("took longer than {} seconds", .0.as_secs_f32())]
    Slow(Duration),
    #[error("is larger than {} MB", LARGEST / 1_000_000)]
    TooLarge,
    #[error("cannot be read: the answer breaks off ({0})")]
    Broken(String),
    #[error("is packed as \"{0}\", which nobody asked for")]
    Packed(String),
    #[error("is gone for good (410); take the source out of the configuration")]
    Gone,
    #[error("asks us to wait ({status})")]
    Wait { status: u16, until: Option<Timestamp> },
    #[error("cannot be read: the answer is {0}; check the address")]
    Status(u16),
}
