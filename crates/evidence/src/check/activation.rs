//! `activation`: the update is offered still, and may be installed now.

use super::plain;
use crate::judge::{Judge, Offer};
use crate::reason::{CheckName, Reason};
use crate::verdict::{Check, Field};

pub(crate) fn activation(judge: &Judge<'_>, offer: &Offer) -> Check {
    let check = CheckName::Activation;
    if offer.withdrawn {
        return plain(check, Reason::Withdrawn).with(Field::By, offer.line.publisher.as_str());
    }
    let activation = offer.update.activation;
    if judge.now < activation.from {
        return plain(check, Reason::NotYet).with(Field::From, activation.from);
    }
    match activation.until {
        Some(until) if until < judge.now => plain(check, Reason::Expired).with(Field::Until, until),
        _ => Check::ok(check),
    }
}
