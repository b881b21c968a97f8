//! Opening the database, its connections, and the one kind of write transaction (`tlog.md` §5.5, "SQL").
//!
//! Durable means: when a call that writes returns, its commit is on disk. SQLite runs with a write-ahead journal and
//! `synchronous = FULL`; one connection writes, so that writers of this process wait in a fair queue instead of
//! failing, and several read beside it. Other processes on the same file wait for [`BUSY_MILLISECONDS`].

use std::path::Path;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, Connection};

use crate::cause::Cause;
use crate::migrations::{self, MIGRATIONS};

/// An open database whose schema is the one this program knows. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Database {
    reads: AnyPool,
    writes: AnyPool,
    schema: u64,
}

impl Database {
    /// Opens `url` (`sqlite://PATH`), makes the file when there is none, and applies the missing migrations.
    ///
    /// # Errors
    ///
    /// Refuses other schemes, databases in memory (each connection would see its own), and a schema that a newer or a
    /// changed program made.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let url = accepted_url(url)?;
        sqlx::any::install_default_drivers();
        let schema = migrate(&url).await?;
        let writes = pool(1, WRITE_SETUP)
            .connect(&url)
            .await
            .map_err(DatabaseError::from)?;
        let reads = pool(READ_CONNECTIONS, READ_SETUP)
            .connect(&url)
            .await
            .map_err(DatabaseError::from)?;
        Ok(Self {
            reads,
            writes,
            schema,
        })
    }

    /// [`Database::open`] of the SQLite file at `path`; the folder must exist.
    ///
    /// # Errors
    ///
    /// As [`Database::open`]; also refuses a path that is not UTF-8.
    pub async fn open_file(path: &Path) -> Result<Self, OpenError> {
        let path = std::path::absolute(path)
            .map_err(|error| DatabaseError::Unavailable(Cause::new(error)))?;
        let text = path
            .to_str()
            .ok_or(OpenError::AddressRefused("the path is not UTF-8"))?;
        // These three would end the path or start an escape inside an address.
        let escaped = text
            .replace('%', "%25")
            .replace('?', "%3f")
            .replace('#', "%23");
        Self::open(&format!("sqlite://{escaped}")).await
    }

    /// Begins a write transaction. Dropped without [`Transaction::commit`], nothing of it remains.
    ///
    /// While one is open, every other write of this process waits: do no network and no hashing inside.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Busy`] when other writers hold the database for too long.
    pub async fn begin(&self) -> Result<Transaction, DatabaseError> {
        begin_on(&self.writes).await
    }

    /// The number of the newest migration in this database.
    pub fn schema_version(&self) -> u64 {
        self.schema
    }

    /// Waits for running calls and closes all connections; later calls fail.
    pub async fn close(&self) {
        self.reads.close().await;
        self.writes.close().await;
    }

    pub(crate) fn reads(&self) -> &AnyPool {
        &self.reads
    }
}

/// A write transaction: what is done through it happens whole at [`Transaction::commit`], or not at all.
#[derive(Debug)]
pub struct Transaction {
    inner: sqlx::Transaction<'static, sqlx::Any>,
}

impl Transaction {
    /// Commits; when this returns `Ok`, the changes are on disk.
    ///
    /// # Errors
    ///
    /// On an error the caller must assume neither: repeat the whole transaction, whose writes are idempotent.
    pub async fn commit(self) -> Result<(), DatabaseError> {
        Ok(self.inner.commit().await?)
    }

    pub(crate) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.inner
    }
}

/// Why a database call gave no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// Others hold the write lock, or all connections are in use.
    #[error("the database is busy")]
    Busy(#[source] Cause),
    /// The file is not a database any more.
    #[error("the database file is damaged")]
    Damaged(#[source] Cause),
    /// No room for the change; nothing of it was kept.
    #[error("the disk that holds the database is full")]
    DiskFull(#[source] Cause),
    /// A state that cannot be.
    #[error("our bug in the database layer: {what}")]
    OurBug {
        /// What was found.
        what: &'static str,
        /// What the driver said, when it was the driver.
        #[source]
        cause: Option<Cause>,
    },
    /// The file or the server cannot be reached.
    #[error("the database is unavailable")]
    Unavailable(#[source] Cause),
}

impl DatabaseError {
    /// One sentence: what to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Busy(_) => {
                "try again; if it stays, look for another process that uses the same data folder"
            }
            Self::Damaged(_) => {
                "stop the node and restore the database from a backup, then run rebuild-views"
            }
            Self::DiskFull(_) => {
                "make room on the disk of the data folder, then repeat the request"
            }
            Self::OurBug { .. } => "report this with the log lines around it",
            Self::Unavailable(_) => "check that the data folder is mounted, readable and writable",
        }
    }

    pub(crate) fn our_bug(what: &'static str) -> Self {
        Self::OurBug { what, cause: None }
    }
}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        let code = sqlite_code(&error);
        match (&error, code) {
            (_, Some(SQLITE_BUSY | SQLITE_LOCKED)) | (sqlx::Error::PoolTimedOut, _) => {
                Self::Busy(Cause::new(error))
            }
            (_, Some(SQLITE_CORRUPT | SQLITE_NOT_A_DATABASE)) => Self::Damaged(Cause::new(error)),
            (_, Some(SQLITE_FULL)) => Self::DiskFull(Cause::new(error)),
            (_, Some(SQLITE_READ_ONLY | SQLITE_IO_ERROR | SQLITE_CANNOT_OPEN))
            | (sqlx::Error::Io(_) | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed, _) => {
                Self::Unavailable(Cause::new(error))
            }
            _ => Self::OurBug {
                what: "the driver refused a statement of ours",
                cause: Some(Cause::new(error)),
            },
        }
    }
}

