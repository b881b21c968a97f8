//! Publishers' keys and signatures: ECDSA P-256, `evidence.md` S3 and S4.
//!
//! One key has one spelling (SPKI DER of 91 bytes, RFC 5480), one signature has one spelling (shortest DER, SEC 1
//! C.8). A key's id is the SHA-256 of its spelling. Low s is written; high s is read, because other signers make it:
//! both count as one signing, so a negated copy changes nothing.
//!
//! Nothing here draws random numbers: [`sign`] is deterministic (RFC 6979).
//!
//! ```
//! use evidence::key::{self, PublicKey, Signature};
//!
//! let secret = p256::ecdsa::SigningKey::from_slice(&[7; 32])?;
//! let public = PublicKey::of(&secret);
//! let signature = key::sign(&secret, b"message");
//! assert_eq!(public.verify(b"message", &signature), Ok(()));
//! assert!(public.verify(b"massage", &signature).is_err());
//! assert_eq!(PublicKey::from_policy_text(&public.to_policy_text()), Ok(public));
//! assert_eq!(Signature::from_der(&signature.to_der()), Ok(signature));
//! # Ok::<(), p256::ecdsa::Error>(())
//! ```

use std::fmt;

use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::ecdsa::{SigningKey, VerifyingKey};
use tlog::encoding;
use tlog::hash::{Hash, sha256};

/// Key id: SHA-256 of the key's SPKI DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub Hash);

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A P-256 public key: a point on the curve.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey {
    id: KeyId,
    spki: [u8; SPKI],
    key: VerifyingKey,
}

/// Why bytes or a text are no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not the 26 bytes in front that name P-256 and an uncompressed point, or not 91 bytes.
    #[error("not the SPKI DER of an uncompressed P-256 key")]
    NotP256,
    /// The point is not on the curve.
    #[error("the point is not on the curve P-256")]
    NotOnCurve,
    /// Not `p256:` and strict base64.
    #[error("not p256: and the base64 of a key")]
    PolicyText,
    /// Not one PEM block named `PUBLIC KEY`.
    #[error("not one PEM block of a public key")]
    Pem,
}

impl KeyError {
    /// What to do next.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::NotP256 => "use a P-256 key, as `vitrine key new` makes",
            Self::NotOnCurve => "copy the key again, whole",
            Self::PolicyText => "copy the text that `vitrine key show` prints",
            Self::Pem => "take the file that begins with -----BEGIN PUBLIC KEY-----",
        }
    }
}

/// An ECDSA signature: r and s, both above 0 and below the group order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(p256::ecdsa::Signature);

/// Why bytes are no signature, or none over this message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// Not the shortest DER of two integers, or something follows.
    #[error("not the shortest DER of an ECDSA signature")]
    NotDer,
    /// r or s is zero, negative, or not below the group order.
    #[error("a number of the signature is out of range")]
    OutOfRange,
    /// The key did not make it over this message.
    #[error("the signature does not belong to this message and key")]
    Wrong,
}

impl SignatureError {
    /// What to do next.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::NotDer => "write the signature as DER, not as 64 raw bytes",
            Self::OutOfRange | Self::Wrong => {
                "sign the pre-authentication encoding of the very bytes that are sent"
            }
        }
    }
}

