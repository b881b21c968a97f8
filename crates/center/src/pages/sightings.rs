//! When each witness last signed each log: found by walking back through the kept checkpoints, remembered so that only new
//! ones are walked again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tlog::key::Vkey;
use tlog::note::Note;
use tlog::policy::Witnesses;

use super::answer::Instead;
use super::signed::{Last, cosigned};
use crate::bundles::GatherError;
use crate::node::Shared;
use crate::source::{Source, SourceError};

/// What is known, by the log's origin.
#[derive(Debug, Default)]
pub(super) struct Sightings {
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    /// Size of the newest checkpoint that was walked.
    newest: Option<u64>,
    last: Last,
}

/// Size and time of the last checkpoint of `source` that each witness signed.
pub(super) async fn last(
    node: &Shared,
    source: &Source,
    witnesses: &Witnesses,
) -> Result<Last, Instead> {
    let sightings = &node.pages.sightings;
    let known = sightings
        .lock()
        .get(&source.origin)
        .cloned()
        .unwrap_or_default();
    if source.latest().map(|latest| latest.size) <= known.newest {
        return Ok(known.last);
    }
    let keys: Vec<Vkey> = witnesses.keys().cloned().collect();
    let walked = source.clone();
    // The first walk reads back until every witness was found: for one that never signed, through all that is kept.
    let walk = tokio::task::spawn_blocking(move || walk(&walked, &keys, known));
    let known = walk.await.map_err(|_| GatherError::BrokenOff)??;
    let last = known.last.clone();
    sightings.lock().insert(source.origin.clone(), known);
    Ok(last)
}

impl Sightings {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn walk(source: &Source, keys: &[Vkey], mut known: Known) -> Result<Known, SourceError> {
    let mut wanted: Vec<&Vkey> = keys.iter().collect();
    let mut covering = source.latest();
    let newest = covering.as_ref().map(|latest| latest.size);
    while let Some(checkpoint) = covering.filter(|checkpoint| Some(checkpoint.size) > known.newest)
    {
        let note = Note::parse(checkpoint.note.as_bytes()).ok();
        wanted.retain(
            |key| match note.as_ref().and_then(|note| cosigned(note, key)) {
                Some(at) => {
                    known.last.insert(key.full_id(), (checkpoint.size, at));
                    false
                }
                None => true,
            },
        );
        if wanted.is_empty() {
            break;
        }
        covering = source.before(checkpoint.size)?;
    }
    known.newest = newest.max(known.newest);
    Ok(known)
}
