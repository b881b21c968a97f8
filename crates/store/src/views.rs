//! What pages read: rows derived from log entries and bodies, which `rebuild-views` makes again (the map's §4 and
//! `aesthetics.md` §10).
//!
//! The rows of a contiguous run of indexes are written in one transaction that also moves the cursor, by
//! compare-and-swap: after a crash the next run starts exactly where the last one ended, and of two programs that
//! apply the same run one is told [`ViewError::CursorMoved`]. What a row says depends on its entry alone, never on how
//! the log was cut into runs; so a rebuild gives equal rows, and [`Database::dump`] shows it.

use sqlx::AnyConnection;
use tlog::hash::Hash;

use crate::database::{Database, DatabaseError, Transaction};
use crate::sql::{Columns, Query, pieces, stored, with_rows};

mod dump;
mod read;

pub use read::{UpdateFilter, ViewCounts};

/// An entry of a log. Its index is its place in the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// The log's origin.
    pub origin: String,
    /// Index in the log.
    pub index: u64,
    /// Leaf hash.
    pub leaf: Hash,
    /// Statement id: SHA-256 of the payload.
    pub statement: Hash,
    /// Key id of the signer.
    pub key: Hash,
    /// `predicateType`; `None` while the body is withheld.
    pub predicate_type: Option<String>,
    /// Log time in seconds since 1970 (`evidence.md` §5).
    pub logged_at: u64,
}

/// What an entry says about one line of updates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateRow {
    /// The log's origin.
    pub origin: String,
    /// Index in the log.
    pub index: u64,
    /// Statement id.
    pub statement: Hash,
    /// Line id.
    pub line: Hash,
    /// The five words of the line.
    pub publisher: String,
    /// Product of the line.
    pub product: String,
    /// Kind of the line.
    pub kind: String,
    /// Channel of the line.
    pub channel: String,
    /// Platform of the line.
    pub platform: String,
    /// Place in the line, from 1.
    pub serial: u64,
    /// Version for people.
    pub version: String,
    /// `offered` or `withdrawn`.
    pub state: String,
    /// `everyone`, or the name of a tier.
    pub audience: String,
    /// When it becomes active, in seconds since 1970.
    pub active_from: Option<u64>,
    /// Class of its actions.
    pub actions_class: Option<String>,
    /// On whose consent it acts.
    pub consent: Option<String>,
    /// When it was recorded, in seconds since 1970.
    pub recorded_at: u64,
}

/// A file that a statement names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    /// Statement id.
    pub statement: Hash,
    /// Place among the statement's subjects, from 0.
    pub position: u32,
    /// SHA-256 of the file.
    pub digest: Hash,
    /// Name of the file.
    pub name: String,
    /// `full`, `part` or `patch`.
    pub role: String,
    /// Length in bytes.
    pub size: u64,
}

/// The newest checkpoint of a log that this node has checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// The log's origin.
    pub origin: String,
    /// Size of the tree.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
    /// The whole signed note.
    pub checkpoint: String,
    /// When it was checked, in seconds since 1970.
    pub checked_at: u64,
}

/// The rows of a contiguous run of entries of one log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Run {
    /// The log's origin.
    pub origin: String,
    /// Index of the first entry.
    pub first: u64,
    /// One row for every index from `first` on, without a gap.
    pub entries: Vec<EntryRow>,
    /// Rows of those entries that are updates.
    pub updates: Vec<UpdateRow>,
    /// Files of the statements of those entries. A statement's files are given whole or not at all.
    pub files: Vec<FileRow>,
}

impl Database {
    /// Writes `run` and moves the cursor of its log behind it, if the cursor stands at `run.first`. Answers the new
    /// cursor.
    ///
    /// # Errors
    ///
    /// [`ViewError::CursorMoved`] when another program, or an earlier attempt, applied it; [`ViewError::NotARun`].
    pub async fn apply(&self, run: &Run) -> Result<u64, ViewError> {
        let next = run.checked()?;
        let mut transaction = self.begin().await?;
        swap_cursor(transaction.connection(), &run.origin, run.first, next).await?;
        transaction.write(run).await?;
        transaction.commit().await?;
        Ok(next)
    }

