//! What the witness must never forget: the last checkpoint that it cosigned for each log (tlog-witness,
//! "add-checkpoint": persisted before the answer).
//!
//! An append-only file, one sync per group, see [`record`] for its form. `latest` holds only what is durable. The file
//! is compacted when it is opened and when most of it is history.
//!
//! A witness whose journal is lost, or restored from an older copy, may cosign a fork of what it cosigned before, and
//! nothing on its own disk can tell. Its operator must then take a new name and new keys.

pub mod disk;
pub mod record;

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tlog::hash::Hash;

use crate::journal::disk::{Disk, Faults, Write};
use crate::journal::record::{HEADER, Record, holds_later_group, read_group, write_group};

/// The open journal of one witness; no other process has it.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
    disk: Disk,
    /// Held, never written: its lock ends with this process, however that ends.
    _lock: File,
    file: File,
    /// Where the last durable group ends.
    length: u64,
    last: Hash,
    latest: Latest,
    /// Bytes that a compacted journal of `latest` took when it was written.
    compacted: u64,
    stopped: bool,
}

impl Journal {
    /// Opens the journal in `directory`, which is created if missing, and compacts it.
    ///
    /// # Errors
    /// [`JournalRefused`]: another process has it, it is damaged, or the disk fails.
    pub fn open(directory: &Path, faults: Faults) -> Result<Self, JournalRefused> {
        let disk = Disk::new(faults);
        create_directory(directory)?;
        // The lock comes before the first read: two processes would each append to what they had read.
        let lock = lock(&directory.join("lock"))?;
        // A crash in an earlier compaction leaves this file; the journal beside it is whole.
        remove_if_there(&directory.join(COMPACTED))?;
        let latest = match fs::read(directory.join(JOURNAL)) {
            Ok(bytes) => replay(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Latest::new(),
            Err(error) => return Err(error.into()),
        };
        let rewritten = rewrite(directory, &disk, &latest)?;
        // Without this sync the old file could come back after a power loss, and with it the end of what we append.
        disk.sync_directory(Write::DirectorySync, directory)?;
        Ok(Self {
            directory: directory.into(),
            disk,
            _lock: lock,
            length: rewritten.length,
            last: rewritten.last,
            file: rewritten.file,
            latest,
            compacted: rewritten.length,
            stopped: false,
        })
    }

    /// The last durable record of the log `origin`.
    pub fn latest(&self, origin: &str) -> Option<&Arc<Record>> {
        self.latest.get(origin)
    }

    /// The last durable record of each log, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.latest.values()
    }

    /// Makes `records` durable as one group. Only when this returns may anything about them leave the process (W11).
    ///
    /// # Errors
    /// [`AppendFailed`]. After [`AppendFailed::Refused`] the journal is as before and goes on; after
    /// [`AppendFailed::Stopped`] nothing is appended any more.
    pub fn append(&mut self, records: &[Arc<Record>]) -> Result<(), AppendFailed> {
        if self.stopped {
            return Err(AppendFailed::Stopped(io::ErrorKind::Other));
        }
        if records.is_empty() {
            return Ok(());
        }
        let (bytes, hash) = write_group(self.last, records);

        // 1. The bytes. A crash here or in 2 leaves a whole group, which is kept, or a torn one, which the next start
        //    cuts off; nobody was told of either (F1).
        if let Err(error) = self.disk.write(Write::Append, &mut self.file, &bytes) {
            // No space, most likely. Nothing was synced, so the file may be cut back and the service may go on (F3);
            // what a crash brings back of the cut bytes is again a group that nobody was told of.
            if self
                .disk
                .cut(Write::Rollback, &self.file, self.length)
                .is_err()
            {
                return Err(self.stop(&error));
            }
            return Err(AppendFailed::Refused(error.kind()));
        }

        // 2. The commit. After a failed sync the kernel may have dropped the pages and report success next time, so
        //    this descriptor is never synced again (F2). Whether the group is kept shows at the next start.
        if let Err(error) = self.disk.sync(Write::AppendSync, &self.file) {
            return Err(self.stop(&error));
        }

        // 3. From here on the records are what we know. A crash between 2 and the answer: the log asks again, meets
        //    409 with the new size, and resubmits (F4).
        self.length += bytes.len() as u64;
        self.last = hash;
        for record in records {
            self.latest
                .insert(record.checkpoint().origin().into(), Arc::clone(record));
        }
        Ok(())
    }

    /// Rewrites the file when most of it is history. Called between groups.
    ///
    /// # Errors
    /// [`AppendFailed::Refused`] if the old file stays in use, [`AppendFailed::Stopped`] if it is unclear which file a
    /// power loss would leave.
    pub fn compact_if_large(&mut self) -> Result<(), AppendFailed> {
        let bound = COMPACT_FROM.max(self.compacted.saturating_mul(COMPACT_RATIO));
        if self.stopped || self.length < bound {
            return Ok(());
        }
        match rewrite(&self.directory, &self.disk, &self.latest) {
            Ok(rewritten) => {
                self.file = rewritten.file;
                self.length = rewritten.length;
                self.last = rewritten.last;
                self.compacted = rewritten.length;
            }
            Err(error) => {
                // A rename that was reported failed may be done: then the open file is no longer the journal.
                if !self.is_in_place() {
                    return Err(self.stop(&error));
                }
                // Not at once again: the next try is when the file has grown as much once more.
                self.compacted = self.length;
                return Err(AppendFailed::Refused(error.kind()));
            }
        }
        // A group appended to the new file would be lost if a power loss brought the old one back.
        self.disk
            .sync_directory(Write::DirectorySync, &self.directory)
            .map_err(|error| self.stop(&error))
    }

