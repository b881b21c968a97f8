//! How [`fsck`](super::fsck) goes through a log: records, tiles from the leaves up, partial files, checkpoints, heads.

use std::fs::{self, File, TryLockError};
use std::io;
use std::num::NonZero;
use std::ops::Range;
use std::path::Path;

use tlog::checkpoint::{LogKeys, LogSigned};
use tlog::hash::{Hash, leaf_hash, sha256};
use tlog::policy::{NotWitnessed, Witnesses};
use tlog::tile::{EntryTile, TILE_WIDTH, Tile, full_tiles, partial_width};
use tlog::tree::Edge;

use super::{Finding, FsckError, Report, Scope};
use crate::log::checkpoints::{self, QuorumCheckpoint, size_of};
use crate::log::files::{self, CHECKPOINT};
use crate::log::head::Head;
use crate::log::keeper::HEAD;
use crate::log::read::{ReadError, edge_of_tiles, read_bundle, read_tile, root};
use crate::log::record::{FRAME, Frames, Kind, Record};
use crate::log::wal::{self, End, Segment};

/// Checks everything that `scope` names.
pub(super) fn check(
    folder: &Path,
    keys: &LogKeys,
    witnesses: &Witnesses,
    scope: Scope,
) -> Result<Report, FsckError> {
    let _lock = match scope {
        Scope::Public => None,
        Scope::Whole => lock(folder)?,
    };
    let mut check = Check {
        folder,
        keys,
        witnesses,
        report: Report::default(),
    };
    let public = check.public()?;
    let chain = match scope {
        Scope::Public => None,
        Scope::Whole => check.records()?,
    };
    if public.is_none() && chain.is_none() && check.report.findings.is_empty() {
        return Err(FsckError::NoLog);
    }
    let public_size = public.as_ref().map_or(0, |public| public.size);
    let size = chain
        .as_ref()
        .map_or(public_size, |chain| chain.edge.size());
    check.report.size = size;
    let levels = check.tiles(size)?;
    let public_leaves = check.last_leaves(public_size)?;
    let last = chain.as_ref().map_or(public_leaves, |chain| {
        chain.edge.levels().first().cloned().unwrap_or_default()
    });
    check.tree(size, &levels, &last, chain.as_ref());
    check.partials(size, &levels, &last)?;
    if let Some(public) = &public {
        check.checkpoint(public, "public checkpoint", size)?;
    }
    if scope == Scope::Whole {
        check.kept(size)?;
        check.heads(size)?;
    }
    check.report.findings.sort();
    Ok(check.report)
}

struct Check<'a> {
    folder: &'a Path,
    keys: &'a LogKeys,
    witnesses: &'a Witnesses,
    report: Report,
}

/// Where the records lead.
struct Chain {
    edge: Edge,
    root: Hash,
}

/// What the entries of a range of bundles lead to.
#[derive(Default)]
struct Part {
    /// One hash for each full tile.
    roots: Vec<Hash>,
    findings: Vec<Finding>,
}

