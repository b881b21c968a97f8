//! The way in: callers put entries into the open group and get a ticket; the sequencer takes whole groups.
//!
//! A group is ready to be written while it fills: entries are copied once, framed as in an entry bundle, behind room for
//! the record's header. So an entry costs no allocation of its own, and one wake-up answers a whole group.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tlog::hash::{Hash, leaf_hash};
use tlog::policy::Tally;
use tlog::tile::push_entry;
use tokio::sync::watch;

use super::Limits;
use super::checkpoints::QuorumCheckpoint;
use super::publisher::News;
use super::read::{ReadError, Reader};
use super::record::{FRAME, HEADER};
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
        self.hand_over(&[entry], |answer, slots| ticket = Some((answer, slots.start)))?;
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
        self.hand_over(entries, |answer, slots| parts.push((answer, slots)))?;
        Ok(Tickets { parts })
    }

    /// `part` gets each group that took entries, and the slots that they have there.
    fn hand_over<E: AsRef<[u8]>>(
        &self,
        entries: &[E],
        mut part: impl FnMut(watch::Receiver<Answer>, Range<usize>),
    ) -> Result<(), AppendRefused> {
        if entries.iter().any(|entry| u16::try_from(entry.as_ref().len()).is_err()) {
            return Err(AppendRefused::TooLong);
        }
        // Hashed by the caller's thread, before the lock: the sequencer is one, callers are many.
        let leaf = |entry: &E| leaf_hash(entry.as_ref());
        let one = entries.first().map(leaf).into_iter();
        let others: Vec<Hash> = entries.iter().skip(1).map(leaf).collect();
        let mut leaves = one.chain(others);

        let mut inner = self.queue.lock();
        inner.accepts(&self.queue.limits)?;
        let was_empty = inner.groups.is_empty();
        let mut rest = entries.iter().peekable();
        while rest.peek().is_some() {
            let group = inner.open_group(&self.queue.limits);
            let from = group.leaves.len();
            while let Some(entry) = rest.next_if(|entry| group.takes(entry.as_ref(), &self.queue.limits)) {
                // Lengths were looked at above.
                if push_entry(&mut group.body, entry.as_ref()).is_ok() {
                    group.leaves.extend(leaves.next());
                }
            }
            let slots = from..group.leaves.len();
            if slots.is_empty() {
                group.is_closed = true;
            } else {
                part(group.answer.subscribe(), slots);
            }
        }
        drop(inner);
        if was_empty {
            self.queue.wake.notify_one();
        }
        Ok(())
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
        let progress = reached.map_err(|_| WitnessedError::Stopped { index })?.clone();
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

/// What the tickets of a group wait for.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Waiting,
    /// All entries were new: the slots follow this index.
    Durable { first: u64 },
    /// Some were not: the index of each slot.
    DurableEach(Arc<[u64]>),
    Refused(AppendRefused),
}

impl Answer {
    fn index(&self, slot: usize) -> Result<u64, AppendRefused> {
        let index = match self {
            Self::Waiting => None,
            Self::Durable { first } => u64::try_from(slot).ok().map(|slot| first + slot),
            Self::DurableEach(indexes) => indexes.get(slot).copied(),
            Self::Refused(refused) => return Err(refused.clone()),
        };
        index.ok_or(AppendRefused::Stopped(Stopped::Closed))
    }
}

/// Entries that are committed together.
pub(super) struct Group {
    /// [`HEADER`] bytes of room, then the framed entries.
    pub(super) body: Vec<u8>,
    /// Their leaf hashes.
    pub(super) leaves: Vec<Hash>,
    pub(super) answer: watch::Sender<Answer>,
    is_closed: bool,
}

impl Group {
    fn new(mut body: Vec<u8>, mut leaves: Vec<Hash>) -> Self {
        body.clear();
        body.resize(HEADER, 0);
        leaves.clear();
        Self {
            body,
            leaves,
            answer: watch::channel(Answer::Waiting).0,
            is_closed: false,
        }
    }

    fn takes(&self, entry: &[u8], limits: &Limits) -> bool {
        self.leaves.is_empty()
            || self.leaves.len() < limits.group_entries
                && self.body.len() - HEADER + FRAME + entry.len() <= limits.group_bytes
    }

    /// The framed entries.
    pub(super) fn entries(&self) -> &[u8] {
        self.body.get(HEADER..).unwrap_or_default()
    }

    /// Nobody who asked gets another answer than this.
    pub(super) fn answer(&self, answer: Answer) {
        self.answer.send_replace(answer);
    }
}

/// Groups and news on their way to the sequencer.
pub(super) struct Queue {
    inner: Mutex<Inner>,
    wake: Condvar,
    limits: Limits,
}

/// What the sequencer has to do next.
pub(super) struct Work {
    pub(super) group: Option<Group>,
    pub(super) news: Option<News>,
    /// Whether appends, and so signatures, are allowed.
    pub(super) is_open: bool,
    pub(super) is_closing: bool,
}

