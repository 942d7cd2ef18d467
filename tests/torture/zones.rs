//! When digests fire, held against the clocks of every zone minute by minute.

use bulletin::clock::Timestamp;
use bulletin::clock::cron::Cron;
use chrono_tz::{TZ_VARIANTS, Tz};

use crate::Orders;
use crate::oracle::{Subject, TEXTS, Tally, judge};
use crate::page::Section;

impl Subject for Cron {
    fn read(text: &str) -> Self {
        Self::parse(text).unwrap()
    }

    fn next(&self, after: i64, zone: Tz) -> Option<i64> {
        Self::next(self, Timestamp(after), zone).map(|at| at.0)
    }

    fn previous(&self, at: i64, zone: Tz) -> Option<i64> {
        Self::previous(self, Timestamp(at), zone).map(|at| at.0)
    }
}

/// In two threads, so many zones from all over the alphabet.
pub(crate) fn torture(orders: &Orders) -> Tally {
    let count = orders.zones.min(TZ_VARIANTS.len());
    eprintln!("{count} zones");
    let zones: Vec<_> =
        (0..count).map(|number| TZ_VARIANTS[number * TZ_VARIANTS.len() / count]).collect();
    let judge_some = |start: usize| {
        let mut tally = Tally::default();
        for zone in zones.iter().skip(start).step_by(2) {
            tally.add(judge::<Cron>(*zone, orders.seed));
        }
        tally
    };
    std::thread::scope(|scope| {
        let halves = [0, 1].map(|start| scope.spawn(move || judge_some(start)));
        let mut all = Tally::default();
        for half in halves {
            all.add(half.join().unwrap());
        }
        all
    })
}

pub(crate) fn section(tally: Tally) -> Section {
    let expressions = TEXTS.len();
    let Tally { zones, changes, days, firings, missed, doubled, astray, wrong } = tally;
    let numbers = [zones, changes, days, firings, missed, doubled, astray];
    Section {
        title: "Digests fire when the clocks say so",
        sentence: format!(
            "{expressions} cron expressions from 2020 to 2030, in each zone for two days round every change of its \
             clocks and on 30 drawn days, against another reading of the five fields that looks at the clocks every \
             minute. What the clocks skip fires once, when they jump; what they show twice fires the first time. No firing \
             may be missed, none may come twice or where there is none, and whoever asks at any moment what is next and \
             what was last is told right."
        ),
        columns: vec![
            "zones",
            "changes",
            "other days",
            "firings",
            "missed",
            "doubled",
            "answers astray",
        ],
        rows: vec![numbers.iter().map(ToString::to_string).collect()],
        broken: wrong,
    }
}
