//! `policy`: the policy is in force, and the memory of earlier runs can be used.

use super::plain;
use crate::judge::Judge;
use crate::reason::{CheckName, Reason};
use crate::state::Memory;
use crate::verdict::{Check, Field};

pub(crate) fn policy(judge: &Judge<'_>) -> Check {
    let check = CheckName::Policy;
    if judge.policy.expires() <= judge.now {
        let until = judge.policy.expires();
        return plain(check, Reason::PolicyExpired).with(Field::Until, until);
    }
    match judge.memory {
        Memory::Damaged => plain(check, Reason::StateDamaged),
        Memory::First => plain(check, Reason::FirstUse),
        Memory::NotKept => plain(check, Reason::NoState),
        Memory::Known(_) => Check::ok(check),
    }
}
