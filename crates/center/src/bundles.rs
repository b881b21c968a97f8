//! Evidence about one file, gathered from the logs that this node reads: `evidence.md` §12.
//!
//! What pages judge and what `/bundle/<hex>.jsonl` hands out is one function of the digest and the logs.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use evidence::bundle::{self, BundleLine, Place};
use evidence::entry::Entry;
use evidence::envelope::Envelope;
use evidence::limits;
use evidence::statement::Statement;
use store::database::DatabaseError;
use store::views::UpdateRow;
use tlog::hash::Hash;
use tlog::key::{Algorithm, Vkey};

use crate::node::Node;
use crate::source::{Source, SourceError};

/// The lines about the file with this digest: its updates with their signings and amendments (B1), the newest of their
/// lines, and predecessors (B2). Empty if no log here holds it.
///
/// # Errors
/// [`GatherError`].
pub async fn gather(node: &Node, digest: Hash) -> Result<Vec<BundleLine>, GatherError> {
    let mut lines = Vec::new();
    let mut bytes = 0;
    for (origin, statement) in wanted(node, digest).await? {
        let Some(source) = node.source(&origin) else {
            continue;
        };
        let Some(body) = node.database.body(statement).await? else {
            continue;
        };
        for place in node.database.entries_of(statement).await? {
            if place.origin != origin {
                continue;
            }
            bytes += body.len();
            // Nobody reads a larger bundle: past the limit the answer is at best undecided.
            if lines.len() >= limits::LINES || bytes > limits::BUNDLE {
                return Ok(lines);
            }
            lines.extend(line(source, &body, place.index)?);
        }
    }
    Ok(lines)
}

/// The bundle's bytes; `None` if no log here holds the file.
///
/// # Errors
/// [`GatherError`].
pub async fn bytes(node: &Node, digest: Hash) -> Result<Option<Arc<[u8]>>, GatherError> {
    // Read before the evidence: what is logged or shown in between makes this bundle one of an earlier state.
    let seen = node.seen();
    if let Some(known) = node.bundles.find(digest, &seen) {
        return Ok(Some(known));
    }
    let lines = gather(node, digest).await?;
    if lines.is_empty() {
        return Ok(None);
    }
    let bytes: Arc<[u8]> = bundle::write(&lines).into();
    node.bundles.keep(digest, seen, Arc::clone(&bytes));
    Ok(Some(bytes))
}

/// Bundles made lately: equal views, equal bytes, so they are made once for each state of the logs.
#[derive(Debug, Default)]
pub struct Bundles(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// Per log what is public and what the views show of it.
    seen: Vec<(u64, u64)>,
    bytes: usize,
    by_digest: HashMap<Hash, Arc<[u8]>>,
    order: VecDeque<Hash>,
}

impl Bundles {
    fn find(&self, digest: Hash, seen: &[(u64, u64)]) -> Option<Arc<[u8]>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.seen == seen)
            .then(|| kept.by_digest.get(&digest).cloned())
            .flatten()
    }

    fn keep(&self, digest: Hash, seen: Vec<(u64, u64)>, bytes: Arc<[u8]>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.seen != seen {
            *kept = Kept {
                seen,
                ..Kept::default()
            };
        }
        while kept.bytes + bytes.len() > MOST_KEPT {
            let Some(oldest) = kept.order.pop_front() else {
                return;
            };
            let gone = kept
                .by_digest
                .remove(&oldest)
                .map_or(0, |bytes| bytes.len());
            kept.bytes -= gone;
        }
        kept.bytes += bytes.len();
        if kept.by_digest.insert(digest, bytes).is_none() {
            kept.order.push_back(digest);
        }
    }
}

