//! The write-ahead log's segments (`tlog.md` §5.1, §5.2): what is here is the log.
//!
//! A segment is a file of fixed length, filled with zeros and synced before its first record, so that the sync of a
//! record changes data and no metadata. Its first block is a header, synced before the file gets its name; records
//! follow, each at the beginning of a block of 4 KiB. A sync therefore never rewrites a block that holds something
//! acknowledged, and a reader that lost its way looks for a header only where blocks begin.
//!
//! A segment whose entries are in synced tiles becomes the spare one and is used again. Old records in it open with
//! another tag than the new header names.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::FallocateFlags;
use tlog::hash::{Hash, sha256};

use super::faults::{Faults, Write};
use super::record::{HEADER, Header, Kind, Record, Tag, parse_record};

/// The segment that takes records, and where the next one goes.
pub(super) struct Wal {
    segment: Segment,
    /// Offset of the next record.
    end: u64,
    /// Number of the next record.
    number: u64,
    /// Number of the last record known to be on the medium.
    durable: u64,
    faults: Faults,
}

/// What a new record says; number, tag and what is durable are the log's to fill in.
#[derive(Clone, Copy)]
pub(super) struct NewRecord {
    pub(super) kind: Kind,
    pub(super) time: u64,
    pub(super) first: u64,
    pub(super) count: u32,
    pub(super) before: Hash,
    pub(super) after: Hash,
}

impl Wal {
    /// Goes on in `segment` at `end`, behind record `number` − 1, with everything before synced.
    pub(super) fn resume(segment: Segment, end: u64, number: u64, faults: Faults) -> Self {
        Self {
            segment,
            end,
            number,
            durable: number - 1,
            faults,
        }
    }

    /// Whether a record with `body` bytes still fits into the segment.
    pub(super) fn has_room(&self, body: usize) -> bool {
        let length = u64::try_from(padded(HEADER + body)).unwrap_or(u64::MAX);
        self.end.saturating_add(length) <= self.segment.length
    }

    /// Whether more than half of the segment is used.
    pub(super) fn is_half_full(&self) -> bool {
        self.end * 2 > self.segment.length
    }

    /// Appends one record without syncing it. `buffer` is [`HEADER`] bytes to write over, then the body; it is given
    /// back with the header filled in.
    ///
    /// A crash before the next sync leaves all of it, nothing, or any of its sectors.
    pub(super) fn append(&mut self, record: NewRecord, buffer: &mut Vec<u8>) -> io::Result<()> {
        let length = buffer.len();
        let body = u32::try_from(length.saturating_sub(HEADER)).map_err(io::Error::other)?;
        let header = Header {
            tag: self.segment.tag,
            kind: record.kind,
            length: body,
            number: self.number,
            durable: self.durable,
            time: record.time,
            first: record.first,
            count: record.count,
            before: record.before,
            after: record.after,
        };
        if let Some(place) = buffer.first_chunk_mut::<HEADER>() {
            *place = header.to_bytes();
        }
        buffer.resize(padded(length), 0);
        let name = match record.kind {
            Kind::Group => Write::Group,
            Kind::Quorum => Write::Quorum,
            Kind::Signed => Write::Signed,
        };
        let (file, end) = (&self.segment.file, self.end);
        self.faults
            .write(name, buffer, |part, at| file.write_all_at(part, end + at))?;
        self.end += u64::try_from(buffer.len()).map_err(io::Error::other)?;
        self.number += 1;
        buffer.truncate(length);
        Ok(())
    }

    /// Whether every record is on the medium.
    pub(super) fn is_synced(&self) -> bool {
        self.durable + 1 == self.number
    }

    /// Puts every record on the medium. After an error nobody knows what is there, and a second sync could call lost
    /// pages clean (F2): the caller must stop for good.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        let file = &self.segment.file;
        self.faults.act(Write::Sync, || file.sync_data())?;
        self.durable = self.number - 1;
        Ok(())
    }

    /// Goes on in `spare` from entry `first` on, where the tree has `root`. Everything before must be synced.
    ///
    /// A crash before the name leaves a spare segment; after it, an empty last segment.
    pub(super) fn go_on_in(
        &mut self,
        spare: Spare<'_>,
        first: u64,
        root: Hash,
    ) -> io::Result<Start> {
        let start = Start {
            first,
            number: self.number,
            root,
        };
        self.segment = spare.name(start)?;
        self.end = BLOCK_LENGTH;
        Ok(start)
    }
}

