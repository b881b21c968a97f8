//! `denied`: the customer's own deny list, which needs no proof.

use super::plain;
use crate::judge::{Judge, Offer, denial};
use crate::reason::{CheckName, Reason};
use crate::verdict::{Check, Field};

pub(crate) fn denied(judge: &Judge<'_>, offer: Option<&Offer>) -> Check {
    match denial(judge.policy, judge.world, judge.artifact, offer) {
        Some(deny) => {
            let check =
                plain(CheckName::Denied, Reason::Denied).with(Field::Text, deny.reason.as_ref());
            Check {
                policy_line: Some(deny.text_line),
                ..check
            }
        }
        None => Check::ok(CheckName::Denied),
    }
}
