//! Opening a log (`tlog.md` §5.3): replay what is durable, cut an unfinished tail, write the derived files again, and
//! refuse to start where the disk says less than was acknowledged.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::RwLock;
use std::sync::atomic::AtomicU64;

use tlog::checkpoint::Checkpoint;
use tlog::hash::{Hash, leaf_hash, sha256};
use tlog::note::Note;
use tlog::tile::{TILE_WIDTH, Tile, full_tiles, partial_width};
use tlog::tree::Edge;
use tokio::sync::watch;

use super::checkpoints::{Kept, QuorumCheckpoint};
use super::derived::Derived;
use super::faults::Faults;
use super::files::{self, CHECKPOINT, Files, partial_bundle};
use super::head::Head;
use super::keeper::HEAD;
use super::read::{Progress, ReadError, Shared, edge_of_tiles, read_bundle, read_tile, root};
use super::record::{Frames, Kind, Record};
use super::wal::{End, Segment, Segments, Start, Wal};
use crate::cause::Cause;

/// What opening found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// Number of durable entries.
    pub size: u64,
    /// Records that were replayed.
    pub replayed: u64,
    /// Records of an unfinished tail that were cut; nobody had been told of them.
    pub cut: usize,
}

/// A log that is ready to go on.
pub(super) struct Recovered {
    pub(super) derived: Derived,
    pub(super) wal: Wal,
    /// The newest head on the disk.
    pub(super) head: Option<Head>,
    /// The head to write, once tiles are synced.
    pub(super) seal: Option<Head>,
    pub(super) report: Recovery,
}

/// Recovers the log in `folder`, whose lock the caller holds; makes an empty one where there is nothing.
pub(super) fn recover(
    folder: &Path,
    origin: &str,
    segments: &Segments,
    faults: &Faults,
) -> Result<Recovered, OpenError> {
    let heads = Head::read(&folder.join(HEAD))?;
    let public = public_checkpoint(folder, origin)?;
    let listed = segments.list()?;
    let Some(oldest) = listed.keys().next().copied() else {
        if !heads.is_empty() || public.is_some() || folder.join("tile").exists() {
            return Err(OpenError::NoSegments);
        }
        return begin(folder, segments, faults);
    };

    // Where to begin: at the newest head whose segment is there, else at the oldest segment.
    let head = heads
        .iter()
        .find(|head| listed.contains_key(&head.edge.size()));
    let first = head.map_or(oldest, |head| head.edge.size());
    let edge = match head {
        Some(head) => head.edge.clone(),
        None => edge_of_tiles(folder, first)?,
    };
    let open = open_bundle(folder, &edge)?;
    let shared = share(folder, faults, first)?;
    let files = Files::new(folder.to_path_buf(), "unfinished", faults.clone());
    let mut replay = Replay {
        derived: Derived::new(edge, open, files, shared),
        origin,
        reached: None,
        replayed: 0,
        unsure: None,
    };

    let mut last = None;
    for (name, path) in listed.range(first..) {
        last = Some(replay.segment(*name, path, last.as_ref())?);
    }
    let (segment, end, start) = last.ok_or(OpenError::NoSegments)?;

    // What stands behind the end was never synced as a whole, or the end is not the end: F8.
    let remains = segment.remains(end).map_err(OpenError::from)?;
    let knows_more = |header: &super::record::Header| header.durable >= end.number;
    if let Some((at, header)) = remains.iter().find(|(_, header)| knows_more(header)) {
        return Err(OpenError::RecordDamaged {
            segment: segment.start.first,
            offset: end.offset,
            number: end.number,
            later: *at,
            later_number: header.number,
        });
    }
    if !remains.is_empty() {
        segment.erase(remains.iter().map(|(at, _)| *at))?;
    }
    if let Some(from) = replay.unsure {
        segment.write_again(from, end.offset)?;
    }

    let Replay {
        mut derived,
        reached,
        replayed,
        ..
    } = replay;
    let size = derived.edge().size();
    let known = heads.iter().map(|head| (head.edge.size(), "head"));
    let shared = derived.shared();
    let latest = shared.kept().latest().cloned();
    let known = known.chain(latest.iter().map(|kept| (kept.size, "kept checkpoint")));
    let public_size = public
        .iter()
        .map(|(public, _)| (public.size(), "public checkpoint"));
    if let Some((known, by)) = known.chain(public_size).find(|(known, _)| *known > size) {
        return Err(OpenError::Shrunk { size, known, by });
    }
    derived.put_partial()?;
    remember_before(folder, first, &mut derived)?;

    // Step 8 again, for a checkpoint that was recorded but not yet published.
    let newest = [latest, reached]
        .into_iter()
        .flatten()
        .max_by_key(|kept| kept.size);
    agree(folder, size, newest.as_ref(), public.as_ref())?;
    if let Some(newest) = newest {
        derived.publish(&newest)?;
    }
    derived.is_durable();

    // Step 9 again: segments before the head are no longer needed, and the last one can become the head.
    let newest_head = heads.into_iter().next();
    let sealed = newest_head.as_ref().map_or(0, |head| head.edge.size());
    if head_is_used(newest_head.as_ref(), first) {
        segments.recycle_before(first)?;
    }
    let seal = (start.size() > sealed).then_some(start);
    let count = newest_head.as_ref().map_or(0, |head| head.count) + 1;
    let (cut, number) = (remains.len(), end.number);
    let wal = Wal::resume(segment, end.offset, number, faults.clone());
    Ok(Recovered {
        derived,
        wal,
        head: newest_head,
        seal: seal.map(|edge| Head { count, edge }),
        report: Recovery {
            size,
            replayed,
            cut,
        },
    })
}

