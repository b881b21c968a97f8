//! A set of requirements: what its text says, what its base lends, and whether it can be met (PL4).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::parties::Parties;
use crate::line::Word;
use crate::policy::diagnostic::{PolicyRule, Problem};
use crate::policy::table::Reader;
use crate::policy::{
    Advisories, Assessed, Audience, Consent, ConsentWord, DataChecked, Fresh, Newest, Outcome,
    Party, Provenance, Published, Rebuilt, Requirements, Reviewed, RulesFingerprint, RulesReviewed,
    Sbom, Serial, Set, Standing, When,
};
use crate::reason::CheckName;
use crate::time::Duration;

/// A set as its own text says, before its base is filled in.
pub(super) struct RawSet {
    pub(super) base: Option<(Word, Range<usize>)>,
    pub(super) when: When,
    pub(super) place: Range<usize>,
    pub(super) published: Slot<Published>,
    pub(super) serial: Slot<Serial>,
    pub(super) audience: Slot<Audience>,
    pub(super) consent: Slot<Consent>,
    pub(super) standing: Slot<Standing>,
    pub(super) newest: Slot<Newest>,
    pub(super) fresh: Slot<Fresh>,
    pub(super) rebuilt: Slot<Rebuilt>,
    pub(super) provenance: Slot<Provenance>,
    pub(super) sbom: Slot<Sbom>,
    pub(super) reviewed: Slot<Reviewed>,
    pub(super) rules_fingerprint: Slot<RulesFingerprint>,
    pub(super) rules_reviewed: Slot<RulesReviewed>,
    pub(super) assessed: Slot<Assessed>,
    pub(super) data_checked: Slot<DataChecked>,
    pub(super) advisories: Slot<Advisories>,
}

/// A set with its base's requirements, and the places that PL4 marks.
pub(super) struct SetDraft {
    pub(super) set: Set,
    /// Where `when` stands.
    pub(super) place: Range<usize>,
    places: BTreeMap<CheckName, Place>,
}

/// What a set says about one requirement.
#[derive(Clone)]
pub(super) enum Slot<T> {
    Absent,
    Off,
    On(T, Place),
}

/// Where a requirement stands, and its numbers that PL4 judges.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) by: Range<usize>,
    pub(super) jurisdictions: Range<usize>,
}

impl RawSet {
    /// The set with what it does not name taken whole from its base. What neither names is not asked for, or has the
    /// defaults where it is always on.
    pub(super) fn finish(&self, base: Option<&Self>) -> SetDraft {
        let mut places = BTreeMap::new();
        macro_rules! fill {
            ($name:ident, $check:ident) => {{
                let slot = match (&self.$name, base) {
                    (Slot::Absent, Some(base)) => &base.$name,
                    (own, _) => own,
                };
                if let Slot::On(_, place) = slot {
                    places.insert(CheckName::$check, place.clone());
                }
                match slot {
                    Slot::On(asked, _) => Some(asked.clone()),
                    Slot::Absent | Slot::Off => None,
                }
            }};
        }
        let published = Published {
            threshold: None,
            independent: 0,
            signers: Vec::new(),
            min_age: Duration::ZERO,
            otherwise: Outcome::Undecided,
        };
        let requirements = Requirements {
            published: fill!(published, Published).unwrap_or(published),
            serial: fill!(serial, Serial).unwrap_or(Serial { chain: true }),
            audience: fill!(audience, Audience).unwrap_or(Audience { tiers: Vec::new() }),
            consent: fill!(consent, Consent).unwrap_or(Consent {
                allow: CONSENT.to_vec(),
            }),
            standing: fill!(standing, Standing),
            newest: fill!(newest, Newest),
            fresh: fill!(fresh, Fresh),
            rebuilt: fill!(rebuilt, Rebuilt),
            provenance: fill!(provenance, Provenance),
            sbom: fill!(sbom, Sbom),
            reviewed: fill!(reviewed, Reviewed),
            rules_fingerprint: fill!(rules_fingerprint, RulesFingerprint),
            rules_reviewed: fill!(rules_reviewed, RulesReviewed),
            assessed: fill!(assessed, Assessed),
            data_checked: fill!(data_checked, DataChecked),
            advisories: fill!(advisories, Advisories),
        };
        let set = Set {
            when: self.when.clone(),
            base: self.base.as_ref().map(|(name, _)| name.clone()),
            requirements,
            text_lines: places
                .iter()
                .map(|(check, place)| (*check, place.line))
                .collect(),
        };
        SetDraft {
            set,
            place: self.place.clone(),
            places,
        }
    }
}

