//! How much of anything is read: `evidence.md` §14, each number with its derivation.
//!
//! A limit is met before memory is spent on what lies beyond it. Whoever meets one says so by [`Limit`]: what was not
//! read was not judged, so the answer is at best `undecided`.

use std::fmt;

/// Bytes of one statement (DSSE payload): 1 MiB. A statement names up to 1,024 files with two digests and a name of
/// 1,024 bytes at most; the usual one has 1 to 4 kB. What is larger goes into a blob that the statement cites.
pub const PAYLOAD: usize = 1 << 20;

/// Bytes of one envelope: base64 of [`PAYLOAD`] is 1,398,104 bytes; the rest of 1.5 MiB is room for white space.
pub const ENVELOPE: usize = 3 << 19;

/// Bytes of one bundle line: an [`ENVELOPE`] beside a checkpoint of at most 256 KiB and a proof of 64 hashes.
pub const LINE: usize = 2 << 20;

/// Bytes of one bundle file: a line is 3 kB and a checkpoint of three centers 14 kB, so 16 MiB hold about 900 lines
/// with all proofs, ten times what twenty serials with their reviews need.
pub const BUNDLE: usize = 16 << 20;

/// Bytes of one bundle after inflating: gzip takes away a quarter to a half of a bundle, so a ratio above 4 is a bomb.
pub const INFLATED: usize = 64 << 20;

/// Lines of one bundle: [`BUNDLE`] over 4 kB, the smallest line with a checkpoint.
pub const LINES: usize = 4096;

/// Distinct checkpoints of one bundle: each costs up to eight signature checks of about 100 µs, so 1,024 stay under a
/// second on one core.
pub const CHECKPOINTS: usize = 1024;

/// Predecessors that are followed: a line that ships four times a day reaches back eight months.
pub const PREDECESSORS: usize = 1024;

/// Hashes of one inclusion proof: a tree of 2^63 leaves has that many levels.
pub const PROOF: usize = 63;

/// Bytes of one checkpoint note: `tlog.md` N6, room for 64 ML-DSA lines.
pub const CHECKPOINT: usize = 256 << 10;

/// Bytes of a bundle's key hint: a key id has 64 hexadecimal digits; names that outside tools give are shorter.
pub const HINT: usize = 64;

/// Nested arrays and objects of one JSON text (S5). Our deepest statement nests 6, OSCAL about 20.
pub const JSON_DEPTH: usize = 32;

/// Values in one JSON text (S5): a statement of 1,024 subjects and files has about 12,000.
pub const JSON_VALUES: usize = 100_000;

/// Subjects of one statement (S8).
pub const SUBJECTS: usize = 1024;

/// Bytes of a subject's name (S9): a quarter of the usual PATH_MAX, as names are joined to a directory.
pub const NAME: usize = 1024;

/// Bytes of a word (S12): one letter or digit and 63 more.
pub const WORD: usize = 64;

/// Bytes of a text (S12).
pub const TEXT: usize = 4096;

/// Bytes of a version (`evidence.md` §3): text for people.
pub const VERSION: usize = 64;

/// Statements that one statement may supersede (S14).
pub const SUPERSEDES: usize = 16;

/// Other lines that one update may require: a product has few companions; the policy asks about each.
pub const REQUIRES: usize = 64;

/// SBOM documents of one update: two formats, a few parts.
pub const SBOM: usize = 64;

/// Largest integer in our JSON: 2^53 − 1, exact in every JSON reader (S6).
pub const INTEGER: u64 = (1 << 53) - 1;

/// The limit that stopped a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// [`BUNDLE`] bytes in one file.
    Bundle,
    /// [`CHECKPOINTS`] distinct checkpoints.
    Checkpoints,
    /// [`INFLATED`] bytes after inflating.
    Inflated,
    /// [`LINES`] lines.
    Lines,
    /// [`PREDECESSORS`] predecessors.
    Predecessors,
}

impl Limit {
    /// The number that was met.
    pub const fn most(self) -> usize {
        match self {
            Self::Bundle => BUNDLE,
            Self::Checkpoints => CHECKPOINTS,
            Self::Inflated => INFLATED,
            Self::Lines => LINES,
            Self::Predecessors => PREDECESSORS,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self {
            Self::Bundle => "bytes of a bundle",
            Self::Checkpoints => "distinct checkpoints",
            Self::Inflated => "bytes after inflating",
            Self::Lines => "lines of a bundle",
            Self::Predecessors => "predecessors",
        };
        write!(formatter, "{} {unit}", self.most())
    }
}
