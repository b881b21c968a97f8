//! Why a statement is not taken: the rules of `evidence.md` §2.1, §2.4 and §3 by their ids, with place, reason and hint.
//!
//! A parser meets a [`Fault`] at a byte; [`Refusal`] is the same with a JSON pointer, which is what the sender is told.
//!
//! ```
//! use evidence::refusal::{Rule, What};
//! use evidence::statement::Statement;
//!
//! let payload = br#"{"_type":"https://in-toto.io/Statement/v1","predicateType":"urn:example:x"}"#;
//! let refusal = Statement::parse(payload).unwrap_err();
//! assert_eq!((refusal.rule, refusal.pointer.as_str()), (Rule::S10, "/predicateType"));
//! assert_eq!(refusal.rule.status(), 422);
//! assert_eq!(refusal.to_string(), "S10 at /predicateType: the kind urn:example:x is not known here");
//! ```

use std::fmt;

use tlog::hash::Hash;

use crate::json::{JsonError, JsonErrorKind, Value};
use crate::key::{KeyError, SignatureError};
use crate::name::NameError;

/// The rule that a statement breaks. Every row has a refused fixture and an accepted twin among the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// Envelope: its members, its type, one signature.
    S1,
    /// Strict base64, at most 1 MiB of payload.
    S2,
    /// Signature: ECDSA P-256 over the PAE, shortest DER.
    S3,
    /// Key: SPKI DER of 91 bytes, on the curve.
    S4,
    /// JSON: one text, one reading.
    S5,
    /// Ours: RFC 8785 bytes, ASCII members, exact integers, no null.
    S6,
    /// Statement: its four members.
    S7,
    /// Subjects: 1 to 1,024, each with SHA-256.
    S8,
    /// Names: relative, plain, unique, sorted.
    S9,
    /// Predicate type: a known kind.
    S10,
    /// Members exactly as in the JSON Schema.
    S11,
    /// Words, times, texts.
    S12,
    /// Nonce: required or refused by kind.
    S13,
    /// Supersedes: own, earlier, of the same kind.
    S14,
    /// Size of the whole request.
    D1,
    /// Key admitted here for this kind, and not ended.
    D2,
    /// The party's daily quota.
    D5,
    /// Every cited blob is held or listed as withheld.
    D6,
    /// No claimed time lies in the future.
    D7,
    /// A release key of the publisher signs.
    U1,
    /// Serials ascend, by at most 1,000 a logged step.
    U2,
    /// One serial, one set of files.
    U3,
    /// What an amendment may change.
    U4,
    /// Withdrawn is final.
    U5,
    /// A tier is small and ends.
    U6,
    /// A patch starts from an earlier file.
    U7,
    /// Detection rules name their logged set.
    U8,
    /// An activation ends within 400 days.
    U9,
}

impl Rule {
    /// All rules, in the order of the documents.
    pub const ALL: [Self; 28] = [
        Self::S1,
        Self::S2,
        Self::S3,
        Self::S4,
        Self::S5,
        Self::S6,
        Self::S7,
        Self::S8,
        Self::S9,
        Self::S10,
        Self::S11,
        Self::S12,
        Self::S13,
        Self::S14,
        Self::D1,
        Self::D2,
        Self::D5,
        Self::D6,
        Self::D7,
        Self::U1,
        Self::U2,
        Self::U3,
        Self::U4,
        Self::U5,
        Self::U6,
        Self::U7,
        Self::U8,
        Self::U9,
    ];

    /// The status that the door answers with (`evidence.md` §2.4): 400 no envelope, 403 not admitted, 409 the log's
    /// state says no, 413 too large, 422 the content says no, 429 too many.
    pub const fn status(self) -> u16 {
        match self {
            Self::S1 | Self::S2 => 400,
            Self::D2 | Self::U1 => 403,
            Self::U2 | Self::U3 | Self::U4 | Self::U5 | Self::U7 | Self::U8 => 409,
            Self::D1 => 413,
            Self::D5 => 429,
            _ => 422,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}

/// A statement that is not taken: the rule, the place, the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{rule} at {}: {what}", if pointer.is_empty() { "/" } else { pointer.as_str() })]
pub struct Refusal {
    /// The rule that is broken.
    pub rule: Rule,
    /// JSON pointer (RFC 6901) into the envelope for S1 to S3, else into the payload; empty for the whole.
    pub pointer: String,
    /// Byte offset in the same text, where one is known.
    pub at: Option<usize>,
    /// The reason.
    pub what: What,
}

impl Refusal {
    /// A refusal at a place that is known by name.
    pub fn new(rule: Rule, pointer: impl Into<String>, what: What) -> Self {
        Self {
            rule,
            pointer: pointer.into(),
            at: None,
            what,
        }
    }

    /// Whether the kind of statement is not known here: a verifier counts such a statement as `unknown`, all other
    /// refused ones as unreadable.
    pub fn is_unknown_kind(&self) -> bool {
        self.rule == Rule::S10
    }

    /// The status that the door answers with.
    pub const fn status(&self) -> u16 {
        self.rule.status()
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        self.what.hint()
    }
}

/// A broken rule at a byte of the text being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Byte offset of the value or member name that is wrong.
    pub at: usize,
    /// The rule.
    pub rule: Rule,
    /// The reason.
    pub what: What,
}

impl Fault {
    /// A fault of that rule.
    pub const fn new(at: usize, rule: Rule, what: What) -> Self {
        Self { at, rule, what }
    }

