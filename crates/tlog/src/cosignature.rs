//! Cosignatures: [tlog-cosignature].
//!
//! The blob behind the key id is a big-endian time and a signature. An Ed25519 one covers a header, the time and the
//! whole note text, but not the cosigner's name; an ML-DSA-44 one covers names, time, size and root, but no extension
//! lines.
//!
//! ```
//! use tlog::cosignature::ed25519_message;
//!
//! let text = "example.com/log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
//! let message = ed25519_message(1679315147, text);
//! assert!(message.starts_with(b"cosignature/v1\ntime 1679315147\nexample.com/log\n"));
//! ```
//!
//! [tlog-cosignature]: https://c2sp.org/tlog-cosignature

use crate::checkpoint::Checkpoint;
use crate::hash::Hash;
use crate::key::{Algorithm, Vkey};

/// A time and the signature over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// Seconds since the epoch, at most 2^63 − 1; 0 where the signer does not claim to know no larger tree.
    pub time: u64,
    /// 64 bytes (Ed25519) or 2,420 bytes (ML-DSA-44).
    pub signature: Vec<u8>,
}

impl Cosignature {
    /// Reads the blob behind a key id (K1); `None` for a wrong length or a time above 2^63 − 1.
    pub fn parse(blob: &[u8], algorithm: Algorithm) -> Option<Self> {
        let (time, signature) = blob.split_first_chunk::<8>()?;
        let time = u64::from_be_bytes(*time);
        if time > MAX_TIME || signature.len() != signature_length(algorithm) {
            return None;
        }
        Some(Self {
            time,
            signature: signature.to_vec(),
        })
    }

    /// Inverse of [`Cosignature::parse`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.time.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.signature);
        bytes
    }
}

/// A range of leaves and its hash, as an ML-DSA-44 key signs it (K3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedSubtree<'a> {
    /// Name of the cosigner, 1–255 bytes.
    pub cosigner: &'a str,
    /// Seconds since the epoch; must be 0 unless `start` is 0.
    pub time: u64,
    /// Origin of the log, 1–255 bytes.
    pub origin: &'a str,
    /// First leaf.
    pub start: u64,
    /// One past the last leaf; the tree size for a checkpoint.
    pub end: u64,
    /// Root hash of the range.
    pub hash: Hash,
}

impl SignedSubtree<'_> {
    /// The signed message (K3); `None` if a name has not 1–255 bytes, the range is reversed, or a time stands beside a
    /// start that is not 0.
    pub fn message(&self) -> Option<Vec<u8>> {
        if self.time > MAX_TIME || self.end < self.start || (self.start != 0 && self.time != 0) {
            return None;
        }
        let mut message = LABEL.to_vec();
        push_name(&mut message, self.cosigner)?;
        message.extend_from_slice(&self.time.to_be_bytes());
        push_name(&mut message, self.origin)?;
        message.extend_from_slice(&self.start.to_be_bytes());
        message.extend_from_slice(&self.end.to_be_bytes());
        message.extend_from_slice(&self.hash.0);
        Some(message)
    }
}

/// What an Ed25519 cosigner signs at `time` for a note text (K2).
pub fn ed25519_message(time: u64, text: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {time}\n{text}").into_bytes()
}

/// What `key` signs at `time` for the checkpoint `text`; `None` where that key's type cannot sign it.
pub fn message(key: &Vkey, text: &str, time: u64) -> Option<Vec<u8>> {
    match key.algorithm() {
        Algorithm::Ed25519 => (time == 0).then(|| text.as_bytes().to_vec()),
        Algorithm::Ed25519Cosignature => Some(ed25519_message(time, text)),
        Algorithm::MlDsa44 => {
            let checkpoint = Checkpoint::parse(text).ok()?;
            SignedSubtree {
                cosigner: key.name().as_str(),
                time,
                origin: checkpoint.origin(),
                start: 0,
                end: checkpoint.size(),
                hash: checkpoint.root(),
            }
            .message()
        }
    }
}

/// Length in bytes of a signature of this type, without key id and time.
pub fn signature_length(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Ed25519 | Algorithm::Ed25519Cosignature => 64,
        Algorithm::MlDsa44 => 2420,
    }
}

/// Largest time that a cosignature may carry.
pub const MAX_TIME: u64 = i64::MAX as u64;

fn push_name(message: &mut Vec<u8>, name: &str) -> Option<()> {
    let length = u8::try_from(name.len()).ok().filter(|length| *length > 0)?;
    message.push(length);
    message.extend_from_slice(name.as_bytes());
    Some(())
}

const LABEL: &[u8; 12] = b"subtree/v1\n\0";

#[cfg(test)]
mod tests {
    use super::*;

    fn subtree() -> SignedSubtree<'static> {
        SignedSubtree {
            cosigner: "w",
            time: 7,
            origin: "o",
            start: 0,
            end: 9,
            hash: Hash([5; 32]),
        }
    }

    #[test]
    fn k1_refuses_wrong_lengths_and_times_above_the_signed_range() {
        let good = Cosignature {
            time: 1,
            signature: vec![0; 64],
        };
        let bytes = good.to_bytes();
        assert_eq!(
            Cosignature::parse(&bytes, Algorithm::Ed25519Cosignature),
            Some(good)
        );
        assert_eq!(Cosignature::parse(&bytes, Algorithm::MlDsa44), None);
        assert_eq!(
            Cosignature::parse(&bytes[..71], Algorithm::Ed25519Cosignature),
            None
        );
        assert_eq!(
            Cosignature::parse(&bytes[..7], Algorithm::Ed25519Cosignature),
            None
        );
        let late = Cosignature {
            time: MAX_TIME + 1,
            signature: vec![0; 64],
        };
        assert_eq!(
            Cosignature::parse(&late.to_bytes(), Algorithm::Ed25519Cosignature),
            None
        );
    }

    #[test]
    fn k3_message_has_the_layout_of_the_specification() {
        let message = subtree().message().unwrap();
        assert_eq!(message.len(), 12 + 2 + 8 + 2 + 8 + 8 + 32);
        assert_eq!(&message[..14], b"subtree/v1\n\0\x01w");
        assert_eq!(&message[14..22], &7u64.to_be_bytes());
        assert_eq!(&message[22..24], b"\x01o");
        assert_eq!(&message[32..40], &9u64.to_be_bytes());
    }

    #[test]
    fn k3_refuses_empty_and_long_names_reversed_ranges_and_a_time_beside_a_start() {
        let long = "x".repeat(256);
        for refused in [
            SignedSubtree {
                cosigner: "",
                ..subtree()
            },
            SignedSubtree {
                cosigner: &long,
                ..subtree()
            },
            SignedSubtree {
                origin: "",
                ..subtree()
            },
            SignedSubtree {
                origin: &long,
                ..subtree()
            },
            SignedSubtree {
                start: 10,
                time: 0,
                ..subtree()
            },
            SignedSubtree {
                start: 8,
                ..subtree()
            },
            SignedSubtree {
                time: MAX_TIME + 1,
                ..subtree()
            },
        ] {
            assert_eq!(refused.message(), None, "{refused:?}");
        }
    }
}
