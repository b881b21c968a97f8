//! The rules of a witness, without IO: [tlog-witness], rows W0–W10.
//!
//! A log posts a request; the witness compares it with the last checkpoint that it cosigned for that log.
//!
//! ```text
//! old 20852014                                     size that the log believes we cosigned last
//! PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=     consistency proof, at most 63 hashes
//!
//! example.com/behind-the-sofa                      checkpoint, signed by the log
//! 20852163
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!
//! — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
//! ```
//!
//! The decision has two halves. [`AddCheckpoint::authenticate`] needs only the log's keys; [`SignedRequest::judge`]
//! needs the state of the log and must run in the same atomic step that stores the outcome, else a request for a
//! smaller tree could be stored over a larger one (W11).
//!
//! ```
//! use tlog::witness::{AddCheckpoint, Known, WitnessRefused, judge};
//!
//! let body = "old 7\n\nexample.com/log\n9\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\u{2014} a AAAAAAA=\n";
//! let request = AddCheckpoint::parse(body.as_bytes())?;
//! assert_eq!((request.old_size(), request.checkpoint().size()), (7, 9));
//! assert_eq!(request.to_bytes(), body.as_bytes());
//! assert_eq!(judge(request, None, &Known::default()), Err(WitnessRefused::UnknownOrigin)); // status 404
//! # Ok::<(), WitnessRefused>(())
//! ```
//!
//! [tlog-witness]: https://c2sp.org/tlog-witness

pub mod answer;

use crate::checkpoint::{
    Checkpoint, CheckpointRefused, LogKeys, LogSigned, LogSignedRefused, parse_decimal,
};
use crate::encoding;
use crate::hash::Hash;
use crate::key::Vkey;
use crate::note::{Note, NoteRefused};
use crate::proof::{ProofRefused, check_consistency};

/// Body of an `add-checkpoint` request whose form is right; nothing is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    old_size: u64,
    proof: Vec<Hash>,
    note: Box<str>,
    checkpoint: Checkpoint,
}

impl AddCheckpoint {
    /// A request to cosign `note`, with the proof from `old_size` on.
    ///
    /// # Errors
    /// [`Malformed`] for more than 63 hashes, or a note that is no checkpoint.
    pub fn new(old_size: u64, proof: Vec<Hash>, note: &str) -> Result<Self, Malformed> {
        if proof.len() > MAX_PROOF {
            return Err(Malformed::TooManyHashes);
        }
        let checkpoint = Checkpoint::parse(Note::parse(note.as_bytes())?.text())?;
        Ok(Self {
            old_size,
            proof,
            note: note.into(),
            checkpoint,
        })
    }

    /// As [`AddCheckpoint::new`], with no signature lines but those of `keys` (W14): what others signed is of no use to
    /// a witness, and some witnesses take no more than 16 KiB.
    ///
    /// # Errors
    /// [`Malformed`], also when the log did not sign.
    pub fn of_log(
        old_size: u64,
        proof: Vec<Hash>,
        note: &str,
        keys: &LogKeys,
    ) -> Result<Self, Malformed> {
        let own = own_lines(note, keys).ok_or(NoteRefused::NoKnownSignature)?;
        Self::new(old_size, proof, &own)
    }

    /// Reads a request body (W0, W1).
    ///
    /// # Errors
    /// [`WitnessRefused::TooLarge`] or [`WitnessRefused::Malformed`].
    pub fn parse(body: &[u8]) -> Result<Self, WitnessRefused> {
        if body.len() > MAX_BODY {
            return Err(WitnessRefused::TooLarge);
        }
        Ok(Self::parse_bounded(body)?)
    }

