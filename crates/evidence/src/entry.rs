//! The log entry: canonical JSON of one Rekor v2 entry, `tlog.md` §4.
//!
//! ```text
//! {"apiVersion":"0.0.2","kind":"dsse","spec":{"dsseV002":{"payloadHash":{"algorithm":"SHA2_256","digest":"<base64>"},
//!  "signatures":[{"content":"<base64>","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"<base64>"}}}]}}}
//! ```
//!
//! (one line). An entry holds the digest of the payload, not the payload: a body can be withheld while its place in
//! time is fixed. Two kinds are read: `dsse`, whose digest addresses the body and which we write, and `hashedrekord`,
//! whose digest is that of the pre-authentication encoding, so that a log of the other kind can be read from the
//! first day.
//!
//! Only three texts of an entry vary and base64 has one spelling here, so parsing is comparing: any other byte,
//! order, space or member is refused.
//!
//! ```
//! use evidence::entry::Entry;
//! use evidence::envelope::Envelope;
//! use evidence::key::PublicKey;
//!
//! let secret = p256::ecdsa::SigningKey::from_slice(&[7; 32])?;
//! let envelope = Envelope::sign(b"{}".to_vec(), &secret);
//! let entry = Entry::of(&envelope, &PublicKey::of(&secret));
//! assert_eq!(Entry::parse(&entry.to_bytes()), Ok(entry));
//! assert!(entry.is_of(&envelope));
//! # Ok::<(), p256::ecdsa::Error>(())
//! ```

use tlog::encoding;
use tlog::hash::{Hash, leaf_hash};

use crate::envelope::Envelope;
use crate::key::{KeyError, PublicKey, Signature, SignatureError};

/// One signature in a log: what was signed, by which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which of the two forms.
    pub kind: EntryKind,
    /// SHA-256 of the payload (`dsse`) or of its pre-authentication encoding (`hashedrekord`).
    pub digest: Hash,
    /// The signature.
    pub signature: Signature,
    /// The key that made it.
    pub key: PublicKey,
}

/// The form of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// `dsse` 0.0.2: the digest addresses the body.
    Dsse,
    /// `hashedrekord` 0.0.2: the digest is that of the signed bytes.
    HashedRekord,
}

/// Why bytes are no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// The digest is not the base64 of 32 bytes.
    #[error("the digest at byte {at} is not the base64 of 32 bytes")]
    Digest {
        /// Byte offset of the text.
        at: usize,
    },
    /// Neither of the two canonical forms.
    #[error("byte {at} is not that of a canonical dsse or hashedrekord 0.0.2 entry")]
    Form {
        /// Byte offset of the first byte that differs.
        at: usize,
    },
    /// The key is no P-256 key.
    #[error("the key at byte {at} is not usable")]
    Key {
        /// Byte offset of the text.
        at: usize,
        /// The cause.
        source: KeyError,
    },
    /// The signature is no DER.
    #[error("the signature at byte {at} is not usable")]
    Signature {
        /// Byte offset of the text.
        at: usize,
        /// The cause.
        source: SignatureError,
    },
}

impl EntryError {
    /// What to do next.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Digest { .. } | Self::Form { .. } => {
                "the log holds something else than our entries; ask its operator"
            }
            Self::Key { source, .. } => source.hint(),
            Self::Signature { source, .. } => source.hint(),
        }
    }
}

impl Entry {
    /// The `dsse` entry of an envelope whose signature that key made.
    pub const fn of(envelope: &Envelope, key: &PublicKey) -> Self {
        Self {
            kind: EntryKind::Dsse,
            digest: envelope.statement(),
            signature: *envelope.signature(),
            key: *key,
        }
    }

