//! Evidence as a file: JSONL, one Sigstore bundle v0.3 a line, `evidence.md` §12 and `tlog.md` §4.
//!
//! A line is an envelope, its log entry, the proof that the entry is in the log, and the checkpoint of that log as a
//! signed note. Other people's clients read it too; what they do not compare, a [`BundleLine`] does: the entry logs
//! this very envelope, and root, size and index are those of the checkpoint and proof. Nothing here checks a
//! signature, and no key in a line is trusted: that is the verifier's, with the keys of the policy.
//!
//! Written lines are RFC 8785 and end in a newline; read lines may have any JSON spacing.
//!
//! ```
//! use evidence::bundle;
//!
//! let file = include_bytes!("../testdata/sigstore/artifact.bundle.jsonl");
//! let reading = bundle::read(file);
//! assert_eq!((reading.lines.len(), reading.unreadable.len(), reading.limit), (5, 0, None));
//! assert_eq!(reading.lines[3].origin(), "log.acme.example/v1");
//!
//! let written = bundle::write(&reading.lines);
//! assert_eq!(bundle::read(&written).lines, reading.lines);
//! ```

use tlog::encoding;
use tlog::hash::{Hash, sha256};

use crate::canonical::Json;
use crate::entry::{self, Entry, EntryError};
use crate::envelope::Envelope;
use crate::json::{self, JsonError, Value};
use crate::limits::{self, Limit};
use crate::read::{self, Object};
use crate::refusal::{Fault, What};
use crate::statement;

/// One line of a bundle: an envelope that is the one which its entry logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleLine {
    envelope: Envelope,
    entry: Entry,
    place: Place,
}

/// Where an entry stands in its log, and what is said to prove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Log id of Sigstore clients: see [`log_id`].
    pub log_id: Hash,
    /// Index of the entry.
    pub index: u64,
    /// Hashes of the inclusion proof, from the leaf up.
    pub hashes: Vec<Hash>,
    /// The checkpoint that the proof leads to: a signed note, as text.
    pub checkpoint: String,
}

/// What reading a bundle file gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The lines that could be read, in their order.
    pub lines: Vec<BundleLine>,
    /// The lines that could not, with their numbers from 1.
    pub unreadable: Vec<(usize, BundleError)>,
    /// The limit that stopped reading, if one did; what lies behind it was not read.
    pub limit: Option<Limit>,
}

/// Why a line is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// Origin, size or root are not those of the checkpoint's text.
    #[error("the proof and its checkpoint name different trees")]
    Checkpoint,
    /// The entry cannot be read.
    #[error("the log entry cannot be read")]
    Entry(#[from] EntryError),
    /// The entry logs another payload or signature than the envelope's.
    #[error("the log entry belongs to another envelope")]
    EntryElsewhere,
    /// A member is missing, unknown or of the wrong form.
    #[error("at {pointer}: {what}")]
    Form {
        /// JSON pointer into the line.
        pointer: String,
        /// The reason.
        what: What,
    },
    /// The key hint looks like a key id and is another key's.
    #[error("the key hint names another key than the log entry")]
    Hint,
    /// Not JSON in the strict form.
    #[error("the line is not JSON in the strict form")]
    Json(#[from] JsonError),
    /// Longer than [`limits::LINE`].
    #[error("the line is longer than 2 MiB")]
    Long,
}

impl BundleError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Entry(error) => error.hint(),
            Self::Form { what, .. } => what.hint(),
            Self::Json(error) => error.hint(),
            Self::Checkpoint | Self::EntryElsewhere | Self::Hint | Self::Long => {
                "fetch the bundle again from a center"
            }
        }
    }
}

impl BundleLine {
    /// A line of these parts.
    ///
    /// # Errors
    ///
    /// [`BundleError::EntryElsewhere`] if the entry does not log the envelope, [`BundleError::Checkpoint`] if the
    /// checkpoint has no header or the index is not below its size, [`BundleError::Form`] beyond a limit.
    pub fn new(envelope: Envelope, entry: Entry, place: Place) -> Result<Self, BundleError> {
        if !entry.is_of(&envelope) {
            return Err(BundleError::EntryElsewhere);
        }
        let size = place.header().ok_or(BundleError::Checkpoint)?.size;
        if place.index >= size {
            return Err(BundleError::Checkpoint);
        }
        if place.hashes.len() > limits::PROOF {
            let what = What::Count {
                least: 0,
                most: limits::PROOF,
            };
            return Err(BundleError::Form {
                pointer: PROOF_POINTER.to_owned(),
                what,
            });
        }
        Ok(Self {
            envelope,
            entry,
            place,
        })
    }

