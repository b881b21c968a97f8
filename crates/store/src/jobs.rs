//! The transactional job outbox (the map's §4, `aesthetics.md` §3: "slow work is a job row written in the same
//! transaction as the change; jobs are idempotent").
//!
//! A job exists exactly if the transaction that enqueued it was committed. A worker leases it, works, and completes it,
//! best in the transaction that holds the result. Whoever crashes lets the lease run out, and another takes over; so a
//! job runs at least once. After its last attempt it is a dead letter, with its last error, until a person requeues it.
//!
//! A lease carries the number of the attempt. Each change asks for worker *and* attempt, so a worker that slept past
//! its lease cannot finish a job that another one has taken meanwhile.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::database::{Database, DatabaseError, Transaction};
use crate::sql::{Columns, Conditions, pieces, stored, take_numbers, with_rows};

/// A job to be enqueued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// What is to be done: a word that a worker asks for.
    pub kind: String,
    /// With what; only the worker reads it.
    pub payload: String,
    /// Not before this time, in seconds since 1970.
    pub due_at: u64,
    /// How often it may be tried, at least 1.
    pub max_attempts: u32,
}

/// A job in the hands of one worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Number of the job.
    pub job: u64,
    /// Kind of the job.
    pub kind: String,
    /// Payload of the job.
    pub payload: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Who holds it.
    pub worker: String,
}

/// What a failed attempt leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// One line: why.
    pub error: String,
    /// What the work printed; of a long log the last [`LONGEST_LOG`] bytes are kept.
    pub log: String,
}

/// What became of a job after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// No attempt is left.
    Dead,
    /// It may be leased again at this time, in seconds since 1970.
    RetryAt(u64),
}

/// A job that ran out of attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Number of the job.
    pub job: u64,
    /// Kind of the job.
    pub kind: String,
    /// Payload of the job.
    pub payload: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was enqueued, in seconds since 1970.
    pub enqueued_at: u64,
    /// Why the last attempt failed.
    pub last_error: String,
    /// What the last attempt printed.
    pub log: String,
}

/// How many jobs are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JobCounts {
    /// May be leased now.
    pub ready: u64,
    /// Enqueued for later, or backing off.
    pub waiting: u64,
    /// In the hands of a worker.
    pub leased: u64,
    /// Leased, but the lease has run out: ready to be taken over.
    pub overdue: u64,
    /// Dead letters.
    pub dead: u64,
}

/// Seconds to wait after the failed attempt number `attempt`: 2, 4, 8, … up to one hour.
///
/// ```
/// use store::jobs::backoff;
///
/// assert_eq!((1..=4).map(backoff).collect::<Vec<_>>(), [2, 4, 8, 16]);
/// assert_eq!(backoff(u32::MAX), 3600);
/// ```
pub fn backoff(attempt: u32) -> u64 {
    2_u64
        .checked_pow(attempt)
        .unwrap_or(LONGEST_BACKOFF)
        .min(LONGEST_BACKOFF)
}

impl Transaction {
    /// Enqueues `new` as part of this transaction.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn enqueue(&mut self, new: &[NewJob], now: u64) -> Result<(), DatabaseError> {
        insert(self.connection(), &new.iter().collect::<Vec<_>>(), now).await
    }

    /// Removes the finished job of `lease` as part of this transaction, so that result and completion are one.
    ///
    /// # Errors
    ///
    /// [`JobError::LeaseLost`]: somebody else has the job; drop the transaction.
    pub async fn complete(&mut self, lease: &Lease) -> Result<(), JobError> {
        let removed =
            sqlx::query("DELETE FROM jobs WHERE id = $1 AND worker = $2 AND attempts = $3")
                .bind(stored(lease.job)?)
                .bind(lease.worker.as_str())
                .bind(i64::from(lease.attempt))
                .execute(self.connection())
                .await
                .map_err(DatabaseError::from)?
                .rows_affected();
        one_row(removed)
    }
}

