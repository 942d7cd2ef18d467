//! Two people at the keyboard: Ann, who asks for things, and Bob, who looks over them.

use std::fmt::Write as _;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::House;
use crate::support::program::Program;

/// What a coordinator of this name shows.
pub(crate) fn token(name: &str) -> String {
    format!("{name}-has-a-token-of-many-letters")
}

impl House {
    /// From now on these lists ask for a second person, and it is Ann who gives the commands.
    pub(crate) fn ask_for_approval(&mut self, lists: &[&str]) {
        let mut config = std::fs::read_to_string(self.path("config.toml")).unwrap();
        for list in lists {
            let table = format!("[list.{list}]");
            config = config.replace(&table, &format!("{table}\napproval = true"));
        }
        for (slug, name) in [("ann", "Ann Field"), ("bob", "Bob Hill")] {
            let hash = HEXLOWER.encode(&Sha256::digest(token(slug)));
            let table =
                format!("\n[coordinator.{slug}]\nname = \"{name}\"\ntoken_sha256 = \"{hash}\"\n");
            config.write_str(&table).unwrap();
        }
        self.write("config.toml", &config);
        self.program = self.program_of("ann");
    }

    /// The program with the token of somebody, known or not.
    pub(crate) fn program_of(&self, name: &str) -> Program {
        self.program.clone().with_env("BULLETIN_TOKEN", &token(name))
    }

    /// Bob lets a campaign go.
    pub(crate) fn approve(&self, campaign: i64) {
        let ran = self.program_of("bob").run(&["campaign", "approve", &campaign.to_string()]);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    }
}
