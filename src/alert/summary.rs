//! The daily summary: what waits for a person, and nothing on a day without.

use serde::Serialize;

use super::mail::{Mail, PAUSE};
use super::need::{Need, needs};
use super::store;

/// What the template sees.
#[derive(Debug, Serialize)]
struct Words<'a> {
    site: &'a str,
    /// "2 things need"
    count: String,
    needs: Vec<Shown>,
}

#[derive(Debug, Serialize)]
struct Shown {
    what: String,
    remedy: String,
}

/// Sends the summary whose firing has come, unless it is settled or another daemon's.
pub(super) async fn send_due(mail: &Mail<'_>) -> anyhow::Result<()> {
    let Mail { desk, .. } = *mail;
    let (now, site) = (desk.clock.now(), &desk.config.site);
    let Some(firing) = desk.config.operator.summary.previous(now, site.timezone) else {
        return Ok(());
    };
    match store::find_summary(&mut desk.db.read().await?).await? {
        Some(summary) if summary.settled_at == firing => return Ok(()),
        known => {
            let until = now.plus(mail.lease());
            let mut write = desk.db.write().await?;
            if known.is_none() {
                store::keep_summary(&mut write, firing).await?;
            }
            let mine = store::claim_summary(&mut write, firing, until, now).await?;
            write.commit().await?;
            if !mine {
                return Ok(());
            }
        }
    }
    let done = summarize(mail, &format!("summary {}", firing.0)).await;
    let later = (!*done.as_ref().unwrap_or(&false)).then(|| desk.clock.now().plus(PAUSE));
    let mut write = desk.db.write().await?;
    store::settle_summary(&mut write, firing, later).await?;
    write.commit().await?;
    done.map(drop)
}

/// Whether the firing is dealt with: the summary is sent, or there is none.
async fn summarize(mail: &Mail<'_>, seed: &str) -> anyhow::Result<bool> {
    let needs = needs(mail.desk).await?;
    if needs.is_empty() {
        return Ok(true);
    }
    let count = match needs.len() {
        1 => "1 thing needs".to_owned(),
        more => format!("{more} things need"),
    };
    let site = mail.desk.config.site.name.as_str();
    let needs = needs.iter().map(shown).collect();
    mail.send("summary", &Words { site, count, needs }, seed).await
}

/// Without what a server said, and without an address.
fn shown(need: &Need) -> Shown {
    let remedy = match (need.remedy.as_str(), &need.words) {
        ("", Some(_)) => "`bulletin status` says why",
        (remedy, _) => remedy,
    };
    Shown { what: as_sentence(&without_addresses(&need.what)), remedy: without_addresses(remedy) }
}

fn as_sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn without_addresses(text: &str) -> String {
    let word = |word: &str| if word.contains('@') { "ADDRESS".to_owned() } else { word.to_owned() };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_is_in_a_summary() {
        let need = Need {
            what: "the canary of Meetings is on no list".to_owned(),
            words: Some("550 <ann@example.org> is nobody".to_owned()),
            remedy: "`bulletin subscriber add ann@example.org --list meetings` adds it".to_owned(),
        };
        let Shown { what, remedy } = shown(&need);
        assert_eq!(what, "The canary of Meetings is on no list");
        assert_eq!(remedy, "`bulletin subscriber add ADDRESS --list meetings` adds it");
    }
}
