//! The durable log on disk (`tlog.md` §5.1–5.4): write-ahead log, group commit, tiles, witness rounds, recovery, `fsck`.
//!
//! | file | trust |
//! |---|---|
//! | `lock` | one sequencer per disk: an advisory lock, not on network file systems |
//! | `wal/<first entry>.wal`, `wal/spare` | trusted: what is here is the log ([`record`](Record)) |
//! | `head` | a shortcut for recovery; may be lost |
//! | `tile/…`, `checkpoint` | public, derived, served as they are |
//! | `quorum/<hour>` | kept quorum checkpoints; derived until `head` passes, then kept here only |
//!
//! One thread commits (one function of it tells the whole write order), one makes trees public and asks the witnesses, one
//! has time for the rest. Callers hold an [`Appender`], readers a [`Reader`]. Acknowledged means durable: [`Ticket::durable`] answers after
//! the sync of the record, [`Ticket::witnessed`] after a quorum has cosigned.
//!
//! This module knows no HTTP and no clock: how witnesses are asked and what time it is, the caller gives.

mod append;
mod checkpoints;
mod dedup;
mod derived;
mod faults;
mod files;
mod fsck;
mod head;
mod keeper;
mod publisher;
mod queue;
mod read;
mod record;
mod recovery;
mod round;
mod sequencer;
mod wal;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::Duration;

use tlog::checkpoint::LogKeys;
use tlog::note::MAX_NOTE;
use tlog::policy::{Name, Witnesses};
use tlog::signer::Signer;

pub use append::{AppendRefused, Appender, Proven, Stopped, Ticket, Tickets, WitnessedError};
pub use checkpoints::QuorumCheckpoint;
pub use faults::{Fault, Faults, Part, Write};
pub use fsck::{Finding, FsckError, Report, Scope, fsck};
pub use read::{Missing, Progress, ReadError, Reader};
pub use record::{Frames, HEADER, Header, Kind, Record, Tag, parse_record};
pub use recovery::{OpenError, Recovery};
pub use round::{AskWitnesses, LinesRefused, Round};

use files::Files;
use keeper::{Job, Keeper};
use publisher::Publisher;
use queue::Queue;
use recovery::Recovered;
use round::Trust;
use sequencer::{Pending, Sequencer};
use wal::{BLOCK, Segments, padded};

/// Seconds since the epoch, whenever asked.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// What a log is opened with.
pub struct Config {
    /// The log's own folder; made if it is not there.
    pub folder: PathBuf,
    /// The log's origin, chosen when the log is made and never changed.
    pub origin: String,
    /// The log's keys, all named after the origin; each signs every checkpoint.
    pub signers: Vec<Box<dyn Signer>>,
    /// Whose cosignatures make a checkpoint public.
    pub witnesses: Witnesses,
    /// How the witnesses are asked; never called under `quorum none`.
    pub ask: AskWitnesses,
    /// What time it is. Decides only how long kept checkpoints stay.
    pub clock: Clock,
    /// Sizes and pauses.
    pub limits: Limits,
    /// [`Faults::default`] but in tests.
    pub faults: Faults,
}

/// Sizes and pauses of a log; the defaults are those of `tlog.md` §5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a segment, 64 MiB. May change from start to start.
    pub segment_bytes: u64,
    /// Most entries of a group, 65,536.
    pub group_entries: usize,
    /// Most bytes of a group with their framing, 16 MiB.
    pub group_bytes: usize,
    /// How many full groups may wait behind the one that is written, 2; beyond it appends are refused.
    pub waiting_groups: usize,
    /// After the first witness round without a quorum, 100 ms; doubled with each further one.
    pub ask_again_first: Duration,
    /// The longest such pause, 5 s.
    pub ask_again_at_most: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            group_entries: 65_536,
            group_bytes: 16 << 20,
            waiting_groups: 2,
            ask_again_first: Duration::from_millis(100),
            ask_again_at_most: Duration::from_secs(5),
        }
    }
}

/// An open log. Dropping it closes it: entries that were taken are committed first.
pub struct Log {
    appender: Appender,
    reader: Reader,
    queue: Arc<Queue>,
    witnesses: Witnesses,
    recovery: Recovery,
    threads: Vec<JoinHandle<()>>,
    /// Released last: the fields above it are dropped before.
    _lock: File,
}

