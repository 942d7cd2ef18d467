//! What the next hops said about mails that did not get through, grouped.

use std::collections::HashMap;

use sqlx::AssertSqlSafe;

use super::AT_REST;
use crate::db::{Error, Session, on};
use crate::id::CampaignId;

/// A reply, and how many mails have it as their last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replies {
    /// None when the connection broke instead.
    pub code: Option<i64>,
    pub text: String,
    pub count: i64,
}

/// The last replies about a campaign's mails that wait or ended without being accepted, the most
/// frequent first.
pub async fn replies(session: &mut impl Session, id: CampaignId) -> Result<Vec<Replies>, Error> {
    let sql = || {
        AssertSqlSafe(format!(
            "SELECT a.code, a.text, count(*) FROM (SELECT id FROM delivery \
             WHERE campaign_id = $1 AND state = 'deferred' AND next_at IS NOT NULL \
             UNION ALL SELECT id FROM delivery \
             WHERE campaign_id = $1 AND state IN ('in_doubt', 'failed', 'expired') AND {AT_REST}) d \
             JOIN attempt a ON a.id = (SELECT max(b.id) FROM attempt b WHERE b.delivery_id = d.id) \
             WHERE a.outcome <> 'accepted' GROUP BY a.code, a.text"
        ))
    };
    let rows: Vec<(Option<i64>, String, i64)> = on!(session, c => sqlx::query_as(sql())
    .bind(id)
    .fetch_all(c)
    .await)?;
    Ok(grouped(rows))
}

/// Servers repeat the recipient in their words: without it, what is one reply counts as one.
fn grouped(rows: Vec<(Option<i64>, String, i64)>) -> Vec<Replies> {
    let mut groups: HashMap<_, i64> = HashMap::new();
    for (code, text, count) in rows {
        *groups.entry((code, without_address(&text))).or_default() += count;
    }
    let reply = |((code, text), count)| Replies { code, text, count };
    let mut all: Vec<_> = groups.into_iter().map(reply).collect();
    all.sort_unstable_by(|a, b| (b.count, a.code, &a.text).cmp(&(a.count, b.code, &b.text)));
    all
}

fn without_address(text: &str) -> String {
    let word = |word| if str::contains(word, '@') { "<address>" } else { word };
    text.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_in_the_address_only_is_one_reply() {
        let unknown = |name| (Some(550), format!("<{name}@example.org>: no such user"), 1);
        let gone = (None, "the connection broke".to_owned(), 1);
        let all = grouped(vec![gone, unknown("ann"), unknown("ben")]);
        let text = "<address> no such user".to_owned();
        assert_eq!(all[0], Replies { code: Some(550), text, count: 2 });
        assert_eq!((all.len(), all[1].code), (2, None));
    }
}
