//! Why a request gets no cosignature, and its HTTP status: the one place that knows both.

use tlog::log_list::BudgetSpent;
use tlog::signer::SignFailed;
use tlog::witness::WitnessRefused;

use crate::journal::AppendFailed;

/// Why a request gets no cosignature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The log used up its requests.
    #[error("daily budget is spent")]
    Budget(#[source] BudgetSpent),
    /// Too many requests wait.
    #[error("too many requests wait")]
    Busy,
    /// The clock of this machine is wrong.
    #[error("clock of the witness is before 1970 or beyond any time a cosignature may carry")]
    Clock,
    /// The journal takes nothing.
    #[error("checkpoint could not be stored")]
    Journal(#[source] AppendFailed),
    /// A row of the protocol.
    #[error("checkpoint is not cosigned")]
    Protocol(#[from] WitnessRefused),
    /// The body did not arrive in time, or the connection broke.
    #[error("request body did not arrive")]
    Interrupted,
    /// A key failed; the checkpoint is stored, so the log may ask again.
    #[error("cosignature could not be made")]
    Signing(#[source] SignFailed),
}

impl Refused {
    /// HTTP status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::Budget(_) => 429,
            Self::Busy | Self::Clock | Self::Journal(_) => 503,
            Self::Interrupted => 408,
            Self::Protocol(refused) => refused.status(),
            Self::Signing(_) => 500,
        }
    }

    /// Seconds after which another try may succeed, where that can be told.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Budget(spent) => Some(spent.retry_after),
            Self::Busy => Some(1),
            Self::Journal(AppendFailed::Refused(_)) => Some(60),
            _ => None,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Budget(spent) => spent.hint(),
            Self::Busy => "try again in a second",
            Self::Clock => "set the clock of the witness",
            Self::Interrupted => "send the request again",
            Self::Journal(failed) => failed.hint(),
            Self::Protocol(refused) => refused.hint(),
            Self::Signing(_) => "send the same checkpoint again, with its own size as the old one",
        }
    }
}