/// (Origin, statement) of everything that belongs into the bundle, each once.
async fn wanted(node: &Node, digest: Hash) -> Result<Vec<(String, Hash)>, GatherError> {
    let mut wanted: BTreeMap<(String, Hash), ()> = BTreeMap::new();
    // The last statements first, so that a limit cuts the oldest: a withdrawal is what must not be missing.
    for row in node
        .database
        .updates_by_file(&digest.to_hex(), MOST_ROWS)
        .await?
    {
        let origin = row.origin.clone();
        let newest = node
            .database
            .highest_serial(&origin, row.line)
            .await?
            .unwrap_or(row.serial);
        for serial in BTreeSet::from([row.serial, newest]) {
            for other in serial_of(node, &origin, row.line, serial).await? {
                wanted.insert((origin.clone(), other.statement), ());
            }
        }
        for statement in predecessors(node, row.statement).await? {
            wanted.insert((origin.clone(), statement), ());
        }
    }
    Ok(wanted.into_keys().collect())
}

/// Every statement of one serial, however many amendments it has.
async fn serial_of(
    node: &Node,
    origin: &str,
    line: Hash,
    serial: u64,
) -> Result<Vec<UpdateRow>, GatherError> {
    let mut limit = PAGE;
    loop {
        let rows = node
            .database
            .updates_on_line(origin, line, serial, limit)
            .await?;
        let whole = rows.len() < limit as usize || rows.iter().any(|row| row.serial > serial);
        if whole || limit >= MOST_ROWS {
            return Ok(rows
                .into_iter()
                .filter(|row| row.serial == serial)
                .collect());
        }
        limit = limit.saturating_mul(4);
    }
}

/// The line of one entry, under the first kept checkpoint that covers it; `None` while none does.
fn line(source: &Source, body: &str, index: u64) -> Result<Option<BundleLine>, GatherError> {
    let (Some(bytes), Some(covering)) = (source.entry(index)?, source.first_covering(index)?)
    else {
        return Ok(None);
    };
    let Ok(entry) = Entry::parse(&bytes) else {
        return Ok(None);
    };
    let envelope = Envelope::new(body.as_bytes().to_vec(), entry.signature);
    let place = Place {
        log_id: log_id(&source.vkeys),
        index,
        hashes: source.inclusion_proof(index, covering.size)?,
        checkpoint: covering.note,
    };
    Ok(BundleLine::new(envelope, entry, place).ok())
}

/// Ids of the statements before this one, nearest first.
async fn predecessors(node: &Node, statement: Hash) -> Result<Vec<Hash>, GatherError> {
    let mut ids = Vec::new();
    let mut at = statement;
    while ids.len() < PREDECESSORS {
        let Some(body) = node.database.body(at).await? else {
            break;
        };
        let Ok(parsed) = Statement::parse(body.as_bytes()) else {
            break;
        };
        let before = parsed
            .kind()
            .as_update()
            .and_then(|update| update.predecessor);
        let Some(before) = before else { break };
        ids.push(before.statement);
        at = before.statement;
    }
    Ok(ids)
}

/// Sigstore clients name a log by its Ed25519 key.
fn log_id(vkeys: &[Vkey]) -> Hash {
    let ed25519 = vkeys
        .iter()
        .find(|vkey| vkey.algorithm() == Algorithm::Ed25519);
    ed25519.map(Vkey::full_id).unwrap_or_default()
}

/// Why evidence could not be gathered.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GatherError {
    /// The node is closing, or the judge failed by a bug, which its own log then tells.
    #[error("the judgement was broken off")]
    BrokenOff,
    /// The database gave no answer.
    #[error("the views cannot be read")]
    Database(#[from] DatabaseError),
    /// A log gave no answer.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// Rows read at first; most serials have one or two statements.
const PAGE: u32 = 64;

/// Statements about one file or serial that are looked at: more lines than any reader reads.
const MOST_ROWS: u32 = 16_384;

/// B2.
const PREDECESSORS: usize = 16;

/// Bytes of bundles kept: a few thousand of the usual size.
const MOST_KEPT: usize = 64 << 20;
