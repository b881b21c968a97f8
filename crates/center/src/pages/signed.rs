//! Who signed a checkpoint, and when: read from its cosignature lines, each verified again.
//!
//! Counted are the operators: the members of the quorum's group. An operator with several keys has signed when its own
//! group's threshold is met (Y4 of `tlog.md`).

use std::collections::HashMap;

use tlog::cosignature::Cosignature;
use tlog::hash::Hash;
use tlog::key::Vkey;
use tlog::note::Note;
use tlog::policy::{Group, Member, Witnesses};

use super::frame::time;
use crate::portal::part::quorum::{Pane, Quorum};
use crate::source::{Covering, Source};

/// Size and time of the last checkpoint that a key signed, by the key's full id.
pub(super) type Last = HashMap<Hash, (u64, u64)>;

/// An operator and when it signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) name: String,
    pub(super) member: Member,
    /// Seconds since the epoch.
    pub(super) at: Option<u64>,
}

/// What the lines of one checkpoint say.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    /// The operators in the order of the policy.
    pub(super) operators: Vec<Operator>,
    /// How many of them the policy asks for.
    pub(super) asked: usize,
    /// Size of the tree.
    pub(super) size: u64,
    /// When enough had signed; where nobody is asked, when this node took the checkpoint.
    pub(super) at: u64,
}

impl Signed {
    pub(super) fn of(covering: &Covering, witnesses: &Witnesses) -> Self {
        Self::read(covering, witnesses, cosigned)
    }

    /// The same without verifying again, for the witnesses under whose eyes this node took the checkpoint: a list of fifty
    /// updates has no time for three hundred signatures.
    pub(super) fn of_taken(covering: &Covering, source: &Source) -> Self {
        Self::read(covering, &source.witnesses, claimed)
    }

    fn read(
        covering: &Covering,
        witnesses: &Witnesses,
        time_in: impl Fn(&Note<'_>, &Vkey) -> Option<u64>,
    ) -> Self {
        let note = Note::parse(covering.note.as_bytes()).ok();
        let times: Vec<Option<u64>> = witnesses
            .keys()
            .map(|key| note.as_ref().and_then(|note| time_in(note, key)))
            .collect();
        let groups = group_times(witnesses, &times);
        let at = |member| time_of(member, &times, &groups);
        let operators: Vec<Operator> = members(witnesses)
            .into_iter()
            .map(|member| Operator {
                name: name(witnesses, member),
                member,
                at: at(member),
            })
            .collect();
        Self {
            asked: witnesses.need(),
            size: covering.size,
            at: witnesses.quorum().and_then(at).unwrap_or(covering.taken_at),
            operators,
        }
    }

    /// How many operators signed.
    pub(super) fn have(&self) -> usize {
        self.operators
            .iter()
            .filter(|operator| operator.at.is_some())
            .count()
    }

    /// When the first operator signed: the tree stood before.
    pub(super) fn first(&self) -> Option<u64> {
        self.operators
            .iter()
            .filter_map(|operator| operator.at)
            .min()
    }

    /// Whether as many signed as the policy asks for.
    pub(super) fn is_met(&self) -> bool {
        self.have() >= self.asked
    }

    /// The panes of a page; `last` says when those signed who have not signed this one.
    pub(super) fn quorum(&self, witnesses: &Witnesses, last: &Last) -> Quorum {
        let panes = self.operators.iter().map(|operator| Pane {
            name: operator.name.clone(),
            signed_at: operator.at.map(time),
            last_at: match operator.at {
                Some(_) => None,
                None => last_of(witnesses, operator.member, last).map(|(_, at)| time(at)),
            },
        });
        let asked = u64::try_from(self.asked).unwrap_or(u64::MAX);
        Quorum::new(asked, self.size, time(self.at), panes.collect())
    }
}

/// The operators: whom the quorum counts, or all witnesses where it asks for none.
pub(super) fn members(witnesses: &Witnesses) -> Vec<Member> {
    match witnesses.quorum() {
        Some(_) => witnesses.tops().to_vec(),
        None => (0..witnesses.witnesses().len())
            .map(Member::Witness)
            .collect(),
    }
}

/// A member's name in the policy.
pub(super) fn name(witnesses: &Witnesses, member: Member) -> String {
    witnesses
        .name(member)
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// All keys of a member.
pub(super) fn keys(witnesses: &Witnesses, member: Member) -> Vec<&Vkey> {
    match member {
        Member::Witness(at) => witnesses
            .witnesses()
            .get(at)
            .map(|witness| &witness.vkey)
            .into_iter()
            .collect(),
        Member::Group(at) => {
            let members = witnesses
                .groups()
                .get(at)
                .map_or(&[][..], |group| &group.members);
            // Groups name earlier lines only: this ends.
            members
                .iter()
                .flat_map(|member| keys(witnesses, *member))
                .collect()
        }
    }
}

/// The last that any key of a member signed.
pub(super) fn last_of(witnesses: &Witnesses, member: Member, last: &Last) -> Option<(u64, u64)> {
    let keys = keys(witnesses, member);
    keys.iter()
        .filter_map(|key| last.get(&key.full_id()).copied())
        .max_by_key(|(_, at)| *at)
}

/// When `key` signed this note as a witness, if it did and its line holds. Time 0 says nothing of when and does not count.
pub(super) fn cosigned(note: &Note<'_>, key: &Vkey) -> Option<u64> {
    let signed = note.open(&[key]).ok()?;
    signed
        .first()
        .map(|signed| signed.time)
        .filter(|at| *at > 0)
}

/// The time that the line of `key` claims.
fn claimed(note: &Note<'_>, key: &Vkey) -> Option<u64> {
    let line = note.lines().iter().find(|line| line.is_of(key))?;
    Cosignature::parse(&line.signature, key.algorithm())
        .map(|cosignature| cosignature.time)
        .filter(|at| *at > 0)
}

/// When each group had signed: at the k-th smallest time of its members.
fn group_times(witnesses: &Witnesses, times: &[Option<u64>]) -> Vec<Option<u64>> {
    let mut groups: Vec<Option<u64>> = Vec::new();
    for Group {
        threshold, members, ..
    } in witnesses.groups()
    {
        let mut met: Vec<u64> = members
            .iter()
            .filter_map(|member| time_of(*member, times, &groups))
            .collect();
        met.sort_unstable();
        groups.push(threshold.checked_sub(1).and_then(|at| met.get(at).copied()));
    }
    groups
}

fn time_of(member: Member, times: &[Option<u64>], groups: &[Option<u64>]) -> Option<u64> {
    match member {
        Member::Group(at) => groups.get(at).copied().flatten(),
        Member::Witness(at) => times.get(at).copied().flatten(),
    }
}
