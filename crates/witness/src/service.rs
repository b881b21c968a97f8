//! A witness: what it does with a request, and what it shows of each log. The order of steps is that of
//! [tlog-witness], rows W0–W15.
//!
//! [tlog-witness]: https://c2sp.org/tlog-witness

use std::collections::HashMap;
use std::io;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use tlog::checkpoint::LogKeys;
use tlog::hash::{Hash, sha256};
use tlog::key::Vkey;
use tlog::log_list::Budget;
use tlog::signer::{SignFailed, cosign};
use tlog::witness::{AddCheckpoint, WitnessRefused};

use crate::clock::Clock;
use crate::journal::disk::Faults;
use crate::journal::record::Record;
use crate::journal::{AppendFailed, Journal, JournalRefused};
use crate::keys::{KeyFile, Owner};
use crate::misbehaviour::Misbehaviour;
use crate::refused::Refused;
use crate::writer::{Decision, Suspect, Writer};

/// What a witness needs to know at start.
#[derive(Debug)]
pub struct Settings {
    /// Where its state lives; created if missing, used by no other process.
    pub directory: PathBuf,
    /// The cosigner's keys.
    pub keys: KeyFile,
    /// The logs that it cosigns.
    pub logs: Vec<WitnessedLog>,
    /// The present time.
    pub clock: Clock,
    /// [`Faults::none`] but in tests.
    pub faults: Faults,
}

/// A log that the witness cosigns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessedLog {
    /// Its origin and keys.
    pub keys: LogKeys,
    /// Checkpoints that it may have cosigned per day; `None` for any number.
    pub requests_per_day: Option<NonZeroU64>,
}

/// A running witness. Dropping it waits until what it accepted is durable.
pub struct Witness {
    keys: KeyFile,
    logs: HashMap<Box<str>, LogKeys>,
    clock: Clock,
    writer: Writer,
    misbehaviour: Arc<Misbehaviour>,
    shown: RwLock<HashMap<Hash, Shown>>,
}

impl Witness {
    /// Opens the state and starts to accept requests.
    ///
    /// # Errors
    /// [`OpenRefused`].
    pub fn open(settings: Settings) -> Result<Self, OpenRefused> {
        let Settings {
            directory,
            keys,
            logs,
            clock,
            faults,
        } = settings;
        if !keys.is_of(Owner::Cosigner) {
            return Err(OpenRefused::LogsKey);
        }
        let now = clock.now().map_or(0, NonZeroU64::get);
        let (mut by_origin, mut budgets) = (HashMap::new(), HashMap::new());
        for WitnessedLog {
            keys: log,
            requests_per_day,
        } in logs
        {
            let origin: Box<str> = log.origin().into();
            let ours = |key: &Vkey| keys.keys().iter().any(|own| own.is(key.public_key()));
            if log.keys().iter().any(ours) {
                return Err(OpenRefused::OwnKey { origin });
            }
            if let Some(per_day) = requests_per_day {
                budgets.insert(origin.clone(), Budget::new(per_day, now));
            }
            if by_origin.insert(origin.clone(), log).is_some() {
                return Err(OpenRefused::Twice { origin });
            }
        }
        let journal = Journal::open(&directory, faults)?;
        // Also logs that were taken off the list stay readable, and are remembered should they come back.
        let shown = journal
            .all()
            .map(|record| (address(record), Shown::of(Arc::clone(record))));
        let shown = RwLock::new(shown.collect());
        let misbehaviour = Misbehaviour::open(&directory).map_err(JournalRefused::from)?;
        let writer = Writer::start(journal, budgets, clock.clone());
        let writer = writer.map_err(|error: io::Error| JournalRefused::from(error))?;
        let misbehaviour = Arc::new(misbehaviour);
        Ok(Self {
            keys,
            logs: by_origin,
            clock,
            writer,
            misbehaviour,
            shown,
        })
    }

    /// Answers an `add-checkpoint` request: our signature lines, once the checkpoint is durable.
    ///
    /// # Errors
    /// [`Refused`], with the status of the answer.
    pub async fn add_checkpoint(&self, body: &[u8]) -> Result<String, Refused> {
        let request = AddCheckpoint::parse(body).inspect_err(log_unread)?; // W0, W1
        let (origin, old) = (Box::from(request.checkpoint().origin()), request.old_size());
        let size = request.checkpoint().size();
        let outcome = self.answer(request, &origin).await;
        match &outcome {
            Ok(_) => tracing::info!(status = 200, origin, old, size, "cosigned"),
            Err(refused) => {
                let reason = reason(refused);
                tracing::info!(
                    status = refused.status(),
                    origin,
                    old,
                    size,
                    reason,
                    "refused"
                );
            }
        }
        outcome
    }

