//! How long the relay let us wait is told for each stage.

use std::fmt::Debug;
use std::str::FromStr;
use std::time::Duration;

use bulletin::config::{SmtpRelay, Tls};
use bulletin::metric::Metrics;
use bulletin::transport::Transport;

use super::{MESSAGE, ann, configured, to, transport, with_login};
use crate::support::relay::{Act, At, Builder, Relay, Security, When};

/// How often each stage was waited for, and the seconds that all of it took.
struct Waits(String);

impl Waits {
    fn of(metrics: &Metrics) -> Self {
        Self(metrics.encode(None).unwrap())
    }

    fn number<T: FromStr<Err: Debug>>(&self, what: &str, stage: &str) -> Option<T> {
        let series = format!("bulletin_stage_seconds_{what}{{stage=\"{stage}\"}} ");
        let number = self.0.lines().find_map(|line| line.strip_prefix(&series));
        number.map(|number| number.parse().unwrap())
    }

    fn counts<const N: usize>(&self, stages: [&str; N]) -> [usize; N] {
        stages.map(|stage| self.number("count", stage).unwrap_or(0))
    }
}

fn measured(relay: &SmtpRelay) -> (Transport, Metrics) {
    let metrics = Metrics::new();
    (transport(relay).with_metrics(metrics.clone()), metrics)
}

#[tokio::test]
async fn a_connection_is_told_by_its_steps_and_a_message_by_its_replies() {
    for (security, tls, hellos) in [
        (Security::None, Tls::None, 1),
        (Security::Starttls, Tls::Starttls, 2),
        (Security::Implicit, Tls::Implicit, 1),
    ] {
        let relay = Relay::new().security(security).start();
        let (way, metrics) = measured(&with_login(configured(&relay, tls)));
        let mut connection = way.connect().await.unwrap();
        for name in ["ann", "ben"] {
            connection.send(&to(&format!("{name}@example.org")), &MESSAGE, None).await.unwrap();
        }
        connection.quit().await;
        let waits = Waits::of(&metrics);
        let secured = usize::from(security != Security::None);
        let opening = waits.counts(["connect", "tls", "hello", "auth"]);
        assert_eq!(opening, [1, secured, hellos, 1], "{tls:?}");
        // leaving is no stage of a message
        assert_eq!(waits.counts(["mail", "rcpt", "data"]), [2; 3], "{tls:?}");
    }
}

/// The seconds that are told of `stage` when the relay drips its usual answer there.
async fn dripping(builder: Builder, at: At, stage: &str) -> f64 {
    let relay = builder.on(at, When::Always, Act::Drip).start();
    let (way, metrics) = measured(&with_login(configured(&relay, Tls::None)));
    if let Ok(mut connection) = way.connect().await {
        drop(connection.send(&ann(), &MESSAGE, None).await);
    }
    Waits::of(&metrics).number("sum", stage).unwrap_or(0.0)
}

#[tokio::test]
async fn a_relay_that_does_not_answer_is_told_of_the_stage_it_stopped_at() {
    let stages =
        [(At::Connect, "hello"), (At::Auth, "auth"), (At::Rcpt, "rcpt"), (At::Data, "data")];
    let waits =
        stages.map(|(at, stage)| async move { (stage, dripping(Relay::new(), at, stage).await) });
    let mut waits: tokio::task::JoinSet<_> = waits.into_iter().collect();
    while let Some(wait) = waits.join_next().await {
        let (stage, seconds) = wait.unwrap();
        assert!((3.0..30.0).contains(&seconds), "{stage}: {seconds} s");
    }
}

#[tokio::test]
async fn a_relay_that_is_not_there_is_told_too() {
    let relay = Relay::new().start();
    let gone = configured(&relay, Tls::None);
    drop(relay);
    let (way, metrics) = measured(&gone);
    let mut tries = 0;
    // its port is let go when its task has ended
    for _ in 0..100 {
        tries += 1;
        if way.connect().await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(Waits::of(&metrics).counts(["connect"]), [tries]);
}
