//! Verifier keys of signed notes: [signed-note] "Signature types" and "Verifier keys", [tlog-cosignature] "Format".
//!
//! A vkey is `name+id+base64(type, key)`. The id is recomputed, so that a vkey whose parts do not belong together never
//! becomes a value of this type.
//!
//! ```
//! use tlog::key::Vkey;
//!
//! let vkey: Vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k".parse()?;
//! assert_eq!(vkey.name().as_str(), "example.com/foo");
//! assert_eq!(vkey.id().to_string(), "530d903a");
//! # Ok::<(), tlog::key::VkeyRefused>(())
//! ```
//!
//! [signed-note]: https://c2sp.org/signed-note
//! [tlog-cosignature]: https://c2sp.org/tlog-cosignature

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use ml_dsa::MlDsa44;

use crate::encoding;
use crate::hash::{Hash, sha256};

/// Name of a key: not empty, without Unicode spaces, control characters and `+` (signed-note, "Format").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(Box<str>);

impl KeyName {
    /// Checks the rule; `None` when it is broken.
    pub fn new(name: &str) -> Option<Self> {
        let forbidden = |c: char| c == '+' || c.is_whitespace() || c.is_control();
        if name.is_empty() || name.chars().any(forbidden) {
            return None;
        }
        Some(Self(name.into()))
    }

    /// The name as it stands in signature lines.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The first four bytes of SHA-256(name, 0x0A, type, public key). Short: it names a key, it does not protect it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 4]);

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:08x}", u32::from_be_bytes(self.0))
    }
}

/// What a key signs, and how. The number is the signature type byte of signed-note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Algorithm {
    /// `0x01`: Ed25519 over the note text; a log's own signature.
    Ed25519 = 0x01,
    /// `0x04`: Ed25519 over a timed cosignature message.
    Ed25519Cosignature = 0x04,
    /// `0x06`: ML-DSA-44 over a timed subtree message; a log's own signature or a cosignature.
    MlDsa44 = 0x06,
}

impl Algorithm {
    /// Length of the public key in bytes.
    pub fn key_length(self) -> usize {
        match self {
            Self::Ed25519 | Self::Ed25519Cosignature => 32,
            Self::MlDsa44 => ML_DSA_44_KEY,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0x01 => Some(Self::Ed25519),
            0x04 => Some(Self::Ed25519Cosignature),
            0x06 => Some(Self::MlDsa44),
            _ => None,
        }
    }
}

/// A verifier key: name, algorithm and public key that belong together.
#[derive(Clone)]
pub struct Vkey {
    name: KeyName,
    id: KeyId,
    algorithm: Algorithm,
    public_key: Box<[u8]>,
    prepared: OnceLock<Prepared>,
}

impl Vkey {
    /// Key of `name` from its raw public key.
    ///
    /// # Errors
    /// [`VkeyRefused::KeyLength`] or [`VkeyRefused::NotAKey`].
    pub fn new(
        name: KeyName,
        algorithm: Algorithm,
        public_key: &[u8],
    ) -> Result<Self, VkeyRefused> {
        if public_key.len() != algorithm.key_length() {
            return Err(VkeyRefused::KeyLength);
        }
        let vkey = Self {
            id: key_id(&name, algorithm, public_key),
            name,
            algorithm,
            public_key: public_key.into(),
            prepared: OnceLock::new(),
        };
        // An ML-DSA-44 key of the right length always decodes; its expansion is left until a signature needs it.
        if algorithm != Algorithm::MlDsa44 {
            let key = ed25519(public_key).ok_or(VkeyRefused::NotAKey)?;
            vkey.prepared.get_or_init(|| Prepared::Ed25519(key));
        }
        Ok(vkey)
    }

    /// The key's name.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// The key's id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// What the key signs.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The raw public key: 32 bytes (Ed25519) or 1,312 bytes (ML-DSA-44).
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// SHA-256 over what the key id is cut from: the full identity that Sigstore clients call a log id.
    pub fn full_id(&self) -> Hash {
        full_key_id(&self.name, self.algorithm, &self.public_key)
    }

    /// Whether `signature` is this key's over `message`.
    ///
    /// Ed25519 by the equation of RFC 8032 section 5.1.7 without the cofactor, `[s]B = R + [k]A`, with s below the
    /// group order, A and R in their one spelling, and neither of small order: the RFC allows a small R, we do not.
    /// ML-DSA-44 with the empty context (FIPS 204 algorithm 3).
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let prepared = self
            .prepared
            .get_or_init(|| Prepared::ml_dsa(&self.public_key));
        match prepared {
            Prepared::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Prepared::MlDsa44(key) => ml_dsa::Signature::<MlDsa44>::try_from(signature)
                .is_ok_and(|signature| key.verify_with_context(message, &[], &signature)),
            Prepared::Unusable => false,
        }
    }
}

impl fmt::Debug for Vkey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}+{} {:?}", self.name, self.id, self.algorithm)
    }
}

impl PartialEq for Vkey {
    fn eq(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm
            && self.name == other.name
            && self.public_key == other.public_key
    }
}

impl Eq for Vkey {}

/// Inverse of [`FromStr`].
impl fmt::Display for Vkey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut material = Vec::with_capacity(1 + self.public_key.len());
        material.push(self.algorithm as u8);
        material.extend_from_slice(&self.public_key);
        write!(
            formatter,
            "{}+{}+{}",
            self.name,
            self.id,
            encoding::encode(&material)
        )
    }
}

