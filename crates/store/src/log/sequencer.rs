//! The one writer of a log's records, and the order of all its writes (`tlog.md` §5.2).

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use tlog::hash::sha256;
use tlog::policy::Tally;
use tokio::sync::watch;

use super::append::{AppendRefused, Stopped};
use super::checkpoints::QuorumCheckpoint;
use super::dedup::MAX_INDEX;
use super::derived::{Derived, Growth};
use super::head::Head;
use super::keeper::Job;
use super::publisher::{News, NotPrepared, Task};
use super::queue::{Answer, Group, Queue, Work};
use super::read::Missing;
use super::record::{HEADER, Kind};
use super::round::{Outcome, Round};
use super::wal::{NewRecord, Segments, Wal};
use super::{Clock, Limits};
use crate::cause::Cause;

/// The thread that appends.
pub(super) struct Sequencer {
    pub(super) wal: Wal,
    pub(super) segments: Arc<Segments>,
    pub(super) derived: Derived,
    pub(super) queue: Arc<Queue>,
    pub(super) needs_witnesses: bool,
    pub(super) clock: Clock,
    pub(super) limits: Limits,
    pub(super) publisher: Sender<Task>,
    pub(super) keeper: Sender<Job>,
    /// Count of the newest `head`.
    pub(super) heads: u64,
    pub(super) pending: Pending,
}

/// What is left from former turns.
#[derive(Default)]
pub(super) struct Pending {
    /// A committed group whose tiles could not be written.
    unwritten: Option<(Growth, Vec<u8>)>,
    /// The way of one tree to the public.
    stage: Stage,
    /// The tree that was signed last and has no quorum yet.
    round: Option<Arc<Round>>,
    /// How long to wait after the next round without a quorum.
    pause: Option<Duration>,
    /// The head at the beginning of this segment, until every checkpoint before it is kept.
    seal: Option<Head>,
    /// Whether the next segment has been asked for.
    spare_asked: bool,
    /// Whether signing is allowed.
    is_open: bool,
}

/// Where a tree is on its way to the public, one tree at a time.
#[derive(Default)]
enum Stage {
    /// The next tree may be signed.
    #[default]
    Idle,
    /// It may be signed from this time on.
    IdleUntil(Instant),
    /// The publisher writes its partial tiles and signs it.
    Preparing,
    /// Its checkpoint needs a record before anything else.
    Unrecorded(Next),
    /// The record is written but not synced.
    Unsynced(Next),
    /// The witnesses are being asked.
    Asking,
    /// The publisher replaces the public checkpoint.
    Publishing(QuorumCheckpoint),
    /// It could not, and shall try again.
    PublishAgain(QuorumCheckpoint, Instant),
}

/// What follows a checkpoint's record.
enum Next {
    Ask(Arc<Round>),
    Publish(QuorumCheckpoint),
}

impl Sequencer {
    /// Works until the log is closed or must stop.
    pub(super) fn run(mut self) {
        loop {
            let work = self.queue.next(self.wait());
            let is_last = work.is_closing && work.group.is_none();
            let answer = work.group.as_ref().map(|group| group.answer.clone());
            if let Err(stopped) = self.turn(work) {
                tracing::error!(error = %stopped, hint = stopped.hint(), "the log has stopped");
                return self.stop(&stopped, answer.as_ref());
            }
            if is_last {
                return self.stop(&Stopped::Closed, None);
            }
        }
    }

    /// One turn of the log: the write order, with what a crash leaves at each step. Recovery makes the same steps 2, 6 and 8
    /// from the records.
    ///
    /// An error stops the log for good: nobody who still waits is told more than that.
    fn turn(&mut self, work: Work) -> Result<(), Stopped> {
        self.pending.is_open = work.is_open;

        // What a full disk kept a former turn from writing. It is durable, and nothing new goes before it.
        let has_space = self.write_tiles_again();

        // 5. and 8., the records: a tree was signed, or a quorum cosigned it. They are synced together with step 3.
        //    Crash here: the record is whole or cut. A signature that is cut never left this process; the same tree is
        //    signed again (F5). A quorum's checkpoint that is cut is asked for again; the former one is still public.
        self.hear(work.news)?;
        self.record_checkpoint()?;

        // 1. Take what waits, drop what the log already holds. 2. Hash: edge and root; callers have hashed the leaves.
        //    Crash here: nothing is on the disk, nobody was told (F1).
        let grown = match work.group {
            Some(group) if has_space => self.grow(group)?,
            Some(group) => refuse(&group),
            None => None,
        };

        // 3. Append the record and sync it. This is the commit.
        //    Crash before the sync returns: the record is kept if it is whole, else cut (F1). Error: stop (F2).
        if let Some(grown) = grown {
            let committed = self.append(grown)?;
            self.sync()?;

            // 4. Answer the callers that wait for durable: one wake-up for all of them.
            //    Crash before it: a retry finds the entry and gets the same index (F4).
            committed.group.answer(committed.answer.clone());

            // 6. Write full tiles, without a sync.
            //    Crash here: recovery writes them again from the record before anything is served (F6).
            self.write_tiles(committed);
        } else if self.queue.is_idle() {
            // Nothing to commit: the checkpoint records get a sync of their own.
            self.sync()?;
        }

        // 7. and 8., on the publisher's thread, for what is synced. Asking: tiles and record of the signed tree are in
        //    place. Publishing: replace the public checkpoint, keep it, answer those who wait for proofs.
        //    Crash here: the record is on the disk, and recovery replaces the file.
        self.go_on();

        // 5. and 6., on the publisher's thread, when no tree is on its way: write the partial tiles of the present size, sign.
        //    Crash here: nothing has left this process.
        if self.wants_round() {
            self.prepare();
        }

        // 9. Later, on the keeper's thread: sync the tiles, write `head`, then recycle segments; the next segment is filled
        //    in advance.
        self.ask_keeper();
        Ok(())
    }

