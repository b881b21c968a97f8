//! The door's one transaction: the map's §4 step 2, `evidence.md` §2.4, D4–D6 and D9.
//!
//! [`Database::accept_batch`] takes many requests at once, so that they share one commit, and answers each by itself:
//! what is wrong with one row is found before anything is written and never fails the others. A body, its signing,
//! outbox row, quota and jobs are there together or not at all. A signing is (payload hash, key id): posted
//! again, after a lost answer or a crash, it is found and nothing is written.

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use tlog::hash::{Hash, sha256};

use crate::blob_rows;
use crate::database::{Database, DatabaseError};
use crate::jobs::{self, NewJob};
use crate::outbox;
use crate::sql::{Columns, Conditions, pieces, stored, take_numbers, with_rows};

/// A checked statement with one signature, ready to be accepted. Its id is computed from `body`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSigning {
    /// The payload: the bytes that were signed, UTF-8 JSON.
    pub body: String,
    /// The body is not to be shown yet.
    pub withheld: bool,
    /// `predicateType` of the statement.
    pub predicate_type: String,
    /// Key id: SHA-256 of the signer's public key.
    pub key: Hash,
    /// Whose key it is.
    pub party: String,
    /// How many statements the party may bring in one day (D5).
    pub daily_quota: u64,
    /// The log entry, canonical JSON.
    pub entry: String,
    /// Every blob digest that the statement names (D6).
    pub cites: Vec<Hash>,
    /// What is to be done once it is accepted.
    pub jobs: Vec<NewJob>,
}

/// The door's answer to one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acceptance {
    /// Accepted, durable, and waiting for the log under this number.
    Accepted {
        /// Place in the order of acceptance; the log takes entries in this order.
        number: u64,
    },
    /// This signing was here before; nothing was written (D4).
    AlreadyHere {
        /// The number it was accepted under.
        number: u64,
        /// Its log index, once the log has told it.
        index: Option<u64>,
    },
    /// The statement names a blob that is neither held nor withheld; nothing was written (D6).
    BlobMissing(Hash),
    /// The party has used up its day; nothing was written (D5).
    QuotaUsed {
        /// The quota that was given.
        limit: u64,
    },
}

/// One signature over one statement, accepted for one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningRow {
    /// Place in the order of acceptance.
    pub number: u64,
    /// The log's origin.
    pub origin: String,
    /// Statement id: SHA-256 of the payload, under which [`Database::body`] has it.
    pub statement: Hash,
    /// Key id.
    pub key: Hash,
    /// `predicateType`.
    pub predicate_type: String,
    /// Whose key it is.
    pub party: String,
    /// When it came, in seconds since 1970.
    pub accepted_at: u64,
    /// Log index, once the log has told it.
    pub index: Option<u64>,
}

impl Database {
    /// Accepts what can be accepted of `batch` for the log `origin`, in order, in one durable commit.
    ///
    /// The answers stand in the order of the batch. `now` is in seconds since 1970; days change at midnight UTC.
    ///
    /// # Errors
    ///
    /// On an error none of the batch is known to be accepted; offering it again is right, and finds what was.
    pub async fn accept_batch(
        &self,
        origin: &str,
        batch: &[NewSigning],
        now: u64,
    ) -> Result<Vec<Acceptance>, DatabaseError> {
        // Hashing stays outside the write lock.
        let rows: Vec<Candidate<'_>> = batch
            .iter()
            .map(|new| Candidate {
                statement: sha256(new.body.as_bytes()),
                new,
            })
            .collect();
        let day = now / DAY;
        let mut transaction = self.begin().await?;
        let connection = transaction.connection();
        let mut here = Here::read(connection, origin, &rows, day).await?;
        let answers: Vec<Acceptance> = rows.iter().map(|row| here.judge(row)).collect();
        let accepted: Vec<Candidate<'_>> = rows
            .iter()
            .zip(&answers)
            .filter(|(_, answer)| matches!(answer, Acceptance::Accepted { .. }))
            .map(|(row, _)| *row)
            .collect();
        if accepted.is_empty() {
            return Ok(answers);
        }
        let first = take_numbers(connection, "signing", accepted.len()).await?;
        insert(connection, origin, first, &accepted, now).await?;
        outbox::insert(connection, first, &accepted).await?;
        add_to_quotas(connection, &accepted, day).await?;
        let new_jobs: Vec<&NewJob> = accepted.iter().flat_map(|row| &row.new.jobs).collect();
        jobs::insert(connection, &new_jobs, now).await?;
        // A crash before this line leaves nothing, one behind it leaves everything; the answer to the sender may be
        // lost either way, and D4 answers the repetition.
        transaction.commit().await?;
        Ok(answers)
    }

