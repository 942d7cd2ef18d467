//! Sources as a whole: a real server under TLS that misbehaves as told, real folders, both databases.

mod fetching;
mod folder;
mod news;
mod polling;
mod sharing;
