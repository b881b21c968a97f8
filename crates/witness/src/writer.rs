//! The one thread that compares and stores ([tlog-witness], "add-checkpoint": atomically; W11).
//!
//! It takes all requests that wait, decides them one after the other, and makes what it accepted durable with one sync.
//! So a request for N leaves and one for N+K can never be decided by the same old size, and the rate does not hang on
//! the time that a sync takes. Signatures are made afterwards and elsewhere: one that does not exist cannot leak before
//! its state is durable.
//!
//! [tlog-witness]: https://c2sp.org/tlog-witness

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tlog::log_list::Budget;
use tlog::witness::{Known, SignedRequest};
use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::Clock;
use crate::journal::record::Record;
use crate::journal::{AppendFailed, Journal};
use crate::refused::Refused;

/// Handle of the thread. Dropping it waits until what was accepted is durable and answered.
pub(crate) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    stopped: watch::Receiver<Option<AppendFailed>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread. `budgets` are by origin; a log without one may ask as often as it likes.
    pub(crate) fn start(
        journal: Journal,
        budgets: HashMap<Box<str>, Budget>,
        clock: Clock,
    ) -> io::Result<Self> {
        let (jobs, waiting) = mpsc::channel(MAX_WAITING);
        let (stop, stopped) = watch::channel(None);
        let mut state = State {
            journal,
            budgets,
            clock,
        };
        let thread = thread::Builder::new()
            .name("witness-writer".into())
            .spawn(move || run(&mut state, waiting, &stop))?;
        Ok(Self {
            jobs: Some(jobs),
            stopped,
            thread: Some(thread),
        })
    }

    /// Decides `request` and stores the outcome; returns when that is durable.
    pub(crate) async fn store(&self, request: SignedRequest) -> Decision {
        let (answer, decided) = oneshot::channel();
        let Some(jobs) = &self.jobs else {
            return self.refuse_stopped();
        };
        match jobs.try_send(Job { request, answer }) {
            Ok(()) => decided.await.unwrap_or_else(|_| self.refuse_stopped()),
            Err(mpsc::error::TrySendError::Full(_)) => Decision::plain(Refused::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => self.refuse_stopped(),
        }
    }

    /// Why the thread ended by itself, if it did.
    pub(crate) fn failure(&self) -> Option<AppendFailed> {
        *self.stopped.borrow()
    }

    /// Returns when the thread has ended by itself, with the reason.
    pub(crate) async fn stopped(&self) -> AppendFailed {
        let mut stopped = self.stopped.clone();
        let reason = stopped
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|reason| *reason);
        reason.unwrap_or(AppendFailed::Stopped(io::ErrorKind::Other))
    }

    fn refuse_stopped(&self) -> Decision {
        let reason = self
            .failure()
            .unwrap_or(AppendFailed::Stopped(io::ErrorKind::Other));
        Decision::plain(Refused::Journal(reason))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // An Err is the thread's panic, which has been printed; there is nobody left to tell.
            let _ = thread.join();
        }
    }
}

/// What became of a request.
pub(crate) enum Decision {
    /// It is durable and may be cosigned.
    Stored(Arc<Record>),
    /// It is not stored.
    Refused {
        /// Why.
        refused: Refused,
        /// What should be kept, if the log may have shown two histories (W13).
        suspect: Option<Suspect>,
    },
}

impl Decision {
    fn plain(refused: Refused) -> Self {
        Self::Refused {
            refused,
            suspect: None,
        }
    }
}

/// A properly signed request that does not fit what was cosigned.
pub(crate) struct Suspect {
    /// The request.
    pub(crate) request: SignedRequest,
    /// What was cosigned before, if anything.
    pub(crate) cosigned: Option<Arc<Record>>,
    /// Whether the two checkpoints alone convict the log.
    pub(crate) proven: bool,
}

struct Job {
    request: SignedRequest,
    answer: oneshot::Sender<Decision>,
}

struct State {
    journal: Journal,
    budgets: HashMap<Box<str>, Budget>,
    clock: Clock,
}