/// Where a segment begins in the log; its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    /// Index of the first entry that it can hold; its name.
    pub(super) first: u64,
    /// Number of its first record.
    pub(super) number: u64,
    /// Root of the tree of `first` entries.
    pub(super) root: Hash,
}

/// A named segment.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) start: Start,
    tag: Tag,
    length: u64,
    file: File,
}

impl Segment {
    /// Opens the segment at `path`; `None` if its header is damaged or names another first entry than the file does.
    pub(super) fn open(path: &Path, first: u64) -> io::Result<Option<Self>> {
        Self::of(OpenOptions::new().read(true).write(true).open(path)?, first)
    }

    /// [`Segment::open`] for those who only read.
    pub(super) fn open_to_read(path: &Path, first: u64) -> io::Result<Option<Self>> {
        Self::of(File::open(path)?, first)
    }

    fn of(file: File, first: u64) -> io::Result<Option<Self>> {
        let length = file.metadata()?.len();
        let mut header = [0; SEGMENT_HEADER];
        if length < BLOCK_LENGTH {
            return Ok(None);
        }
        file.read_exact_at(&mut header, 0)?;
        Ok(parse_header(&header)
            .filter(|(_, start)| start.first == first)
            .map(|(tag, start)| Self {
                start,
                tag,
                length,
                file,
            }))
    }

    /// Hands the records with their offsets to `whole` in their order, until one is not the next of this segment or `whole` says that it does
    /// not fit the tree.
    pub(super) fn replay<E: From<io::Error>>(
        &self,
        mut whole: impl FnMut(&Record<'_>, u64) -> Result<bool, E>,
    ) -> Result<End, E> {
        let mut end = End {
            offset: BLOCK_LENGTH,
            number: self.start.number,
        };
        let mut buffer = Vec::new();
        while let Some(record) = self.read(end, &mut buffer)? {
            if !whole(&record, end.offset)? {
                break;
            }
            let length = padded(record.header.whole_length());
            end.offset += u64::try_from(length).map_err(io::Error::other)?;
            end.number += 1;
        }
        Ok(end)
    }

    /// Headers of this segment's records behind its end: what a crash left of an unfinished tail, or what follows damage.
    pub(super) fn remains(&self, end: End) -> io::Result<Vec<(u64, Header)>> {
        let mut remains = Vec::new();
        let mut chunk = vec![0; SCAN];
        let mut offset = end.offset;
        while offset < self.length {
            let left = usize::try_from(self.length - offset).unwrap_or(SCAN);
            chunk.truncate(left.min(SCAN));
            self.file.read_exact_at(&mut chunk, offset)?;
            for (block, at) in chunk.chunks(BLOCK).zip((offset..).step_by(BLOCK)) {
                let header = block.first_chunk().and_then(Header::parse);
                remains.extend(header.filter(|h| h.tag == self.tag).map(|h| (at, h)));
            }
            offset += u64::try_from(chunk.len()).map_err(io::Error::other)?;
        }
        Ok(remains)
    }

    /// Writes what stands from `from` to `to` once more and syncs it. After a kill it is in the page cache and perhaps not on
    /// the medium; after a failed sync (F2) those pages can be called clean without being there, so syncing alone would
    /// not do.
    pub(super) fn write_again(&self, from: u64, to: u64) -> io::Result<()> {
        let mut chunk = vec![0; SCAN];
        let mut offset = from;
        while offset < to {
            chunk.truncate(usize::try_from(to - offset).unwrap_or(SCAN).min(SCAN));
            self.file.read_exact_at(&mut chunk, offset)?;
            self.file.write_all_at(&chunk, offset)?;
            offset += u64::try_from(chunk.len()).map_err(io::Error::other)?;
        }
        self.file.sync_data()
    }

    /// Overwrites the blocks at `offsets`, so that nothing behind the end opens like a record.
    pub(super) fn erase(&self, offsets: impl Iterator<Item = u64>) -> io::Result<()> {
        for offset in offsets {
            self.file.write_all_at(&[0; BLOCK], offset)?;
        }
        self.file.sync_data()
    }

    fn read<'b>(&self, at: End, buffer: &'b mut Vec<u8>) -> io::Result<Option<Record<'b>>> {
        let room = self.length.saturating_sub(at.offset);
        if room < BLOCK_LENGTH {
            return Ok(None);
        }
        buffer.resize(HEADER, 0);
        self.file.read_exact_at(buffer, at.offset)?;
        let header = buffer.first_chunk().and_then(Header::parse);
        let expected = |header: &Header| header.tag == self.tag && header.number == at.number;
        let Some(header) = header.filter(expected) else {
            return Ok(None);
        };
        if u64::try_from(header.whole_length()).unwrap_or(u64::MAX) > room {
            return Ok(None);
        }
        buffer.resize(header.whole_length(), 0);
        self.file.read_exact_at(buffer, at.offset)?;
        Ok(parse_record(buffer))
    }
}