    /// Steps 1 and 2. `None` if nothing new is left, or the group was refused: its callers have their answer.
    fn grow(&mut self, mut group: Group) -> Result<Option<Grown>, Stopped> {
        if !self.make_room(group.entries().len())? {
            return Ok(refuse(&group));
        }
        let first = self.derived.edge().size();
        let count = u64::try_from(group.leaves.len()).unwrap_or(u64::MAX);
        if first.saturating_add(count) > MAX_INDEX {
            return Err(Stopped::Full);
        }
        let indexes = self.derived.drop_known(&mut group).map_err(failed)?;
        let answer = match indexes {
            None => Answer::Durable { first },
            Some(indexes) => Answer::DurableEach(indexes),
        };
        if group.leaves.is_empty() {
            // Every entry was there, and what is there is durable.
            group.answer(answer);
            return Ok(None);
        }
        let growth = self.derived.grow(group.entries(), &group.leaves);
        Ok(Some(Grown {
            group,
            growth,
            answer,
        }))
    }

    /// Step 3 without its sync.
    fn append(&mut self, mut grown: Grown) -> Result<Grown, Stopped> {
        let record = NewRecord {
            kind: Kind::Group,
            time: (self.clock)(),
            first: self.derived.edge().size(),
            count: u32::try_from(grown.group.leaves.len()).unwrap_or(u32::MAX),
            before: self.derived.root(),
            after: grown.growth.root(),
        };
        self.wal
            .append(record, &mut grown.group.body)
            .map_err(failed)?;
        self.derived.accept(&grown.growth);
        Ok(grown)
    }

    fn sync(&mut self) -> Result<(), Stopped> {
        if self.wal.is_synced() {
            return Ok(());
        }
        self.wal.sync().map_err(failed)?;
        self.derived.is_durable();
        if let (Stage::IdleUntil(_), Some(tally)) = (&self.pending.stage, self.missing()) {
            // Who comes while the log waits before it asks again has the last answer at once.
            self.tell_missing(tally);
        }
        Ok(())
    }

    /// Step 6.
    fn write_tiles(&mut self, committed: Grown) {
        let Grown { group, growth, .. } = committed;
        match self.derived.put_growth(&growth, group.entries()) {
            Ok(()) => self.queue.reuse(group.body, group.leaves),
            Err(error) => {
                tracing::warn!(error = %error, "tiles could not be written yet");
                self.pending.unwritten = Some((growth, group.body));
            }
        }
    }

    /// Whether there is nothing left to write.
    fn write_tiles_again(&mut self) -> bool {
        let Some((growth, body)) = self.pending.unwritten.take() else {
            return true;
        };
        let entries = body.get(HEADER..).unwrap_or_default();
        let is_written = self.derived.put_growth(&growth, entries).is_ok();
        if !is_written {
            self.pending.unwritten = Some((growth, body));
        }
        is_written
    }

    fn wants_round(&self) -> bool {
        let is_due = match self.pending.stage {
            Stage::Idle => true,
            Stage::IdleUntil(time) => time <= Instant::now(),
            _ => false,
        };
        let is_written = self.pending.unwritten.is_none();
        self.pending.is_open && is_due && is_written && !self.derived.is_public()
    }

    /// Steps 5 and 6, begun. A tree that was asked for before has its signature, tiles and record already, and the
    /// cosignatures that came for it still count.
    fn prepare(&mut self) {
        let size = self.derived.edge().size();
        let asked = self
            .pending
            .round
            .take()
            .filter(|round| round.size() == size);
        self.pending.stage = match asked {
            Some(round) => {
                let _ = self.publisher.send(Task::Ask(Arc::clone(&round)));
                self.pending.round = Some(round);
                Stage::Asking
            }
            None => {
                let (edge, open) = self.derived.snapshot();
                let _ = self.publisher.send(Task::Prepare { edge, open });
                Stage::Preparing
            }
        };
    }

