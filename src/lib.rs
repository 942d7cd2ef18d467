//! Bulletin: from a post to a mail that arrives, and what comes back.
//!
//! The modules stand in the order of an email's journey; `ARCHITECTURE.md` walks through them.

// leaves: no knowledge of the journey
pub mod address;
pub mod clock;
pub mod config;
pub mod fault;
pub mod id;
pub mod key;
pub mod line;
pub mod log;
pub mod metric;
pub mod octets;
pub mod secret;
pub mod token;

// the journey
pub mod audience;
pub mod campaign;
pub mod db;
pub mod delivery;
pub mod message;
pub mod post;
pub mod source;
pub mod transport;

// its edges
pub mod alert;
pub mod cli;
pub mod daemon;
pub mod web;
