//! `clock`: this machine's clock is not behind what others signed, now or in earlier runs.

use super::plain;
use crate::judge::Judge;
use crate::reason::{CheckName, Reason};
use crate::time::Time;
use crate::verdict::{Check, Field};

pub(crate) fn clock(judge: &Judge<'_>) -> Check {
    // A clock set back would bring expired things back to life; whoever signed is not expected to lie about the future
    // by more than the skew, and a quorum time needs a quorum of liars.
    let latest = judge.marks.quorum_time.max(judge.world.latest_cosignature);
    let skew = i64::try_from(judge.policy.clock_skew().seconds()).unwrap_or(i64::MAX);
    let bound = Time::from_seconds(judge.now.seconds().saturating_add(skew));
    match latest {
        Some(latest) if latest > bound => {
            plain(CheckName::Clock, Reason::ClockBehind).with(Field::Time, latest)
        }
        _ => Check::ok(CheckName::Clock),
    }
}
