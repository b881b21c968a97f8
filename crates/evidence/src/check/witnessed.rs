//! `witnessed`: a quorum of witnesses cosigned the log, and nobody was shown another one.

use super::plain;
use crate::judge::{Found, Judge};
use crate::reason::{CheckName, Reason};
use crate::verdict::{Check, Field, MisbehaviourKind};

pub(crate) fn witnessed(judge: &Judge<'_>, found: &Found) -> Option<Check> {
    let check = CheckName::Witnessed;
    let split = judge
        .world
        .misbehaviour
        .iter()
        .find(|found| found.kind == MisbehaviourKind::SplitView && found.of_publisher);
    if let Some(split) = split {
        return Some(plain(check, Reason::SplitView).with(Field::Origin, split.by.as_ref()));
    }
    match (&found.offer, &found.waiting) {
        (Some(offer), _) => Some(match judge.world.tally(&offer.origin) {
            Some(tally) => Check::ok(check).tally(tally),
            None => Check::ok(check),
        }),
        (None, Some((_, _, tally))) => Some(plain(check, Reason::TooFewWitnesses).tally(tally)),
        // Nothing was found whose witnesses could be counted; `logged` says why, and waits or fails for both.
        (None, None) => None,
    }
}