    fn is_in_place(&self) -> bool {
        let named = fs::metadata(self.directory.join(JOURNAL));
        let open = self.file.metadata();
        named.is_ok_and(|named| open.is_ok_and(|open| named.ino() == open.ino()))
    }

    fn stop(&mut self, error: &io::Error) -> AppendFailed {
        self.stopped = true;
        AppendFailed::Stopped(error.kind())
    }
}

/// Why a journal cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalRefused {
    /// A damaged group with a whole one behind it: no crash leaves that.
    #[error("journal is damaged at byte {at}, and whole records follow")]
    Damaged {
        /// Where the damaged group begins.
        at: u64,
    },
    /// Another process has the directory.
    #[error("another process uses this data directory")]
    InUse,
    /// The disk.
    #[error("data directory cannot be read or written: {0}")]
    Io(io::ErrorKind),
    /// The file does not begin as a journal does.
    #[error("file `journal` is not a journal of this version")]
    NotAJournal,
}

impl JournalRefused {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Damaged { .. } | Self::NotAJournal => {
                "check the disk; without the whole journal the witness needs a new name and new keys"
            }
            Self::InUse => {
                "stop the other process, or give this witness a data directory of its own"
            }
            Self::Io(_) => "check the path, its permissions and the free space",
        }
    }
}

impl From<io::Error> for JournalRefused {
    fn from(error: io::Error) -> Self {
        Self::Io(error.kind())
    }
}

/// Why records were not made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendFailed {
    /// Nothing was stored; later groups may succeed.
    #[error("journal takes no record now: {0}")]
    Refused(io::ErrorKind),
    /// The outcome is unknown; the process must be started anew.
    #[error("journal has stopped: {0}")]
    Stopped(io::ErrorKind),
}

impl AppendFailed {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Refused(_) => "free space on the disk of the data directory",
            Self::Stopped(_) => "check the disk, then start the witness again",
        }
    }
}

type Latest = HashMap<Box<str>, Arc<Record>>;

/// Reads a whole file. Only its end may be torn.
fn replay(bytes: &[u8]) -> Result<Latest, JournalRefused> {
    let mut rest = bytes
        .strip_prefix(HEADER)
        .ok_or(JournalRefused::NotAJournal)?;
    let (mut latest, mut last) = (Latest::new(), Hash::default());
    while !rest.is_empty() {
        let at = (bytes.len() - rest.len()) as u64;
        let Some(group) = read_group(rest) else {
            // Each group is synced before the next is written, so a crash tears only the last one. A whole group behind
            // a damaged one means that what was durable has changed.
            if holds_later_group(rest) {
                return Err(JournalRefused::Damaged { at });
            }
            break;
        };
        if group.previous != last {
            return Err(JournalRefused::Damaged { at });
        }
        for record in group.records {
            latest.insert(record.checkpoint().origin().into(), record);
        }
        last = group.hash;
        rest = rest.get(group.length..).unwrap_or_default();
    }
    Ok(latest)
}

struct Rewritten {
    file: File,
    length: u64,
    last: Hash,
}

/// Writes a journal of only `latest` and puts it in place. The caller syncs the directory.
fn rewrite(directory: &Path, disk: &Disk, latest: &Latest) -> io::Result<Rewritten> {
    let path = directory.join(COMPACTED);
    let mut options = OpenOptions::new();
    let mut file = options.create(true).append(true).mode(0o600).open(&path)?;
    file.set_len(0)?;
    let mut records: Vec<Arc<Record>> = latest.values().cloned().collect();
    // Sorted, so that equal states give equal files.
    records.sort_unstable_by(|a, b| a.checkpoint().origin().cmp(b.checkpoint().origin()));
    let (mut bytes, mut last) = (HEADER.to_vec(), Hash::default());
    for group in records.chunks(COMPACT_GROUP) {
        let (written, hash) = write_group(last, group);
        bytes.extend_from_slice(&written);
        last = hash;
    }
    // A crash before the rename leaves this file beside the whole old journal; the next start removes it.
    disk.write(Write::CompactWrite, &mut file, &bytes)?;
    disk.sync(Write::CompactSync, &file)?;
    // A crash from here on leaves the old journal or the new one; both say the same.
    disk.rename(Write::CompactRename, &path, &directory.join(JOURNAL))?;
    Ok(Rewritten {
        file,
        length: bytes.len() as u64,
        last,
    })
}

/// A new directory is made durable in its parent, else a power loss could take it with all that was synced inside.
fn create_directory(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    let parent = directory
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

fn lock(path: &Path) -> Result<File, JournalRefused> {
    let mut options = OpenOptions::new();
    let file = options
        .create(true)
        .write(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalRefused::InUse),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

const JOURNAL: &str = "journal";
const COMPACTED: &str = "journal.new";

/// Smaller files are not worth the pause: reading 16 MiB at start takes a fraction of a second.
const COMPACT_FROM: u64 = 16 * 1024 * 1024;

/// At four times the live size, compaction writes a third more than the appends themselves.
const COMPACT_RATIO: u64 = 4;

/// Records in a group of a compacted journal, as many as the writer puts in one.
const COMPACT_GROUP: usize = 1024;