impl PublicKey {
    /// Reads SPKI DER (S4). Inverse of [`PublicKey::spki`].
    ///
    /// # Errors
    ///
    /// [`KeyError::NotP256`], [`KeyError::NotOnCurve`].
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        let spki: [u8; SPKI] = der.try_into().map_err(|_| KeyError::NotP256)?;
        let point = spki.strip_prefix(&SPKI_PREFIX).ok_or(KeyError::NotP256)?;
        if point.first() != Some(&UNCOMPRESSED) {
            return Err(KeyError::NotP256);
        }
        let key = VerifyingKey::from_sec1_bytes(point).map_err(|_| KeyError::NotOnCurve)?;
        Ok(Self {
            id: KeyId(sha256(&spki)),
            spki,
            key,
        })
    }

    /// The public half of a signing key.
    pub fn of(secret: &SigningKey) -> Self {
        let key = *secret.verifying_key();
        let point = key.to_sec1_point(false);
        let mut spki = [0; SPKI];
        for (byte, source) in spki
            .iter_mut()
            .zip(SPKI_PREFIX.iter().chain(point.as_bytes()))
        {
            *byte = *source;
        }
        Self {
            id: KeyId(sha256(&spki)),
            spki,
            key,
        }
    }

    /// Reads the policy's text, `p256:` and the base64 of the SPKI DER. Inverse of [`PublicKey::to_policy_text`].
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    pub fn from_policy_text(text: &str) -> Result<Self, KeyError> {
        let der = text.strip_prefix(POLICY_PREFIX).and_then(encoding::decode);
        Self::from_spki(&der.ok_or(KeyError::PolicyText)?)
    }

    /// The policy's text.
    pub fn to_policy_text(&self) -> String {
        format!("{POLICY_PREFIX}{}", encoding::encode(&self.spki))
    }

    /// Reads one PEM block named `PUBLIC KEY` (RFC 7468). Inverse of [`PublicKey::to_pem`].
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let body = text
            .trim()
            .strip_prefix(PEM_BEGIN)
            .and_then(|rest| rest.strip_suffix(PEM_END));
        let joined: String = body
            .ok_or(KeyError::Pem)?
            .lines()
            .map(str::trim_end)
            .collect();
        Self::from_spki(&encoding::decode(&joined).ok_or(KeyError::Pem)?)
    }

    /// One PEM block, lines of 64 characters.
    pub fn to_pem(&self) -> String {
        let mut text = String::from(PEM_BEGIN);
        for (count, character) in encoding::encode(&self.spki).chars().enumerate() {
            if count % 64 == 0 {
                text.push('\n');
            }
            text.push(character);
        }
        text.push('\n');
        text.push_str(PEM_END);
        text.push('\n');
        text
    }

    /// The key's id.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The key's SPKI DER, 91 bytes.
    pub const fn spki(&self) -> &[u8; SPKI] {
        &self.spki
    }

    /// Checks a signature over a message.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Wrong`].
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        self.verify_hash(sha256(message), signature)
    }

    /// Checks a signature over a message of which the SHA-256 is known.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Wrong`].
    pub fn verify_hash(&self, hash: Hash, signature: &Signature) -> Result<(), SignatureError> {
        self.key
            .verify_prehash(&hash.0, &signature.0)
            .map_err(|_| SignatureError::Wrong)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey({})", self.id)
    }
}

impl Signature {
    /// Reads the shortest DER of two integers (S3): each pair has one spelling. Inverse of [`Signature::to_der`].
    ///
    /// # Errors
    ///
    /// [`SignatureError::NotDer`], [`SignatureError::OutOfRange`].
    pub fn from_der(der: &[u8]) -> Result<Self, SignatureError> {
        let (body, behind) = tagged(der, DER_SEQUENCE).ok_or(SignatureError::NotDer)?;
        let (r, rest) = tagged(body, DER_INTEGER).ok_or(SignatureError::NotDer)?;
        let (s, end) = tagged(rest, DER_INTEGER).ok_or(SignatureError::NotDer)?;
        if !behind.is_empty() || !end.is_empty() {
            return Err(SignatureError::NotDer);
        }
        let signature = p256::ecdsa::Signature::from_scalars(scalar(r)?, scalar(s)?);
        signature.map(Self).map_err(|_| SignatureError::OutOfRange)
    }

    /// The shortest DER, 8 to 72 bytes.
    pub fn to_der(&self) -> Vec<u8> {
        self.0.to_der().as_bytes().to_vec()
    }

    /// The same signature with the smaller of s and n − s.
    #[must_use]
    pub fn low_s(&self) -> Self {
        Self(self.0.normalize_s())
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Signature({})", encoding::encode(&self.to_der()))
    }
}

/// Signs a message: deterministic (RFC 6979) and with low s, so that equal inputs give equal bytes.
pub fn sign(secret: &SigningKey, message: &[u8]) -> Signature {
    let signature: p256::ecdsa::Signature = secret
        .sign_prehash(&sha256(message).0)
        .expect("a hash of 32 bytes is what P-256 signs, and the derived number is never zero");
    Signature(signature).low_s()
}