    /// Reads one canonical entry. Inverse of [`Entry::to_bytes`].
    ///
    /// # Errors
    ///
    /// [`EntryError`] with the byte that differs.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        let mut reader = Reader { bytes, at: 0 };
        // Both forms begin alike; the byte where they part tells which one is meant.
        let kind = match bytes.get(KIND_AT) {
            Some(b'h') => EntryKind::HashedRekord,
            _ => EntryKind::Dsse,
        };
        let [head, middle, key_head, tail] = kind.frame();
        reader.fixed(head)?;
        let at = reader.at;
        let digest = reader.base64(at).and_then(|bytes| bytes.try_into().ok());
        let digest = Hash(digest.ok_or(EntryError::Digest { at })?);
        reader.fixed(middle)?;
        let at = reader.at;
        let der = reader.base64(at).unwrap_or_default();
        let signature =
            Signature::from_der(&der).map_err(|source| EntryError::Signature { at, source })?;
        reader.fixed(key_head)?;
        let at = reader.at;
        let spki = reader.base64(at).unwrap_or_default();
        let key = PublicKey::from_spki(&spki).map_err(|source| EntryError::Key { at, source })?;
        reader.fixed(tail)?;
        if reader.at < bytes.len() {
            return Err(EntryError::Form { at: reader.at });
        }
        Ok(Self {
            kind,
            digest,
            signature,
            key,
        })
    }

    /// The canonical bytes: the leaf of the log.
    pub fn to_bytes(&self) -> Vec<u8> {
        let [head, middle, key_head, tail] = self.kind.frame();
        let digest = encoding::encode(&self.digest.0);
        let signature = encoding::encode(&self.signature.to_der());
        let key = encoding::encode(self.key.spki());
        [head, &digest, middle, &signature, key_head, &key, tail]
            .concat()
            .into_bytes()
    }

    /// Leaf hash of the entry in the log.
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash(&self.to_bytes())
    }

    /// Whether the entry logs the signature and payload of that envelope. That the signature verifies is another
    /// question: [`Envelope::verify`].
    pub fn is_of(&self, envelope: &Envelope) -> bool {
        let digest = match self.kind {
            EntryKind::Dsse => envelope.statement(),
            EntryKind::HashedRekord => envelope.pae_hash(),
        };
        self.digest == digest && self.signature == *envelope.signature()
    }
}

impl EntryKind {
    /// The kind's name in an entry and in a bundle.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dsse => "dsse",
            Self::HashedRekord => "hashedrekord",
        }
    }

    /// The four fixed pieces between digest, signature and key.
    const fn frame(self) -> [&'static str; 4] {
        match self {
            Self::Dsse => [
                r#"{"apiVersion":"0.0.2","kind":"dsse","spec":{"dsseV002":{"payloadHash":{"algorithm":"SHA2_256","digest":""#,
                r#""},"signatures":[{"content":""#,
                KEY_HEAD,
                r#""}}}]}}}"#,
            ],
            Self::HashedRekord => [
                r#"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":""#,
                r#""},"signature":{"content":""#,
                KEY_HEAD,
                r#""}}}}}}"#,
            ],
        }
    }
}

/// The version of both kinds in an entry and in a bundle.
pub const VERSION: &str = "0.0.2";

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn fixed(&mut self, text: &str) -> Result<(), EntryError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let equal = rest
            .iter()
            .zip(text.as_bytes())
            .take_while(|(left, right)| left == right);
        let equal = equal.count();
        self.at += equal;
        if equal < text.len() {
            Err(EntryError::Form { at: self.at })
        } else {
            Ok(())
        }
    }

    fn base64(&mut self, start: usize) -> Option<Vec<u8>> {
        let rest = self.bytes.get(start..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == b'"')?;
        let text = std::str::from_utf8(rest.get(..length)?).ok()?;
        self.at += length;
        encoding::decode(text)
    }
}

const KIND_AT: usize = r#"{"apiVersion":"0.0.2","kind":""#.len();
const KEY_HEAD: &str =
    r#"","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":""#;

#[cfg(test)]
mod tests {
    use p256::ecdsa::SigningKey;
    use proptest::prelude::*;

    use super::*;
    use crate::{canonical, json};

    fn envelope() -> (Envelope, PublicKey) {
        let secret = SigningKey::from_slice(&[7; 32]).expect("in range");
        (
            Envelope::sign(b"{}".to_vec(), &secret),
            PublicKey::of(&secret),
        )
    }

    fn both() -> [Entry; 2] {
        let (envelope, key) = envelope();
        let dsse = Entry::of(&envelope, &key);
        let digest = envelope.pae_hash();
        [
            dsse,
            Entry {
                kind: EntryKind::HashedRekord,
                digest,
                ..dsse
            },
        ]
    }

