//! A second judge, from the text of `evidence.md` alone: sets and loops over facts; no signature, no tree, nothing shared.
//!
//! Where the text leaves a choice open, the comment says which one is made, so that a change of mind is seen here too.

mod offer;
mod place;
mod read;

use std::collections::{BTreeMap, BTreeSet};

use evidence::kind::Update;
use evidence::line::Line;
use evidence::policy::Outcome;
use evidence::reason::{CheckName, Class as Effect, Reason};
use evidence::verdict::{State, Word};

use crate::facts::{By, Checkpoint, CheckpointHarm, Facts, KNOWN_WITNESSES};
use crate::kit::NOW;
use crate::question::{Deny, Question, Remembers};

/// Word, and per check its state and reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) word: Word,
    pub(crate) checks: Checks,
}

pub(crate) type Checks = BTreeMap<CheckName, (State, Option<Reason>)>;

pub(crate) fn judge(facts: &Facts, question: &Question) -> Answer {
    let mut judge = Judge {
        facts,
        question,
        found: BTreeMap::new(),
        signings: Vec::new(),
        unwitnessed: BTreeSet::new(),
        damaged: BTreeSet::new(),
        checkpoints: Vec::new(),
        split: BTreeSet::new(),
        equivocates: false,
    };
    for check in [
        CheckName::Policy,
        CheckName::Clock,
        CheckName::Logged,
        CheckName::Denied,
        CheckName::Evidence,
    ] {
        judge.ok(check);
    }
    judge.read();
    judge.policy();
    judge.clock();
    judge.views();
    judge.equivocation();
    if let Some(offer) = judge.logged() {
        judge.offer(&offer);
    }
    judge.denied_files();
    judge.answer()
}

struct Judge<'a> {
    facts: &'a Facts,
    question: &'a Question,
    /// Every reason of every check.
    found: BTreeMap<CheckName, Vec<(State, Reason)>>,
    /// Steps 3 to 5: what a quorum covers, by keys of the policy in their own logs.
    signings: Vec<Signing>,
    /// What the publisher's log signed for, but no quorum.
    unwitnessed: BTreeSet<usize>,
    /// Statements of the policy's keys with a line that proves nothing.
    damaged: BTreeSet<usize>,
    /// What logs of the policy signed, on lines that step 3 keeps.
    checkpoints: Vec<&'a Checkpoint>,
    /// Logs that signed two roots for one size.
    split: BTreeSet<usize>,
    /// Whether the publisher said two things of one serial.
    equivocates: bool,
}

/// One signing: a statement and a key (§2.3), with the best that any line proves about it.
#[derive(Clone, Copy, Debug)]
struct Signing {
    said: usize,
    by: By,
    index: usize,
    /// Log time (§5).
    time: i64,
}

/// The serial that is judged.
struct Judged {
    line: Line,
    serial: u64,
    /// The serial's first statement, if it is in the evidence; else there is a withdrawal.
    first: Option<usize>,
    /// What withdraws the serial.
    withdrawal: Option<usize>,
    /// Its statements about the file.
    all: Vec<usize>,
}

