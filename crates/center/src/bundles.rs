//! Evidence about one file, gathered from the logs that this node reads: `evidence.md` §12.
//!
//! What pages judge and what `/bundle/<hex>.jsonl` hands out is one function of the digest and the logs.

use std::collections::BTreeSet;

use evidence::bundle::{self, BundleLine, Place};
use evidence::entry::Entry;
use evidence::envelope::Envelope;
use evidence::statement::Statement;
use store::database::DatabaseError;
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
    let mut wanted: BTreeSet<(String, Hash)> = BTreeSet::new();
    for row in node.database.updates_by_file(&digest.to_hex(), MOST_UPDATES).await? {
        let on_line = node.database.updates_on_line(&row.origin, row.line, row.serial, MOST_UPDATES).await?;
        let newest = on_line.iter().map(|other| other.serial).max().unwrap_or(row.serial);
        for other in on_line.iter().filter(|other| other.serial == row.serial || other.serial == newest) {
            wanted.insert((row.origin.clone(), other.statement));
        }
        for statement in predecessors(node, row.statement).await? {
            wanted.insert((row.origin.clone(), statement));
        }
    }
    let mut lines = Vec::new();
    for (origin, statement) in wanted {
        let Some(source) = node.source(&origin) else { continue };
        let Some(body) = node.database.body(statement).await? else { continue };
        let places = node.database.entries_of(statement).await?;
        for place in places.iter().filter(|place| place.origin == origin) {
            lines.extend(line(source, &body, place.index)?);
        }
    }
    Ok(lines)
}

/// The bundle's bytes; `None` if no log here holds the file.
///
/// # Errors
/// [`GatherError`].
pub async fn bytes(node: &Node, digest: Hash) -> Result<Option<Vec<u8>>, GatherError> {
    let lines = gather(node, digest).await?;
    Ok((!lines.is_empty()).then(|| bundle::write(&lines)))
}

/// The line of one entry, under the first kept checkpoint that covers it; `None` while none does.
fn line(source: &Source, body: &str, index: u64) -> Result<Option<BundleLine>, GatherError> {
    let (Some(bytes), Some(covering)) = (source.entry(index)?, source.first_covering(index)?) else {
        return Ok(None);
    };
    let Ok(entry) = Entry::parse(&bytes) else { return Ok(None) };
    let envelope = Envelope::new(body.as_bytes().to_vec(), entry.signature.clone());
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
        let Some(body) = node.database.body(at).await? else { break };
        let Ok(parsed) = Statement::parse(body.as_bytes()) else { break };
        let before = parsed.kind().as_update().and_then(|update| update.predecessor);
        let Some(before) = before else { break };
        ids.push(before.statement);
        at = before.statement;
    }
    Ok(ids)
}

/// Sigstore clients name a log by its Ed25519 key.
fn log_id(vkeys: &[Vkey]) -> Hash {
    let ed25519 = vkeys.iter().find(|vkey| vkey.algorithm() == Algorithm::Ed25519);
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

/// Statements that name one file: amendments and further lines; more is abuse.
const MOST_UPDATES: u32 = 256;

/// B2.
const PREDECESSORS: usize = 16;