/// Where the records of a segment end, and the number that the next one would have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) offset: u64,
    pub(super) number: u64,
}

/// The folder of segments: which there are, the spare one, and how one is no longer needed.
pub(super) struct Segments {
    folder: PathBuf,
    length: u64,
    faults: Faults,
    /// Held while the spare segment is made, taken or replaced.
    spare: Mutex<()>,
}

impl Segments {
    pub(super) fn new(folder: PathBuf, length: u64, faults: Faults) -> Self {
        Self {
            folder,
            length,
            faults,
            spare: Mutex::new(()),
        }
    }

    /// The named segments by their first entry.
    pub(super) fn list(&self) -> io::Result<BTreeMap<u64, PathBuf>> {
        list(&self.folder)
    }

    /// Makes the spare segment if there is none. A crash leaves an unfinished file without a name that counts.
    pub(super) fn prepare_spare(&self) -> io::Result<()> {
        let _held = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        self.make_spare()
    }

    /// Takes the spare segment, or makes one now. Without space this fails, and nothing has changed (F3).
    pub(super) fn take_spare(&self) -> io::Result<Spare<'_>> {
        let held = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        self.make_spare()?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.folder.join(SPARE))?;
        Ok(Spare {
            segments: self,
            file,
            _held: held,
        })
    }

    /// The segments before `first` are no longer needed: one becomes the spare, the others go.
    ///
    /// A crash leaves them; the next start takes them up again.
    pub(super) fn recycle_before(&self, first: u64) -> io::Result<()> {
        let _held = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let spare = self.folder.join(SPARE);
        for (_, path) in self.list()?.range(..first) {
            self.faults.act(Write::Recycle, || {
                let fits = fs::metadata(path)?.len() == self.length;
                if fits && !spare.try_exists()? {
                    fs::rename(path, &spare)
                } else {
                    fs::remove_file(path)
                }
            })?;
        }
        sync_folder(&self.folder)
    }

    fn make_spare(&self) -> io::Result<()> {
        let spare = self.folder.join(SPARE);
        let usable = fs::metadata(&spare).is_ok_and(|found| found.len() == self.length);
        if usable {
            return Ok(());
        }
        let unfinished = self.folder.join("unfinished");
        let filled = self.fill(&unfinished);
        if filled.is_err() {
            // On a full disk the part that was written must not keep others from writing.
            let _ = fs::remove_file(&unfinished);
        }
        filled?;
        fs::rename(&unfinished, &spare)
    }

    /// Zeros up to the length, synced, so that later syncs find every block in its place.
    fn fill(&self, path: &Path) -> io::Result<()> {
        let file = File::create(path)?;
        // Asked first because it tells at once whether there is space; not every file system can.
        match rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, self.length) {
            Ok(()) | Err(rustix::io::Errno::OPNOTSUPP) => {}
            Err(error) => return Err(error.into()),
        }
        let zeros = vec![0; SCAN];
        let mut offset = 0;
        while offset < self.length {
            let left = usize::try_from(self.length - offset).unwrap_or(SCAN);
            let part = zeros.get(..left.min(SCAN)).unwrap_or(&zeros);
            self.faults.write(Write::SegmentFill, part, |part, at| {
                file.write_all_at(part, offset + at)
            })?;
            offset += u64::try_from(part.len()).map_err(io::Error::other)?;
        }
        file.sync_all()
    }
}