    /// Writes again the rows of `run`, which lies below the cursor: for entries whose body came later.
    ///
    /// # Errors
    ///
    /// [`ViewError::CursorMoved`] when the run reaches behind the cursor; [`ViewError::NotARun`].
    pub async fn revise(&self, run: &Run) -> Result<(), ViewError> {
        let next = run.checked()?;
        let mut transaction = self.begin().await?;
        let cursor = cursor(transaction.connection(), &run.origin).await?;
        if next > cursor {
            return Err(ViewError::CursorMoved {
                expected: next,
                found: cursor,
            });
        }
        for table in ["DELETE FROM view_entries", "DELETE FROM view_updates"] {
            let text = format!("{table} WHERE origin = $1 AND log_index >= $2 AND log_index < $3");
            sqlx::query(sqlx::AssertSqlSafe(text))
                .bind(run.origin.as_str())
                .bind(stored(run.first)?)
                .bind(stored(next)?)
                .execute(transaction.connection())
                .await
                .map_err(DatabaseError::from)?;
        }
        transaction.write(run).await?;
        Ok(transaction.commit().await?)
    }

    /// Records the newest checked checkpoint of a log. A smaller tree than the recorded one changes nothing.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn record_log(&self, log: &LogRow) -> Result<(), DatabaseError> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "INSERT INTO view_logs (origin, size, root, checkpoint, checked_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root,
                checkpoint = excluded.checkpoint, checked_at = excluded.checked_at
             WHERE excluded.size >= view_logs.size",
        )
        .bind(log.origin.as_str())
        .bind(stored(log.size)?)
        .bind(log.root.to_hex())
        .bind(log.checkpoint.as_str())
        .bind(stored(log.checked_at)?)
        .execute(transaction.connection())
        .await?;
        transaction.commit().await
    }

    /// Empties all views, cursors with them.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn clear_views(&self) -> Result<(), DatabaseError> {
        let mut transaction = self.begin().await?;
        for text in [
            "DELETE FROM view_cursor",
            "DELETE FROM view_logs",
            "DELETE FROM view_entries",
            "DELETE FROM view_updates",
            "DELETE FROM view_files",
        ] {
            sqlx::query(text).execute(transaction.connection()).await?;
        }
        transaction.commit().await
    }
}

/// Why views were not changed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The cursor is not where the run needs it.
    #[error("the views stand at index {found}, not at {expected}")]
    CursorMoved {
        /// Where the run needs the cursor.
        expected: u64,
        /// Where it is.
        found: u64,
    },
    /// The database gave no answer.
    #[error("the views could not be changed")]
    Database(#[from] DatabaseError),
    /// Entries with a gap or of another log, or a row of an entry that is not in the run.
    #[error("the rows do not form a run: {0}")]
    NotARun(&'static str),
}

impl ViewError {
    /// One sentence: what to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::CursorMoved { .. } => "read the cursor again and continue from there",
            Self::Database(error) => error.hint(),
            Self::NotARun(_) => "report this with the log lines around it",
        }
    }
}

impl Run {
    /// The index behind the run, if it is one.
    fn checked(&self) -> Result<u64, ViewError> {
        if self.entries.is_empty() {
            return Err(ViewError::NotARun("it is empty"));
        }
        let mut next = self.first;
        for entry in &self.entries {
            if entry.origin != self.origin {
                return Err(ViewError::NotARun("an entry of another log"));
            }
            if entry.index != next {
                return Err(ViewError::NotARun("a gap between entries"));
            }
            next = next
                .checked_add(1)
                .ok_or(ViewError::NotARun("an index above 2^64"))?;
        }
        for update in &self.updates {
            let place = update
                .index
                .checked_sub(self.first)
                .and_then(|place| usize::try_from(place).ok());
            let entry = place.and_then(|place| self.entries.get(place));
            if update.origin != self.origin
                || entry.is_none_or(|entry| entry.statement != update.statement)
            {
                return Err(ViewError::NotARun("an update without its entry"));
            }
        }
        if self.files.iter().any(|file| {
            self.entries
                .iter()
                .all(|entry| entry.statement != file.statement)
        }) {
            return Err(ViewError::NotARun("a file without its entry"));
        }
        Ok(next)
    }
}

impl Transaction {
    async fn write(&mut self, run: &Run) -> Result<(), DatabaseError> {
        insert_entries(self.connection(), &run.entries).await?;
        insert_updates(self.connection(), &run.updates).await?;
        insert_files(self.connection(), &run.files).await
    }
}

