//! A year of the alliance, with a clock that only the story moves: what coordinators do, what readers do, what
//! goes wrong, and what everybody got of it. Its log is `tests/it/year/year.txt`, to be read by people.
//!
//! `BULLETIN_GOLDEN=write cargo test --test it year` writes it anew; look at what changed, then commit.

mod deed;
mod life;
mod log;
mod promise;
mod script;

use std::path::Path;

use crate::store::World;

const LOG: &str = "tests/it/year/year.txt";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_year_of_the_alliance_on_sqlite() {
    let log = lived(&World::on_sqlite().await).await;
    if std::env::var_os("BULLETIN_GOLDEN").is_some_and(|it| it == "write") {
        std::fs::write(Path::new(LOG), &log).unwrap();
    }
    assert_eq!(log, std::fs::read_to_string(LOG).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_year_of_the_alliance_on_postgres() {
    let log = lived(&World::on_postgres().await).await;
    assert_eq!(log, std::fs::read_to_string(LOG).unwrap());
}

/// Lives it, holds every promise against it, and says what happened.
async fn lived(w: &World) -> String {
    let life = life::live(w, &script::year()).await;
    promise::hold(w, &life).await;
    life.log.text
}
