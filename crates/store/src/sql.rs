//! Small tools for portable SQL text: lists of rows, conditions, and columns as our types.

use std::fmt::Write;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use tlog::hash::Hash;

use crate::database::DatabaseError;

pub(crate) type Query<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>;

/// Cuts `rows` into pieces of 16, then 4, then 1, so that a statement with a list of rows has only three texts and
/// each is parsed once a connection.
pub(crate) fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = PIECES.into_iter().find(|size| *size <= rows.len())?;
        let (piece, rest) = rows.split_at(size);
        rows = rest;
        Some(piece)
    })
}

/// `before ($1, $2), ($3, $4) after` for two rows of two columns.
pub(crate) fn with_rows(
    before: &str,
    rows: usize,
    columns: usize,
    after: &str,
) -> AssertSqlSafe<String> {
    let mut text = String::with_capacity(before.len() + rows * columns * 6 + after.len() + 16);
    text.push_str(before);
    for row in 0..rows {
        text.push_str(if row == 0 { " (" } else { ", (" });
        for column in 0..columns {
            let separator = if column == 0 { "" } else { ", " };
            write!(text, "{separator}${}", row * columns + column + 1)
                .expect("a string takes every text");
        }
        text.push(')');
    }
    text.push(' ');
    text.push_str(after);
    AssertSqlSafe(text)
}

/// A query that grows by conditions. The texts are ours, what comes from outside is only bound, as the next `$n`.
pub(crate) struct Conditions {
    text: String,
    values: Vec<Value>,
}

enum Value {
    Number(i64),
    Text(String),
}

impl Conditions {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            values: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(crate) fn number(
        &mut self,
        before: &str,
        value: u64,
        after: &str,
    ) -> Result<(), DatabaseError> {
        self.values.push(Value::Number(stored(value)?));
        self.placeholder(before, after);
        Ok(())
    }

    pub(crate) fn text(&mut self, before: &str, value: impl Into<String>, after: &str) {
        self.values.push(Value::Text(value.into()));
        self.placeholder(before, after);
    }

    pub(crate) fn into_query(self) -> Query<'static> {
        self.values
            .into_iter()
            .fold(
                sqlx::query(AssertSqlSafe(self.text)),
                |query, value| match value {
                    Value::Number(number) => query.bind(number),
                    Value::Text(text) => query.bind(text),
                },
            )
    }

    fn placeholder(&mut self, before: &str, after: &str) {
        write!(self.text, "{before}${}{after}", self.values.len())
            .expect("a string takes every text");
    }
}

/// `%text%` for `LIKE … ESCAPE '\'`, where the text's own wildcards stand for themselves.
pub(crate) fn containing(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    format!("%{escaped}%")
}

/// Takes `count` numbers of the sequence `name` and answers the first; with 0, only tells the next. Rolled back with the transaction.
pub(crate) async fn take_numbers(
    connection: &mut AnyConnection,
    name: &'static str,
    count: usize,
) -> Result<u64, DatabaseError> {
    let last =
        sqlx::query("UPDATE counters SET value = value + $1 WHERE name = $2 RETURNING value")
            .bind(stored(count as u64)?)
            .bind(name)
            .fetch_one(connection)
            .await?
            .number("value")?;
    Ok(last - count as u64 + 1)
}

/// A number as a `BIGINT` holds it. Indexes, sizes and times end at 2^63 − 1 in every format that reaches us.
pub(crate) fn stored(value: u64) -> Result<i64, DatabaseError> {
    i64::try_from(value).map_err(|_| DatabaseError::our_bug("a number above 2^63 - 1"))
}

/// Columns as our types. An error means that something else wrote the row.
pub(crate) trait Columns {
    fn number(&self, column: &str) -> Result<u64, DatabaseError>;
    fn number_or_null(&self, column: &str) -> Result<Option<u64>, DatabaseError>;
    fn text(&self, column: &str) -> Result<String, DatabaseError>;
    fn text_or_null(&self, column: &str) -> Result<Option<String>, DatabaseError>;
    fn digest(&self, column: &str) -> Result<Hash, DatabaseError>;
}

impl Columns for AnyRow {
    fn number(&self, column: &str) -> Result<u64, DatabaseError> {
        unsigned(self.try_get(column)?)
    }

    fn number_or_null(&self, column: &str) -> Result<Option<u64>, DatabaseError> {
        self.try_get::<Option<i64>, _>(column)?
            .map(unsigned)
            .transpose()
    }

    fn text(&self, column: &str) -> Result<String, DatabaseError> {
        Ok(self.try_get(column)?)
    }

    fn text_or_null(&self, column: &str) -> Result<Option<String>, DatabaseError> {
        Ok(self.try_get(column)?)
    }

    fn digest(&self, column: &str) -> Result<Hash, DatabaseError> {
        Hash::from_hex(self.try_get(column)?).ok_or(DatabaseError::our_bug(
            "a digest is not 64 hexadecimal digits",
        ))
    }
}

fn unsigned(value: i64) -> Result<u64, DatabaseError> {
    u64::try_from(value).map_err(|_| DatabaseError::our_bug("a negative number"))
}

// The driver looks every placeholder up in a list, so a longer statement costs more a row, not less.
const PIECES: [usize; 3] = [16, 4, 1];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_whole_and_in_order() {
        for length in [0, 1, 7, 8, 9, 63, 64, 65, 200] {
            let rows: Vec<usize> = (0..length).collect();
            assert_eq!(pieces(&rows).flatten().copied().collect::<Vec<_>>(), rows);
            assert!(pieces(&rows).all(|piece| PIECES.contains(&piece.len())));
        }
    }

    #[test]
    fn placeholders_are_counted_through() {
        assert_eq!(
            with_rows("INSERT VALUES", 2, 2, "END").0,
            "INSERT VALUES ($1, $2), ($3, $4) END"
        );
        let mut conditions = Conditions::new("SELECT");
        conditions.text(" a = ", "x", " AND");
        conditions.number(" b < ", 3, "").expect("small");
        assert_eq!(conditions.text, "SELECT a = $1 AND b < $2");
    }

    #[test]
    fn refuses_numbers_that_a_column_cannot_hold() {
        assert_eq!(stored(i64::MAX as u64), Ok(i64::MAX));
        assert!(stored(1 << 63).is_err());
        assert!(unsigned(-1).is_err());
    }

    #[test]
    fn wildcards_in_a_search_stand_for_themselves() {
        assert_eq!(containing(r"50%_\"), r"%50\%\_\\%");
    }
}
