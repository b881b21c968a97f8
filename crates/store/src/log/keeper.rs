//! What has time (`tlog.md` §5.2, step 9): syncing tiles, writing `head`, recycling segments, filling the next one, and
//! thinning out kept checkpoints.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::Clock;
use super::faults::{Faults, Write};
use super::files::remove_partials;
use super::head::Head;
use super::read::Shared;
use super::wal::Segments;

/// The thread for what has time.
pub(super) struct Keeper {
    pub(super) shared: Arc<Shared>,
    pub(super) segments: Arc<Segments>,
    pub(super) faults: Faults,
    pub(super) clock: Clock,
    /// Size of the newest `head`: before it, partial tiles of full ones are gone already.
    pub(super) sealed: u64,
    /// After a failed sync nobody knows which tiles are on the medium.
    pub(super) is_broken: bool,
}

/// What the keeper is asked for.
pub(super) enum Job {
    /// The log goes on in the segment of this head; what is before it can go once its tiles are synced.
    Seal(Head),
    /// Fill the next segment.
    Spare,
}

impl Keeper {
    /// Works until the sequencer is gone.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            let done = match jobs.recv_timeout(THIN_OUT_EVERY) {
                Ok(Job::Seal(head)) => self.seal(&head),
                Ok(Job::Spare) => self.segments.prepare_spare(),
                Err(RecvTimeoutError::Timeout) => self.thin_out(),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if let Err(error) = done {
                // Nothing is lost by it: segments stay, and the sequencer fills the next one itself.
                tracing::warn!(error = %error, "upkeep of the log failed");
            }
        }
    }

    fn seal(&mut self, head: &Head) -> io::Result<()> {
        if self.is_broken {
            return Ok(());
        }
        // Everything that the log's folder holds was written before this job was sent. A crash before the sync returns
        // leaves the former head, from which the tiles are written again.
        let folder = File::open(&self.shared.folder)?;
        let synced = self
            .faults
            .act(Write::TileSync, || Ok(rustix::fs::syncfs(&folder)?));
        // A second sync could call lost pages clean. Until the next start, every segment stays.
        self.is_broken = synced.is_err();
        synced?;

        // A crash here leaves the other slot.
        head.write(&self.shared.folder.join(HEAD), &self.faults)?;

        // A crash from here on leaves files that nobody needs.
        let size = head.edge.size();
        self.segments.recycle_before(size)?;
        remove_partials(&self.shared.folder, self.sealed, size)?;
        self.sealed = size;
        self.thin_out()
    }

    fn thin_out(&self) -> io::Result<()> {
        self.shared.kept_mut().thin_out((self.clock)())
    }
}

/// Name of the file in the log's folder.
pub(super) const HEAD: &str = "head";

const THIN_OUT_EVERY: Duration = Duration::from_secs(600);
