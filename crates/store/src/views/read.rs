//! The reads that pages need, each one query. Lists are cut by log index, so that an address keeps showing the same
//! rows (`portal.md` §2).

use std::collections::HashSet;
use std::ops::Range;

use sqlx::any::AnyRow;
use tlog::hash::Hash;

use crate::database::{Database, DatabaseError};
use crate::sql::{Columns, Conditions, Query, containing, pieces, with_rows};
use crate::views::{EntryRow, FileRow, LogRow, UpdateRow, searchable};

/// What a list of updates shows; `None` shows all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpdateFilter {
    /// Only this product.
    pub product: Option<String>,
    /// Only this channel.
    pub channel: Option<String>,
    /// Only this state.
    pub state: Option<String>,
    /// Only products or versions that contain this text, in any case.
    pub text: Option<String>,
}

/// How much of one log the views show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ViewCounts {
    /// Entries, which is also the cursor.
    pub entries: u64,
    /// Different statements about updates, amendments included.
    pub updates: u64,
    /// Lines of updates.
    pub lines: u64,
}

impl Database {
    /// The first index of `origin` that the views do not show yet.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn cursor(&self, origin: &str) -> Result<u64, DatabaseError> {
        let mut connection = self.reads().acquire().await?;
        super::cursor(&mut connection, origin).await
    }

    /// Entries of `origin` with an index below `before`, newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn entries(
        &self,
        origin: &str,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<EntryRow>, DatabaseError> {
        let mut conditions = Conditions::new(ENTRIES);
        conditions.text(" WHERE origin = ", origin, "");
        if let Some(before) = before {
            conditions.number(" AND log_index < ", before, "")?;
        }
        conditions.number(" ORDER BY log_index DESC LIMIT ", u64::from(limit), "")?;
        self.rows(conditions.into_query(), entry).await
    }

    /// The entry at `index` of `origin`.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn entry(&self, origin: &str, index: u64) -> Result<Option<EntryRow>, DatabaseError> {
        let mut conditions = Conditions::new(ENTRIES);
        conditions.text(" WHERE origin = ", origin, "");
        conditions.number(" AND log_index = ", index, "")?;
        Ok(self.rows(conditions.into_query(), entry).await?.pop())
    }

    /// All entries with `statement` in all logs, by (origin, index): its signings.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn entries_of(&self, statement: Hash) -> Result<Vec<EntryRow>, DatabaseError> {
        let mut conditions = Conditions::new(ENTRIES);
        conditions.text(" WHERE statement_id = ", statement.to_hex(), "");
        let mut entries = self.rows(conditions.into_query(), entry).await?;
        entries.sort_by(|one, other| (&one.origin, one.index).cmp(&(&other.origin, other.index)));
        Ok(entries)
    }

    /// Updates of `origin` that meet `filter`, at an index below `before`, newest first, at most `limit`. Of a statement
    /// with several signings only the first entry is shown.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn updates(
        &self,
        origin: &str,
        filter: &UpdateFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<UpdateRow>, DatabaseError> {
        self.listed(origin, FIRST_SIGNING, filter, before, limit)
            .await
    }

    /// The same, each serial of a line once, at its first entry: what was offered, without amendments. Other files under a
    /// serial that is taken are listed besides, for they convict their signer.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn offers(
        &self,
        origin: &str,
        filter: &UpdateFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<UpdateRow>, DatabaseError> {
        self.listed(origin, FIRST_OFFER, filter, before, limit)
            .await
    }

    /// How many serials of lines in `origin` meet `filter`.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn offer_count(
        &self,
        origin: &str,
        filter: &UpdateFilter,
    ) -> Result<u64, DatabaseError> {
        let mut conditions = Conditions::new(
            "SELECT COUNT(*) AS offers FROM (SELECT DISTINCT line_id, serial FROM view_updates",
        );
        narrow(&mut conditions, origin, "", filter);
        conditions.push(") AS serials");
        let row = conditions.into_query().fetch_one(self.reads()).await?;
        row.number("offers")
    }

    /// Products with updates in `origin`, by name, at most `limit`.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn products(&self, origin: &str, limit: u32) -> Result<Vec<String>, DatabaseError> {
        let mut conditions = Conditions::new("SELECT DISTINCT product FROM view_updates");
        conditions.text(" WHERE origin = ", origin, "");
        conditions.number(" ORDER BY product LIMIT ", u64::from(limit), "")?;
        self.rows(conditions.into_query(), |row| row.text("product"))
            .await
    }

    /// How many entries of `origin` with an index in `range` are of which predicate type; `None` while the body is
    /// withheld.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn kinds(
        &self,
        origin: &str,
        range: Range<u64>,
    ) -> Result<Vec<(Option<String>, u64)>, DatabaseError> {
        let mut conditions =
            Conditions::new("SELECT predicate_type, COUNT(*) AS entries FROM view_entries");
        conditions.text(" WHERE origin = ", origin, "");
        conditions.number(" AND log_index >= ", range.start, "")?;
        conditions.number(" AND log_index < ", range.end, " GROUP BY predicate_type")?;
        self.rows(conditions.into_query(), |row| {
            Ok((row.text_or_null("predicate_type")?, row.number("entries")?))
        })
        .await
    }

    /// Updates on `line` in `origin` with a serial of at least `serial`, by (serial, index), at most `limit`: first the
    /// offer of a serial, then its amendments.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn updates_on_line(
        &self,
        origin: &str,
        line: Hash,
        serial: u64,
        limit: u32,
    ) -> Result<Vec<UpdateRow>, DatabaseError> {
        let mut conditions = Conditions::new(UPDATES);
        conditions.text(" WHERE view_updates.origin = ", origin, FIRST_SIGNING);
        conditions.text(" AND line_id = ", line.to_hex(), "");
        conditions.number(" AND serial >= ", serial, "")?;
        conditions.number(
            " ORDER BY serial, view_updates.log_index LIMIT ",
            u64::from(limit),
            "",
        )?;
        self.rows(conditions.into_query(), update).await
    }

    /// Those of `lines` that have an update in `origin`.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn lines_with_updates(
        &self,
        origin: &str,
        lines: &[Hash],
    ) -> Result<HashSet<Hash>, DatabaseError> {
        let mut connection = self.reads().acquire().await?;
        let mut found = HashSet::new();
        for piece in pieces(lines) {
            let origin_place = piece.len() + 1;
            let text = with_rows(
                "WITH asked (line_id) AS (VALUES",
                piece.len(),
                1,
                &format!(
                    ") SELECT line_id FROM asked WHERE EXISTS (SELECT 1 FROM view_updates
                     WHERE view_updates.origin = ${origin_place} AND view_updates.line_id = asked.line_id)"
                ),
            );
            let query = piece
                .iter()
                .fold(sqlx::query(text), |query, line| query.bind(line.to_hex()));
            for row in query.bind(origin).fetch_all(&mut *connection).await? {
                found.insert(row.digest("line_id")?);
            }
        }
        Ok(found)
    }

    /// The highest serial on `line` in `origin`; `None` when the line has no update.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn highest_serial(
        &self,
        origin: &str,
        line: Hash,
    ) -> Result<Option<u64>, DatabaseError> {
        sqlx::query(
            "SELECT MAX(serial) AS highest FROM view_updates WHERE origin = $1 AND line_id = $2",
        )
        .bind(origin)
        .bind(line.to_hex())
        .fetch_one(self.reads())
        .await?
        .number_or_null("highest")
    }

    /// The update of `statement`, at its first entry in each log, by origin.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn updates_of(&self, statement: Hash) -> Result<Vec<UpdateRow>, DatabaseError> {
        let mut conditions = Conditions::new(UPDATES);
        conditions.text(
            " WHERE view_updates.statement_id = ",
            statement.to_hex(),
            FIRST_SIGNING,
        );
        self.rows(conditions.into_query(), update)
            .await
            .map(by_place)
    }

    /// Updates, in all logs, that name a file whose SHA-256 starts with `prefix`, by (origin, index), at most `limit`.
    /// With all 64 digits: those about one file. Anything but lower-case hexadecimal digits finds nothing.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn updates_by_file(
        &self,
        prefix: &str,
        limit: u32,
    ) -> Result<Vec<UpdateRow>, DatabaseError> {
        self.updates_by_prefix(
            "SELECT statement_id FROM view_files WHERE digest",
            prefix,
            limit,
        )
        .await
    }

    /// Updates, in all logs, whose statement id starts with `prefix`, by (origin, index), at most `limit`. Anything but
    /// lower-case hexadecimal digits finds nothing.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn updates_by_statement(
        &self,
        prefix: &str,
        limit: u32,
    ) -> Result<Vec<UpdateRow>, DatabaseError> {
        self.updates_by_prefix(
            "SELECT statement_id FROM view_updates WHERE statement_id",
            prefix,
            limit,
        )
        .await
    }

    /// The files that `statement` names, in its order.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn files_of(&self, statement: Hash) -> Result<Vec<FileRow>, DatabaseError> {
        let query = sqlx::query(
            "SELECT statement_id, position, digest, name, role, size FROM view_files
             WHERE statement_id = $1 ORDER BY position",
        )
        .bind(statement.to_hex());
        self.rows(query, file).await
    }

    /// The newest checked checkpoints of all logs, by origin.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn logs(&self) -> Result<Vec<LogRow>, DatabaseError> {
        let mut logs = self.rows(sqlx::query(LOGS), log).await?;
        logs.sort_by(|one, other| one.origin.cmp(&other.origin));
        Ok(logs)
    }

    /// The newest checked checkpoint of `origin`.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn log(&self, origin: &str) -> Result<Option<LogRow>, DatabaseError> {
        let mut conditions = Conditions::new(LOGS);
        conditions.text(" WHERE origin = ", origin, "");
        Ok(self.rows(conditions.into_query(), log).await?.pop())
    }

    /// How much of `origin` the views show.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn view_counts(&self, origin: &str) -> Result<ViewCounts, DatabaseError> {
        let row = sqlx::query(
            "SELECT COUNT(DISTINCT statement_id) AS updates, COUNT(DISTINCT line_id) AS lines
             FROM view_updates WHERE origin = $1",
        )
        .bind(origin)
        .fetch_one(self.reads())
        .await?;
        Ok(ViewCounts {
            entries: self.cursor(origin).await?,
            updates: row.number("updates")?,
            lines: row.number("lines")?,
        })
    }

    async fn listed(
        &self,
        origin: &str,
        once: &str,
        filter: &UpdateFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<UpdateRow>, DatabaseError> {
        let mut conditions = Conditions::new(UPDATES);
        narrow(&mut conditions, origin, once, filter);
        if let Some(before) = before {
            conditions.number(" AND view_updates.log_index < ", before, "")?;
        }
        conditions.number(
            " ORDER BY view_updates.log_index DESC LIMIT ",
            u64::from(limit),
            "",
        )?;
        self.rows(conditions.into_query(), update).await
    }

    async fn updates_by_prefix(
        &self,
        chosen: &str,
        prefix: &str,
        limit: u32,
    ) -> Result<Vec<UpdateRow>, DatabaseError> {
        let Some((lowest, highest)) = digests_from(prefix) else {
            return Ok(Vec::new());
        };
        let mut conditions = Conditions::new(UPDATES);
        conditions.push(" WHERE view_updates.statement_id IN (");
        conditions.push(chosen);
        conditions.text(" BETWEEN ", lowest, "");
        conditions.text(" AND ", highest, ")");
        conditions.push(FIRST_SIGNING);
        conditions.number(
            " ORDER BY view_updates.log_index LIMIT ",
            u64::from(limit),
            "",
        )?;
        self.rows(conditions.into_query(), update)
            .await
            .map(by_place)
    }

    async fn rows<T>(
        &self,
        query: Query<'_>,
        read: fn(&AnyRow) -> Result<T, DatabaseError>,
    ) -> Result<Vec<T>, DatabaseError> {
        query
            .fetch_all(self.reads())
            .await?
            .iter()
            .map(read)
            .collect()
    }
}

