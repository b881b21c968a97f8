//! One log as the node reads it, its own or a followed one: entries, proofs, checkpoints.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use store::log::{QuorumCheckpoint, ReadError, Reader};
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
    /// Entries that the views show; moved by the log's indexer.
    shown: Arc<AtomicU64>,
    /// When the log answered last, in seconds since the epoch, 0 if it has not yet; moved by the log's follower.
    heard: Arc<AtomicU64>,
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
    /// When this node had it with its quorum, by its own clock, in seconds since the epoch.
    pub taken_at: u64,
}

impl Source {
    /// A log of which nothing was shown or heard yet.
    pub fn new(origin: &str, vkeys: &[Vkey], witnesses: &Witnesses, bytes: Bytes) -> Self {
        Self {
            origin: origin.to_owned(),
            vkeys: vkeys.to_vec(),
            witnesses: witnesses.clone(),
            bytes,
            shown: Arc::default(),
            heard: Arc::default(),
        }
    }

    /// Entries that the views are known to show.
    pub fn shown(&self) -> u64 {
        self.shown.load(Ordering::Acquire)
    }

    /// Says that the views show the first `entries` entries.
    pub fn show(&self, entries: u64) {
        self.shown.fetch_max(entries, Ordering::AcqRel);
    }

    /// When the log answered last, in seconds since the epoch: the own log answers at `now`. `None` if a followed one has
    /// not since this program began.
    pub fn heard_at(&self, now: u64) -> Option<u64> {
        match &self.bytes {
            Bytes::Own(_) => Some(now),
            Bytes::Copy(_) => Some(self.heard.load(Ordering::Acquire)).filter(|at| *at > 0),
        }
    }

    /// Says that the log has answered at `now`.
    pub fn hear(&self, now: u64) {
        self.heard.store(now, Ordering::Release);
    }

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
                let taken_at = copy.taken_at(copy.size()).unwrap_or(0);
                Some(Covering {
                    size: copy.size(),
                    note: copy.checkpoint()?.to_owned(),
                    taken_at,
                })
            }
            Bytes::Own(reader) => Some(reader.latest()?.into()),
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
                let copy = read(copy);
                copy.first_covering(index)?.map(|kept| taken(&copy, kept))
            }
            Bytes::Own(reader) => reader.first_covering(index)?.map(Covering::from),
        })
    }

    /// The largest kept checkpoint below `size` entries.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn before(&self, size: u64) -> Result<Option<Covering>, SourceError> {
        Ok(match &self.bytes {
            Bytes::Copy(copy) => {
                let copy = read(copy);
                copy.before(size)?.map(|kept| taken(&copy, kept))
            }
            Bytes::Own(reader) => reader.before(size)?.map(Covering::from),
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

impl From<QuorumCheckpoint> for Covering {
    fn from(kept: QuorumCheckpoint) -> Self {
        Self {
            size: kept.size,
            note: kept.note.to_string(),
            taken_at: kept.time,
        }
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

fn taken(copy: &Replica, (size, note): (u64, String)) -> Covering {
    Covering {
        size,
        note,
        taken_at: copy.taken_at(size).unwrap_or(0),
    }
}

fn read(copy: &Arc<RwLock<Replica>>) -> std::sync::RwLockReadGuard<'_, Replica> {
    copy.read().unwrap_or_else(PoisonError::into_inner)
}
