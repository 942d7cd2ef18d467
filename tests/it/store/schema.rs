//! The two folders of migrations describe one database.

use std::path::Path;

use super::World;

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_and_nullability() {
    let (lite, pg) = (World::on_sqlite().await, World::on_postgres().await);
    let (lite, pg) = (lite.raw.columns().await, pg.raw.columns().await);
    assert!(lite.len() > 100, "the columns were read: {}", lite.len());
    assert_eq!(lite, pg);
}

#[test]
fn both_folders_of_migrations_have_the_same_files() {
    let names = |folder: &str| {
        let mut names: Vec<_> =
            Path::new(folder).read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names("migrations/sqlite"), names("migrations/postgres"));
}
