//! Reading a log while it grows: the files to serve, entries, proofs, kept checkpoints. Reads never wait for writes and go
//! on when the sequencer has stopped.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tlog::hash::Hash;
use tlog::policy::Tally;
use tlog::proof::{ProofPlan, TileMissing, Tiles};
use tlog::tile::{EntryTile, TILE_WIDTH, Tile, full_tiles, hashes, partial_width};
use tlog::tree::Edge;
use tokio::sync::watch;

use super::append::Stopped;
use super::checkpoints::{Kept, QuorumCheckpoint};
use super::files::{self, CHECKPOINT};
use super::record::Frames;
use crate::cause::Cause;

/// Reads one log. Clones are cheap and read the same.
#[derive(Clone)]
pub struct Reader(Arc<Shared>);

impl Reader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// Number of durable entries; the public checkpoint may lag behind.
    pub fn size(&self) -> u64 {
        self.0.durable.load(Ordering::Acquire)
    }

    /// Number of entries that can be read and proven: those of the last tree that was made ready for signing.
    pub fn readable(&self) -> u64 {
        self.0.readable.load(Ordering::Acquire)
    }

    /// The public checkpoint: the newest one that a quorum cosigned.
    pub fn latest(&self) -> Option<QuorumCheckpoint> {
        self.0.kept().latest().cloned()
    }

    /// The first kept quorum checkpoint whose tree holds entry `index`; `None` if none does yet.
    ///
    /// # Errors
    /// [`ReadError::Io`].
    pub fn first_covering(&self, index: u64) -> Result<Option<QuorumCheckpoint>, ReadError> {
        Ok(self.0.kept().first_covering(index)?)
    }

    /// The largest kept quorum checkpoint whose tree has fewer than `size` entries.
    ///
    /// # Errors
    /// [`ReadError::Io`].
    pub fn before(&self, size: u64) -> Result<Option<QuorumCheckpoint>, ReadError> {
        Ok(self.0.kept().before(size)?)
    }

    /// What moves while the log grows; wakes its watchers at each public checkpoint, and when a witness round or the log
    /// itself fails.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.0.progress.subscribe()
    }

    /// The bytes to serve at `path` below the log's prefix (T1, T2, T5); `None` if there is nothing. A partial tile that is
    /// gone is cut from its full one.
    ///
    /// # Errors
    /// [`ReadError::Io`].
    pub fn file(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let folder = &self.0.folder;
        // The path is a stranger's: only its parsed form touches the disk.
        if path == CHECKPOINT {
            return Ok(files::read(&folder.join(CHECKPOINT))?);
        }
        if let Some(bundle) = EntryTile::from_path(path) {
            return Ok(read_bundle(folder, bundle, 0)?);
        }
        let Some(tile) = Tile::from_path(path) else {
            return Ok(None);
        };
        let hashes = read_tile(folder, tile, 0)?;
        Ok(hashes.map(|hashes| tlog::tile::to_bytes(&hashes)))
    }

    /// Entry `index`; `None` unless it is [readable](Self::readable).
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn entry(&self, index: u64) -> Result<Option<Vec<u8>>, ReadError> {
        let end = index.checked_add(1).ok_or(ReadError::Range)?;
        if end > self.readable() {
            return Ok(None);
        }
        Ok(self.entries(index..end)?.pop())
    }

    /// The entries of `range`.
    ///
    /// # Errors
    /// [`ReadError::Range`] if it reaches over what is [readable](Self::readable).
    pub fn entries(&self, range: Range<u64>) -> Result<Vec<Vec<u8>>, ReadError> {
        let size = self.readable();
        if range.start > range.end || range.end > size {
            return Err(ReadError::Range);
        }
        let mut entries = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let bundle = bundle_of(at, size);
            let bytes = read_bundle(&self.0.folder, bundle, size)?;
            let bytes = bytes.ok_or(ReadError::EntriesMissing(bundle))?;
            let skip = usize::try_from(at % u64::from(TILE_WIDTH)).unwrap_or(0);
            let take = usize::try_from(range.end - at).unwrap_or(usize::MAX);
            let before = entries.len();
            entries.extend(Frames::of(&bytes).skip(skip).take(take).map(<[u8]>::to_vec));
            let read = u64::try_from(entries.len() - before).unwrap_or(0);
            if read == 0 {
                return Err(ReadError::EntriesMissing(bundle));
            }
            at += read;
        }
        Ok(entries)
    }

    /// Leaf hash of entry `index`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn leaf_hash(&self, index: u64) -> Result<Hash, ReadError> {
        let size = self.readable();
        if index >= size {
            return Err(ReadError::Range);
        }
        let tile = leaf_tile_of(index, size);
        let hashes = read_tile(&self.0.folder, tile, size)?;
        let at = usize::try_from(index % u64::from(TILE_WIDTH)).unwrap_or(usize::MAX);
        let leaf = hashes.and_then(|hashes| hashes.get(at).copied());
        leaf.ok_or(ReadError::TileMissing(TileMissing(tile)))
    }

    /// Inclusion proof of entry `index` in the tree of `size` entries, from the leaf's sibling to the root's child.
    ///
    /// # Errors
    /// [`ReadError::Range`] unless `index` is below `size` and `size` is [readable](Self::readable).
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Result<Vec<Hash>, ReadError> {
        self.prove(ProofPlan::inclusion(index, size), size)
    }

    /// Consistency proof from `old` to `new` entries (W8); empty from 0 and for equal sizes.
    ///
    /// # Errors
    /// [`ReadError::Range`] unless `old` is at most `new` and `new` is [readable](Self::readable).
    pub fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<Hash>, ReadError> {
        self.prove(ProofPlan::consistency(old, new), new)
    }

    /// Root of the tree of `size` entries; `size` must be [readable](Self::readable).
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn root(&self, size: u64) -> Result<Hash, ReadError> {
        root(&self.0.folder, size, self.readable())
    }

    fn prove(&self, plan: Option<ProofPlan>, size: u64) -> Result<Vec<Hash>, ReadError> {
        let readable = self.readable();
        let plan = plan.filter(|_| size <= readable).ok_or(ReadError::Range)?;
        finish(&self.0.folder, &plan, readable)
    }
}

