//! `audience`: the update is meant for this machine.

use super::plain;
use crate::judge::{Judge, Offer};
use crate::kind::update::Audience;
use crate::kind::update_door::LONGEST_TIER;
use crate::reason::{CheckName, Reason};
use crate::verdict::{Check, Field};

pub(crate) fn audience(judge: &Judge<'_>, offer: &Offer) -> Check {
    let check = CheckName::Audience;
    let Audience::Tier {
        name, everyone_by, ..
    } = &offer.update.audience
    else {
        return Check::ok(check);
    };
    // U6: a tier ends. Past its day even its members refuse: "some first" has become "some only".
    // It ends 30 days after its log time at the latest, whatever it says of itself.
    let longest = offer.log_time.map(|logged| logged + LONGEST_TIER);
    let ends = longest.map_or(*everyone_by, |longest| longest.min(*everyone_by));
    if ends < judge.now {
        return plain(check, Reason::TierLapsed)
            .with(Field::Tier, name.as_str())
            .with(Field::Until, ends);
    }
    let is_member = judge
        .set
        .is_some_and(|(_, set)| set.requirements.audience.tiers.contains(name));
    if is_member {
        return Check::ok(check).with(Field::Tier, name.as_str());
    }
    plain(check, Reason::Tier)
        .with(Field::Tier, name.as_str())
        .with(Field::Until, *everyone_by)
}
