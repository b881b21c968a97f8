//! Kept quorum checkpoints (`tlog.md` §5.2 step 8, `evidence.md` §12): all of the last day, then one an hour. A proof
//! goes to the first kept one that covers its entry, so that equal questions get equal bytes.
//!
//! The folder `quorum` holds one file an hour, named by the hours since the epoch: notes one after the other, each behind
//! its size, time, length and hash. Notes are appended without a sync; the write-ahead log holds them until `head` passes.
//! Of an hour that is over for a day, the last note stays: it covers every entry of that hour.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tlog::checkpoint::Checkpoint;
use tlog::hash::{Hash, sha256};
use tlog::note::{MAX_NOTE, Note};

use super::faults::{Faults, Write};

/// A checkpoint that a quorum cosigned, as it is kept for proofs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumCheckpoint {
    /// Number of entries.
    pub size: u64,
    /// When the quorum was reached by this node's clock, in seconds since the epoch.
    pub time: u64,
    /// The note with the lines of the log and of witnesses.
    pub note: Arc<str>,
}

/// The kept checkpoints of one log.
pub(super) struct Kept {
    folder: PathBuf,
    faults: Faults,
    /// By size, which is also the order of hours and offsets.
    places: BTreeMap<u64, Place>,
    latest: Option<QuorumCheckpoint>,
}

