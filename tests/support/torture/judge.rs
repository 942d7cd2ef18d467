//! The relay's journal and the database's record, joined: who was lost, and what was repeated.

use std::collections::{BTreeMap, BTreeSet};

use super::{Kind, Setting};
use crate::support::house::Row;
use crate::support::relay::Received;

/// One campaign, through the lives of several daemons.
pub(super) struct Mailing {
    pub(super) campaign: i64,
    pub(super) lives: Vec<Life>,
}

/// A daemon's life, and what there was after it.
pub(super) struct Life {
    /// How it died; none where it came to its own end.
    pub(super) death: Option<(Kind, String)>,
    pub(super) got: Vec<Received>,
    pub(super) rows: Vec<Row>,
}

/// What one death did.
#[derive(Debug)]
pub(crate) struct Harm {
    pub(crate) kind: Kind,
    /// Readers whose mail never came; those of a whole campaign count at its last death.
    pub(crate) lost: usize,
    /// Mails that came in this life and again after it.
    pub(crate) repeated: usize,
    pub(crate) allowed: usize,
    /// Mails that waited for a person afterwards.
    pub(crate) doubted: usize,
}

impl Life {
    fn accepted(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.state == "accepted")
    }

    /// What the relay has and the record does not.
    fn unrecorded(&self) -> BTreeSet<&str> {
        let recorded: BTreeSet<_> = self.accepted().map(|row| row.email.as_str()).collect();
        let got = self.got.iter().map(|mail| mail.to.as_str());
        got.filter(|to| !recorded.contains(to)).collect()
    }
}

impl Mailing {
    /// What is in doubt now, with the delivery's id and whether the relay has the mail.
    pub(super) fn doubts(&self) -> Vec<(i64, bool)> {
        let arrived: BTreeSet<_> =
            self.lives.iter().flat_map(|life| &life.got).map(|mail| &mail.to).collect();
        let rows = self.lives.last().map_or(&[][..], |life| &life.rows);
        let doubted = rows.iter().filter(|row| row.state == "in_doubt");
        doubted.map(|row| (row.id, arrived.contains(&row.email))).collect()
    }

    pub(super) fn judged(
        &self,
        setting: Setting,
        readers: &[String],
        doubted: usize,
    ) -> (Vec<Harm>, Vec<String>) {
        let mut wrong = self.against_the_record();
        let mut harms = Vec::new();
        for (number, life) in self.lives.iter().enumerate() {
            let Some((kind, how)) = &life.death else { continue };
            let repeated = self.repeated(number, &mut wrong);
            let none = setting.holds || kind.is_before_every_dot();
            let allowed = if none { 0 } else { setting.window };
            if repeated > allowed {
                wrong.push(format!("{how} ({setting:?}): {repeated} mails repeated"));
            }
            let lost = self.falsely_accepted(number);
            harms.push(Harm { kind: *kind, lost, repeated, allowed, doubted });
        }
        if setting.holds {
            wrong.extend(self.against_holding(setting, doubted));
        }
        let missed = self.missed(readers);
        let deaths: Vec<_> =
            self.lives.iter().filter_map(|life| life.death.as_ref().map(|(_, how)| how)).collect();
        match harms.last_mut() {
            _ if missed == 0 => {}
            Some(last) => last.lost += missed,
            None => wrong.push(format!("{missed} mails never came, and nothing died")),
        }
        if !wrong.is_empty() {
            wrong.push(format!("the deaths of campaign {} were {deaths:?}", self.campaign));
        }
        (harms, wrong)
    }

    /// Of a life's mails, those that came again in it or later: the same mails to the octet.
    fn repeated(&self, number: usize, wrong: &mut Vec<String>) -> usize {
        let mut first: BTreeMap<&str, &Received> = BTreeMap::new();
        let (mut again, mut twice) = (BTreeSet::new(), 0);
        for mail in &self.lives[number].got {
            twice += usize::from(first.insert(&mail.to, mail).is_some());
        }
        for mail in self.lives[number + 1..].iter().flat_map(|life| &life.got) {
            let Some(before) = first.get(mail.to.as_str()) else { continue };
            again.insert(&mail.to);
            if (&before.message_id, &before.body_sha256) != (&mail.message_id, &mail.body_sha256) {
                wrong.push(format!("{} came again as another mail", mail.message_id));
            }
        }
        again.len() + twice
    }

    /// Recorded as accepted, and the relay had never got it by then.
    fn falsely_accepted(&self, number: usize) -> usize {
        let got = self.lives[..=number].iter().flat_map(|life| &life.got);
        let got: BTreeSet<_> = got.map(|mail| &mail.to).collect();
        self.lives[number].accepted().filter(|row| !got.contains(&row.email)).count()
    }

    /// Whoever has no mail, or no accepted row, in the end.
    fn missed(&self, readers: &[String]) -> usize {
        let got: BTreeSet<_> =
            self.lives.iter().flat_map(|life| &life.got).map(|mail| &mail.to).collect();
        let last = self.lives.last();
        let kept: BTreeSet<_> =
            last.into_iter().flat_map(Life::accepted).map(|row| &row.email).collect();
        readers.iter().filter(|reader| !(got.contains(reader) && kept.contains(reader))).count()
    }

    /// Each mail is the one that its row names.
    fn against_the_record(&self) -> Vec<String> {
        let rows = self.lives.last().map_or(&[][..], |life| &life.rows);
        let named: BTreeMap<_, _> = rows.iter().map(|row| (&row.email, &row.message_id)).collect();
        let all = self.lives.iter().flat_map(|life| &life.got);
        let stray = all.filter(|mail| {
            named.get(&mail.to).is_none_or(|id| **id != mail.message_id.trim_matches(['<', '>']))
        });
        stray.map(|mail| format!("{} is of no delivery", mail.message_id)).collect()
    }

    /// Whatever was handed over and not recorded waits for a person, and hardly anything else does.
    fn against_holding(&self, setting: Setting, doubted: usize) -> Vec<String> {
        let mut wrong = Vec::new();
        let deaths = self.lives.iter().filter(|life| life.death.is_some()).count();
        if doubted > setting.window * deaths {
            wrong.push(format!("{doubted} mails are held in doubt after {deaths} deaths"));
        }
        for (life, after) in self.lives.iter().zip(&self.lives[1..]) {
            if life.death.is_none() {
                continue;
            }
            let held: BTreeSet<_> = after
                .rows
                .iter()
                .filter(|row| row.state == "in_doubt")
                .map(|row| row.email.as_str())
                .collect();
            let free = life.unrecorded().difference(&held).count();
            if free > 0 {
                wrong.push(format!("{free} mails were handed over, not recorded and not held"));
            }
        }
        wrong
    }
}
