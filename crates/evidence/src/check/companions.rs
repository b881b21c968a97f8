//! `companions`: other lines that the update requires are at a fitting serial on this machine.

use super::plain;
use crate::judge::{Judge, Offer};
use crate::kind::update::Requirement;
use crate::line::Line;
use crate::reason::{CheckName, Reason};
use crate::verdict::{Check, Field};

pub(crate) fn companions(judge: &Judge<'_>, offer: &Offer) -> Check {
    let check = CheckName::Companions;
    let mut worst = Check::ok(check);
    for required in &offer.update.requires {
        let serial = judge
            .marks
            .lines
            .get(&line_of(offer, required).id())
            .map(|mark| mark.serial);
        let reason = match serial {
            Some(serial) if required.max.is_some_and(|max| serial > max) => Reason::CompanionTooNew,
            Some(serial) if serial >= required.min => continue,
            // What this machine does not remember to have accepted is not there.
            _ => Reason::CompanionTooOld,
        };
        let found = plain(check, reason)
            .with(Field::Product, required.product.as_str())
            .with(Field::Kind, required.kind.as_str())
            .with(Field::Serial, required.min)
            .with(Field::Seen, serial.unwrap_or(0));
        if found.state > worst.state {
            worst = found;
        }
    }
    worst
}

fn line_of(offer: &Offer, required: &Requirement) -> Line {
    Line {
        product: required.product.clone(),
        kind: required.kind,
        ..offer.line.clone()
    }
}