impl FromStr for Vkey {
    type Err = VkeyRefused;

    fn from_str(text: &str) -> Result<Self, VkeyRefused> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(material)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(VkeyRefused::Form);
        };
        let name = KeyName::new(name).ok_or(VkeyRefused::Name)?;
        let material = encoding::decode(material).ok_or(VkeyRefused::Base64)?;
        let (kind, public_key) = material.split_first().ok_or(VkeyRefused::Base64)?;
        let algorithm = Algorithm::from_byte(*kind).ok_or(VkeyRefused::UnknownType(*kind))?;
        let vkey = Self::new(name, algorithm, public_key)?;
        // Compared as text: upper-case digits, or a sign, would be a second spelling of the same key.
        if vkey.id.to_string() != id {
            return Err(VkeyRefused::Id);
        }
        Ok(vkey)
    }
}

/// Why a text is no vkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VkeyRefused {
    /// The key is not strict base64.
    #[error("vkey's key is not strict base64")]
    Base64,
    /// Not three parts.
    #[error("vkey is not name+id+key")]
    Form,
    /// The id is not the one that name and key give.
    #[error("vkey's id does not belong to its name and key")]
    Id,
    /// The key has the wrong length for its type.
    #[error("vkey's key has the wrong length for its type")]
    KeyLength,
    /// The name is empty or has a space or a plus sign.
    #[error("vkey's name is empty or has a space, a control character or a plus sign")]
    Name,
    /// The bytes are no point of the curve, one of small order, or a second spelling of one.
    #[error("vkey's key is not a valid public key")]
    NotAKey,
    /// A signature type that this crate does not read.
    #[error("vkey's signature type {0:#04x} is not one of 01, 04, 06")]
    UnknownType(u8),
}

impl VkeyRefused {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        "copy the vkey again from the operator's page, as one line"
    }
}

#[derive(Clone)]
enum Prepared {
    Ed25519(ed25519_dalek::VerifyingKey),
    MlDsa44(Box<ml_dsa::VerifyingKey<MlDsa44>>),
    Unusable,
}

impl Prepared {
    fn ml_dsa(public_key: &[u8]) -> Self {
        ml_dsa::EncodedVerifyingKey::<MlDsa44>::try_from(public_key).map_or(Self::Unusable, |key| {
            Self::MlDsa44(Box::new(ml_dsa::VerifyingKey::decode(&key)))
        })
    }
}

fn ed25519(public_key: &[u8]) -> Option<ed25519_dalek::VerifyingKey> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(public_key.try_into().ok()?).ok()?;
    // A key of small order verifies signatures that nobody made; a second spelling of a point would be a second key.
    let canonical = key.to_edwards().compress().as_bytes() == public_key;
    (canonical && !key.is_weak()).then_some(key)
}

fn key_id(name: &KeyName, algorithm: Algorithm, public_key: &[u8]) -> KeyId {
    let [a, b, c, d, ..] = full_key_id(name, algorithm, public_key).0;
    KeyId([a, b, c, d])
}

fn full_key_id(name: &KeyName, algorithm: Algorithm, public_key: &[u8]) -> Hash {
    let mut bytes = Vec::with_capacity(name.as_str().len() + 2 + public_key.len());
    bytes.extend_from_slice(name.as_str().as_bytes());
    bytes.push(b'\n');
    bytes.push(algorithm as u8);
    bytes.extend_from_slice(public_key);
    sha256(&bytes)
}

const ML_DSA_44_KEY: usize = 1312;

#[cfg(test)]
mod tests {
    use super::*;

    const VECTOR: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    #[test]
    fn n7_reads_the_published_vkey_and_writes_it_back() {
        let vkey: Vkey = VECTOR.parse().unwrap();
        assert_eq!(vkey.to_string(), VECTOR);
        assert_eq!(vkey.algorithm(), Algorithm::Ed25519);
    }

    #[test]
    fn n7_refuses_vkeys_whose_parts_do_not_belong_together() {
        let cases = [
            ("example.com/foo+530d903a", VkeyRefused::Form),
            (
                "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                VkeyRefused::Name,
            ),
            (
                "a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                VkeyRefused::Name,
            ),
            (
                "example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                VkeyRefused::Id,
            ),
            (
                "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                VkeyRefused::Id,
            ),
            (
                "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2",
                VkeyRefused::Base64,
            ),
            ("example.com/foo+530d903a+", VkeyRefused::Base64),
            ("example.com/foo+530d903a+Aek=", VkeyRefused::KeyLength),
            (
                "example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                VkeyRefused::UnknownType(2),
            ),
        ];
        for (text, refused) in cases {
            assert_eq!(text.parse::<Vkey>(), Err(refused), "{text}");
        }
    }

    #[test]
    fn n3_refuses_names_with_any_unicode_space() {
        for space in [
            '\u{20}', '\u{9}', '\u{85}', '\u{a0}', '\u{2028}', '\u{3000}', '+', '\u{7f}',
        ] {
            assert_eq!(KeyName::new(&format!("a{space}b")), None, "{space:?}");
        }
        assert!(KeyName::new("münchen.example/log").is_some());
    }

    #[test]
    fn n7_refuses_an_ed25519_key_of_small_order() {
        let mut identity = [0; 32];
        identity[0] = 1;
        let name = KeyName::new("a").unwrap();
        assert_eq!(
            Vkey::new(name, Algorithm::Ed25519, &identity),
            Err(VkeyRefused::NotAKey)
        );
    }
}
