//! The one writer of a log, and the order in which it writes (`tlog.md` §5.2).

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use tlog::checkpoint::Checkpoint;
use tlog::hash::sha256;
use tlog::policy::Tally;
use tlog::signer::{Signer, sign_checkpoint};
use tokio::sync::watch;

use super::append::{Answer, AppendRefused, Group, Queue, Stopped, Work};
use super::checkpoints::QuorumCheckpoint;
use super::dedup::MAX_INDEX;
use super::derived::{Derived, Growth};
use super::head::Head;
use super::keeper::Job;
use super::read::{Missing, Reader};
use super::record::{HEADER, Kind};
use super::round::{Outcome, Round, Trust};
use super::wal::{NewRecord, Segments, Wal};
use super::{Clock, Limits};
use crate::cause::Cause;

/// The thread that appends.
pub(super) struct Sequencer {
    pub(super) wal: Wal,
    pub(super) segments: Arc<Segments>,
    pub(super) derived: Derived,
    pub(super) queue: Arc<Queue>,
    pub(super) trust: Arc<Trust>,
    pub(super) signers: Vec<Box<dyn Signer>>,
    pub(super) clock: Clock,
    pub(super) limits: Limits,
    pub(super) rounds: Sender<Arc<Round>>,
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
    /// The tree that was signed last and has no quorum yet.
    round: Option<Arc<Round>>,
    stage: Stage,
    /// How long to wait after the next round without a quorum.
    pause: Option<Duration>,
    /// A quorum checkpoint without a record.
    won: Option<(u64, String)>,
    /// A quorum checkpoint with a record; public once that is synced.
    recorded: Option<QuorumCheckpoint>,
    /// Whether the next segment has been asked for.
    spare_asked: bool,
    /// Whether signing is allowed.
    is_open: bool,
}

/// Where the round stands.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// None is running.
    #[default]
    Idle,
    /// None is running before this time.
    IdleUntil(Instant),
    /// Signed; the record is not synced yet.
    Signed,
    /// The witnesses are being asked.
    Asked,
}

impl Sequencer {
    /// Works until the log is closed or must stop.
    pub(super) fn run(mut self) {
        loop {
            let work = self.queue.next(self.wait());
            let is_last = work.is_closing && work.group.is_none();
            let answer = work.group.as_ref().map(|group| group.answer.clone());
            if let Err(stopped) = self.turn(work) {
                if let Some(answer) = answer {
                    refuse_waiting(&answer, AppendRefused::Stopped(stopped.clone()));
                }
                tracing::error!(error = %stopped, hint = stopped.hint(), "the log has stopped");
                return self.stop(&stopped);
            }
            if is_last {
                return self.stop(&Stopped::Closed);
            }
        }
    }

    /// One turn of the log: the write order, with what a crash leaves at each step. Recovery makes the same steps 1, 2, 6
    /// and 8 from the records.
    ///
    /// An error stops the log for good: nobody who still waits is told more than that.
    fn turn(&mut self, work: Work) -> Result<(), Stopped> {
        self.pending.is_open = work.is_open;

        // What a full disk kept former turns from writing. It is durable, and nothing new goes before it.
        let has_space = self.write_tiles_again();

        // 8, its beginning: a round ended with a quorum. Record the checkpoint with its cosignatures; synced with step 3.
        //    Crash here: the record is whole or cut; the public checkpoint is still the former one.
        self.end_round(work.outcome);
        self.record_won()?;

        // 1. Take what waits, drop what the log already holds. 2. Hash: leaves, edge, root.
        //    Crash here: nothing is on the disk, nobody was told (F1).
        let grown = match work.group {
            Some(group) if has_space => self.grow(group)?,
            Some(group) => refuse(&group),
            None => None,
        };

        // 3. Append the record and sync it, together with the checkpoint records before it. This is the commit.
        //    Crash before the sync returns: the record is kept if it is whole, else cut (F1). Error: stop (F2).
        if let Some(grown) = grown {
            let committed = self.append(grown)?;
            self.sync()?;

            // 4. Answer the callers that wait for durable: one wake-up for all of them.
            //    Crash before it: a retry finds the entry and gets the same index (F4).
            committed.group.answer(committed.answer.clone());

            // 7. and 8. for the checkpoint records that step 3 has synced.
            self.release();

            // 6. Write full tiles, without a sync.
            //    Crash here: recovery writes them again from the record before anything is served (F6).
            self.write_tiles(committed);
        }

        // 5. When no round is running: write the partial tiles of the present size, sign it, append the checkpoint record.
        //    Its sync is the next group's, or its own when nothing waits.
        //    Crash here: the signature never left this process; the same tree is signed again (F5).
        if self.wants_round() {
            self.sign()?;
        }
        if self.queue.is_idle() {
            self.sync()?;

            // 7. Hand the signed tree to the witnesses: only now, with its record and its tiles in place.
            // 8. Replace the public checkpoint by a quorum's, keep it, answer those who wait for proofs.
            //    Crash here: the record is on the disk, and recovery replaces the file.
            self.release();
        }

        // 9. Later, on the keeper's thread: sync the tiles, write `head`, then recycle segments; the next segment is filled
        //    in advance.
        self.ask_for_spare();
        Ok(())
    }