    /// Inverse of [`AddCheckpoint::parse`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = format!("old {}\n", self.old_size);
        for hash in &self.proof {
            body.push_str(&encoding::encode(&hash.0));
            body.push('\n');
        }
        body.push('\n');
        body.push_str(&self.note);
        body.into_bytes()
    }

    /// Size that the log believes the witness cosigned last.
    pub fn old_size(&self) -> u64 {
        self.old_size
    }

    /// Consistency proof from the old size, at most 63 hashes.
    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }

    /// The submitted note, with every signature line.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// What the note says.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Checks the log's signature against `keys`, the keys known for the request's origin (W2, W3). It is the only
    /// login that the protocol has.
    ///
    /// # Errors
    /// [`WitnessRefused::UnknownOrigin`] without keys, [`WitnessRefused::NotSigned`].
    pub fn authenticate(self, keys: Option<&LogKeys>) -> Result<SignedRequest, WitnessRefused> {
        let keys = keys.ok_or(WitnessRefused::UnknownOrigin)?;
        LogSigned::by_any(self.note.as_bytes(), keys).map_err(WitnessRefused::NotSigned)?;
        // Only after every known line has verified: what is stored and served must not carry what strangers appended.
        let own = own_lines(&self.note, keys).ok_or(WitnessRefused::NotSigned(
            NoteRefused::NoKnownSignature.into(),
        ))?;
        Ok(SignedRequest {
            old_size: self.old_size,
            proof: self.proof,
            note: own.into(),
            checkpoint: self.checkpoint,
        })
    }

    fn parse_bounded(body: &[u8]) -> Result<Self, Malformed> {
        // The first empty line ends the head; the checkpoint behind it has one of its own.
        let split = body
            .windows(2)
            .position(|pair| pair == b"\n\n")
            .ok_or(Malformed::NoEmptyLine)?;
        let (head, rest) = body.split_at(split);
        let note = rest.strip_prefix(b"\n\n").unwrap_or_default();
        let mut lines = head.split(|byte| *byte == b'\n');
        let old_size = lines.next().and_then(parse_old).ok_or(Malformed::OldSize)?;
        let mut proof = Vec::new();
        for (line, number) in lines.zip(2..) {
            if proof.len() == MAX_PROOF {
                return Err(Malformed::TooManyHashes);
            }
            let hash = std::str::from_utf8(line)
                .ok()
                .and_then(encoding::decode_hash);
            proof.push(hash.ok_or(Malformed::Hash { line: number })?);
        }
        let note = std::str::from_utf8(note).map_err(|_| NoteRefused::NotUtf8)?;
        Self::new(old_size, proof, note)
    }
}

/// A request that its log signed. Only [`AddCheckpoint::authenticate`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRequest {
    old_size: u64,
    proof: Vec<Hash>,
    note: Box<str>,
    checkpoint: Checkpoint,
}

impl SignedRequest {
    /// What the log signed.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Decides by the last checkpoint cosigned for this log (W4–W10).
    ///
    /// # Errors
    /// [`WitnessRefused`], the first row that applies.
    pub fn judge(&self, known: &Known) -> Result<Accepted, WitnessRefused> {
        let (old, size, root) = (
            self.old_size,
            self.checkpoint.size(),
            self.checkpoint.root(),
        );
        if old > size {
            return Err(WitnessRefused::OldLarger { old, size });
        }
        if old != known.size {
            return Err(WitnessRefused::OtherOldSize { known: known.size });
        }
        if size == 0 && root != Hash::EMPTY_ROOT {
            return Err(WitnessRefused::EmptyRoot);
        }
        if old == 0 && !self.proof.is_empty() {
            return Err(WitnessRefused::ProofFromNothing);
        }
        // An equal size with another root is told apart from a wrong proof: it convicts the log, a wrong proof may be
        // the work of whoever sent the request.
        if self.contradicts(known) {
            return Err(WitnessRefused::OtherRoot { size });
        }
        if old != 0 {
            check_consistency(old, known.root, size, root, &self.proof)
                .map_err(WitnessRefused::BadProof)?;
        }
        Ok(Accepted {
            note: self.note.clone(),
            checkpoint: self.checkpoint.clone(),
        })
    }

    /// Whether the log signed another root for the very size that was cosigned. Two such checkpoints convict the log,
    /// whatever `old` and the proof of the request say.
    pub fn contradicts(&self, known: &Known) -> bool {
        self.checkpoint.size() == known.size
            && self.checkpoint.size() != 0
            && self.checkpoint.root() != known.root
    }

    /// The request as the log could have sent it, with no lines but the log's. Reads as an [`AddCheckpoint`].
    pub fn to_bytes(&self) -> Vec<u8> {
        AddCheckpoint {
            old_size: self.old_size,
            proof: self.proof.clone(),
            note: self.note.clone(),
            checkpoint: self.checkpoint.clone(),
        }
        .to_bytes()
    }
}

/// The last checkpoint that a witness cosigned for one log; the default means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its size, 0 if there is none.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            size: 0,
            root: Hash::EMPTY_ROOT,
        }
    }
}

/// A checkpoint that may be cosigned once it is durable. Only [`SignedRequest::judge`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    note: Box<str>,
    checkpoint: Checkpoint,
}

impl Accepted {
    /// What will be cosigned.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note with the log's lines, one a key, and no others.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// What the witness knows from now on.
    pub fn known(&self) -> Known {
        Known {
            size: self.checkpoint.size(),
            root: self.checkpoint.root(),
        }
    }
}

/// Decides a whole request, given the keys of its origin and the state of its log (W2–W10).
///
/// # Errors
/// [`WitnessRefused`], the first row that applies.
pub fn judge(
    request: AddCheckpoint,
    keys: Option<&LogKeys>,
    known: &Known,
) -> Result<Accepted, WitnessRefused> {
    request.authenticate(keys)?.judge(known)
}

