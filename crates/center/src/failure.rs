//! From errors to what a person sees and to the exit code, in one place.

use center::admissions::AdmissionsError;
use center::config::ConfigRefused;
use center::http::problem::chain;
use center::indexer::IndexError;
use center::node::NodeError;
use center::serve::ServeError;
use store::database::{DatabaseError, OpenError};
use witness::exit;
use witness::keys::KeysRefused;

/// What went wrong, what to do, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) hint: String,
    pub(crate) code: u8,
}

impl Failure {
    pub(crate) fn new(code: u8, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
            code,
        }
    }
}

impl From<ConfigRefused> for Failure {
    fn from(error: ConfigRefused) -> Self {
        Self::new(exit::WRONG_USE, error.to_string(), error.hint())
    }
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        let code = match &error {
            NodeError::Keys { .. }
            | NodeError::KeysOfOther
            | NodeError::Policy(_)
            | NodeError::PolicyFile { .. } => exit::WRONG_USE,
            _ => exit::UNAVAILABLE,
        };
        Self::new(code, chain(&error), error.hint())
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        Self::new(exit::UNAVAILABLE, chain(&error), error.hint())
    }
}

impl From<AdmissionsError> for Failure {
    fn from(error: AdmissionsError) -> Self {
        let code = match &error {
            AdmissionsError::Database(_) | AdmissionsError::Damaged => exit::UNAVAILABLE,
            _ => exit::NO,
        };
        Self::new(code, chain(&error), error.hint())
    }
}

impl From<KeysRefused> for Failure {
    fn from(error: KeysRefused) -> Self {
        Self::new(exit::WRONG_USE, chain(&error), error.hint())
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::new(exit::UNAVAILABLE, chain(&error), error.hint())
    }
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        Self::new(exit::UNAVAILABLE, chain(&error), error.hint())
    }
}

impl From<IndexError> for Failure {
    fn from(error: IndexError) -> Self {
        Self::new(
            exit::UNAVAILABLE,
            chain(&error),
            "run `vitrine-center fsck` to see which file is damaged",
        )
    }
}