/// Why a log does not start.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A checkpoint on the disk is not one of this tree.
    #[error("{which} of size {size} has another root than the log's tree")]
    Differs {
        /// Which checkpoint.
        which: &'static str,
        /// Its size.
        size: u64,
    },
    /// The disk.
    #[error("log folder could not be opened")]
    Io(#[source] Cause),
    /// The signers are not those of one log.
    #[error("signers are not those of the log's origin")]
    Keys(#[from] tlog::checkpoint::LogKeysRefused),
    /// A group does not fit into a segment.
    #[error("limits of the log do not fit together: a segment must hold a group and a checkpoint")]
    Limits,
    /// Another process has this log open (F10).
    #[error("another process has this log open")]
    Locked,
    /// Everything but the write-ahead log is there.
    #[error("write-ahead log is missing")]
    NoSegments,
    /// The folder belongs to another log.
    #[error("folder holds the log {found}")]
    OtherOrigin {
        /// Its origin.
        found: Box<str>,
    },
    /// A record that was synced is damaged (F8).
    #[error(
        "record {number} in segment {segment} at byte {offset} is damaged, and record {later_number} behind it is not"
    )]
    RecordDamaged {
        /// Name of the segment: index of its first entry.
        segment: u64,
        /// Where the damaged record begins.
        offset: u64,
        /// Its number.
        number: u64,
        /// Where the record stands that knew it durable.
        later: u64,
        /// That record's number.
        later_number: u64,
    },
    /// A segment's header is damaged, or the segment before does not lead to it (F8).
    #[error("segment {segment} is damaged, or the one before it is")]
    SegmentDamaged {
        /// Its name: index of its first entry.
        segment: u64,
    },
    /// The disk holds less than was acknowledged or published (F9).
    #[error("log has {size} entries, but its {by} speaks of {known}")]
    Shrunk {
        /// What was recovered.
        size: u64,
        /// What there was.
        known: u64,
        /// Who says so.
        by: &'static str,
    },
    /// A tile from before the write-ahead log is missing or damaged (F8).
    #[error("tiles before the write-ahead log are damaged")]
    Tiles(#[source] ReadError),
}

impl OpenError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io(_) => "look at the disk and the permissions of the log's folder",
            Self::Keys(_) => "give the log keys that are named after its origin",
            Self::Limits => "use larger segments or smaller groups",
            Self::Locked => "stop the other process; a log has one writer",
            Self::OtherOrigin { .. } => "give each log a folder of its own",
            Self::NoSegments
            | Self::Differs { .. }
            | Self::RecordDamaged { .. }
            | Self::SegmentDamaged { .. }
            | Self::Shrunk { .. }
            | Self::Tiles(_) => {
                "keep a copy of the folder, run `vitrine-center fsck`, and take what is missing from a mirror; \
                 an older copy of the disk must not go on by itself"
            }
        }
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Io(Cause::new(error))
    }
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io(cause) => Self::Io(cause),
            damaged => Self::Tiles(damaged),
        }
    }
}

