//! Forward-only migrations: `migrations/README.md`.
//!
//! A small runner of our own, because the driver's takes no lock on SQLite: two programs of one node that start
//! together would both apply the first file. Here everything happens inside one write transaction.

use sqlx::AnyConnection;
use tlog::hash::sha256;

use crate::database::{DatabaseError, OpenError};
use crate::sql::{Columns, stored};

/// One file of `migrations/`.
pub(crate) struct Migration {
    name: &'static str,
    text: &'static str,
}

/// All migrations in order; the first has version 1.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "settings",
        text: include_str!("../migrations/0001_settings.sql"),
    },
    Migration {
        name: "blobs",
        text: include_str!("../migrations/0002_blobs.sql"),
    },
    Migration {
        name: "door",
        text: include_str!("../migrations/0003_door.sql"),
    },
    Migration {
        name: "jobs",
        text: include_str!("../migrations/0004_jobs.sql"),
    },
    Migration {
        name: "views",
        text: include_str!("../migrations/0005_views.sql"),
    },
];

/// Applies what is missing and answers the newest version. The caller's transaction makes it all or nothing: a crash
/// in the middle leaves the schema as it was.
pub(crate) async fn apply(
    connection: &mut AnyConnection,
    known: &[Migration],
) -> Result<u64, OpenError> {
    sqlx::raw_sql(HISTORY)
        .execute(&mut *connection)
        .await
        .map_err(DatabaseError::from)?;
    let applied = applied(connection).await?;
    if applied.len() > known.len() {
        return Err(OpenError::SchemaNewer {
            found: applied.len() as u64,
            known: known.len() as u64,
        });
    }
    for ((version, digest), migration) in applied.iter().zip(known) {
        if *digest != sha256(migration.text.as_bytes()).to_hex() {
            return Err(OpenError::SchemaChanged { version: *version });
        }
    }
    for (version, migration) in (1..).zip(known).skip(applied.len()) {
        tracing::info!(version, name = migration.name, "applying migration");
        run(connection, version, migration).await?;
    }
    Ok(known.len() as u64)
}

async fn applied(connection: &mut AnyConnection) -> Result<Vec<(u64, String)>, DatabaseError> {
    let rows = sqlx::query("SELECT version, sha256 FROM schema_versions ORDER BY version")
        .fetch_all(connection)
        .await?;
    let mut applied = Vec::new();
    for (row, expected) in rows.iter().zip(1..) {
        let version = row.number("version")?;
        if version != expected {
            return Err(DatabaseError::our_bug(
                "a migration is missing in the middle",
            ));
        }
        applied.push((version, row.text("sha256")?));
    }
    Ok(applied)
}

async fn run(
    connection: &mut AnyConnection,
    version: u64,
    migration: &Migration,
) -> Result<(), DatabaseError> {
    sqlx::raw_sql(migration.text)
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO schema_versions (version, name, sha256) VALUES ($1, $2, $3)")
        .bind(stored(version)?)
        .bind(migration.name)
        .bind(sha256(migration.text.as_bytes()).to_hex())
        .execute(connection)
        .await?;
    Ok(())
}

const HISTORY: &str = "CREATE TABLE IF NOT EXISTS schema_versions (
    version BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL
)";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sqlx::{AnyConnection, Connection};

    use super::*;

    const FIRST: Migration = Migration {
        name: "first",
        text: "CREATE TABLE one (a BIGINT);",
    };
    const SECOND: Migration = Migration {
        name: "second",
        text: "CREATE TABLE two (a BIGINT); INSERT INTO two VALUES (7);",
    };

    /// Runs `known` on the database in `folder` as a start of a program would: whole, or not at all.
    async fn start(folder: &Path, known: &[Migration]) -> Result<u64, OpenError> {
        sqlx::any::install_default_drivers();
        let url = format!("sqlite://{}/x.db?mode=rwc", folder.display());
        let mut connection = AnyConnection::connect(&url).await.expect("connected");
        let mut transaction = connection.begin().await.expect("begun");
        let version = apply(&mut transaction, known).await?;
        transaction.commit().await.expect("committed");
        Ok(version)
    }

    async fn tables(folder: &Path) -> Vec<String> {
        let url = format!("sqlite://{}/x.db", folder.display());
        let mut connection = AnyConnection::connect(&url).await.expect("connected");
        let rows = sqlx::query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            .fetch_all(&mut connection)
            .await
            .expect("listed");
        rows.iter()
            .map(|row| row.text("name").expect("a name"))
            .collect()
    }

    #[tokio::test]
    async fn goes_forward_from_every_earlier_schema_and_twice_changes_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(start(folder.path(), &[]).await, Ok(0));
        assert_eq!(start(folder.path(), &[FIRST]).await, Ok(1));
        assert_eq!(start(folder.path(), &[FIRST, SECOND]).await, Ok(2));
        assert_eq!(start(folder.path(), &[FIRST, SECOND]).await, Ok(2));
        assert_eq!(
            tables(folder.path()).await,
            ["one", "schema_versions", "two"]
        );
    }

    #[tokio::test]
    async fn refuses_the_schema_of_a_newer_program() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(start(folder.path(), &[FIRST, SECOND]).await, Ok(2));
        let refused = start(folder.path(), &[FIRST]).await;
        assert_eq!(refused, Err(OpenError::SchemaNewer { found: 2, known: 1 }));
    }

    #[tokio::test]
    async fn refuses_a_released_migration_that_was_edited() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(start(folder.path(), &[FIRST, SECOND]).await, Ok(2));
        let edited = Migration {
            name: "second",
            text: "CREATE TABLE two (a BIGINT, b BIGINT);",
        };
        assert_eq!(
            start(folder.path(), &[FIRST, edited]).await,
            Err(OpenError::SchemaChanged { version: 2 })
        );
    }

    #[tokio::test]
    async fn a_migration_that_fails_leaves_the_schema_as_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let broken = Migration {
            name: "broken",
            text: "CREATE TABLE half (a BIGINT); CREATE TABEL rest (a BIGINT);",
        };
        assert!(start(folder.path(), &[FIRST, broken]).await.is_err());
        assert!(tables(folder.path()).await.is_empty());
        assert_eq!(start(folder.path(), &[FIRST, SECOND]).await, Ok(2));
    }

    #[tokio::test]
    async fn refuses_a_history_with_a_gap() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(start(folder.path(), &[FIRST, SECOND]).await, Ok(2));
        let url = format!("sqlite://{}/x.db", folder.path().display());
        let mut connection = AnyConnection::connect(&url).await.expect("connected");
        sqlx::query("DELETE FROM schema_versions WHERE version = 1")
            .execute(&mut connection)
            .await
            .expect("deleted");
        connection.close().await.expect("closed");
        let refused = start(folder.path(), &[FIRST, SECOND]).await;
        assert!(
            matches!(
                refused,
                Err(OpenError::Database(DatabaseError::OurBug { .. }))
            ),
            "{refused:?}"
        );
    }
}