pub(super) fn entry(row: &AnyRow) -> Result<EntryRow, DatabaseError> {
    Ok(EntryRow {
        origin: row.text("origin")?,
        index: row.number("log_index")?,
        leaf: row.digest("leaf")?,
        statement: row.digest("statement_id")?,
        key: row.digest("key_id")?,
        predicate_type: row.text_or_null("predicate_type")?,
        logged_at: row.number("logged_at")?,
    })
}

pub(super) fn update(row: &AnyRow) -> Result<UpdateRow, DatabaseError> {
    Ok(UpdateRow {
        origin: row.text("origin")?,
        index: row.number("log_index")?,
        statement: row.digest("statement_id")?,
        line: row.digest("line_id")?,
        publisher: row.text("publisher")?,
        product: row.text("product")?,
        kind: row.text("kind")?,
        channel: row.text("channel")?,
        platform: row.text("platform")?,
        serial: row.number("serial")?,
        version: row.text("version")?,
        state: row.text("state")?,
        audience: row.text("audience")?,
        active_from: row.number_or_null("active_from")?,
        actions_class: row.text_or_null("actions_class")?,
        consent: row.text_or_null("consent")?,
        recorded_at: row.number("recorded_at")?,
    })
}

pub(super) fn file(row: &AnyRow) -> Result<FileRow, DatabaseError> {
    Ok(FileRow {
        statement: row.digest("statement_id")?,
        position: u32::try_from(row.number("position")?)
            .map_err(|_| DatabaseError::our_bug("a position above 2^32"))?,
        digest: row.digest("digest")?,
        name: row.text("name")?,
        role: row.text("role")?,
        size: row.number("size")?,
    })
}

