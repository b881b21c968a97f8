//! The signed envelope: [DSSE] v1 as `evidence.md` S1 and S2 narrow it.
//!
//! ```text
//! {"payload":"<base64>","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"<base64 of DER>"}]}
//! ```
//!
//! What is signed is not the JSON but its pre-authentication encoding ([`pae`]): type and payload with their lengths,
//! so that no byte can move from one to the other. An envelope carries one signature; a threshold is several
//! envelopes over one payload. `keyid` is read past: only a key that the reader already has can verify anything.
//!
//! ```
//! use evidence::envelope::{self, Envelope};
//! use evidence::key::PublicKey;
//!
//! let secret = p256::ecdsa::SigningKey::from_slice(&[7; 32])?;
//! let envelope = Envelope::sign(b"{}".to_vec(), &secret);
//! assert_eq!(envelope.pae(), b"DSSEv1 28 application/vnd.in-toto+json 2 {}");
//! assert_eq!(envelope.verify(&PublicKey::of(&secret)), Ok(()));
//! assert_eq!(Envelope::parse(&envelope.to_bytes()), Ok(envelope));
//! # Ok::<(), p256::ecdsa::Error>(())
//! ```
//!
//! [DSSE]: https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md

use p256::ecdsa::SigningKey;
use sha2::{Digest, Sha256};
use tlog::encoding;
use tlog::hash::{Hash, sha256};

use crate::canonical::Json;
use crate::json::{self, Value};
use crate::key::{self, PublicKey, Signature, SignatureError};
use crate::limits;
use crate::read::{self, Object};
use crate::refusal::{Fault, Refusal, Rule, What};

/// The payload type of a statement.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// A payload and one signature over it, not yet checked against any key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    payload: Vec<u8>,
    statement: Hash,
    signature: Signature,
}

impl Envelope {
    /// Reads one envelope in any JSON spacing. Inverse of [`Envelope::to_bytes`].
    ///
    /// # Errors
    ///
    /// A [`Refusal`]: D1 beyond [`limits::ENVELOPE`], S1 for its form (broken JSON too), S2 for base64 and the size of the payload, S3 for
    /// a signature that is no DER.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() > limits::ENVELOPE {
            return Err(Refusal::new(
                Rule::D1,
                "",
                What::TooLarge {
                    most: limits::ENVELOPE,
                },
            ));
        }
        let value = json::parse(bytes).map_err(|error| Refusal {
            rule: Rule::S1,
            ..Refusal::from(error)
        })?;
        Self::from_value(&value).map_err(|fault| fault.refusal(&value))
    }

    /// Reads an envelope inside a larger text.
    ///
    /// # Errors
    ///
    /// A [`Fault`] as for [`Envelope::parse`].
    pub fn from_value(value: &Value<'_>) -> Result<Self, Fault> {
        let (payload, signature) = members(value).map_err(|fault| fault.under(Rule::S1))?;
        // Base64 makes 4 characters of 3 bytes; a longer text is not decoded for nothing.
        let longest = limits::PAYLOAD.div_ceil(3) * 4;
        let too_large = Fault::new(
            payload.at,
            Rule::S2,
            What::TooLarge {
                most: limits::PAYLOAD,
            },
        );
        if payload.text().is_some_and(|text| text.len() > longest) {
            return Err(too_large);
        }
        let payload = base64(payload)?;
        if payload.len() > limits::PAYLOAD {
            return Err(too_large);
        }
        let read = Signature::from_der(&base64(signature)?);
        let signature =
            read.map_err(|error| Fault::new(signature.at, Rule::S3, What::Signature(error)))?;
        Ok(Self::new(payload, signature))
    }

    /// An envelope of a payload and its signature.
    pub fn new(payload: Vec<u8>, signature: Signature) -> Self {
        Self {
            statement: sha256(&payload),
            payload,
            signature,
        }
    }

    /// Signs a payload: deterministic, low s (S3).
    pub fn sign(payload: Vec<u8>, secret: &SigningKey) -> Self {
        let signature = key::sign(secret, &pae(IN_TOTO, &payload));
        Self::new(payload, signature)
    }

    /// The bytes that are signed.
    pub fn pae(&self) -> Vec<u8> {
        pae(IN_TOTO, &self.payload)
    }

    /// SHA-256 of [`Envelope::pae`], without building it.
    pub fn pae_hash(&self) -> Hash {
        let mut hasher = Sha256::new();
        hasher.update(pae_front(IN_TOTO, self.payload.len()));
        hasher.update(&self.payload);
        Hash(hasher.finalize().into())
    }

    /// Checks the signature with a key that the caller knows (S3).
    ///
    /// # Errors
    ///
    /// [`SignatureError::Wrong`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), SignatureError> {
        key.verify_hash(self.pae_hash(), &self.signature)
    }

    /// Canonical bytes: RFC 8785, no `keyid`.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_json().to_bytes()
    }

    /// The envelope as a part of a larger text.
    pub fn to_json(&self) -> Json {
        let signature = encoding::encode(&self.signature.to_der());
        Json::object([
            ("payload", encoding::encode(&self.payload).into()),
            ("payloadType", IN_TOTO.into()),
            (
                "signatures",
                Json::list([Json::object([("sig", signature.into())])]),
            ),
        ])
    }

    /// The signed bytes of the statement.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The signed bytes of the statement.
    pub fn into_payload(self) -> Vec<u8> {
        self.payload
    }

    /// Statement id: SHA-256 of the payload, and the address of its blob.
    pub const fn statement(&self) -> Hash {
        self.statement
    }

    /// The signature.
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }
}