impl Judge<'_> {
    fn update(&self, said: usize) -> &Update {
        self.facts.update(said).unwrap().0
    }

    fn because(&mut self, check: CheckName, reason: Reason) {
        let state = match reason.class() {
            Effect::Fail => State::Fail,
            Effect::Wait => State::Wait,
            Effect::Note => State::Note,
            Effect::Against | Effect::Missing => panic!("{reason} depends on the policy"),
        };
        self.found.entry(check).or_default().push((state, reason));
    }

    fn missing(&mut self, check: CheckName, reason: Reason, otherwise: Outcome) {
        let state = match otherwise {
            Outcome::Note => State::Note,
            Outcome::Refuse => State::Fail,
            Outcome::Undecided => State::Wait,
        };
        self.found.entry(check).or_default().push((state, reason));
    }

    fn ok(&mut self, check: CheckName) {
        self.found.entry(check).or_default();
    }

    /// Step 1 and §10.
    fn policy(&mut self) {
        if NOW + self.question.rules.expires <= self.question.now {
            self.because(CheckName::Policy, Reason::PolicyExpired);
        }
        match self.question.memory {
            Remembers::First => self.because(CheckName::Policy, Reason::FirstUse),
            Remembers::NotKept => self.because(CheckName::Policy, Reason::NoState),
            Remembers::Damaged => self.because(CheckName::Policy, Reason::StateDamaged),
            Remembers::Known { .. } => {}
        }
    }

    /// Step 1. Left open: whether the skew is granted to the memory's time too. It is: what was accepted within the skew
    /// must be repeatable a second later.
    fn clock(&mut self) {
        let late = self.question.now + self.question.rules.skew;
        let mut times: Vec<i64> = self
            .checkpoints
            .iter()
            .flat_map(|checkpoint| cosignatures(checkpoint))
            .collect();
        if let Remembers::Known {
            quorum_time: Some(time),
            ..
        } = self.question.memory
        {
            times.push(time);
        }
        if times.iter().any(|time| *time > late) {
            self.because(CheckName::Clock, Reason::ClockBehind);
        }
    }

    /// Step 4: two roots of one size. Decision 9: the publisher's log refuses, that of others takes their support away.
    fn views(&mut self) {
        let mut roots: BTreeMap<(usize, usize), BTreeSet<Option<usize>>> = BTreeMap::new();
        let mut seen = self.checkpoints.clone();
        if let Remembers::Known {
            checkpoint: Some(checkpoint),
            ..
        } = &self.question.memory
            && checkpoint.harm == CheckpointHarm::None
        {
            seen.push(checkpoint);
        }
        for checkpoint in seen {
            roots
                .entry((checkpoint.log, checkpoint.size))
                .or_default()
                .insert(checkpoint.fork);
        }
        self.split = roots
            .iter()
            .filter(|(_, roots)| roots.len() > 1)
            .map(|((log, _), _)| *log)
            .collect();
        for log in self.split.clone() {
            match log {
                0 => self.because(CheckName::Witnessed, Reason::SplitView),
                _ => self.because(CheckName::Evidence, Reason::PartyMisbehaved),
            }
        }
    }

    /// What the publisher says (U1).
    fn updates(&self) -> Vec<usize> {
        let by_release_key = |said: usize| {
            self.signings
                .iter()
                .any(|found| found.said == said && matches!(found.by, By::Release(_)))
        };
        self.facts
            .updates()
            .into_iter()
            .filter(|said| by_release_key(*said))
            .collect()
    }

    /// Step 7: U3.
    fn equivocation(&mut self) {
        let mut sets: BTreeMap<(Line, u64), BTreeSet<String>> = BTreeMap::new();
        for said in self.updates() {
            let (update, subjects) = self.facts.update(said).unwrap();
            let set = format!("{subjects:?} {:?} {:?}", update.files, update.predecessor);
            sets.entry((update.line.clone(), update.serial))
                .or_default()
                .insert(set);
        }
        self.equivocates = sets.values().any(|sets| sets.len() > 1);
    }

    /// Step 8, for a file that nothing may be known about.
    fn denied_files(&mut self) {
        let asked = self.asked_digests();
        let hit = |deny: &Deny| matches!(deny, Deny::Digest(digest) if asked.contains(digest));
        if self.question.rules.deny.iter().any(hit) {
            self.because(CheckName::Denied, Reason::Denied);
        }
    }

    /// Step 12. Of several reasons of one check the worst is told.
    fn answer(self) -> Answer {
        let tell = |(check, reasons): (CheckName, Vec<(State, Reason)>)| {
            let rank = |(state, reason): &(State, Reason)| {
                (std::cmp::Reverse(*state), gravity(check, *reason))
            };
            let worst = reasons.into_iter().min_by_key(rank);
            (
                check,
                worst.map_or((State::Ok, None), |(state, reason)| (state, Some(reason))),
            )
        };
        // The publisher's misbehaviour refuses whatever the file is (step 12).
        let proven = self.equivocates.then_some(State::Fail);
        let checks: Checks = self.found.into_iter().map(tell).collect();
        let word = match checks.values().map(|(state, _)| *state).chain(proven).max() {
            Some(State::Fail) => Word::Refused,
            Some(State::Wait) | None => Word::Undecided,
            Some(State::Note | State::Ok) => Word::Accepted,
        };
        Answer { word, checks }
    }
}

/// Which of equally bad reasons is told: left open. What is final comes first, then the order of the table; lines that
/// nobody could read come before statements that nobody knows.
fn gravity(check: CheckName, reason: Reason) -> usize {
    match reason {
        Reason::Equivocation | Reason::TierLapsed | Reason::UnreadableLines | Reason::Withdrawn => {
            1
        }
        Reason::PartyMisbehaved => 0,
        _ => {
            2 + check
                .reasons()
                .iter()
                .position(|known| *known == reason)
                .unwrap()
        }
    }
}

/// Times of the cosignatures that the policy's witnesses made.
fn cosignatures(checkpoint: &Checkpoint) -> impl Iterator<Item = i64> {
    checkpoint
        .cosigned
        .iter()
        .filter(|(witness, _)| *witness < KNOWN_WITNESSES)
        .map(|(_, time)| *time)
}