impl Queue {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            inner: Mutex::new(Inner {
                groups: VecDeque::new(),
                news: None,
                buffers: Vec::new(),
                door: Door::NotAllowedYet,
                has_news: true,
            }),
            wake: Condvar::new(),
            limits,
        }
    }

    /// The next work, as soon as there is any, at the latest after `wait`.
    pub(super) fn next(&self, wait: Option<Duration>) -> Work {
        let mut inner = self.lock();
        while inner.groups.is_empty() && !inner.has_news && !matches!(inner.door, Door::Closing) {
            inner = match wait {
                None => self.wake.wait(inner).unwrap_or_else(PoisonError::into_inner),
                Some(wait) => {
                    let waited = self.wake.wait_timeout(inner, wait);
                    let (inner, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
                    if timeout.timed_out() {
                        return Self::take(inner);
                    }
                    inner
                }
            };
        }
        Self::take(inner)
    }

    /// Whether nothing waits.
    pub(super) fn is_idle(&self) -> bool {
        let inner = self.lock();
        inner.groups.is_empty() && !inner.has_news
    }

    /// What came of the publisher's task; it has one at a time.
    pub(super) fn tell(&self, news: News) {
        let mut inner = self.lock();
        inner.news = Some(news);
        inner.has_news = true;
        drop(inner);
        self.wake.notify_one();
    }

    /// Waits for the publisher's news and for nothing else.
    pub(super) fn wait_for_news(&self) -> News {
        let mut inner = self.lock();
        loop {
            if let Some(news) = inner.news.take() {
                return news;
            }
            inner = self.wake.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Appends are allowed from now on.
    pub(super) fn allow(&self) {
        self.change(|door| {
            if matches!(door, Door::NotAllowedYet) {
                *door = Door::Open;
            }
        });
    }

    /// No more entries are taken; those that wait are still committed.
    pub(super) fn close(&self) {
        self.change(|door| {
            if !matches!(door, Door::Stopped(_)) {
                *door = Door::Closing;
            }
        });
    }

    /// Nothing is taken and nothing is committed any more.
    pub(super) fn stop(&self, stopped: &Stopped) {
        let mut inner = self.lock();
        inner.door = Door::Stopped(stopped.clone());
        for group in inner.groups.drain(..) {
            group.answer(Answer::Refused(AppendRefused::Stopped(stopped.clone())));
        }
    }

    /// Gives the memory of a group back, for the next one.
    pub(super) fn reuse(&self, body: Vec<u8>, leaves: Vec<Hash>) {
        let mut inner = self.lock();
        if inner.buffers.len() < REUSED {
            inner.buffers.push((body, leaves));
        }
    }

    fn take(mut inner: MutexGuard<'_, Inner>) -> Work {
        inner.has_news = false;
        Work {
            group: inner.groups.pop_front(),
            news: inner.news.take(),
            is_open: matches!(inner.door, Door::Open),
            is_closing: matches!(inner.door, Door::Closing),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Door)) {
        let mut inner = self.lock();
        change(&mut inner.door);
        inner.has_news = true;
        drop(inner);
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Inner {
    groups: VecDeque<Group>,
    news: Option<News>,
    buffers: Vec<(Vec<u8>, Vec<Hash>)>,
    door: Door,
    /// Something other than a group waits for the sequencer.
    has_news: bool,
}

impl Inner {
    fn accepts(&self, limits: &Limits) -> Result<(), AppendRefused> {
        match &self.door {
            Door::Closing => Err(AppendRefused::Stopped(Stopped::Closed)),
            Door::NotAllowedYet => Err(AppendRefused::NotAllowedYet),
            Door::Open if self.groups.len() > limits.waiting_groups => {
                Err(AppendRefused::Overloaded)
            }
            Door::Open => Ok(()),
            Door::Stopped(stopped) => Err(AppendRefused::Stopped(stopped.clone())),
        }
    }

    /// The group that still takes entries.
    fn open_group(&mut self, limits: &Limits) -> &mut Group {
        let takes = |group: &Group| !group.is_closed && group.takes(&[], limits);
        if !self.groups.back().is_some_and(takes) {
            let (body, leaves) = self.buffers.pop().unwrap_or_default();
            self.groups.push_back(Group::new(body, leaves));
        }
        self.groups.back_mut().expect("one was pushed if there was none")
    }
}

enum Door {
    Closing,
    NotAllowedYet,
    Open,
    Stopped(Stopped),
}

async fn settled(answer: &mut watch::Receiver<Answer>) -> Result<Answer, AppendRefused> {
    let settled = answer.wait_for(|answer| !matches!(answer, Answer::Waiting)).await;
    // A sequencer that died without a word has told nobody anything.
    Ok(settled.map_err(|_| AppendRefused::Stopped(Stopped::Closed))?.clone())
}

/// One group is being written while the next fills.
const REUSED: usize = 2;
