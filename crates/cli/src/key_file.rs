//! A publisher's key in a file: PKCS#8 PEM of one P-256 key, as `openssl` and other tools read it.
//!
//! The secret is drawn here, stays in this process and its file, and is wiped from memory when it is no longer used.

use std::path::Path;

use evidence::key::{KeyError, PublicKey};
use p256::SecretKey;
use p256::ecdsa::SigningKey;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};

use crate::exit_code::ExitCode;
use crate::file::{self, FileError};

/// A key file could not be made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum KeyFileError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] FileError),
    /// No random numbers.
    #[error("the system gives no random numbers")]
    NoRandomness,
    /// No key that we use.
    #[error("{path} holds no P-256 key in PKCS#8 PEM")]
    NotAKey {
        /// The file.
        path: String,
    },
    /// A public key where the secret one is needed.
    #[error("{path} holds a public key; signing needs the private one")]
    OnlyPublic {
        /// The file.
        path: String,
    },
    /// A public key of another kind.
    #[error("{path} holds a public key that cannot be used")]
    Public {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: KeyError,
    },
}

impl KeyFileError {
    /// How the program ends.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::File(cause) => cause.exit_code(),
            Self::NoRandomness => ExitCode::CannotTell,
            _ => ExitCode::WrongUse,
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::File(cause) => cause.hint(),
            Self::NoRandomness => "run the command again on a machine that has finished starting",
            Self::NotAKey { .. } => "make one with `vitrine key new --out FILE`",
            Self::OnlyPublic { .. } => "name the file that `vitrine key new` wrote",
            Self::Public { source, .. } => source.hint(),
        }
    }
}

/// Draws a new key.
///
/// # Errors
/// [`KeyFileError::NoRandomness`].
pub(crate) fn draw() -> Result<SigningKey, KeyFileError> {
    // A number outside of 1..n is drawn with a chance of 2^-32; then the next one is taken, as FIPS 186-5 A.2.2 says.
    for _ in 0..8 {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| KeyFileError::NoRandomness)?;
        if let Ok(key) = SigningKey::from_slice(&bytes) {
            return Ok(key);
        }
    }
    Err(KeyFileError::NoRandomness)
}

/// Writes a key to a file that must not exist yet, readable by its owner alone.
///
/// # Errors
/// [`KeyFileError::File`].
pub(crate) fn write(path: &Path, key: &SigningKey) -> Result<(), KeyFileError> {
    let pem = SecretKey::from(key)
        .to_pkcs8_pem(LineEnding::LF)
        .expect("a key on the curve has a PKCS#8 form");
    Ok(file::create_private(path, pem.as_bytes())?)
}

/// Reads a secret key.
///
/// # Errors
/// [`KeyFileError`].
pub(crate) fn read_secret(path: &Path) -> Result<SigningKey, KeyFileError> {
    let text = file::read_text(path, KEY_FILE)?;
    if text.contains(PUBLIC) {
        return Err(KeyFileError::OnlyPublic {
            path: path.display().to_string(),
        });
    }
    SecretKey::from_pkcs8_pem(&text)
        .map(|key| SigningKey::from(&key))
        .map_err(|_| KeyFileError::NotAKey {
            path: path.display().to_string(),
        })
}

/// Reads the public half from a file that holds either half.
///
/// # Errors
/// [`KeyFileError`].
pub(crate) fn read_public(path: &Path) -> Result<PublicKey, KeyFileError> {
    let text = file::read_text(path, KEY_FILE)?;
    if text.contains(PUBLIC) {
        let path = path.display().to_string();
        return PublicKey::from_pem(&text).map_err(|source| KeyFileError::Public { path, source });
    }
    Ok(PublicKey::of(&read_secret(path)?))
}

/// Whether others than the owner may read the file.
#[cfg(unix)]
pub(crate) fn others_may_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

/// Whether others than the owner may read the file; unknown here.
#[cfg(not(unix))]
pub(crate) fn others_may_read(_path: &Path) -> bool {
    false
}

const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----";

/// A P-256 key is 241 bytes of PEM; the rest is room for comments in front.
const KEY_FILE: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_two_keys_differ() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        let key = draw().unwrap();
        write(&path, &key).unwrap();
        assert_eq!(read_secret(&path).unwrap(), key);
        assert_eq!(read_public(&path).unwrap(), PublicKey::of(&key));
        assert_ne!(draw().unwrap(), key);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    }

    #[test]
    fn reads_the_public_half_and_does_not_take_it_for_the_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pem");
        let key = PublicKey::of(&draw().unwrap());
        fs::write(&path, key.to_pem()).unwrap();
        assert_eq!(read_public(&path).unwrap(), key);
        assert!(matches!(
            read_secret(&path),
            Err(KeyFileError::OnlyPublic { .. })
        ));
    }

    #[test]
    fn refuses_what_holds_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        let rsa = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        for text in ["", "key", rsa] {
            fs::write(&path, text).unwrap();
            assert!(
                matches!(read_secret(&path), Err(KeyFileError::NotAKey { .. })),
                "{text}"
            );
            assert!(read_public(&path).is_err());
        }
        fs::write(
            &path,
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        )
        .unwrap();
        assert!(matches!(
            read_public(&path),
            Err(KeyFileError::Public { .. })
        ));
        assert!(matches!(
            read_secret(&folder.path().join("b")),
            Err(KeyFileError::File(_))
        ));
    }

    #[test]
    fn refuses_to_overwrite_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        write(&path, &draw().unwrap()).unwrap();
        let error = write(&path, &draw().unwrap()).unwrap_err();
        assert_eq!(error.exit_code(), ExitCode::WrongUse);
    }
}
