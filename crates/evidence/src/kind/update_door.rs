//! Rules U1 to U8 of `evidence.md` §3: what a line's log so far allows of its next statement.
//!
//! The same functions judge a whole log afterwards: [`conflicts`] is the evidence that a publisher gave one serial to
//! two sets of files.

use crate::door::Act;
use crate::facts::{Facts, SerialFacts, UpdateFacts};
use crate::kind::update::{Audience, Role, State, Update};
use crate::line::LineKind;
use crate::refusal::{Refusal, Rule, What};
use crate::statement::Statement;
use crate::time::{Duration, Time};

/// Whether two statements give one serial of one line to different files, subjects or predecessors (U3): whoever
/// signed both showed two customers two updates under one number.
pub fn conflicts(one: &Statement, other: &Statement) -> bool {
    let (Some(left), Some(right)) = (one.kind().as_update(), other.kind().as_update()) else {
        return false;
    };
    left.line == right.line
        && left.serial == right.serial
        && !is_same_offer(one, left, other, right)
}

/// Whether `next` changes only what an amendment of `latest` may change (U4): a wider audience, more `sbom`, other
/// `notes`, an earlier `until`, a withdrawal.
///
/// # Errors
///
/// [`What::AmendmentChanges`] with the member.
pub fn amends(latest: &Update, next: &Update) -> Result<(), What> {
    let until = match (latest.activation.until, next.activation.until) {
        (None, _) => true,
        (Some(before), Some(after)) => after <= before,
        (Some(_), None) => false,
    };
    let allowed = [
        ("version", latest.version == next.version),
        ("source", latest.source == next.source),
        ("recipe", latest.recipe == next.recipe),
        (
            "sbom",
            latest
                .sbom
                .iter()
                .all(|document| next.sbom.contains(document)),
        ),
        ("rules", latest.rules == next.rules),
        ("requires", latest.requires == next.requires),
        ("actions", latest.actions == next.actions),
        ("audience", widens(&latest.audience, &next.audience)),
        (
            "activation",
            latest.activation.from == next.activation.from && until,
        ),
        ("returnsTo", latest.returns_to == next.returns_to),
    ];
    match allowed.into_iter().find(|(_, allowed)| !allowed) {
        Some((member, _)) => Err(What::AmendmentChanges(member)),
        None => Ok(()),
    }
}

/// U1 to U8 for one statement and the state of its line.
pub(crate) fn check(
    statement: &Statement,
    update: &Update,
    facts: &Facts,
    line: &UpdateFacts,
    now: Time,
) -> Result<Act, Refusal> {
    // U1. Which keys of the publisher are release keys is D2's question; here the line must be the signer's own.
    if update.line.publisher != facts.party {
        return Err(refusal(Rule::U1, "publisher", What::SignerNotPublisher));
    }
    // The same payload by a further key makes the threshold; everything else was decided when it came first.
    if facts.logged {
        return Ok(Act::FurtherSigning);
    }
    check_tier(update, now)?;
    match &line.serial {
        Some(serial) => {
            check_amendment(statement, update, serial)?;
            Ok(Act::Amendment)
        }
        None => {
            check_step(update, line)?;
            check_first(update)?;
            check_patches(update, line)?;
            check_rules_set(update, line)?;
            Ok(Act::First)
        }
    }
}

/// U2: above all serials of the line, at most 1,000 above the highest, which is the predecessor. A stolen key can
/// jump, but every jump is a logged step and the honest publisher goes on above it.
fn check_step(update: &Update, line: &UpdateFacts) -> Result<(), Refusal> {
    if let Some((highest, _)) = line.highest
        && update.serial <= highest
    {
        return Err(refusal(
            Rule::U2,
            "serial",
            What::SerialNotAbove { highest },
        ));
    }
    let named = update
        .predecessor
        .map(|predecessor| (predecessor.serial, predecessor.statement));
    if named != line.highest {
        let place = if named.is_some() { "predecessor" } else { "" };
        return Err(refusal(
            Rule::U2,
            place,
            What::Predecessor {
                highest: line.highest,
            },
        ));
    }
    let below = line.highest.map_or(0, |(serial, _)| serial);
    if update.serial > below.saturating_add(LARGEST_STEP) {
        return Err(refusal(Rule::U2, "serial", What::SerialStep));
    }
    Ok(())
}

/// U4: a serial begins with its offer, and there is nothing yet to supersede.
fn check_first(update: &Update) -> Result<(), Refusal> {
    if update.state != State::Offered {
        return Err(refusal(Rule::U4, "state", What::FirstNotOffered));
    }
    if !update.supersedes.is_empty() {
        return Err(refusal(Rule::U4, "supersedes", What::SupersedesNothing));
    }
    Ok(())
}