/// The replay of records, one segment after the other.
struct Replay<'a> {
    derived: Derived,
    origin: &'a str,
    /// The newest quorum checkpoint that was recorded.
    reached: Option<QuorumCheckpoint>,
    replayed: u64,
    /// Offset in the last segment from which on records may not be on the medium.
    unsure: Option<u64>,
}

type Replayed = (Segment, End, Edge);

impl Replay<'_> {
    fn segment(
        &mut self,
        name: u64,
        path: &Path,
        before: Option<&Replayed>,
    ) -> Result<Replayed, OpenError> {
        let damaged = || OpenError::SegmentDamaged { segment: name };
        let segment = Segment::open(path, name)?.ok_or_else(damaged)?;
        // A segment is named only when everything before it is synced: it must continue exactly there.
        let Start {
            first,
            number,
            root,
        } = segment.start;
        let continues = before.is_none_or(|(_, end, _)| end.number == number);
        if !continues || first != self.derived.edge().size() || root != self.derived.root() {
            return Err(damaged());
        }
        let start = self.derived.edge().clone();
        self.derived.put_partial()?;
        let mut offsets = Vec::new();
        let mut durable = 0;
        let end = segment.replay(|record, offset| {
            let is_whole = self.record(record)?;
            if is_whole {
                offsets.push((record.header.number, offset));
                durable = record.header.durable;
            }
            Ok::<_, OpenError>(is_whole)
        })?;
        let mut unsure = offsets.iter().skip_while(|(number, _)| *number <= durable);
        self.unsure = unsure.next().map(|(_, offset)| *offset);
        Ok((segment, end, start))
    }

    /// Steps 2, 6 and 8 for one record; `false` if it does not fit the tree, so that nothing has changed.
    fn record(&mut self, record: &Record<'_>) -> Result<bool, OpenError> {
        if record.header.before != self.derived.root() {
            return Ok(false);
        }
        let is_whole = match record.header.kind {
            Kind::Group => self.group(record)?,
            Kind::Quorum | Kind::Signed => self.checkpoint(record)?,
        };
        self.replayed += u64::from(is_whole);
        Ok(is_whole)
    }

    fn group(&mut self, record: &Record<'_>) -> Result<bool, OpenError> {
        let first = self.derived.edge().size();
        let leaves: Vec<Hash> = record.entries().map(leaf_hash).collect();
        let growth = self.derived.grow(record.body, &leaves);
        if record.header.first != first || growth.root() != record.header.after {
            return Ok(false);
        }
        self.derived.accept(&growth);
        self.derived.remember(&leaves, first);
        self.derived.put_growth(&growth, record.body)?;
        Ok(true)
    }

    fn checkpoint(&mut self, record: &Record<'_>) -> Result<bool, OpenError> {
        let size = self.derived.edge().size();
        if sha256(record.body) != record.header.after || record.header.first > size {
            return Ok(false);
        }
        let Some(checkpoint) = checkpoint_of(record.body) else {
            return Ok(false);
        };
        if checkpoint.origin() != self.origin {
            return Err(OpenError::OtherOrigin {
                found: checkpoint.origin().into(),
            });
        }
        // Other groups may have come between a tree and the record of its checkpoint.
        self.derived.put_partial_of(checkpoint.size())?;
        if record.header.kind == Kind::Quorum {
            let reached = QuorumCheckpoint {
                size: checkpoint.size(),
                time: record.header.time,
                note: String::from_utf8_lossy(record.body).into(),
            };
            self.derived.shared().kept_mut().add(reached.clone())?;
            self.reached = Some(reached);
        }
        Ok(true)
    }
}

/// A log of nothing.
fn begin(folder: &Path, segments: &Segments, faults: &Faults) -> Result<Recovered, OpenError> {
    let start = Start {
        first: 0,
        number: 1,
        root: Hash::EMPTY_ROOT,
    };
    let segment = segments.take_spare()?.name(start)?;
    let shared = share(folder, faults, 0)?;
    let files = Files::new(folder.to_path_buf(), "unfinished", faults.clone());
    let end = segment.replay(|_, _| Ok::<_, io::Error>(false))?;
    Ok(Recovered {
        derived: Derived::new(Edge::default(), Vec::new(), files, shared),
        wal: Wal::resume(segment, end.offset, end.number, faults.clone()),
        head: None,
        seal: None,
        report: Recovery {
            size: 0,
            replayed: 0,
            cut: 0,
        },
    })
}