impl Check<'_> {
    fn found(&mut self, finding: Finding) {
        self.report.findings.push(finding);
    }

    fn public(&mut self) -> Result<Option<QuorumCheckpoint>, FsckError> {
        let Some(bytes) = files::read(&self.folder.join(CHECKPOINT))? else {
            return Ok(None);
        };
        let note = String::from_utf8_lossy(&bytes);
        if let Some(size) = size_of(&note) {
            return Ok(Some(QuorumCheckpoint {
                size,
                time: 0,
                note: note.into(),
            }));
        }
        let (which, why) = ("public checkpoint", "it is no checkpoint".to_owned());
        self.found(Finding::Checkpoint {
            which,
            size: 0,
            why,
        });
        Ok(None)
    }

    /// The chain of the write-ahead log, from the tiles before it; `None` where it cannot be followed.
    fn records(&mut self) -> Result<Option<Chain>, FsckError> {
        let segments = wal::list(&self.folder.join("wal")).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(Default::default()),
            _ => Err(error),
        })?;
        let Some(first) = segments.keys().next().copied() else {
            return Ok(None);
        };
        let edge = match edge_of_tiles(self.folder, first) {
            Ok(edge) => edge,
            Err(ReadError::Io(cause)) => return Err(FsckError::Io(cause)),
            // The tiles' own check names them.
            Err(_) => return Ok(None),
        };
        let mut chain = Chain {
            root: edge.root(),
            edge,
        };
        let mut before: Option<End> = None;
        for (name, path) in &segments {
            let segment = Segment::open_to_read(path, *name)?;
            let follows = |segment: &Segment| {
                let start = segment.start;
                before.is_none_or(|end| end.number == start.number)
                    && (start.first, start.root) == (chain.edge.size(), chain.root)
            };
            let Some(segment) = segment.filter(follows) else {
                self.found(Finding::Segment { segment: *name });
                return Ok(None);
            };
            let end = segment.replay(|record, _| Ok::<_, io::Error>(chain.follow(record)))?;
            self.report.records += end.number - segment.start.number;
            let remains = segment.remains(end)?;
            if remains
                .iter()
                .any(|(_, header)| header.durable >= end.number)
            {
                self.found(Finding::Record {
                    segment: *name,
                    offset: end.offset,
                });
                return Ok(None);
            }
            self.report.unfinished = remains.len();
            before = Some(end);
        }
        Ok(Some(chain))
    }

    /// Every full bundle against its tile, in all levels. The hashes of each level from 1 on.
    fn tiles(&mut self, size: u64) -> Result<Vec<Vec<Hash>>, FsckError> {
        let bundles = full_tiles(0, size);
        let workers = std::thread::available_parallelism()
            .map_or(1, NonZero::get)
            .min(MAX_WORKERS);
        let share = bundles.div_ceil(u64::try_from(workers).unwrap_or(1)).max(1);
        let starts = (0..bundles).step_by(usize::try_from(share).unwrap_or(usize::MAX));
        let folder = self.folder;
        let parts: Vec<io::Result<Part>> = std::thread::scope(|scope| {
            let work = |start: u64| move || part(folder, start..bundles.min(start + share));
            let threads: Vec<_> = starts.map(|start| scope.spawn(work(start))).collect();
            let joined = threads.into_iter().map(|thread| thread.join());
            joined
                .map(|part| {
                    part.unwrap_or_else(|_| Err(io::Error::other("a checking thread ended early")))
                })
                .collect()
        });
        let mut hashes = Vec::new();
        for part in parts {
            let part = part?;
            hashes.extend(part.roots);
            self.report.findings.extend(part.findings);
        }

        let mut levels = Vec::new();
        let mut level = 1;
        while !hashes.is_empty() {
            let mut above = Vec::new();
            let full = hashes.chunks_exact(usize::from(TILE_WIDTH));
            for (below, index) in full.zip(0..) {
                self.compare(
                    Tile {
                        level,
                        index,
                        width: TILE_WIDTH,
                    },
                    below,
                )?;
                above.push(root_of(below));
            }
            levels.push(hashes);
            hashes = above;
            level += 1;
        }
        Ok(levels)
    }

    fn compare(&mut self, tile: Tile, expected: &[Hash]) -> Result<(), FsckError> {
        let bytes = files::read(&self.folder.join(tile.path()))?;
        match bytes.and_then(|bytes| tlog::tile::hashes(&bytes, tile.width)) {
            None => self.found(Finding::TileMissing(tile)),
            Some(hashes) if hashes != expected => self.found(Finding::TileDiffers(tile)),
            Some(_) => {}
        }
        Ok(())
    }

    /// The root that the entries lead to, against the one that the records lead to.
    fn tree(&mut self, size: u64, levels: &[Vec<Hash>], last: &[Hash], chain: Option<&Chain>) {
        let unfinished = levels
            .iter()
            .map(|hashes| hashes.as_chunks::<256>().1.to_vec());
        let unfinished = std::iter::once(last.to_vec()).chain(unfinished);
        let edge = Edge::from_levels(size, unfinished.collect());
        self.report.root = edge.map(|edge| edge.root());
        if chain.is_some_and(|chain| self.report.root != Some(chain.root)) {
            self.found(Finding::Root {
                which: "write-ahead log",
                size,
            });
        }
    }

    /// Leaf hashes of the last, partial bundle of a tree.
    fn last_leaves(&mut self, size: u64) -> Result<Vec<Hash>, FsckError> {
        let width = partial_width(0, size);
        let bundle = EntryTile {
            index: full_tiles(0, size),
            width,
        };
        if width == 0 {
            return Ok(Vec::new());
        }
        let Some(bytes) = read_bundle(self.folder, bundle, size)? else {
            self.found(Finding::EntriesMissing(bundle));
            return Ok(Vec::new());
        };
        Ok(Frames::of(&bytes).map(leaf_hash).collect())
    }

    /// Every partial file on the disk is the beginning of what stands at its place; and there are no other files.
    fn partials(
        &mut self,
        size: u64,
        levels: &[Vec<Hash>],
        last: &[Hash],
    ) -> Result<(), FsckError> {
        let mut paths = Vec::new();
        walk(&self.folder.join("tile"), "tile", &mut paths)?;
        for path in paths {
            if let Some(bundle) = EntryTile::from_path(&path) {
                if bundle.width < TILE_WIDTH {
                    self.partial_bundle(&path, bundle, size, last)?;
                }
            } else if let Some(tile) = Tile::from_path(&path) {
                if tile.width < TILE_WIDTH {
                    self.partial_tile(&path, tile, size, levels, last)?;
                }
            } else {
                self.found(Finding::Stray { path });
            }
        }
        Ok(())
    }

    fn partial_bundle(
        &mut self,
        path: &str,
        bundle: EntryTile,
        size: u64,
        last: &[Hash],
    ) -> Result<(), FsckError> {
        let Some(leaves) = self.leaves_at(bundle.index, bundle.width, size, last)? else {
            return Ok(());
        };
        let bytes = files::read(&self.folder.join(path))?.unwrap_or_default();
        let length: usize = Frames::of(&bytes).map(|entry| FRAME + entry.len()).sum();
        let is_equal = Frames::of(&bytes).map(leaf_hash).eq(leaves);
        self.report.partials += 1;
        if !is_equal || length != bytes.len() {
            self.found(Finding::Partial {
                path: path.to_owned(),
            });
        }
        Ok(())
    }

    fn partial_tile(
        &mut self,
        path: &str,
        tile: Tile,
        size: u64,
        levels: &[Vec<Hash>],
        last: &[Hash],
    ) -> Result<(), FsckError> {
        let from = usize::try_from(tile.index * u64::from(TILE_WIDTH)).unwrap_or(usize::MAX);
        let expected = match usize::from(tile.level).checked_sub(1) {
            None => self.leaves_at(tile.index, tile.width, size, last)?,
            Some(level) => {
                let hashes = levels.get(level).and_then(|hashes| hashes.get(from..));
                hashes.and_then(|hashes| Some(hashes.get(..usize::from(tile.width))?.to_vec()))
            }
        };
        let Some(expected) = expected else {
            return Ok(());
        };
        let bytes = files::read(&self.folder.join(path))?.unwrap_or_default();
        self.report.partials += 1;
        if tlog::tile::hashes(&bytes, tile.width) != Some(expected) {
            self.found(Finding::Partial {
                path: path.to_owned(),
            });
        }
        Ok(())
    }

    /// The first `width` leaves of a bundle; `None` where the tree of `size` does not reach: such a file belongs to a tree
    /// that is signed but not public.
    fn leaves_at(
        &self,
        index: u64,
        width: u16,
        size: u64,
        last: &[Hash],
    ) -> Result<Option<Vec<Hash>>, FsckError> {
        if index >= full_tiles(0, size) {
            let is_last = index == full_tiles(0, size);
            let leaves = last.get(..usize::from(width)).filter(|_| is_last);
            return Ok(leaves.map(<[Hash]>::to_vec));
        }
        let full = Tile {
            level: 0,
            index,
            width,
        };
        Ok(
            read_tile(self.folder, full.full(), size)?.map(|mut hashes| {
                hashes.truncate(usize::from(width));
                hashes
            }),
        )
    }

    /// Signatures and root of one checkpoint.
    fn checkpoint(
        &mut self,
        checkpoint: &QuorumCheckpoint,
        which: &'static str,
        size: u64,
    ) -> Result<(), FsckError> {
        self.report.checkpoints += 1;
        let own = checkpoint.size;
        let signed = match LogSigned::by_all(checkpoint.note.as_bytes(), self.keys) {
            Ok(signed) => signed,
            Err(refused) => {
                self.found(Finding::Checkpoint {
                    which,
                    size: own,
                    why: refused.to_string(),
                });
                return Ok(());
            }
        };
        let claimed = signed.checkpoint().root();
        match self.witnesses.check(signed) {
            Err(NotWitnessed::Missing(_)) if which != "public checkpoint" => {}
            Err(refused) => {
                self.found(Finding::Checkpoint {
                    which,
                    size: own,
                    why: refused.to_string(),
                });
            }
            Ok(_) => {}
        }
        match root(self.folder, own, own) {
            Err(ReadError::Io(cause)) => return Err(FsckError::Io(cause)),
            Ok(root) if root == claimed && own <= size => {}
            // A tile that is missing for it has been named, unless it is one of its partial tiles.
            Ok(_) | Err(_) => self.found(Finding::Root { which, size: own }),
        }
        Ok(())
    }

    fn kept(&mut self, size: u64) -> Result<(), FsckError> {
        let folder = self.folder.join("quorum");
        if folder.exists() {
            for kept in checkpoints::read_all(&folder)? {
                self.checkpoint(&kept, "kept checkpoint", size)?;
            }
        }
        Ok(())
    }

    fn heads(&mut self, size: u64) -> Result<(), FsckError> {
        for head in Head::read(&self.folder.join(HEAD))? {
            let own = head.edge.size();
            let is_ours = own <= size && root(self.folder, own, own) == Ok(head.edge.root());
            if !is_ours {
                self.found(Finding::Head { size: own });
            }
        }
        Ok(())
    }
}