/// Where the views of `origin` stand; 0 before the first run.
async fn cursor(connection: &mut AnyConnection, origin: &str) -> Result<u64, DatabaseError> {
    let row = sqlx::query("SELECT next_index FROM view_cursor WHERE origin = $1")
        .bind(origin)
        .fetch_optional(connection)
        .await?;
    row.map_or(Ok(0), |row| row.number("next_index"))
}

async fn swap_cursor(
    connection: &mut AnyConnection,
    origin: &str,
    first: u64,
    next: u64,
) -> Result<(), ViewError> {
    let text = if first == 0 {
        // The first run makes the row; a cursor that stands at 0 does not exist otherwise.
        "INSERT INTO view_cursor (origin, next_index) VALUES ($1, $2) ON CONFLICT (origin) DO NOTHING"
    } else {
        "UPDATE view_cursor SET next_index = $2 WHERE origin = $1 AND next_index = $3"
    };
    let mut query = sqlx::query(text).bind(origin).bind(stored(next)?);
    if first > 0 {
        query = query.bind(stored(first)?);
    }
    let moved = query
        .execute(&mut *connection)
        .await
        .map_err(DatabaseError::from)?
        .rows_affected();
    if moved == 1 {
        return Ok(());
    }
    Err(ViewError::CursorMoved {
        expected: first,
        found: cursor(connection, origin).await?,
    })
}

async fn insert_entries(
    connection: &mut AnyConnection,
    rows: &[EntryRow],
) -> Result<(), DatabaseError> {
    let into = "INSERT INTO view_entries (origin, log_index, leaf, statement_id, key_id, predicate_type, logged_at) VALUES";
    insert(connection, into, 7, "", rows, |query, row| {
        Ok(query
            .bind(row.origin.as_str())
            .bind(stored(row.index)?)
            .bind(row.leaf.to_hex())
            .bind(row.statement.to_hex())
            .bind(row.key.to_hex())
            .bind(row.predicate_type.as_deref())
            .bind(stored(row.logged_at)?))
    })
    .await
}

async fn insert_updates(
    connection: &mut AnyConnection,
    rows: &[UpdateRow],
) -> Result<(), DatabaseError> {
    let into =
        "INSERT INTO view_updates (origin, log_index, statement_id, line_id, publisher, product, kind, channel,
                platform, serial, version, state, audience, active_from, actions_class, consent, recorded_at, search)
             VALUES";
    insert(connection, into, 18, "", rows, |query, row| {
        Ok(query
            .bind(row.origin.as_str())
            .bind(stored(row.index)?)
            .bind(row.statement.to_hex())
            .bind(row.line.to_hex())
            .bind(row.publisher.as_str())
            .bind(row.product.as_str())
            .bind(row.kind.as_str())
            .bind(row.channel.as_str())
            .bind(row.platform.as_str())
            .bind(stored(row.serial)?)
            .bind(row.version.as_str())
            .bind(row.state.as_str())
            .bind(row.audience.as_str())
            .bind(row.active_from.map(stored).transpose()?)
            .bind(row.actions_class.as_deref())
            .bind(row.consent.as_deref())
            .bind(stored(row.recorded_at)?)
            .bind(searchable(&format!("{} {}", row.product, row.version))))
    })
    .await
}

/// A statement with several signings brings the same files again; they are written once.
async fn insert_files(
    connection: &mut AnyConnection,
    rows: &[FileRow],
) -> Result<(), DatabaseError> {
    let into = "INSERT INTO view_files (statement_id, position, digest, name, role, size) VALUES";
    let once = "ON CONFLICT (statement_id, position) DO NOTHING";
    insert(connection, into, 6, once, rows, |query, row| {
        Ok(query
            .bind(row.statement.to_hex())
            .bind(i64::from(row.position))
            .bind(row.digest.to_hex())
            .bind(row.name.as_str())
            .bind(row.role.as_str())
            .bind(stored(row.size)?))
    })
    .await
}

/// `bind` binds the values of one row, as many as there are `columns`.
async fn insert<T>(
    connection: &mut AnyConnection,
    before: &str,
    columns: usize,
    after: &str,
    rows: &[T],
    bind: impl for<'q> Fn(Query<'q>, &'q T) -> Result<Query<'q>, DatabaseError>,
) -> Result<(), DatabaseError> {
    for piece in pieces(rows) {
        let mut query = sqlx::query(with_rows(before, piece.len(), columns, after));
        for row in piece {
            query = bind(query, row)?;
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Search text is folded here, because databases fold case in different ways.
fn searchable(text: &str) -> String {
    text.to_lowercase()
}
