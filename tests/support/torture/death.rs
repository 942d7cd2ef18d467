//! How a daemon is to die.

use std::fmt;
use std::time::{Duration, Instant};

use bulletin::fault::{POINTS, Point};

use super::Dice;
use crate::support::program::{Program, Running};
use crate::support::relay::Relay;

/// As a shell tells `abort` and `kill -9`.
const ABORTED: i32 = 128 + 6;
const KILLED: i32 = 128 + 9;

/// Which deaths are told apart; the rest is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// At the first passing of a point: nobody has passed it before.
    First(Point),
    /// At a later passing: other messages are beyond it.
    Later(Point),
    /// By `kill -9`, whatever it is doing.
    AnyMoment,
}

/// Both passings of every point.
pub(crate) fn kinds() -> Vec<Kind> {
    POINTS.into_iter().flat_map(|point| [Kind::First(point), Kind::Later(point)]).collect()
}

impl Kind {
    pub(crate) fn place(self) -> &'static str {
        match self {
            Self::First(point) | Self::Later(point) => point.name,
            Self::AnyMoment => "any moment",
        }
    }

    /// No message can be past its final dot when the daemon dies so.
    pub(crate) fn is_before_every_dot(self) -> bool {
        matches!(self, Self::First(point) if !point.past_the_dot)
    }

    /// How many mails must be left for it.
    pub(super) fn wants(self) -> usize {
        match self {
            // more than one claim takes
            Self::Later(Point { name: "claim" | "claimed", .. }) => 300,
            _ => 100,
        }
    }

    /// Where exactly, when so many mails are left and at most `window` are under way.
    pub(super) fn draw(self, dice: &mut Dice, left: usize, window: usize) -> Death {
        let (left, window) = (left as u64, window as u64);
        match self {
            Self::First(point) => Death::At(point.name, 1),
            Self::Later(point) => {
                let last = match point.name {
                    "claim" | "claimed" => 2,
                    // once for each connection: later ones go with the message before them
                    "connected" | "mail" => window,
                    // each commit keeps as many results as there are
                    "keep" | "keeping" | "kept" => left / window / 4,
                    _ => left / 4,
                };
                Death::At(point.name, dice.between(2, last))
            }
            // while it starts
            Self::AnyMoment if dice.between(1, 4) == 1 => {
                Death::Killed(0, Duration::from_micros(dice.between(0, 400_000)))
            }
            Self::AnyMoment => {
                let mails = usize::try_from(dice.between(1, left / 3)).unwrap();
                Death::Killed(mails, Duration::from_micros(dice.between(0, 8_000)))
            }
        }
    }
}

/// How one daemon is to die.
#[derive(Clone, Copy, Debug)]
pub(super) enum Death {
    /// At a point, this time that it passes it.
    At(&'static str, u64),
    /// When the relay has so many mails, and this long after.
    Killed(usize, Duration),
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(name, passing) => write!(f, "{name}:{passing}"),
            Self::Killed(mails, after) => write!(f, "killed {after:?} after {mails} mails"),
        }
    }
}

impl Death {
    /// Runs the daemon to its death; false when it came to its own end first.
    pub(super) async fn happens(self, program: &Program, relay: &Relay) -> bool {
        let start = |program: &Program| program.start(&["-v", "run", "--until-idle"]);
        match self {
            Self::At(..) => {
                let program = program.clone().with_env("BULLETIN_DIE_AT", &self.to_string());
                start(&program).wait() == ABORTED
            }
            Self::Killed(mails, after) => {
                let mut running = start(program);
                moment(&running, relay, mails, after).await;
                running.kill();
                running.wait() == KILLED
            }
        }
    }
}

async fn moment(running: &Running, relay: &Relay, mails: usize, after: Duration) {
    while relay.count() < mails && !running.has_ended() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // the runtime's timers count in milliseconds
    let reached = Instant::now();
    while reached.elapsed() < after {
        tokio::task::yield_now().await;
    }
}
