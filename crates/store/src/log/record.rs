//! Records of the write-ahead log (`tlog.md` §5.1): a header of fixed length, then a body.
//!
//! ```text
//!   0  tag      8   random, one per segment: bytes of another life of the file, or of an entry, cannot open with it
//!   8  kind     4   1 group, 2 quorum checkpoint, 3 signed checkpoint
//!  12  length   4   of the body
//!  16  number   8   of this record, 1 for the first of the log
//!  24  durable  8   number of the last record known to be on the medium when this one was written
//!  32  time     8   seconds since the epoch by the node's clock; informs, decides nothing
//!  40  first    8   group: index of its first entry; checkpoint: its size
//!  48  count    4   group: how many entries; checkpoint: 0
//!  52  before  32   root of the tree before
//!  84  after   32   group: root of the tree after; checkpoint: SHA-256 of the body
//! 116  body         group: entries framed as in an entry bundle; checkpoint: the note
//! ```
//!
//! Numbers are big-endian. There is no other checksum: a group is whole if and only if `before` chains and `after`
//! recomputes. `durable` tells a torn tail, which may be cut, from damage to what was acknowledged, which may not: a
//! record that is missing although a later one knew it durable is damage.
//!
//! ```
//! use store::log::{Kind, parse_record};
//! use tlog::hash::Hash;
//!
//! let mut bytes = vec![0; 116];
//! bytes[11] = 1; // a group
//! bytes[15] = 3; // of three bytes
//! bytes[23] = 1; // the first record
//! bytes[51] = 1; // with one entry
//! bytes.extend(*b"\x00\x01x");
//! let record = parse_record(&bytes).expect("whole");
//! assert_eq!((record.header.kind, record.body), (Kind::Group, &b"\x00\x01x"[..]));
//! assert_eq!(record.header.before, Hash([0; 32]));
//! assert_eq!(parse_record(&bytes[..118]), None);
//! ```

use tlog::hash::Hash;

/// The bytes with which every record of one segment opens.
pub type Tag = [u8; 8];

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// Entries that are in the log from here on.
    Group = 1,
    /// A checkpoint with the cosignatures of a quorum.
    Quorum = 2,
    /// A checkpoint that the log signed. Its signature leaves the process only once this record is durable.
    Signed = 3,
}

/// A record's header; the fields are those of the module's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The segment's tag.
    pub tag: Tag,
    /// What the body is.
    pub kind: Kind,
    /// Bytes of the body.
    pub length: u32,
    /// Number of this record, from 1.
    pub number: u64,
    /// Number of the last record known durable when this one was written, 0 for none; below `number`.
    pub durable: u64,
    /// Seconds since the epoch.
    pub time: u64,
    /// Index of the first entry, or size of the checkpoint.
    pub first: u64,
    /// Number of entries, or 0.
    pub count: u32,
    /// Root of the tree before.
    pub before: Hash,
    /// Root of the tree after, or SHA-256 of the body.
    pub after: Hash,
}

impl Header {
    /// Reads a header; `None` for an unknown kind, a number not above `durable`, or a count that the kind forbids.
    pub fn parse(bytes: &[u8; HEADER]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let header = Self {
            tag: fields.take()?,
            kind: kind(u32::from_be_bytes(fields.take()?))?,
            length: u32::from_be_bytes(fields.take()?),
            number: u64::from_be_bytes(fields.take()?),
            durable: u64::from_be_bytes(fields.take()?),
            time: u64::from_be_bytes(fields.take()?),
            first: u64::from_be_bytes(fields.take()?),
            count: u32::from_be_bytes(fields.take()?),
            before: Hash(fields.take()?),
            after: Hash(fields.take()?),
        };
        let holds_entries = header.kind == Kind::Group;
        if header.durable >= header.number || (header.count > 0) != holds_entries {
            return None;
        }
        Some(header)
    }

    /// Inverse of [`Header::parse`].
    pub fn to_bytes(&self) -> [u8; HEADER] {
        let mut bytes = Vec::with_capacity(HEADER);
        bytes.extend_from_slice(&self.tag);
        bytes.extend_from_slice(&(self.kind as u32).to_be_bytes());
        bytes.extend_from_slice(&self.length.to_be_bytes());
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes.extend_from_slice(&self.durable.to_be_bytes());
        bytes.extend_from_slice(&self.time.to_be_bytes());
        bytes.extend_from_slice(&self.first.to_be_bytes());
        bytes.extend_from_slice(&self.count.to_be_bytes());
        bytes.extend_from_slice(&self.before.0);
        bytes.extend_from_slice(&self.after.0);
        bytes
            .try_into()
            .expect("the fields above have 116 bytes together")
    }

    /// Bytes of header and body.
    pub fn whole_length(&self) -> usize {
        HEADER + usize::try_from(self.length).unwrap_or(usize::MAX - HEADER)
    }
}

/// A record whose form is right; whether it is whole only the tree can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its header.
    pub header: Header,
    /// Framed entries, or a note.
    pub body: &'a [u8],
}

impl<'a> Record<'a> {
    /// The entries of a group in their order; none for a checkpoint.
    pub fn entries(&self) -> Frames<'a> {
        Frames(match self.header.kind {
            Kind::Group => self.body,
            Kind::Quorum | Kind::Signed => &[],
        })
    }
}

