//! `witnessed`: a quorum of witnesses cosigned the log, and nobody was shown another one.

use super::plain;
use crate::judge::{Found, Judge};
use crate::reason::{CheckName, Reason};
use crate::verdict::{Check, Field, MisbehaviourKind, State};

pub(crate) fn witnessed(judge: &Judge<'_>, found: &Found) -> Check {
    let check = CheckName::Witnessed;
    let split = judge
        .world
        .misbehaviour
        .iter()
        .find(|found| found.kind == MisbehaviourKind::SplitView && found.of_publisher);
    if let Some(split) = split {
        return plain(check, Reason::SplitView).with(Field::Origin, split.by.as_ref());
    }
    match (&found.offer, &found.waiting) {
        (Some(offer), _) => match judge.world.tally(&offer.origin) {
            Some(tally) => Check::ok(check).tally(tally),
            None => Check::ok(check),
        },
        (None, Some((_, _, tally))) => plain(check, Reason::TooFewWitnesses).tally(tally),
        // Nothing was found whose witnesses could be counted; `logged` says why.
        (None, None) => Check {
            state: State::Wait,
            ..plain(check, Reason::TooFewWitnesses)
        },
    }
}
