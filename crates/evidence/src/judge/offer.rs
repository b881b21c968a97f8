//! Steps 9 and 10 of `evidence.md` §8: which update is this file, and what does its publisher say of it now?

use std::collections::{BTreeMap, BTreeSet};

use tlog::hash::Hash;
use tlog::policy::Tally;

use super::{Artifact, Choice, Logged, Party, World};
use crate::key::KeyId;
use crate::kind::Update;
use crate::kind::update::{Role, State};
use crate::limits;
use crate::line::{Line, Word};
use crate::name::Name;
use crate::policy::{Denied, Deny, Policy};
use crate::statement::{Statement, Subject};
use crate::time::Time;

/// The update that names the artifact, on one line of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The line.
    pub line: Line,
    /// The serial.
    pub serial: u64,
    /// The version, for people.
    pub version: Box<str>,
    /// Id of the serial's first statement, by which later updates name it; `None` if it is not in the evidence.
    pub first: Option<Hash>,
    /// Id of the statement that stands now.
    pub statement: Hash,
    /// What stands now.
    pub update: Update,
    /// Whether any unsuperseded statement of the serial withdraws it.
    pub withdrawn: bool,
    /// Keys of the publisher that signed what stands now.
    pub signers: Vec<(Signer, Option<Time>)>,
    /// Log and index of the first of them.
    pub origin: Box<str>,
    /// Index in that log.
    pub index: u64,
    /// When the threshold of the publisher's keys was logged; `None` if unknown, or not met.
    pub log_time: Option<Time>,
    /// Line of the policy text that allows it.
    pub text_line: usize,
}

/// Who signed an offer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signer {
    /// A party of the policy beside the publisher.
    Party(Word),
    /// A key of the publisher, by its id.
    Publisher(KeyId),
}

/// What was found about the artifact.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The update, if exactly one line has it.
    pub offer: Option<Offer>,
    /// Lines of the policy that have it, if several do.
    pub ambiguous: Vec<Line>,
    /// A line that has it and that the policy does not allow.
    pub not_allowed: Option<Line>,
    /// An update whose log is not witnessed yet.
    pub waiting: Option<(Box<str>, u64, Tally)>,
    /// Of a set that is no update's: what is wrong with it.
    pub not_a_set: Option<NotASet>,
    /// Whether a statement about it failed its proof.
    pub failed: bool,
}

/// AT-09: why files are not all files of one update, though an allowed update has some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotASet {
    /// All are an update's, and the update has more.
    Missing {
        /// Files that are here.
        have: u64,
        /// Files of the update.
        of: u64,
    },
    /// Some are an update's, others are not.
    Mixed {
        /// Files of the update that has most of them.
        have: u64,
        /// Files that are here.
        of: u64,
    },
    /// All are an update's, some under other names than there.
    Renamed {
        /// Files under the name that the update gives them.
        have: u64,
        /// Files that are here.
        of: u64,
    },
}

/// Finds the update that names the artifact.
pub(crate) fn find(policy: &Policy, world: &World, artifact: &Artifact, choice: &Choice) -> Found {
    let mut found = Found::default();
    let mut serials: BTreeMap<Hash, (Line, usize, u64)> = BTreeMap::new();
    for logged in &world.logged {
        let Some(update) = about(&logged.statement, artifact) else {
            continue;
        };
        if logged.party != Party::Publisher(update.line.publisher.clone()) {
            continue;
        }
        let Some(rule) = policy.rule_for(&update.line) else {
            found.not_allowed = Some(update.line.clone());
            continue;
        };
        if choice
            .channel
            .as_ref()
            .is_some_and(|channel| *channel != update.line.channel)
        {
            continue;
        }
        let row = (update.line.clone(), rule.text_line, update.serial);
        let entry = serials
            .entry(update.line.id())
            .or_insert_with(|| row.clone());
        entry.2 = entry.2.max(update.serial);
    }
    let mut rows = serials.into_values();
    match (rows.next(), rows.next()) {
        (Some((line, text_line, serial)), None) => {
            found.offer = standing_now(policy, world, &line, serial, text_line);
        }
        (Some((first, ..)), Some((second, ..))) => {
            found.ambiguous = vec![first, second];
            found.ambiguous.extend(rows.map(|(line, ..)| line));
        }
        (None, _) => {}
    }
    found.waiting = world.waiting.iter().find_map(|(logged, tally)| {
        let update = about(&logged.statement, artifact)?;
        policy.rule_for(&update.line)?;
        if logged.party != Party::Publisher(update.line.publisher.clone()) {
            return None;
        }
        Some((
            logged.place.origin.clone(),
            logged.place.index,
            tally.clone(),
        ))
    });
    found.not_a_set = not_a_set(policy, world, artifact);
    let digests = artifact.digests();
    found.failed = world.failed.iter().any(|subject| digests.contains(subject));
    found
}

