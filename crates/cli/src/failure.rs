//! Everything that can end a command early, and the one place that turns it into an exit code.

use crate::bundle_file::BundleFileError;
use crate::exit_code::ExitCode;
use crate::file::FileError;
use crate::http::FetchError;
use crate::key_file::KeyFileError;
use crate::log_reader::LogError;
use crate::log_trust::TrustError;
use crate::node::NodeError;
use crate::policy_file::PolicyFileError;
use crate::state_file::StateFileError;
use crate::verb::bundle::BundleError;
use crate::verb::help::UnknownTopic;
use crate::verb::publish::PublishError;
use crate::verb::verify::VerifyError;

/// Why a command has no answer. Each layer has its own question and its own enum; this one only adds them up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Failure {
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error(transparent)]
    BundleFile(#[from] BundleFileError),
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Help(#[from] UnknownTopic),
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Node(#[from] NodeError),
    #[error(transparent)]
    PolicyFile(#[from] PolicyFileError),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error(transparent)]
    StateFile(#[from] StateFileError),
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

impl Failure {
    /// How the program ends.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Bundle(cause) => cause.exit_code(),
            Self::BundleFile(cause) => cause.exit_code(),
            Self::Fetch(cause) => cause.exit_code(),
            Self::File(cause) => cause.exit_code(),
            Self::Help(_) | Self::PolicyFile(_) | Self::Trust(_) | Self::Verify(_) => {
                ExitCode::WrongUse
            }
            Self::KeyFile(cause) => cause.exit_code(),
            Self::Log(cause) => cause.exit_code(),
            Self::Node(cause) => cause.exit_code(),
            Self::Publish(cause) => cause.exit_code(),
            Self::StateFile(cause) => cause.exit_code(),
        }
    }

    /// What to do next, one sentence; empty where the message says it.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Bundle(cause) => cause.hint(),
            Self::BundleFile(cause) => cause.hint().to_owned(),
            Self::Fetch(cause) => cause.hint(),
            Self::File(cause) => cause.hint().to_owned(),
            Self::Help(cause) => cause.hint().to_owned(),
            Self::KeyFile(cause) => cause.hint().to_owned(),
            Self::Log(cause) => cause.hint(),
            Self::Node(cause) => cause.hint(),
            Self::PolicyFile(cause) => cause.hint(),
            Self::Publish(cause) => cause.hint(),
            Self::StateFile(cause) => cause.hint().to_owned(),
            Self::Trust(cause) => cause.hint().to_owned(),
            Self::Verify(cause) => cause.hint().to_owned(),
        }
    }
}