impl Kept {
    /// Reads the folder. Checkpoints above `synced` entries may not have survived a power cut: the first of them that is
    /// damaged is cut with all that follow. The write-ahead log has them.
    pub(super) fn open(folder: PathBuf, faults: Faults, synced: u64) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let mut kept = Self {
            folder,
            faults,
            places: BTreeMap::new(),
            latest: None,
        };
        let mut is_cut = false;
        for hour in hours(&kept.folder)? {
            let path = kept.folder.join(name(hour));
            let mut file = BufReader::new(File::open(&path)?);
            let mut end = 0;
            // A day holds too many notes to read them all at each start; their prefixes will do.
            while let Some((size, place)) = read_prefix(&mut file, hour, end)?.filter(|_| !is_cut) {
                let follows = kept
                    .places
                    .last_key_value()
                    .is_none_or(|(last, _)| *last < size);
                if !follows || (size > synced && kept.read(size, place).is_err()) {
                    break;
                }
                kept.places.insert(size, place);
                end += place.length();
                file.seek(SeekFrom::Start(end))?;
            }
            if end < fs::metadata(&path)?.len() {
                is_cut = true;
                OpenOptions::new().write(true).open(&path)?.set_len(end)?;
            }
        }
        if let Some((size, place)) = kept.places.last_key_value() {
            kept.latest = Some(kept.read(*size, *place)?);
        }
        Ok(kept)
    }

    /// Keeps one more, unless it is not larger than the latest. Not synced: see the module.
    ///
    /// A crash leaves a cut-off note, which the next start cuts and adds again.
    pub(super) fn add(&mut self, checkpoint: QuorumCheckpoint) -> io::Result<()> {
        if self
            .latest
            .as_ref()
            .is_some_and(|latest| checkpoint.size <= latest.size)
        {
            return Ok(());
        }
        // A clock that went back must not put a larger checkpoint into an earlier file.
        let last = self.places.last_key_value();
        let hour = last
            .map_or(0, |(_, place)| place.hour)
            .max(checkpoint.time / HOUR);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.folder.join(name(hour)))?;
        let offset = last
            .filter(|(_, place)| place.hour == hour)
            .map_or(0, |(_, place)| place.offset + place.length());
        let bytes = to_bytes(&checkpoint);
        self.faults.write(Write::Kept, &bytes, |part, at| {
            file.write_all_at(part, offset + at)
        })?;
        let place = Place {
            hour,
            offset,
            note: checkpoint.note.len(),
            time: checkpoint.time,
            hash: sha256(checkpoint.note.as_bytes()),
        };
        self.places.insert(checkpoint.size, place);
        self.latest = Some(checkpoint);
        Ok(())
    }

    /// The newest one.
    pub(super) fn latest(&self) -> Option<&QuorumCheckpoint> {
        self.latest.as_ref()
    }

    /// The first one whose tree holds entry `index`.
    pub(super) fn first_covering(&self, index: u64) -> io::Result<Option<QuorumCheckpoint>> {
        let from = index.saturating_add(1);
        let Some((size, place)) = self.places.range(from..).next() else {
            return Ok(None);
        };
        if let Some(latest) = self.latest.as_ref().filter(|latest| latest.size == *size) {
            return Ok(Some(latest.clone()));
        }
        self.read(*size, *place).map(Some)
    }

    /// The largest one below `size`.
    pub(super) fn before(&self, size: u64) -> io::Result<Option<QuorumCheckpoint>> {
        let Some((size, place)) = self.places.range(..size).next_back() else {
            return Ok(None);
        };
        self.read(*size, *place).map(Some)
    }

    /// Of each hour that is over for a day at `now`, keeps the last.
    ///
    /// The shorter file is synced and renamed over the longer one: a crash leaves either.
    pub(super) fn thin_out(&mut self, now: u64) -> io::Result<()> {
        let due = (now / HOUR).saturating_sub(DAY_HOURS);
        let mut hours: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for (size, place) in &self.places {
            if place.hour < due {
                hours.entry(place.hour).or_default().push(*size);
            }
        }
        for (hour, sizes) in hours {
            let Some((last, earlier)) = sizes.split_last().filter(|(_, rest)| !rest.is_empty())
            else {
                continue;
            };
            let Some(place) = self.places.get(last).copied() else {
                continue;
            };
            let checkpoint = self.read(*last, place)?;
            let unfinished = self.folder.join("unfinished");
            let file = File::create(&unfinished)?;
            file.write_all_at(&to_bytes(&checkpoint), 0)?;
            file.sync_all()?;
            fs::rename(&unfinished, self.folder.join(name(hour)))?;
            for size in earlier {
                self.places.remove(size);
            }
            self.places.insert(*last, Place { offset: 0, ..place });
        }
        Ok(())
    }

    fn read(&self, size: u64, place: Place) -> io::Result<QuorumCheckpoint> {
        let mut bytes = vec![0; place.note];
        let file = File::open(self.folder.join(name(place.hour)))?;
        file.read_exact_at(&mut bytes, place.offset + PREFIX_LENGTH)?;
        if sha256(&bytes) != place.hash {
            return Err(io::Error::other("a kept checkpoint is damaged"));
        }
        let note = String::from_utf8(bytes).map_err(io::Error::other)?;
        Ok(QuorumCheckpoint {
            size,
            time: place.time,
            note: note.into(),
        })
    }
}

/// All kept checkpoints of a folder in the order of their sizes, without changing anything.
pub(super) fn read_all(folder: &Path) -> io::Result<Vec<QuorumCheckpoint>> {
    let mut all = Vec::new();
    for hour in hours(folder)? {
        let mut file = BufReader::new(File::open(folder.join(name(hour)))?);
        let mut offset = 0;
        while let Some((size, place)) = read_prefix(&mut file, hour, offset)? {
            let mut note = vec![0; place.note];
            if file.read_exact(&mut note).is_err() || sha256(&note) != place.hash {
                break;
            }
            offset += place.length();
            let note = String::from_utf8_lossy(&note).into();
            all.push(QuorumCheckpoint {
                size,
                time: place.time,
                note,
            });
        }
    }
    Ok(all)
}

/// The size that a note speaks of; `None` if it is no checkpoint.
pub(super) fn size_of(note: &str) -> Option<u64> {
    let note = Note::parse(note.as_bytes()).ok()?;
    Some(Checkpoint::parse(note.text()).ok()?.size())
}

