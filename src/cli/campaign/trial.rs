//! `bulletin campaign test`: one copy to an address of one's own, before everybody gets it.

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::address::EmailAddress;
use crate::campaign::{Action, store};
use crate::cli::open::Failure;
use crate::cli::print::Printer;
use crate::cli::who::who;
use crate::daemon::Home;
use crate::delivery::trial::Trial;
use crate::id::CampaignId;
use crate::transport::{Outcome, Reply, Stage};

pub(super) async fn trial(
    home: &Home,
    printer: Printer,
    id: CampaignId,
    to: &EmailAddress,
) -> Result<ExitCode, Failure> {
    let Home { db, config, keys, clock, .. } = home;
    let by = who(home)?;
    let outcome = Trial { db, config, keys, clock }.send(id, to).await?;
    let (word, reply) = told(&outcome);
    // not the address: the log is kept for ever
    let mut write = db.write().await?;
    store::log(&mut write, id, &by, Action::Tested, Some(word), clock.now()).await?;
    write.commit().await?;
    printer
        .object(&json!({ "campaign": id.0, "to": to.as_str(), "outcome": word, "reply": reply }));
    printer.say(sentence(to, &outcome));
    let accepted = matches!(outcome, Outcome::Accepted(_));
    Ok(if accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The outcome in a word, and the reply as the deliveries have it.
fn told(outcome: &Outcome) -> (&'static str, Value) {
    let object = |reply: &Reply| {
        let Reply { stage, code, enhanced, text } = reply;
        json!({ "stage": stage.to_string(), "code": code, "enhanced": enhanced, "text": text })
    };
    match outcome {
        Outcome::Accepted(reply) => ("accepted", object(reply)),
        Outcome::Deferred(reply) => ("deferred", object(reply)),
        Outcome::Refused(reply) => ("refused", object(reply)),
        Outcome::InDoubt(why) => {
            let stage = Stage::Dot.to_string();
            ("in_doubt", json!({ "stage": stage, "code": null, "enhanced": null, "text": why }))
        }
    }
}

fn sentence(to: &EmailAddress, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted(reply) => format!("Sent to {to}: {reply}"),
        Outcome::Deferred(reply) => {
            format!("Not sent to {to}: put off at {}: {reply}\nTry again later.", reply.stage)
        }
        Outcome::Refused(reply) => format!("Not sent to {to}: refused at {}: {reply}", reply.stage),
        Outcome::InDoubt(why) => {
            format!(
                "It may have reached {to}, or not: {why}\nLook into that mailbox before you try again."
            )
        }
    }
}
