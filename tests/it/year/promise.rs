//! The eight promises of the design, held against the year.

use std::collections::{BTreeMap, BTreeSet};

use bulletin::metric::Metrics;
use bulletin::web::{self, Office};

use super::life::Life;
use crate::store::World;
use crate::store::people::address;
use crate::support::http::{get, post};
use crate::support::mail::Mail;

pub(super) async fn hold(w: &World, life: &Life<'_>) {
    nobody_is_missed(w).await;
    nothing_came_twice(w, life).await;
    no_mail_came_after_no(life);
    nobody_is_tracked(life);
    discreet_means_discreet(life);
    it_says_what_happened(w).await;
    no_fault_of_ours_was_a_readers(w).await;
    looking_changes_nothing(w, life).await;
}

async fn none(w: &World, of: &str) {
    assert_eq!(w.raw.number(&format!("SELECT count(*) FROM {of}")).await, 0, "{of}");
}

async fn nobody_is_missed(w: &World) {
    none(w, "campaign WHERE state NOT IN ('finished', 'cancelled')").await;
    none(
        w,
        "campaign c WHERE c.audience <> (SELECT count(*) FROM delivery d WHERE d.campaign_id = c.id \
         AND d.finished_at IS NOT NULL)",
    )
    .await;
    // whoever reads a list has every post of it since they came, unless it was withdrawn
    none(
        w,
        "publication b JOIN subscription u ON u.list = b.list AND b.sequence > u.from_sequence AND u.state = 'active' \
         JOIN subscriber s ON s.id = u.subscriber_id JOIN post p ON p.id = b.post_id \
         WHERE p.withdrawn_at IS NULL AND NOT b.correction \
         AND NOT EXISTS (SELECT 1 FROM suppression x WHERE x.hash = s.email_hash) \
         AND NOT EXISTS (SELECT 1 FROM ledger g JOIN delivery d ON d.id = g.delivery_id WHERE d.state = 'accepted' \
             AND g.subscriber_id = u.subscriber_id AND g.post_id = b.post_id AND g.purpose = 'post')",
    )
    .await;
}

async fn nothing_came_twice(w: &World, life: &Life<'_>) {
    let messages = life.outbox.messages();
    let ids: BTreeSet<_> =
        messages.iter().map(|(_, bytes)| Mail::of(bytes).headers["message-id"].clone()).collect();
    assert_eq!(ids.len(), messages.len(), "no mail came twice");
    let accepted = w.raw.number("SELECT count(*) FROM delivery WHERE state = 'accepted'").await;
    assert_eq!(i64::try_from(messages.len()).unwrap(), accepted, "what came is what is recorded");
    // by announcement or by digest; each correction; each step of a ladder
    for (kinds, once) in [
        ("'announcement', 'digest'", "d.subscriber_id, r.post_id"),
        ("'update'", "d.subscriber_id, r.post_id, r.version"),
        ("'cancellation'", "d.subscriber_id, r.post_id"),
        ("'reminder'", "d.subscriber_id, r.post_id, c.id"),
    ] {
        none(
            w,
            &format!(
                "(SELECT {once} FROM delivery d JOIN campaign c ON c.id = d.campaign_id \
                 JOIN rendition_post r ON r.rendition_id = d.rendition_id \
                 WHERE d.state = 'accepted' AND c.kind IN ({kinds}) \
                 GROUP BY {once} HAVING count(DISTINCT d.id) > 1) twice"
            ),
        )
        .await;
    }
}

fn no_mail_came_after_no(life: &Life<'_>) {
    assert!(!life.noes.is_empty());
    for (name, no, back) in &life.noes {
        let to = address(name);
        let all = life.outbox.messages();
        let theirs =
            life.left_at.iter().zip(&all).filter(|(_, (envelope, _))| envelope.to == to.as_str());
        for (at, _) in theirs {
            assert!(at < no || back.is_some_and(|back| *at > back), "{name}, on {at}");
        }
    }
}

