//! The form of the journal: what one cosigned checkpoint leaves on disk.
//!
//! ```text
//! vitrine-witness-journal/v1\n
//!
//! group    "VWJ1"                        one per sync
//!          u32  length of the records
//!          32   hash of the group before, zeros in the first group
//!          records, each
//!              u64  time of our cosignatures, seconds since the epoch, not 0
//!              u32  length of the note
//!              note: checkpoint with the log's signature lines
//!          32   SHA-256 over all of the group before this field
//! ```
//!
//! Numbers are big-endian. A group is whole or it is not: its hash says so, and its chain says where it belongs. Our own
//! signature lines are not stored: note, time and key determine what they say, so they are made again when needed.

use std::num::NonZeroU64;
use std::sync::Arc;

use tlog::checkpoint::Checkpoint;
use tlog::hash::{Hash, sha256};
use tlog::note::Note;
use tlog::witness::{Accepted, Known};

/// One checkpoint that was cosigned, or will be once the record is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    time: NonZeroU64,
    note: Box<str>,
    checkpoint: Checkpoint,
}

impl Record {
    /// The record of an accepted checkpoint, to be cosigned at `time`.
    pub fn new(time: NonZeroU64, accepted: &Accepted) -> Self {
        Self {
            time,
            note: accepted.note().into(),
            checkpoint: accepted.checkpoint().clone(),
        }
    }

    /// Seconds since the epoch that our cosignatures carry.
    pub fn time(&self) -> NonZeroU64 {
        self.time
    }

    /// The checkpoint with the log's signature lines.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// What was cosigned.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// What the witness knows of this log.
    pub fn known(&self) -> Known {
        Known {
            size: self.checkpoint.size(),
            root: self.checkpoint.root(),
        }
    }
}

/// A whole group, read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// Bytes that it takes.
    pub(crate) length: usize,
    /// Hash of the group before.
    pub(crate) previous: Hash,
    /// Its own hash.
    pub(crate) hash: Hash,
    /// Its records, in the order in which they were accepted.
    pub(crate) records: Vec<Arc<Record>>,
}

/// Bytes of a group and its hash. Inverse of [`read_group`].
pub(crate) fn write_group(previous: Hash, records: &[Arc<Record>]) -> (Vec<u8>, Hash) {
    let length: usize = records
        .iter()
        .map(|record| RECORD_FRAME + record.note.len())
        .sum();
    let mut bytes = Vec::with_capacity(GROUP_FRAME + length);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&length_field(length));
    bytes.extend_from_slice(&previous.0);
    for record in records {
        bytes.extend_from_slice(&record.time.get().to_be_bytes());
        bytes.extend_from_slice(&length_field(record.note.len()));
        bytes.extend_from_slice(record.note.as_bytes());
    }
    let hash = sha256(&bytes);
    bytes.extend_from_slice(&hash.0);
    (bytes, hash)
}

/// The group at the beginning of `bytes`; `None` unless it is whole.
pub(crate) fn read_group(bytes: &[u8]) -> Option<Group> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (body_length, rest) = take_u32(rest)?;
    let (previous, rest) = rest.split_first_chunk::<32>()?;
    let (mut body, rest) = rest.split_at_checked(body_length)?;
    let (hash, _) = rest.split_first_chunk::<32>()?;
    let length = GROUP_FRAME + body_length;
    let hash = Hash(*hash);
    if sha256(bytes.get(..length - 32)?) != hash {
        return None;
    }
    let mut records = Vec::new();
    while !body.is_empty() {
        let (time, rest) = take_u64(body)?;
        let (note_length, rest) = take_u32(rest)?;
        let (note, rest) = rest.split_at_checked(note_length)?;
        let note = std::str::from_utf8(note).ok()?;
        let checkpoint = Checkpoint::parse(Note::parse(note.as_bytes()).ok()?.text()).ok()?;
        let time = NonZeroU64::new(time)?;
        records.push(Arc::new(Record {
            time,
            note: note.into(),
            checkpoint,
        }));
        body = rest;
    }
    Some(Group {
        length,
        previous: Hash(*previous),
        hash,
        records,
    })
}

/// Whether a whole group begins anywhere in `bytes` but at their very beginning. No log can fake one inside of its note:
/// a note has no byte below 0x20, and the length of a group under 512 MiB has.
pub(crate) fn holds_later_group(bytes: &[u8]) -> bool {
    let candidates = bytes.windows(MAGIC.len()).enumerate().skip(1);
    candidates
        .filter(|(_, window)| *window == MAGIC)
        .any(|(at, _)| bytes.get(at..).and_then(read_group).is_some())
}

/// First line of a journal.
pub(crate) const HEADER: &[u8] = b"vitrine-witness-journal/v1\n";

fn length_field(length: usize) -> [u8; 4] {
    u32::try_from(length)
        .expect("a group is at most 1,024 notes of 128 KiB")
        .to_be_bytes()
}

fn take_u32(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (field, rest) = bytes.split_first_chunk::<4>()?;
    Some((usize::try_from(u32::from_be_bytes(*field)).ok()?, rest))
}

fn take_u64(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (field, rest) = bytes.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*field), rest))
}

const MAGIC: &[u8] = b"VWJ1";

/// Magic, length, hash before, hash.
const GROUP_FRAME: usize = 4 + 4 + 32 + 32;

/// Time and length.
const RECORD_FRAME: usize = 8 + 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn record(size: u64) -> Arc<Record> {
        let checkpoint = Checkpoint::new("log.example", size, Hash([7; 32])).unwrap();
        let note = format!("{}\n\u{2014} log.example AAAAAAA=\n", checkpoint.to_text()).into();
        Arc::new(Record {
            time: NonZeroU64::new(1_700_000_000).unwrap(),
            note,
            checkpoint,
        })
    }

    #[test]
    fn read_group_is_the_inverse_of_write_group() {
        let records = [record(1), record(2)];
        let (bytes, hash) = write_group(Hash([9; 32]), &records);
        let group = read_group(&[bytes.as_slice(), b"more"].concat()).unwrap();
        assert_eq!(group.records, records);
        assert_eq!(
            (group.length, group.previous, group.hash),
            (bytes.len(), Hash([9; 32]), hash)
        );
    }

    #[test]
    fn refuses_a_group_cut_or_flipped_at_any_byte() {
        let (bytes, _) = write_group(Hash::default(), &[record(1)]);
        for at in 0..bytes.len() {
            assert_eq!(read_group(&bytes[..at]), None, "cut at {at}");
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert_eq!(read_group(&flipped), None, "flipped at {at}");
        }
    }

    #[test]
    fn refuses_a_group_whose_hash_holds_and_whose_record_does_not() {
        let mut time_zero = write_group(Hash::default(), &[record(1)]).0;
        time_zero[40..48].fill(0);
        let mut no_checkpoint = write_group(Hash::default(), &[record(1)]).0;
        no_checkpoint[52] = b'\n';
        for mut bytes in [time_zero, no_checkpoint] {
            let end = bytes.len() - 32;
            let hash = sha256(&bytes[..end]);
            bytes[end..].copy_from_slice(&hash.0);
            assert_eq!(read_group(&bytes), None);
        }
    }

    #[test]
    fn finds_a_later_group_at_any_distance_and_only_a_whole_one() {
        let (group, _) = write_group(Hash::default(), &[record(1)]);
        for distance in [1, 2, 3, 50] {
            let bytes = [vec![b'V'; distance], group.clone()].concat();
            assert!(holds_later_group(&bytes));
            assert!(!holds_later_group(&bytes[..bytes.len() - 1]));
        }
        assert!(!holds_later_group(&group));
    }
}
