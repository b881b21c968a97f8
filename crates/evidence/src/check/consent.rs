//! `consent`: what the update does is covered by what the customer agreed to.

use super::plain;
use crate::judge::{Judge, Offer};
use crate::kind::update::Class;
use crate::policy::ConsentWord;
use crate::reason::{CheckName, Reason};
use crate::verdict::{Check, Field};

pub(crate) fn consent(judge: &Judge<'_>, offer: &Offer) -> Check {
    let check = CheckName::Consent;
    let allowed = judge
        .set
        .map(|(_, set)| set.requirements.consent.allow.as_slice())
        .unwrap_or_default();
    let actions = offer.update.actions;
    // R13: another product in the place of this one is never covered by a contract or an old choice.
    if actions.class == Class::ProductChange && !allowed.contains(&ConsentWord::AskEachTime) {
        return plain(check, Reason::ProductChange);
    }
    let consent = actions.consent.as_str();
    if allowed.iter().any(|word| word.as_str() == consent) {
        return Check::ok(check).with(Field::Consent, consent);
    }
    plain(check, Reason::ConsentNeeded).with(Field::Consent, consent)
}
