//! The centers that are known here: the operators whom the quorum of the publisher's log counts, then the policy's other
//! centers. What they signed is read from the logs; what they are called, from the policy and the operator of this node.

use evidence::policy::Role;
use tlog::hash::Hash;
use tlog::key::Vkey;

use super::answer::Instead;
use super::frame::time;
use super::kinds;
use super::sightings;
use super::signed::{self, Signed};
use super::trust;
use crate::node::{Node, Shared};
use crate::portal::center::CosignedRow;
use crate::portal::centers::CenterRow;
use crate::portal::word::CenterState;
use crate::source::Source;

/// A center with what its page says beside the row of the list.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) row: CenterRow,
    /// Origin of its own log.
    pub(super) log: Option<String>,
    pub(super) keys: Vec<Vkey>,
    /// What it signed last of each log that is seen here.
    pub(super) cosigned: Vec<CosignedRow>,
}

/// The centers, and how many of them the policy asks for.
pub(super) async fn centers(node: &Shared) -> Result<(Vec<Known>, u64), Instead> {
    let Some(main) = trust::main_log(node) else {
        return Ok((Vec::new(), 0));
    };
    let witnesses = trust::witnesses(node, main);
    let mut known: Vec<Known> = signed::members(witnesses)
        .into_iter()
        .map(|member| {
            let keys = signed::keys(witnesses, member)
                .into_iter()
                .cloned()
                .collect();
            named(node, &signed::name(witnesses, member), keys)
        })
        .collect();
    known.extend(other_centers(node, &known));
    for source in &node.sources {
        let witnesses = trust::witnesses(node, source);
        let last = sightings::last(node, source, witnesses).await?;
        let newest = source.latest().map(|latest| Signed::of(&latest, witnesses));
        let newest = newest.and_then(|signed| {
            signed
                .operators
                .iter()
                .filter_map(|operator| operator.at)
                .max()
        });
        for center in &mut known {
            let ids: Vec<Hash> = center.keys.iter().map(Vkey::full_id).collect();
            let found = ids
                .iter()
                .filter_map(|id| last.get(id).copied())
                .max_by_key(|(_, at)| *at);
            // A log that this center is not asked to sign says nothing of it.
            if found.is_none() && !witnesses.keys().any(|key| ids.contains(&key.full_id())) {
                continue;
            }
            see(center, source, found, newest);
        }
    }
    for center in &mut known {
        let own = center.log.as_deref().and_then(|origin| node.source(origin));
        if let Some(own) = own {
            let counted = kinds::counted(node, own).await?;
            center.row.statements = counted.all();
            center.row.rebuilds = counted.of(REBUILDS);
            center.row.reviews = counted.of(REVIEWS);
        }
    }
    Ok((known, u64::try_from(witnesses.need()).unwrap_or(u64::MAX)))
}

/// Adds what a center last signed of one log, and what follows for its state.
fn see(center: &mut Known, source: &Source, found: Option<(u64, u64)>, newest: Option<u64>) {
    let (size, at) = found.unzip();
    let row = &mut center.row;
    row.state = better(row.state, state(at, newest));
    row.cosigned_at = row.cosigned_at.max(at.map(time));
    center.cosigned.push(CosignedRow {
        origin: source.origin.clone(),
        size,
        at: at.map(time),
    });
}

/// State of a center that signed one log last `at`, where the newest cosignature of anybody is `newest`.
fn state(at: Option<u64>, newest: Option<u64>) -> CenterState {
    match at {
        None => CenterState::Announced,
        // Who misses the moment of one quorum signs the next tree; who misses minutes of them does not sign now.
        Some(at) if newest.is_some_and(|newest| newest.saturating_sub(at) > MISSED) => {
            CenterState::Silent
        }
        Some(_) => CenterState::Active,
    }
}

/// Of two logs: who signs one of them is active.
fn better(one: CenterState, other: CenterState) -> CenterState {
    match (one, other) {
        (CenterState::Active, _) | (_, CenterState::Active) => CenterState::Active,
        (CenterState::Silent, _) | (_, CenterState::Silent) => CenterState::Silent,
        (CenterState::Announced, CenterState::Announced) => CenterState::Announced,
    }
}