/// The statement that denies an offer in the policy's own words.
pub(crate) fn denial<'p>(
    policy: &'p Policy,
    world: &World,
    artifact: &Artifact,
    offer: Option<&Offer>,
) -> Option<&'p Deny> {
    let digests = artifact.digests();
    // Everything that was signed about this serial, whether it counts or not.
    let signed = |offer: &Offer| -> Vec<Logged> {
        let of_publisher = of_serial(world, &offer.line, offer.serial);
        let of_others = world
            .logged
            .iter()
            .filter(|logged| logged.statement.id() == offer.statement);
        of_publisher.chain(of_others).cloned().collect()
    };
    policy.deny().iter().find(|deny| match &deny.what {
        // A patch is denied with what it leads to.
        Denied::Digest(digest) => {
            digests.contains(digest)
                || offer.is_some_and(|offer| {
                    offer
                        .update
                        .files
                        .iter()
                        .any(|file| matches!(file.role, Role::Patch { to, .. } if to == *digest))
                })
        }
        Denied::Key(key) => {
            offer.is_some_and(|offer| signed(offer).iter().any(|logged| logged.key.id() == *key))
        }
        Denied::Line(line, serials) => offer.is_some_and(|offer| {
            offer.line == *line && (serials.is_empty() || serials.contains(&offer.serial))
        }),
        Denied::Party(name) => offer.is_some_and(|offer| {
            signed(offer).iter().any(|logged| match &logged.party {
                Party::Other(party) | Party::Publisher(party) => party == name,
            })
        }),
        Denied::Statement(id) => offer.is_some_and(|offer| {
            signed(offer)
                .iter()
                .any(|logged| logged.statement.id() == *id)
        }),
    })
}

/// Whether following predecessors from `offer` reaches the statement `goal` of serial `serial`; `None` if a link is not
/// in the evidence.
pub(crate) fn is_linked(world: &World, offer: &Offer, serial: u64, goal: Hash) -> Option<bool> {
    let mut predecessor = offer.update.predecessor;
    for _ in 0..limits::PREDECESSORS {
        let Some(link) = predecessor else {
            return Some(false);
        };
        if link.serial <= serial {
            return Some(link.statement == goal);
        }
        let logged = world
            .of_publisher(&offer.line.publisher)
            .find(|logged| logged.statement.id() == link.statement)?;
        predecessor = logged.statement.kind().as_update()?.predecessor;
    }
    None
}