impl SetDraft {
    /// PL4: whether those named can ever meet what is asked, for updates of this publisher.
    pub(super) fn check_counts(
        &self,
        publisher: &Word,
        parties: &Parties,
        reader: &mut Reader<'_>,
    ) {
        let asked = &self.set.requirements;
        let counts = [
            (
                CheckName::Standing,
                asked.standing.as_ref().map(|asked| &asked.count),
            ),
            (
                CheckName::Rebuilt,
                asked.rebuilt.as_ref().map(|asked| &asked.count),
            ),
            (
                CheckName::Reviewed,
                asked.reviewed.as_ref().map(|asked| &asked.count),
            ),
            (
                CheckName::RulesReviewed,
                asked.rules_reviewed.as_ref().map(|asked| &asked.count),
            ),
            (
                CheckName::Assessed,
                asked.assessed.as_ref().map(|asked| &asked.count),
            ),
            (
                CheckName::DataChecked,
                asked.data_checked.as_ref().map(|asked| &asked.count),
            ),
        ];
        // A publisher whose definition is wrong was reported there.
        let Some(of) = parties.publishers.get(publisher) else {
            return;
        };
        for (check, count) in counts {
            let (Some(count), Some(place)) = (count, self.places.get(&check)) else {
                continue;
            };
            let may = |party: &&Party| {
                !count.independent || party.is_independent(&of.operator, publisher)
            };
            let (operators, jurisdictions) = reach(&count.from, parties, may);
            never_met(&place.by, count.by, operators, "operators", reader);
            // One jurisdiction is what any operator has.
            if count.jurisdictions < 2 {
                continue;
            }
            never_met(
                &place.jurisdictions,
                count.jurisdictions,
                jurisdictions,
                "jurisdictions",
                reader,
            );
        }
        let Some(place) = self.places.get(&CheckName::Published) else {
            return;
        };
        let may = |party: &&Party| *party.operator != *of.operator;
        let (operators, _) = reach(&asked.published.signers, parties, may);
        let unit = "operators beside the publisher";
        never_met(
            &place.by,
            asked.published.independent,
            operators,
            unit,
            reader,
        );
        if let Some(threshold) = asked.published.threshold.filter(|_| !of.follow_keys) {
            never_met(
                &place.jurisdictions,
                threshold,
                of.keys.len() as u64,
                "keys",
                reader,
            );
        }
    }
}

/// How many operators and jurisdictions those named have, of the parties that may count.
fn reach(names: &[Word], parties: &Parties, may: impl Fn(&&Party) -> bool) -> (u64, u64) {
    let found = names
        .iter()
        .filter_map(|name| parties.parties.get(name))
        .filter(may);
    let found: Vec<&Party> = found.collect();
    let operators: BTreeSet<_> = found.iter().map(|party| &party.operator).collect();
    let jurisdictions: BTreeSet<_> = found.iter().map(|party| &party.jurisdiction).collect();
    (operators.len() as u64, jurisdictions.len() as u64)
}

fn never_met(
    place: &Range<usize>,
    asks: u64,
    can: u64,
    unit: &'static str,
    reader: &mut Reader<'_>,
) {
    let problem = Problem::NeverMet { asks, can, unit };
    // Two lines or two publishers can lead to one and the same complaint.
    let known = reader
        .found
        .iter()
        .any(|found| found.span == *place && found.problem == problem);
    if asks > can && !known {
        reader.report(PolicyRule::Pl4, place, problem);
    }
}

/// What a customer has agreed to who says nothing else.
pub(super) const CONSENT: [ConsentWord; 1] = [ConsentWord::Contract];
