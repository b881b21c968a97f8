//! Requirements that this version cannot judge yet: their statements have no kind here, so nothing can meet them.
//!
//! Each is *missing*, by the policy's `otherwise`; silence never accepts. A requirement that gets a check of its own
//! leaves this file.

use super::{by_terms, plain};
use crate::policy::Terms;
use crate::reason::{CheckName, Class, Reason};
use crate::verdict::{Check, State};

pub(crate) fn unjudged(check: CheckName, terms: Terms) -> Check {
    let missing = match check {
        // Nobody looked for a newer update, so nothing says that there is one.
        CheckName::Newest => Some(Reason::NewestUnknown),
        _ => check
            .reasons()
            .iter()
            .copied()
            .find(|reason| reason.class() == Class::Missing),
    };
    match missing {
        Some(reason) => by_terms(check, reason, terms).counts(0, terms.need),
        // `advisories` has no reason for "missing": nobody can say that none is open, so it waits.
        None => Check {
            state: State::Wait,
            ..plain(check, Reason::ClientTooOld)
        },
    }
}
