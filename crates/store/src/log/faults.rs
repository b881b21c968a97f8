//! Faults that tests inject into the named writes of the log (`tlog.md` §5.4).
//!
//! Every write to the disk asks here first. Outside of tests the answer costs one look at an empty `Option`.
//!
//! A synced write that is lost or torn is where the power went: nothing after it reaches the disk, and nobody is told
//! anything. A write that the log does not sync (tiles, the public checkpoint, kept checkpoints) is lost silently and the
//! log goes on, because that is what a later power cut makes of it; it comes before the next sync of these files.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The writes of the log, by what they write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Write {
    /// Replacing the public `checkpoint`.
    Checkpoint,
    /// An entry bundle.
    Entries,
    /// A group record.
    Group,
    /// A slot of `head`.
    Head,
    /// A kept quorum checkpoint.
    Kept,
    /// The record of a quorum checkpoint.
    Quorum,
    /// Turning a segment that is no longer needed into the spare one, or removing it.
    Recycle,
    /// Filling a new segment with zeros.
    SegmentFill,
    /// The header of a segment.
    SegmentHeader,
    /// Giving a segment its name.
    SegmentName,
    /// The record of a signed checkpoint.
    Signed,
    /// The sync of the write-ahead log.
    Sync,
    /// A hash tile.
    Tile,
    /// The sync of tiles and checkpoints before `head` is written.
    TileSync,
}

impl Write {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Checkpoint,
        Self::Entries,
        Self::Group,
        Self::Head,
        Self::Kept,
        Self::Quorum,
        Self::Recycle,
        Self::SegmentFill,
        Self::SegmentHeader,
        Self::SegmentName,
        Self::Signed,
        Self::Sync,
        Self::Tile,
        Self::TileSync,
    ];

    /// Whether the log waits until this write is on the medium before it builds on it.
    fn is_synced(self) -> bool {
        !matches!(
            self,
            Self::Checkpoint | Self::Entries | Self::Kept | Self::Tile
        )
    }
}

/// What happens to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing of it reaches the medium.
    Lost,
    /// The file system has no space left for it.
    NoSpace,
    /// All of it reaches the medium, and yet the call reports an error.
    ReportedFailed,
    /// Only these sectors of 512 bytes reach the medium.
    Torn(Part),
}

/// Which sectors of a torn write are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The first half.
    Beginning,
    /// The second half.
    End,
    /// Each second one, from the first on.
    EverySecond,
}

/// Where faults are injected. Clones share what is armed; the default injects nothing and cannot be armed.
#[derive(Clone, Debug, Default)]
pub struct Faults(Option<Arc<Shared>>);

impl Faults {
    /// Faults that a test can arm.
    pub fn injectable() -> Self {
        Self(Some(Arc::default()))
    }

    /// From the `skip`-th next write of that name on (0 is the next one), once: `fault`.
    pub fn arm(&self, write: Write, skip: u32, fault: Fault) {
        if let Some(mut armed) = self.lock() {
            armed.plans.push(Plan {
                write,
                skip,
                fault,
                again: false,
            });
        }
    }

    /// Each next write of that name meets `fault`, until [`Faults::disarm`].
    pub fn arm_always(&self, write: Write, fault: Fault) {
        if let Some(mut armed) = self.lock() {
            armed.plans.push(Plan {
                write,
                skip: 0,
                fault,
                again: true,
            });
        }
    }

    /// From now on every write succeeds again, unless the power is gone.
    pub fn disarm(&self) {
        if let Some(mut armed) = self.lock() {
            armed.plans.clear();
        }
    }

    /// From now on nothing reaches the disk.
    pub fn cut_power(&self) {
        if let Some(mut armed) = self.lock() {
            armed.off = true;
        }
    }

    /// Whether nothing reaches the disk any more.
    pub fn is_power_cut(&self) -> bool {
        self.lock().is_some_and(|armed| armed.off)
    }

    /// How many faults have happened so far.
    pub fn fired(&self) -> u32 {
        self.lock().map_or(0, |armed| armed.fired)
    }