/// Reads the record at the beginning of `bytes`, which may be longer; `None` if the header is wrong, the body is cut off,
/// or a group's frames are not exactly its entries.
pub fn parse_record(bytes: &[u8]) -> Option<Record<'_>> {
    let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
    let header = Header::parse(header)?;
    let body = rest.get(..usize::try_from(header.length).ok()?)?;
    let record = Record { header, body };
    if header.kind == Kind::Group && !frames_exactly(body, header.count) {
        return None;
    }
    Some(record)
}

/// Entries framed as in an entry bundle, one after the other; ends early where a frame is cut off.
#[derive(Clone, Debug)]
pub struct Frames<'a>(&'a [u8]);

impl<'a> Frames<'a> {
    /// Walks over `bytes`.
    pub fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<FRAME>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        self.0 = rest;
        Some(entry)
    }
}

/// Bytes of a header.
pub const HEADER: usize = 116;

/// Bytes of the length in front of an entry.
pub(super) const FRAME: usize = 2;

fn kind(number: u32) -> Option<Kind> {
    match number {
        1 => Some(Kind::Group),
        2 => Some(Kind::Quorum),
        3 => Some(Kind::Signed),
        _ => None,
    }
}

fn frames_exactly(body: &[u8], count: u32) -> bool {
    let mut frames = Frames::of(body);
    let mut found = 0u32;
    while frames.next().is_some() {
        found += 1;
    }
    found == count && frames.0.is_empty()
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header() -> Header {
        Header {
            tag: *b"segment1",
            kind: Kind::Group,
            length: 7,
            number: 9,
            durable: 8,
            time: 1_800_000_000,
            first: 300,
            count: 2,
            before: Hash([1; 32]),
            after: Hash([2; 32]),
        }
    }

    fn bytes(header: Header, body: &[u8]) -> Vec<u8> {
        [header.to_bytes().as_slice(), body].concat()
    }

    const TWO: &[u8] = b"\x00\x02ab\x00\x01c";

    #[test]
    fn reads_what_was_written_and_passes_over_what_follows() {
        let whole = bytes(header(), TWO);
        let longer = [whole.as_slice(), b"more"].concat();
        let record = parse_record(&longer).unwrap();
        assert_eq!(record.header, header());
        assert_eq!(
            record.entries().collect::<Vec<_>>(),
            [&b"ab"[..], &b"c"[..]]
        );
        assert_eq!(record.header.whole_length(), whole.len());
    }

    #[test]
    fn refuses_a_record_cut_at_every_byte() {
        let whole = bytes(header(), TWO);
        for end in 0..whole.len() {
            assert_eq!(parse_record(&whole[..end]), None, "{end}");
        }
    }

    #[test]
    fn refuses_headers_that_no_writer_makes() {
        let cases = [
            (
                Header {
                    count: 3,
                    ..header()
                },
                TWO,
            ),
            (
                Header {
                    count: 1,
                    ..header()
                },
                TWO,
            ),
            (
                Header {
                    count: 0,
                    ..header()
                },
                TWO,
            ),
            (
                Header {
                    durable: 9,
                    ..header()
                },
                TWO,
            ),
            (
                Header {
                    length: 6,
                    ..header()
                },
                TWO,
            ),
            (
                Header {
                    length: u32::MAX,
                    ..header()
                },
                TWO,
            ),
            (
                Header {
                    kind: Kind::Signed,
                    ..header()
                },
                TWO,
            ),
            (header(), b"\x00\x03ab\x00\x01c"),
            (header(), b"\x00\x02ab\x00\x02c"),
        ];
        for (header, body) in cases {
            assert_eq!(parse_record(&bytes(header, body)), None, "{header:?}");
        }
        let mut unknown = bytes(header(), TWO);
        unknown[11] = 4;
        assert_eq!(parse_record(&unknown), None);
    }

    proptest! {
        #[test]
        fn a_header_is_read_back_equal(tag: [u8; 8], length: u32, number in 1u64.., time: u64, first: u64, count in 1u32.., root: [u8; 32]) {
            let header = Header { tag, kind: Kind::Group, length, number, durable: number - 1, time, first, count, before: Hash(root), after: Hash(root) };
            prop_assert_eq!(Header::parse(&header.to_bytes()), Some(header));
        }

        #[test]
        fn any_bytes_are_answered_and_what_is_read_is_written_back_equal(junk: Vec<u8>, kind in 0u32..5, length in 0u32..40, count in 0u32..5) {
            let mut bytes = header().to_bytes().to_vec();
            bytes[8..12].copy_from_slice(&kind.to_be_bytes());
            bytes[12..16].copy_from_slice(&length.to_be_bytes());
            bytes[48..52].copy_from_slice(&count.to_be_bytes());
            bytes.extend(junk);
            if let Some(record) = parse_record(&bytes) {
                let whole = record.header.whole_length();
                let again = [record.header.to_bytes().as_slice(), record.body].concat();
                prop_assert_eq!(&bytes[..whole], again.as_slice());
                prop_assert_eq!(record.entries().count(), usize::try_from(record.header.count).unwrap());
            }
        }
    }
}