    /// Reads one line in any JSON spacing. Inverse of [`BundleLine::to_bytes`].
    ///
    /// # Errors
    ///
    /// [`BundleError`].
    pub fn parse(line: &[u8]) -> Result<Self, BundleError> {
        if line.len() > limits::LINE {
            return Err(BundleError::Long);
        }
        let root = json::parse(line)?;
        let parts = Parts::of(&root).map_err(|fault| form(fault, &root))?;
        let entry = Entry::parse(&parts.body)?;
        if parts.version != (entry.kind.as_str(), entry::VERSION) {
            return Err(BundleError::EntryElsewhere);
        }
        if parts.hint.len() == limits::HINT && parts.hint != entry.key.id().to_string() {
            return Err(BundleError::Hint);
        }
        let header = parts.place.header().ok_or(BundleError::Checkpoint)?;
        if (header.size, header.root) != (parts.size, parts.root) {
            return Err(BundleError::Checkpoint);
        }
        Self::new(parts.envelope, entry, parts.place)
    }

    /// Canonical bytes without the newline. The hint is the key id.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_json().to_bytes()
    }

    /// The envelope.
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The log entry.
    pub const fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Where the entry stands.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// Origin of the log, as the checkpoint's first line says.
    pub fn origin(&self) -> &str {
        self.place.checkpoint.split('\n').next().unwrap_or_default()
    }

    fn to_json(&self) -> Json {
        let place = &self.place;
        let base64 = |hash: &Hash| Json::from(encoding::encode(&hash.0));
        let header = place.header();
        let (size, root) =
            header.map_or((0, Hash::EMPTY_ROOT), |header| (header.size, header.root));
        let proof = Json::object([
            (
                "checkpoint",
                Json::object([("envelope", place.checkpoint.as_str().into())]),
            ),
            ("hashes", Json::list(place.hashes.iter().map(base64))),
            ("logIndex", Json::text(place.index)),
            ("rootHash", base64(&root)),
            ("treeSize", Json::text(size)),
        ]);
        let kind = self.entry.kind.as_str();
        let version = Json::object([("kind", kind.into()), ("version", entry::VERSION.into())]);
        let entry = Json::object([
            (
                "canonicalizedBody",
                encoding::encode(&self.entry.to_bytes()).into(),
            ),
            ("inclusionProof", proof),
            ("kindVersion", version),
            ("logId", Json::object([("keyId", base64(&place.log_id))])),
            ("logIndex", Json::text(place.index)),
        ]);
        let hint = Json::object([("hint", Json::text(self.entry.key.id()))]);
        let material = Json::object([("publicKey", hint), ("tlogEntries", Json::list([entry]))]);
        Json::object([
            ("dsseEnvelope", self.envelope.to_json()),
            ("mediaType", MEDIA_TYPE.into()),
            ("verificationMaterial", material),
        ])
    }
}

/// Reads a bundle file: each line by itself, so that one bad line hides no other.
pub fn read(bytes: &[u8]) -> Reading {
    let mut reading = Reading {
        lines: Vec::new(),
        unreadable: Vec::new(),
        limit: None,
    };
    if bytes.len() > limits::BUNDLE {
        reading.limit = Some(Limit::Bundle);
        return reading;
    }
    // The newline ends the last line, it does not begin another one.
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if text.is_empty() {
        return reading;
    }
    for (position, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if position == limits::LINES {
            reading.limit = Some(Limit::Lines);
            break;
        }
        match BundleLine::parse(line) {
            Ok(line) => reading.lines.push(line),
            Err(error) => reading.unreadable.push((position + 1, error)),
        }
    }
    reading
}

/// Writes a bundle file: sorted by (predicate type, origin, index), no line twice, so that equal evidence has equal
/// bytes whatever order it was gathered in.
pub fn write(lines: &[BundleLine]) -> Vec<u8> {
    let key = |line: &BundleLine| {
        let predicate_type = statement::predicate_type(line.envelope.payload()).unwrap_or_default();
        (
            predicate_type,
            line.origin().to_owned(),
            line.place.index,
            line.to_bytes(),
        )
    };
    let mut rows: Vec<_> = lines.iter().map(key).collect();
    rows.sort_unstable();
    rows.dedup();
    let mut file = Vec::new();
    for (_, _, _, bytes) in rows {
        file.extend_from_slice(&bytes);
        file.push(b'\n');
    }
    file
}

/// Log id of Sigstore clients: SHA-256(origin, newline, 0x01, Ed25519 key), all 32 bytes; its first four are the key
/// id of the log's Ed25519 signature line.
pub fn log_id(origin: &str, ed25519: &[u8; 32]) -> Hash {
    sha256(&[origin.as_bytes(), b"\n\x01", ed25519].concat())
}

/// The three lines in front of every checkpoint.
struct Header {
    size: u64,
    root: Hash,
}

