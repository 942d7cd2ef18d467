//! Readers say no while their mail is on its way.

use crate::Orders;
use crate::kills::name;
use crate::page::Section;
use crate::support::house::Database;
use crate::support::torture::{Dice, Race, Raced, WINDOW, Way};

const READERS: usize = 3000;

pub(crate) async fn torture(orders: &Orders, database: Database) -> (Database, Vec<Raced>) {
    let noes = (orders.optouts / 2).max(2);
    eprintln!("{}: {noes} readers say no", name(database));
    let race = Race::new(database, READERS, Dice::new(orders.seed));
    (database, race.run(noes).await)
}

pub(crate) fn section(left: &[(Database, Vec<Raced>)]) -> Section {
    let (mut rows, mut broken) = (Vec::new(), Vec::new());
    for (database, raced) in
        left.iter().flat_map(|(database, all)| all.iter().map(|it| (*database, it)))
    {
        let way = match raced.way {
            Way::Command => "command",
            Way::OneClick => "one-click",
        };
        if raced.late > 0 || raced.at_once > WINDOW {
            broken.push(format!("mail after no: {raced:?}"));
        }
        rows.push(vec![
            name(database).to_owned(),
            way.to_owned(),
            raced.noes.to_string(),
            raced.late.to_string(),
            raced.within.to_string(),
            raced.at_once.to_string(),
            WINDOW.to_string(),
            format!("{} ms", raced.longest.as_millis()),
        ]);
    }
    Section {
        title: "Leaving while the mail is on its way",
        sentence: format!(
            "Readers leave a running campaign just before their mail is due, by `bulletin subscriber unsubscribe` and by \
             one-click (RFC 8058) in turn. From the moment that the command or the page has said so, nothing may arrive \
             that is complete later than a second after; within the second, what was handed over before: at most \
             `delivery.window`, here {WINDOW}, at any one moment."
        ),
        columns: vec![
            "database",
            "way",
            "left",
            "mailed after a second",
            "within it",
            "worst at once",
            "allowed",
            "longest",
        ],
        rows,
        broken,
    }
}