/// Contents of a DER element of that tag with a length below 128, and what follows it.
fn tagged(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let [found, length @ 0..=127, rest @ ..] = der else {
        return None;
    };
    if *found != tag {
        return None;
    }
    rest.split_at_checked(usize::from(*length))
}

/// The 32 bytes of a positive integer in its shortest form: a zero in front only where the next byte would read as
/// a sign.
fn scalar(integer: &[u8]) -> Result<[u8; 32], SignatureError> {
    let digits = match integer {
        [] | [0, 0..=127, ..] => return Err(SignatureError::NotDer),
        [128..=255, ..] => return Err(SignatureError::OutOfRange),
        [0, digits @ ..] => digits,
        digits => digits,
    };
    let mut bytes = [0; 32];
    let lead = bytes
        .len()
        .checked_sub(digits.len())
        .ok_or(SignatureError::OutOfRange)?;
    for (byte, digit) in bytes.iter_mut().skip(lead).zip(digits) {
        *byte = *digit;
    }
    Ok(bytes)
}

/// Bytes of a key's SPKI DER.
pub const SPKI: usize = 91;

/// SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING } up to the point (S4).
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

const UNCOMPRESSED: u8 = 0x04;
const DER_SEQUENCE: u8 = 0x30;
const DER_INTEGER: u8 = 0x02;
const POLICY_PREFIX: &str = "p256:";
const PEM_BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const PEM_END: &str = "-----END PUBLIC KEY-----";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secret() -> SigningKey {
        SigningKey::from_slice(&[7; 32]).expect("in range")
    }

    fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
        let integer = |digits: &[u8]| [&[DER_INTEGER, digits.len() as u8], digits].concat();
        let body = [integer(r), integer(s)].concat();
        [vec![DER_SEQUENCE, body.len() as u8], body].concat()
    }

    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];

    #[test]
    fn s3_refuses_every_second_spelling_of_a_signature() {
        use SignatureError::*;
        let order = [&[0], &ORDER[..]].concat();
        let mut below = order.clone();
        below[32] -= 1;
        let long = [&[1], &[0; 32][..]].concat();
        let good = der(&[1], &below);
        assert!(Signature::from_der(&good).is_ok());
        let cases: Vec<(&str, Vec<u8>, SignatureError)> = vec![
            ("empty", vec![], NotDer),
            ("raw r and s", vec![1; 64], NotDer),
            ("trailing byte", [&good[..], &[0]].concat(), NotDer),
            ("cut", good[..good.len() - 1].to_vec(), NotDer),
            ("other sequence tag", [&[0x31], &good[1..]].concat(), NotDer),
            (
                "other integer tag",
                [&good[..2], &[0x03], &good[3..]].concat(),
                NotDer,
            ),
            (
                "long form length",
                [&[0x30, 0x81], &good[1..]].concat(),
                NotDer,
            ),
            (
                "indefinite length",
                [&[0x30, 0x80], &good[2..], &[0, 0]].concat(),
                NotDer,
            ),
            (
                "third integer",
                {
                    let mut three = good.clone();
                    three[1] += 3;
                    three.extend([2, 1, 1]);
                    three
                },
                NotDer,
            ),
            ("zero in front", der(&[0, 1], &[1]), NotDer),
            ("empty integer", der(&[], &[1]), NotDer),
            ("two zeros", der(&[0, 0, 0x80], &[1]), NotDer),
            ("negative", der(&[0x80], &[1]), OutOfRange),
            ("r is zero", der(&[0], &[1]), OutOfRange),
            ("s is zero", der(&[1], &[0]), OutOfRange),
            ("r is the order", der(&order, &[1]), OutOfRange),
            ("s is the order", der(&[1], &order), OutOfRange),
            ("33 bytes", der(&long, &[1]), OutOfRange),
        ];
        for (case, bytes, expected) in cases {
            assert_eq!(Signature::from_der(&bytes), Err(expected), "{case}");
        }
    }

    #[test]
    fn s3_writes_low_s_and_reads_high_s() {
        let signature = sign(&secret(), b"message");
        let (r, s) = signature.0.split_scalars();
        let negated = Signature(p256::ecdsa::Signature::from_scalars(r, -s).expect("in range"));
        assert_ne!(negated, signature);
        assert_eq!(negated.low_s(), signature);
        assert_eq!(signature.low_s(), signature);
        let read = Signature::from_der(&negated.to_der()).expect("high s is read");
        assert_eq!(PublicKey::of(&secret()).verify(b"message", &read), Ok(()));
    }

    #[test]
    fn s3_refuses_another_message_or_key() {
        let signature = sign(&secret(), b"message");
        let other = SigningKey::from_slice(&[8; 32]).expect("in range");
        assert_eq!(
            PublicKey::of(&secret()).verify(b"message", &signature),
            Ok(())
        );
        assert_eq!(
            PublicKey::of(&secret()).verify(b"", &signature),
            Err(SignatureError::Wrong)
        );
        assert_eq!(
            PublicKey::of(&other).verify(b"message", &signature),
            Err(SignatureError::Wrong)
        );
    }

    #[test]
    fn s4_refuses_every_other_key() {
        let good = *PublicKey::of(&secret()).spki();
        let mut compressed = good.to_vec();
        compressed[26] = 0x02;
        let mut off = good;
        off[90] ^= 1;
        let mut hybrid = good;
        hybrid[26] = 0x06;
        let mut infinity = good;
        infinity[26..].fill(0);
        assert!(PublicKey::from_spki(&good).is_ok());
        for (bytes, expected) in [
            (&good[..90], KeyError::NotP256),
            (&[&good[..], &[0]].concat(), KeyError::NotP256),
            (&good[26..], KeyError::NotP256),
            (&[], KeyError::NotP256),
            (&compressed, KeyError::NotP256),
            (&hybrid, KeyError::NotP256),
            (&infinity, KeyError::NotP256),
            (&off, KeyError::NotOnCurve),
        ] {
            assert_eq!(PublicKey::from_spki(bytes), Err(expected));
        }
        for at in 0..26 {
            let mut changed = good;
            changed[at] ^= 1;
            assert_eq!(
                PublicKey::from_spki(&changed),
                Err(KeyError::NotP256),
                "byte {at}"
            );
        }
    }

    #[test]
    fn s4_refuses_other_texts_of_a_key() {
        let key = PublicKey::of(&secret());
        let text = key.to_policy_text();
        for bad in [
            "",
            "p256:",
            &text[5..],
            &text.replace("p256", "P256"),
            &format!("{text}\n"),
            &text[..text.len() - 1],
        ] {
            assert!(PublicKey::from_policy_text(bad).is_err(), "{bad}");
        }
        let pem = key.to_pem();
        assert_eq!(PublicKey::from_pem(&pem), Ok(key));
        assert_eq!(PublicKey::from_pem(&pem.replace('\n', "\r\n")), Ok(key));
        for bad in [
            "",
            &pem.replace("PUBLIC", "PRIVATE"),
            &pem[1..],
            &format!("{pem}{pem}"),
            &pem.replace("MFkw", "MFk!"),
        ] {
            assert_eq!(PublicKey::from_pem(bad), Err(KeyError::Pem), "{bad}");
        }
    }

    #[test]
    fn reads_the_key_that_outside_tools_wrote() {
        let key = PublicKey::from_pem(include_str!("../testdata/sigstore/publisher-key.pem"))
            .expect("a key");
        assert_eq!(
            key.to_pem(),
            include_str!("../testdata/sigstore/publisher-key.pem")
        );
    }

    proptest! {
        #[test]
        fn from_der_is_inverse_of_to_der(scalar in any::<[u8; 32]>(), message in any::<Vec<u8>>()) {
            if let Ok(secret) = SigningKey::from_slice(&scalar) {
                let signature = sign(&secret, &message);
                prop_assert_eq!(Signature::from_der(&signature.to_der()), Ok(signature));
                prop_assert_eq!(PublicKey::from_spki(PublicKey::of(&secret).spki()), Ok(PublicKey::of(&secret)));
            }
        }

        #[test]
        fn no_bytes_read_as_two_signatures(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(signature) = Signature::from_der(&bytes) {
                prop_assert_eq!(signature.to_der(), bytes);
            }
        }
    }
}
