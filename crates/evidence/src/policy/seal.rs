//! A policy text that carries its own digest: rule PL9.
//!
//! `policy = "1:sha256:<64 hex>"` seals the text: the digest is SHA-256 of the whole text with exactly those 64 digits
//! taken out. So no changed byte of a sealed policy goes unnoticed, not even one in a comment or in an operator's name.
//! A seal protects against damage, not against an author: who may change a policy can seal it again.
//!
//! ```
//! use evidence::policy::seal;
//!
//! let text = seal("policy = 1\nname = \"example-hospital\"\n")?;
//! assert_eq!(
//!     text.lines().next(),
//!     Some("policy = \"1:sha256:95f25c66fa0997fb4becdcb9cb125f81e8700c21cb6bd022656f86810a6bf4a6\""),
//! );
//! assert_eq!(seal(&text)?, text);
//! # Ok::<(), evidence::policy::SealError>(())
//! ```

use std::ops::Range;

use tlog::hash::{Hash, sha256};
use toml::de::DeTable;

/// Why a text cannot be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The first member is not `policy = 1` or a seal.
    #[error("the text does not open with policy = 1 or a seal")]
    NoPolicy,
    /// Not TOML.
    #[error("the text is not TOML")]
    NotToml,
}

impl SealError {
    /// What to do next.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::NoPolicy => "open the text with policy = 1",
            Self::NotToml => "check the policy's text first",
        }
    }
}

/// The text with the right seal in the place of `policy = 1`, or of an older seal. Nothing else changes.
///
/// # Errors
/// [`SealError`]; whether the text is a good policy is not looked at.
pub fn seal(text: &str) -> Result<String, SealError> {
    let root = DeTable::parse(text).map_err(|_| SealError::NotToml)?;
    let value = root
        .get_ref()
        .get("policy")
        .ok_or(SealError::NoPolicy)?
        .span();
    let (before, rest) = text
        .split_at_checked(value.start)
        .ok_or(SealError::NoPolicy)?;
    let (old, behind) = rest
        .split_at_checked(value.len())
        .ok_or(SealError::NoPolicy)?;
    if Form::of(old).is_none() && !old.starts_with(OPEN) {
        return Err(SealError::NoPolicy);
    }
    let digest = sha256(format!("{before}{OPEN}{CLOSE}{behind}").as_bytes());
    Ok(format!("{before}{OPEN}{digest}{CLOSE}{behind}"))
}

/// What the value of `policy` says, as it stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `1`.
    Plain,
    /// A seal with this digest.
    Sealed(Hash),
}

impl Form {
    /// Of the value's raw text. A digest has one spelling: no escapes, small letters, straight double quotes; another
    /// spelling would be a changed byte that goes unnoticed.
    pub(super) fn of(raw: &str) -> Option<Self> {
        if raw == "1" {
            return Some(Self::Plain);
        }
        let digits = raw.strip_prefix(OPEN)?.strip_suffix(CLOSE)?;
        Hash::from_hex(digits).map(Self::Sealed)
    }
}

/// Whether `digest` is that of `text`, whose seal stands at `value`.
pub(super) fn fits(text: &str, value: &Range<usize>, digest: Hash) -> bool {
    let from = value.start + OPEN.len();
    let to = value.end - CLOSE.len();
    let (Some(before), Some(behind)) = (text.get(..from), text.get(to..)) else {
        return false;
    };
    sha256(format!("{before}{behind}").as_bytes()) == digest
}

const OPEN: &str = "\"1:sha256:";
const CLOSE: &str = "\"";
