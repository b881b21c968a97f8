//! Signing, as the programs need it. Keys and randomness live in the programs, behind [`Signer`].

use crate::checkpoint::Checkpoint;
use crate::cosignature::{self, Cosignature};
use crate::key::{Algorithm, Vkey};
use crate::note::SignatureLine;

/// A private key somewhere else.
pub trait Signer: Send + Sync {
    /// The public half, with the name under which it signs.
    fn vkey(&self) -> &Vkey;

    /// The bare signature over `message`, 64 or 2,420 bytes; ML-DSA-44 with the empty context.
    ///
    /// # Errors
    /// [`SignFailed`] if the key cannot be used now.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignFailed>;
}

/// A key could not sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("key {name} could not sign")]
pub struct SignFailed {
    /// Name of the key.
    pub name: Box<str>,
}

/// The note of `checkpoint` with the signature of each of the log's keys (C2: the caller answers for consistency).
///
/// A log's ML-DSA-44 line carries time 0: the log says what its tree is, not that nobody saw a larger one.
///
/// # Errors
/// [`SignFailed`] of the first key that fails.
pub fn sign_checkpoint(
    checkpoint: &Checkpoint,
    signers: &[&dyn Signer],
) -> Result<String, SignFailed> {
    let text = checkpoint.to_text();
    let mut note = format!("{text}\n");
    for signer in signers {
        note.push_str(&signature_line(&text, 0, *signer)?);
    }
    Ok(note)
}

/// One signature line, with its newline, of a cosigner for the checkpoint `text` at `time`.
///
/// # Errors
/// [`SignFailed`], also for a text that is no checkpoint.
pub fn cosign(text: &str, time: u64, signer: &dyn Signer) -> Result<String, SignFailed> {
    signature_line(text, time, signer)
}

fn signature_line(text: &str, time: u64, signer: &dyn Signer) -> Result<String, SignFailed> {
    let key = signer.vkey();
    let failed = || SignFailed {
        name: key.name().as_str().into(),
    };
    let message = cosignature::message(key, text, time).ok_or_else(failed)?;
    let signature = signer.sign(&message)?;
    let signature = match key.algorithm() {
        Algorithm::Ed25519 => signature,
        Algorithm::Ed25519Cosignature | Algorithm::MlDsa44 => {
            Cosignature { time, signature }.to_bytes()
        }
    };
    Ok(SignatureLine {
        name: key.name().as_str(),
        id: key.id(),
        signature,
    }
    .to_string())
}