fn run(
    state: &mut State,
    mut waiting: mpsc::Receiver<Job>,
    stop: &watch::Sender<Option<AppendFailed>>,
) {
    while let Some(first) = waiting.blocking_recv() {
        let mut group = vec![first];
        while group.len() < MAX_GROUP
            && let Ok(job) = waiting.try_recv()
        {
            group.push(job);
        }
        if let Err(failed) = state.commit(group) {
            tracing::error!(reason = %failed, "the journal has stopped; no checkpoint is cosigned any more");
            stop.send_replace(Some(failed));
            // Dropping `waiting` answers those who still wait.
            return;
        }
    }
}

impl State {
    /// The write order, for one group. An error means that nothing may be stored any more.
    fn commit(&mut self, group: Vec<Job>) -> Result<(), AppendFailed> {
        // 1. Decide each request by what is durable and by what this group will have stored before it. A crash here
        //    leaves nothing.
        let mut pending: HashMap<Box<str>, Arc<Record>> = HashMap::new();
        let mut records = Vec::new();
        let mut decided = Vec::with_capacity(group.len());
        for Job { request, answer } in group {
            let decision = self.decide(request, &pending);
            if let Decision::Stored(record) = &decision {
                pending.insert(record.checkpoint().origin().into(), Arc::clone(record));
                records.push(Arc::clone(record));
            }
            decided.push((answer, decision));
        }

        // 2. Make it durable. A crash before this returns leaves all of the group or nothing of it, and nobody was told.
        if let Err(failed) = self.journal.append(&records) {
            // All are told the same: also a 409 of this group may rest on a size that is not durable.
            for (answer, _) in decided {
                let _ = answer.send(Decision::plain(Refused::Journal(failed)));
            }
            return match failed {
                AppendFailed::Stopped(_) => Err(failed),
                AppendFailed::Refused(_) => {
                    tracing::warn!(reason = %failed, requests = records.len(), "a group was refused");
                    Ok(())
                }
            };
        }

        // 3. Answer. Whoever has gone meanwhile will ask again and be told the size (409).
        for (answer, decision) in decided {
            let _ = answer.send(decision);
        }

        // 4. Between groups, so that only the requests that arrive meanwhile wait for it.
        match self.journal.compact_if_large() {
            Err(failed @ AppendFailed::Stopped(_)) => Err(failed),
            Err(failed) => {
                tracing::warn!(reason = %failed, "the journal could not be compacted and grows on");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn decide(
        &mut self,
        request: SignedRequest,
        pending: &HashMap<Box<str>, Arc<Record>>,
    ) -> Decision {
        let origin = request.checkpoint().origin();
        let cosigned = pending
            .get(origin)
            .or_else(|| self.journal.latest(origin))
            .cloned();
        let known = cosigned
            .as_ref()
            .map_or_else(Known::default, |record| record.known());
        let accepted = match request.judge(&known) {
            Ok(accepted) => accepted,
            Err(refused) => {
                let proven = request.contradicts(&known);
                let keep = proven || refused.may_show_misbehaviour();
                let suspect = keep.then_some(Suspect {
                    request,
                    cosigned,
                    proven,
                });
                return Decision::Refused {
                    refused: Refused::Protocol(refused),
                    suspect,
                };
            }
        };
        let Some(now) = self.clock.now() else {
            return Decision::plain(Refused::Clock);
        };
        // Only what would be cosigned costs a request: anyone may replay what a log once sent, and what is refused
        // costs the log's budget nothing.
        if let Some(budget) = self.budgets.get_mut(origin)
            && let Err(spent) = budget.take(now.get())
        {
            return Decision::plain(Refused::Budget(spent));
        }
        Decision::Stored(Arc::new(Record::new(now, &accepted)))
    }
}

/// Requests that may wait: four groups. At 3.7 kB a request about 15 MB.
const MAX_WAITING: usize = 4 * MAX_GROUP;

/// Requests in a group. At 3.7 kB a record one sync writes about 4 MB.
const MAX_GROUP: usize = 1024;
