//! Checkpoints: [tlog-checkpoint], and the first step of typed verification.
//!
//! ```
//! use tlog::checkpoint::Checkpoint;
//!
//! let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
//! let checkpoint = Checkpoint::parse(text)?;
//! assert_eq!(checkpoint.size(), 20_852_163);
//! assert_eq!(checkpoint.to_text(), text);
//! # Ok::<(), tlog::checkpoint::CheckpointRefused>(())
//! ```
//!
//! [tlog-checkpoint]: https://c2sp.org/tlog-checkpoint

use crate::encoding;
use crate::hash::Hash;
use crate::key::{Algorithm, Vkey};
use crate::note::{Note, NoteRefused};

/// Origin, size and root of a log's tree. Parsed, not verified: see [`LogSigned`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: Box<str>,
    size: u64,
    root: Hash,
    extensions: Vec<Box<str>>,
}

impl Checkpoint {
    /// A checkpoint without extension lines.
    ///
    /// # Errors
    /// [`CheckpointRefused::Origin`] if the origin is empty or holds a newline.
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Self, CheckpointRefused> {
        if origin.is_empty() || origin.contains('\n') {
            return Err(CheckpointRefused::Origin);
        }
        Ok(Self {
            origin: origin.into(),
            size,
            root,
            extensions: Vec::new(),
        })
    }

    /// Reads a note text (C1).
    ///
    /// # Errors
    /// [`CheckpointRefused`] names the line.
    pub fn parse(text: &str) -> Result<Self, CheckpointRefused> {
        let body = text
            .strip_suffix('\n')
            .ok_or(CheckpointRefused::NoNewline)?;
        let mut lines = body.split('\n');
        let origin = lines
            .next()
            .filter(|line| !line.is_empty())
            .ok_or(CheckpointRefused::Origin)?;
        let size = lines
            .next()
            .and_then(parse_decimal)
            .ok_or(CheckpointRefused::Size)?;
        let root = lines
            .next()
            .and_then(encoding::decode_hash)
            .ok_or(CheckpointRefused::Root)?;
        let extensions: Vec<Box<str>> = lines.map(Into::into).collect();
        if extensions.iter().any(|line| line.is_empty()) {
            return Err(CheckpointRefused::Extension);
        }
        Ok(Self {
            origin: origin.into(),
            size,
            root,
            extensions,
        })
    }

    /// The log's identity. Never a URL to fetch from (C4).
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root hash of the tree at this size.
    pub fn root(&self) -> Hash {
        self.root
    }

    /// Extension lines. An ML-DSA-44 signature does not cover them: report them as unauthenticated (C5).
    pub fn extensions(&self) -> &[Box<str>] {
        &self.extensions
    }

    /// The note text. Inverse of [`Checkpoint::parse`].
    pub fn to_text(&self) -> String {
        let mut text = format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            encoding::encode(&self.root.0)
        );
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

/// Why a text is no checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointRefused {
    /// An empty extension line.
    #[error("checkpoint has an empty extension line")]
    Extension,
    /// The text does not end in a newline.
    #[error("checkpoint does not end in a newline")]
    NoNewline,
    /// Line 1.
    #[error("line 1 of the checkpoint is no origin")]
    Origin,
    /// Line 3.
    #[error("line 3 of the checkpoint is no base64 hash of 32 bytes")]
    Root,
    /// Line 2.
    #[error("line 2 of the checkpoint is no decimal size without leading zeros")]
    Size,
}

impl CheckpointRefused {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        "fetch the checkpoint again from the log"
    }
}

/// The keys under which one log signs, all named after its origin (C3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogKeys {
    origin: Box<str>,
    keys: Vec<Vkey>,
}

impl LogKeys {
    /// Keys of the log `origin`.
    ///
    /// # Errors
    /// [`LogKeysRefused`]: none given, another name than the origin, a cosigner's key type, or one key twice.
    pub fn new(origin: &str, keys: Vec<Vkey>) -> Result<Self, LogKeysRefused> {
        if keys.is_empty() {
            return Err(LogKeysRefused::None);
        }
        for (index, key) in keys.iter().enumerate() {
            if key.name().as_str() != origin {
                return Err(LogKeysRefused::OtherName);
            }
            if key.algorithm() == Algorithm::Ed25519Cosignature {
                return Err(LogKeysRefused::CosignerKey);
            }
            if keys
                .iter()
                .take(index)
                .any(|other| other.public_key() == key.public_key())
            {
                return Err(LogKeysRefused::Twice);
            }
        }
        Ok(Self {
            origin: origin.into(),
            keys,
        })
    }

    /// The log's origin, equal to the name of each key.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The keys in the order given.
    pub fn keys(&self) -> &[Vkey] {
        &self.keys
    }
}

/// Why keys are not those of one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogKeysRefused {
    /// A type `0x04` key signs what others log; it cannot be a log's.
    #[error("a cosigner's key cannot be a log's key")]
    CosignerKey,
    /// No key.
    #[error("a log needs at least one key")]
    None,
    /// A key with another name than the origin.
    #[error("a log's key must be named after its origin")]
    OtherName,
    /// One key twice.
    #[error("one key is listed twice")]
    Twice,
}

impl LogKeysRefused {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::CosignerKey => "give the log's own keys, types 01 and 06",
            Self::None => "give at least one vkey of the log",
            Self::OtherName => "give vkeys that are named after the log's origin",
            Self::Twice => "give each key once",
        }
    }
}