    /// The same fault under another rule: a missing member is S11 in a predicate and S1 in an envelope.
    #[must_use]
    pub fn under(self, rule: Rule) -> Self {
        Self { rule, ..self }
    }

    /// The refusal, with the pointer that `root` has for the byte.
    pub fn refusal(self, root: &Value<'_>) -> Refusal {
        let pointer = root.pointer(self.at).unwrap_or_default();
        Refusal {
            rule: self.rule,
            pointer,
            at: Some(self.at),
            what: self.what,
        }
    }
}

impl From<JsonError> for Refusal {
    fn from(error: JsonError) -> Self {
        Self {
            rule: Rule::S5,
            pointer: String::new(),
            at: Some(error.at),
            what: What::Json(error.kind),
        }
    }
}

/// The reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum What {
    /// U9.
    #[error("the activation ends before it begins, or more than 400 days after")]
    ActivationSpan,
    /// U4: a member that no amendment may change, or changed the wrong way.
    #[error("an amendment may not change {0} this way")]
    AmendmentChanges(&'static str),
    /// U4.
    #[error("an amendment supersedes the last statement of its serial, {latest}, and nothing else")]
    AmendmentSupersedes {
        /// Id of the last statement of that serial.
        latest: Hash,
    },
    /// S2.
    #[error("not strict base64")]
    Base64,
    /// D6.
    #[error("the blob {0} is not held here")]
    BlobMissing(Hash),
    /// A list with too few or too many items.
    #[error("expected {least} to {most} items")]
    Count {
        /// Fewest items.
        least: usize,
        /// Most items.
        most: usize,
    },
    /// A value of the wrong type or outside its words.
    #[error("expected {0}")]
    Expected(&'static str),
    /// Update: `files` against `subject`.
    #[error("files and subject do not name the same files in the same order")]
    FilesDiffer,
    /// U4.
    #[error("the first statement of a serial offers it")]
    FirstNotOffered,
    /// S5.
    #[error("{0}")]
    Json(JsonErrorKind),
    /// S4.
    #[error("{0}")]
    Key(KeyError),
    /// D2.
    #[error("this key has ended")]
    KeyEnded,
    /// S6.
    #[error("a member's name is not ASCII")]
    MemberNotAscii,
    /// A required member that is not there.
    #[error("the member {0} is missing")]
    Missing(&'static str),
    /// S9.
    #[error("{0}")]
    Name(NameError),
    /// D2.
    #[error("no key admitted here for this kind made the signature")]
    NotAdmitted,
    /// S9.
    #[error("the name differs from another one in case at most")]
    NameTwice,
    /// A list that does not ascend.
    #[error("items do not ascend, or one stands twice")]
    NotAscending,
    /// S6.
    #[error("the bytes differ from the canonical form")]
    NotCanonical,
    /// S13.
    #[error("this kind carries no nonce")]
    NonceRefused,
    /// S6.
    #[error("null, fractions and integers beyond 2^53 - 1 are not used")]
    NullOrInexact,
    /// U7.
    #[error("no earlier serial of this line has the file {0}")]
    PatchFrom(Hash),
    /// Update: `to` of a patch.
    #[error("the result of a patch is a full file of the same update")]
    PatchTo,
    /// U2.
    #[error("the predecessor is not the highest serial of the line")]
    Predecessor {
        /// The highest serial and the id of its first statement; none on an empty line.
        highest: Option<(u64, Hash)>,
    },
    /// Facts of another kind of statement were handed to the door.
    #[error("our bug: {0}")]
    OurBug(&'static str),
    /// D5.
    #[error("the daily quota of this party is used up")]
    QuotaSpent,
    /// An integer outside its range.
    #[error("expected an integer from {least} to {most}")]
    Range {
        /// Smallest.
        least: u64,
        /// Largest.
        most: u64,
    },
    /// Update: `requires`.
    #[error("an update does not require its own line")]
    RequiresItself,
    /// U8.
    #[error("the logged rule set differs in {0}")]
    RulesSetDiffers(&'static str),
    /// U8.
    #[error("the rule set {0} is not logged")]
    RulesSetMissing(Hash),
    /// Update: `rules`.
    #[error("rules stand with the kind detection-rules, always and only")]
    RulesWithKind,
    /// U3.
    #[error("this serial was given to other files")]
    SecondOffer {
        /// Id of the first statement of that serial.
        first: Hash,
    },
    /// U2.
    #[error("the serial is not above {highest}, the highest of the line")]
    SerialNotAbove {
        /// The highest serial of the line.
        highest: u64,
    },
    /// U2.
    #[error("the serial is more than 1,000 above its predecessor, or not above it")]
    SerialStep,
    /// S3.
    #[error("{0}")]
    Signature(SignatureError),
    /// U1.
    #[error("the signer is not the publisher")]
    SignerNotPublisher,
    /// S14.
    #[error("{0} is no earlier statement of the same party and kind in this log")]
    SupersedesForeign(Hash),
    /// U4.
    #[error("only an amendment of a logged serial supersedes")]
    SupersedesNothing,
    /// U6.
    #[error("a tier ends after more than 30 days")]
    TierTooLong,
    /// D7.
    #[error("the time lies more than 5 minutes ahead")]
    TimeAhead,
    /// D1, S2.
    #[error("more than {most} bytes")]
    TooLarge {
        /// Most bytes.
        most: usize,
    },
    /// S10.
    #[error("the kind {0} is not known here")]
    UnknownKind(String),
    /// A member that the schema does not have.
    #[error("this member is not known")]
    UnknownMember,
    /// Update: `withdrawal` against `state`.
    #[error("withdrawal stands with the state withdrawn, always and only")]
    WithdrawalWithState,
    /// U5.
    #[error("this serial is withdrawn for good")]
    Withdrawn,
}

impl What {
    /// What to do next.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::ActivationSpan => "end the activation at most 400 days after it begins",
            Self::AmendmentChanges(_) => {
                "publish a new serial; an amendment widens the audience, adds sbom, changes notes, shortens until, or withdraws"
            }
            Self::AmendmentSupersedes { .. } => "read the line again and amend its last statement",
            Self::Base64 => "encode with the standard alphabet, padded, on one line",
            Self::BlobMissing(_) => "upload the blob first, or list it as withheld",
            Self::Count { .. } => "split the list, or leave the member away where it is optional",
            Self::Expected(_) | Self::Missing(_) | Self::Range { .. } => {
                "compare the statement with the JSON Schema of its kind"
            }
            Self::FilesDiffer => "write files and subject from one sorted list",
            Self::FirstNotOffered => "offer the serial first, then withdraw it by an amendment",
            Self::Json(kind) => kind.hint(),
            Self::Key(error) => error.hint(),
            Self::KeyEnded => "sign with a key that is still in use",
            Self::MemberNotAscii | Self::UnknownMember => {
                "remove the member; growth comes as a new predicate type"
            }
            Self::Name(error) => error.hint(),
            Self::NameTwice => "rename one of the two files",
            Self::NotAdmitted => "ask the operator of this log to admit the key for this kind",
            Self::NotAscending => "sort the items bytewise and keep each once",
            Self::NotCanonical => "serialize by RFC 8785 and sign those very bytes",
            Self::NonceRefused => "remove the nonce",
            Self::NullOrInexact => "leave an absent member away, and write numbers as integers",
            Self::OurBug(_) => "report it with the request id",
            Self::PatchFrom(_) => "publish the patch against a file that the line had before",
            Self::PatchTo => "name the digest of the full file, which is a subject too",
            Self::Predecessor { .. } | Self::SerialNotAbove { .. } => {
                "read the line again and continue above its highest serial"
            }
            Self::QuotaSpent => "wait until tomorrow, or ask the operator for a larger quota",
            Self::RequiresItself => "name another product or kind",
            Self::RulesSetDiffers(_) => "name the rule set that belongs to this update",
            Self::RulesSetMissing(_) => "publish the rule set first",
            Self::RulesWithKind => "add the rule set, or take another kind of line",
            Self::SecondOffer { .. } => "give the new files a new serial",
            Self::SerialStep => "continue at most 1,000 above the predecessor",
            Self::Signature(error) => error.hint(),
            Self::SignerNotPublisher => {
                "sign with a release key of the publisher that the line names"
            }
            Self::SupersedesForeign(_) => "name only own, logged statements of the same kind",
            Self::SupersedesNothing => "leave supersedes away in the first statement of a serial",
            Self::TierTooLong => "let the tier end within 30 days",
            Self::TimeAhead => "set the clock and sign again",
            Self::TooLarge { .. } => "move the large part into a blob and cite its digest",
            Self::UnknownKind(_) => {
                "check the spelling, or send it to a center that knows the kind"
            }
            Self::WithdrawalWithState => "state withdrawn together with its reason",
            Self::Withdrawn => "publish a new serial",
        }
    }
}
