//! `verify`: the one function that judges, `evidence.md` §8. Pure: bundles, policy, memory and time are arguments.
//!
//! The steps stand in one column, in the order of the document. What is verified is a type that one step alone makes:
//! a checkpoint is `LogSigned`, then `Witnessed`; a statement is [`Logged`] by step 5.

mod checkpoints;
mod offer;
mod world;

use tlog::hash::Hash;

pub use self::offer::{Found, NotASet, Offer, Signer};
pub(crate) use self::offer::{denial, is_linked};
pub use self::world::{Logged, Party, Place, World};
use crate::check;
use crate::collect::Evidence;
use crate::line::Word as PolicyWord;
use crate::name::Name;
use crate::policy::{Policy, Set};
use crate::reason::CheckName;
use crate::state::{LineMark, Marks, Memory};
use crate::time::{Duration, Time};
use crate::verdict::{Check, PolicyUsed, Verdict, Word};

/// What is to be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Artifact {
    /// One file, by its SHA-256; its name is never trusted.
    File(Hash),
    /// All files of one update, for `--all`: one statement must name these and no others.
    Set(Vec<(Name, Hash)>),
}

impl Artifact {
    /// The digests, in the order given.
    pub fn digests(&self) -> Vec<Hash> {
        match self {
            Self::File(digest) => vec![*digest],
            Self::Set(files) => files.iter().map(|(_, digest)| *digest).collect(),
        }
    }
}

/// What the caller decides beside the policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The channel, where a file stands on several allowed lines.
    pub channel: Option<PolicyWord>,
}

/// Judges `artifact` at `now`. Always answers; whatever cannot be proven leaves the word at best undecided.
pub fn verify(
    policy: &Policy,
    evidence: &Evidence,
    artifact: &Artifact,
    now: Time,
    memory: &Memory,
    choice: &Choice,
) -> Verdict {
    let marks = memory.marks();
    // Steps 2 to 7: lines → checkpoints → statements → misbehaviour. Nothing after this line touches a signature.
    let mut world = World::build(policy, evidence, &marks);
    // Steps 8 to 10: which update is it, and what does the policy ask of it?
    let found = offer::find(policy, &world, artifact, choice);
    // Only the misbehaviour of this file's publisher, or of its log, refuses the file (decision 9).
    world.blame(
        policy,
        found.offer.as_ref().map(|offer| &offer.line.publisher),
    );
    let set = found
        .offer
        .as_ref()
        .and_then(|offer| policy.set_for(&offer.line));
    let judge = Judge {
        policy,
        world: &world,
        artifact,
        now,
        memory,
        marks: &marks,
        set,
    };
    // Step 11: each check of §9 in order. The first two and the deny list need no update.
    let mut checks = vec![
        check::policy(&judge),
        check::clock(&judge),
        check::logged(&judge, &found),
    ];
    checks.extend(check::witnessed(&judge, &found));
    if let Some(offer) = &found.offer {
        checks.extend(check::of_offer(&judge, offer));
    }
    checks.push(check::denied(&judge, found.offer.as_ref()));
    if found.offer.is_some() {
        checks.extend(check::required(&judge));
    }
    checks.push(check::evidence(&judge));
    checks.sort_by_key(|check| check.check);
    // Step 12: the word, and what to remember.
    let word = word(&checks, &world);
    Verdict {
        word,
        next: next_marks(&judge, found.offer.as_ref(), word),
        not_checked: not_checked(set),
        misbehaviour: world.misbehaviour.clone(),
        now,
        digest: artifact.digests().first().copied(),
        line: found.offer.as_ref().map(|offer| offer.line.clone()),
        serial: found.offer.as_ref().map(|offer| offer.serial),
        version: found.offer.as_ref().map(|offer| offer.version.clone()),
        unknown: world.unknown,
        policy: PolicyUsed {
            name: policy.identity().name.as_str().into(),
            serial: policy.identity().serial,
            sha256: policy.identity().sha256,
            set: set.map(|(name, _)| name.as_str().into()),
        },
        checks,
    }
}

/// Everything that a check may look at.
pub(crate) struct Judge<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) world: &'a World,
    pub(crate) artifact: &'a Artifact,
    pub(crate) now: Time,
    pub(crate) memory: &'a Memory,
    pub(crate) marks: &'a Marks,
    pub(crate) set: Option<(&'a PolicyWord, &'a Set)>,
}

impl Judge<'_> {
    /// How long the offer has been public; an unknown log time counts as now, so that nothing is gained by hiding it.
    pub(crate) fn age(&self, offer: &Offer) -> Duration {
        offer
            .log_time
            .map_or(Duration::ZERO, |time| self.now.since(time))
    }

    /// Line of the policy text that asks for this check.
    pub(crate) fn asked_by(&self, check: Check) -> Check {
        let line = self
            .set
            .and_then(|(_, set)| set.text_lines.get(&check.check).copied());
        Check {
            policy_line: line.or(check.policy_line),
            ..check
        }
    }
}

fn word(checks: &[Check], world: &World) -> Word {
    if world.misbehaviour.iter().any(|found| found.of_publisher) {
        return Word::Refused;
    }
    Word::of(checks)
}

/// What the set does not ask for. Key chains are read by no version yet, so nobody looked at those either.
fn not_checked(set: Option<(&PolicyWord, &Set)>) -> Vec<CheckName> {
    let mut checks = vec![CheckName::Key];
    checks.extend(
        set.into_iter()
            .flat_map(|(_, set)| set.requirements.not_asked()),
    );
    checks
}

/// Marks only rise; lines are raised by an accepted update alone (§10).
fn next_marks(judge: &Judge<'_>, offer: Option<&Offer>, word: Word) -> Marks {
    let mut marks = judge.marks.clone();
    let identity = judge.policy.identity();
    marks.policy = marks.policy.max(Some((identity.serial, identity.sha256)));
    for (origin, size, note) in judge.world.highest() {
        let convicted = judge
            .world
            .misbehaviour
            .iter()
            .any(|found| found.by.as_ref() == origin);
        // A convicted log's new word must not replace the one that convicts it.
        if !convicted && marks.size_of(origin).is_none_or(|known| known < size) {
            marks.logs.insert(origin.to_owned(), note.to_owned());
        }
    }
    marks.quorum_time = marks.quorum_time.max(judge.world.latest_quorum_time());
    if let (Some(offer), Word::Accepted) = (offer, word)
        && let Some(first) = offer.first
    {
        let digest = judge
            .artifact
            .digests()
            .first()
            .copied()
            .unwrap_or_default();
        let mark = LineMark {
            serial: offer.serial,
            statement: first,
            digest,
        };
        marks.lines.insert(offer.line.id(), mark);
    }
    marks
}