/// U3, U5, U4 in this order: other files are an equivocation whatever else is said, and withdrawn stays withdrawn.
fn check_amendment(
    statement: &Statement,
    update: &Update,
    serial: &SerialFacts,
) -> Result<(), Refusal> {
    let latest = &serial.latest;
    let before = latest.kind().as_update();
    let before = before.filter(|before| is_same_offer(latest, before, statement, update));
    let Some(before) = before else {
        return Err(refusal(
            Rule::U3,
            "serial",
            What::SecondOffer {
                first: serial.first,
            },
        ));
    };
    if before.state != State::Offered {
        return Err(refusal(Rule::U5, "state", What::Withdrawn));
    }
    if statement.supersedes() != [latest.id()] {
        let place = if update.supersedes.is_empty() {
            ""
        } else {
            "supersedes"
        };
        return Err(refusal(
            Rule::U4,
            place,
            What::AmendmentSupersedes {
                latest: latest.id(),
            },
        ));
    }
    amends(before, update).map_err(|what| {
        let place = if let What::AmendmentChanges(member) = what {
            member
        } else {
            ""
        };
        refusal(Rule::U4, place, what)
    })
}

/// U6 as far as the door can see: log time is not known yet, and never earlier than now.
fn check_tier(update: &Update, now: Time) -> Result<(), Refusal> {
    match update.audience {
        Audience::Tier { everyone_by, .. } if everyone_by > now + LONGEST_TIER => {
            Err(refusal(Rule::U6, "audience/everyoneBy", What::TierTooLong))
        }
        Audience::Everyone | Audience::Tier { .. } => Ok(()),
    }
}

/// U7: what is patched was a file of an earlier serial, so that a patch cannot lead from bytes that nobody saw.
fn check_patches(update: &Update, line: &UpdateFacts) -> Result<(), Refusal> {
    for (position, file) in update.files.iter().enumerate() {
        if let Role::Patch { from, .. } = file.role
            && !line.patch_from.contains(&from)
        {
            let place = format!("files/{position}/from");
            return Err(refusal(Rule::U7, &place, What::PatchFrom(from)));
        }
    }
    Ok(())
}

/// U8: rules that are shipped are rules that were published for review.
fn check_rules_set(update: &Update, line: &UpdateFacts) -> Result<(), Refusal> {
    let Some(rules) = update
        .rules
        .filter(|_| update.line.kind == LineKind::DetectionRules)
    else {
        return Ok(());
    };
    let Some(set) = &line.rules_set else {
        return Err(refusal(
            Rule::U8,
            "rules/set",
            What::RulesSetMissing(rules.set),
        ));
    };
    let equal = [
        ("product", "product", set.product == update.line.product),
        ("channel", "channel", set.channel == update.line.channel),
        ("serial", "serial", set.serial == update.serial),
        (
            "fingerprint",
            "rules/fingerprint",
            set.fingerprint == rules.fingerprint,
        ),
    ];
    match equal.into_iter().find(|(_, _, equal)| !equal) {
        Some((member, place, _)) => Err(refusal(Rule::U8, place, What::RulesSetDiffers(member))),
        None => Ok(()),
    }
}

fn is_same_offer(one: &Statement, left: &Update, other: &Statement, right: &Update) -> bool {
    one.subjects() == other.subjects()
        && left.files == right.files
        && left.predecessor == right.predecessor
}

/// Whether nobody loses what they were offered: a tier may grow, end earlier, or become everyone.
fn widens(before: &Audience, after: &Audience) -> bool {
    match (before, after) {
        (_, Audience::Everyone) => true,
        (Audience::Everyone, Audience::Tier { .. }) => false,
        (
            Audience::Tier {
                name,
                permille,
                everyone_by,
            },
            Audience::Tier {
                name: name_after,
                permille: permille_after,
                everyone_by: by_after,
            },
        ) => name == name_after && permille <= permille_after && by_after <= everyone_by,
    }
}

fn refusal(rule: Rule, place: &str, what: What) -> Refusal {
    let slash = if place.is_empty() { "" } else { "/" };
    Refusal::new(rule, format!("/predicate{slash}{place}"), what)
}

/// U2: room for a product that numbers its nightly builds, and few enough that a jump to the end of all numbers takes
/// nine trillion logged steps.
const LARGEST_STEP: u64 = 1000;

/// U6: a month is long enough to watch a rollout; a tier for ever is a targeted update.
pub const LONGEST_TIER: Duration = Duration::from_days(30);

#[cfg(test)]
mod tests;