/// A checkpoint that its log signed. Only [`LogSigned::by_all`] and [`LogSigned::by_any`] make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSigned {
    checkpoint: Checkpoint,
    note: Box<str>,
}

impl LogSigned {
    /// For clients: *every* key of the log must have signed, and every known line must verify.
    ///
    /// # Errors
    /// [`LogSignedRefused`].
    pub fn by_all(bytes: &[u8], keys: &LogKeys) -> Result<Self, LogSignedRefused> {
        let (signed, count) = Self::open(bytes, keys)?;
        if count < keys.keys.len() {
            return Err(LogSignedRefused::KeyMissing);
        }
        Ok(signed)
    }

    /// For witnesses (tlog-witness): one of the log's keys is enough, and every known line must verify.
    ///
    /// # Errors
    /// [`LogSignedRefused`].
    pub fn by_any(bytes: &[u8], keys: &LogKeys) -> Result<Self, LogSignedRefused> {
        Ok(Self::open(bytes, keys)?.0)
    }

    /// What was signed.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The whole note it stood in, with the lines of others.
    pub fn note(&self) -> &str {
        &self.note
    }

    fn open(bytes: &[u8], keys: &LogKeys) -> Result<(Self, usize), LogSignedRefused> {
        let note = Note::parse(bytes)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        if checkpoint.origin() != keys.origin() {
            return Err(LogSignedRefused::OtherOrigin);
        }
        let keys: Vec<&Vkey> = keys.keys.iter().collect();
        let count = note.open(&keys)?.len();
        let note = std::str::from_utf8(bytes).map_err(|_| NoteRefused::NotUtf8)?;
        Ok((
            Self {
                checkpoint,
                note: note.into(),
            },
            count,
        ))
    }
}

/// Why a note is no checkpoint of this log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogSignedRefused {
    /// Its text is no checkpoint.
    #[error("note is no checkpoint")]
    Checkpoint(#[from] CheckpointRefused),
    /// One of the log's keys did not sign.
    #[error("not every key of the log signed the checkpoint")]
    KeyMissing,
    /// The note is damaged, or no key of the log signed.
    #[error("checkpoint is not signed by the log")]
    Note(#[from] NoteRefused),
    /// Another log's checkpoint.
    #[error("checkpoint is of another origin")]
    OtherOrigin,
}

impl LogSignedRefused {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Checkpoint(cause) => cause.hint(),
            Self::KeyMissing => "ask the log's operator for a checkpoint with both signatures",
            Self::Note(cause) => cause.hint(),
            Self::OtherOrigin => "compare the origin in the checkpoint with the one in your policy",
        }
    }
}

/// ASCII decimal without sign and leading zeros; `None` otherwise, and above `u64::MAX`.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    if text.is_empty() || !canonical || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

    #[test]
    fn c1_refuses_every_other_form() {
        let cases = [
            (format!("o\n1\n{ROOT}"), CheckpointRefused::NoNewline),
            (format!("\n1\n{ROOT}\n"), CheckpointRefused::Origin),
            (format!("o\n\n{ROOT}\n"), CheckpointRefused::Size),
            (format!("o\n01\n{ROOT}\n"), CheckpointRefused::Size),
            (format!("o\n+1\n{ROOT}\n"), CheckpointRefused::Size),
            (format!("o\n-1\n{ROOT}\n"), CheckpointRefused::Size),
            (format!("o\n1 \n{ROOT}\n"), CheckpointRefused::Size),
            (
                format!("o\n18446744073709551616\n{ROOT}\n"),
                CheckpointRefused::Size,
            ),
            ("o\n1\n".into(), CheckpointRefused::Root),
            ("o\n1\nAAAA\n".into(), CheckpointRefused::Root),
            (
                format!("o\n1\n{}\n", ROOT.replace("2I=", "2J=")),
                CheckpointRefused::Root,
            ),
            (format!("o\n1\n{ROOT}\n\n"), CheckpointRefused::Extension),
            (format!("o\n1\n{ROOT}\nx\n\n"), CheckpointRefused::Extension),
        ];
        for (text, refused) in cases {
            assert_eq!(Checkpoint::parse(&text), Err(refused), "{text:?}");
        }
    }

    #[test]
    fn c1_reads_an_empty_tree_and_extension_lines() {
        let text = format!("o\n0\n{ROOT}\nx y\n");
        let checkpoint = Checkpoint::parse(&text).unwrap();
        assert_eq!((checkpoint.size(), checkpoint.extensions().len()), (0, 1));
        assert_eq!(checkpoint.to_text(), text);
    }

    #[test]
    fn c3_refuses_keys_of_another_name_type_or_listed_twice() {
        let key: Vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
            .parse()
            .unwrap();
        let cosigner = Vkey::new(
            key.name().clone(),
            Algorithm::Ed25519Cosignature,
            key.public_key(),
        )
        .unwrap();
        let cases = [
            (vec![], LogKeysRefused::None),
            (vec![key.clone(), key.clone()], LogKeysRefused::Twice),
            (vec![cosigner], LogKeysRefused::CosignerKey),
        ];
        for (keys, refused) in cases {
            assert_eq!(LogKeys::new("example.com/foo", keys), Err(refused));
        }
        assert_eq!(
            LogKeys::new("example.com/bar", vec![key]),
            Err(LogKeysRefused::OtherName)
        );
    }
}
