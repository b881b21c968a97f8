//! `/log`: the logs that this node reads.

use axum::extract::State;
use axum::response::Response;

use super::answer::{Drawn, Made};
use super::asked::Asked;
use super::frame::{frame, time};
use super::signed::Signed;
use super::trust;
use crate::node::{Node, Shared};
use crate::portal::logs::{LogRow, LogsView, render};
use crate::portal::word::LogState;
use crate::source::Source;

/// The list.
pub(super) async fn get(State(node): State<Shared>, asked: Asked) -> Response {
    asked
        .answer(node, |node, asked| async move { make(&node, &asked) })
        .await
}

fn make(node: &Shared, asked: &Asked) -> Made {
    let rows = node
        .sources
        .iter()
        .map(|source| row(node, source))
        .collect();
    Ok(Drawn::new(
        asked,
        &frame(node, asked, None),
        &LogsView { rows },
        render,
    ))
}

fn row(node: &Node, source: &Source) -> LogRow {
    let witnesses = trust::witnesses(node, source);
    let signed = source.latest().map(|latest| Signed::of(&latest, witnesses));
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    LogRow {
        origin: source.origin.clone(),
        owner: trust::owner_of(node, source),
        state: state(node, source, signed.as_ref()),
        size: source.public_size(),
        signed: signed.as_ref().map_or(0, |signed| count(signed.have())),
        of: count(super::signed::members(witnesses).len()),
        asked: count(witnesses.need()),
        seen_at: signed.map(|signed| time(signed.at)),
    }
}

/// What is known of a log's newest checkpoint.
pub(super) fn state(node: &Node, source: &Source, signed: Option<&Signed>) -> LogState {
    if signed.is_none_or(|signed| !signed.is_met()) {
        return LogState::Waiting;
    }
    let now = node.now();
    let age = source.heard_at(now).map(|at| now.saturating_sub(at));
    if age.is_some_and(|age| age > super::frame::STALE_AFTER) {
        LogState::Stale
    } else {
        LogState::Witnessed
    }
}
