//! Keys that sign, as programs have them, from fixed seeds.

use ed25519_dalek::Signer as _;
use ml_dsa::{ExpandedSigningKey, MlDsa44};
use tlog::encoding;
use tlog::key::{Algorithm, KeyName, Vkey};
use tlog::signer::{SignFailed, Signer};

pub(crate) struct Key {
    vkey: Vkey,
    secret: Secret,
}

enum Secret {
    Ed25519(Box<ed25519_dalek::SigningKey>),
    MlDsa44(Box<ExpandedSigningKey<MlDsa44>>),
}

impl Key {
    pub(crate) fn new(name: &str, algorithm: Algorithm, seed: [u8; 32]) -> Self {
        let (secret, public) = match algorithm {
            Algorithm::Ed25519 | Algorithm::Ed25519Cosignature => {
                let secret = ed25519_dalek::SigningKey::from_bytes(&seed);
                let public = secret.verifying_key().to_bytes().to_vec();
                (Secret::Ed25519(Box::new(secret)), public)
            }
            Algorithm::MlDsa44 => {
                let secret = ExpandedSigningKey::from_seed(&seed.into());
                let public = secret.verifying_key().encode().to_vec();
                (Secret::MlDsa44(Box::new(secret)), public)
            }
        };
        let name = KeyName::new(name).unwrap();
        Self {
            vkey: Vkey::new(name, algorithm, &public).unwrap(),
            secret,
        }
    }

    pub(crate) fn log(name: &str) -> Self {
        Self::new(name, Algorithm::Ed25519, SEED)
    }
}

impl Signer for Key {
    fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignFailed> {
        Ok(match &self.secret {
            Secret::Ed25519(secret) => secret.sign(message).to_bytes().to_vec(),
            Secret::MlDsa44(secret) => secret
                .sign_deterministic(message, &[])
                .unwrap()
                .encode()
                .to_vec(),
        })
    }
}

/// The same key as the other implementation reads it: `PRIVATE+KEY+name+id+base64(type, seed)`.
pub(crate) fn their_signer(name: &str) -> signed_note::StandardSigner {
    let secret = [&[Algorithm::Ed25519 as u8], &SEED[..]].concat();
    let id = Key::log(name).vkey.id();
    let text = format!("PRIVATE+KEY+{name}+{id}+{}", encoding::encode(&secret));
    signed_note::StandardSigner::new(&text).unwrap()
}

pub(crate) const SEED: [u8; 32] = [7; 32];
