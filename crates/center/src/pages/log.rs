//! `/log/{origin}`: one log and its entries; `/log/{origin}/{index}`: one entry.
//!
//! An origin has slashes. Links percent-encode them, so that it is one segment; a proxy may decode them on the way, so both
//! forms are read.

use axum::extract::{Path, State};
use axum::response::Response;

use super::answer::{Drawn, Instead, Made};
use super::asked::Asked;
use super::frame::{frame, time};
use super::read::{self, Read};
use super::signed::Signed;
use super::{entry, logs, proof, sightings, trust};
use crate::http::problem::Problem;
use crate::node::{Node, Shared};
use crate::portal::link;
use crate::portal::log::{EntryRow, LogView, render};
use crate::portal::part::pager::Pager;
use crate::source::Source;

/// A log, an entry, or one of their files.
pub(super) async fn get(
    State(node): State<Shared>,
    Path(decoded): Path<String>,
    asked: Asked,
) -> Response {
    let Some((at, place)) = place(&node, &asked.path, &decoded) else {
        return asked.instead(Instead::not_found());
    };
    let before = asked.parameter("before").map(str::to_owned);
    let asked = asked.with(&[("before", before.as_deref().unwrap_or_default())]);
    let Ok(before) = before.map(|digits| digits.parse::<u64>()).transpose() else {
        return asked.instead(Instead::Problem(Problem::bad_request("before is no index")));
    };
    asked
        .answer(node, move |node, asked| async move {
            let Some(source) = node.sources.get(at) else {
                return Err(Instead::not_found());
            };
            match place {
                Place::Log => make(&node, source, &asked, before).await,
                Place::Entry(index) => entry::make(&node, source, index, &asked).await,
                Place::Checkpoint => proof::checkpoint(source),
                Place::Proof(index) => proof::proof(source, index),
                Place::Statement(index) => proof::statement(&node, source, index).await,
            }
        })
        .await
}

/// What stands below `/log/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Log,
    Entry(u64),
    Checkpoint,
    Proof(u64),
    Statement(u64),
}

/// The position of the log, and the place in it. Files are no pages: they stand below the API alone.
fn place(node: &Node, path: &str, decoded: &str) -> Option<(usize, Place)> {
    let raw = path.strip_prefix(link::LOGS)?.strip_prefix('/')?;
    let mut logs: Vec<(usize, &str)> = node
        .sources
        .iter()
        .map(|source| source.origin.as_str())
        .enumerate()
        .collect();
    // Of two origins where one begins with the other the longer is meant, unless the shorter stands alone in its segment.
    logs.sort_by_key(|(_, origin)| std::cmp::Reverse(origin.len()));
    let encoded = logs
        .iter()
        .find_map(|(at, origin)| Some((*at, below(raw, &link::segment(origin))?)));
    encoded.or_else(|| {
        logs.iter()
            .find_map(|(at, origin)| Some((*at, below(decoded, origin)?)))
    })
}

/// The place behind an origin, if the text begins with it.
fn below(text: &str, origin: &str) -> Option<Place> {
    let rest = text.strip_prefix(origin)?;
    if rest.is_empty() {
        return Some(Place::Log);
    }
    let rest = rest.strip_prefix('/')?;
    if rest == proof::CHECKPOINT {
        return Some(Place::Checkpoint);
    }
    let (digits, file) = rest
        .split_once('/')
        .map_or((rest, None), |(digits, file)| (digits, Some(file)));
    let index: u64 = digits
        .parse()
        .ok()
        .filter(|index: &u64| index.to_string() == digits)?;
    match file {
        None => Some(Place::Entry(index)),
        Some(proof::PROOF) => Some(Place::Proof(index)),
        Some(proof::STATEMENT) => Some(Place::Statement(index)),
        Some(_) => None,
    }
}

async fn make(node: &Shared, source: &Source, asked: &Asked, before: Option<u64>) -> Made {
    let witnesses = trust::witnesses(node, source);
    let latest = source.latest();
    let signed = latest.as_ref().map(|latest| Signed::of(latest, witnesses));
    let last = sightings::last(node, source, witnesses).await?;
    let size = latest.as_ref().map_or(0, |latest| latest.size);
    let rows = read::newest(node, source, before, PAGE).await?;
    let older = rows.last().map(|row| row.index).filter(|index| *index > 0);
    let mut entries = Vec::new();
    for row in rows {
        let Some(read) = Read::of(node, source, row.index).await? else {
            continue;
        };
        entries.push(EntryRow {
            index: row.index,
            said: read.said(node, &row),
            party: trust::party_of(node, row.key),
            at: read::logged_at(source, &row)?,
        });
    }
    let shown = u64::try_from(entries.len()).unwrap_or(u64::MAX);
    let view = LogView {
        origin: source.origin.clone(),
        owner: trust::owner_of(node, source),
        state: logs::state(node, source, signed.as_ref()),
        size,
        root: latest
            .as_ref()
            .and_then(|latest| proof::root(&latest.note))
            .map(|root| root.to_hex()),
        seen_at: signed.as_ref().map(|signed| time(signed.at)),
        keys: source.vkeys.iter().map(ToString::to_string).collect(),
        quorum: signed.map(|signed| signed.quorum(witnesses, &last)),
        links: latest
            .map(|_| proof::checkpoint_link(source))
            .into_iter()
            .collect(),
        entries,
        pager: Pager {
            shown,
            of: size.max(shown),
            before,
            older,
        },
    };
    Ok(Drawn::new(
        asked,
        &frame(node, asked, Some(source)),
        &view,
        render,
    ))
}

/// Entries of one page.
const PAGE: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_an_origin_is_read_strictly() {
        let origin = "log.acme.example/v1";
        for (rest, expected) in [
            ("", Some(Place::Log)),
            ("/0", Some(Place::Entry(0))),
            ("/18204", Some(Place::Entry(18_204))),
            ("/18204/proof", Some(Place::Proof(18_204))),
            ("/18204/statement", Some(Place::Statement(18_204))),
            ("/checkpoint", Some(Place::Checkpoint)),
            ("/", None),
            ("0", None),
            ("/007", None),
            ("/+7", None),
            ("/-1", None),
            ("/18446744073709551616", None),
            ("/7/", None),
            ("/7/other", None),
            ("/7/proof/more", None),
            ("/entries", None),
        ] {
            assert_eq!(
                below(&format!("{origin}{rest}"), origin),
                expected,
                "{rest}"
            );
        }
        assert_eq!(below("log.other.example/v1/7", origin), None);
    }

    #[test]
    fn each_place_is_in_the_description() {
        let description: serde_json::Value =
            serde_json::from_str(include_str!("../../openapi.json")).unwrap();
        let described = description["paths"].as_object().unwrap().keys();
        let below_logs = described.filter_map(|path| path.strip_prefix("/api/v1/log/{origin}"));
        let mut places: Vec<Place> = below_logs
            .map(|path| below(&path.replace("{index}", "7"), "").unwrap())
            .collect();
        // A place that is added does not compile until it has its address here.
        let address = |place: &Place| match place {
            Place::Log => 0,
            Place::Entry(_) => 1,
            Place::Checkpoint => 2,
            Place::Proof(_) => 3,
            Place::Statement(_) => 4,
        };
        places.sort_by_key(address);
        let numbers: Vec<i32> = places.iter().map(address).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
    }
}