/// Nothing is fetched, and copies of one mail differ in their readers' own links alone.
fn nobody_is_tracked(life: &Life<'_>) {
    let mut copies: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (at, (envelope, bytes)) in life.left_at.iter().zip(life.outbox.messages()) {
        let mail = Mail::of(&bytes);
        assert!(
            !mail.html.contains("src=\"http") && !mail.html.contains("utm_"),
            "{}",
            mail.subject
        );
        // of a digest each reader has an edition of their own
        if mail.subject.starts_with("About") {
            let words = anyones(&mail.html, &envelope.to) + &anyones(&mail.text, &envelope.to);
            copies.entry((*at, mail.subject)).or_default().insert(words);
        }
    }
    assert!(copies.len() > 10, "the year had more mails than that");
    for ((at, subject), words) in copies {
        assert_eq!(words.len(), 1, "{subject}, on {at}");
    }
}

/// Without what is one reader's own: their links and their address.
fn anyones(text: &str, to: &str) -> String {
    let mut words = text.replace(to, "");
    for door in ["/unsubscribe/", "/preferences/", "/rsvp/"] {
        while let Some(start) = words.find(door) {
            let own = words[start..].find(|c: char| c.is_whitespace() || "\"<>)?".contains(c));
            let end = own.map_or(words.len(), |own| start + own);
            words.replace_range(start..end, "");
        }
    }
    words
}

fn discreet_means_discreet(life: &Life<'_>) {
    let dan = address("dan");
    let all = life.outbox.messages();
    let his: Vec<_> = all.iter().filter(|(envelope, _)| envelope.to == dan.as_str()).collect();
    assert!(his.len() > 10, "he had {}", his.len());
    for (envelope, bytes) in his {
        let mail = Mail::of(bytes);
        let headers = format!("{:?}", mail.headers);
        let first = mail.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let title =
            mail.html.split("<title>").nth(1).and_then(|rest| rest.split('<').next()).unwrap();
        let seen = format!("{} {headers} {first} {title}", envelope.from).to_lowercase();
        for word in ["meeting", "report", "summary", "alliance", "about"] {
            assert!(!seen.contains(word), "{word} in {seen}");
        }
    }
}

async fn it_says_what_happened(w: &World) {
    none(
        w,
        "delivery d WHERE d.state = 'accepted' AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.delivery_id = d.id \
         AND a.outcome = 'accepted' AND a.code = 250 AND a.text <> '')",
    )
    .await;
    none(
        w,
        "delivery d WHERE d.state IN ('suppressed', 'cancelled') AND coalesce(d.reason, '') = ''",
    )
    .await;
}

/// The mail server was out of order for more than a day.
async fn no_fault_of_ours_was_a_readers(w: &World) {
    assert_eq!(w.raw.number("SELECT count(*) FROM suppression").await, 1, "by a person's word");
    none(w, "delivery WHERE state IN ('failed', 'expired')").await;
}

/// And the link in the first mail of the year still ends what it came by.
async fn looking_changes_nothing(w: &World, life: &Life<'_>) {
    let mut config = life.config.as_ref().clone();
    config.site.listen = "127.0.0.1:0".parse().unwrap();
    config.site.operator_listen = "127.0.0.1:0".parse().unwrap();
    let base = config.site.base_url.clone();
    let office = Office {
        db: w.db.clone(),
        config: config.into(),
        keys: w.keys.clone(),
        clock: w.clock.clone(),
        metrics: Metrics::new(),
    };
    let pages = web::start(&office).await.unwrap();
    let here = format!("http://{}", pages.public());
    let messages = life.outbox.messages();
    let first = Mail::of(&messages[0].1);
    let link = first.unsubscribe_url().replace(&base, &here);
    let before = (w.everything().await, subscriptions(w).await);
    let looks = [link.clone(), format!("{here}/archive"), format!("{here}/archive/june-report")];
    for url in looks {
        let seen = tokio::task::spawn_blocking(move || get(&url).status).await.unwrap();
        assert_eq!(seen, 200);
    }
    assert_eq!((w.everything().await, subscriptions(w).await), before);
    let form = "application/x-www-form-urlencoded";
    let click = move || post(&link, form, "List-Unsubscribe=One-Click").status;
    assert_eq!(tokio::task::spawn_blocking(click).await.unwrap(), 200);
    assert_ne!(subscriptions(w).await, before.1);
    pages.stop().await;
}

async fn subscriptions(w: &World) -> Vec<String> {
    w.raw.words("SELECT list || ' ' || cadence || ' ' || state FROM subscription ORDER BY id").await
}
