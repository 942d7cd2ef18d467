//! Typed row ids, and the random numbers that name things.

use std::fmt;
use std::str::FromStr;

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                text.parse().map(Self).map_err(|_| format!("\"{text}\" is not a number; write an id such as 3"))
            }
        }
    )+ };
}

ids! {
    /// A person and an address.
    SubscriberId,
    /// One subscriber on one list.
    SubscriptionId,
    /// One thing to announce.
    PostId,
    /// One mailing.
    CampaignId,
    /// What many recipients of a campaign share.
    RenditionId,
    /// One rendition to one person.
    DeliveryId,
}

/// `N` random bytes from the operating system.
pub fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow::anyhow!("the operating system gave no random numbers: {error}"))?;
    Ok(bytes)
}

/// A Message-ID that no other mail has, without its angle brackets.
pub fn message_id(domain: &str) -> anyhow::Result<String> {
    Ok(format!("{}@{domain}", data_encoding::HEXLOWER.encode(&random::<16>()?)))
}
