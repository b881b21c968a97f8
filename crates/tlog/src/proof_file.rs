//! Proof files, `.tlog-proof`: [tlog-proof].
//!
//! ```
//! use tlog::hash::Hash;
//! use tlog::proof_file::ProofFile;
//!
//! let checkpoint = "example.com/log\n2\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\u{2014} example.com/log AAAAAAA=\n";
//! let file = ProofFile { extra: None, index: 1, hashes: vec![Hash::default()], checkpoint: checkpoint.into() };
//! let text = file.to_text();
//! assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 1\nAAAA"));
//! assert_eq!(ProofFile::parse(&text)?, file);
//! # Ok::<(), tlog::proof_file::ProofFileRefused>(())
//! ```
//!
//! [tlog-proof]: https://c2sp.org/tlog-proof

use crate::checkpoint::parse_decimal;
use crate::encoding;
use crate::hash::Hash;
use crate::policy::Witnessed;
use crate::proof::{ProofRefused, check_inclusion};

/// What a proof file says. Nothing of it is verified: see [`verify_inclusion`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile {
    /// Opaque bytes that nothing authenticates; never trusted.
    pub extra: Option<Vec<u8>>,
    /// Index of the entry.
    pub index: u64,
    /// From the leaf's sibling to the root's child.
    pub hashes: Vec<Hash>,
    /// The checkpoint's note, byte for byte.
    pub checkpoint: String,
}

impl ProofFile {
    /// Reads a file (P1).
    ///
    /// # Errors
    /// [`ProofFileRefused`] with the 1-based line.
    pub fn parse(text: &str) -> Result<Self, ProofFileRefused> {
        let (head, checkpoint) = text
            .split_once("\n\n")
            .ok_or(ProofFileRefused::NoCheckpoint)?;
        if checkpoint.is_empty() {
            return Err(ProofFileRefused::NoCheckpoint);
        }
        let mut lines = head.split('\n').zip(1..).peekable();
        if lines.next().is_none_or(|(line, _)| line != HEADER) {
            return Err(ProofFileRefused::Header);
        }
        let extra = match lines
            .peek()
            .and_then(|(line, _)| line.strip_prefix("extra "))
        {
            Some(extra) => {
                lines.next();
                Some(encoding::decode(extra).ok_or(ProofFileRefused::Extra)?)
            }
            None => None,
        };
        let index = lines
            .next()
            .and_then(|(line, _)| line.strip_prefix("index ").and_then(parse_decimal))
            .ok_or(ProofFileRefused::Index)?;
        let mut hashes = Vec::new();
        for (line, number) in lines {
            if hashes.len() == MAX_HASHES {
                return Err(ProofFileRefused::TooManyHashes);
            }
            let hash =
                encoding::decode_hash(line).ok_or(ProofFileRefused::Hash { line: number })?;
            hashes.push(hash);
        }
        Ok(Self {
            extra,
            index,
            hashes,
            checkpoint: checkpoint.into(),
        })
    }

    /// The file's text. Inverse of [`ProofFile::parse`].
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADER}\n");
        if let Some(extra) = &self.extra {
            text.push_str(&format!("extra {}\n", encoding::encode(extra)));
        }
        text.push_str(&format!("index {}\n", self.index));
        for hash in &self.hashes {
            text.push_str(&encoding::encode(&hash.0));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }
}

/// An entry that is in a witnessed tree. Only [`verify_inclusion`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Included {
    index: u64,
    leaf: Hash,
}

impl Included {
    /// Index of the entry.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Leaf hash of the entry.
    pub fn leaf(&self) -> Hash {
        self.leaf
    }
}

/// The last step of typed verification: `LogSigned` → `Witnessed` → `Included` (P2).
///
/// # Errors
/// [`ProofRefused`].
pub fn verify_inclusion(
    tree: &Witnessed,
    index: u64,
    leaf: Hash,
    proof: &[Hash],
) -> Result<Included, ProofRefused> {
    let checkpoint = tree.signed().checkpoint();
    check_inclusion(checkpoint.size(), checkpoint.root(), index, leaf, proof)?;
    Ok(Included { index, leaf })
}

/// Why a text is no proof file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofFileRefused {
    /// The extra data is not strict base64.
    #[error("line 2 of the proof is no base64 extra data")]
    Extra,
    /// A line is no base64 hash.
    #[error("line {line} of the proof is no base64 hash of 32 bytes")]
    Hash {
        /// 1-based line.
        line: usize,
    },
    /// The first line is another one.
    #[error("line 1 of the proof is not c2sp.org/tlog-proof@v1")]
    Header,
    /// No index line, or no decimal without leading zeros in it.
    #[error("proof has no line with the index")]
    Index,
    /// No empty line with a checkpoint behind it.
    #[error("proof has no checkpoint behind an empty line")]
    NoCheckpoint,
    /// More hashes than any tree has levels.
    #[error("proof has more than {MAX_HASHES} hashes")]
    TooManyHashes,
}

impl ProofFileRefused {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        "fetch the proof again from the log, or from whoever sent it"
    }
}

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A tree of 64-bit size has at most 64 levels, and its root is no part of a proof.
const MAX_HASHES: usize = 63;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn p1_refuses_every_other_form() {
        let hash = encoding::encode(&[7; 32]);
        let many = format!("{HEADER}\nindex 0\n{}\nc\n", format!("{hash}\n").repeat(64));
        let cases = [
            (String::new(), ProofFileRefused::NoCheckpoint),
            (
                format!("{HEADER}\nindex 0\n"),
                ProofFileRefused::NoCheckpoint,
            ),
            (
                format!("{HEADER}\nindex 0\n\n"),
                ProofFileRefused::NoCheckpoint,
            ),
            (
                "c2sp.org/tlog-proof@v2\nindex 0\n\nc\n".into(),
                ProofFileRefused::Header,
            ),
            (format!("{HEADER}\n\nc\n"), ProofFileRefused::Index),
            (
                format!("{HEADER}\nindex 00\n\nc\n"),
                ProofFileRefused::Index,
            ),
            (
                format!("{HEADER}\nindex -1\n\nc\n"),
                ProofFileRefused::Index,
            ),
            (
                format!("{HEADER}\nindex  1\n\nc\n"),
                ProofFileRefused::Index,
            ),
            (
                format!("{HEADER}\nindex 18446744073709551616\n\nc\n"),
                ProofFileRefused::Index,
            ),
            (
                format!("{HEADER}\nextra A\nindex 0\n\nc\n"),
                ProofFileRefused::Extra,
            ),
            (
                format!("{HEADER}\nindex 0\nextra AA==\n\nc\n"),
                ProofFileRefused::Hash { line: 3 },
            ),
            (
                format!("{HEADER}\nindex 0\n{hash}\nAA==\n\nc\n"),
                ProofFileRefused::Hash { line: 4 },
            ),
            (
                format!("{HEADER}\nindex 0\r\n\nc\n"),
                ProofFileRefused::Index,
            ),
            (many, ProofFileRefused::TooManyHashes),
        ];
        for (text, refused) in cases {
            assert_eq!(ProofFile::parse(&text), Err(refused), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn parse_and_to_text_are_inverse(
            extra: Option<Vec<u8>>,
            index: u64,
            hashes in prop::collection::vec(any::<[u8; 32]>(), 0..64),
            checkpoint in "[a-z\n]{1,40}",
        ) {
            let hashes: Vec<Hash> = hashes.into_iter().map(Hash).collect();
            let file = ProofFile { extra, index, hashes, checkpoint };
            prop_assert_eq!(ProofFile::parse(&file.to_text()), Ok(file));
        }
    }
}
