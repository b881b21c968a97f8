//! Steps 2 to 7 of `evidence.md` §8: from lines of bundles to statements that are proven to be logged.
//!
//! Cheap tests come before dear ones: origin and key are looked up before any signature is checked, a checkpoint is
//! verified once however many lines share it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use tlog::checkpoint::LogSigned;
use tlog::hash::Hash;
use tlog::key::Vkey;
use tlog::policy::{Tally, Witnessed};
use tlog::proof::check_inclusion;
use tlog::proof_file::verify_inclusion;

use super::checkpoints::{Checkpoints, Verified};
use crate::bundle::BundleLine;
use crate::collect::Evidence;
use crate::key::{KeyId, PublicKey};
use crate::kind::update_door::conflicts;
use crate::limits::Limit;
use crate::line::Word;
use crate::misbehaviour;
use crate::policy::Policy;
use crate::state::Marks;
use crate::statement::Statement;
use crate::time::Time;
use crate::verdict::{Misbehaviour, MisbehaviourKind};

/// What the evidence proves, under one policy.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Statements of parties of the policy that stand in a witnessed log.
    pub logged: Vec<Logged>,
    /// Statements whose log has signed but lacks the quorum: worth a word, never counted.
    pub waiting: Vec<(Logged, Tally)>,
    /// Subjects of statements whose proof or signature failed: worth a word, never counted.
    pub failed: Vec<Hash>,
    /// Entries dropped because the policy does not know their log, or not their key there.
    pub unknown: u64,
    /// Entries by known keys whose kind this version does not judge.
    pub unknown_kinds: u64,
    /// Lines that could not be read.
    pub unreadable: u64,
    /// The limit that was met.
    pub limit: Option<Limit>,
    /// Proven misbehaviour.
    pub misbehaviour: Vec<Misbehaviour>,
    /// Per origin the largest witnessed checkpoint.
    highest: BTreeMap<Box<str>, Witnessed>,
    /// The latest time on any verified cosignature.
    pub latest_cosignature: Option<Time>,
    latest_quorum_time: Option<Time>,
}

/// A statement, the key that signed it, and where it stands. Only [`World::build`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// The statement.
    pub statement: Statement,
    /// The key that signed.
    pub key: PublicKey,
    /// Whose key the policy says it is.
    pub party: Party,
    /// Where it stands, and since when.
    pub place: Place,
    /// The envelope's bytes, which convict where two of them may not be.
    pub envelope: Vec<u8>,
}

/// Whose word it is: a name of the policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// Somebody under `[party]`.
    Other(Word),
    /// Somebody under `[publisher.…]`.
    Publisher(Word),
}

/// A place in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The log.
    pub origin: Box<str>,
    /// The index.
    pub index: u64,
    /// Log time: the quorum time of the checkpoint that covers it; `None` under `quorum none`.
    pub time: Option<Time>,
}

impl World {
    /// Reads what the evidence proves.
    pub fn build(policy: &Policy, evidence: &Evidence, marks: &Marks) -> Self {
        let mut world = Self {
            unreadable: evidence.unreadable(),
            limit: evidence.limit(),
            ..Self::default()
        };
        let keys = keys_of(policy);
        let mut dropped = Dropped::default();
        let kept: Vec<Kept<'_>> = evidence
            .lines()
            .iter()
            .filter_map(|line| Kept::of(line, policy, &keys, &mut dropped))
            .collect();
        let notes = kept
            .iter()
            .map(|kept| kept.line.place().checkpoint.as_str());
        let checkpoints = Checkpoints::verify(policy, notes);
        for kept in kept {
            let proof = kept.prove(&checkpoints);
            world.take(kept, proof, &mut dropped);
        }
        world.unknown = dropped.strange.len() as u64;
        world.unknown_kinds = dropped.unknown_kinds.len() as u64;
        world.unreadable += dropped.unreadable.len() as u64;
        world.latest_cosignature = checkpoints.latest_cosignature();
        world.convict_split_views(policy, &checkpoints, marks);
        for witnessed in checkpoints.witnessed() {
            world.latest_quorum_time = world.latest_quorum_time.max(quorum_time(witnessed));
            let origin = witnessed.checkpoint().origin();
            let larger = world
                .highest
                .get(origin)
                .is_none_or(|known| known.checkpoint().size() < witnessed.checkpoint().size());
            if larger {
                world.highest.insert(origin.into(), witnessed.clone());
            }
        }
        // Equal signings are one, whatever their leaf (§2.3). Of several places the earliest proven time stands.
        world
            .logged
            .sort_by(|one, other| order(one).cmp(&order(other)));
        world
            .logged
            .dedup_by(|one, other| signing(one) == signing(other));
        // Of several that wait the first is told, whatever the order of the lines (L1).
        world.waiting.sort_by_cached_key(|(logged, tally)| {
            let place = &logged.place;
            let least = (Reverse(tally.have), tally.to_string(), signing(logged));
            (place.origin.clone(), place.index, least)
        });
        world.convict_equivocation();
        world.drop_convicted(policy);
        world
    }