/// Why a database was not opened.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Not an address of a database that this program can use. The address itself is not repeated: it may hold a password.
    #[error("the database address is refused: {0}")]
    AddressRefused(&'static str),
    /// The database could not be read or written.
    #[error("the database could not be opened")]
    Database(#[from] DatabaseError),
    /// A migration in this database is not the text that this program has under its number.
    #[error("migration {version} of this database is another text than this program's")]
    SchemaChanged {
        /// Number of the migration.
        version: u64,
    },
    /// A newer program migrated this database.
    #[error("the database has schema {found}, this program knows {known}")]
    SchemaNewer {
        /// Newest migration in the database.
        found: u64,
        /// Newest migration of this program.
        known: u64,
    },
}

impl OpenError {
    /// One sentence: what to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::AddressRefused(_) => "use sqlite:// followed by the path of a file",
            Self::Database(error) => error.hint(),
            Self::SchemaChanged { .. } => {
                "use the program that made this database, or restore a backup"
            }
            Self::SchemaNewer { .. } => {
                "use the newer program, or restore the backup made before its first start"
            }
        }
    }
}

fn accepted_url(url: &str) -> Result<String, OpenError> {
    let Some(rest) = url.strip_prefix("sqlite://") else {
        return Err(OpenError::AddressRefused("only sqlite:// is supported"));
    };
    if rest.is_empty() {
        return Err(OpenError::AddressRefused("the path is missing"));
    }
    // One way to spell a database keeps two spellings from meaning two locks.
    if rest.contains(['?', '#']) {
        return Err(OpenError::AddressRefused("parameters are not supported"));
    }
    if rest.starts_with(":memory:") {
        return Err(OpenError::AddressRefused(
            "a database in memory is not durable",
        ));
    }
    Ok(format!("{url}?mode=rwc"))
}

fn pool(connections: u32, setup: &'static str) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        // An embedded database does not hang up: no ping before each use, no retirement.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(30))
        .after_connect(move |connection, _| Box::pin(set_up(connection, setup)))
}

/// Migrates over a connection of its own: a pool hides why a first connection failed behind a time-out.
async fn migrate(url: &str) -> Result<u64, OpenError> {
    let mut connection = AnyConnection::connect(url)
        .await
        .map_err(DatabaseError::from)?;
    set_up(&mut connection, WRITE_SETUP)
        .await
        .map_err(DatabaseError::from)?;
    let mut transaction = connection
        .begin_with(BEGIN)
        .await
        .map_err(DatabaseError::from)?;
    let schema = migrations::apply(&mut transaction, MIGRATIONS).await?;
    transaction.commit().await.map_err(DatabaseError::from)?;
    connection.close().await.map_err(DatabaseError::from)?;
    Ok(schema)
}

async fn set_up(connection: &mut AnyConnection, setup: &str) -> Result<(), sqlx::Error> {
    let text = format!("PRAGMA busy_timeout = {BUSY_MILLISECONDS}; {setup}");
    sqlx::raw_sql(AssertSqlSafe(text))
        .execute(connection)
        .await?;
    Ok(())
}

async fn begin_on(writes: &AnyPool) -> Result<Transaction, DatabaseError> {
    match writes.begin_with(BEGIN).await {
        Ok(inner) => Ok(Transaction { inner }),
        // SQLite ends a transaction by itself on a full disk or a failed write, and the driver then still counts it as
        // open: the connection can begin nothing any more. Replace it by a fresh one.
        Err(sqlx::Error::InvalidSavePointStatement) => {
            let stale = writes.acquire().await?;
            stale.close().await?;
            Ok(Transaction {
                inner: writes.begin_with(BEGIN).await?,
            })
        }
        Err(error) => Err(error.into()),
    }
}