fn share(folder: &Path, faults: &Faults, synced: u64) -> io::Result<Arc<Shared>> {
    let kept = Kept::open(folder.join("quorum"), faults.clone(), synced)?;
    Ok(Arc::new(Shared {
        folder: folder.to_path_buf(),
        durable: AtomicU64::new(0),
        readable: AtomicU64::new(0),
        progress: watch::channel(Progress::default()).0,
        kept: RwLock::new(kept),
    }))
}

/// The entries of the bundle that is not full, checked against the edge's leaves.
fn open_bundle(folder: &Path, edge: &Edge) -> Result<Vec<u8>, OpenError> {
    let Some(bundle) = partial_bundle(edge.size()) else {
        return Ok(Vec::new());
    };
    let missing = || OpenError::from(ReadError::EntriesMissing(bundle));
    let bytes = read_bundle(folder, bundle, edge.size())?.ok_or_else(missing)?;
    let leaves: Vec<Hash> = Frames::of(&bytes).map(leaf_hash).collect();
    if edge.levels().first() != Some(&leaves) {
        return Err(missing());
    }
    Ok(bytes)
}

/// Fills the dedup index with the leaves before the replayed ones.
fn remember_before(folder: &Path, size: u64, derived: &mut Derived) -> Result<(), OpenError> {
    let full = full_tiles(0, size);
    for index in 0..full {
        let tile = Tile {
            level: 0,
            index,
            width: TILE_WIDTH,
        };
        let missing = || ReadError::from(tlog::proof::TileMissing(tile));
        let leaves = read_tile(folder, tile, size)?.ok_or_else(missing)?;
        derived.remember(&leaves, index * u64::from(TILE_WIDTH));
    }
    let width = partial_width(0, size);
    if width > 0 {
        let tile = Tile {
            level: 0,
            index: full,
            width,
        };
        let missing = || ReadError::from(tlog::proof::TileMissing(tile));
        let leaves = read_tile(folder, tile, size)?.ok_or_else(missing)?;
        derived.remember(&leaves, full * u64::from(TILE_WIDTH));
    }
    Ok(())
}

/// The public checkpoint; `None` where there is none, or what a power cut left of one.
fn public_checkpoint(
    folder: &Path,
    origin: &str,
) -> Result<Option<(Checkpoint, String)>, OpenError> {
    let Some(bytes) = files::read(&folder.join(CHECKPOINT))? else {
        return Ok(None);
    };
    let Some(checkpoint) = checkpoint_of(&bytes) else {
        return Ok(None);
    };
    if checkpoint.origin() != origin {
        return Err(OpenError::OtherOrigin {
            found: checkpoint.origin().into(),
        });
    }
    Ok(Some((checkpoint, String::from_utf8_lossy(&bytes).into())))
}

/// The newest kept checkpoint and the public one must be of this tree, and the public one not newer than any record.
fn agree(
    folder: &Path,
    size: u64,
    newest: Option<&QuorumCheckpoint>,
    public: Option<&(Checkpoint, String)>,
) -> Result<(), OpenError> {
    let kept = newest.and_then(|kept| checkpoint_of(kept.note.as_bytes()));
    if let Some((public, _)) = public
        && kept.as_ref().is_none_or(|kept| kept.size() < public.size())
    {
        let (which, size) = ("public checkpoint", public.size());
        return Err(OpenError::Differs { which, size });
    }
    let both = [
        (kept.as_ref(), "kept checkpoint"),
        (public.map(|(public, _)| public), "public checkpoint"),
    ];
    for (checkpoint, which) in both {
        let Some(checkpoint) = checkpoint else {
            continue;
        };
        if root(folder, checkpoint.size(), size)? != checkpoint.root() {
            return Err(OpenError::Differs {
                which,
                size: checkpoint.size(),
            });
        }
    }
    Ok(())
}

fn checkpoint_of(note: &[u8]) -> Option<Checkpoint> {
    Checkpoint::parse(Note::parse(note).ok()?.text()).ok()
}

fn head_is_used(head: Option<&Head>, first: u64) -> bool {
    head.is_some_and(|head| head.edge.size() == first)
}