    /// Logged statements of one publisher.
    pub fn of_publisher<'a>(&'a self, name: &'a Word) -> impl Iterator<Item = &'a Logged> {
        self.logged
            .iter()
            .filter(move |logged| logged.party == Party::Publisher(name.clone()))
    }

    /// How the quorum of the largest witnessed checkpoint of a log stands.
    pub fn tally(&self, origin: &str) -> Option<&Tally> {
        self.highest.get(origin).map(Witnessed::tally)
    }

    /// Per origin size and note of the largest witnessed checkpoint.
    pub(crate) fn highest(&self) -> impl Iterator<Item = (&str, u64, &str)> {
        self.highest.values().map(|known| {
            let checkpoint = known.checkpoint();
            (
                checkpoint.origin(),
                checkpoint.size(),
                known.signed().note(),
            )
        })
    }

    /// The latest quorum time of all checkpoints.
    pub(crate) fn latest_quorum_time(&self) -> Option<Time> {
        self.latest_quorum_time
    }

    /// Marks the misbehaviour that is this publisher's or its log's.
    pub(crate) fn blame(&mut self, policy: &Policy, publisher: Option<&Word>) {
        let Some(name) = publisher else { return };
        let log = policy
            .publishers()
            .get(name)
            .map(|publisher| publisher.log.as_ref());
        for found in &mut self.misbehaviour {
            found.of_publisher =
                found.by.as_ref() == name.as_str() || Some(found.by.as_ref()) == log;
        }
    }

    fn take(&mut self, kept: Kept<'_>, proof: Proof, dropped: &mut Dropped) {
        let time = match &proof {
            Proof::Strange => {
                dropped.strange.insert(kept.entry);
                return;
            }
            Proof::Unreadable => {
                dropped.unreadable.insert(kept.entry);
                return;
            }
            Proof::UnknownKind => {
                dropped.unknown_kinds.insert(kept.entry);
                return;
            }
            Proof::TooMany => {
                self.limit = self.limit.or(Some(Limit::Checkpoints));
                None
            }
            Proof::Failed | Proof::Signed(_) => None,
            Proof::Witnessed(time) => *time,
        };
        let Said::Known(statement) = kept.said else {
            return;
        };
        let (line, known) = (kept.line, kept.known);
        let subjects = statement.subjects().iter().map(|subject| subject.sha256);
        let logged = || Logged {
            statement: statement.clone(),
            key: *known.key,
            party: known.party.clone(),
            place: Place {
                origin: line.origin().into(),
                index: line.place().index,
                time,
            },
            envelope: line.envelope().to_bytes(),
        };
        match proof {
            Proof::Witnessed(_) => self.logged.push(logged()),
            Proof::Signed(tally) => self.waiting.push((logged(), tally)),
            _ => self.failed.extend(subjects),
        }
    }