/// Why a witness does not cosign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessRefused {
    /// W8.
    #[error("consistency proof does not verify")]
    BadProof(#[source] ProofRefused),
    /// W6.
    #[error("checkpoint of size 0 has not the root of the empty tree")]
    EmptyRoot,
    /// W1.
    #[error("request is malformed")]
    Malformed(#[from] Malformed),
    /// W3.
    #[error("checkpoint is not signed by a key known for its origin")]
    NotSigned(#[source] LogSignedRefused),
    /// W4.
    #[error("old size {old} is larger than the checkpoint's size {size}")]
    OldLarger {
        /// Old size in the request.
        old: u64,
        /// Size of the checkpoint.
        size: u64,
    },
    /// W5.
    #[error("old size is not {known}, the size cosigned last")]
    OtherOldSize {
        /// Size cosigned last, 0 if never.
        known: u64,
    },
    /// W9.
    #[error("another root was cosigned for size {size}")]
    OtherRoot {
        /// The size with two roots.
        size: u64,
    },
    /// W7.
    #[error("a proof from size 0 must be empty")]
    ProofFromNothing,
    /// W0.
    #[error("request is longer than {MAX_BODY} bytes")]
    TooLarge,
    /// W2.
    #[error("origin is unknown")]
    UnknownOrigin,
}

impl WitnessRefused {
    /// HTTP status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::OldLarger { .. } => 400,
            Self::NotSigned(_) => 403,
            Self::UnknownOrigin => 404,
            Self::OtherOldSize { .. } => 409,
            Self::TooLarge => 413,
            Self::BadProof(_)
            | Self::EmptyRoot
            | Self::OtherRoot { .. }
            | Self::ProofFromNothing => 422,
        }
    }

    /// Body that the specification fixes for the answer, of type [`SIZE_CONTENT_TYPE`]; only W5 has one.
    pub fn body(&self) -> Option<String> {
        match self {
            Self::OtherOldSize { known } => Some(format!("{known}\n")),
            _ => None,
        }
    }

    /// Whether the properly signed request is worth keeping: the log may have signed two histories (W13).
    pub fn may_show_misbehaviour(&self) -> bool {
        matches!(
            self,
            Self::BadProof(_) | Self::EmptyRoot | Self::OtherRoot { .. }
        )
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::BadProof(cause) => cause.hint(),
            Self::EmptyRoot => "the root of the empty tree is the SHA-256 of nothing",
            Self::Malformed(cause) => cause.hint(),
            Self::NotSigned(_) => "compare the log's vkey with the one that the witness has",
            Self::OldLarger { .. } | Self::OtherOldSize { .. } => {
                "send a consistency proof from the size that the witness cosigned last"
            }
            Self::OtherRoot { .. } => {
                "keep both checkpoints: together they show two histories of one log"
            }
            Self::ProofFromNothing => "send no hashes with old size 0",
            Self::TooLarge => "send no signature lines but the log's own",
            Self::UnknownOrigin => "ask the witness's operator to add the log",
        }
    }
}

/// What is wrong with the form of a request (W1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The text behind the empty line is no checkpoint.
    #[error("note behind the empty line is no checkpoint")]
    Checkpoint(#[from] CheckpointRefused),
    /// A proof line.
    #[error("line {line} is no base64 hash of 32 bytes")]
    Hash {
        /// 1-based line.
        line: usize,
    },
    /// No empty line behind the proof.
    #[error("no empty line before the checkpoint")]
    NoEmptyLine,
    /// What follows the empty line is no note.
    #[error("no signed note behind the empty line")]
    Note(#[from] NoteRefused),
    /// Line 1.
    #[error("line 1 is not `old` and a decimal size without leading zeros")]
    OldSize,
    /// Too long a proof.
    #[error("proof has more than {MAX_PROOF} hashes")]
    TooManyHashes,
}

impl Malformed {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Checkpoint(cause) => cause.hint(),
            Self::Note(cause) => cause.hint(),
            _ => "compare the request with the example in c2sp.org/tlog-witness",
        }
    }
}

/// Content type of the body of a 409 answer.
pub const SIZE_CONTENT_TYPE: &str = "text/x.tlog.size";

/// A tree has at most 2^64 leaves, so no honest proof is longer (tlog-witness, "add-checkpoint").
pub const MAX_PROOF: usize = 63;

/// Ours: 63 hashes are 2.8 kB; two of the log's lines and 16 operators with two lines each are about 56 kB. Doubled.
pub const MAX_BODY: usize = 128 * 1024;

fn parse_old(line: &[u8]) -> Option<u64> {
    parse_decimal(std::str::from_utf8(line).ok()?.strip_prefix("old ")?)
}

/// The note with the first line of each of the log's keys; `None` if there is none. Nothing is verified.
fn own_lines(note: &str, keys: &LogKeys) -> Option<String> {
    let note = Note::parse(note.as_bytes()).ok()?;
    // ML-DSA has many signatures of one text: whoever has the key could make one line look like sixty-four.
    let mut seen: Vec<&Vkey> = Vec::new();
    note.with_lines(|line| {
        let key = keys
            .keys()
            .iter()
            .find(|key| line.is_of(key) && !seen.contains(key));
        seen.extend(key);
        key.is_some()
    })
}

#[cfg(test)]
mod tests;
