//! Who may send mailings, and how each of them is known.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};

use crate::line::Line;
use crate::secret::{Hashed, Secret};

/// What Bulletin itself is called where coordinators are; nobody else may be called so.
pub const MACHINE: &str = "bulletin";
/// A shorter token can be guessed from its hash.
const SHORTEST: usize = 20;

/// Somebody who may queue, approve and steer mailings. By one of two they are known, or by either.
#[derive(Clone, Debug)]
pub struct Coordinator {
    /// As people read it.
    pub name: Line,
    /// The name that the system knows them by, or its number.
    pub user: Option<String>,
    pub token: Option<Hashed>,
}

/// The coordinator whose token this is, or else who is logged in as `user`: the name of their table.
/// Somebody who shows a wrong token is nobody, whoever is logged in.
pub fn known<'a>(
    all: &'a BTreeMap<String, Coordinator>,
    user: &str,
    token: Option<&Secret>,
) -> anyhow::Result<(&'a str, &'a Coordinator)> {
    let mut all = all.iter().map(|(name, one)| (name.as_str(), one));
    let Some(token) = token else {
        return all.find(|(_, one)| one.user.as_deref() == Some(user)).with_context(|| {
            format!(
                "\"{user}\" is not a coordinator, and only coordinators may do this; write \
                 user = \"{user}\" below a [coordinator.NAME] in the configuration, or put a coordinator's \
                 token into the variable BULLETIN_TOKEN, or the name of its file into BULLETIN_TOKEN_FILE"
            )
        });
    };
    ensure!(
        token.reveal().chars().count() >= SHORTEST,
        "your token (BULLETIN_TOKEN or BULLETIN_TOKEN_FILE) is shorter than {SHORTEST} characters, which can be guessed; \
         make one with `openssl rand -hex 32`, and write its hash below the [coordinator.NAME] \
         in the configuration, as token_sha256"
    );
    all.find(|(_, one)| one.token.as_ref().is_some_and(|hash| hash.is_of(token))).context(
        "your token (BULLETIN_TOKEN or BULLETIN_TOKEN_FILE) is no coordinator's; write its SHA-256 below a \
         [coordinator.NAME] in the configuration, as token_sha256, or unset the variable",
    )
}
