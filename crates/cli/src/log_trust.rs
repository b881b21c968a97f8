//! By which keys and witnesses a log is checked: vkeys from the command line, a trust policy, or a C2SP policy text.

use std::path::Path;

use evidence::time::Time;
use tlog::checkpoint::{Checkpoint, LogKeys, LogKeysRefused, LogSigned, LogSignedRefused};
use tlog::key::Vkey;
use tlog::note::Note;
use tlog::policy::{self, NotWitnessed, Tally, Witnessed, Witnesses};

use crate::cli::LogOptions;
use crate::file::{self, FileError};
use crate::policy_file::{self, PolicyFileError};

/// Who must have signed.
#[derive(Default)]
pub(crate) struct LogTrust {
    vkeys: Vec<Vkey>,
    policy: Option<PolicyText>,
}

enum PolicyText {
    Logs(policy::Policy),
    Trust(Box<evidence::policy::Policy>),
    Witnesses(Witnesses),
}

/// The text that was given cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum TrustError {
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A trust policy that breaks rules.
    #[error(transparent)]
    Policy(#[from] PolicyFileError),
    /// A C2SP policy text that breaks rules.
    #[error("{path} is no policy text")]
    Text {
        /// The file.
        path: String,
        /// What is wrong with it.
        #[source]
        source: policy::Refusals,
    },
}

impl TrustError {
    /// What to do next.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::File(cause) => cause.hint().to_owned(),
            Self::Policy(cause) => cause.hint(),
            Self::Text { source, .. } => source.hint().to_owned(),
        }
    }
}

/// A checkpoint, and what is proven of it.
pub(crate) struct Checked {
    /// Origin, size and root.
    pub(crate) checkpoint: Checkpoint,
    /// The log's signature.
    pub(crate) signed: Signed,
    /// The witnesses' cosignatures.
    pub(crate) witnessed: Cosigned,
    /// Signature lines as (name, id), in their order, known or not.
    pub(crate) lines: Vec<(String, String)>,
}

/// What is known of a log's signature.
pub(crate) enum Signed {
    /// Every key that was given signed.
    By(LogSigned, Vec<Vkey>),
    /// The note does not carry what it must.
    Not(LogSignedRefused),
    /// Keys were given, and they are not those of one log named like the checkpoint.
    OtherLog(LogKeysRefused),
    /// No key was given for this origin.
    Unchecked,
}

/// What is known of the witnesses.
pub(crate) enum Cosigned {
    /// A quorum cosigned.
    By(Box<Witnessed>),
    /// Too few, or one whose line does not verify.
    Not(NotWitnessed),
    /// No witnesses were given, or the log's own signature failed.
    Unchecked,
}

impl Cosigned {
    /// How the quorum stands, where that is known.
    pub(crate) fn tally(&self) -> Option<&Tally> {
        match self {
            Self::By(witnessed) => Some(witnessed.tally()),
            Self::Not(NotWitnessed::Missing(missing)) => Some(&missing.tally),
            _ => None,
        }
    }
}

impl LogTrust {
    /// What the options name.
    ///
    /// # Errors
    /// [`TrustError`].
    pub(crate) fn of(options: &LogOptions, now: Time) -> Result<Self, TrustError> {
        let policy = options
            .policy
            .as_deref()
            .map(|path| read(path, now))
            .transpose()?;
        Ok(Self {
            vkeys: options.vkey.clone(),
            policy,
        })
    }

    /// Checks a note as far as keys are known.
    ///
    /// # Errors
    /// [`LogSignedRefused`] for bytes that are no checkpoint at all.
    pub(crate) fn check(&self, bytes: &[u8]) -> Result<Checked, LogSignedRefused> {
        let note = Note::parse(bytes)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        let lines = note
            .lines()
            .iter()
            .map(|line| (line.name.to_owned(), line.id.to_string()))
            .collect();
        let signed = self.signed(bytes, checkpoint.origin());
        let witnessed = match (&signed, self.witnesses(checkpoint.origin())) {
            (Signed::By(signed, _), Some(witnesses)) => match witnesses.check(signed.clone()) {
                Ok(witnessed) => Cosigned::By(Box::new(witnessed)),
                Err(refused) => Cosigned::Not(refused),
            },
            _ => Cosigned::Unchecked,
        };
        Ok(Checked {
            checkpoint,
            signed,
            witnessed,
            lines,
        })
    }

    fn signed(&self, bytes: &[u8], origin: &str) -> Signed {
        let keys = match self.keys(origin) {
            None => return Signed::Unchecked,
            Some(Err(refused)) => return Signed::OtherLog(refused),
            Some(Ok(keys)) => keys,
        };
        // Of several `log` lines in a C2SP text any one is enough (Y7); everywhere else all keys must have signed.
        let any = self.vkeys.is_empty() && matches!(self.policy, Some(PolicyText::Logs(_)));
        let signed = if any {
            LogSigned::by_any(bytes, &keys)
        } else {
            LogSigned::by_all(bytes, &keys)
        };
        match signed {
            Ok(signed) => Signed::By(signed, keys.keys().to_vec()),
            Err(refused) => Signed::Not(refused),
        }
    }

    fn keys(&self, origin: &str) -> Option<Result<LogKeys, LogKeysRefused>> {
        if !self.vkeys.is_empty() {
            return Some(LogKeys::new(origin, self.vkeys.clone()));
        }
        match self.policy.as_ref()? {
            PolicyText::Trust(policy) => policy.log(origin).map(|(log, _)| Ok(log.keys.clone())),
            PolicyText::Logs(policy) => {
                let keys = policy.logs().iter().map(|log| &log.vkey);
                let keys: Vec<_> = keys
                    .filter(|key| key.name().as_str() == origin)
                    .cloned()
                    .collect();
                (!keys.is_empty()).then(|| LogKeys::new(origin, keys))
            }
            PolicyText::Witnesses(_) => None,
        }
    }

    fn witnesses(&self, origin: &str) -> Option<&Witnesses> {
        match self.policy.as_ref()? {
            PolicyText::Trust(policy) => policy.log(origin).map(|(_, witnesses)| witnesses),
            PolicyText::Logs(policy) => Some(policy.witnesses()),
            PolicyText::Witnesses(witnesses) => Some(witnesses),
        }
    }
}

/// Reads either kind of policy. A C2SP text opens its lines with one of four words, which no line of TOML does.
fn read(path: &Path, now: Time) -> Result<PolicyText, TrustError> {
    let bytes = file::read_limited(path, policy_file::POLICY)?;
    let first = bytes
        .split(|byte| *byte == b'\n')
        .find(|line| !matches!(line.first(), None | Some(b'#')));
    let word = first.and_then(|line| line.split(|byte| matches!(byte, b' ' | b'\t')).next());
    let refused = |source| TrustError::Text {
        path: path.display().to_string(),
        source,
    };
    match word {
        Some(b"log") => Ok(PolicyText::Logs(
            policy::Policy::parse(&bytes).map_err(refused)?,
        )),
        Some(b"witness" | b"group" | b"quorum") => {
            // Logs may follow the witnesses; a text without any is about witnesses alone.
            let whole = policy::Policy::parse(&bytes).map_err(refused)?;
            if whole.logs().is_empty() {
                return Ok(PolicyText::Witnesses(whole.witnesses().clone()));
            }
            Ok(PolicyText::Logs(whole))
        }
        _ => Ok(PolicyText::Trust(Box::new(policy_file::read(path, now)?))),
    }
}