    /// What came of the publisher's task.
    fn hear(&mut self, news: Option<News>) -> Result<(), Stopped> {
        let Some(news) = news else {
            return Ok(());
        };
        let again = Instant::now() + AGAIN;
        self.pending.stage = match news {
            News::Bug => return Err(Stopped::Bug),
            News::Prepared(Err(NotPrepared::Signer(failed))) => return Err(failed.into()),
            News::Prepared(Err(NotPrepared::Files(error))) => {
                tracing::warn!(error = %error, "partial tiles could not be written yet");
                Stage::IdleUntil(again)
            }
            News::Prepared(Ok(round)) if self.needs_witnesses => {
                self.pending.round = Some(Arc::clone(&round));
                Stage::Unrecorded(Next::Ask(round))
            }
            // Nobody has to be asked: what the log signs is a quorum's checkpoint.
            News::Prepared(Ok(round)) => self.reached(round.size(), round.note()),
            News::Counted(Outcome::Quorum { size, note }) => {
                self.pending.pause = None;
                self.pending.round = None;
                self.reached(size, &note)
            }
            News::Counted(Outcome::Missing(tally)) => {
                tracing::warn!(witnesses = %tally, "too few witnesses; asking again by itself");
                let (shortest, longest) =
                    (self.limits.ask_again_first, self.limits.ask_again_at_most);
                let pause = self.pending.pause.unwrap_or(shortest);
                self.pending.pause = Some((pause * 2).min(longest));
                self.tell_missing(tally);
                Stage::IdleUntil(Instant::now() + pause)
            }
            News::Published(done) => match (done, std::mem::take(&mut self.pending.stage)) {
                (Err(error), Stage::Publishing(checkpoint)) => {
                    tracing::warn!(error = %error, "the public checkpoint could not be written yet");
                    Stage::PublishAgain(checkpoint, again)
                }
                _ => Stage::Idle,
            },
        };
        Ok(())
    }

    fn reached(&self, size: u64, note: &str) -> Stage {
        let (time, note) = ((self.clock)(), note.into());
        Stage::Unrecorded(Next::Publish(QuorumCheckpoint { size, time, note }))
    }

    /// Steps 5 and 8, the records. Without space the checkpoint stays unrecorded.
    fn record_checkpoint(&mut self) -> Result<(), Stopped> {
        self.pending.stage = match std::mem::take(&mut self.pending.stage) {
            Stage::Unrecorded(next) => {
                let now = (self.clock)();
                let is_recorded = match &next {
                    Next::Ask(round) => {
                        self.append_note(Kind::Signed, round.size(), now, round.note())
                    }
                    Next::Publish(reached) => {
                        self.append_note(Kind::Quorum, reached.size, reached.time, &reached.note)
                    }
                };
                if is_recorded? {
                    Stage::Unsynced(next)
                } else {
                    Stage::Unrecorded(next)
                }
            }
            stage => stage,
        };
        Ok(())
    }

    /// Steps 7 and 8, begun for what is synced.
    fn go_on(&mut self) {
        let is_due = |time: Instant| time <= Instant::now();
        self.pending.stage = match std::mem::take(&mut self.pending.stage) {
            Stage::Unsynced(Next::Ask(round)) if self.wal.is_synced() => {
                let _ = self.publisher.send(Task::Ask(round));
                Stage::Asking
            }
            Stage::Unsynced(Next::Publish(checkpoint)) if self.wal.is_synced() => {
                self.publish(checkpoint)
            }
            Stage::PublishAgain(checkpoint, time) if is_due(time) => self.publish(checkpoint),
            stage => stage,
        };
    }

    fn publish(&self, checkpoint: QuorumCheckpoint) -> Stage {
        let _ = self.publisher.send(Task::Publish(checkpoint.clone()));
        Stage::Publishing(checkpoint)
    }

    /// Whether there was room for the record.
    fn append_note(
        &mut self,
        kind: Kind,
        size: u64,
        time: u64,
        note: &str,
    ) -> Result<bool, Stopped> {
        if !self.make_room(note.len())? {
            return Ok(false);
        }
        let mut buffer = vec![0; HEADER];
        buffer.extend_from_slice(note.as_bytes());
        let record = NewRecord {
            kind,
            time,
            first: size,
            count: 0,
            before: self.derived.root(),
            after: sha256(note.as_bytes()),
        };
        self.wal.append(record, &mut buffer).map_err(failed)?;
        Ok(true)
    }

