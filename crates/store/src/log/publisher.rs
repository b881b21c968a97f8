//! Making trees public (`tlog.md` §5.2, steps 5 to 8, all but the records): partial tiles, signatures, witnesses, the
//! public checkpoint. On a thread of its own, one task at a time, so that a slow signer, a witness or a rename never
//! stands between an entry and its sync. The sequencer says when, and records what comes of it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;

use tlog::checkpoint::Checkpoint;
use tlog::signer::{SignFailed, Signer, sign_checkpoint};
use tlog::tree::Edge;

use super::checkpoints::QuorumCheckpoint;
use super::files::Files;
use super::queue::Queue;
use super::read::{Reader, Shared};
use super::round::{AskWitnesses, Outcome, Round, Trust};

/// The thread that signs, asks and publishes.
pub(super) struct Publisher {
    pub(super) files: Files,
    pub(super) shared: Arc<Shared>,
    pub(super) signers: Vec<Box<dyn Signer>>,
    pub(super) trust: Arc<Trust>,
    pub(super) ask: AskWitnesses,
    pub(super) queue: Arc<Queue>,
}

/// What the publisher is asked for.
pub(super) enum Task {
    /// Ask the witnesses to cosign.
    Ask(Arc<Round>),
    /// Write the partial tiles of a durable tree, then sign it.
    Prepare {
        edge: Edge,
        /// The framed entries of the bundle that is not full.
        open: Vec<u8>,
    },
    /// Replace the public checkpoint by one whose record is durable.
    Publish(QuorumCheckpoint),
}

/// What came of a task.
pub(super) enum News {
    /// The publisher failed by a bug of ours.
    Bug,
    Counted(Outcome),
    Prepared(Result<Arc<Round>, NotPrepared>),
    Published(io::Result<()>),
}

/// Why a tree was not signed.
pub(super) enum NotPrepared {
    /// Its tiles could not be written.
    Files(io::Error),
    Signer(SignFailed),
}

impl Publisher {
    /// Works until the sequencer is gone.
    pub(super) fn run(mut self, tasks: &Receiver<Task>) {
        for task in tasks {
            // The sequencer waits for news; it must not wait for a thread that ended by a bug.
            let news = catch_unwind(AssertUnwindSafe(|| self.act(task)));
            self.queue.tell(news.unwrap_or(News::Bug));
        }
    }

    fn act(&mut self, task: Task) -> News {
        match task {
            Task::Ask(round) => News::Counted(self.ask(&round)),
            Task::Prepare { edge, open } => News::Prepared(self.prepare(&edge, &open)),
            Task::Publish(checkpoint) => {
                News::Published(publish(&checkpoint, &mut self.files, &self.shared))
            }
        }
    }

    /// The tiles first: whoever sees the signature finds them. A crash leaves files of a size that nobody heard of.
    fn prepare(&mut self, edge: &Edge, open: &[u8]) -> Result<Arc<Round>, NotPrepared> {
        self.files
            .put_partial(edge, open)
            .map_err(NotPrepared::Files)?;
        self.shared
            .readable
            .fetch_max(edge.size(), Ordering::AcqRel);
        let checkpoint = Checkpoint::new(self.trust.keys.origin(), edge.size(), edge.root())
            .expect("the origin was checked when the log was opened");
        let signers: Vec<&dyn Signer> = self.signers.iter().map(AsRef::as_ref).collect();
        let note = sign_checkpoint(&checkpoint, &signers).map_err(NotPrepared::Signer)?;
        let reader = Reader::new(Arc::clone(&self.shared));
        let round = Round::new(checkpoint, note, Arc::clone(&self.trust), reader);
        Ok(Arc::new(round))
    }

    fn ask(&mut self, round: &Arc<Round>) -> Outcome {
        // A caller's panic must not end the log's rounds; what was verified before it counts.
        let asked = catch_unwind(AssertUnwindSafe(|| (self.ask)(Arc::clone(round))));
        if asked.is_err() {
            tracing::error!(size = round.size(), "asking the witnesses failed by a bug");
        }
        round.count()
    }
}

/// Step 8: replaces the public checkpoint, keeps it, and tells those who wait. May be made again; recovery makes it too.
///
/// A crash between the two files leaves the new checkpoint public and not kept; its record has it.
pub(super) fn publish(
    checkpoint: &QuorumCheckpoint,
    files: &mut Files,
    shared: &Shared,
) -> io::Result<()> {
    files.put_checkpoint(&checkpoint.note)?;
    shared.kept_mut().add(checkpoint.clone())?;
    shared.progress.send_modify(|progress| {
        progress.public = Some(checkpoint.size);
        progress.missing = None;
    });
    Ok(())
}
