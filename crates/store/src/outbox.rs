//! From the door to the log: `tlog.md` §5.4, F11 and F4.
//!
//! The outbox makes the hand-over exactly once. An accepted entry waits here; the log answers an index, which is
//! recorded; if that record is lost, the entry is handed over again and the log's dedup answers the same index. Rows stay
//! until a public checkpoint covers them, so that a log that lost its last record (F13) gets it again.

use sqlx::AnyConnection;
use tlog::hash::Hash;

use crate::database::{Database, DatabaseError};
use crate::sql::{Columns, pieces, stored, with_rows};
use crate::statements::Candidate;

/// An accepted entry that the log has not answered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingEntry {
    /// Place in the order of acceptance.
    pub number: u64,
    /// Statement id.
    pub statement: Hash,
    /// Key id.
    pub key: Hash,
    /// The entry, canonical JSON.
    pub entry: String,
}

/// The log's answer for one signing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sequenced {
    /// The number under which it was accepted.
    pub number: u64,
    /// Its index in the log.
    pub index: u64,
}

impl Database {
    /// Entries of `origin` that have no index yet and a number above `after`, in order, at most `limit`.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn pending(
        &self,
        origin: &str,
        after: u64,
        limit: u32,
    ) -> Result<Vec<PendingEntry>, DatabaseError> {
        let rows = sqlx::query(
            "SELECT outbox.number, signings.statement_id, signings.key_id, outbox.entry FROM outbox
             JOIN signings ON signings.number = outbox.number
             WHERE signings.origin = $1 AND signings.log_index IS NULL AND outbox.number > $2
             ORDER BY outbox.number LIMIT $3",
        )
        .bind(origin)
        .bind(stored(after)?)
        .bind(i64::from(limit))
        .fetch_all(self.reads())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(PendingEntry {
                    number: row.number("number")?,
                    statement: row.digest("statement_id")?,
                    key: row.digest("key_id")?,
                    entry: row.text("entry")?,
                })
            })
            .collect()
    }

    /// How many entries of `origin` have no index yet.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn pending_count(&self, origin: &str) -> Result<u64, DatabaseError> {
        sqlx::query(
            "SELECT COUNT(*) AS pending FROM signings WHERE origin = $1 AND log_index IS NULL",
        )
        .bind(origin)
        .fetch_one(self.reads())
        .await?
        .number("pending")
    }

    /// Records the log's answers, all or none. Recording the same index again changes nothing.
    ///
    /// # Errors
    ///
    /// [`OutboxError::Disagrees`] when a signing is unknown, has another index, or its index belongs to another one.
    pub async fn mark_sequenced(
        &self,
        origin: &str,
        answers: &[Sequenced],
    ) -> Result<(), OutboxError> {
        let mut answers = answers.to_vec();
        answers.sort_unstable();
        answers.dedup();
        let mut transaction = self.begin().await?;
        for piece in pieces(&answers) {
            let origin_place = piece.len() * 2 + 1;
            let text = with_rows(
                "WITH asked (number, log_index) AS (VALUES",
                piece.len(),
                2,
                &format!(
                    ") UPDATE signings SET log_index = asked.log_index FROM asked
                     WHERE signings.number = asked.number AND signings.origin = ${origin_place}
                       AND (signings.log_index IS NULL OR signings.log_index = asked.log_index)"
                ),
            );
            let mut query = sqlx::query(text);
            for answer in piece {
                query = query
                    .bind(stored(answer.number)?)
                    .bind(stored(answer.index)?);
            }
            query = query.bind(origin);
            let agrees = match query.execute(transaction.connection()).await {
                Ok(result) => result.rows_affected() == piece.len() as u64,
                Err(error)
                    if error
                        .as_database_error()
                        .is_some_and(|error| error.is_unique_violation()) =>
                {
                    false
                }
                Err(error) => return Err(DatabaseError::from(error).into()),
            };
            if !agrees {
                // Nothing of this call remains; what is read now is what was recorded before it.
                drop(transaction);
                return Err(self.disagreement(origin, piece).await?);
            }
        }
        Ok(transaction.commit().await?)
    }

    /// At start: makes pending again what stands at or behind `size`, the log's recovered size, and answers how many.
    ///
    /// These entries were in a record that the disk lost after it had been acknowledged (F13); handed over again, they
    /// get new indexes, as nobody outside saw the old ones in a public checkpoint.
    ///
    /// # Errors
    ///
    /// [`OutboxError::LogTooShort`] when a public checkpoint already covered one of them: this disk is older than the
    /// log (F9), and appending to it would show two histories. [`OutboxError::DatabaseTooOld`] when the log has entries
    /// that were never accepted here: the database was restored from before them, and would let their serials in again.
    pub async fn reopen(&self, origin: &str, size: u64) -> Result<u64, OutboxError> {
        let mut transaction = self.begin().await?;
        let covered = sqlx::query(
            "SELECT COUNT(*) AS covered FROM signings
             WHERE origin = $1 AND log_index >= $2
               AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.number = signings.number)",
        )
        .bind(origin)
        .bind(stored(size)?)
        .fetch_one(transaction.connection())
        .await
        .map_err(DatabaseError::from)?
        .number("covered")?;
        if covered > 0 {
            return Err(OutboxError::LogTooShort { size, covered });
        }
        // Every entry of the log was accepted here first, so there are at least as many signings.
        let accepted = sqlx::query("SELECT COUNT(*) AS accepted FROM signings WHERE origin = $1")
            .bind(origin)
            .fetch_one(transaction.connection())
            .await
            .map_err(DatabaseError::from)?
            .number("accepted")?;
        if accepted < size {
            return Err(OutboxError::DatabaseTooOld { size, accepted });
        }
        let reopened = sqlx::query(
            "UPDATE signings SET log_index = NULL WHERE origin = $1 AND log_index >= $2",
        )
        .bind(origin)
        .bind(stored(size)?)
        .execute(transaction.connection())
        .await
        .map_err(DatabaseError::from)?
        .rows_affected();
        transaction.commit().await?;
        Ok(reopened)
    }

    /// Forgets the entries of `origin` below `size`, the size of its public checkpoint, and answers how many.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn trim_outbox(&self, origin: &str, size: u64) -> Result<u64, DatabaseError> {
        let mut transaction = self.begin().await?;
        let trimmed = sqlx::query(
            "DELETE FROM outbox WHERE EXISTS (SELECT 1 FROM signings
                WHERE signings.number = outbox.number AND signings.origin = $1 AND signings.log_index < $2)",
        )
        .bind(origin)
        .bind(stored(size)?)
        .execute(transaction.connection())
        .await?
        .rows_affected();
        transaction.commit().await?;
        Ok(trimmed)
    }

    /// The first of `answers` that the database contradicts.
    async fn disagreement(
        &self,
        origin: &str,
        answers: &[Sequenced],
    ) -> Result<OutboxError, DatabaseError> {
        for told in answers {
            let row =
                sqlx::query("SELECT log_index FROM signings WHERE number = $1 AND origin = $2")
                    .bind(stored(told.number)?)
                    .bind(origin)
                    .fetch_optional(self.reads())
                    .await?;
            let recorded = row
                .as_ref()
                .map(|row| row.number_or_null("log_index"))
                .transpose()?;
            let holder = self
                .signing_at(origin, told.index)
                .await?
                .map(|signing| signing.number);
            if recorded.is_none()
                || holder.is_some_and(|holder| holder != told.number)
                || recorded.flatten().is_some_and(|index| index != told.index)
            {
                return Ok(OutboxError::Disagrees {
                    told: *told,
                    recorded: recorded.flatten(),
                    holder,
                });
            }
        }
        // Two answers of this very call give one index to two signings.
        let told = answers
            .first()
            .ok_or(DatabaseError::our_bug("an empty list disagrees"))?;
        Ok(OutboxError::Disagrees {
            told: *told,
            recorded: None,
            holder: None,
        })
    }
}