#[derive(Clone, Copy, Debug)]
struct Place {
    hour: u64,
    offset: u64,
    note: usize,
    time: u64,
    hash: Hash,
}

impl Place {
    fn length(self) -> u64 {
        PREFIX_LENGTH + u64::try_from(self.note).unwrap_or(0)
    }
}

fn hours(folder: &Path) -> io::Result<Vec<u64>> {
    let mut hours = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?.file_name();
        let hour = file.to_str().and_then(|text| text.parse().ok());
        hours.extend(hour.filter(|hour| file.to_str() == Some(&name(*hour))));
    }
    hours.sort_unstable();
    Ok(hours)
}

/// The prefix at `offset` of an hour's file, which the reader has reached; `None` at the end and where it is none.
fn read_prefix(file: &mut impl Read, hour: u64, offset: u64) -> io::Result<Option<(u64, Place)>> {
    let mut prefix = [0; PREFIX];
    match file.read_exact(&mut prefix) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    Ok(parse_prefix(&prefix, hour, offset))
}

fn parse_prefix(prefix: &[u8; PREFIX], hour: u64, offset: u64) -> Option<(u64, Place)> {
    let (size, rest) = prefix.split_first_chunk()?;
    let (time, rest) = rest.split_first_chunk()?;
    let (length, hash) = rest.split_first_chunk()?;
    let place = Place {
        hour,
        offset,
        note: usize::try_from(u32::from_be_bytes(*length)).ok()?,
        time: u64::from_be_bytes(*time),
        hash: Hash(hash.try_into().ok()?),
    };
    let is_note = (1..=MAX_NOTE).contains(&place.note);
    is_note.then_some((u64::from_be_bytes(*size), place))
}