impl Chain {
    /// Whether the record is the next one.
    fn follow(&mut self, record: &Record<'_>) -> bool {
        let header = &record.header;
        if header.before != self.root {
            return false;
        }
        if header.kind != Kind::Group {
            return sha256(record.body) == header.after;
        }
        let mut edge = self.edge.clone();
        let mut finished = Vec::new();
        for entry in record.entries() {
            edge.push(leaf_hash(entry), &mut finished);
            finished.clear();
        }
        if header.first != self.edge.size() || edge.root() != header.after {
            return false;
        }
        self.root = header.after;
        self.edge = edge;
        true
    }
}

/// Hashes the entries of full bundles and compares them with their tiles.
fn part(folder: &Path, bundles: Range<u64>) -> io::Result<Part> {
    let mut part = Part::default();
    let mut leaves = Vec::with_capacity(usize::from(TILE_WIDTH));
    for index in bundles {
        let bundle = EntryTile {
            index,
            width: TILE_WIDTH,
        };
        let tile = Tile {
            level: 0,
            index,
            width: TILE_WIDTH,
        };
        let bytes = files::read(&folder.join(bundle.path()))?.unwrap_or_default();
        leaves.clear();
        let mut length = 0;
        for entry in Frames::of(&bytes) {
            length += FRAME + entry.len();
            leaves.push(leaf_hash(entry));
        }
        let hashes = files::read(&folder.join(tile.path()))?;
        let hashes = hashes.and_then(|bytes| tlog::tile::hashes(&bytes, TILE_WIDTH));
        if length != bytes.len() || leaves.len() != usize::from(TILE_WIDTH) {
            part.findings.push(Finding::EntriesMissing(bundle));
            // What is above is checked against the tile then.
            leaves.clone_from(hashes.as_ref().unwrap_or(&Vec::new()));
        }
        match hashes {
            None => part.findings.push(Finding::TileMissing(tile)),
            Some(hashes) => {
                let first = index * u64::from(TILE_WIDTH);
                let both = hashes.iter().zip(&leaves).zip(first..);
                let differ = both.filter(|((hash, leaf), _)| hash != leaf);
                part.findings
                    .extend(differ.map(|(_, index)| Finding::Entry { index }));
            }
        }
        part.roots.push(root_of(&leaves));
    }
    Ok(part)
}

fn root_of(hashes: &[Hash]) -> Hash {
    let mut edge = Edge::default();
    let mut finished = Vec::new();
    for hash in hashes {
        edge.push(*hash, &mut finished);
    }
    edge.root()
}

/// Relative paths of all files below a folder.
fn walk(folder: &Path, prefix: &str, paths: &mut Vec<String>) -> io::Result<()> {
    let files = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        files => files?,
    };
    for file in files {
        let file = file?;
        let path = format!("{prefix}/{}", file.file_name().to_string_lossy());
        if file.file_type()?.is_dir() {
            walk(&file.path(), &path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

fn lock(folder: &Path) -> Result<Option<File>, FsckError> {
    let lock = match File::open(folder.join("lock")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        lock => lock?,
    };
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Err(FsckError::Locked),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Beyond it the disk is what is waited for.
const MAX_WORKERS: usize = 16;
