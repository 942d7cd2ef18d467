//! What was asked for.

#[derive(Clone, Debug)]
pub(crate) struct Orders {
    /// Over all points and both databases.
    pub(crate) kills: usize,
    pub(crate) optouts: usize,
    /// Campaigns that several share.
    pub(crate) daemons: usize,
    /// Stories.
    pub(crate) seeds: usize,
    /// Histories.
    pub(crate) ledgers: usize,
    /// Of the time zones that there are.
    pub(crate) zones: usize,
    /// Where chance begins.
    pub(crate) seed: u64,
    pub(crate) print_only: bool,
}

impl Orders {
    /// `KILLS=1000 OPTOUTS=1000 DAEMONS=60 SEEDS=10000 LEDGERS=10000 ZONES=597 SEED=1 --print-only`, each with a default.
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut orders = Self {
            kills: 1000,
            optouts: 1000,
            daemons: 60,
            seeds: 10_000,
            ledgers: 10_000,
            zones: chrono_tz::TZ_VARIANTS.len(),
            seed: 1,
            print_only: false,
        };
        for word in words {
            let (name, value) = word.split_once('=').unwrap_or((&word, ""));
            let number = || value.parse::<u32>().map_err(|error| format!("{word}: {error}"));
            match name {
                "KILLS" => orders.kills = number()? as usize,
                "OPTOUTS" => orders.optouts = number()? as usize,
                "DAEMONS" => orders.daemons = number()? as usize,
                "SEEDS" => orders.seeds = number()? as usize,
                "LEDGERS" => orders.ledgers = number()? as usize,
                "ZONES" => orders.zones = number()? as usize,
                "SEED" => orders.seed = number()?.into(),
                "--print-only" => orders.print_only = true,
                _ => {
                    return Err(format!(
                        "{word}: write KILLS=, OPTOUTS=, DAEMONS=, SEEDS=, LEDGERS=, ZONES= and SEED= with a number, or --print-only"
                    ));
                }
            }
        }
        Ok(orders)
    }

    /// The command that does the same again.
    pub(crate) fn command(&self) -> String {
        let Self { kills, optouts, daemons, seeds, ledgers, zones, seed, .. } = self;
        format!(
            "make torture KILLS={kills} OPTOUTS={optouts} DAEMONS={daemons} SEEDS={seeds} LEDGERS={ledgers} ZONES={zones} SEED={seed}"
        )
    }
}
