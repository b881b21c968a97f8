//! What stands around every page, filled from the node.

use super::asked::{Asked, api};
use super::trust;
use crate::node::Node;
use crate::portal::frame::{Frame, LogSeen, Notice};
use crate::portal::time::Time;
use crate::source::Source;

/// The frame of a page that speaks of `source`, else of the publisher's log.
pub(super) fn frame(node: &Node, asked: &Asked, source: Option<&Source>) -> Frame {
    let source = source.or_else(|| trust::main_log(node));
    Frame {
        log: source.and_then(|source| log_seen(node, source)),
        json: Some(api(&asked.address)),
        open_all: asked.open_all,
        notices: source
            .and_then(|source| stale(node, source))
            .into_iter()
            .collect(),
        ..bare(node, &asked.address)
    }
}

/// The frame of a problem: nothing of it depends on what was asked for but the address.
pub(super) fn of_problem(node: &Node, path: &str) -> Frame {
    let log = trust::main_log(node).and_then(|source| log_seen(node, source));
    Frame {
        log,
        ..bare(node, path)
    }
}

/// How far a log was seen, and when it was last looked at; `None` while nothing of it is known.
pub(super) fn log_seen(node: &Node, source: &Source) -> Option<LogSeen> {
    let latest = source.latest()?;
    let at = source.heard_at(node.now()).unwrap_or(latest.taken_at);
    Some(LogSeen {
        origin: source.origin.clone(),
        size: latest.size,
        at: time(at),
    })
}

/// Seconds since the epoch as pages write them.
pub(super) fn time(seconds: u64) -> Time {
    Time(i64::try_from(seconds).unwrap_or(i64::MAX))
}

fn bare(node: &Node, address: &str) -> Frame {
    let portal = node.policy.as_ref();
    Frame {
        center: node.config.name.clone(),
        operator: node.config.operator.clone(),
        publisher: portal.and_then(|portal| trust::only_publisher(&portal.policy)),
        now: time(node.now()),
        log: None,
        address: format!("{}{address}", node.config.url),
        json: None,
        security_txt: portal.is_some_and(|portal| portal.security_txt.is_some()),
        open_all: false,
        notices: Vec::new(),
    }
}

/// A followed log that does not answer any more: others may see more of it.
fn stale(node: &Node, source: &Source) -> Option<Notice> {
    let now = node.now();
    let last = source
        .heard_at(now)
        .or_else(|| Some(source.latest()?.taken_at))?;
    (now.saturating_sub(last) > STALE_AFTER).then(|| Notice::Stale {
        last_seen: time(last),
    })
}

/// Seconds. A log is asked at least every few seconds, so this is no hiccup any more.
pub(super) const STALE_AFTER: u64 = 300;
