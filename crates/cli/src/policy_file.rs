//! A trust policy as a file: read whole, with everything that is wrong with it told at once.

use std::path::Path;

use evidence::policy::{Policy, PolicyInvalid, SealError};
use evidence::time::Time;

use crate::file::{self, FileError};

/// A policy file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PolicyFileError {
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// Rules that its text breaks; the rendered diagnostics.
    #[error("{path} is no trust policy:\n\n{rendered}")]
    Invalid {
        /// The file.
        path: String,
        /// Each problem with its place.
        rendered: String,
    },
    /// A text that cannot carry a seal.
    #[error("{path} cannot be sealed")]
    Seal {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: SealError,
    },
}

impl PolicyFileError {
    /// What to do next; the diagnostics carry their own hints.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::File(cause) => cause.hint().to_owned(),
            Self::Invalid { .. } => String::new(),
            Self::Seal { source, .. } => source.hint().to_owned(),
        }
    }
}

/// Reads a policy that is valid at `now`.
///
/// # Errors
/// [`PolicyFileError`].
pub(crate) fn read(path: &Path, now: Time) -> Result<Policy, PolicyFileError> {
    parse(path, &file::read_text(path, POLICY)?, now)
}

/// Reads a policy's text; `path` is what it is called.
///
/// # Errors
/// [`PolicyFileError::Invalid`].
pub(crate) fn parse(path: &Path, text: &str, now: Time) -> Result<Policy, PolicyFileError> {
    Policy::parse(text, now).map_err(|invalid| PolicyFileError::Invalid {
        path: path.display().to_string(),
        rendered: render(&invalid, path, text),
    })
}

fn render(invalid: &PolicyInvalid, path: &Path, text: &str) -> String {
    let name = path.display().to_string();
    let all: Vec<_> = invalid
        .errors()
        .map(|problem| problem.render(&name, text))
        .collect();
    all.join("\n").trim_end().to_owned()
}

/// Largest policy that is read: 1 MiB (`evidence.md` §14).
pub(crate) const POLICY: usize = 1 << 20;
