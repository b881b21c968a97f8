//! What time it is: an argument, so that tests fix it.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tlog::cosignature::MAX_TIME;

/// A source of the present time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> u64 + Send + Sync>);

impl Clock {
    /// The clock of the system.
    pub fn system() -> Self {
        Self::new(|| {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |elapsed| elapsed.as_secs())
        })
    }

    /// Any other clock: seconds since the epoch.
    pub fn new(now: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Seconds since the epoch; `None` where a cosignature could not carry them: 0, which a clock before 1970 gives too,
    /// would say that nothing is known about larger trees (W10).
    pub fn now(&self) -> Option<NonZeroU64> {
        NonZeroU64::new((self.0)()).filter(|now| now.get() <= MAX_TIME)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Clock({})", (self.0)())
    }
}
