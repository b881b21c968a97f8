//! What waits for the sequencer: entries in groups, and news of the publisher.
//!
//! A group is ready to be written while it fills: entries are copied once, framed as in an entry bundle, behind room for
//! the record's header. So an entry costs no allocation of its own, and one wake-up answers a whole group.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tlog::hash::{Hash, leaf_hash};
use tlog::tile::push_entry;
use tokio::sync::watch;

use super::Limits;
use super::append::{AppendRefused, Stopped};
use super::publisher::News;
use super::record::{FRAME, HEADER};

/// What the tickets of a group wait for.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Waiting,
    /// All entries were new: the slots follow this index.
    Durable {
        first: u64,
    },
    /// Some were not: the index of each slot.
    DurableEach(Arc<[u64]>),
    Refused(AppendRefused),
}

impl Answer {
    /// The index of a slot.
    pub(super) fn index(&self, slot: usize) -> Result<u64, AppendRefused> {
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

    /// Puts entries into the open group, and into further ones as they fill up. `part` gets each group that took entries, and the slots that they have there.
    pub(super) fn hand_over<E: AsRef<[u8]>>(
        &self,
        entries: &[E],
        mut part: impl FnMut(watch::Receiver<Answer>, Range<usize>),
    ) -> Result<(), AppendRefused> {
        if entries
            .iter()
            .any(|entry| u16::try_from(entry.as_ref().len()).is_err())
        {
            return Err(AppendRefused::TooLong);
        }
        // Hashed by the caller's thread, before the lock: the sequencer is one, callers are many.
        let leaf = |entry: &E| leaf_hash(entry.as_ref());
        let one = entries.first().map(leaf).into_iter();
        let others: Vec<Hash> = entries.iter().skip(1).map(leaf).collect();
        let mut leaves = one.chain(others);

        let mut inner = self.lock();
        inner.accepts(&self.limits)?;
        let was_empty = inner.groups.is_empty();
        let mut rest = entries.iter().peekable();
        while rest.peek().is_some() {
            let group = inner.open_group(&self.limits);
            let from = group.leaves.len();
            while let Some(entry) = rest.next_if(|entry| group.takes(entry.as_ref(), &self.limits))
            {
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
            self.wake.notify_one();
        }
        Ok(())
    }

    /// The next work, as soon as there is any, at the latest after `wait`.
    pub(super) fn next(&self, wait: Option<Duration>) -> Work {
        let mut inner = self.lock();
        while inner.groups.is_empty() && !inner.has_news && !matches!(inner.door, Door::Closing) {
            inner = match wait {
                None => self
                    .wake
                    .wait(inner)
                    .unwrap_or_else(PoisonError::into_inner),
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
            inner = self
                .wake
                .wait(inner)
                .unwrap_or_else(PoisonError::into_inner);
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
            Door::Open if self.is_overfull(limits) => Err(AppendRefused::Overloaded),
            Door::Open => Ok(()),
            Door::Stopped(stopped) => Err(AppendRefused::Stopped(stopped.clone())),
        }
    }

    fn is_overfull(&self, limits: &Limits) -> bool {
        let takes = |group: &Group| !group.is_closed && group.takes(&[], limits);
        self.groups.len() > limits.waiting_groups && !self.groups.back().is_some_and(takes)
    }

    /// The group that still takes entries.
    fn open_group(&mut self, limits: &Limits) -> &mut Group {
        let takes = |group: &Group| !group.is_closed && group.takes(&[], limits);
        if !self.groups.back().is_some_and(takes) {
            let (body, leaves) = self.buffers.pop().unwrap_or_default();
            self.groups.push_back(Group::new(body, leaves));
        }
        self.groups
            .back_mut()
            .expect("one was pushed if there was none")
    }
}

enum Door {
    Closing,
    NotAllowedYet,
    Open,
    Stopped(Stopped),
}

/// One group is being written while the next fills.
const REUSED: usize = 2;