pub(super) fn log(row: &AnyRow) -> Result<LogRow, DatabaseError> {
    Ok(LogRow {
        origin: row.text("origin")?,
        size: row.number("size")?,
        root: row.digest("root")?,
        checkpoint: row.text("checkpoint")?,
        checked_at: row.number("checked_at")?,
    })
}

fn by_place(mut updates: Vec<UpdateRow>) -> Vec<UpdateRow> {
    updates.sort_by(|one, other| (&one.origin, one.index).cmp(&(&other.origin, other.index)));
    updates
}

/// `once` says which of several rows of one thing is meant.
fn narrow(conditions: &mut Conditions, origin: &str, once: &str, filter: &UpdateFilter) {
    conditions.text(" WHERE view_updates.origin = ", origin, once);
    for (column, value) in [
        (" AND product = ", &filter.product),
        (" AND channel = ", &filter.channel),
        (" AND state = ", &filter.state),
    ] {
        if let Some(value) = value {
            conditions.text(column, value.as_str(), "");
        }
    }
    if let Some(text) = &filter.text {
        conditions.text(
            " AND search LIKE ",
            containing(&searchable(text)),
            r" ESCAPE '\'",
        );
    }
}

/// The lowest and the highest digest that start with `prefix`: a range, so that an index serves it on every database.
fn digests_from(prefix: &str) -> Option<(String, String)> {
    let lowest = format!("{prefix:0<64}");
    Hash::from_hex(&lowest)?;
    Some((lowest, format!("{prefix:f<64}")))
}