    /// Goes on in a new segment if this one has no room for `body` bytes. `false` if the disk is full: nothing has changed
    /// then, and the next attempt may find space again (F3).
    fn make_room(&mut self, body: usize) -> Result<bool, Stopped> {
        if self.wal.has_room(body) {
            return Ok(true);
        }
        if self.pending.unwritten.is_some() {
            return Ok(false);
        }
        // A named segment says that everything before it is durable, and tiles that everything before it can be read:
        // the bundle of the last entries too, which would be nowhere else once the former segment is used again.
        self.sync()?;
        let Some(()) = unless_full(self.derived.put_partial())? else {
            return Ok(false);
        };
        let Some(spare) = unless_full(self.segments.take_spare())? else {
            return Ok(false);
        };
        let (first, root) = (self.derived.edge().size(), self.derived.root());
        self.wal.go_on_in(spare, first, root).map_err(failed)?;
        self.heads += 1;
        let (count, edge) = (self.heads, self.derived.edge().clone());
        self.pending.seal = Some(Head { count, edge });
        self.pending.spare_asked = false;
        Ok(true)
    }

    /// Step 9, begun.
    fn ask_keeper(&mut self) {
        // A quorum's checkpoint whose record is in a former segment must be kept before that segment goes.
        let is_kept = match self.pending.stage {
            Stage::Unsynced(Next::Publish(_)) | Stage::Publishing(_) | Stage::PublishAgain(..) => {
                false
            }
            _ => self.pending.unwritten.is_none(),
        };
        if is_kept && let Some(head) = self.pending.seal.take() {
            let _ = self.keeper.send(Job::Seal(head));
        }
        if self.wal.is_half_full() && !self.pending.spare_asked {
            self.pending.spare_asked = true;
            let _ = self.keeper.send(Job::Spare);
        }
    }

    fn missing(&self) -> Option<Tally> {
        let shared = self.derived.shared();
        let progress = shared.progress.borrow();
        progress
            .missing
            .as_ref()
            .map(|missing| missing.tally.clone())
    }

    fn tell_missing(&self, tally: Tally) {
        let size = self.derived.edge().size();
        let missing = Some(Missing { size, tally });
        self.derived
            .shared()
            .progress
            .send_modify(|progress| progress.missing = missing);
    }

    /// How long to wait for work at most.
    fn wait(&self) -> Option<Duration> {
        let until = match self.pending.stage {
            Stage::IdleUntil(time) | Stage::PublishAgain(_, time) => {
                Some(time.saturating_duration_since(Instant::now()))
            }
            Stage::Unrecorded(_) => Some(AGAIN),
            _ => None,
        };
        let again = self.pending.unwritten.is_some().then_some(AGAIN);
        until.into_iter().chain(again).min()
    }

    /// Says why to all who wait, those of the group in hand too.
    fn stop(&mut self, stopped: &Stopped, in_hand: Option<&watch::Sender<Answer>>) {
        if matches!(self.pending.stage, Stage::Preparing | Stage::Publishing(_))
            && !std::thread::panicking()
        {
            // The publisher is writing files of this folder, which may be opened again as soon as this thread has ended.
            self.queue.wait_for_news();
        }
        // The door closes first: who was told of the failure must not get another ticket.
        self.queue.stop(stopped);
        let why = Some(stopped.clone());
        self.derived
            .shared()
            .progress
            .send_modify(|progress| progress.stopped = why);
        if let Some(answer) = in_hand {
            refuse_waiting(answer, AppendRefused::Stopped(stopped.clone()));
        }
    }
}

/// A thread that ends by a bug must leave nobody waiting.
impl Drop for Sequencer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.stop(&Stopped::Bug, None);
        }
    }
}

/// A group on its way to the disk.
struct Grown {
    group: Group,
    growth: Growth,
    answer: Answer,
}

fn refuse_waiting(answer: &watch::Sender<Answer>, refused: AppendRefused) {
    answer.send_if_modified(|answer| {
        let is_waiting = matches!(answer, Answer::Waiting);
        if is_waiting {
            *answer = Answer::Refused(refused);
        }
        is_waiting
    });
}

fn refuse(group: &Group) -> Option<Grown> {
    group.answer(Answer::Refused(AppendRefused::NoSpace));
    None
}

fn failed(error: std::io::Error) -> Stopped {
    Stopped::Failed(Cause::new(error))
}

/// `None` where the disk or a quota is full.
fn unless_full<T>(result: std::io::Result<T>) -> Result<Option<T>, Stopped> {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    match result {
        Err(error) if matches!(error.kind(), QuotaExceeded | StorageFull) => Ok(None),
        result => result.map(Some).map_err(failed),
    }
}

/// When to try again to write files for which there was no space.
const AGAIN: Duration = Duration::from_millis(250);