/// What the publisher says of one serial now. Bad news is cheap: one signature withdraws. Good news is dear: an offer or
/// a friendlier amendment stands with the threshold of signatures alone.
fn standing_now(
    policy: &Policy,
    world: &World,
    line: &Line,
    serial: u64,
    text_line: usize,
) -> Option<Offer> {
    let publisher = policy.publishers().get(&line.publisher)?;
    let statements: BTreeMap<Hash, Vec<&Logged>> =
        of_serial(world, line, serial).fold(BTreeMap::new(), |mut map, logged| {
            map.entry(logged.statement.id())
                .or_insert_with(Vec::new)
                .push(logged);
            map
        });
    let update = |id: &Hash| {
        let logged = statements.get(id).and_then(|signings| signings.first())?;
        logged.statement.kind().as_update()
    };
    let withdraws =
        |id: &Hash| update(id).is_some_and(|update| matches!(update.state, State::Withdrawn(_)));
    let is_met = |id: &Hash| {
        let signings = statements.get(id).map(Vec::as_slice).unwrap_or_default();
        u64::try_from(signings.len()).is_ok_and(|keys| keys >= publisher.threshold)
    };
    // Of several, which convict their publisher, the one that was logged first.
    let first = statements
        .keys()
        .filter(|id| update(id).is_some_and(|update| update.supersedes.is_empty()))
        .min_by_key(|id| index_of(&statements, id));
    // Only what stands with its threshold supersedes; a withdrawal is final for its serial (U5).
    let superseded: BTreeSet<Hash> = statements
        .keys()
        .filter(|id| is_met(id))
        .filter_map(update)
        .flat_map(|update| update.supersedes.iter().copied())
        .collect();
    let withdrawn = statements.keys().any(withdraws);
    // An amendment alone offers nothing; a withdrawal needs nobody beside it (decision 3).
    if first.is_none() && !withdrawn {
        return None;
    }
    let offered = |id: &&Hash| !withdraws(id);
    let now = statements
        .keys()
        .filter(offered)
        .filter(|id| !superseded.contains(*id))
        .max_by_key(|id| (is_met(id), index_of(&statements, id)))
        .or(first)
        .or_else(|| statements.keys().find(|id| withdraws(id)))?;
    let signings = statements.get(now)?;
    let mut times: Vec<Option<Time>> = signings.iter().map(|logged| logged.place.time).collect();
    times.sort();
    let at = usize::try_from(publisher.threshold).ok()?.checked_sub(1)?;
    let place = &signings.first()?.place;
    let mut signers: Vec<(Signer, Option<Time>)> = signings
        .iter()
        .map(|logged| (Signer::Publisher(logged.key.id()), logged.place.time))
        .collect();
    for logged in world
        .logged
        .iter()
        .filter(|logged| logged.statement.id() == *now)
    {
        if let Party::Other(name) = &logged.party {
            signers.push((Signer::Party(name.clone()), logged.place.time));
        }
    }
    Some(Offer {
        line: line.clone(),
        serial,
        version: update(now)?.version.clone(),
        first: first.copied(),
        statement: *now,
        update: update(now)?.clone(),
        withdrawn,
        signers,
        origin: place.origin.clone(),
        index: place.index,
        log_time: times.get(at).copied().flatten(),
        text_line,
    })
}

/// What is wrong with a set of which an allowed update has some files; of several updates, the one that has most.
fn not_a_set(policy: &Policy, world: &World, artifact: &Artifact) -> Option<NotASet> {
    let Artifact::Set(files) = artifact else {
        return None;
    };
    let of = files.len() as u64;
    let held = world.logged.iter().filter_map(|logged| {
        let update = logged.statement.kind().as_update()?;
        policy.rule_for(&update.line)?;
        if logged.party != Party::Publisher(update.line.publisher.clone()) {
            return None;
        }
        let subjects = logged.statement.subjects();
        let has = |name: Option<&Name>, digest: &Hash| {
            let named = |subject: &&Subject| name.is_none() || subject.name.as_ref() == name;
            let mut named = subjects.iter().filter(named);
            named.any(|subject| subject.sha256 == *digest)
        };
        let held = files.iter().filter(|(_, digest)| has(None, digest));
        let named = files
            .iter()
            .filter(|(name, digest)| has(Some(name), digest));
        Some((
            held.count() as u64,
            named.count() as u64,
            subjects.len() as u64,
        ))
    });
    match held.max()? {
        (0, ..) => None,
        (have, ..) if have < of => Some(NotASet::Mixed { have, of }),
        (_, named, _) if named < of => Some(NotASet::Renamed { have: named, of }),
        (_, _, subjects) if of < subjects => Some(NotASet::Missing {
            have: of,
            of: subjects,
        }),
        // The files are an update's, whole: why it is not offered here is another reason's to tell.
        _ => None,
    }
}

fn index_of(statements: &BTreeMap<Hash, Vec<&Logged>>, id: &Hash) -> Option<u64> {
    statements
        .get(id)?
        .iter()
        .map(|logged| logged.place.index)
        .min()
}

fn of_serial<'a>(
    world: &'a World,
    line: &'a Line,
    serial: u64,
) -> impl Iterator<Item = &'a Logged> {
    world.of_publisher(&line.publisher).filter(move |logged| {
        let update = logged.statement.kind().as_update();
        update.is_some_and(|update| update.line == *line && update.serial == serial)
    })
}

fn about<'a>(statement: &'a Statement, artifact: &Artifact) -> Option<&'a Update> {
    let update = statement.kind().as_update()?;
    let named = match artifact {
        Artifact::File(digest) => statement.is_about(*digest),
        Artifact::Set(files) => {
            files.len() == statement.subjects().len()
                && files.iter().all(|(name, digest)| {
                    let same = |subject: &Subject| {
                        subject.sha256 == *digest && subject.name.as_ref() == Some(name)
                    };
                    statement.subjects().iter().any(same)
                })
        }
    };
    named.then_some(update)
}
