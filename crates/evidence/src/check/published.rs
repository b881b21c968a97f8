//! `published`: enough keys of the publisher, and enough others, signed what stands; for long enough; and only once.

use std::collections::BTreeSet;

use super::{by_terms, plain};
use crate::judge::{Judge, Offer, Signer};
use crate::reason::{CheckName, Reason};
use crate::verdict::{Check, Field, MisbehaviourKind};

pub(crate) fn published(judge: &Judge<'_>, offer: &Offer) -> Check {
    let check = CheckName::Published;
    let mut convicted = judge
        .world
        .misbehaviour
        .iter()
        .filter(|found| found.of_publisher);
    if convicted.any(|found| found.kind == MisbehaviourKind::Equivocation) {
        return plain(check, Reason::Equivocation).with(Field::Serial, offer.serial);
    }
    let (Some(publisher), Some((_, set))) = (
        judge.policy.publishers().get(&offer.line.publisher),
        judge.set,
    ) else {
        return plain(check, Reason::TooFewSignatures);
    };
    let asked = &set.requirements.published;
    let have = offer
        .signers
        .iter()
        .filter(|(signer, _)| matches!(signer, Signer::Publisher(_)))
        .count();
    let need = asked.threshold.unwrap_or(publisher.threshold);
    // Every reason is looked at and the worst is told: one that is only noted must not hide one that waits.
    let mut found = Vec::new();
    if (have as u64) < need {
        found.push(plain(check, Reason::TooFewSignatures).counts(have as u64, need));
    }
    // Operators are counted, never keys or names: one operator under two names is one (L8).
    let signers: BTreeSet<&str> = offer
        .signers
        .iter()
        .filter_map(|(signer, _)| match signer {
            Signer::Party(name) if asked.signers.contains(name) => Some(name),
            _ => None,
        })
        .filter(|name| judge.policy.is_beside(name, &offer.line.publisher))
        .filter_map(|name| judge.policy.parties().get(name))
        .map(|party| party.operator.as_ref())
        .collect();
    if (signers.len() as u64) < asked.independent {
        let Some(terms) = set.requirements.terms(check) else {
            return plain(check, Reason::TooFewSignatures);
        };
        let counted = by_terms(check, Reason::TooFewSigners, terms);
        found.push(
            counted
                .counts(signers.len() as u64, asked.independent)
                .counting(signers),
        );
    }
    // An unknown log time is age zero: who hides it gains nothing.
    if judge.age(offer) < asked.min_age {
        found.push(
            plain(check, Reason::TooYoung)
                .with(Field::Age, judge.age(offer))
                .with(Field::Most, asked.min_age),
        );
    }
    // Of equally bad ones the first, in the order of the table.
    found.reverse();
    if let Some(worst) = found.into_iter().max_by_key(|row| row.state) {
        return worst;
    }
    let counted = Check::ok(check).counts(have as u64, need);
    counted
        .counting([offer.line.publisher.as_str()])
        .with(Field::By, offer.line.publisher.as_str())
}
