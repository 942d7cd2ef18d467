//! What several tests share.

#![expect(unreachable_pub, reason = "a test binary has no outside")]

pub mod relay;