    /// Two checkpoints that a log signed for one size with different roots convict it, memory included.
    fn convict_split_views(&mut self, policy: &Policy, checkpoints: &Checkpoints, marks: &Marks) {
        let mut seen: BTreeMap<(String, u64), LogSigned> = BTreeMap::new();
        let remembered = marks.logs.iter().filter_map(|(origin, note)| {
            let (log, _) = policy.log(origin)?;
            LogSigned::by_all(note.as_bytes(), &log.keys).ok()
        });
        for signed in remembered.chain(checkpoints.signed()) {
            let checkpoint = signed.checkpoint();
            let at = (checkpoint.origin().to_owned(), checkpoint.size());
            let Some(other) = seen.get(&at) else {
                seen.insert(at, signed.clone());
                continue;
            };
            if other.checkpoint().root() == checkpoint.root() {
                continue;
            }
            let Some((log, _)) = policy.log(checkpoint.origin()) else {
                continue;
            };
            let origin = checkpoint.origin();
            let of_publisher = policy
                .publishers()
                .values()
                .any(|party| party.log.as_ref() == origin);
            let already = self
                .misbehaviour
                .iter()
                .any(|found| found.by.as_ref() == origin);
            if !already {
                self.misbehaviour.push(Misbehaviour {
                    kind: MisbehaviourKind::SplitView,
                    by: origin.into(),
                    of_publisher,
                    file: misbehaviour::split_view(log.keys.keys(), other.note(), signed.note()),
                });
            }
        }
    }

    /// Decision 9: a party that misbehaved, or whose log did, supports nothing any more. A publisher's statements stay: its
    /// misbehaviour refuses.
    fn drop_convicted(&mut self, policy: &Policy) {
        let convicted: Vec<Box<str>> = self
            .misbehaviour
            .iter()
            .map(|found| found.by.clone())
            .collect();
        self.logged.retain(|logged| {
            let Party::Other(name) = &logged.party else {
                return true;
            };
            let log = policy.parties().get(name).map(|party| party.log.as_ref());
            !convicted
                .iter()
                .any(|by| by.as_ref() == name.as_str() || Some(by.as_ref()) == log)
        });
    }

    /// U3: one serial of a line was given two sets of files, or two predecessors.
    fn convict_equivocation(&mut self) {
        let mut first: BTreeMap<(Hash, u64), &Logged> = BTreeMap::new();
        let mut found: BTreeMap<(Hash, u64), Misbehaviour> = BTreeMap::new();
        for logged in &self.logged {
            let Some(update) = logged.statement.kind().as_update() else {
                continue;
            };
            if logged.party != Party::Publisher(update.line.publisher.clone()) {
                continue;
            }
            let at = (update.line.id(), update.serial);
            let Some(other) = first.get(&at) else {
                first.insert(at, logged);
                continue;
            };
            // One file convicts; a thousand of them would only fill the disk.
            if conflicts(&other.statement, &logged.statement) {
                found.entry(at).or_insert_with(|| Misbehaviour {
                    kind: MisbehaviourKind::Equivocation,
                    by: update.line.publisher.as_str().into(),
                    of_publisher: true,
                    file: misbehaviour::equivocation(
                        &[&other.key, &logged.key],
                        &other.envelope,
                        &logged.envelope,
                    ),
                });
            }
        }
        self.misbehaviour.extend(found.into_values());
    }
}

/// A line by a key of the policy, in a log of the policy.
struct Kept<'a> {
    line: &'a BundleLine,
    known: &'a Known<'a>,
    leaf: Hash,
    /// A line handed over twice, or proven twice, is one entry (L1).
    entry: EntryPlace,
    said: Said,
}

/// What the payload of a line is.
enum Said {
    Known(Statement),
    /// A kind that this version does not know.
    UnknownKind,
    /// No statement.
    Unreadable,
}

/// Log, index and leaf.
type EntryPlace = (Box<str>, u64, Hash);

/// What a line proves.
enum Proof {
    /// Nothing: a proof or signature does not hold.
    Failed,
    /// It is in what its log signed, and the quorum is not met.
    Signed(Tally),
    /// The key speaks in another log.
    Strange,
    /// Nobody looked: there are too many checkpoints.
    TooMany,
    /// Nobody looked: it is no statement.
    Unreadable,
    /// Nobody looked: its kind is not known.
    UnknownKind,
    /// It is in what a quorum cosigned, since this time.
    Witnessed(Option<Time>),
}