    /// Steps 1 and 2. `None` if nothing new is left, or the group was refused: its callers have their answer.
    fn grow(&mut self, group: Group) -> Result<Option<Grown>, Stopped> {
        if !self.make_room(group.body.len().saturating_sub(HEADER))? {
            return Ok(refuse(&group));
        }
        let first = self.derived.edge().size();
        let count = u64::try_from(group.leaves.len()).unwrap_or(u64::MAX);
        if first.saturating_add(count) > MAX_INDEX {
            return Err(Stopped::Full);
        }
        let mut group = group;
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
        Ok(Some(Grown { group, growth, answer }))
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
        self.wal.append(record, &mut grown.group.body).map_err(failed)?;
        self.derived.accept(&grown.growth);
        Ok(grown)
    }

    fn sync(&mut self) -> Result<(), Stopped> {
        if self.wal.is_synced() {
            return Ok(());
        }
        self.wal.sync().map_err(failed)?;
        self.derived.is_durable();
        if let (Stage::IdleUntil(_), Some(tally)) = (self.pending.stage, self.missing()) {
            // Who comes while the log waits before it asks again has the last answer at once.
            self.tell_missing(tally);
        }
        Ok(())
    }

    /// Steps 7 and 8 for what is synced.
    fn release(&mut self) {
        if !self.wal.is_synced() {
            return;
        }
        if let (Stage::Signed, Some(round)) = (self.pending.stage, &self.pending.round) {
            // The witness thread ends only when the sender here is dropped.
            let _ = self.rounds.send(Arc::clone(round));
            self.pending.stage = Stage::Asked;
        }
        let Some(checkpoint) = self.pending.recorded.take() else {
            return;
        };
        if let Err(error) = self.derived.publish(&checkpoint) {
            tracing::warn!(error = %error, "the public checkpoint could not be written yet");
            self.pending.recorded = Some(checkpoint);
        }
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
        let written = self.derived.put_growth(&growth, entries).is_ok();
        if !written {
            self.pending.unwritten = Some((growth, body));
        }
        written
    }

    fn wants_round(&self) -> bool {
        let is_due = match self.pending.stage {
            Stage::Idle => true,
            Stage::IdleUntil(time) => time <= Instant::now(),
            Stage::Asked | Stage::Signed => false,
        };
        let is_free = self.pending.unwritten.is_none()
            && self.pending.won.is_none()
            && self.pending.recorded.is_none();
        self.pending.is_open && is_due && is_free && !self.derived.is_public()
    }

    /// Step 5.
    fn sign(&mut self) -> Result<(), Stopped> {
        let size = self.derived.edge().size();
        if self.pending.round.as_ref().is_some_and(|round| round.size() == size) {
            // Asked for before: the record is there, and the cosignatures that came still count.
            self.pending.stage = Stage::Signed;
            return Ok(());
        }
        if let Err(error) = self.derived.put_partial() {
            tracing::warn!(error = %error, "partial tiles could not be written yet");
            self.pending.stage = Stage::IdleUntil(Instant::now() + AGAIN);
            return Ok(());
        }
        let checkpoint = Checkpoint::new(self.trust.keys.origin(), size, self.derived.root())
            .expect("the origin was checked when the log was opened");
        let signers: Vec<&dyn Signer> = self.signers.iter().map(AsRef::as_ref).collect();
        let note = sign_checkpoint(&checkpoint, &signers)?;
        if self.trust.witnesses.quorum().is_none() {
            // Nobody has to be asked: what the log signs is a quorum's checkpoint.
            self.pending.won = Some((size, note));
            return self.record_won();
        }
        if !self.append_note(Kind::Signed, size, (self.clock)(), &note)? {
            self.pending.stage = Stage::IdleUntil(Instant::now() + AGAIN);
            return Ok(());
        }
        let reader = Reader::new(self.derived.shared());
        let round = Round::new(checkpoint, note, Arc::clone(&self.trust), reader);
        self.pending.round = Some(Arc::new(round));
        self.pending.stage = Stage::Signed;
        Ok(())
    }