    /// The last cosigned checkpoint of the log whose origin has this SHA-256, with the log's and our lines (W15);
    /// `None` if there is none. It is never older than the last answer given.
    ///
    /// # Errors
    /// [`SignFailed`], possible only for what was cosigned before the last start.
    pub fn checkpoint(&self, origin: Hash) -> Result<Option<String>, SignFailed> {
        let shown = self
            .shown
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&origin)
            .cloned();
        let Some(Shown { record, lines }) = shown else {
            return Ok(None);
        };
        if let Some(lines) = lines {
            return Ok(Some(format!("{}{lines}", record.note())));
        }
        let lines = self.cosign(&record)?;
        self.show(&record, &lines);
        Ok(Some(format!("{}{lines}", record.note())))
    }

    /// The public keys of the witness.
    pub fn vkeys(&self) -> Vec<Vkey> {
        self.keys.vkeys()
    }

    /// Why nothing is cosigned any more, after a disk failure; the process must then be started anew.
    pub fn failure(&self) -> Option<AppendFailed> {
        self.writer.failure()
    }

    /// Returns when nothing is cosigned any more, with the reason. Never, if the disk does not fail.
    pub async fn stopped(&self) -> AppendFailed {
        self.writer.stopped().await
    }

    async fn answer(&self, request: AddCheckpoint, origin: &str) -> Result<String, Refused> {
        let signed = request.authenticate(self.logs.get(origin))?; // W2, W3
        match self.writer.store(signed).await {
            // W10. Durable before this line (W11), and signed by each request's own task, so in parallel.
            Decision::Stored(record) => {
                let lines = self.cosign(&record).map_err(Refused::Signing)?;
                self.show(&record, &lines);
                Ok(lines)
            }
            // W4–W9.
            Decision::Refused { refused, suspect } => {
                if let Some(suspect) = suspect {
                    self.keep(suspect).await; // W13
                }
                Err(refused)
            }
        }
    }

    /// Our lines, made of what is durable: the same tree and time give the same statement, however often it is signed.
    fn cosign(&self, record: &Record) -> Result<String, SignFailed> {
        let text = record.checkpoint().to_text();
        self.keys
            .signers()
            .into_iter()
            .map(|key| cosign(&text, record.time().get(), key))
            .collect()
    }

    /// Shows `record` unless a later one is shown: answers overtake each other between the writer and here.
    fn show(&self, record: &Arc<Record>, lines: &str) {
        let later = |one: &Record| (one.checkpoint().size(), one.time());
        let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
        let entry = shown
            .entry(address(record))
            .or_insert_with(|| Shown::of(Arc::clone(record)));
        if later(record) >= later(&entry.record)
            && (entry.lines.is_none() || entry.record != *record)
        {
            *entry = Shown {
                record: Arc::clone(record),
                lines: Some(lines.into()),
            };
        }
    }

    async fn keep(&self, suspect: Suspect) {
        let misbehaviour = Arc::clone(&self.misbehaviour);
        let now = self.clock.now().map_or(0, NonZeroU64::get);
        let origin = suspect.request.checkpoint().origin().to_owned();
        let proven = suspect.proven;
        // The file is synced; the other requests of this worker need not wait for it.
        let kept = tokio::task::spawn_blocking(move || misbehaviour.keep(&suspect, now)).await;
        match kept {
            Ok(Ok(true)) => {
                tracing::warn!(origin, proven, "a log may have signed two histories; kept")
            }
            Ok(Ok(false)) => {}
            Ok(Err(error)) => {
                tracing::error!(origin, %error, "possible evidence could not be kept")
            }
            Err(_) => tracing::error!(origin, "keeping possible evidence was interrupted"),
        }
    }
}

/// Why a witness does not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenRefused {
    /// The state.
    #[error("state of the witness cannot be opened")]
    Journal(#[from] JournalRefused),
    /// The key file is a log's.
    #[error("key file holds a log's key (type 01)")]
    LogsKey,
    /// A log would be cosigned by itself.
    #[error("a key of this witness is listed as a key of log {origin}")]
    OwnKey {
        /// The log.
        origin: Box<str>,
    },
    /// One log twice.
    #[error("log {origin} is listed twice")]
    Twice {
        /// The log.
        origin: Box<str>,
    },
}

impl OpenRefused {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Journal(refused) => refused.hint(),
            Self::LogsKey => "make a cosigner's key file with `vitrine-witness key new`",
            Self::OwnKey { .. } => "make new keys for the witness: a key has one owner and one use",
            Self::Twice { .. } => "list each log once, with all of its keys",
        }
    }
}

/// What the monitoring read shows of one log.
#[derive(Clone)]
struct Shown {
    record: Arc<Record>,
    /// Our lines; made at the first read after a start.
    lines: Option<Arc<str>>,
}

impl Shown {
    fn of(record: Arc<Record>) -> Self {
        Self {
            record,
            lines: None,
        }
    }
}

/// Under which address a log is read: SHA-256 of its origin.
fn address(record: &Record) -> Hash {
    sha256(record.checkpoint().origin().as_bytes())
}

fn reason(refused: &Refused) -> String {
    match refused {
        Refused::Protocol(cause) => cause.to_string(),
        other => other.to_string(),
    }
}

fn log_unread(refused: &WitnessRefused) {
    tracing::info!(status = refused.status(), reason = %refused, "refused");
}
