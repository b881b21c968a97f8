//! The durable writes of the journal by name, and faults that a test puts in their place (tlog.md §5.4).

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A durable write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// Bytes of a group behind the journal.
    Append,
    /// The sync that commits the group.
    AppendSync,
    /// Cutting off what a failed append left.
    Rollback,
    /// Bytes of the compacted journal.
    CompactWrite,
    /// The sync of the compacted journal.
    CompactSync,
    /// Putting the compacted journal in the old one's place.
    CompactRename,
    /// The sync of the directory behind the rename.
    DirectorySync,
}

/// What becomes of a write; each is reported as failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was done.
    Lost,
    /// All of it was done.
    ReportedFailed,
    /// Half of the bytes were written; as [`Fault::Lost`] where there are no bytes.
    Torn,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 3] = [Self::Lost, Self::ReportedFailed, Self::Torn];
}

/// Which writes fail. In service: [`Faults::none`].
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Vec<(Write, Fault)>>>);

impl Faults {
    /// No write fails.
    pub fn none() -> Self {
        Self::default()
    }

    /// From now on the next `write` meets `fault`, once.
    pub fn strike(&self, write: Write, fault: Fault) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((write, fault));
    }

    fn take(&self, write: Write) -> Option<Fault> {
        let mut planned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = planned.iter().position(|(planned, _)| *planned == write)?;
        Some(planned.remove(at).1)
    }
}

/// The only code that writes.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    faults: Faults,
}

impl Disk {
    pub(crate) fn new(faults: Faults) -> Self {
        Self { faults }
    }

    pub(crate) fn write(&self, write: Write, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        let Some(fault) = self.faults.take(write) else {
            return file.write_all(bytes);
        };
        let done = match fault {
            Fault::Lost => 0,
            Fault::ReportedFailed => bytes.len(),
            Fault::Torn => bytes.len() / 2,
        };
        file.write_all(bytes.get(..done).unwrap_or_default())?;
        Err(struck())
    }

    pub(crate) fn sync(&self, write: Write, file: &File) -> io::Result<()> {
        self.run(write, || file.sync_data())
    }

    pub(crate) fn cut(&self, write: Write, file: &File, length: u64) -> io::Result<()> {
        self.run(write, || file.set_len(length))
    }

    pub(crate) fn rename(&self, write: Write, from: &Path, to: &Path) -> io::Result<()> {
        self.run(write, || fs::rename(from, to))
    }

    pub(crate) fn sync_directory(&self, write: Write, directory: &Path) -> io::Result<()> {
        self.run(write, || File::open(directory)?.sync_all())
    }

    fn run(&self, write: Write, action: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        match self.faults.take(write) {
            None => action(),
            Some(Fault::ReportedFailed) => action().and(Err(struck())),
            Some(Fault::Lost | Fault::Torn) => Err(struck()),
        }
    }
}

fn struck() -> io::Error {
    io::Error::other("a fault put here by a test")
}
