//! Words and lines: `evidence.md` S12 and §3.
//!
//! A line is (publisher, product, kind, channel, platform): the one sequence of updates that a machine receives. Its
//! id names it without saying it, so that logs and static files can be keyed by it.
//!
//! ```
//! use evidence::line::{Line, LineKind, Word};
//!
//! let line = Line {
//!     publisher: Word::parse("acme")?,
//!     product: Word::parse("acme-shield")?,
//!     kind: LineKind::Software,
//!     channel: Word::parse("stable")?,
//!     platform: Word::parse("linux-x86_64")?,
//! };
//! assert_eq!(line.id().to_hex(), "f0d5adc2b6b0db67fe96dc977dba4611d3c074e1fb8a4f9237a61348b4b91669");
//! assert_eq!(line.to_string(), "acme/acme-shield software stable linux-x86_64");
//! # Ok::<(), evidence::line::WordError>(())
//! ```

use std::fmt;
use std::str::FromStr;

use tlog::hash::{Hash, sha256};

use crate::limits;
use crate::words::words;

/// A word: `[a-z0-9][a-z0-9._-]{0,63}`. Small letters of one script, so that two words that look alike are mostly equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(Box<str>);

/// A text is no word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a word of 1 to 64 bytes of a-z, 0-9, dot, underscore and hyphen, beginning with a letter or digit"
)]
pub struct WordError;

impl WordError {
    /// What to do next.
    pub const fn hint(self) -> &'static str {
        "use small letters, digits and hyphens"
    }
}

impl Word {
    /// Reads a word. Inverse of [`Word::as_str`].
    ///
    /// # Errors
    ///
    /// [`WordError`] for any other text.
    pub fn parse(text: &str) -> Result<Self, WordError> {
        let letter = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let inner = |byte: &u8| letter(byte) || matches!(byte, b'.' | b'_' | b'-');
        let bytes = text.as_bytes();
        if bytes.len() > limits::WORD
            || !bytes.first().is_some_and(letter)
            || !bytes.iter().all(inner)
        {
            return Err(WordError);
        }
        Ok(Self(text.into()))
    }

    /// The word's text.
    pub const fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Word {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        Self::parse(text)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The one sequence of updates that a machine receives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    /// Who publishes.
    pub publisher: Word,
    /// What is published.
    pub product: Word,
    /// What sort of thing it is.
    pub kind: LineKind,
    /// The publisher's channel, such as `stable`.
    pub channel: Word,
    /// The machine's platform, or `any`.
    pub platform: Word,
}

impl Line {
    /// Line id: SHA-256 of a domain line and the five words, each ended by a newline. No word holds a newline, so no
    /// two lines have one text.
    pub fn id(&self) -> Hash {
        let mut text = String::from("urn:vitrine:line:v1\n");
        for word in self.words() {
            text.push_str(word);
            text.push('\n');
        }
        sha256(text.as_bytes())
    }

    /// The five words in their order.
    pub const fn words(&self) -> [&str; 5] {
        [
            self.publisher.as_str(),
            self.product.as_str(),
            self.kind.as_str(),
            self.channel.as_str(),
            self.platform.as_str(),
        ]
    }
}

impl fmt::Display for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [publisher, product, kind, channel, platform] = self.words();
        write!(
            formatter,
            "{publisher}/{product} {kind} {channel} {platform}"
        )
    }
}

words! {
    /// What sort of thing a line updates.
    pub enum LineKind {
        /// Settings that change what runs.
        Configuration = "configuration",
        /// Detection rules, signatures, patterns.
        DetectionRules = "detection-rules",
        /// Anything else.
        Other = "other",
        /// Programs.
        Software = "software",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s12_refuses_what_is_no_word() {
        let long = "a".repeat(65);
        for text in [
            "", "-a", ".a", "_a", "A", "aB", "a b", "a/b", "a+b", "ä", "a\n", "аcme", "a\0", &long,
        ] {
            assert_eq!(Word::parse(text), Err(WordError), "{text:?}");
        }
        for text in ["a", "0", "4.2.0-rc_1", "linux-x86_64", &long[..64]] {
            assert_eq!(
                Word::parse(text).map(|word| word.to_string()).as_deref(),
                Ok(text)
            );
        }
    }

    #[test]
    fn line_ids_differ_when_letters_move_between_words() {
        let line = |publisher: &str, product: &str| Line {
            publisher: publisher.parse().expect("a word"),
            product: product.parse().expect("a word"),
            kind: LineKind::Other,
            channel: "stable".parse().expect("a word"),
            platform: "any".parse().expect("a word"),
        };
        assert_ne!(line("ab", "c").id(), line("a", "bc").id());
        assert_ne!(line("a", "b").id(), line("b", "a").id());
    }

    #[test]
    fn kinds_and_words_are_inverse() {
        for (word, kind) in LineKind::TABLE {
            assert_eq!((kind.as_str(), LineKind::parse(word)), (*word, Some(*kind)));
        }
        assert_eq!(LineKind::parse("Software"), None);
    }
}