impl<'a> Kept<'a> {
    /// Step 3: by key and origin, before any mathematics.
    fn of(
        line: &'a BundleLine,
        policy: &Policy,
        keys: &'a Keys<'_>,
        dropped: &mut Dropped,
    ) -> Option<Self> {
        let leaf = line.entry().leaf_hash();
        let entry = (line.origin().into(), line.place().index, leaf);
        let known = keys
            .get(&line.entry().key.id())
            .filter(|_| policy.log(line.origin()).is_some());
        let Some(known) = known else {
            dropped.strange.insert(entry);
            return None;
        };
        let said = match Statement::parse(line.envelope().payload()) {
            Ok(statement) => Said::Known(statement),
            Err(refusal) if refusal.is_unknown_kind() => Said::UnknownKind,
            Err(_) => Said::Unreadable,
        };
        Some(Self {
            line,
            known,
            leaf,
            entry,
            said,
        })
    }

    /// Step 5: inclusion, then the signature, the dearest of all.
    fn prove(&self, checkpoints: &Checkpoints) -> Proof {
        let place = self.line.place();
        let checkpoint = checkpoints.find(&place.checkpoint);
        if matches!(checkpoint, Verified::TooMany) {
            return Proof::TooMany;
        }
        // A party speaks in its own log alone: the same words in another log prove nothing to the readers of this one.
        if self.known.origin != self.line.origin() {
            return Proof::Strange;
        }
        match self.said {
            Said::Known(_) => {}
            Said::UnknownKind => return Proof::UnknownKind,
            Said::Unreadable => return Proof::Unreadable,
        }
        // No Sigstore client compares the log's id with the policy's key; a byte changed there must not go unseen.
        if !self.known.log_ids.contains(&place.log_id) {
            return Proof::Failed;
        }
        let (proof, included) = match checkpoint {
            Verified::Witnessed(witnessed) => (
                Proof::Witnessed(quorum_time(witnessed)),
                verify_inclusion(witnessed, place.index, self.leaf, &place.hashes).is_ok(),
            ),
            Verified::Signed(signed, missing) => {
                let (size, root) = (signed.checkpoint().size(), signed.checkpoint().root());
                (
                    Proof::Signed(missing.tally.clone()),
                    check_inclusion(size, root, place.index, self.leaf, &place.hashes).is_ok(),
                )
            }
            Verified::Refused | Verified::TooMany => return Proof::Failed,
        };
        if included && self.line.envelope().verify(self.known.key).is_ok() {
            proof
        } else {
            Proof::Failed
        }
    }
}

/// Entries that count for nothing.
#[derive(Default)]
struct Dropped {
    strange: BTreeSet<EntryPlace>,
    unknown_kinds: BTreeSet<EntryPlace>,
    unreadable: BTreeSet<EntryPlace>,
}

/// Keys of the policy by their ids.
type Keys<'p> = BTreeMap<KeyId, Known<'p>>;

/// Whose key it is, and in which log it speaks.
struct Known<'p> {
    party: Party,
    key: &'p PublicKey,
    origin: &'p str,
    log_ids: Vec<Hash>,
}

fn keys_of(policy: &Policy) -> Keys<'_> {
    let publishers = policy.publishers().iter().map(|(name, publisher)| {
        (
            Party::Publisher(name.clone()),
            &publisher.keys,
            publisher.log.as_ref(),
        )
    });
    let parties = policy
        .parties()
        .iter()
        .map(|(name, party)| (Party::Other(name.clone()), &party.keys, party.log.as_ref()));
    let mut known = Keys::new();
    for (party, keys, origin) in publishers.chain(parties) {
        let log_keys = policy
            .log(origin)
            .map(|(log, _)| log.keys.keys())
            .unwrap_or_default();
        let log_ids: Vec<Hash> = log_keys.iter().map(Vkey::full_id).collect();
        for key in keys {
            let row = Known {
                party: party.clone(),
                key,
                origin,
                log_ids: log_ids.clone(),
            };
            known.insert(key.id(), row);
        }
    }
    known
}

fn quorum_time(witnessed: &Witnessed) -> Option<Time> {
    witnessed.quorum_time().map(super::checkpoints::time)
}

fn order(logged: &Logged) -> ((Hash, KeyId), Option<Time>, &str, u64) {
    let place = &logged.place;
    (signing(logged), place.time, &place.origin, place.index)
}

/// Statement id and key id: what makes two copies one (§2.3).
fn signing(logged: &Logged) -> (Hash, KeyId) {
    (logged.statement.id(), logged.key.id())
}
