//! One log as the node reads it, its own or a followed one: entries, proofs, checkpoints.

use std::sync::{Arc, PoisonError, RwLock};

use store::log::{ReadError, Reader};
use store::replica::{Replica, ReplicaError};
use tlog::hash::Hash;
use tlog::key::Vkey;
use tlog::policy::Witnesses;

/// A log that can be read.
#[derive(Clone)]
pub struct Source {
    /// The log's origin.
    pub origin: String,
    /// The log's keys.
    pub vkeys: Vec<Vkey>,
    /// Whose cosignatures count.
    pub witnesses: Witnesses,
    /// Where its bytes are.
    pub bytes: Bytes,
}

/// Where the bytes of a log are.
#[derive(Clone)]
pub enum Bytes {
    /// A verified copy of somebody else's log.
    Copy(Arc<RwLock<Replica>>),
    /// The node's own log.
    Own(Reader),
}

/// A checkpoint that covers what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covering {
    /// Size of its tree.
    pub size: u64,
    /// The whole note.
    pub note: String,
}

impl Source {
    /// Number of entries that a public checkpoint covers.
    pub fn public_size(&self) -> u64 {
        match &self.bytes {
            Bytes::Copy(copy) => read(copy).size(),
            Bytes::Own(reader) => reader.latest().map_or(0, |latest| latest.size),
        }
    }

    /// The newest public checkpoint.
    pub fn latest(&self) -> Option<Covering> {
        match &self.bytes {
            Bytes::Copy(copy) => {
                let copy = read(copy);
                Some(Covering { size: copy.size(), note: copy.checkpoint()?.to_owned() })
            }
            Bytes::Own(reader) => {
                let latest = reader.latest()?;
                Some(Covering { size: latest.size, note: latest.note.to_string() })
            }
        }
    }

    /// The bytes of entry `index`.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn entry(&self, index: u64) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(match &self.bytes {
            Bytes::Copy(copy) => read(copy).entry(index)?,
            Bytes::Own(reader) => reader.entry(index)?,
        })
    }

    /// The first kept checkpoint that covers entry `index`.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn first_covering(&self, index: u64) -> Result<Option<Covering>, SourceError> {
        Ok(match &self.bytes {
            Bytes::Copy(copy) => {
                read(copy).first_covering(index)?.map(|(size, note)| Covering { size, note })
            }
            Bytes::Own(reader) => reader
                .first_covering(index)?
                .map(|kept| Covering { size: kept.size, note: kept.note.to_string() }),
        })
    }

    /// The inclusion proof of entry `index` in the tree of `size` entries.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Result<Vec<Hash>, SourceError> {
        Ok(match &self.bytes {
            Bytes::Copy(copy) => read(copy).inclusion_proof(index, size)?,
            Bytes::Own(reader) => reader.inclusion_proof(index, size)?,
        })
    }
}

/// Why a log could not be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The copy of a followed log.
    #[error("the copy of a followed log cannot be read")]
    Copy(#[from] ReplicaError),
    /// The own log.
    #[error("the log cannot be read")]
    Own(#[from] ReadError),
}

fn read(copy: &Arc<RwLock<Replica>>) -> std::sync::RwLockReadGuard<'_, Replica> {
    copy.read().unwrap_or_else(PoisonError::into_inner)
}
