//! What a policy may say but hardly means: the warnings of PL8.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use tlog::policy::{Witness, Witnesses};

use super::Policy;
use super::diagnostic::{PolicyRule, Problem};
use super::table::Reader;
use crate::line::Word;

/// Where names stand.
#[derive(Default)]
pub(super) struct Places {
    pub(super) logs: BTreeMap<Box<str>, Range<usize>>,
    pub(super) names: BTreeMap<Word, Range<usize>>,
}

/// Warns of a quorum that asks for nobody, or that one operator meets alone. Operators of witnesses are told apart by
/// the host in their key's name; a witness and a mirror of one operator share it.
pub(super) fn quorum(witnesses: &Witnesses, place: &Range<usize>, reader: &mut Reader<'_>) {
    if witnesses.quorum().is_none() {
        reader.report(PolicyRule::Pl8, place, Problem::QuorumNone);
        return;
    }
    let hosts: BTreeSet<&str> = witnesses.witnesses().iter().map(host).collect();
    let alone = hosts
        .into_iter()
        .find(|own| witnesses.met_by(|witness| host(witness) == *own));
    if let Some(host) = alone {
        reader.report(PolicyRule::Pl8, place, Problem::OneOperator(host.into()));
    }
}

/// Warns of names, operators and origins that can be taken for one another.
pub(super) fn look_alikes(policy: &Policy, places: &Places, reader: &mut Reader<'_>) {
    let mut names = Seen::default();
    // Equal operators are meant to be equal; nearly equal ones would be counted as two.
    let mut operators = Seen::default();
    for (name, place) in in_order(&places.names) {
        names.add(name.as_str(), skeleton(name.as_str()), place, reader);
        let publisher = policy
            .publishers
            .get(name)
            .map(|publisher| &publisher.operator);
        let party = policy.parties.get(name).map(|party| &party.operator);
        if let Some(operator) = publisher.or(party) {
            operators.add(operator, operator_skeleton(operator), place, reader);
        }
    }
    let mut origins = Seen::default();
    for (origin, place) in in_order(&places.logs) {
        origins.add(origin, skeleton(origin), place, reader);
    }
}

/// In the order of the text, so that the later of two is marked.
fn in_order<T>(places: &BTreeMap<T, Range<usize>>) -> Vec<(&T, &Range<usize>)> {
    let mut places: Vec<_> = places.iter().collect();
    places.sort_by_key(|(_, place)| place.start);
    places
}

/// Texts by what they look like.
#[derive(Default)]
struct Seen(BTreeMap<String, Box<str>>);

impl Seen {
    fn add(&mut self, text: &str, skeleton: String, place: &Range<usize>, reader: &mut Reader<'_>) {
        let other = self.0.entry(skeleton).or_insert_with(|| text.into());
        if **other != *text {
            reader.report(PolicyRule::Pl8, place, Problem::LooksLike(other.clone()));
        }
    }
}

/// The host in front of a key's name.
fn host(witness: &Witness) -> &str {
    let name = witness.vkey.name().as_str();
    name.split_once('/').map_or(name, |(host, _)| host)
}

/// What a word looks like in most fonts.
fn skeleton(word: &str) -> String {
    let mut text = word.to_owned();
    for (seen, read) in [
        ("rn", "m"),
        ("vv", "w"),
        ("1", "l"),
        ("i", "l"),
        ("0", "o"),
        ("_", "-"),
    ] {
        text = text.replace(seen, read);
    }
    text
}

/// An operator's name without case, spaces and punctuation.
fn operator_skeleton(operator: &str) -> String {
    operator
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}
