//! `evidence`: what else was in the bundles. Only notes: what matters has a check of its own.

use super::plain;
use crate::judge::Judge;
use crate::reason::{CheckName, Reason};
use crate::verdict::{Check, Field};

pub(crate) fn evidence(judge: &Judge<'_>) -> Check {
    let check = CheckName::Evidence;
    let world = judge.world;
    if let Some(found) = world.misbehaviour.iter().find(|found| !found.of_publisher) {
        return plain(check, Reason::PartyMisbehaved).with(Field::By, found.by.as_ref());
    }
    if world.unreadable > 0 {
        let mut row = plain(check, Reason::UnreadableLines);
        row.have = Some(world.unreadable);
        return row;
    }
    if world.unknown_kinds > 0 {
        let mut row = plain(check, Reason::UnknownStatements);
        row.have = Some(world.unknown_kinds);
        return row.with(Field::Size, world.unknown_kinds);
    }
    Check::ok(check)
}
