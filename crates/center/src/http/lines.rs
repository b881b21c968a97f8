//! `GET /api/v1/lines/<line id>`: the newest serial of a line, for who publishes the next one.

use axum::Json;
use axum::extract::{Path, State};
use evidence::statement::Statement;
use serde::Serialize;
use tlog::hash::Hash;

use crate::http::problem::Problem;
use crate::node::Shared;

/// The newest serial.
#[derive(Debug, Serialize)]
pub struct Newest {
    line: String,
    serial: u64,
    statement: String,
    state: String,
    origin: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
}

/// Answers the newest serial with its first statement, by which the next one names it. What is accepted and not yet public
/// counts: the door counts it too.
pub async fn newest(
    State(node): State<Shared>,
    Path(line): Path<String>,
) -> Result<Json<Newest>, Problem> {
    let id = Hash::from_hex(&line).ok_or_else(Problem::not_found)?;
    let own = node.log.as_ref().ok_or_else(Problem::not_found)?;
    let database = &node.database;
    // The tail is read first, then the views: nothing falls between them.
    let tail = tail(&node, &own.origin, id).await?;
    let known = database.highest_serial(&own.origin, id).await?;
    let newest = tail
        .iter()
        .map(|row| row.serial)
        .max()
        .max(known)
        .ok_or_else(Problem::not_found)?;
    let rows = database
        .updates_on_line(&own.origin, id, newest, MOST_AMENDMENTS)
        .await?;
    let shown = rows.into_iter().map(|row| Row {
        serial: row.serial,
        statement: row.statement,
        state: row.state,
        index: Some(row.index),
    });
    let rows: Vec<Row> = shown
        .chain(tail)
        .filter(|row| row.serial == newest)
        .collect();
    let (first, last) = rows
        .first()
        .zip(rows.last())
        .ok_or_else(Problem::not_found)?;
    Ok(Json(Newest {
        line,
        serial: newest,
        statement: first.statement.to_hex(),
        state: last.state.clone(),
        origin: own.origin.clone(),
        index: first.index,
    }))
}

struct Row {
    serial: u64,
    statement: Hash,
    state: String,
    index: Option<u64>,
}

/// Statements of the line that were accepted and that the views do not show yet.
async fn tail(node: &Shared, origin: &str, line: Hash) -> Result<Vec<Row>, Problem> {
    let cursor = node.database.cursor(origin).await?;
    let mut rows = Vec::new();
    for signing in node
        .database
        .signings_from(origin, cursor, MOST_TAIL)
        .await?
    {
        let Some(body) = node.database.body(signing.statement).await? else {
            continue;
        };
        let Ok(statement) = Statement::parse(body.as_bytes()) else {
            continue;
        };
        let Some(update) = statement
            .kind()
            .as_update()
            .filter(|update| update.line.id() == line)
        else {
            continue;
        };
        let state = update.state.as_str().to_owned();
        rows.push(Row {
            serial: update.serial,
            statement: statement.id(),
            state,
            index: signing.index,
        });
    }
    Ok(rows)
}

/// More than this is never between log and views for long.
const MOST_TAIL: u32 = 10_000;

/// An amendment widens, shortens or withdraws: nobody needs a thousand.
const MOST_AMENDMENTS: u32 = 1_000;
