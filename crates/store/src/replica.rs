//! A verified copy of somebody else's log, in the form in which it is served: tiles, entry bundles, checkpoints.
//!
//! | file | trust |
//! |---|---|
//! | `tile/…` | derived from the entries; rechecked against the checkpoint at opening |
//! | `quorum/<size>` | checkpoints that a quorum cosigned, as they were read |
//! | `checkpoint` | the newest of them: what lies behind its size is not there |
//!
//! Everything here can be fetched again, so nothing is synced: a copy that does not recompute is thrown away, never
//! repaired. The caller verifies signatures and quorum; this file verifies that the entries make the tree.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tlog::checkpoint::{Checkpoint, CheckpointRefused};
use tlog::hash::{Hash, leaf_hash};
use tlog::note::Note;
use tlog::policy::Witnessed;
use tlog::proof::{ProofPlan, Tiles};
use tlog::tile::{self, EntryTile, TILE_WIDTH, Tile, full_tiles, partial_width};
use tlog::tree::Edge;

use crate::cause::Cause;

/// A copy of one log.
#[derive(Debug)]
pub struct Replica {
    folder: PathBuf,
    edge: Edge,
    checkpoint: Option<String>,
    kept: BTreeSet<u64>,
}

impl Replica {
    /// Opens the copy in `folder`, which is made if it is not there. A copy that does not recompute begins anew.
    ///
    /// # Errors
    /// [`ReplicaError::Io`].
    pub fn open(folder: &Path) -> Result<Self, ReplicaError> {
        fs::create_dir_all(folder.join("quorum"))?;
        if let Some(replica) = Self::reopen(folder)? {
            return Ok(replica);
        }
        fs::remove_dir_all(folder)?;
        fs::create_dir_all(folder.join("quorum"))?;
        Ok(Self {
            folder: folder.into(),
            edge: Edge::default(),
            checkpoint: None,
            kept: BTreeSet::new(),
        })
    }

    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.edge.size()
    }

    /// The newest checkpoint's note.
    pub fn checkpoint(&self) -> Option<&str> {
        self.checkpoint.as_deref()
    }

    /// Root of the copy's tree.
    pub fn root(&self) -> Hash {
        self.edge.root()
    }

    /// Checks that these are the entries that are missing to the tree that `witnessed` tells.
    ///
    /// # Errors
    /// [`ReplicaError::OtherTree`].
    pub fn check<E: AsRef<[u8]>>(
        &self,
        entries: &[E],
        witnessed: &Witnessed,
    ) -> Result<(), ReplicaError> {
        self.grown(entries, witnessed).map(|_| ())
    }

    /// Adds the entries that are missing to the tree that `witnessed` tells, and keeps its note.
    ///
    /// A crash in the middle leaves files beyond the old checkpoint, which the next call writes again.
    ///
    /// # Errors
    /// [`ReplicaError::OtherTree`] if they do not make that tree: then nothing of the copy changed that anyone reads.
    pub fn extend<E: AsRef<[u8]>>(
        &mut self,
        entries: &[E],
        witnessed: &Witnessed,
    ) -> Result<(), ReplicaError> {
        let checkpoint = witnessed.checkpoint();
        let (edge, finished) = self.grown(entries, witnessed)?;
        self.write_bundles(entries)?;
        for (tile, hashes) in &finished {
            self.write(&tile.path(), &tile::to_bytes(hashes))?;
        }
        for (tile, hashes) in edge.partial_tiles() {
            self.write(&tile.path(), &tile::to_bytes(hashes))?;
        }
        let note = witnessed.signed().note();
        self.write(
            &format!("quorum/{:020}", checkpoint.size()),
            note.as_bytes(),
        )?;
        // From here on the new size counts.
        self.write("checkpoint", note.as_bytes())?;
        self.kept.insert(checkpoint.size());
        self.checkpoint = Some(note.to_owned());
        self.edge = edge;
        Ok(())
    }

    /// The bytes of entry `index`; `None` beyond the size.
    ///
    /// # Errors
    /// [`ReplicaError`].
    pub fn entry(&self, index: u64) -> Result<Option<Vec<u8>>, ReplicaError> {
        if index >= self.size() {
            return Ok(None);
        }
        let bundle = self.bundle(index / u64::from(TILE_WIDTH))?;
        let at = usize::try_from(index % u64::from(TILE_WIDTH)).unwrap_or(usize::MAX);
        let entries = tile::entries(&bundle).ok_or(ReplicaError::Damaged)?;
        Ok(Some(entries.get(at).ok_or(ReplicaError::Damaged)?.to_vec()))
    }

    /// The first kept checkpoint that covers entry `index`, with its size.
    ///
    /// # Errors
    /// [`ReplicaError::Io`].
    pub fn first_covering(&self, index: u64) -> Result<Option<(u64, String)>, ReplicaError> {
        let Some(size) = self.kept.range(index.saturating_add(1)..).next() else {
            return Ok(None);
        };
        let note = fs::read_to_string(self.folder.join(format!("quorum/{size:020}")))?;
        Ok(Some((*size, note)))
    }

    /// The largest kept checkpoint whose tree has fewer than `size` entries, with its size.
    ///
    /// # Errors
    /// [`ReplicaError::Io`].
    pub fn before(&self, size: u64) -> Result<Option<(u64, String)>, ReplicaError> {
        let Some(size) = self.kept.range(..size).next_back() else {
            return Ok(None);
        };
        let note = fs::read_to_string(self.folder.join(format!("quorum/{size:020}")))?;
        Ok(Some((*size, note)))
    }

    /// When this copy took the kept checkpoint of `size` entries, in seconds since the epoch; `None` if it keeps none.
    pub fn taken_at(&self, size: u64) -> Option<u64> {
        let file = fs::metadata(self.folder.join(format!("quorum/{size:020}"))).ok()?;
        let since = file
            .modified()
            .ok()?
            .duration_since(std::time::UNIX_EPOCH)
            .ok()?;
        Some(since.as_secs())
    }

    /// The inclusion proof of entry `index` in the tree of `size` entries.
    ///
    /// # Errors
    /// [`ReplicaError`].
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Result<Vec<Hash>, ReplicaError> {
        if size > self.size() {
            return Err(ReplicaError::Range);
        }
        let plan = ProofPlan::inclusion(index, size).ok_or(ReplicaError::Range)?;
        let mut tiles = Tiles::new();
        for tile in plan.tiles() {
            tiles.insert(tile, self.tile(tile)?);
        }
        plan.finish(&tiles).map_err(|_| ReplicaError::Damaged)
    }

    /// The edge after these entries, and the tiles that they finish.
    fn grown<E: AsRef<[u8]>>(
        &self,
        entries: &[E],
        witnessed: &Witnessed,
    ) -> Result<(Edge, Finished), ReplicaError> {
        let checkpoint = witnessed.checkpoint();
        let mut edge = self.edge.clone();
        let mut finished = Vec::new();
        for entry in entries {
            edge.push(leaf_hash(entry.as_ref()), &mut finished);
        }
        if (edge.size(), edge.root()) != (checkpoint.size(), checkpoint.root()) {
            return Err(ReplicaError::OtherTree);
        }
        Ok((edge, finished))
    }

    fn reopen(folder: &Path) -> Result<Option<Self>, ReplicaError> {
        let note = match fs::read_to_string(folder.join("checkpoint")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let Ok(checkpoint) = parse(&note) else {
            return Ok(None);
        };
        let mut replica = Self {
            folder: folder.into(),
            edge: Edge::default(),
            checkpoint: Some(note),
            kept: BTreeSet::new(),
        };
        let size = checkpoint.size();
        let mut levels = Vec::new();
        for level in 0..8 {
            let width = partial_width(level, size);
            let tile = Tile {
                level,
                index: full_tiles(level, size),
                width,
            };
            levels.push(if width == 0 {
                Vec::new()
            } else {
                replica.tile(tile).unwrap_or_default()
            });
        }
        let edge = Edge::from_levels(size, levels).filter(|edge| edge.root() == checkpoint.root());
        let Some(edge) = edge else { return Ok(None) };
        replica.edge = edge;
        for entry in fs::read_dir(folder.join("quorum"))? {
            let name = entry?.file_name();
            let size = name.to_str().and_then(|name| name.parse::<u64>().ok());
            // A crash may have kept a checkpoint whose tree was never finished.
            replica
                .kept
                .extend(size.filter(|size| *size <= checkpoint.size()));
        }
        Ok(Some(replica))
    }

    fn write_bundles<E: AsRef<[u8]>>(&self, entries: &[E]) -> Result<(), ReplicaError> {
        let mut at = self.size();
        let mut rest = entries;
        while !rest.is_empty() {
            let index = at / u64::from(TILE_WIDTH);
            let held = usize::try_from(at % u64::from(TILE_WIDTH)).unwrap_or(0);
            let mut bundle = if held > 0 {
                self.bundle(index)?
            } else {
                Vec::new()
            };
            let room = usize::from(TILE_WIDTH) - held;
            let (now, later) = rest.split_at(rest.len().min(room));
            for entry in now {
                tile::push_entry(&mut bundle, entry.as_ref()).map_err(|_| ReplicaError::Damaged)?;
            }
            let width = u16::try_from(held + now.len()).unwrap_or(TILE_WIDTH);
            self.write(&EntryTile { index, width }.path(), &bundle)?;
            at += now.len() as u64;
            rest = later;
        }
        Ok(())
    }

    /// The entry bundle at `index`, as wide as the present size makes it.
    fn bundle(&self, index: u64) -> Result<Vec<u8>, ReplicaError> {
        let full = index < full_tiles(0, self.size());
        let width = if full {
            TILE_WIDTH
        } else {
            partial_width(0, self.size())
        };
        Ok(fs::read(
            self.folder.join(EntryTile { index, width }.path()),
        )?)
    }

    /// A tile; a partial one may have been written at a larger width since.
    fn tile(&self, tile: Tile) -> Result<Vec<Hash>, ReplicaError> {
        let read = |tile: Tile| -> Result<Vec<Hash>, ReplicaError> {
            let bytes = fs::read(self.folder.join(tile.path()))?;
            tile::hashes(&bytes, tile.width).ok_or(ReplicaError::Damaged)
        };
        let full = tile.full();
        let candidates = [
            tile,
            full,
            Tile {
                width: partial_width(tile.level, self.size()),
                ..tile
            },
        ];
        for candidate in candidates {
            if candidate.width < tile.width {
                continue;
            }
            if let Ok(mut hashes) = read(candidate) {
                hashes.truncate(usize::from(tile.width));
                return Ok(hashes);
            }
        }
        Err(ReplicaError::Damaged)
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), ReplicaError> {
        let path = self.folder.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let temporary = path.with_extension("tmp");
        fs::write(&temporary, bytes)?;
        Ok(fs::rename(&temporary, &path)?)
    }
}

