//! The way in: an entry for a ticket, a ticket for an index, and for a proof.

use std::ops::Range;
use std::sync::Arc;

use tlog::hash::Hash;
use tlog::policy::Tally;
use tokio::sync::watch;

use super::checkpoints::QuorumCheckpoint;
use super::queue::{Answer, Queue};
use super::read::{ReadError, Reader};
use crate::cause::Cause;

/// Appends entries. Clones are cheap and append to the same log.
#[derive(Clone)]
pub struct Appender {
    queue: Arc<Queue>,
    reader: Reader,
}

impl Appender {
    pub(super) fn new(queue: Arc<Queue>, reader: Reader) -> Self {
        Self { queue, reader }
    }

    /// Hands over one entry of at most 65,535 bytes. Nothing is promised before [`Ticket::durable`] answers. An entry that
    /// the log already holds is not appended again; its ticket gets the index that it has.
    ///
    /// Never waits: under load the answer is [`AppendRefused::Overloaded`].
    ///
    /// # Errors
    /// [`AppendRefused`].
    pub fn append(&self, entry: &[u8]) -> Result<Ticket, AppendRefused> {
        let mut ticket = None;
        self.queue.hand_over(&[entry], |answer, slots| {
            ticket = Some((answer, slots.start))
        })?;
        let (answer, slot) = ticket.ok_or(AppendRefused::TooLong)?;
        Ok(Ticket {
            answer,
            slot,
            reader: self.reader.clone(),
        })
    }

    /// Hands over many entries at once, in their order; all of them or, on an error, none.
    ///
    /// # Errors
    /// [`AppendRefused`].
    pub fn append_all<E: AsRef<[u8]>>(&self, entries: &[E]) -> Result<Tickets, AppendRefused> {
        let mut parts = Vec::new();
        self.queue
            .hand_over(entries, |answer, slots| parts.push((answer, slots)))?;
        Ok(Tickets { parts })
    }
}

/// The claim on one entry's index. Dropping it changes nothing: the entry is appended all the same.
#[derive(Clone)]
pub struct Ticket {
    answer: watch::Receiver<Answer>,
    slot: usize,
    reader: Reader,
}

impl Ticket {
    /// The entry's index, once it is durable on this disk.
    ///
    /// A damaged disk can still lose it until others hold it (F13): [`Ticket::witnessed`] is the answer to build on.
    ///
    /// # Errors
    /// [`AppendRefused`]: the entry is not in the log, or, after [`AppendRefused::Stopped`], perhaps.
    pub async fn durable(&mut self) -> Result<u64, AppendRefused> {
        settled(&mut self.answer).await?.index(self.slot)
    }

    /// Index, public checkpoint and inclusion proof, once a quorum of witnesses has cosigned a tree that holds the entry.
    /// The checkpoint is the first kept one that covers it.
    ///
    /// # Errors
    /// [`WitnessedError`]; all but `Refused` carry the index, at which the entry is durable.
    pub async fn witnessed(&mut self) -> Result<Proven, WitnessedError> {
        let index = self.durable().await?;
        let mut progress = self.reader.progress();
        let reached = progress
            .wait_for(|progress| {
                let missing = progress.missing.as_ref();
                progress.public.is_some_and(|size| size > index)
                    || missing.is_some_and(|missing| missing.size > index)
                    || progress.stopped.is_some()
            })
            .await;
        let progress = reached
            .map_err(|_| WitnessedError::Stopped { index })?
            .clone();
        if progress.public.is_some_and(|size| size > index) {
            return self.prove(index);
        }
        match progress.missing {
            Some(missing) => Err(WitnessedError::WitnessesMissing {
                index,
                tally: missing.tally,
            }),
            None => Err(WitnessedError::Stopped { index }),
        }
    }

    fn prove(&self, index: u64) -> Result<Proven, WitnessedError> {
        let prove = || {
            let checkpoint = self.reader.first_covering(index)?.ok_or(ReadError::Range)?;
            let proof = self.reader.inclusion_proof(index, checkpoint.size)?;
            Ok(Proven {
                index,
                checkpoint,
                proof,
            })
        };
        prove().map_err(|cause| WitnessedError::Proof { index, cause })
    }
}

/// The claims on the indexes of many entries.
#[derive(Clone)]
pub struct Tickets {
    parts: Vec<(watch::Receiver<Answer>, Range<usize>)>,
}

