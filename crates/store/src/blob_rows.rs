//! What is known about a digest, in SQL: `evidence.md` §2.4, D6 ("every blob digest is held or listed as withheld").
//!
//! One address space, three places. A statement's body, at most 1 MiB of UTF-8 JSON, stands in the row, so that it is
//! durable by the same commit as the statement. Everything else is a file of [`crate::blobs`], whose row is written
//! after the file is on disk. A digest may also be listed as withheld without its bytes being here.

use std::collections::{HashMap, HashSet};

use sqlx::AnyConnection;
use tlog::hash::{Hash, sha256};

use crate::database::{Database, DatabaseError, Transaction};
use crate::sql::{Columns, pieces, stored, with_rows};

/// A digest and what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobRow {
    /// SHA-256 of the bytes.
    pub digest: Hash,
    /// Where the bytes are.
    pub place: Place,
    /// Not to be shown to the public, wherever the bytes are.
    pub withheld: bool,
    /// When the row was made, in seconds since 1970.
    pub recorded_at: u64,
}

/// Where the bytes of a digest are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Not here: only listed, as withheld.
    Absent,
    /// In a file of the blob folder.
    File {
        /// Length in bytes.
        size: u64,
    },
    /// In the database: [`Database::body`].
    Row {
        /// Length in bytes.
        size: u64,
    },
}

/// A blob to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewBlob {
    /// A text of at most [`LARGEST_BODY`] bytes that is kept in the database.
    Body {
        /// The text; its digest is computed here.
        text: String,
        /// Not to be shown to the public.
        withheld: bool,
    },
    /// A file that the blob folder already holds durably.
    File {
        /// SHA-256 of the file.
        digest: Hash,
        /// Length in bytes.
        size: u64,
        /// Not to be shown to the public.
        withheld: bool,
    },
    /// Bytes that are somewhere else and not shown.
    Withheld {
        /// SHA-256 of the bytes.
        digest: Hash,
    },
}

impl Database {
    /// What is known about `digest`.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn blob(&self, digest: Hash) -> Result<Option<BlobRow>, DatabaseError> {
        let row = sqlx::query(
            "SELECT digest, place, withheld, size, recorded_at FROM blobs WHERE digest = $1",
        )
        .bind(digest.to_hex())
        .fetch_optional(self.reads())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let size = row.number_or_null("size")?.unwrap_or(0);
        let place = match row.text("place")?.as_str() {
            "absent" => Place::Absent,
            "file" => Place::File { size },
            "row" => Place::Row { size },
            _ => return Err(DatabaseError::our_bug("an unknown place of a blob")),
        };
        Ok(Some(BlobRow {
            digest: row.digest("digest")?,
            place,
            withheld: row.number("withheld")? == 1,
            recorded_at: row.number("recorded_at")?,
        }))
    }

    /// The text under `digest`, if it is kept in the database. Says nothing about who may see it: ask [`Database::blob`].
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn body(&self, digest: Hash) -> Result<Option<String>, DatabaseError> {
        let row = sqlx::query("SELECT content FROM blobs WHERE digest = $1")
            .bind(digest.to_hex())
            .fetch_optional(self.reads())
            .await?;
        row.map_or(Ok(None), |row| row.text_or_null("content"))
    }

    /// The texts of those `digests` that are kept in the database.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn bodies(&self, digests: &[Hash]) -> Result<HashMap<Hash, String>, DatabaseError> {
        let mut connection = self.reads().acquire().await?;
        let mut bodies = HashMap::new();
        for piece in pieces(digests) {
            let text = with_rows(
                "SELECT digest, content FROM blobs WHERE content IS NOT NULL AND digest IN (VALUES",
                piece.len(),
                1,
                ")",
            );
            let query = piece.iter().fold(sqlx::query(text), |query, digest| {
                query.bind(digest.to_hex())
            });
            for row in query.fetch_all(&mut *connection).await? {
                bodies.insert(row.digest("digest")?, row.text("content")?);
            }
        }
        Ok(bodies)
    }

    /// Those of `digests` that are neither held nor listed as withheld, in the order given (D6).
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn missing_blobs(&self, digests: &[Hash]) -> Result<Vec<Hash>, DatabaseError> {
        let mut connection = self.reads().acquire().await?;
        let held = held(&mut connection, digests).await?;
        Ok(digests
            .iter()
            .copied()
            .filter(|digest| !held.contains(digest))
            .collect())
    }

    /// [`Transaction::record_blobs`] as a transaction of its own.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn record_blobs(&self, blobs: &[NewBlob], now: u64) -> Result<(), DatabaseError> {
        let mut transaction = self.begin().await?;
        transaction.record_blobs(blobs, now).await?;
        transaction.commit().await
    }

    /// Sets whether `digest` is withheld; answers false when nothing is known about it, or when its bytes are not here
    /// and it therefore stays withheld.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn set_withheld(&self, digest: Hash, withheld: bool) -> Result<bool, DatabaseError> {
        let mut transaction = self.begin().await?;
        let changed = sqlx::query(
            "UPDATE blobs SET withheld = $1 WHERE digest = $2 AND (place <> 'absent' OR $1 = 1)",
        )
        .bind(i64::from(withheld))
        .bind(digest.to_hex())
        .execute(transaction.connection())
        .await?
        .rows_affected();
        transaction.commit().await?;
        Ok(changed == 1)
    }
}

