//! `serial`: the update follows what this machine accepted before on the line.

use super::plain;
use crate::judge::{Judge, Offer, is_linked};
use crate::reason::{CheckName, Reason};
use crate::verdict::{Check, Field};

pub(crate) fn serial(judge: &Judge<'_>, offer: &Offer) -> Check {
    let check = CheckName::Serial;
    let Some(mark) = judge.marks.lines.get(&offer.line.id()) else {
        return Check::ok(check).with(Field::Serial, offer.serial);
    };
    let because = |reason| {
        plain(check, reason)
            .with(Field::Seen, mark.serial)
            .with(Field::Serial, offer.serial)
    };
    if offer.serial < mark.serial {
        return because(Reason::Rollback);
    }
    if offer.serial == mark.serial {
        // A serial names one set of files for ever; a crash between the mark and the installer may repeat it.
        return match offer.first {
            Some(first) if first == mark.statement => {
                Check::ok(check).with(Field::Serial, offer.serial)
            }
            Some(_) => because(Reason::OtherChain),
            None => because(Reason::ChainIncomplete),
        };
    }
    if judge
        .set
        .is_some_and(|(_, set)| !set.requirements.serial.chain)
    {
        return Check::ok(check).with(Field::Serial, offer.serial);
    }
    match is_linked(judge.world, offer, mark.serial, mark.statement) {
        Some(true) => Check::ok(check).with(Field::Serial, offer.serial),
        Some(false) => because(Reason::OtherChain),
        None => because(Reason::ChainIncomplete),
    }
}
