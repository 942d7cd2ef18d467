//! One daemon for an SQLite file. On Postgres there may be several (`several_daemons.rs`).

use super::house::{Database, accepted, finished, house};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_second_daemon_on_one_sqlite_file_is_refused_and_told_who_holds_it() {
    let house = house(Database::Sqlite).open();
    let mut daemon = house.daemon();
    let second = house.program.run(&["run"]);
    assert_eq!(second.code, 1, "{}", second.stderr);
    let pid = daemon.id().to_string();
    assert!(second.stderr.contains("another daemon"), "{}", second.stderr);
    assert!(second.stderr.contains(&pid), "{pid}: {}", second.stderr);
    // commands take turns with the daemon
    house.readers(3, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    finished(&daemon, campaign);
    house.ended(campaign, &accepted(3));
    assert_eq!(daemon.terminate(), 0);
    house.send();
}
