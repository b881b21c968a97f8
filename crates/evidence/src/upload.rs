//! The right to upload a blob: an admitted key signs the digest, so that strangers cannot fill a node's disk.
//!
//! The signature is over the DSSE pre-authentication encoding with a payload type of its own, so it is never one over a
//! statement. It says nothing but "these bytes may come"; who repeats it uploads the same bytes.
//!
//! ```
//! use evidence::key::PublicKey;
//! use evidence::upload;
//! use tlog::hash::sha256;
//!
//! let secret = p256::ecdsa::SigningKey::from_slice(&[7; 32])?;
//! let parameters = upload::parameters(&secret, sha256(b"bytes"));
//! let signature = parameters.split_once("&signature=").expect("two parameters").1;
//! assert!(upload::is_allowed(&PublicKey::of(&secret), sha256(b"bytes"), signature));
//! assert!(!upload::is_allowed(&PublicKey::of(&secret), sha256(b"other"), signature));
//! # Ok::<(), p256::ecdsa::Error>(())
//! ```

use p256::ecdsa::SigningKey;
use tlog::hash::Hash;

use crate::envelope::pae;
use crate::key::{self, PublicKey, Signature};

/// Parameters of the address under which `secret` may upload `digest`: `key=…&signature=…`, the signature's DER in
/// hexadecimal.
pub fn parameters(secret: &SigningKey, digest: Hash) -> String {
    let signature = key::sign(secret, &message(digest)).to_der();
    let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("key={}&signature={hex}", PublicKey::of(secret).id())
}

/// Whether `signature`, hexadecimal DER, is this key's permission for `digest`.
pub fn is_allowed(key: &PublicKey, digest: Hash, signature: &str) -> bool {
    let signature = from_hex(signature).and_then(|der| Signature::from_der(&der).ok());
    signature.is_some_and(|signature| key.verify(&message(digest), &signature).is_ok())
}

fn message(digest: Hash) -> Vec<u8> {
    pae("application/vnd.vitrine.upload", digest.to_hex().as_bytes())
}

/// Lower-case hexadecimal of a short DER signature.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.len() > LONGEST || !digits.len().is_multiple_of(2) {
        return None;
    }
    digits
        .chunks_exact(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair).ok().filter(|pair| {
                pair.bytes()
                    .all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit))
            })?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect()
}

/// The longest DER signature of P-256 has 72 bytes.
const LONGEST: usize = 144;

#[cfg(test)]
mod tests {
    use super::*;
    use tlog::hash::sha256;

    #[test]
    fn refuses_other_keys_digests_spellings_and_lengths() {
        let secret = SigningKey::from_slice(&[7; 32]).unwrap();
        let key = PublicKey::of(&secret);
        let digest = sha256(b"bytes");
        let parameters = parameters(&secret, digest);
        let (_, good) = parameters.split_once("&signature=").unwrap();
        assert!(is_allowed(&key, digest, good));
        let other = PublicKey::of(&SigningKey::from_slice(&[8; 32]).unwrap());
        assert!(!is_allowed(&other, digest, good));
        assert!(!is_allowed(&key, sha256(b"other"), good));
        for bad in [
            String::new(),
            good.to_uppercase(),
            format!("{good}00"),
            good[2..].to_owned(),
            good[1..].to_owned(),
            format!("+{}", &good[1..]),
            "0".repeat(1_000),
        ] {
            assert!(!is_allowed(&key, digest, &bad), "{bad}");
        }
        // A signature over a statement is no permission.
        let statement = key::sign(&secret, digest.to_hex().as_bytes()).to_der();
        let hex: String = statement.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!is_allowed(&key, digest, &hex));
    }
}