    /// Waits until `count` faults have happened, at most for `patience`.
    pub fn wait_fired(&self, count: u32, patience: Duration) {
        let Some(shared) = &self.0 else { return };
        let armed = shared.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = |armed: &mut Armed| armed.fired < count && !armed.off;
        drop(shared.happened.wait_timeout_while(armed, patience, waiting));
    }

    /// Writes `bytes` by `put`, which takes a part and where in `bytes` it begins.
    pub(super) fn write(
        &self,
        write: Write,
        bytes: &[u8],
        mut put: impl FnMut(&[u8], u64) -> io::Result<()>,
    ) -> io::Result<()> {
        match self.next(write) {
            Next::Do => put(bytes, 0),
            Next::DoAndFail => put(bytes, 0).and(Err(reported())),
            Next::Fail(error) => Err(error),
            Next::Lose(after) => after,
            Next::Tear(part, after) => {
                for (sector, at) in bytes.chunks(SECTOR).zip(0usize..) {
                    if part.keeps(at, bytes.len().div_ceil(SECTOR)) {
                        put(sector, u64::try_from(at * SECTOR).unwrap_or(u64::MAX))?;
                    }
                }
                after
            }
        }
    }

    /// Does something that has no bytes of its own: a sync, a rename.
    pub(super) fn act(&self, write: Write, act: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        match self.next(write) {
            Next::Do => act(),
            Next::DoAndFail => act().and(Err(reported())),
            Next::Fail(error) => Err(error),
            Next::Lose(after) | Next::Tear(_, after) => after,
        }
    }

    fn next(&self, write: Write) -> Next {
        let Some(mut armed) = self.lock() else {
            return Next::Do;
        };
        // The sync would have kept what was lost: so the power went before it.
        armed.off |= write == Write::TileSync && armed.lost_unsynced;
        if armed.off {
            return Next::Fail(power_lost());
        }
        let Some(at) = armed.plans.iter().position(|plan| plan.write == write) else {
            return Next::Do;
        };
        let Some(plan) = armed.plans.get_mut(at) else {
            return Next::Do;
        };
        if plan.skip > 0 {
            plan.skip -= 1;
            return Next::Do;
        }
        let fault = plan.fault;
        if !plan.again {
            armed.plans.remove(at);
        }
        armed.fired += 1;
        if let Some(shared) = &self.0 {
            shared.happened.notify_all();
        }
        let loses = matches!(fault, Fault::Lost | Fault::Torn(_));
        armed.off |= loses && write.is_synced();
        armed.lost_unsynced |= loses && !write.is_synced();
        let after = if armed.off { Err(power_lost()) } else { Ok(()) };
        match fault {
            Fault::Lost => Next::Lose(after),
            Fault::NoSpace => Next::Fail(io::ErrorKind::StorageFull.into()),
            Fault::ReportedFailed => Next::DoAndFail,
            Fault::Torn(part) => Next::Tear(part, after),
        }
    }

    fn lock(&self) -> Option<MutexGuard<'_, Armed>> {
        let shared = self.0.as_ref()?;
        Some(shared.armed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Part {
    fn keeps(self, sector: usize, of: usize) -> bool {
        match self {
            Self::Beginning => sector < of / 2,
            Self::End => sector >= of.div_ceil(2),
            Self::EverySecond => sector.is_multiple_of(2) && sector + 1 < of,
        }
    }
}

#[derive(Debug, Default)]
struct Shared {
    armed: Mutex<Armed>,
    happened: Condvar,
}

#[derive(Debug, Default)]
struct Armed {
    plans: Vec<Plan>,
    off: bool,
    lost_unsynced: bool,
    fired: u32,
}

#[derive(Debug)]
struct Plan {
    write: Write,
    skip: u32,
    fault: Fault,
    again: bool,
}

enum Next {
    Do,
    DoAndFail,
    Fail(io::Error),
    Lose(io::Result<()>),
    Tear(Part, io::Result<()>),
}

fn reported() -> io::Error {
    io::Error::other("injected: done, but reported failed")
}

fn power_lost() -> io::Error {
    io::Error::other("injected: the power is gone")
}

const SECTOR: usize = 512;
