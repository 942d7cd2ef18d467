//! What is good for a trial on one machine would be a dead link, and no sender, in a stranger's inbox.

use anyhow::{bail, ensure};

use super::{Config, RelayKind, host};

impl Config {
    /// Refuses a relay that sends to the world together with links or a sender of this machine only.
    pub fn fit_for_the_world(&self) -> anyhow::Result<()> {
        let away = self.relay.values().find_map(|relay| match &relay.kind {
            RelayKind::Smtp(smtp) if !host::is_loopback(&smtp.host) => Some(&smtp.host),
            RelayKind::Smtp(_) | RelayKind::File { .. } => None,
        });
        let Some(away) = away else { return Ok(()) };
        for (key, discreet) in [("site", false), ("discreet", true)] {
            let base_url = self.base_url(discreet);
            ensure!(
                host::of_url(base_url).is_some_and(|host| !host::is_loopback(host)),
                "{key}.base_url = \"{base_url}\" is this machine's own, and {away} sends to the world; \
                 write the https:// address of your public pages, or readers cannot unsubscribe"
            );
        }
        let address = &self.sender.address;
        if address.domain() == "localhost" {
            bail!(
                "sender.address = \"{address}\" is nobody's out there, and {away} sends to the world; \
                 write an address of yours"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn config(text: &str) -> Config {
        crate::config::reader::read(text, Path::new("/tmp").to_owned(), std::iter::empty()).unwrap()
    }

    #[test]
    fn a_relay_to_the_world_needs_links_and_a_sender_of_the_world() {
        let relay = "[relay.main]\nhost = \"smtp.example.org\"\n";
        let told = |text: &str| config(text).fit_for_the_world().unwrap_err().to_string();
        assert!(told(relay).contains("site.base_url"));
        let site = format!("{relay}[site]\nbase_url = \"https://news.example.org\"\n");
        assert!(told(&site).contains("sender.address"));
        let all = format!("{site}[sender]\naddress = \"news@example.org\"\n");
        assert!(config(&all).fit_for_the_world().is_ok());
        assert!(config("[relay.main]\nhost = \"localhost\"\n").fit_for_the_world().is_ok());
    }
}
