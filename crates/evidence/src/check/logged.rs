//! `logged`: the file stands in a log of the policy, on a line that the policy allows.

use super::plain;
use crate::judge::{Found, Judge, NotASet};
use crate::reason::{CheckName, Reason};
use crate::verdict::{Check, Field, Value};

pub(crate) fn logged(judge: &Judge<'_>, found: &Found) -> Check {
    let check = CheckName::Logged;
    // What lies behind a limit was not read: a withdrawal may be among it, so nothing is accepted.
    if let (Some(limit), true) = (judge.world.limit, found.offer.is_some()) {
        return plain(check, Reason::Limit).with(Field::Limit, limit.to_string().as_str());
    }
    if let Some(offer) = &found.offer {
        // Something else was said about this very file, and it does not hold: it may be a damaged withdrawal.
        if found.failed {
            return plain(check, Reason::BadProof);
        }
        return Check {
            policy_line: Some(offer.text_line),
            ..Check::ok(check)
        }
        .with(Field::Index, offer.index)
        .with(Field::Origin, offer.origin.as_ref());
    }
    if !found.ambiguous.is_empty() {
        let channels = found
            .ambiguous
            .iter()
            .map(|line| line.channel.as_str().into())
            .collect();
        return plain(check, Reason::AmbiguousLine).with(Field::Channels, Value::Names(channels));
    }
    if let Some((origin, index, _)) = &found.waiting {
        return Check::ok(check)
            .with(Field::Index, *index)
            .with(Field::Origin, origin.as_ref());
    }
    if let Some(line) = &found.not_allowed {
        return plain(check, Reason::LineNotAllowed).with(Field::Line, line.to_string().as_str());
    }
    if let Some(wrong) = found.not_a_set {
        let (reason, have, of) = match wrong {
            NotASet::Missing { have, of } => (Reason::MissingFiles, have, of),
            NotASet::Mixed { have, of } => (Reason::MixedFiles, have, of),
            NotASet::Renamed { have, of } => (Reason::RenamedFiles, have, of),
        };
        let mut row = plain(check, reason);
        (row.have, row.of) = (Some(have), Some(of));
        return row;
    }
    if found.failed {
        return plain(check, Reason::BadProof);
    }
    if let Some(limit) = judge.world.limit {
        return plain(check, Reason::Limit).with(Field::Limit, limit.to_string().as_str());
    }
    plain(check, Reason::NotLogged)
}
