//! SHA-256 hashes of leaves and nodes: [RFC 6962] section 2.1.
//!
//! ```
//! use tlog::hash::{Hash, leaf_hash, node_hash};
//!
//! let left = leaf_hash(b"a");
//! let right = leaf_hash(b"b");
//! assert_ne!(node_hash(left, right), node_hash(right, left));
//! assert_eq!(Hash::from_hex(&left.to_hex()), Some(left));
//! ```
//!
//! [RFC 6962]: https://www.rfc-editor.org/rfc/rfc6962#section-2.1

use std::fmt;

use sha2::{Digest, Sha256};

/// A SHA-256 hash, 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Root of the empty tree: SHA-256 of nothing.
    pub const EMPTY_ROOT: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ]);

    /// Reads 64 lower-case hexadecimal digits; anything else is `None`. Inverse of [`Hash::to_hex`].
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let [high, low] = pair else { return None };
            *byte = (hex_value(*high)? << 4) | hex_value(*low)?;
        }
        Some(Self(bytes))
    }

    /// 64 lower-case hexadecimal digits.
    pub fn to_hex(&self) -> String {
        let mut text = String::with_capacity(64);
        for byte in self.0 {
            text.push(char::from(hex_digit(byte >> 4)));
            text.push(char::from(hex_digit(byte & 0x0f)));
        }
        text
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_hex())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_hex())
    }
}

/// SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

/// Leaf hash of an entry: SHA-256(0x00, entry).
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0x00]);
    hasher.update(entry);
    Hash(hasher.finalize().into())
}

/// Hash of an inner node: SHA-256(0x01, left, right).
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    let mut bytes = [0; 65];
    bytes[0] = 0x01;
    bytes[1..33].copy_from_slice(&left.0);
    bytes[33..].copy_from_slice(&right.0);
    sha256(&bytes)
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn hex_digit(value: u8) -> u8 {
    if value < 10 {
        b'0' + value
    } else {
        b'a' + value - 10
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_root_is_sha256_of_nothing() {
        assert_eq!(Hash::EMPTY_ROOT, sha256(b""));
    }

    #[test]
    fn refuses_hex_of_wrong_length_case_or_alphabet() {
        let good = sha256(b"x").to_hex();
        assert!(Hash::from_hex(&good).is_some());
        assert!(Hash::from_hex(&good[1..]).is_none());
        assert!(Hash::from_hex(&good.to_uppercase()).is_none());
        assert!(Hash::from_hex(&good.replace(&good[..1], "g")).is_none());
    }
}