/// Tiles that growing has finished.
type Finished = Vec<(Tile, Vec<Hash>)>;

fn parse(note: &str) -> Result<Checkpoint, CheckpointRefused> {
    let note = Note::parse(note.as_bytes()).map_err(|_| CheckpointRefused::Origin)?;
    Checkpoint::parse(note.text())
}

/// Why a copy gave no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplicaError {
    /// A file is missing or cut off.
    #[error("the copy of the log is damaged")]
    Damaged,
    /// The disk gave no answer.
    #[error("the copy of the log is unavailable")]
    Io(#[source] Cause),
    /// The entries make another tree than the checkpoint tells.
    #[error("the entries do not make the tree that the checkpoint tells")]
    OtherTree,
    /// Beyond the copy's size.
    #[error("no such entry or size in the copy of the log")]
    Range,
}

impl ReplicaError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Damaged | Self::Range => {
                "start the node again: it fetches the log anew where the copy does not recompute"
            }
            Self::Io(_) => "check that the data folder is mounted, readable and writable",
            Self::OtherTree => {
                "fetch again; if it stays, keep the entries and the checkpoint: together they are evidence"
            }
        }
    }
}

impl From<io::Error> for ReplicaError {
    fn from(error: io::Error) -> Self {
        Self::Io(Cause::new(error))
    }
}