/// SQLite's primary result code: the low byte of the extended one that the driver tells.
fn sqlite_code(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error()?.code()?;
    Some(code.parse::<u32>().ok()? & 0xff)
}

/// How long a writer waits for another process, in milliseconds.
pub const BUSY_MILLISECONDS: u32 = 10_000;

/// Reading connections: pages make at most three view reads each, and each connection is a thread.
const READ_CONNECTIONS: u32 = 4;

/// Takes the write lock at once. A transaction that reads first and then writes would fail, without waiting, as soon as
/// another process had written in between.
const BEGIN: &str = "BEGIN IMMEDIATE";

// The one place with words that only SQLite understands. FULL makes every commit wait for the disk; a reading
// connection cannot write even by mistake. The writer caches 32 MiB, because digests fall on pages everywhere.
const WRITE_SETUP: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -32768;";
const READ_SETUP: &str = "PRAGMA foreign_keys = ON; PRAGMA query_only = ON;";

// https://www.sqlite.org/rescode.html
const SQLITE_BUSY: u32 = 5;
const SQLITE_LOCKED: u32 = 6;
const SQLITE_READ_ONLY: u32 = 8;
const SQLITE_IO_ERROR: u32 = 10;
const SQLITE_CORRUPT: u32 = 11;
const SQLITE_FULL: u32 = 13;
const SQLITE_CANNOT_OPEN: u32 = 14;
const SQLITE_NOT_A_DATABASE: u32 = 26;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob_rows::NewBlob;

    #[tokio::test]
    async fn a_full_disk_is_named_keeps_nothing_and_the_writer_recovers() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::open_file(&folder.path().join("node.db"))
            .await
            .expect("opened");
        let limit = |pages: u32| AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        // Below the present size, SQLite takes the present size as the limit: no page more.
        sqlx::raw_sql(limit(1))
            .execute(&database.writes)
            .await
            .expect("limited");
        let blobs: Vec<NewBlob> = (0..20)
            .map(|number| NewBlob::Body {
                text: format!("{number}{}", "x".repeat(10_000)),
                withheld: false,
            })
            .collect();
        let refused = database.record_blobs(&blobs, 1).await;
        assert!(
            matches!(refused, Err(DatabaseError::DiskFull(_))),
            "{refused:?}"
        );
        let rows = sqlx::query("SELECT digest FROM blobs")
            .fetch_all(&database.reads)
            .await
            .expect("read");
        assert!(rows.is_empty());
        // SQLite has ended the transaction by itself; the next writer gets a connection that can begin one.
        database
            .set_setting("name", "value")
            .await
            .expect("a small write still has room");
        sqlx::raw_sql(limit(1_000_000))
            .execute(&database.writes)
            .await
            .expect("lifted");
        database.record_blobs(&blobs, 1).await.expect("recorded");
    }

    #[tokio::test]
    async fn commits_wait_for_the_disk_and_readers_cannot_write() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::open_file(&folder.path().join("node.db"))
            .await
            .expect("opened");
        let mut writer = database.writes.acquire().await.expect("a connection");
        for (pragma, expected) in [
            ("PRAGMA synchronous", 2_i64),
            ("PRAGMA foreign_keys", 1),
            ("PRAGMA busy_timeout", 10_000),
        ] {
            let found: i64 = sqlx::query_scalar(pragma)
                .fetch_one(&mut *writer)
                .await
                .expect("answered");
            assert_eq!(found, expected, "{pragma}");
        }
        let journal: String = sqlx::query_scalar("PRAGMA journal_mode")
            .fetch_one(&mut *writer)
            .await
            .expect("answered");
        assert_eq!(journal, "wal");
        let refused = sqlx::query("DELETE FROM settings")
            .execute(&database.reads)
            .await;
        assert!(matches!(
            refused.map_err(DatabaseError::from),
            Err(DatabaseError::Unavailable(_))
        ));
    }
    #[tokio::test]
    async fn a_writer_that_waits_in_vain_is_told_that_the_database_is_busy() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("node.db");
        let database = Database::open_file(&path).await.expect("opened");
        let other = Database::open_file(&path).await.expect("opened");
        let held = other.begin().await.expect("begun");
        // Not a second of patience, so that the test needs none either.
        sqlx::raw_sql("PRAGMA busy_timeout = 0")
            .execute(&database.writes)
            .await
            .expect("set");
        let refused = database.set_setting("name", "value").await;
        assert!(
            matches!(refused, Err(DatabaseError::Busy(_))),
            "{refused:?}"
        );
        assert_eq!(database.setting("name").await, Ok(None));
        drop(held);
        other.close().await;
        assert_eq!(database.set_setting("name", "value").await, Ok(()));
    }
}
