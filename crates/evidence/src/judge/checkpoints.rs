//! Step 4 of `evidence.md` §8: each distinct checkpoint is verified once, however many lines share it. What a log signed
//! convicts it on any line that step 3 keeps, even on one whose statement cannot be read.

use std::collections::BTreeMap;

use tlog::checkpoint::{Checkpoint, LogSigned};
use tlog::hash::{Hash, sha256};
use tlog::label::damaged_label;
use tlog::note::Note;
use tlog::policy::{NotWitnessed, Witnessed, WitnessesMissing};

use crate::limits;
use crate::policy::Policy;
use crate::time::Time;

/// Checkpoints by the digest of their text.
pub(super) struct Checkpoints(BTreeMap<Hash, Verified>);

/// What is known of a checkpoint.
pub(super) enum Verified {
    /// Damaged, or not signed by all keys of its log.
    Refused,
    /// Signed by its log, not yet by the quorum.
    Signed(LogSigned, WitnessesMissing),
    /// Over the limit: not looked at.
    TooMany,
    /// Both.
    Witnessed(Witnessed),
}

impl Checkpoints {
    pub(super) fn verify<'a>(policy: &Policy, notes: impl Iterator<Item = &'a str>) -> Self {
        let mut verified = BTreeMap::new();
        for note in notes {
            if verified.len() < limits::CHECKPOINTS {
                verified
                    .entry(sha256(note.as_bytes()))
                    .or_insert_with(|| verify(policy, note));
            }
        }
        Self(verified)
    }

    pub(super) fn find(&self, note: &str) -> &Verified {
        let digest = sha256(note.as_bytes());
        self.0.get(&digest).unwrap_or(&Verified::TooMany)
    }

    /// The latest time on any verified cosignature, whether a quorum stands beside it or not.
    pub(super) fn latest_cosignature(&self) -> Option<Time> {
        let latest = self.0.values().map(|verified| match verified {
            Verified::Witnessed(witnessed) => witnessed.latest_time(),
            Verified::Signed(_, missing) => missing.latest,
            Verified::Refused | Verified::TooMany => None,
        });
        latest.max().flatten().map(time)
    }

    pub(super) fn witnessed(&self) -> impl Iterator<Item = &Witnessed> {
        self.0.values().filter_map(|verified| match verified {
            Verified::Witnessed(witnessed) => Some(witnessed),
            _ => None,
        })
    }

    pub(super) fn signed(&self) -> impl Iterator<Item = LogSigned> {
        self.0.values().filter_map(|verified| match verified {
            Verified::Witnessed(witnessed) => Some(witnessed.signed().clone()),
            Verified::Signed(signed, _) => Some(signed.clone()),
            Verified::Refused | Verified::TooMany => None,
        })
    }
}

fn verify(policy: &Policy, text: &str) -> Verified {
    let Ok(note) = Note::parse(text.as_bytes()) else {
        return Verified::Refused;
    };
    let Ok(checkpoint) = Checkpoint::parse(note.text()) else {
        return Verified::Refused;
    };
    let Some((log, witnesses)) = policy.log(checkpoint.origin()) else {
        return Verified::Refused;
    };
    // A line that is almost a known key's is a damaged line, not a stranger's (docs/design/0003).
    if damaged_label(&note, log.keys.keys().iter().chain(witnesses.keys())).is_some() {
        return Verified::Refused;
    }
    let Ok(signed) = LogSigned::by_all(text.as_bytes(), &log.keys) else {
        return Verified::Refused;
    };
    match witnesses.check(signed.clone()) {
        Ok(witnessed) => Verified::Witnessed(witnessed),
        Err(NotWitnessed::Missing(missing)) => Verified::Signed(signed, missing),
        Err(_) => Verified::Refused,
    }
}

/// A cosignature's time; one beyond all calendars stays far in the future.
pub(super) fn time(seconds: u64) -> Time {
    Time::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
}