impl Database {
    /// Gives `worker` the job of one of `kinds` that has been due longest, for `seconds`; `None` when nothing is due.
    ///
    /// `worker` must be a name that no other worker has. A job whose lease ran out is given to the next who asks; if
    /// that was its last attempt it becomes a dead letter instead, so that a job which kills its worker ends too.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn lease(
        &self,
        worker: &str,
        kinds: &[&str],
        now: u64,
        seconds: u64,
    ) -> Result<Option<Lease>, DatabaseError> {
        if kinds.is_empty() {
            return Ok(None);
        }
        loop {
            let due = self.due(kinds, now).await?;
            if due.is_empty() {
                return Ok(None);
            }
            for candidate in due {
                if candidate.attempts >= candidate.max_attempts {
                    self.bury(&candidate, now).await?;
                } else if self.take(&candidate, worker, now, seconds).await? {
                    return Ok(Some(Lease {
                        job: candidate.job,
                        kind: candidate.kind,
                        payload: candidate.payload,
                        attempt: candidate.attempts + 1,
                        worker: worker.to_owned(),
                    }));
                }
            }
        }
    }

    /// Lets `lease` run until `now + seconds`. A worker calls it well before its lease runs out.
    ///
    /// # Errors
    ///
    /// [`JobError::LeaseLost`]: stop working, another worker has the job.
    pub async fn heartbeat(&self, lease: &Lease, now: u64, seconds: u64) -> Result<(), JobError> {
        let mut transaction = self.begin().await?;
        let renewed = sqlx::query(
            "UPDATE jobs SET due_at = $1 WHERE id = $2 AND worker = $3 AND attempts = $4",
        )
        .bind(stored(now.saturating_add(seconds))?)
        .bind(stored(lease.job)?)
        .bind(lease.worker.as_str())
        .bind(i64::from(lease.attempt))
        .execute(transaction.connection())
        .await
        .map_err(DatabaseError::from)?
        .rows_affected();
        one_row(renewed)?;
        Ok(transaction.commit().await?)
    }

    /// [`Transaction::complete`] as a transaction of its own.
    ///
    /// # Errors
    ///
    /// As [`Transaction::complete`].
    pub async fn complete(&self, lease: &Lease) -> Result<(), JobError> {
        let mut transaction = self.begin().await?;
        transaction.complete(lease).await?;
        Ok(transaction.commit().await?)
    }

    /// Ends the attempt of `lease` without success: the job waits for [`backoff`], or is dead after its last attempt.
    ///
    /// # Errors
    ///
    /// [`JobError::LeaseLost`]: somebody else has the job, and its fate is theirs.
    pub async fn fail(
        &self,
        lease: &Lease,
        failure: &Failure,
        now: u64,
    ) -> Result<AfterFailure, JobError> {
        let retry_at = now.saturating_add(backoff(lease.attempt));
        let mut transaction = self.begin().await?;
        let row = sqlx::query(
            "UPDATE jobs SET worker = NULL, due_at = $1, last_error = $2, log = $3,
                state = CASE WHEN attempts >= max_attempts THEN 'dead' ELSE 'ready' END
             WHERE id = $4 AND worker = $5 AND attempts = $6 RETURNING state",
        )
        .bind(stored(retry_at)?)
        .bind(kept(&failure.error, LONGEST_ERROR))
        .bind(kept(&failure.log, LONGEST_LOG))
        .bind(stored(lease.job)?)
        .bind(lease.worker.as_str())
        .bind(i64::from(lease.attempt))
        .fetch_optional(transaction.connection())
        .await
        .map_err(DatabaseError::from)?;
        let state = row.ok_or(JobError::LeaseLost)?.text("state")?;
        transaction.commit().await?;
        Ok(if state == "dead" {
            AfterFailure::Dead
        } else {
            AfterFailure::RetryAt(retry_at)
        })
    }

    /// Dead letters by number, at most `limit`.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn dead_letters(&self, limit: u32) -> Result<Vec<DeadLetter>, DatabaseError> {
        let rows = sqlx::query(
            "SELECT id, kind, payload, attempts, enqueued_at, last_error, log FROM jobs
             WHERE state = 'dead' ORDER BY id LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(self.reads())
        .await?;
        rows.iter().map(dead_letter).collect()
    }

    /// Gives a dead letter all its attempts again, due now.
    ///
    /// # Errors
    ///
    /// [`JobError::NotDead`] when there is no dead letter of that number.
    pub async fn requeue(&self, job: u64, now: u64) -> Result<(), JobError> {
        let mut transaction = self.begin().await?;
        let changed =
            sqlx::query("UPDATE jobs SET state = 'ready', attempts = 0, due_at = $1 WHERE id = $2 AND state = 'dead'")
                .bind(stored(now)?)
                .bind(stored(job)?)
                .execute(transaction.connection())
                .await
                .map_err(DatabaseError::from)?
                .rows_affected();
        if changed != 1 {
            return Err(JobError::NotDead);
        }
        Ok(transaction.commit().await?)
    }

    /// How many jobs are in which state at `now`.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn job_counts(&self, now: u64) -> Result<JobCounts, DatabaseError> {
        let rows = sqlx::query(
            "SELECT state, CASE WHEN due_at <= $1 THEN 1 ELSE 0 END AS due, COUNT(*) AS jobs
             FROM jobs GROUP BY state, CASE WHEN due_at <= $1 THEN 1 ELSE 0 END",
        )
        .bind(stored(now)?)
        .fetch_all(self.reads())
        .await?;
        let mut counts = JobCounts::default();
        for row in &rows {
            let jobs = row.number("jobs")?;
            match (row.text("state")?.as_str(), row.number("due")?) {
                ("ready", 1) => counts.ready += jobs,
                ("ready", _) => counts.waiting += jobs,
                ("leased", 1) => counts.overdue += jobs,
                ("leased", _) => counts.leased += jobs,
                ("dead", _) => counts.dead += jobs,
                _ => return Err(DatabaseError::our_bug("an unknown state of a job")),
            }
        }
        Ok(counts)
    }

    async fn due(&self, kinds: &[&str], now: u64) -> Result<Vec<Candidate>, DatabaseError> {
        let mut conditions = Conditions::new(
            "SELECT id, kind, payload, attempts, max_attempts FROM jobs WHERE state <> 'dead' AND kind IN (",
        );
        for (place, kind) in kinds.iter().enumerate() {
            conditions.text(if place == 0 { "" } else { ", " }, *kind, "");
        }
        conditions.number(") AND due_at <= ", now, "")?;
        conditions.number(" ORDER BY due_at, id LIMIT ", CANDIDATES, "")?;
        let rows = conditions.into_query().fetch_all(self.reads()).await?;
        rows.iter()
            .map(|row| {
                Ok(Candidate {
                    job: row.number("id")?,
                    kind: row.text("kind")?,
                    payload: row.text("payload")?,
                    attempts: attempts(row, "attempts")?,
                    max_attempts: attempts(row, "max_attempts")?,
                })
            })
            .collect()
    }

    /// The compare-and-swap of a lease: true if this call, and nobody since the candidate was read, took the job.
    /// Every other change of a job changes `attempts`, its state or `due_at`.
    async fn take(
        &self,
        candidate: &Candidate,
        worker: &str,
        now: u64,
        seconds: u64,
    ) -> Result<bool, DatabaseError> {
        let mut transaction = self.begin().await?;
        let taken = sqlx::query(
            "UPDATE jobs SET state = 'leased', worker = $1, attempts = attempts + 1, due_at = $2
             WHERE id = $3 AND attempts = $4 AND state <> 'dead' AND due_at <= $5",
        )
        .bind(worker)
        .bind(stored(now.saturating_add(seconds))?)
        .bind(stored(candidate.job)?)
        .bind(i64::from(candidate.attempts))
        .bind(stored(now)?)
        .execute(transaction.connection())
        .await?
        .rows_affected();
        transaction.commit().await?;
        Ok(taken == 1)
    }

    async fn bury(&self, candidate: &Candidate, now: u64) -> Result<(), DatabaseError> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "UPDATE jobs SET state = 'dead', worker = NULL, last_error = $1, log = ''
             WHERE id = $2 AND attempts = $3 AND state <> 'dead' AND due_at <= $4",
        )
        .bind("the lease ran out in the last attempt: its worker died or hung")
        .bind(stored(candidate.job)?)
        .bind(i64::from(candidate.attempts))
        .bind(stored(now)?)
        .execute(transaction.connection())
        .await?;
        transaction.commit().await
    }
}

