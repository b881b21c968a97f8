//! The checks of `evidence.md` §9, one file each, and the order in which they are made.
//!
//! A check reads what [`crate::judge`] found and answers one row. None of them touches a signature or a clock.

mod activation;
mod audience;
mod clock;
mod companions;
mod consent;
mod denied;
mod evidence;
mod logged;
mod policy;
mod published;
mod serial;
mod unjudged;
mod witnessed;

pub(crate) use clock::clock;
pub(crate) use denied::denied;
pub(crate) use evidence::evidence;
pub(crate) use logged::logged;
pub(crate) use policy::policy;
pub(crate) use witnessed::witnessed;

use crate::judge::{Judge, Offer};
use crate::policy::Terms;
use crate::reason::{CheckName, Class, Reason};
use crate::verdict::{Check, State};

/// The checks that every offer undergoes.
pub(crate) fn of_offer(judge: &Judge<'_>, offer: &Offer) -> Vec<Check> {
    let checks = [
        published::published(judge, offer),
        serial::serial(judge, offer),
        companions::companions(judge, offer),
        audience::audience(judge, offer),
        consent::consent(judge, offer),
        activation::activation(judge, offer),
    ];
    checks
        .into_iter()
        .map(|check| judge.asked_by(check))
        .collect()
}

/// The checks that the set asks for beside those.
pub(crate) fn required(judge: &Judge<'_>) -> Vec<Check> {
    let Some((_, set)) = judge.set else {
        return Vec::new();
    };
    CheckName::ALL
        .iter()
        .filter(|check| !check.is_always_on() && **check != CheckName::Evidence)
        .filter_map(|check| {
            let terms = set.requirements.terms(*check)?;
            Some(judge.asked_by(unjudged::unjudged(*check, terms)))
        })
        .collect()
}

/// A check whose reason alone decides the state: F, W and N of the table.
fn plain(check: CheckName, reason: Reason) -> Check {
    let state = match reason.class() {
        Class::Fail | Class::Against => State::Fail,
        Class::Note => State::Note,
        Class::Wait | Class::Missing => State::Wait,
    };
    Check::because(check, reason, state)
}

/// A check whose reason meets the policy's terms: M and A of the table.
///
/// The policy's `grace` is not given: log time is an upper bound that whoever hands over the bundle can raise (a later
/// proof, AT-29), and what bounds it from below, the centers' standing statements, is not judged by this version.
fn by_terms(check: CheckName, reason: Reason, terms: Terms) -> Check {
    Check::because(check, reason, terms.state(reason, None))
}