    /// Step 8 until there is something to record; without a quorum, when to ask again.
    fn end_round(&mut self, outcome: Option<Outcome>) {
        match outcome {
            None => {}
            Some(Outcome::Quorum { size, note }) => {
                self.pending.stage = Stage::Idle;
                self.pending.pause = None;
                self.pending.round = None;
                self.pending.won = Some((size, note));
            }
            Some(Outcome::Missing(tally)) => {
                let (shortest, longest) = (self.limits.ask_again_first, self.limits.ask_again_at_most);
                let pause = self.pending.pause.unwrap_or(shortest);
                self.pending.pause = Some((pause * 2).min(longest));
                self.pending.stage = Stage::IdleUntil(Instant::now() + pause);
                tracing::warn!(witnesses = %tally, "too few witnesses; asking again by itself");
                self.tell_missing(tally);
            }
        }
    }

    /// Step 8, the record.
    fn record_won(&mut self) -> Result<(), Stopped> {
        let Some((size, note)) = self.pending.won.take() else {
            return Ok(());
        };
        let time = (self.clock)();
        if self.append_note(Kind::Quorum, size, time, &note)? {
            self.pending.recorded = Some(QuorumCheckpoint { size, time, note: note.into() });
        } else {
            self.pending.won = Some((size, note));
        }
        Ok(())
    }

    /// Whether there was room for the record.
    fn append_note(&mut self, kind: Kind, size: u64, time: u64, note: &str) -> Result<bool, Stopped> {
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
        // A checkpoint must be kept too before the segment with its record goes.
        self.sync()?;
        self.release();
        if self.pending.recorded.is_some() {
            return Ok(false);
        }
        let Some(()) = unless_full(self.derived.put_partial())? else {
            return Ok(false);
        };
        let Some(spare) = unless_full(self.segments.take_spare())? else {
            return Ok(false);
        };
        let (first, root) = (self.derived.edge().size(), self.derived.root());
        self.wal.go_on_in(spare, first, root).map_err(failed)?;
        self.pending.spare_asked = false;
        self.heads += 1;
        let head = Head { count: self.heads, edge: self.derived.edge().clone() };
        let _ = self.keeper.send(Job::Seal(head));
        Ok(true)
    }

    /// Step 9, the part that cannot wait until it is needed.
    fn ask_for_spare(&mut self) {
        if self.wal.is_half_full() && !self.pending.spare_asked {
            self.pending.spare_asked = true;
            let _ = self.keeper.send(Job::Spare);
        }
    }

    fn missing(&self) -> Option<Tally> {
        let shared = self.derived.shared();
        let progress = shared.progress.borrow();
        progress.missing.as_ref().map(|missing| missing.tally.clone())
    }

    fn tell_missing(&self, tally: Tally) {
        let size = self.derived.edge().size();
        let missing = Some(Missing { size, tally });
        self.derived.shared().progress.send_modify(|progress| progress.missing = missing);
    }

    /// How long to wait for work at most.
    fn wait(&self) -> Option<Duration> {
        if self.wants_round() {
            // The turn that published a checkpoint could not sign the entries that came meanwhile.
            return Some(Duration::ZERO);
        }
        let pending = &self.pending;
        let is_unwritten = pending.unwritten.is_some() || pending.won.is_some() || pending.recorded.is_some();
        let until = match pending.stage {
            Stage::IdleUntil(time) => Some(time.saturating_duration_since(Instant::now())),
            Stage::Asked | Stage::Idle | Stage::Signed => None,
        };
        let again = is_unwritten.then_some(AGAIN);
        until.into_iter().chain(again).min()
    }

    fn stop(&self, stopped: &Stopped) {
        self.queue.stop(stopped);
        let stopped = Some(stopped.clone());
        self.derived.shared().progress.send_modify(|progress| progress.stopped = stopped);
    }
}

/// A thread that ends by a bug must leave nobody waiting.
impl Drop for Sequencer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.stop(&Stopped::Bug);
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