/// Why an answer of the log was not recorded.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// The database gave no answer.
    #[error("the outbox could not be changed")]
    Database(#[from] DatabaseError),
    /// Log and database tell two stories about one entry.
    #[error("the entry of number {} is told at index {}, which contradicts the record", .told.number, .told.index)]
    Disagrees {
        /// What the log answered.
        told: Sequenced,
        /// The index that is recorded for this number; `None` when it has none or the number is unknown.
        recorded: Option<u64>,
        /// The number that is recorded at this index.
        holder: Option<u64>,
    },
    /// The log has entries that were never accepted here.
    #[error("the log has {size} entries, of which this database knows at most {accepted}")]
    DatabaseTooOld {
        /// The log's recovered size.
        size: u64,
        /// Signings of this log in the database.
        accepted: u64,
    },
    /// The log has fewer entries than a public checkpoint covered.
    #[error("the log has {size} entries, but {covered} behind them were already public")]
    LogTooShort {
        /// The log's recovered size.
        size: u64,
        /// How many covered entries are missing from it.
        covered: u64,
    },
}

impl OutboxError {
    /// One sentence: what to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Database(error) => error.hint(),
            Self::Disagrees { .. } => {
                "stop the node and run fsck: the database and the log on this disk do not belong together"
            }
            Self::DatabaseTooOld { .. } => {
                "restore the newest backup of the database: this one is older than the log, and would accept again what only the log knows"
            }
            Self::LogTooShort { .. } => {
                "do not append: catch up from a mirror, proven against the public checkpoint"
            }
        }
    }
}

/// Writes the outbox rows of `rows`, numbered from `first`.
pub(crate) async fn insert(
    connection: &mut AnyConnection,
    first: u64,
    rows: &[Candidate<'_>],
) -> Result<(), DatabaseError> {
    let numbered: Vec<(u64, &Candidate<'_>)> = (first..).zip(rows).collect();
    for piece in pieces(&numbered) {
        let text = with_rows(
            "INSERT INTO outbox (number, entry) VALUES",
            piece.len(),
            2,
            "",
        );
        let mut query = sqlx::query(text);
        for (number, row) in piece {
            query = query.bind(stored(*number)?).bind(row.new.entry.as_str());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}