impl Place {
    /// The checkpoint's own words about its tree. Whether anyone signed them is the verifier's question.
    fn header(&self) -> Option<Header> {
        if self.checkpoint.len() > limits::CHECKPOINT {
            return None;
        }
        let mut lines = self.checkpoint.split('\n');
        let origin = lines.next()?;
        let size = decimal(lines.next()?)?;
        let root = encoding::decode_hash(lines.next()?)?;
        (!origin.is_empty()).then_some(Header { size, root })
    }
}

/// What a line says, before its parts are compared with each other.
struct Parts<'v> {
    envelope: Envelope,
    hint: &'v str,
    body: Vec<u8>,
    version: (&'v str, &'v str),
    size: u64,
    root: Hash,
    place: Place,
}

impl<'v> Parts<'v> {
    fn of(root: &'v Value<'_>) -> Result<Self, Fault> {
        let line = Object::exactly(root, LINE, &[])?;
        fixed(line.require("mediaType")?, MEDIA_TYPE)?;
        let material = Object::exactly(line.require("verificationMaterial")?, MATERIAL, &[])?;
        let key = Object::exactly(material.require("publicKey")?, &["hint"], &[])?;
        let hint = key.require("hint")?;
        let entries = material.require("tlogEntries")?;
        let [value] = read::list(entries, 1, 1)? else {
            return Err(read::expected(entries, "one log entry"));
        };
        let entry = Object::exactly(value, ENTRY, &["integratedTime"])?;
        if let Some(time) = entry.find("integratedTime") {
            // Without an inclusion promise nobody vouches for a time, so only "none" may stand here.
            fixed(time, "0")?;
        }
        let version = Object::exactly(entry.require("kindVersion")?, &["kind", "version"], &[])?;
        let log = Object::exactly(entry.require("logId")?, &["keyId"], &[])?;
        let proof = Object::exactly(entry.require("inclusionProof")?, PROOF, &[])?;
        let note = Object::exactly(proof.require("checkpoint")?, &["envelope"], &[])?;
        let hashes = read::list(proof.require("hashes")?, 0, limits::PROOF)?;
        let index = number(entry.require("logIndex")?)?;
        let proven = proof.require("logIndex")?;
        if number(proven)? != index {
            return Err(read::expected(proven, "the index of the entry"));
        }
        Ok(Self {
            envelope: Envelope::from_value(line.require("dsseEnvelope")?)?,
            hint: read::string(hint)
                .ok()
                .filter(|hint| (1..=limits::HINT).contains(&hint.len()))
                .ok_or_else(|| read::expected(hint, "a text of 1 to 64 bytes"))?,
            body: base64(entry.require("canonicalizedBody")?)?,
            version: (
                read::string(version.require("kind")?)?,
                read::string(version.require("version")?)?,
            ),
            size: number(proof.require("treeSize")?)?,
            root: hash(proof.require("rootHash")?)?,
            place: Place {
                log_id: hash(log.require("keyId")?)?,
                index,
                hashes: hashes.iter().map(hash).collect::<Result<_, _>>()?,
                checkpoint: read::string(note.require("envelope")?)?.to_owned(),
            },
        })
    }
}

fn form(fault: Fault, root: &Value<'_>) -> BundleError {
    let refusal = fault.refusal(root);
    BundleError::Form {
        pointer: refusal.pointer,
        what: refusal.what,
    }
}

fn fixed(value: &Value<'_>, text: &'static str) -> Result<(), Fault> {
    if value.text() == Some(text) {
        Ok(())
    } else {
        Err(read::expected(value, text))
    }
}

fn base64(value: &Value<'_>) -> Result<Vec<u8>, Fault> {
    let bytes = value.text().and_then(encoding::decode);
    bytes.ok_or_else(|| read::expected(value, "strict base64"))
}

fn hash(value: &Value<'_>) -> Result<Hash, Fault> {
    let hash = value.text().and_then(encoding::decode_hash);
    hash.ok_or_else(|| read::expected(value, "strict base64 of 32 bytes"))
}

/// A 64-bit number as protocol buffers write it in JSON: a decimal text.
fn number(value: &Value<'_>) -> Result<u64, Fault> {
    let number = value.text().and_then(decimal);
    number.ok_or_else(|| read::expected(value, "a number as decimal text"))
}

/// Decimal digits without a zero in front.
fn decimal(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || (text.len() > 1 && text.starts_with('0')) {
        return None;
    }
    text.parse().ok()
}

/// Media type of a bundle, version 0.3.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

const LINE: &[&str] = &["dsseEnvelope", "mediaType", "verificationMaterial"];
const MATERIAL: &[&str] = &["publicKey", "tlogEntries"];
const ENTRY: &[&str] = &[
    "canonicalizedBody",
    "inclusionProof",
    "kindVersion",
    "logId",
    "logIndex",
];
const PROOF: &[&str] = &["checkpoint", "hashes", "logIndex", "rootHash", "treeSize"];
const PROOF_POINTER: &str = "/verificationMaterial/tlogEntries/0/inclusionProof/hashes";

#[cfg(test)]
mod tests;
