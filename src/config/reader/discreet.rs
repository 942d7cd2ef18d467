//! The table `[discreet]`.

use std::collections::BTreeMap;

use super::dkim::is_aligned;
use crate::config::section::Section;
use crate::config::{Discreet, Dkim, host, value};

/// What the inbox of a reader who is watched must not say, for alliances such as our first.
const RISK_WORDS: &str = "domestic, violence, violent, abuse, abuser, abusive, perpetrator, survivor, victim, refuge, shelter, \
    stalking, rape, assault, trauma, safeguarding, substance, drug, alcohol, addiction, overdose, detox, rehab";

/// `keys` sign every mail, discreet ones too.
pub(super) fn discreet(
    mut s: Section<'_>,
    keys: Option<&BTreeMap<String, Dkim>>,
) -> Option<Discreet> {
    let sender_name = s.key("sender_name", "Updates", value::line);
    let subject = s.key("subject", "An update is available", value::line);
    let list_id = s.key("list_id", "updates", host::list_id);
    let list_name = s.key("list_name", "updates", value::line);
    let preheader = s.key("preheader", "An update is available.", value::line);
    let title = s.key("title", "An update", value::line);
    let opening = s.key("opening", "An update is available.", value::line);
    let link_text = s.key("link_text", "Open this page on the web", value::line);
    let calendar_title = s.key("calendar_title", "Appointment", value::line);
    let file_name = s.key("file_name", "document", host::slug);
    let notice_only = s.key("body", "full", value::word(&[("full", false), ("notice", true)]));
    let notice = s.key("notice", "An update is available. Open it when it suits you.", value::line);
    let address = s.maybe("address", "sender.address", value::email);
    let reply_to = s.maybe("reply_to", "none", value::email);
    let bounce_domain = s.maybe("bounce_domain", "sender.bounce_domain", host::domain);
    let base_url = s.maybe("base_url", "site.base_url", host::base_url);
    let risk_words = s.list("risk_words", RISK_WORDS, value::line);
    if let Some(Some(address)) = &address {
        let stranger = keys.and_then(|keys| {
            keys.iter().find(|(_, key)| !is_aligned(&key.domain, &address.domain()))
        });
        if let Some((name, key)) = stranger {
            let what = format!(
                "= \"{address}\" is not in the domain of dkim.{name}, and the signature would name {}; \
                 write an address in that domain",
                key.domain
            );
            s.impossible("address", &what);
        }
    }
    s.end();
    Some(Discreet {
        sender_name: sender_name?,
        subject: subject?,
        list_id: list_id?,
        list_name: list_name?,
        preheader: preheader?,
        title: title?,
        opening: opening?,
        link_text: link_text?,
        calendar_title: calendar_title?,
        file_name: file_name?,
        notice_only: notice_only?,
        notice: notice?,
        address: address?,
        reply_to: reply_to?,
        bounce_domain: bounce_domain?,
        base_url: base_url?,
        risk_words: risk_words?,
    })
}
