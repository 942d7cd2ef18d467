//! Brings a database to the newest schema. Both kinds have the same files by name.

use include_dir::{Dir, include_dir};
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

static LITE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations/sqlite");
static PG: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations/postgres");

pub(super) fn lite() -> Migrator {
    migrator(&LITE)
}

pub(super) fn pg() -> Migrator {
    migrator(&PG)
}

/// `0001_journey.sql` is version 1, "journey".
fn migrator(folder: &'static Dir<'static>) -> Migrator {
    let migrations = folder.files().filter_map(|file| {
        let (version, name) = file.path().file_stem()?.to_str()?.split_once('_')?;
        let sql = file.contents_utf8()?.into_sql_str();
        Some(Migration::new(version.parse().ok()?, name.into(), MigrationType::Simple, sql, false))
    });
    Migrator::with_migrations(migrations.collect())
}
