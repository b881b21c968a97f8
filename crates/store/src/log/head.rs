//! `head`: where recovery may begin (`tlog.md` §5.1). A shortcut; it may be lost.
//!
//! Two slots are written in turn, each with a count and its own hash. A torn slot fails its hash and leaves the other
//! one (F7), from which the replay is longer.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use tlog::hash::{Hash, sha256};
use tlog::tree::Edge;

use super::faults::{Faults, Write};

/// A size whose tiles are synced, and the segment whose first record comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Counts the heads of this log; the larger of two slots is the newer.
    pub(super) count: u64,
    /// The tree there. Its size names the segment.
    pub(super) edge: Edge,
}

impl Head {
    /// The valid slots of the file at `path`, the newer one first; none if there is no file.
    pub(super) fn read(path: &Path) -> io::Result<Vec<Self>> {
        let bytes = match std::fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            read => read?,
        };
        let mut heads: Vec<Self> = bytes.chunks(SLOT).filter_map(Self::parse).collect();
        heads.sort_by_key(|head| std::cmp::Reverse(head.count));
        Ok(heads)
    }

    /// Writes and syncs the slot of this count. A crash leaves the other slot.
    pub(super) fn write(&self, path: &Path, faults: &Faults) -> io::Result<()> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)?;
        let at = if self.count.is_multiple_of(2) {
            0
        } else {
            SLOT_LENGTH
        };
        faults.write(Write::Head, &self.to_bytes(), |part, offset| {
            file.write_all_at(part, at + offset)
        })?;
        file.sync_all()?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&self.count.to_be_bytes());
        bytes.extend_from_slice(&self.edge.size().to_be_bytes());
        let levels = self.edge.levels();
        bytes.push(u8::try_from(levels.len()).unwrap_or(u8::MAX));
        for level in levels {
            // A level has under 256 hashes.
            bytes.push(u8::try_from(level.len()).unwrap_or(u8::MAX));
            for hash in level {
                bytes.extend_from_slice(&hash.0);
            }
        }
        bytes.extend_from_slice(&sha256(&bytes).0);
        bytes
    }

    fn parse(slot: &[u8]) -> Option<Self> {
        let (count, rest) = slot.strip_prefix(MAGIC)?.split_first_chunk()?;
        let (size, rest) = rest.split_first_chunk()?;
        let (levels, mut rest) = rest.split_first()?;
        let mut hashes = Vec::new();
        for _ in 0..*levels {
            let (width, behind) = rest.split_first()?;
            let (level, behind) = behind.split_at_checked(usize::from(*width) * 32)?;
            hashes.push(level.as_chunks().0.iter().copied().map(Hash).collect());
            rest = behind;
        }
        let head = Self {
            count: u64::from_be_bytes(*count),
            edge: Edge::from_levels(u64::from_be_bytes(*size), hashes)?,
        };
        // What is read must be what would be written, hash included.
        rest.first_chunk::<32>()?;
        slot.starts_with(&head.to_bytes()).then_some(head)
    }
}

const MAGIC: &[u8; 16] = b"vitrine head v1\n";

/// Eight levels of 255 hashes and the rest are 65,362 bytes at most.
const SLOT: usize = 128 * 1024;

const SLOT_LENGTH: u64 = 128 * 1024;

#[cfg(test)]
mod tests {
    use tlog::hash::leaf_hash;

    use super::*;
    use crate::log::faults::{Fault, Part};

    fn head(count: u64, size: u64) -> Head {
        let mut edge = Edge::default();
        for index in 0..size {
            edge.push(leaf_hash(&index.to_be_bytes()), &mut Vec::new());
        }
        Head { count, edge }
    }

    #[test]
    fn the_newer_of_two_slots_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("head");
        assert_eq!(Head::read(&path).unwrap(), []);
        for (count, size) in [(1, 3), (2, 300), (3, 70_000)] {
            head(count, size).write(&path, &Faults::default()).unwrap();
        }
        assert_eq!(Head::read(&path).unwrap(), [head(3, 70_000), head(2, 300)]);
    }

    #[test]
    fn f7_a_torn_slot_leaves_the_other_one() {
        for part in [Part::Beginning, Part::End, Part::EverySecond] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("head");
            let faults = Faults::injectable();
            head(1, 999).write(&path, &faults).unwrap();
            head(2, 1999).write(&path, &faults).unwrap();
            faults.arm(Write::Head, 0, Fault::Torn(part));
            head(3, 2999).write(&path, &faults).unwrap_err();
            assert_eq!(Head::read(&path).unwrap(), [head(2, 1999)], "{part:?}");
        }
    }

    #[test]
    fn refuses_a_slot_with_any_byte_changed_or_cut_off() {
        let bytes = head(7, 5).to_bytes();
        assert_eq!(Head::parse(&bytes), Some(head(7, 5)));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(Head::parse(&changed), None, "{at}");
            assert_eq!(Head::parse(&bytes[..at]), None, "{at}");
        }
    }
}