impl Tickets {
    /// The indexes in the order of the entries, once all are durable.
    ///
    /// # Errors
    /// [`AppendRefused`] of the first group that failed; entries of other groups may be in the log.
    pub async fn durable(&mut self) -> Result<Vec<u64>, AppendRefused> {
        let mut indexes = Vec::new();
        for (answer, slots) in &mut self.parts {
            let settled = settled(answer).await?;
            for slot in slots.clone() {
                indexes.push(settled.index(slot)?);
            }
        }
        Ok(indexes)
    }
}

/// An entry with everything that proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The entry's index.
    pub index: u64,
    /// The public checkpoint that the proof leads to.
    pub checkpoint: QuorumCheckpoint,
    /// Inclusion proof, from the leaf's sibling to the root's child.
    pub proof: Vec<Hash>,
}

/// Why an entry was not appended.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendRefused {
    /// The log does not know yet whether witnesses have seen a larger one.
    #[error("log waits until a quorum of its witnesses has told what they last saw")]
    NotAllowedYet,
    /// The disk is full.
    #[error("no space left for the log")]
    NoSpace,
    /// Too much waits already.
    #[error("too many entries wait for the log")]
    Overloaded,
    /// The log takes no more entries.
    #[error("log has stopped")]
    Stopped(#[source] Stopped),
    /// Over 65,535 bytes.
    #[error("entry is longer than 65,535 bytes")]
    TooLong,
}

impl AppendRefused {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotAllowedYet => "try again once the witnesses can be reached",
            Self::NoSpace => "free some space; the log goes on by itself",
            Self::Overloaded => "try again in a second",
            Self::Stopped(stopped) => stopped.hint(),
            Self::TooLong => "put the content into a blob and log its digest",
        }
    }
}

/// Why the sequencer stopped for good.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Stopped {
    /// The sequencer ended by a bug of ours.
    #[error("log stopped by a bug")]
    Bug,
    /// It was closed in order; everything it had taken is durable.
    #[error("log was closed")]
    Closed,
    /// Nobody knows what of the last write is on the medium (F2).
    #[error("a write to the log's disk failed")]
    Failed(#[source] Cause),
    /// The largest size that the dedup index can hold.
    #[error("log is full")]
    Full,
    /// A key could not sign.
    #[error("log's key could not sign")]
    Signer(#[from] tlog::signer::SignFailed),
}

impl Stopped {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Bug => "tell the developers, then start the node again",
            Self::Closed => "send the same entry again once the node runs",
            Self::Failed(_) => {
                "look at the disk, then start the node again; the same entry sent again gets one index"
            }
            Self::Full => "begin a new log under another origin",
            Self::Signer(_) => "look at the log's keys, then start the node again",
        }
    }
}

impl Eq for Stopped {}

/// Why there is no proof for an entry.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessedError {
    /// The proof could not be read.
    #[error("entry {index} is durable, but its proof could not be read")]
    Proof {
        /// The entry's index.
        index: u64,
        /// Why.
        #[source]
        cause: ReadError,
    },
    /// The entry was not appended.
    #[error("entry was not appended")]
    Refused(#[from] AppendRefused),
    /// The log stopped before a quorum cosigned.
    #[error("entry {index} is durable, but the log stopped before a quorum cosigned it")]
    Stopped {
        /// The entry's index.
        index: u64,
    },
    /// Too few witnesses cosigned in time.
    #[error("entry {index} is durable, but too few witnesses have cosigned it: {tally}")]
    WitnessesMissing {
        /// The entry's index.
        index: u64,
        /// Who cosigned and who did not.
        tally: Tally,
    },
}

impl WitnessedError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Proof { cause, .. } => cause.hint(),
            Self::Refused(refused) => refused.hint(),
            Self::Stopped { .. } => "ask for the entry's proof once the node runs",
            Self::WitnessesMissing { .. } => {
                "ask for the entry's proof in a few minutes; the log asks its witnesses again by itself"
            }
        }
    }
}

async fn settled(answer: &mut watch::Receiver<Answer>) -> Result<Answer, AppendRefused> {
    let settled = answer
        .wait_for(|answer| !matches!(answer, Answer::Waiting))
        .await;
    // A sequencer that died without a word has told nobody anything.
    Ok(settled
        .map_err(|_| AppendRefused::Stopped(Stopped::Closed))?
        .clone())
}
