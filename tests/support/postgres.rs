//! One throwaway Postgres server for the whole test process, reached by a Unix socket only.
//!
//! A [`Keeper`] makes the cluster, starts it, and ends with this process.

use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::keeper::Keeper;

static SERVER: LazyLock<Server> = LazyLock::new(|| Server::start(HASTY));

/// A fresh, empty database; its address for `sqlx` and for `[database] url`.
pub(crate) fn database() -> String {
    SERVER.database()
}

/// Where the server's socket is.
pub(crate) fn folder() -> &'static Path {
    &SERVER.folder
}

/// What a test writes need not outlive a loss of power.
const HASTY: &str = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off";

pub(crate) struct Server {
    programs: PathBuf,
    folder: PathBuf,
    /// Keeps the server alive.
    keeper: Keeper,
}

/// What the keeper does, with the programs' folder as `$1`, the cluster's as `$2`, and options of the
/// server as `$3`.
const KEEPER: &str = r#"
cd "$2" && exec 2>log || exit 1
trap '"$1/pg_ctl" -D "$2/data" -m immediate stop >>log; cd /; rm -rf "$2"' EXIT
"$1/initdb" -D data -U postgres --auth=trust -E UTF8 --no-locale --no-sync >>log || { cat log; exit 1; }
"$1/pg_ctl" -D data -l log -w -o "-k '$2' -c listen_addresses= -c max_connections=300 $3" start >>log || { cat log; exit 1; }
# whoever waits for this may be gone already
trap '' PIPE
echo ready
read -r _
"#;

impl Server {
    /// With these options beside its own; with none, what it has committed survives a loss of power.
    pub(crate) fn start(options: &str) -> Self {
        let programs = programs();
        // Not $TMPDIR: a socket's path has 107 characters at most (unix(7)).
        let folder =
            tempfile::Builder::new().prefix("bulletin-pg-").tempdir_in("/tmp").unwrap().keep();
        let command = as_somebody_else(&folder);
        let paths = [programs.as_path(), &folder, Path::new(options)];
        let keeper = Keeper::start(command, "PostgreSQL", KEEPER, &paths);
        Self { programs, folder, keeper }
    }

    /// A fresh, empty database.
    pub(crate) fn database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.create(&name);
        format!("postgres://postgres@localhost/{name}?host={}", self.folder.display())
    }

    fn create(&self, name: &str) {
        let created = Command::new(self.programs.join("createdb"))
            .args(["-U", "postgres", "-h"])
            .arg(&self.folder)
            .arg(name)
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&created.stderr);
        assert!(created.status.success(), "createdb {name}: {error}");
    }
}

/// Debian keeps the server's programs out of the `PATH`, one folder for each version.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let newest = versions
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .max()
        .map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")));
    let path = std::env::var_os("PATH").unwrap_or_default();
    newest
        .into_iter()
        .chain(std::env::split_paths(&path))
        .find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
        .expect("PostgreSQL's initdb is not installed: run .ci/packages")
}

/// The start of a command that runs as a user whom Postgres accepts: it refuses root.
fn as_somebody_else(folder: &Path) -> Command {
    if folder.metadata().unwrap().uid() != 0 {
        return Command::new("env");
    }
    let (uid, gid) = ids_of("postgres").or_else(|| ids_of("nobody")).unwrap();
    chown(folder, Some(uid), Some(gid)).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid", &uid.to_string(), "--regid", &gid.to_string()]);
    command.args(["--clear-groups", "--"]);
    command
}

pub(super) fn ids_of(user: &str) -> Option<(u32, u32)> {
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let line = users.lines().find(|line| line.split(':').next() == Some(user))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, PgConnection};

    use super::*;
    use crate::support::program::tests::command_line;

    #[tokio::test]
    async fn a_database_is_fresh_and_reached_by_its_url() {
        let (one, other) = (database(), database());
        let mut connection = PgConnection::connect(&one).await.unwrap();
        sqlx::query("create table only_here (id bigint)").execute(&mut connection).await.unwrap();
        let mut connection = PgConnection::connect(&other).await.unwrap();
        let tables: i64 =
            sqlx::query_scalar("select count(*) from pg_tables where tablename = 'only_here'")
                .fetch_one(&mut connection)
                .await
                .unwrap();
        assert_eq!(tables, 0);
    }

    #[test]
    fn the_server_ends_with_the_process_that_holds_it() {
        let server = Server::start(HASTY);
        let postmaster =
            std::fs::read_to_string(server.folder.join("data/postmaster.pid")).unwrap();
        let process = postmaster.lines().next().unwrap();
        assert!(command_line(process).contains("postgres"));
        // Closes the pipe, as the end of this process would.
        drop(server.keeper);
        assert_eq!(command_line(process), "", "PostgreSQL still runs");
        assert!(!server.folder.exists(), "its folder is still there");
    }
}
