//! The clock of this machine, the only place where it is read.

use std::time::{SystemTime, UNIX_EPOCH};

use evidence::time::Time;

/// Now, in whole seconds. A clock before 1970 counts as 1970: too early is seen by the checks, and never helps.
pub(crate) fn now() -> Time {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Time::from_seconds(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