fn to_bytes(checkpoint: &QuorumCheckpoint) -> Vec<u8> {
    let note = checkpoint.note.as_bytes();
    let Hash(hash) = sha256(note);
    let mut bytes = Vec::with_capacity(PREFIX + note.len());
    bytes.extend_from_slice(&checkpoint.size.to_be_bytes());
    bytes.extend_from_slice(&checkpoint.time.to_be_bytes());
    bytes.extend_from_slice(&u32::try_from(note.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(&hash);
    bytes.extend_from_slice(note);
    bytes
}

fn name(hour: u64) -> String {
    format!("{hour:08}")
}

/// Size (8), time (8), length (4), SHA-256 of the note (32).
const PREFIX: usize = 52;

const PREFIX_LENGTH: u64 = 52;

const HOUR: u64 = 3600;

const DAY_HOURS: u64 = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::faults::{Fault, Part};

    fn checkpoint(size: u64, time: u64) -> QuorumCheckpoint {
        let text = Checkpoint::new("log.example/v1", size, Hash([1; 32])).unwrap();
        let note = format!("{}\n\u{2014} log.example/v1 AAAAAAA=\n", text.to_text());
        QuorumCheckpoint {
            size,
            time,
            note: note.into(),
        }
    }

    fn open(folder: &Path) -> Kept {
        Kept::open(folder.join("quorum"), Faults::default(), 0).unwrap()
    }

    fn sizes(folder: &Path) -> Vec<u64> {
        let all = read_all(&folder.join("quorum")).unwrap();
        all.iter().map(|kept| kept.size).collect()
    }

    #[test]
    fn the_first_that_covers_is_the_smallest_above_the_index() {
        let folder = tempfile::tempdir().unwrap();
        let mut kept = open(folder.path());
        for (size, time) in [(3, 10), (7, 20), (7, 21), (9, 9000)] {
            kept.add(checkpoint(size, time)).unwrap();
        }
        for kept in [kept, open(folder.path())] {
            for (index, size) in [(0, 3), (2, 3), (3, 7), (6, 7), (7, 9), (8, 9)] {
                let covering = kept.first_covering(index).unwrap().unwrap();
                assert_eq!(
                    (covering.size, covering.time),
                    (size, checkpoint_time(size))
                );
                assert_eq!(covering.note, checkpoint(size, 0).note);
            }
            assert_eq!(kept.first_covering(9).unwrap(), None);
            assert_eq!(kept.first_covering(u64::MAX).unwrap(), None);
            assert_eq!(kept.latest(), Some(&checkpoint(9, 9000)));
        }
    }

    #[test]
    fn the_one_before_is_the_largest_below_the_size() {
        let folder = tempfile::tempdir().unwrap();
        let mut kept = open(folder.path());
        assert_eq!(kept.before(u64::MAX).unwrap(), None);
        for (size, time) in [(0, 5), (3, 10), (7, 20), (9, 9000)] {
            kept.add(checkpoint(size, time)).unwrap();
        }
        for kept in [kept, open(folder.path())] {
            for (size, before) in [
                (0, None),
                (1, Some(0)),
                (7, Some(3)),
                (8, Some(7)),
                (u64::MAX, Some(9)),
            ] {
                let found = kept.before(size).unwrap();
                assert_eq!(found.map(|kept| kept.size), before, "before {size}");
            }
        }
    }

    fn checkpoint_time(size: u64) -> u64 {
        match size {
            3 => 10,
            7 => 20,
            _ => 9000,
        }
    }

    #[test]
    fn after_a_day_the_last_of_each_hour_stays() {
        let folder = tempfile::tempdir().unwrap();
        let mut kept = open(folder.path());
        for (size, time) in [
            (1, 0),
            (2, 3599),
            (3, 3600),
            (4, 7000),
            (5, 7200),
            (6, 7201),
        ] {
            kept.add(checkpoint(size, time)).unwrap();
        }
        kept.thin_out(24 * 3600).unwrap();
        assert_eq!(sizes(folder.path()), [1, 2, 3, 4, 5, 6]);
        kept.thin_out(26 * 3600).unwrap();
        assert_eq!(sizes(folder.path()), [2, 4, 5, 6]);
        let mut kept = open(folder.path());
        assert_eq!(kept.latest(), Some(&checkpoint(6, 7201)));
        kept.add(checkpoint(7, 7300)).unwrap();
        kept.thin_out(27 * 3600).unwrap();
        assert_eq!(sizes(folder.path()), [2, 4, 7]);
        let covering = kept.first_covering(1).unwrap().unwrap();
        assert_eq!(covering, checkpoint(2, 3599));
    }

    #[test]
    fn a_clock_that_goes_back_keeps_the_order() {
        let folder = tempfile::tempdir().unwrap();
        let mut kept = open(folder.path());
        for (size, time) in [(1, 90_000), (2, 5), (3, 90_001)] {
            kept.add(checkpoint(size, time)).unwrap();
        }
        assert_eq!(sizes(folder.path()), [1, 2, 3]);
    }

    #[test]
    fn f6_a_note_that_is_cut_off_or_damaged_is_cut_and_added_again() {
        for part in [Part::Beginning, Part::End] {
            let folder = tempfile::tempdir().unwrap();
            let faults = Faults::injectable();
            let mut kept = Kept::open(folder.path().join("quorum"), faults.clone(), 0).unwrap();
            kept.add(checkpoint(1, 10)).unwrap();
            faults.arm(Write::Kept, 0, Fault::Torn(part));
            kept.add(checkpoint(2, 11)).unwrap();
            kept.add(checkpoint(3, 12)).unwrap();
            let mut kept = open(folder.path());
            assert_eq!(sizes(folder.path()), [1], "{part:?}");
            assert_eq!(kept.latest(), Some(&checkpoint(1, 10)));
            kept.add(checkpoint(2, 11)).unwrap();
            kept.add(checkpoint(3, 12)).unwrap();
            assert_eq!(sizes(folder.path()), [1, 2, 3]);
        }
    }
}