pub(super) const ENTRIES: &str = "SELECT origin, log_index, leaf, statement_id, key_id, predicate_type, logged_at FROM view_entries";

pub(super) const LOGS: &str = "SELECT origin, size, root, checkpoint, checked_at FROM view_logs";

pub(super) const UPDATES: &str =
    "SELECT origin, log_index, statement_id, line_id, publisher, product, kind, channel, platform, serial, version,
        state, audience, active_from, actions_class, consent, recorded_at FROM view_updates";

const FIRST_OFFER: &str = " AND NOT EXISTS (SELECT 1 FROM view_updates AS earlier
    WHERE earlier.origin = view_updates.origin AND earlier.line_id = view_updates.line_id
      AND earlier.serial = view_updates.serial AND earlier.log_index < view_updates.log_index
      AND (SELECT digest FROM view_files WHERE statement_id = earlier.statement_id AND position = 0)
        = (SELECT digest FROM view_files WHERE statement_id = view_updates.statement_id AND position = 0))";

const FIRST_SIGNING: &str = " AND NOT EXISTS (SELECT 1 FROM view_updates AS earlier
    WHERE earlier.origin = view_updates.origin AND earlier.statement_id = view_updates.statement_id
      AND earlier.log_index < view_updates.log_index)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_the_range_of_its_digests() {
        let (lowest, highest) = digests_from("ab").expect("hexadecimal");
        assert!(lowest.starts_with("ab0") && highest.starts_with("abf"));
        assert_eq!((lowest.len(), highest.len()), (64, 64));
        for refused in ["AB", "xy", "a b", "%", &"a".repeat(65)] {
            assert_eq!(digests_from(refused), None, "{refused:?}");
        }
    }
}