impl Log {
    /// Takes the lock and recovers. The log can be read at once; it appends and signs nothing before
    /// [`Log::allow_appends_after`], except under `quorum none`, where there is nobody to ask.
    ///
    /// # Errors
    /// [`OpenError`]; the folder is left as it was, but for derived files.
    pub fn open(config: Config) -> Result<Self, OpenError> {
        let Config {
            folder,
            origin,
            signers,
            witnesses,
            ask,
            clock,
            limits,
            faults,
        } = config;
        let keys = signers.iter().map(|signer| signer.vkey().clone()).collect();
        let keys = LogKeys::new(&origin, keys)?;
        limits.check()?;
        fs::create_dir_all(folder.join("wal"))?;
        let lock = lock(&folder)?;

        let segments = Segments::new(folder.join("wal"), limits.segment_bytes, faults.clone());
        let segments = Arc::new(segments);
        let recovered = recovery::recover(&folder, &origin, &segments, &faults)?;
        let Recovered {
            derived,
            wal,
            head,
            seal,
            report,
        } = recovered;
        let shared = derived.shared();
        let reader = Reader::new(Arc::clone(&shared));
        let queue = Arc::new(Queue::new(limits.clone()));
        let appender = Appender::new(Arc::clone(&queue), reader.clone());

        let trust = Arc::new(Trust {
            keys,
            witnesses: witnesses.clone(),
        });
        let (publisher, tasks) = channel();
        let (keeper, jobs) = channel();
        let heads = seal.as_ref().or(head.as_ref()).map_or(0, |head| head.count);
        if let Some(seal) = seal {
            // The keeper is not running yet; the channel holds the job.
            let _ = keeper.send(Job::Seal(seal));
        }
        let sequencer = Sequencer {
            wal,
            segments: Arc::clone(&segments),
            derived,
            queue: Arc::clone(&queue),
            needs_witnesses: witnesses.quorum().is_some(),
            clock: Arc::clone(&clock),
            limits,
            publisher,
            keeper,
            heads,
            pending: Pending::default(),
        };
        let publisher = Publisher {
            files: Files::new(folder, "unfinished.public", faults.clone()),
            shared: Arc::clone(&shared),
            signers,
            trust,
            ask,
            queue: Arc::clone(&queue),
        };
        let sealed = head.map_or(0, |head| head.edge.size());
        let keeper = Keeper {
            shared,
            segments,
            faults,
            clock,
            sealed,
            is_broken: false,
        };
        let threads = vec![
            thread("log-sequencer", move || sequencer.run())?,
            thread("log-keeper", move || keeper.run(&jobs))?,
        ];
        // Not among the threads that closing waits for: it may sit in a call to a witness. While it writes, the sequencer
        // waits for it.
        thread("log-publisher", move || publisher.run(&tasks))?;
        let log = Self {
            appender,
            reader,
            queue,
            witnesses,
            recovery: report,
            threads,
            _lock: lock,
        };
        if log.witnesses.quorum().is_none() {
            log.queue.allow();
        }
        Ok(log)
    }

    /// What opening found.
    pub fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// Appends to this log.
    pub fn appender(&self) -> Appender {
        self.appender.clone()
    }

    /// Reads this log.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// Allows appends and signatures, once a quorum of witnesses has told the size that it last cosigned (0 for never; from
    /// the 409 of W5, or W15). Each is named as in the policy. May be called again with more answers.
    ///
    /// # Errors
    /// [`NotAllowed`]; then nothing is appended or signed.
    pub fn allow_appends_after(&self, told: &[(Name, u64)]) -> Result<(), NotAllowed> {
        let size = self.reader.size();
        if let Some((witness, seen)) = told.iter().find(|(_, seen)| *seen > size) {
            let (witness, seen) = (witness.clone(), *seen);
            return Err(NotAllowed::OlderThanWitnesses {
                witness,
                seen,
                size,
            });
        }
        let has_told = |name: &Name| told.iter().any(|(witness, _)| witness == name);
        if !self.witnesses.met_by(|witness| has_told(&witness.name)) {
            let witnesses = self
                .witnesses
                .witnesses()
                .iter()
                .map(|witness| &witness.name);
            let silent = witnesses.filter(|name| !has_told(name)).cloned().collect();
            return Err(NotAllowed::WitnessesSilent { silent });
        }
        self.queue.allow();
        Ok(())
    }

    /// Commits what was taken, refuses the rest, and waits for both. The same as dropping the log, but said.
    pub fn close(self) {}
}

impl Drop for Log {
    fn drop(&mut self) {
        self.queue.close();
        for thread in self.threads.drain(..) {
            // A thread that ended by a bug has said so on its way.
            let _ = thread.join();
        }
    }
}

/// Why appends are not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAllowed {
    /// A witness has cosigned a larger tree than this disk holds (F9).
    #[error(
        "witness {witness} has seen {seen} entries, this disk holds {size}: it is older than the log"
    )]
    OlderThanWitnesses {
        /// Which witness.
        witness: Name,
        /// The size it told.
        seen: u64,
        /// The size here.
        size: u64,
    },
    /// Too few witnesses have told a size.
    #[error("too few witnesses have told what they last saw")]
    WitnessesSilent {
        /// Who has not.
        silent: Vec<Name>,
    },
}

impl NotAllowed {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::OlderThanWitnesses { .. } => {
                "bring the newest copy of the log's folder, or fetch the missing entries from a mirror, before this node runs"
            }
            Self::WitnessesSilent { .. } => "ask again until enough witnesses can be reached",
        }
    }
}

impl Limits {
    fn check(&self) -> Result<(), OpenError> {
        // One entry may go over a group's bytes; a group may be followed by checkpoints in its segment.
        let group = padded(HEADER + self.group_bytes + 2 + usize::from(u16::MAX));
        let least = BLOCK + group + 2 * padded(HEADER + MAX_NOTE);
        let holds = u64::try_from(least).is_ok_and(|least| least <= self.segment_bytes);
        let is_whole = self.segment_bytes.is_multiple_of(BLOCK as u64);
        if !holds || !is_whole || self.group_entries == 0 {
            return Err(OpenError::Limits);
        }
        Ok(())
    }
}

/// The advisory lock of a log's folder; it is released when the file is closed, also by a crash.
fn lock(folder: &Path) -> Result<File, OpenError> {
    let lock = File::create(folder.join("lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

fn thread(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OpenError> {
    Ok(std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)?)
}