    #[test]
    fn both_kinds_are_canonical_and_belong_to_their_envelope() {
        for entry in both() {
            let bytes = entry.to_bytes();
            let value = json::parse(&bytes).expect("JSON");
            assert_eq!(canonical::check(&bytes, &value), Ok(()));
            assert_eq!(
                value.member("kind").and_then(|kind| kind.text()),
                Some(entry.kind.as_str())
            );
            assert_eq!(
                value
                    .member("apiVersion")
                    .and_then(|version| version.text()),
                Some(VERSION)
            );
            assert!(entry.is_of(&envelope().0));
            assert_eq!(Entry::parse(&bytes), Ok(entry));
        }
    }

    #[test]
    fn refuses_entries_of_another_envelope() {
        let other = Envelope::sign(
            b"[]".to_vec(),
            &SigningKey::from_slice(&[7; 32]).expect("in range"),
        );
        let mixed = Envelope::new(b"{}".to_vec(), *other.signature());
        for entry in both() {
            assert!(!entry.is_of(&other));
            assert!(!entry.is_of(&mixed));
        }
        let [dsse, hashed] = both();
        assert!(
            !Entry {
                digest: hashed.digest,
                ..dsse
            }
            .is_of(&envelope().0)
        );
        assert!(
            !Entry {
                digest: dsse.digest,
                ..hashed
            }
            .is_of(&envelope().0)
        );
    }

    #[test]
    fn refuses_non_canonical_bytes_and_unknown_members() {
        for entry in both() {
            let good = String::from_utf8(entry.to_bytes()).expect("UTF-8");
            for bad in [
                String::new(),
                format!(" {good}"),
                format!("{good}\n"),
                good.replace("\"kind\":", "\"kind\": "),
                good.replace("0.0.2", "0.0.1"),
                good.replace("{\"apiVersion\"", "{\"a\":1,\"apiVersion\""),
                good.replace("PKIX_ECDSA_P256_SHA_256", "PKIX_ECDSA_P256_SHA_512"),
                good.replace("SHA2_256", "SHA2_512"),
                good.replace("\"digest\":\"", "\"digest\":\"="),
                good.replace("\"digest\":\"", "\"digest\":\"AAAA"),
                good.replace("\"content\":\"", "\"content\":\"AAAA"),
                good.replace("\"rawBytes\":\"", "\"rawBytes\":\"AAAA"),
                good.replace("\"content\":\"M", "\"content\":\"\\u004d"),
                good[..good.len() - 1].to_owned(),
                good[..good.len() / 2].to_owned(),
            ] {
                assert!(Entry::parse(bad.as_bytes()).is_err(), "{bad}");
            }
            let reordered = good.replace(
                "\"apiVersion\":\"0.0.2\",\"kind\":",
                "\"kind\":\"0.0.2\",\"apiVersion\":",
            );
            assert_eq!(
                Entry::parse(reordered.as_bytes()),
                Err(EntryError::Form { at: 2 })
            );
        }
    }

    #[test]
    fn entries_of_outside_tools_encode_to_the_same_bytes() {
        let lines = include_str!("../testdata/sigstore/artifact.bundle.jsonl").lines();
        for line in lines {
            let outside: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let body = &outside["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"];
            let bytes = encoding::decode(body.as_str().expect("text")).expect("base64");
            let entry = Entry::parse(&bytes).expect("an entry");
            assert_eq!(entry.to_bytes(), bytes);
        }
    }

    proptest! {
        #[test]
        fn no_changed_byte_is_an_equal_entry(kind in 0..2_usize, at in any::<prop::sample::Index>(), to in any::<u8>()) {
            let entry = both()[kind];
            let mut bytes = entry.to_bytes();
            let at = at.index(bytes.len());
            prop_assume!(bytes[at] != to);
            bytes[at] = to;
            if let Ok(changed) = Entry::parse(&bytes) {
                prop_assert_ne!(changed, entry);
                prop_assert_eq!(changed.to_bytes(), bytes);
                prop_assert!(!changed.is_of(&envelope().0) || changed.key != entry.key);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), keep in 0..483_usize) {
            let _ = Entry::parse(&bytes);
            let mut longer = both()[0].to_bytes();
            longer.truncate(keep);
            longer.extend(bytes);
            let _ = Entry::parse(&longer);
        }
    }
}