/// Pre-authentication encoding: `DSSEv1`, then type and payload, each behind its length in bytes.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = pae_front(payload_type, payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

fn pae_front(payload_type: &str, length: usize) -> String {
    format!("DSSEv1 {} {payload_type} {length} ", payload_type.len())
}

/// The texts of payload and signature, after the members around them were compared (S1).
fn members<'v, 'a>(value: &'v Value<'a>) -> Result<(&'v Value<'a>, &'v Value<'a>), Fault> {
    let envelope = Object::exactly(value, &["payload", "payloadType", "signatures"], &[])?;
    let payload_type = envelope.require("payloadType")?;
    if read::string(payload_type)? != IN_TOTO {
        return Err(read::expected(payload_type, IN_TOTO));
    }
    let signatures = envelope.require("signatures")?;
    let [signature] = read::list(signatures, 1, 1)? else {
        return Err(read::expected(signatures, "one signature"));
    };
    let signature = Object::exactly(signature, &["sig"], &["keyid"])?;
    if let Some(ignored) = signature.find("keyid") {
        read::string(ignored)?;
    }
    let (payload, sig) = (envelope.require("payload")?, signature.require("sig")?);
    read::string(payload)?;
    read::string(sig)?;
    Ok((payload, sig))
}

fn base64(value: &Value<'_>) -> Result<Vec<u8>, Fault> {
    let bytes = value.text().and_then(encoding::decode);
    bytes.ok_or(Fault::new(value.at, Rule::S2, What::Base64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secret() -> SigningKey {
        SigningKey::from_slice(&[7; 32]).expect("in range")
    }

    fn good() -> String {
        String::from_utf8(Envelope::sign(b"{}".to_vec(), &secret()).to_bytes()).expect("UTF-8")
    }

    fn refused(text: &str) -> (Rule, String) {
        let refusal = Envelope::parse(text.as_bytes()).expect_err(text);
        (refusal.rule, refusal.pointer)
    }

    #[test]
    fn s1_refuses_another_form_of_envelope() {
        let good = good();
        let sig = good
            .split("\"sig\":\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .expect("sig");
        for (text, pointer) in [
            ("{}".to_owned(), ""),
            ("[]".to_owned(), ""),
            ("{".to_owned(), ""),
            (good.replace("payloadType", "payloadtype"), "/payloadtype"),
            (good.replace("in-toto+json", "in-toto"), "/payloadType"),
            (good.replace("\"e30=\"", "1"), "/payload"),
            (
                good.replace("{\"payload\"", "{\"note\":1,\"payload\""),
                "/note",
            ),
            (good.replace("{\"payload\":\"e30=\",", "{"), ""),
            (
                good.replace("{\"sig\"", "{\"cert\":\"\",\"sig\""),
                "/signatures/0/cert",
            ),
            (
                good.replace("{\"sig\"", "{\"keyid\":1,\"sig\""),
                "/signatures/0/keyid",
            ),
            (
                good.replace(&format!("{{\"sig\":\"{sig}\"}}"), ""),
                "/signatures",
            ),
            (
                good.replace("[{", &format!("[{{\"sig\":\"{sig}\"}},{{")),
                "/signatures",
            ),
            (
                good.replace(&format!("\"{sig}\""), "null"),
                "/signatures/0/sig",
            ),
            (
                good.replace("{\"payload\"", "{\"payload\":\"e30=\",\"payload\""),
                "",
            ),
        ] {
            assert_eq!(refused(&text), (Rule::S1, pointer.to_owned()), "{text}");
        }
    }

    #[test]
    fn s1_reads_past_keyid_and_white_space() {
        let plain = Envelope::parse(good().as_bytes()).expect("good");
        let other = good().replace("{\"sig\"", "{ \"keyid\" : \"any\" , \"sig\"");
        assert_eq!(Envelope::parse(other.as_bytes()), Ok(plain));
    }

    #[test]
    fn s2_refuses_loose_base64_and_large_payloads() {
        let payload = (Rule::S2, "/payload".to_owned());
        for text in ["e30", "e30=\\n", "e31=", "e3 0=", "e30", "{}"] {
            assert_eq!(refused(&good().replace("e30=", text)), payload, "{text}");
        }
        let of =
            |size: usize| Envelope::new(vec![b' '; size], key::sign(&secret(), b"")).to_bytes();
        assert!(Envelope::parse(&of(limits::PAYLOAD)).is_ok());
        for size in [1, 2, 3, 4] {
            let text = String::from_utf8(of(limits::PAYLOAD + size)).expect("UTF-8");
            assert_eq!(refused(&text), payload);
        }
        assert_eq!(
            refused(&" ".repeat(limits::ENVELOPE + 1)),
            (Rule::D1, String::new())
        );
    }

    #[test]
    fn s3_refuses_a_signature_that_is_no_der() {
        let raw = encoding::encode(&[1; 64]);
        let good = good();
        let sig = good
            .split("\"sig\":\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .expect("sig");
        assert_eq!(
            refused(&good.replace(sig, &raw)),
            (Rule::S3, "/signatures/0/sig".to_owned())
        );
    }

    #[test]
    fn pae_of_the_dsse_specification() {
        let pae = pae("http://example.com/HelloWorld", b"hello world");
        assert_eq!(
            pae,
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    proptest! {
        #[test]
        fn parse_is_inverse_of_to_bytes(payload in any::<Vec<u8>>()) {
            let envelope = Envelope::sign(payload, &secret());
            prop_assert_eq!(sha256(&envelope.pae()), envelope.pae_hash());
            prop_assert_eq!(Envelope::parse(&envelope.to_bytes()), Ok(envelope));
        }

        #[test]
        fn no_changed_byte_gives_an_equal_or_verifying_envelope(at in any::<prop::sample::Index>(), to in any::<u8>()) {
            let envelope = Envelope::sign(b"{\"serial\":1}".to_vec(), &secret());
            let mut bytes = envelope.to_bytes();
            let at = at.index(bytes.len());
            prop_assume!(bytes[at] != to);
            bytes[at] = to;
            if let Ok(changed) = Envelope::parse(&bytes) {
                prop_assert_ne!(&changed, &envelope);
                prop_assert!(changed.verify(&PublicKey::of(&secret())).is_err());
            }
        }
    }
}
