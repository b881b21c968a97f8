//! The log's side of [tlog-witness]: reading what a witness answered (W14).
//!
//! ```
//! use tlog::witness::AddCheckpoint;
//! use tlog::witness::answer::{AnswerRefused, read_answer};
//!
//! # let note = "example.com/log\n9\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\u{2014} a AAAAAAA=\n";
//! let request = AddCheckpoint::new(0, vec![], note)?;
//! let refused = read_answer(&request, 409, b"7\n", &[]).unwrap_err();
//! assert_eq!(refused, AnswerRefused::OldSize { known: 7 }); // so: prove consistency from 7, and ask again
//! # Ok::<(), tlog::witness::Malformed>(())
//! ```
//!
//! [tlog-witness]: https://c2sp.org/tlog-witness

use crate::checkpoint::parse_decimal;
use crate::key::{Algorithm, Vkey};
use crate::note::{Note, NoteRefused};
use crate::witness::AddCheckpoint;

/// A witness's cosignature of the submitted checkpoint. Only [`read_answer`] makes one, so it has been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned<'k> {
    key: &'k Vkey,
    time: u64,
    line: Box<str>,
}

impl<'k> Cosigned<'k> {
    /// The key that cosigned.
    pub fn key(&self) -> &'k Vkey {
        self.key
    }

    /// Seconds since the epoch that the witness claims, never 0.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// The signature line, with its newline, to be put behind the checkpoint.
    pub fn line(&self) -> &str {
        &self.line
    }
}

/// Reads the answer to `request`: its HTTP status and body. Lines of keys other than `witness` are passed over; of
/// `witness` only cosigner's keys (types `04` and `06`) count.
///
/// # Errors
/// [`AnswerRefused`] when the witness did not cosign, or what it sent does not hold.
pub fn read_answer<'k>(
    request: &AddCheckpoint,
    status: u16,
    body: &[u8],
    witness: &'k [Vkey],
) -> Result<Vec<Cosigned<'k>>, AnswerRefused> {
    match status {
        200 => read_cosignatures(request, body, witness),
        // Older servers say 403 where 404 is due. The log's own lines are good, so either means: it lacks our key.
        403 | 404 => Err(AnswerRefused::UnknownLog),
        409 => Err(read_conflict(request, body)),
        422 => Err(AnswerRefused::Inconsistent),
        429 => Err(AnswerRefused::OverBudget),
        400 | 413 => Err(AnswerRefused::RequestRefused { status }),
        _ => Err(AnswerRefused::Unavailable { status }),
    }
}

/// Why a witness's answer brings no cosignature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerRefused {
    /// The lines are no note, a known line does not verify, or no known key signed.
    #[error("witness's signature lines do not hold")]
    Cosignature(#[from] NoteRefused),
    /// The witness holds another history of this log, or the proof was wrong.
    #[error("witness finds the checkpoint inconsistent with what it cosigned")]
    Inconsistent,
    /// The witness cosigned another size last.
    #[error("witness cosigned size {known} last")]
    OldSize {
        /// That size, 0 if never.
        known: u64,
    },
    /// The log used up its requests for now.
    #[error("witness takes no more requests of this log for now")]
    OverBudget,
    /// The witness did not read the request.
    #[error("witness refused the form of the request with status {status}")]
    RequestRefused {
        /// HTTP status.
        status: u16,
    },
    /// A cosignature at time 0 does not say that nobody saw a larger tree.
    #[error("cosignature has no time")]
    TimeMissing,
    /// A status or body outside of the protocol.
    #[error("witness is unavailable, status {status}")]
    Unavailable {
        /// HTTP status.
        status: u16,
    },
    /// The witness does not know this log.
    #[error("witness does not know the log or its key")]
    UnknownLog,
}

impl AnswerRefused {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Cosignature(_) | Self::TimeMissing => {
                "compare the witness's vkeys in the policy with those that its operator publishes"
            }
            Self::Inconsistent => {
                "compare the witness's checkpoint with the log's before anything else is signed"
            }
            Self::OldSize { .. } => "send a consistency proof from that size",
            Self::OverBudget => "wait, or ask the witness's operator for more requests per day",
            Self::RequestRefused { .. } => "compare the request with c2sp.org/tlog-witness",
            Self::Unavailable { .. } => "try again later, or tell the witness's operator",
            Self::UnknownLog => "ask the witness's operator to add the log",
        }
    }
}

fn read_cosignatures<'k>(
    request: &AddCheckpoint,
    body: &[u8],
    witness: &'k [Vkey],
) -> Result<Vec<Cosigned<'k>>, AnswerRefused> {
    let text = request.checkpoint().to_text();
    let mut bytes = format!("{text}\n").into_bytes();
    bytes.extend_from_slice(body);
    let note = Note::parse(&bytes)?;
    // A body with an empty line would move the split, and the lines would be read as signatures of another text.
    if note.text() != text {
        return Err(NoteRefused::NoSignatures.into());
    }
    let keys: Vec<&Vkey> = witness
        .iter()
        .filter(|key| key.algorithm() != Algorithm::Ed25519)
        .collect();
    let mut cosigned = Vec::new();
    for signed in note.open(&keys)? {
        if signed.time == 0 {
            return Err(AnswerRefused::TimeMissing);
        }
        let line = note.lines().iter().find(|line| line.is_of(signed.key));
        let line = line.map(ToString::to_string).unwrap_or_default().into();
        cosigned.push(Cosigned {
            key: signed.key,
            time: signed.time,
            line,
        });
    }
    Ok(cosigned)
}

fn read_conflict(request: &AddCheckpoint, body: &[u8]) -> AnswerRefused {
    let (old, size) = (request.old_size(), request.checkpoint().size());
    let known = std::str::from_utf8(body)
        .ok()
        .and_then(|text| text.strip_suffix('\n'));
    match known.and_then(parse_decimal) {
        Some(known) if known != old => AnswerRefused::OldSize { known },
        // Older servers say 409 where 422 is due: equal sizes with two roots (W9).
        _ if old == size => AnswerRefused::Inconsistent,
        _ => AnswerRefused::Unavailable { status: 409 },
    }
}