/// How far the log is. The sequencer moves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Size of the public checkpoint; `None` before the first.
    pub public: Option<u64>,
    /// The last witness round that ended without a quorum, until one succeeds.
    pub missing: Option<Missing>,
    /// Why the log takes no more entries.
    pub stopped: Option<Stopped>,
}

/// A witness round that ended without a quorum. The log tries again by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Entries below this index wait for a quorum that could not be had.
    pub size: u64,
    /// Who cosigned and who did not.
    pub tally: Tally,
}

/// Why something could not be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// An entry bundle that the log must have is missing or damaged.
    #[error("entry bundle {} is missing or damaged", .0.path())]
    EntriesMissing(EntryTile),
    /// The disk.
    #[error("log folder could not be read")]
    Io(#[source] Cause),
    /// The question reaches over what there is.
    #[error("index or size lies outside of what the log can prove")]
    Range,
    /// A hash tile that the log must have is missing or damaged.
    #[error("hash tile is missing or damaged")]
    TileMissing(#[from] TileMissing),
}

impl ReadError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::EntriesMissing(_) | Self::TileMissing(_) => {
                "run `vitrine-center fsck`; what it names can be written again from a mirror"
            }
            Self::Io(_) => "look at the disk and the permissions of the log's folder",
            Self::Range => "ask for the newest checkpoint and stay below its size",
        }
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(Cause::new(error))
    }
}

/// What the sequencer, the keeper and readers share.
pub(super) struct Shared {
    pub(super) folder: PathBuf,
    pub(super) durable: AtomicU64,
    pub(super) readable: AtomicU64,
    pub(super) progress: watch::Sender<Progress>,
    pub(super) kept: RwLock<Kept>,
}

