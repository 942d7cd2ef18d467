//! `bulletin demo`: the sample alliance, lived through once, on this machine alone.
//!
//! It uses the real daemon, the real database and the real pages; only the relay is a folder.

mod house;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use tokio::sync::{Notify, mpsc};

use super::open::Failure;
use super::print::Printer;
use crate::campaign::action::Actor;
use crate::campaign::{self, Order, digest};
use crate::daemon::{self, Home, Until};
use crate::id::CampaignId;
use crate::log;
use house::House;

/// What goes out, in this order; then one weekly digest of them.
const POSTS: [&str; 3] = ["launch-meeting", "dvip-report", "next-meeting"];

#[derive(Debug, Args)]
#[command(after_help = "Nothing leaves this machine: mails become files that an inbox page shows.")]
pub(super) struct Demo {
    /// End when the queue is empty
    #[arg(long)]
    once: bool,
    /// Keep everything in this new folder, instead of a throwaway one
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Demo {
    pub(super) async fn run(self, printer: Printer) -> Result<ExitCode, Failure> {
        log::start("warn", false);
        let house = House::build(self.dir).map_err(Failure::Usage)?;
        let home = house.open().await?;
        printer.say(format!("The sample alliance is in {}", house.folder().display()));
        let people = house.fill(&home).await?;
        printer.say(format!(
            "{people} readers, {} lists, {} posts\n",
            home.config.list.len(),
            POSTS.len()
        ));
        for post in POSTS {
            queue(&home, post).await?;
        }
        let told = Arc::new(Notify::new());
        let (ended, endings) = mpsc::unbounded_channel();
        let finished = |id| {
            let _ = ended.send(id);
        };
        let guide = Guide { home: &home, printer, once: self.once, told: Arc::clone(&told) };
        tokio::select! {
            ran = daemon::run(&home, Until::Told(told), &finished) => ran?,
            guided = guide.follow(endings) => guided?,
        }
        home.db.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

async fn queue(home: &Home, post: &str) -> Result<(), Failure> {
    let now = home.clock.now();
    let expires_at = now.plus(home.config.delivery.give_up_after);
    let post = post.to_owned();
    let order = Order {
        version: None,
        post,
        lists: Vec::new(),
        due_at: now,
        local_time: false,
        expires_at,
        by: Actor::machine(),
    };
    campaign::announcement::queue(&home.db, &home.config, &order, false, now).await?;
    Ok(())
}

/// Tells what happens while the daemon works.
struct Guide<'a> {
    home: &'a Home,
    printer: Printer,
    once: bool,
    told: Arc<Notify>,
}

impl Guide<'_> {
    /// The announcements, then the digest, then where to look; after that the daemon says when to end.
    async fn follow(
        &self,
        mut endings: mpsc::UnboundedReceiver<CampaignId>,
    ) -> Result<(), Failure> {
        for _ in POSTS {
            self.tell(&mut endings).await?;
        }
        let Home { db, config, clock, .. } = self.home;
        digest::run(db, config, "weekly", &Actor::machine(), clock.now()).await?;
        self.tell(&mut endings).await?;
        self.point();
        if self.once {
            self.told.notify_one();
        }
        std::future::pending().await
    }

    /// One line for the next campaign that ends.
    async fn tell(&self, endings: &mut mpsc::UnboundedReceiver<CampaignId>) -> Result<(), Failure> {
        let Some(id) = endings.recv().await else {
            return Ok(());
        };
        let mut read = self.home.db.read().await?;
        let Some(campaign) = campaign::store::find(&mut read, id).await? else {
            return Ok(());
        };
        let counts = campaign::store::counts(&mut read, id).await?;
        let accepted = counts.get("accepted").copied().unwrap_or(0);
        let audience = campaign.audience.unwrap_or(0);
        let (kind, state, subject) =
            (campaign.kind.as_str(), campaign.state.as_str(), campaign.subject.as_str());
        self.printer.say(format!("{state}  {kind:<12}  {accepted:>2} of {audience:>2}  {subject}"));
        self.printer.object(&json!({
            "id": id.0, "kind": kind, "state": state, "subject": subject, "audience": audience, "counts": counts,
        }));
        Ok(())
    }

    fn point(&self) {
        let site = &self.home.config.site;
        let (base, operator) = (&site.base_url, site.operator_listen);
        self.printer.say(format!(
            "\nThe inbox         http://{operator}/inbox\nThe archive       {base}/archive\nThe sign-up page  {base}/"
        ));
        self.printer.say(if self.once {
            "\nThat was all. Without ONCE=1 these pages stay open until Ctrl-C."
        } else {
            "\nOpen these in your browser. Ctrl-C ends the demo."
        });
    }
}