    /// All signings of `statement` that were accepted here, in order; empty when it is unknown.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn signings_of(&self, statement: Hash) -> Result<Vec<SigningRow>, DatabaseError> {
        let mut conditions = Conditions::new(SIGNINGS);
        conditions.text(
            " WHERE statement_id = ",
            statement.to_hex(),
            " ORDER BY number",
        );
        self.signings(conditions).await
    }

    /// The signing of `statement` by `key` in the log `origin`, if it was accepted (D4).
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn signing(
        &self,
        origin: &str,
        statement: Hash,
        key: Hash,
    ) -> Result<Option<SigningRow>, DatabaseError> {
        let mut conditions = Conditions::new(SIGNINGS);
        conditions.text(" WHERE statement_id = ", statement.to_hex(), "");
        conditions.text(" AND key_id = ", key.to_hex(), "");
        conditions.text(" AND origin = ", origin, "");
        Ok(self.signings(conditions).await?.pop())
    }

    /// Those of `pairs` (statement, key) that were accepted for the log `origin` (D4).
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn signings_here(
        &self,
        origin: &str,
        pairs: &[(Hash, Hash)],
    ) -> Result<HashSet<(Hash, Hash)>, DatabaseError> {
        let mut connection = self.reads().acquire().await?;
        let known = known(&mut connection, origin, pairs).await?;
        Ok(known.into_keys().collect())
    }

    /// The signing that stands at `index` of the log `origin`.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn signing_at(
        &self,
        origin: &str,
        index: u64,
    ) -> Result<Option<SigningRow>, DatabaseError> {
        let mut conditions = Conditions::new(SIGNINGS);
        conditions.text(" WHERE origin = ", origin, "");
        conditions.number(" AND log_index = ", index, "")?;
        Ok(self.signings(conditions).await?.pop())
    }

    /// What was accepted for `origin` and stands at or behind `index`, or has no index yet, in the order of acceptance,
    /// at most `limit`.
    ///
    /// With the cursor of the views as `index`, this is what the views do not show yet. The door's rules must see it
    /// too: read this first and the views second, then nothing falls between them.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn signings_from(
        &self,
        origin: &str,
        index: u64,
        limit: u32,
    ) -> Result<Vec<SigningRow>, DatabaseError> {
        let mut conditions = Conditions::new(SIGNINGS);
        conditions.text(" WHERE origin = ", origin, "");
        conditions.number(" AND (log_index >= ", index, " OR log_index IS NULL)")?;
        conditions.number(" ORDER BY number LIMIT ", u64::from(limit), "")?;
        self.signings(conditions).await
    }

    /// How many statements of `party` were accepted on the day of `now` (D5).
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn accepted_today(&self, party: &str, now: u64) -> Result<u64, DatabaseError> {
        let row = sqlx::query("SELECT accepted FROM quotas WHERE party = $1 AND day = $2")
            .bind(party)
            .bind(stored(now / DAY)?)
            .fetch_optional(self.reads())
            .await?;
        row.map_or(Ok(0), |row| row.number("accepted"))
    }

    async fn signings(&self, conditions: Conditions) -> Result<Vec<SigningRow>, DatabaseError> {
        let rows = conditions.into_query().fetch_all(self.reads()).await?;
        rows.iter().map(signing).collect()
    }
}

/// One row of a batch with its statement id.
#[derive(Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub(crate) statement: Hash,
    pub(crate) new: &'a NewSigning,
}

/// What the database knew when the transaction began, and what this batch adds to it row by row.
struct Here {
    signings: HashMap<(Hash, Hash), Known>,
    next_number: u64,
    used: HashMap<String, u64>,
    held: HashSet<Hash>,
}

