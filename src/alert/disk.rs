//! How much room there is where an SQLite database lies.

use std::path::Path;

use crate::db::Db;

/// In octets, for whoever may not use what is kept for root; None when it is not ours to know.
pub(super) async fn free(db: &Db) -> Option<u64> {
    let folder = db.file()?.parent()?.to_owned();
    // a disk that does not answer is not waited for on the threads of the mails
    tokio::task::spawn_blocking(move || free_in(&folder)).await.ok()?
}

fn free_in(folder: &Path) -> Option<u64> {
    match rustix::fs::statvfs(folder) {
        Ok(disk) => Some(disk.f_bavail.saturating_mul(disk.f_frsize)),
        Err(error) => {
            tracing::warn!("the room on the database's disk cannot be told: {error}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_room_and_a_missing_one_has_none_to_tell() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_in(folder.path()).unwrap() > 0);
        assert_eq!(free_in(&folder.path().join("missing")), None);
    }
}