impl Shared {
    pub(super) fn kept(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn kept_mut(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The hashes of `tile` from its own file, from the full one, or from the one that belongs to a tree of `size`.
pub(super) fn read_tile(folder: &Path, tile: Tile, size: u64) -> io::Result<Option<Vec<Hash>>> {
    let newest = Tile {
        width: partial_width(tile.level, size),
        ..tile
    };
    let there = tile.index == full_tiles(tile.level, size) && newest.width > tile.width;
    let places = [Some(tile), Some(tile.full()), there.then_some(newest)];
    for place in places.into_iter().flatten() {
        let Some(bytes) = files::read(&folder.join(place.path()))? else {
            continue;
        };
        if let Some(mut hashes) = hashes(&bytes, place.width) {
            hashes.truncate(usize::from(tile.width));
            return Ok(Some(hashes));
        }
    }
    Ok(None)
}

/// The bytes of `bundle`, found as [`read_tile`] finds hashes.
pub(super) fn read_bundle(
    folder: &Path,
    bundle: EntryTile,
    size: u64,
) -> io::Result<Option<Vec<u8>>> {
    let newest = EntryTile {
        width: partial_width(0, size),
        ..bundle
    };
    let there = bundle.index == full_tiles(0, size) && newest.width > bundle.width;
    let places = [Some(bundle), Some(bundle.full()), there.then_some(newest)];
    for place in places.into_iter().flatten() {
        let Some(mut bytes) = files::read(&folder.join(place.path()))? else {
            continue;
        };
        if let Some(end) = end_of_frames(&bytes, place.width, bundle.width) {
            bytes.truncate(end);
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

/// Root of the tree of `at` entries, from the files of a tree of `size`.
pub(super) fn root(folder: &Path, at: u64, size: u64) -> Result<Hash, ReadError> {
    if at == 0 {
        return Ok(Hash::EMPTY_ROOT);
    }
    let plan = ProofPlan::root(at, size).ok_or(ReadError::Range)?;
    let hashes = finish(folder, &plan, size)?;
    hashes.first().copied().ok_or(ReadError::Range)
}

/// The edge of the tree of `size` entries, from its tiles.
pub(super) fn edge_of_tiles(folder: &Path, size: u64) -> Result<Edge, ReadError> {
    let mut levels = Vec::new();
    for level in 0..=MAX_LEVEL {
        let width = partial_width(level, size);
        let index = full_tiles(level, size);
        let tile = Tile {
            level,
            index,
            width,
        };
        levels.push(match width {
            0 => Vec::new(),
            _ => read_tile(folder, tile, size)?.ok_or(TileMissing(tile))?,
        });
    }
    // Each level has the width that was asked for.
    Edge::from_levels(size, levels).ok_or(ReadError::Range)
}

/// The tile of leaf hashes that holds `index` in a tree of `size`.
pub(super) fn leaf_tile_of(index: u64, size: u64) -> Tile {
    let EntryTile { index, width } = bundle_of(index, size);
    Tile {
        level: 0,
        index,
        width,
    }
}

fn bundle_of(index: u64, size: u64) -> EntryTile {
    let bundle = index / u64::from(TILE_WIDTH);
    let width = if bundle < full_tiles(0, size) {
        TILE_WIDTH
    } else {
        partial_width(0, size)
    };
    EntryTile {
        index: bundle,
        width,
    }
}

fn finish(folder: &Path, plan: &ProofPlan, size: u64) -> Result<Vec<Hash>, ReadError> {
    let mut tiles = Tiles::new();
    for tile in plan.tiles() {
        let hashes = read_tile(folder, tile, size)?.ok_or(TileMissing(tile))?;
        tiles.insert(tile, hashes);
    }
    Ok(plan.finish(&tiles)?)
}

/// Where the first `keep` of exactly `width` frames end; `None` if there are not exactly as many.
fn end_of_frames(bytes: &[u8], width: u16, keep: u16) -> Option<usize> {
    let mut frames = Frames::of(bytes);
    let mut end = 0;
    let mut kept = None;
    for number in 1..=width {
        end += super::record::FRAME + frames.next()?.len();
        if number == keep {
            kept = Some(end);
        }
    }
    kept.filter(|_| end == bytes.len())
}

/// A tree of 2^64 − 1 entries has tiles at levels 0 to 7.
pub(super) const MAX_LEVEL: u8 = 7;