/// What is said of the operator whom the policy calls `name`.
fn named(node: &Node, name: &str, keys: Vec<Vkey>) -> Known {
    let config = &node.config;
    let own = node
        .witness
        .as_ref()
        .map(|witness| witness.vkeys())
        .unwrap_or_default();
    let here = own
        .iter()
        .any(|vkey| keys.iter().any(|key| key.full_id() == vkey.full_id()));
    let mut center = Known {
        row: CenterRow {
            slug: name.to_owned(),
            name: name.to_owned(),
            // Nobody here says who it is: the name of its key does, as far as a name can.
            operator: keys
                .first()
                .map_or_else(|| name.to_owned(), |key| host(key.name().as_str())),
            jurisdiction: String::new(),
            state: CenterState::Announced,
            cosigned_at: None,
            statements: 0,
            rebuilds: 0,
            reviews: 0,
            here,
            portal: None,
        },
        log: None,
        keys,
        cosigned: Vec::new(),
    };
    let policy = node.policy.as_ref().map(|portal| &portal.policy);
    let parties = policy.into_iter().flat_map(|policy| policy.parties());
    if let Some((_, party)) = parties.into_iter().find(|(word, _)| word.as_str() == name) {
        center.row.operator = party.operator.to_string();
        center.row.jurisdiction = party.jurisdiction.to_string();
        center.log = Some(party.log.to_string());
    }
    if here {
        center.row.name.clone_from(&config.name);
        center.row.operator.clone_from(&config.operator);
        center.row.jurisdiction.clone_from(&config.jurisdiction);
        center.log = node.log.as_ref().map(|own| own.origin.clone());
        center.row.portal = Some(config.url.clone());
        return center;
    }
    let mut said = config.portal.iter().flat_map(|portal| &portal.centers);
    if let Some(said) = said.find(|said| said.witness == name) {
        center.row.name.clone_from(&said.name);
        center.row.operator.clone_from(&said.operator);
        center.row.jurisdiction.clone_from(&said.jurisdiction);
        center.log = said.log.clone().or(center.log);
        center.row.portal.clone_from(&said.portal);
    }
    center
}

/// Parties that the policy names as centers and whom no quorum counts.
fn other_centers(node: &Node, known: &[Known]) -> Vec<Known> {
    let policy = node.policy.as_ref().map(|portal| &portal.policy);
    let parties = policy.into_iter().flat_map(|policy| policy.parties());
    let parties = parties.filter(|(_, party)| party.roles.contains(&Role::Center));
    let others =
        parties.filter(|(word, _)| known.iter().all(|known| known.row.slug != word.as_str()));
    others
        .map(|(word, _)| named(node, word.as_str(), Vec::new()))
        .collect()
}

fn host(name: &str) -> String {
    name.split('/').next().unwrap_or_default().to_owned()
}

/// Predicate types of rebuilds.
pub(super) const REBUILDS: &[&str] = &["urn:vitrine:rebuild:v1"];

/// Predicate types of reviews.
pub(super) const REVIEWS: &[&str] = &["urn:vitrine:review:v1", "urn:vitrine:rules-review:v1"];

/// Seconds between a center's last signature and the newest tree that it could have signed.
const MISSED: u64 = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_center_is_silent_only_after_minutes_of_trees_that_it_did_not_sign() {
        for (at, newest, expected) in [
            (None, None, CenterState::Announced),
            (None, Some(9_000), CenterState::Announced),
            (Some(9_000), Some(9_000), CenterState::Active),
            // The log is quiet: nobody signed anything since.
            (Some(9_000), None, CenterState::Active),
            (Some(9_000), Some(9_000 + MISSED), CenterState::Active),
            (Some(9_000), Some(9_001 + MISSED), CenterState::Silent),
            (Some(9_000), Some(8_000), CenterState::Active),
        ] {
            assert_eq!(state(at, newest), expected, "{at:?} {newest:?}");
        }
    }

    #[test]
    fn who_signs_one_log_is_active_whatever_the_others_say() {
        let all = CenterState::ALL;
        for state in all {
            assert_eq!(better(CenterState::Active, state), CenterState::Active);
            assert_eq!(better(state, CenterState::Announced), state);
            assert_eq!(better(state, state), state);
        }
        assert_eq!(
            better(CenterState::Announced, CenterState::Silent),
            CenterState::Silent
        );
    }
}