impl Transaction {
    /// Records `blobs`. What was only listed gets its place; what has one already stays as it is, so that a repeated
    /// upload neither moves bytes nor lifts an embargo.
    ///
    /// For a file: call it after the file is on disk. A crash in between leaves a file without a row, and the next
    /// upload of that digest finds the file and gets here again.
    ///
    /// # Errors
    ///
    /// When the database gives no answer, and [`DatabaseError::OurBug`] for a body above [`LARGEST_BODY`].
    pub async fn record_blobs(&mut self, blobs: &[NewBlob], now: u64) -> Result<(), DatabaseError> {
        let rows = blobs.iter().map(Row::of).collect::<Result<Vec<_>, _>>()?;
        insert(self.connection(), &unique(rows), now).await
    }
}

/// Largest body kept in a row: what an envelope may carry (`evidence.md` S2).
pub const LARGEST_BODY: usize = 1 << 20;

/// A row of `blobs` before it is written.
pub(crate) struct Row<'a> {
    digest: Hash,
    place: &'static str,
    withheld: bool,
    size: Option<u64>,
    content: Option<&'a str>,
}

impl<'a> Row<'a> {
    /// The row of a body whose digest the caller has computed.
    pub(crate) fn of_body(
        digest: Hash,
        text: &'a str,
        withheld: bool,
    ) -> Result<Self, DatabaseError> {
        if text.len() > LARGEST_BODY {
            return Err(DatabaseError::our_bug(
                "a body above 1 MiB reached the database",
            ));
        }
        Ok(Self {
            digest,
            place: "row",
            withheld,
            size: Some(text.len() as u64),
            content: Some(text),
        })
    }

    fn of(blob: &'a NewBlob) -> Result<Self, DatabaseError> {
        match blob {
            NewBlob::Body { text, withheld } => {
                Self::of_body(sha256(text.as_bytes()), text, *withheld)
            }
            NewBlob::File {
                digest,
                size,
                withheld,
            } => Ok(Self {
                digest: *digest,
                place: "file",
                withheld: *withheld,
                size: Some(*size),
                content: None,
            }),
            NewBlob::Withheld { digest } => Ok(Self {
                digest: *digest,
                place: "absent",
                withheld: true,
                size: None,
                content: None,
            }),
        }
    }
}

/// The first row of each digest: one INSERT must not touch a row twice.
pub(crate) fn unique(rows: Vec<Row<'_>>) -> Vec<Row<'_>> {
    let mut seen = HashSet::new();
    rows.into_iter()
        .filter(|row| seen.insert(row.digest))
        .collect()
}

/// A row moves from absent to held, and from a file to a body, never back: a stranger who uploads a statement's bytes as
/// a file before the statement comes must not hide it. `withheld` stays as it was.
pub(crate) async fn insert(
    connection: &mut AnyConnection,
    rows: &[Row<'_>],
    now: u64,
) -> Result<(), DatabaseError> {
    for piece in pieces(rows) {
        let text = with_rows(
            "INSERT INTO blobs (digest, place, withheld, size, recorded_at, content) VALUES",
            piece.len(),
            6,
            "ON CONFLICT (digest) DO UPDATE
             SET place = excluded.place, size = excluded.size, content = excluded.content
             WHERE (blobs.place = 'absent' AND excluded.place <> 'absent')
                OR (blobs.place = 'file' AND excluded.place = 'row')",
        );
        let mut query = sqlx::query(text);
        for row in piece {
            query = query
                .bind(row.digest.to_hex())
                .bind(row.place)
                .bind(i64::from(row.withheld))
                .bind(row.size.map(stored).transpose()?)
                .bind(stored(now)?)
                .bind(row.content);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Those of `digests` that have a row.
pub(crate) async fn held(
    connection: &mut AnyConnection,
    digests: &[Hash],
) -> Result<HashSet<Hash>, DatabaseError> {
    let mut held = HashSet::new();
    for piece in pieces(digests) {
        let text = with_rows(
            "SELECT digest FROM blobs WHERE digest IN (VALUES",
            piece.len(),
            1,
            ")",
        );
        let query = piece.iter().fold(sqlx::query(text), |query, digest| {
            query.bind(digest.to_hex())
        });
        for row in query.fetch_all(&mut *connection).await? {
            held.insert(row.digest("digest")?);
        }
    }
    Ok(held)
}
