//! Strict base64: padded, standard alphabet, zero trailing bits, no white space.
//!
//! Other decoders accept trailing bits and newlines, so that one signature has many spellings; here each byte string
//! has exactly one text, and `decode` is the inverse of `encode`.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::hash::Hash;

/// Standard base64 with padding. Inverse of [`decode`].
pub fn encode(bytes: &[u8]) -> String {
    STRICT.encode(bytes)
}

/// Bytes of a strict base64 text; `None` for any other spelling.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    STRICT.decode(text).ok()
}

/// A hash of exactly 32 bytes from its base64 text; `None` otherwise.
pub fn decode_hash(text: &str) -> Option<Hash> {
    // 44 characters hold 32 bytes; the length is looked at first so that no long text is decoded for nothing.
    if text.len() != 44 {
        return None;
    }
    Some(Hash(decode(text)?.try_into().ok()?))
}

const STRICT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_every_second_spelling() {
        assert_eq!(decode("AA=="), Some(vec![0]));
        for text in [
            "AA", "AA=", "AB==", "AA==\n", " AA==", "A A==", "_w==", "AA===", "AA==AA==",
        ] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }

    #[test]
    fn refuses_a_hash_that_is_not_32_bytes() {
        assert!(decode_hash(&encode(&[1; 32])).is_some());
        assert!(decode_hash(&encode(&[1; 31])).is_none());
        assert!(decode_hash(&encode(&[1; 33])).is_none());
    }
}
