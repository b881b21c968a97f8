//! What follows from the records, and the steps that move it (`tlog.md` §5.2, steps 1, 2, 6 and 8). The sequencer and
//! recovery own one each way: the same functions, in the same order.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tlog::hash::Hash;
use tlog::tile::{self, EntryTile, TILE_WIDTH, Tile, full_tiles, partial_width, push_entry};
use tlog::tree::Edge;

use super::checkpoints::QuorumCheckpoint;
use super::dedup::Dedup;
use super::files::{self, Files};
use super::publisher::publish;
use super::queue::Group;
use super::read::{MAX_LEVEL, Shared, leaf_tile_of, read_tile};
use super::record::{FRAME, Frames, HEADER};

/// The tree in memory and the files that show it.
pub(super) struct Derived {
    edge: Edge,
    root: Hash,
    /// The framed entries of the bundle that is not full.
    open: Vec<u8>,
    dedup: Dedup,
    files: Files,
    shared: Arc<Shared>,
    /// Leaf hashes of a group, in memory that is used again.
    kept: Vec<Hash>,
    /// The tile that was read last for a known entry.
    looked_at: Option<(Tile, Vec<Hash>)>,
}

/// What a group adds to the tree; nothing of it counts before its record is written.
#[derive(Debug)]
pub(super) struct Growth {
    edge: Edge,
    root: Hash,
    /// Hash tiles that became full, lower levels first.
    pub(super) finished: Vec<(Tile, Vec<Hash>)>,
    /// Offsets in the group's entries behind which a bundle became full.
    pub(super) cuts: Vec<usize>,
    /// Number of full bundles afterwards.
    pub(super) bundles: u64,
}

impl Growth {
    /// Root of the tree with the group.
    pub(super) fn root(&self) -> Hash {
        self.root
    }
}

impl Derived {
    /// The tree of `edge`, whose last entries are `open`.
    pub(super) fn new(edge: Edge, open: Vec<u8>, files: Files, shared: Arc<Shared>) -> Self {
        Self {
            root: edge.root(),
            dedup: Dedup::new(edge.size()),
            edge,
            open,
            files,
            shared,
            kept: Vec::new(),
            looked_at: None,
        }
    }

    pub(super) fn edge(&self) -> &Edge {
        &self.edge
    }

    pub(super) fn root(&self) -> Hash {
        self.root
    }

    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Step 1: takes out of the group what the log or the group already holds, and remembers the rest. The index of each
    /// slot, unless all entries were new.
    pub(super) fn drop_known(&mut self, group: &mut Group) -> io::Result<Option<Arc<[u64]>>> {
        let mut next = self.edge.size();
        let mut kept = std::mem::take(&mut self.kept);
        kept.clear();
        // Stays empty until the first known entry.
        let mut indexes = Vec::new();
        for leaf in &group.leaves {
            if let Some(index) = self.find(*leaf, &kept)? {
                if indexes.is_empty() {
                    indexes.extend(self.edge.size()..next);
                }
                indexes.push(index);
                continue;
            }
            self.dedup.insert(*leaf, next);
            kept.push(*leaf);
            if !indexes.is_empty() {
                indexes.push(next);
            }
            next += 1;
        }
        self.kept = std::mem::replace(&mut group.leaves, kept);
        if indexes.is_empty() {
            return Ok(None);
        }
        let mut body = vec![0; HEADER];
        let mut next = self.edge.size();
        for (entry, index) in Frames::of(group.entries()).zip(&indexes) {
            // New entries have ascending indexes; a known one has an index that was given before.
            if *index == next {
                push_entry(&mut body, entry).map_err(io::Error::other)?;
                next += 1;
            }
        }
        group.body = body;
        Ok(Some(indexes.into()))
    }

    /// Step 2: the tree with these framed entries, whose leaf hashes are `leaves`.
    pub(super) fn grow(&self, entries: &[u8], leaves: &[Hash]) -> Growth {
        let mut edge = self.edge.clone();
        let mut finished = Vec::new();
        let mut cuts = Vec::new();
        let mut offset = 0;
        for (entry, leaf) in Frames::of(entries).zip(leaves) {
            edge.push(*leaf, &mut finished);
            offset += FRAME + entry.len();
            if edge.size().is_multiple_of(u64::from(TILE_WIDTH)) {
                cuts.push(offset);
            }
        }
        Growth {
            root: edge.root(),
            bundles: full_tiles(0, edge.size()),
            edge,
            finished,
            cuts,
        }
    }

    /// The group's record is written: the tree is the grown one.
    pub(super) fn accept(&mut self, growth: &Growth) {
        self.edge.clone_from(&growth.edge);
        self.root = growth.root;
    }

    /// Remembers leaves for step 1, the first of them at `first`.
    pub(super) fn remember(&mut self, leaves: &[Hash], first: u64) {
        for (leaf, index) in leaves.iter().zip(first..) {
            self.dedup.insert(*leaf, index);
        }
    }