/// The named segments in a folder by their first entry.
pub(super) fn list(folder: &Path) -> io::Result<BTreeMap<u64, PathBuf>> {
    let mut segments = BTreeMap::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(first) = name.and_then(first_of_name) {
            segments.insert(first, path);
        }
    }
    Ok(segments)
}

/// A filled segment without a place in the log yet.
pub(super) struct Spare<'a> {
    segments: &'a Segments,
    file: File,
    _held: std::sync::MutexGuard<'a, ()>,
}

impl Spare<'_> {
    /// Gives it a header, then its name. Each is synced before the next, so that a named segment has a whole header and
    /// no record in it can be lost with the name.
    pub(super) fn name(self, start: Start) -> io::Result<Segment> {
        let Self { segments, file, .. } = self;
        let tag = RandomState::new().hash_one(start.number).to_be_bytes();
        let mut block = [0; BLOCK];
        if let Some(place) = block.first_chunk_mut() {
            *place = header_bytes(tag, start);
        }
        let faults = &segments.faults;
        faults.write(Write::SegmentHeader, &block, |part, at| {
            file.write_all_at(part, at)
        })?;
        file.sync_data()?;
        let path = segments.folder.join(name(start.first));
        faults.act(Write::SegmentName, || {
            fs::rename(segments.folder.join(SPARE), path)?;
            sync_folder(&segments.folder)
        })?;
        let length = segments.length;
        Ok(Segment {
            start,
            tag,
            length,
            file,
        })
    }
}

/// Puts the names in a folder on the medium.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Records begin at multiples of this; also the page size, so that no two records share one.
pub(super) const BLOCK: usize = 4096;

const BLOCK_LENGTH: u64 = 4096;

/// Magic (16), tag (8), first entry (8), first record (8), root (32), SHA-256 of all this (32).
const SEGMENT_HEADER: usize = 104;

const MAGIC: &[u8; 16] = b"vitrine wal v1\n\0";

/// How much is written or looked at in one call; a multiple of the block.
const SCAN: usize = 1 << 20;

const SPARE: &str = "spare";

/// `length` rounded up to whole blocks.
pub(super) fn padded(length: usize) -> usize {
    length.next_multiple_of(BLOCK)
}

fn name(first: u64) -> String {
    format!("{first:020}.wal")
}

fn first_of_name(text: &str) -> Option<u64> {
    let first = text.strip_suffix(".wal")?.parse().ok()?;
    (name(first) == text).then_some(first)
}

fn header_bytes(tag: Tag, start: Start) -> [u8; SEGMENT_HEADER] {
    let mut bytes = Vec::with_capacity(SEGMENT_HEADER);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&tag);
    bytes.extend_from_slice(&start.first.to_be_bytes());
    bytes.extend_from_slice(&start.number.to_be_bytes());
    bytes.extend_from_slice(&start.root.0);
    bytes.extend_from_slice(&sha256(&bytes).0);
    bytes
        .try_into()
        .expect("the fields above have 104 bytes together")
}

fn parse_header(bytes: &[u8; SEGMENT_HEADER]) -> Option<(Tag, Start)> {
    let (tag, rest) = bytes.strip_prefix(MAGIC)?.split_first_chunk()?;
    let (first, rest) = rest.split_first_chunk()?;
    let (number, rest) = rest.split_first_chunk()?;
    let (root, _) = rest.split_first_chunk()?;
    let start = Start {
        first: u64::from_be_bytes(*first),
        number: u64::from_be_bytes(*number),
        root: Hash(*root),
    };
    (header_bytes(*tag, start) == *bytes).then_some((*tag, start))
}
