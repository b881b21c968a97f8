//! Bundles as files: JSON lines, or the same as gzip (`evidence.md` §12, limits of §14).

use std::io::Read;
use std::path::Path;

use evidence::limits::{self, Limit};
use flate2::read::MultiGzDecoder;

use crate::exit_code::ExitCode;
use crate::file::{self, FileError};

/// A bundle file gave no evidence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum BundleFileError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] FileError),
    /// Broken gzip.
    #[error("{path} begins as gzip, and is broken or cut off")]
    Gzip {
        /// The file.
        path: String,
    },
    /// Larger than a bundle may be.
    #[error("{path} holds more than {limit}")]
    TooLarge {
        /// The file.
        path: String,
        /// Which limit.
        limit: Limit,
    },
}

impl BundleFileError {
    /// How the program ends: what was not read was not judged.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::File(cause) => cause.exit_code(),
            Self::Gzip { .. } | Self::TooLarge { .. } => ExitCode::CannotTell,
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::File(cause) => cause.hint(),
            Self::Gzip { .. } => "fetch the bundle again from a center",
            Self::TooLarge { .. } => "ask a center for a bundle about this one file",
        }
    }
}

/// Reads a bundle file; gzip is known by its first two bytes, which no JSON text has.
///
/// # Errors
/// [`BundleFileError`].
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, BundleFileError> {
    let too_large = |limit| BundleFileError::TooLarge {
        path: path.display().to_string(),
        limit,
    };
    // One byte more than the limit is enough to know.
    let bytes = file::read_limited(path, limits::BUNDLE).map_err(|error| {
        if error.is_too_large() {
            too_large(Limit::Bundle)
        } else {
            error.into()
        }
    })?;
    if !bytes.starts_with(GZIP) {
        return Ok(bytes);
    }
    let mut inflated = Vec::new();
    let most = u64::try_from(limits::INFLATED).unwrap_or(u64::MAX);
    let read = MultiGzDecoder::new(&bytes[..])
        .take(most.saturating_add(1))
        .read_to_end(&mut inflated);
    if inflated.len() > limits::INFLATED {
        return Err(too_large(Limit::Inflated));
    }
    read.map_err(|_| BundleFileError::Gzip {
        path: path.display().to_string(),
    })?;
    Ok(inflated)
}

const GZIP: &[u8] = &[0x1f, 0x8b];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read_bytes(bytes: &[u8]) -> Result<Vec<u8>, BundleFileError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle");
        fs::write(&path, bytes).unwrap();
        read(&path)
    }

    #[test]
    fn reads_plain_and_gzip_alike() {
        assert_eq!(read_bytes(b"{}\n").unwrap(), b"{}\n");
        assert_eq!(read_bytes(&gzip(b"{}\n")).unwrap(), b"{}\n");
    }

    #[test]
    fn a_bomb_meets_the_limit_by_name() {
        let bomb = gzip(&vec![b'\n'; limits::INFLATED + 1]);
        let error = read_bytes(&bomb).unwrap_err();
        assert!(matches!(
            error,
            BundleFileError::TooLarge {
                limit: Limit::Inflated,
                ..
            }
        ));
        assert_eq!(error.exit_code(), ExitCode::CannotTell);
    }

    #[test]
    fn refuses_what_is_too_large_or_cut_off() {
        let error = read_bytes(&vec![b'\n'; limits::BUNDLE + 1]).unwrap_err();
        assert!(matches!(
            error,
            BundleFileError::TooLarge {
                limit: Limit::Bundle,
                ..
            }
        ));
        let whole = gzip(b"some text that is long enough to be cut");
        for cut in [2, 12, whole.len() - 1] {
            let error = read_bytes(&whole[..cut]).unwrap_err();
            assert!(
                matches!(error, BundleFileError::Gzip { .. }),
                "cut at {cut}"
            );
        }
    }
}
