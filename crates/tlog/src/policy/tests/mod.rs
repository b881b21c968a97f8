//! Keys for the tests of this folder, made from small numbers.

mod quorum;
mod text;

use ed25519_dalek::Signer as _;
use ml_dsa::{MlDsa44, Seed};

use crate::key::{Algorithm, KeyName, Vkey};
use crate::signer::{SignFailed, Signer};

enum Secret {
    Ed25519(Box<ed25519_dalek::SigningKey>),
    MlDsa44(Box<ml_dsa::SigningKey<MlDsa44>>),
}

/// A key that signs, as programs have one.
pub(super) struct Key {
    vkey: Vkey,
    secret: Secret,
}

impl Key {
    pub(super) fn new(name: &str, algorithm: Algorithm, seed: u8) -> Self {
        let (secret, public) = match algorithm {
            Algorithm::Ed25519 | Algorithm::Ed25519Cosignature => {
                let secret = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
                let public = secret.verifying_key().to_bytes().to_vec();
                (Secret::Ed25519(Box::new(secret)), public)
            }
            Algorithm::MlDsa44 => {
                let secret = ml_dsa::SigningKey::from_seed(&Seed::from([seed; 32]));
                let public = secret.expanded_key().verifying_key().encode().to_vec();
                (Secret::MlDsa44(Box::new(secret)), public)
            }
        };
        let name = KeyName::new(name).unwrap();
        Self {
            vkey: Vkey::new(name, algorithm, &public).unwrap(),
            secret,
        }
    }

    pub(super) fn log(origin: &str, seed: u8) -> Self {
        Self::new(origin, Algorithm::Ed25519, seed)
    }

    pub(super) fn witness(name: &str, seed: u8) -> Self {
        Self::new(name, Algorithm::Ed25519Cosignature, seed)
    }

    pub(super) fn ml_dsa(name: &str, seed: u8) -> Self {
        Self::new(name, Algorithm::MlDsa44, seed)
    }
}

impl Signer for Key {
    fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignFailed> {
        Ok(match &self.secret {
            Secret::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            Secret::MlDsa44(key) => {
                let signature = key.expanded_key().sign_deterministic(message, &[]);
                signature
                    .expect("an empty context is short enough")
                    .encode()
                    .to_vec()
            }
        })
    }
}
