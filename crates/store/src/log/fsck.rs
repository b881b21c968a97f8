//! Rechecking a whole log from its bytes (`tlog.md` §5.4, "recheck every byte"): entries against leaf hashes, tiles against
//! the tiles above, records against the tree, checkpoints against roots and keys. It changes nothing.

mod check;

use std::fmt;
use std::io;
use std::path::Path;

use tlog::checkpoint::LogKeys;
use tlog::hash::Hash;
use tlog::policy::Witnesses;
use tlog::tile::{EntryTile, Tile};

use crate::cause::Cause;

/// What to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The public files up to the public checkpoint: any copy of them, and a log that is running.
    Public,
    /// A log's own folder with its write-ahead log; no sequencer may run.
    Whole,
}

/// Checks the log in `folder`. `witnesses` are asked for a quorum on the public checkpoint only: older ones may stem from
/// another policy.
///
/// # Errors
/// [`FsckError`] when it cannot be checked at all. What is wrong with the log is in the report.
pub fn fsck(
    folder: &Path,
    keys: &LogKeys,
    witnesses: &Witnesses,
    scope: Scope,
) -> Result<Report, FsckError> {
    check::check(folder, keys, witnesses, scope)
}

/// What was checked, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Number of entries up to which the log was checked.
    pub size: u64,
    /// Root of the tree of that size, computed from the entries; `None` if they do not lead to one.
    pub root: Option<Hash>,
    /// Records of the write-ahead log that were replayed.
    pub records: u64,
    /// Records of an unfinished tail; the next start cuts them. Nobody was told of them.
    pub unfinished: usize,
    /// Checkpoints whose signatures and roots were checked.
    pub checkpoints: u64,
    /// Partial tiles and bundles that were compared.
    pub partials: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Finding {
    /// A checkpoint is not signed by the log, or a witness's line on it fails.
    Checkpoint {
        /// Which checkpoint.
        which: &'static str,
        /// Its size, 0 where it cannot be read.
        size: u64,
        /// Why it is refused.
        why: String,
    },
    /// An entry has another hash than its leaf.
    Entry {
        /// Its index.
        index: u64,
    },
    /// An entry bundle is missing, or its frames are damaged.
    EntriesMissing(EntryTile),
    /// A head speaks of another tree.
    Head {
        /// Its size.
        size: u64,
    },
    /// A partial tile or bundle is not the beginning of what stands at its place.
    Partial {
        /// Its path.
        path: String,
    },
    /// A synced record is damaged.
    Record {
        /// Index of the segment's first entry.
        segment: u64,
        /// Where it begins in the segment.
        offset: u64,
    },
    /// A root is not the one that the entries lead to.
    Root {
        /// Who says so.
        which: &'static str,
        /// At which size.
        size: u64,
    },
    /// A segment's header is damaged, or the records before do not lead to it.
    Segment {
        /// Index of its first entry.
        segment: u64,
    },
    /// A file that no log writes.
    Stray {
        /// Its path.
        path: String,
    },
    /// A hash tile has other hashes than what is below it.
    TileDiffers(Tile),
    /// A hash tile is missing or has the wrong length.
    TileMissing(Tile),
}

impl Finding {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Checkpoint { .. } | Self::Root { .. } => {
                "compare with the witnesses' and mirrors' checkpoints before anything is published"
            }
            Self::Entry { .. } | Self::EntriesMissing(_) => {
                "take the entry bundle from a mirror; the tiles and the checkpoint prove it"
            }
            Self::Head { .. } => "remove the file `head`; the next start replays all records",
            Self::Partial { .. } | Self::TileDiffers(_) | Self::TileMissing(_) => {
                "start the node once: it writes the files of its records again; older ones come from a mirror"
            }
            Self::Record { .. } | Self::Segment { .. } => {
                "keep a copy of the folder and take the entries from a mirror"
            }
            Self::Stray { .. } => "look where the file comes from",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint { which, size, why } => {
                write!(formatter, "{which} of size {size} is refused: {why}")
            }
            Self::Entry { index } => {
                write!(formatter, "entry {index} has another hash than its leaf")
            }
            Self::EntriesMissing(bundle) => {
                write!(formatter, "{} is missing or damaged", bundle.path())
            }
            Self::Head { size } => write!(formatter, "head of size {size} is not of this tree"),
            Self::Partial { path } => {
                write!(
                    formatter,
                    "{path} is not the beginning of what stands at its place"
                )
            }
            Self::Record { segment, offset } => {
                write!(
                    formatter,
                    "record at byte {offset} of segment {segment} is damaged"
                )
            }
            Self::Root { which, size } => {
                write!(
                    formatter,
                    "{which} of size {size} has another root than the entries"
                )
            }
            Self::Segment { segment } => write!(formatter, "segment {segment} does not follow"),
            Self::Stray { path } => write!(formatter, "{path} is not a log's file"),
            Self::TileDiffers(tile) => {
                write!(
                    formatter,
                    "{} has other hashes than what is below",
                    tile.path()
                )
            }
            Self::TileMissing(tile) => write!(formatter, "{} is missing or cut off", tile.path()),
        }
    }
}

/// Why a log could not be checked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FsckError {
    /// The disk.
    #[error("log folder could not be read")]
    Io(#[source] Cause),
    /// A sequencer runs.
    #[error("a running node has this log open")]
    Locked,
    /// Nothing is there.
    #[error("folder holds no log")]
    NoLog,
}

impl FsckError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io(_) => "look at the disk and the permissions of the log's folder",
            Self::Locked => {
                "stop the node, check a copy of the folder, or check its public files only"
            }
            Self::NoLog => "give the folder that holds `checkpoint` and `tile`",
        }
    }
}

impl From<io::Error> for FsckError {
    fn from(error: io::Error) -> Self {
        Self::Io(Cause::new(error))
    }
}