    /// Everything up to here is on the medium.
    pub(super) fn is_durable(&self) {
        self.shared
            .durable
            .store(self.edge.size(), Ordering::Release);
    }

    /// Step 6: the tiles and bundles that a group made full. After an error the same call may be made again.
    pub(super) fn put_growth(&mut self, growth: &Growth, entries: &[u8]) -> io::Result<()> {
        self.files.put_growth(growth, entries, &mut self.open)
    }

    /// The partial tiles of the present size. From here on it can be read and proven.
    pub(super) fn put_partial(&mut self) -> io::Result<()> {
        self.files.put_partial(&self.edge, &self.open)?;
        self.shared
            .readable
            .fetch_max(self.edge.size(), Ordering::AcqRel);
        Ok(())
    }

    /// The partial tiles of an earlier size, cut from what stands at their places now (T4).
    pub(super) fn put_partial_of(&mut self, size: u64) -> io::Result<()> {
        let mut levels = Vec::new();
        for level in 0..=MAX_LEVEL {
            let (index, width) = (full_tiles(level, size), partial_width(level, size));
            let mut hashes = if index == full_tiles(level, self.edge.size()) {
                self.edge
                    .levels()
                    .get(usize::from(level))
                    .cloned()
                    .unwrap_or_default()
            } else {
                let tile = Tile {
                    level,
                    index,
                    width: TILE_WIDTH,
                };
                let bytes = files::read(&self.shared.folder.join(tile.path()))?.unwrap_or_default();
                tile::hashes(&bytes, TILE_WIDTH).unwrap_or_default()
            };
            hashes.truncate(usize::from(width));
            levels.push(hashes);
        }
        let (index, width) = (full_tiles(0, size), partial_width(0, size));
        let bundle = if index == full_tiles(0, self.edge.size()) {
            self.open.clone()
        } else {
            let bundle = EntryTile {
                index,
                width: TILE_WIDTH,
            };
            files::read(&self.shared.folder.join(bundle.path()))?.unwrap_or_default()
        };
        self.files
            .put_partial_levels(size, &levels, first_frames(&bundle, width))
    }

    /// The tree as another thread makes it public.
    pub(super) fn snapshot(&self) -> (Edge, Vec<u8>) {
        (self.edge.clone(), self.open.clone())
    }

    /// Whether the public checkpoint is of the present size.
    pub(super) fn is_public(&self) -> bool {
        self.shared.progress.borrow().public == Some(self.edge.size())
    }

    /// Step 8, for recovery: see [`publish`].
    pub(super) fn publish(&mut self, checkpoint: &QuorumCheckpoint) -> io::Result<()> {
        publish(checkpoint, &mut self.files, &self.shared)
    }

    /// The index of `leaf`, if it is in the log or among the `kept` leaves behind it.
    fn find(&mut self, leaf: Hash, kept: &[Hash]) -> io::Result<Option<u64>> {
        let candidates = self.dedup.candidates(leaf);
        // Mostly there is none; then nothing is looked up, and nothing is collected.
        let candidates: Vec<u64> = candidates.collect();
        for index in candidates {
            if self.leaf_at(index, kept)? == Some(leaf) {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn leaf_at(&mut self, index: u64, kept: &[Hash]) -> io::Result<Option<Hash>> {
        let size = self.edge.size();
        if let Some(behind) = index.checked_sub(size) {
            let behind = usize::try_from(behind).unwrap_or(usize::MAX);
            return Ok(kept.get(behind).copied());
        }
        let tile = leaf_tile_of(index, size);
        let at = usize::try_from(index % u64::from(TILE_WIDTH)).unwrap_or(usize::MAX);
        if tile.width < TILE_WIDTH {
            let unfinished = self.edge.levels().first();
            return Ok(unfinished.and_then(|hashes| hashes.get(at).copied()));
        }
        if self
            .looked_at
            .as_ref()
            .is_none_or(|(looked_at, _)| *looked_at != tile)
        {
            // Without this tile nobody can say whether the entry is there: better no answer than a second index.
            let missing = || io::Error::other(format!("{} is missing or damaged", tile.path()));
            let hashes = read_tile(&self.shared.folder, tile, size)?.ok_or_else(missing)?;
            self.looked_at = Some((tile, hashes));
        }
        let looked_at = self.looked_at.as_ref();
        Ok(looked_at.and_then(|(_, hashes)| hashes.get(at).copied()))
    }
}

/// The beginning of framed entries, as many as `count`.
fn first_frames(bytes: &[u8], count: u16) -> &[u8] {
    let frames = Frames::of(bytes).take(usize::from(count));
    let length: usize = frames.map(|entry| FRAME + entry.len()).sum();
    bytes.get(..length).unwrap_or_default()
}