/// Why a job was not changed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// The database gave no answer.
    #[error("the job could not be changed")]
    Database(#[from] DatabaseError),
    /// The lease ran out and the job was taken by another worker, or is done or dead.
    #[error("the lease is lost")]
    LeaseLost,
    /// No dead letter has this number.
    #[error("there is no dead letter of this number")]
    NotDead,
}

impl JobError {
    /// One sentence: what to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Database(error) => error.hint(),
            Self::LeaseLost => {
                "drop the result: the job belongs to another worker; lease longer or send heartbeats more often"
            }
            Self::NotDead => "list the dead letters: this one was requeued or completed",
        }
    }
}

/// Writes `new` in order.
pub(crate) async fn insert(
    connection: &mut AnyConnection,
    new: &[&NewJob],
    now: u64,
) -> Result<(), DatabaseError> {
    if new.is_empty() {
        return Ok(());
    }
    let first = take_numbers(connection, "job", new.len()).await?;
    let numbered: Vec<(u64, &NewJob)> = (first..).zip(new.iter().copied()).collect();
    for piece in pieces(&numbered) {
        let text = with_rows(
            "INSERT INTO jobs (id, kind, payload, state, attempts, max_attempts, enqueued_at, due_at) VALUES",
            piece.len(),
            8,
            "",
        );
        let mut query = sqlx::query(text);
        for (number, job) in piece {
            query = query
                .bind(stored(*number)?)
                .bind(job.kind.as_str())
                .bind(job.payload.as_str())
                .bind("ready")
                .bind(0_i64)
                .bind(i64::from(job.max_attempts.max(1)))
                .bind(stored(now)?)
                .bind(stored(job.due_at)?);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// A job as it was when it was read; another worker may have taken it since.
struct Candidate {
    job: u64,
    kind: String,
    payload: String,
    attempts: u32,
    max_attempts: u32,
}

fn dead_letter(row: &AnyRow) -> Result<DeadLetter, DatabaseError> {
    Ok(DeadLetter {
        job: row.number("id")?,
        kind: row.text("kind")?,
        payload: row.text("payload")?,
        attempts: attempts(row, "attempts")?,
        enqueued_at: row.number("enqueued_at")?,
        last_error: row.text_or_null("last_error")?.unwrap_or_default(),
        log: row.text_or_null("log")?.unwrap_or_default(),
    })
}

fn attempts(row: &AnyRow, column: &str) -> Result<u32, DatabaseError> {
    u32::try_from(row.number(column)?).map_err(|_| DatabaseError::our_bug("attempts above 2^32"))
}

fn one_row(rows: u64) -> Result<(), JobError> {
    if rows == 1 {
        Ok(())
    } else {
        Err(JobError::LeaseLost)
    }
}

/// The end of `text`, at most `limit` bytes. NUL, which PostgreSQL cannot hold, becomes a replacement character.
fn kept(text: &str, limit: usize) -> String {
    let start = text.ceil_char_boundary(text.len().saturating_sub(limit));
    text.get(start..)
        .unwrap_or_default()
        .replace('\0', "\u{fffd}")
}

/// Bytes of a log that are kept: enough for the end of a build's output, small enough for a row.
pub const LONGEST_LOG: usize = 64 * 1024;

const LONGEST_ERROR: usize = 4 * 1024;
const LONGEST_BACKOFF: u64 = 3600;

/// How many due jobs are looked at in one read: more than the workers that usually race for the first.
const CANDIDATES: u64 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_end_of_a_long_log_on_a_character_boundary() {
        assert_eq!(kept("short", 10), "short");
        assert_eq!(kept("abcdef", 3), "def");
        assert_eq!(kept("aé", 1), "");
        assert_eq!(kept("a\0b", 10), "a\u{fffd}b");
    }
}