impl Here {
    async fn read(
        connection: &mut AnyConnection,
        origin: &str,
        rows: &[Candidate<'_>],
        day: u64,
    ) -> Result<Self, DatabaseError> {
        let pairs: Vec<(Hash, Hash)> = rows
            .iter()
            .map(|row| (row.statement, row.new.key))
            .collect();
        let cites: HashSet<Hash> = rows
            .iter()
            .flat_map(|row| row.new.cites.iter().copied())
            .collect();
        let parties: HashSet<&str> = rows.iter().map(|row| row.new.party.as_str()).collect();
        let mut used = HashMap::new();
        for party in parties {
            let row = sqlx::query("SELECT accepted FROM quotas WHERE party = $1 AND day = $2")
                .bind(party)
                .bind(stored(day)?)
                .fetch_optional(&mut *connection)
                .await?;
            used.insert(
                party.to_owned(),
                row.map_or(Ok(0), |row| row.number("accepted"))?,
            );
        }
        Ok(Self {
            signings: known(connection, origin, &pairs).await?,
            next_number: take_numbers(connection, "signing", 0).await?,
            used,
            held: blob_rows::held(connection, &cites.into_iter().collect::<Vec<_>>()).await?,
        })
    }

    /// D4, D5, D6 in this order. An accepted row counts for the rows behind it.
    fn judge(&mut self, row: &Candidate<'_>) -> Acceptance {
        let pair = (row.statement, row.new.key);
        if let Some(Known { number, index }) = self.signings.get(&pair) {
            return Acceptance::AlreadyHere {
                number: *number,
                index: *index,
            };
        }
        let used = self.used.entry(row.new.party.clone()).or_default();
        if *used >= row.new.daily_quota {
            return Acceptance::QuotaUsed {
                limit: row.new.daily_quota,
            };
        }
        if let Some(missing) = row
            .new
            .cites
            .iter()
            .find(|digest| !self.held.contains(digest))
        {
            return Acceptance::BlobMissing(*missing);
        }
        let number = self.next_number;
        self.next_number += 1;
        *used += 1;
        self.signings.insert(
            pair,
            Known {
                number,
                index: None,
            },
        );
        self.held.insert(row.statement);
        Acceptance::Accepted { number }
    }
}

/// A signing that is here.
struct Known {
    number: u64,
    index: Option<u64>,
}

/// Those of `pairs` (statement, key) that were accepted for `origin`.
async fn known(
    connection: &mut AnyConnection,
    origin: &str,
    pairs: &[(Hash, Hash)],
) -> Result<HashMap<(Hash, Hash), Known>, DatabaseError> {
    let mut known = HashMap::new();
    for piece in pieces(pairs) {
        let text = with_rows(
            "WITH asked (statement_id, key_id, origin) AS (VALUES",
            piece.len(),
            3,
            ") SELECT signings.number, signings.statement_id, signings.key_id, signings.log_index FROM asked
             JOIN signings ON signings.statement_id = asked.statement_id
              AND signings.key_id = asked.key_id AND signings.origin = asked.origin",
        );
        let mut query = sqlx::query(text);
        for (statement, key) in piece {
            query = query
                .bind(statement.to_hex())
                .bind(key.to_hex())
                .bind(origin);
        }
        for row in query.fetch_all(&mut *connection).await? {
            let pair = (row.digest("statement_id")?, row.digest("key_id")?);
            let (number, index) = (row.number("number")?, row.number_or_null("log_index")?);
            known.insert(pair, Known { number, index });
        }
    }
    Ok(known)
}

/// Writes bodies and signings of `rows`, numbered from `first`.
async fn insert(
    connection: &mut AnyConnection,
    origin: &str,
    first: u64,
    rows: &[Candidate<'_>],
    now: u64,
) -> Result<(), DatabaseError> {
    let bodies = rows
        .iter()
        .map(|row| blob_rows::Row::of_body(row.statement, &row.new.body, row.new.withheld))
        .collect::<Result<Vec<_>, _>>()?;
    blob_rows::insert(connection, &blob_rows::unique(bodies), now).await?;
    let numbered: Vec<(u64, &Candidate<'_>)> = (first..).zip(rows).collect();
    for piece in pieces(&numbered) {
        let text = with_rows(
            "INSERT INTO signings (number, origin, statement_id, key_id, predicate_type, party, accepted_at) VALUES",
            piece.len(),
            7,
            "",
        );
        let mut query = sqlx::query(text);
        for (number, row) in piece {
            query = query
                .bind(stored(*number)?)
                .bind(origin)
                .bind(row.statement.to_hex())
                .bind(row.new.key.to_hex())
                .bind(row.new.predicate_type.as_str())
                .bind(row.new.party.as_str())
                .bind(stored(now)?);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

async fn add_to_quotas(
    connection: &mut AnyConnection,
    rows: &[Candidate<'_>],
    day: u64,
) -> Result<(), DatabaseError> {
    let mut accepted: BTreeMap<&str, u64> = BTreeMap::new();
    for row in rows {
        *accepted.entry(row.new.party.as_str()).or_default() += 1;
    }
    for (party, count) in accepted {
        sqlx::query(
            "INSERT INTO quotas (party, day, accepted) VALUES ($1, $2, $3)
             ON CONFLICT (party, day) DO UPDATE SET accepted = quotas.accepted + excluded.accepted",
        )
        .bind(party)
        .bind(stored(day)?)
        .bind(stored(count)?)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

fn signing(row: &AnyRow) -> Result<SigningRow, DatabaseError> {
    Ok(SigningRow {
        number: row.number("number")?,
        origin: row.text("origin")?,
        statement: row.digest("statement_id")?,
        key: row.digest("key_id")?,
        predicate_type: row.text("predicate_type")?,
        party: row.text("party")?,
        accepted_at: row.number("accepted_at")?,
        index: row.number_or_null("log_index")?,
    })
}

const SIGNINGS: &str = "SELECT number, origin, statement_id, key_id, predicate_type, party, accepted_at, log_index FROM signings";

/// Seconds of a day.
const DAY: u64 = 86_400;
