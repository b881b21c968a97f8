//! A second judge, from the text of `evidence.md` alone: sets and loops over facts, no signature, no tree, no sharing.

use std::collections::{BTreeMap, BTreeSet};

use evidence::kind::Update;
use evidence::kind::update::{Audience, Class, Consent, Role, State as Offer};
use evidence::line::Line;
use evidence::policy::Outcome;
use evidence::reason::{CheckName, Class as Effect, Reason};
use evidence::verdict::{State, Word};
use tlog::hash::Hash;

use crate::facts::{By, Checkpoint, CheckpointHarm, Facts, Flavour, LineHarm, What, line};
use crate::kit::NOW;
use crate::question::{ACME, Asked, Deny, PARTIES, Question, Remembers, Set, has_grace};

/// Word, and per check its state and reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) word: Word,
    pub(crate) checks: BTreeMap<CheckName, (State, Option<Reason>)>,
}

/// One signing: a statement and a key, with the best that any line of the bundle proves about it.
#[derive(Clone, Copy, Debug)]
struct Signing {
    said: usize,
    by: By,
    index: usize,
    /// Log time (§5).
    time: i64,
}

pub(crate) fn judge(facts: &Facts, question: &Question) -> Answer {
    Judge::new(facts, question).judge()
}

struct Judge<'a> {
    facts: &'a Facts,
    question: &'a Question,
    found: BTreeMap<CheckName, Vec<(State, Reason)>>,
    /// Steps 3 to 5: what a quorum covers, by keys of the policy.
    signings: Vec<Signing>,
    /// What the publisher's log signed for, but no quorum.
    unwitnessed: BTreeSet<usize>,
    /// Statements of the policy's keys whose proof fails.
    unproven: BTreeSet<usize>,
    checkpoints: Vec<&'a Checkpoint>,
}

impl<'a> Judge<'a> {
    fn new(facts: &'a Facts, question: &'a Question) -> Self {
        let mut judge = Self {
            facts,
            question,
            found: BTreeMap::new(),
            signings: Vec::new(),
            unwitnessed: BTreeSet::new(),
            unproven: BTreeSet::new(),
            checkpoints: Vec::new(),
        };
        judge.read();
        judge
    }

    /// Steps 2 to 5.
    fn read(&mut self) {
        for line in &self.facts.lines {
            if matches!(line.harm, LineHarm::Cut | LineHarm::Payload) {
                self.note(CheckName::Evidence, Reason::UnreadableLines);
                continue;
            }
            let entry = &self.facts.entries[line.entry];
            if entry.log > 1 || !self.knows(entry.by) {
                continue;
            }
            let checkpoint = &self.facts.checkpoints[line.checkpoint];
            let index = self.facts.index(line.entry);
            let signed = checkpoint.harm == CheckpointHarm::None;
            if DROPPED && !self.speaks(entry.by, entry.log) {
                continue;
            }
            if signed {
                self.checkpoints.push(checkpoint);
            }
            if !self.speaks(entry.by, entry.log) {
                continue;
            }
            let proven = signed && checkpoint.fork != Some(index) && line.harm == LineHarm::None;
            if !proven {
                self.unproven.insert(entry.said);
                continue;
            }
            if self.facts.said[entry.said].what == What::UnknownKind {
                self.note(CheckName::Evidence, Reason::UnknownStatements);
            }
            if entry.flavour == Flavour::Forged {
                self.unproven.insert(entry.said);
                continue;
            }
            let Some(time) = self.quorum_time(checkpoint) else {
                if matches!(entry.by, By::Release(_)) {
                    self.unwitnessed.insert(entry.said);
                }
                continue;
            };
            let known = self
                .signings
                .iter_mut()
                .find(|known| (known.said, known.by) == (entry.said, entry.by));
            if let Some(known) = known {
                known.index = known.index.min(index);
                known.time = known.time.min(time);
            } else {
                self.signings.push(Signing {
                    said: entry.said,
                    by: entry.by,
                    index,
                    time,
                });
            }
        }
    }

    fn knows(&self, by: By) -> bool {
        match by {
            By::Release(key) => key < self.question.rules.pinned,
            By::Party(_) | By::Rival => true,
            By::Stranger => false,
        }
    }

    /// Whether this is the log in which its statements stand.
    fn speaks(&self, by: By, log: usize) -> bool {
        match by {
            By::Party(party) => PARTIES[party].2 == log,
            By::Release(_) | By::Rival => log == 0,
            By::Stranger => false,
        }
    }

    /// The smallest t such that the cosignatures with time ≤ t meet the quorum (§5).
    fn quorum_time(&self, checkpoint: &Checkpoint) -> Option<i64> {
        let mut times: Vec<i64> = checkpoint
            .cosigned
            .iter()
            .filter(|(witness, _)| *witness < 3)
            .map(|(_, time)| *time)
            .collect();
        times.sort_unstable();
        times.get(self.question.rules.quorum - 1).copied()
    }

    fn note(&mut self, check: CheckName, reason: Reason) {
        let state = match reason.class() {
            Effect::Fail => State::Fail,
            Effect::Wait => State::Wait,
            Effect::Note => State::Note,
            Effect::Against | Effect::Missing => panic!("{reason} depends on the policy"),
        };
        self.found.entry(check).or_default().push((state, reason));
    }

    fn ok(&mut self, check: CheckName) {
        self.found.entry(check).or_default();
    }

    fn judge(mut self) -> Answer {
        self.ok(CheckName::Evidence);
        self.policy();
        self.clock();
        self.views();
        self.equivocation();
        self.denied_digests();
        if let Some((line, serial, all)) = self.logged() {
            self.offer(&line, serial, &all);
        }
        self.answer()
    }

    /// Step 1 and §10.
    fn policy(&mut self) {
        self.ok(CheckName::Policy);
        if NOW + self.question.rules.expires <= self.question.now {
            self.note(CheckName::Policy, Reason::PolicyExpired);
        }
        match self.question.memory {
            Remembers::First => self.note(CheckName::Policy, Reason::FirstUse),
            Remembers::NotKept => self.note(CheckName::Policy, Reason::NoState),
            Remembers::Damaged => self.note(CheckName::Policy, Reason::StateDamaged),
            Remembers::Known { .. } => {}
        }
    }

    /// Step 1.
    fn clock(&mut self) {
        self.ok(CheckName::Clock);
        let now = self.question.now;
        let remembered = match &self.question.memory {
            Remembers::Known { quorum_time, .. } => *quorum_time,
            _ => None,
        };
        let late = now + self.question.rules.skew;
        let cosigned = self
            .checkpoints
            .iter()
            .filter(|checkpoint| self.quorum_time(checkpoint).is_some())
            .flat_map(|checkpoint| &checkpoint.cosigned);
        let ahead = cosigned
            .filter(|(witness, _)| *witness < 3)
            .any(|(_, time)| *time > late);
        if ahead || remembered.is_some_and(|time| late < time) {
            self.note(CheckName::Clock, Reason::ClockBehind);
        }
    }

    /// Step 4: two roots of one size. Decision 9: only the publisher's log refuses.
    fn views(&mut self) {
        let mut views: BTreeMap<(usize, usize), BTreeSet<Option<usize>>> = BTreeMap::new();
        let mut seen: Vec<&Checkpoint> = self.checkpoints.clone();
        if let Remembers::Known {
            checkpoint: Some(checkpoint),
            ..
        } = &self.question.memory
            && checkpoint.harm == CheckpointHarm::None
        {
            seen.push(checkpoint);
        }
        for checkpoint in seen {
            views
                .entry((checkpoint.log, checkpoint.size))
                .or_default()
                .insert(checkpoint.fork);
        }
        for ((log, _), roots) in views {
            if roots.len() > 1 {
                match log {
                    0 => self.note(CheckName::Witnessed, Reason::SplitView),
                    _ => self.note(CheckName::Evidence, Reason::PartyMisbehaved),
                }
            }
        }
    }

    /// What the publisher says: U1.
    fn says(&self, said: usize) -> bool {
        self.signings
            .iter()
            .any(|signing| signing.said == said && matches!(signing.by, By::Release(_)))
    }

    fn updates(&self) -> Vec<(usize, &'a Update)> {
        let updates =
            (0..self.facts.said.len()).filter_map(|said| Some((said, self.facts.update(said)?.0)));
        updates.filter(|(said, _)| self.says(*said)).collect()
    }

    /// Step 7: U3.
    fn equivocation(&mut self) {
        let mut sets: BTreeMap<(Line, u64), BTreeSet<String>> = BTreeMap::new();
        for (said, update) in self.updates() {
            let subjects = self.facts.update(said).map(|found| found.1);
            let set = format!("{subjects:?} {:?} {:?}", update.files, update.predecessor);
            sets.entry((update.line.clone(), update.serial))
                .or_default()
                .insert(set);
        }
        if sets.values().any(|sets| sets.len() > 1) {
            self.note(CheckName::Published, Reason::Equivocation);
        }
    }

    fn denied_digests(&mut self) {
        self.ok(CheckName::Denied);
        let asked: Vec<Hash> = match &self.question.artifact {
            Asked::File(digest) => vec![*digest],
            Asked::Set(files) => files.iter().map(|(_, digest)| *digest).collect(),
        };
        for deny in &self.question.rules.deny {
            if matches!(deny, Deny::Digest(digest) if asked.contains(digest)) {
                self.note(CheckName::Denied, Reason::Denied);
            }
        }
    }

    fn has(&self, said: usize) -> bool {
        let Some((_, subjects)) = self.facts.update(said) else {
            return false;
        };
        match &self.question.artifact {
            Asked::File(digest) => subjects.iter().any(|subject| subject.sha256 == *digest),
            Asked::Set(files) => {
                let asked: BTreeSet<_> = files
                    .iter()
                    .map(|(name, digest)| (Some(name), digest))
                    .collect();
                asked
                    == subjects
                        .iter()
                        .map(|subject| (subject.name.as_ref(), &subject.sha256))
                        .collect()
            }
        }
    }

    /// Step 9.
    fn logged(&mut self) -> Option<(Line, u64, Vec<usize>)> {
        self.ok(CheckName::Logged);
        let all: Vec<_> = self
            .updates()
            .into_iter()
            .filter(|(said, _)| self.has(*said))
            .collect();
        let allowed = |line: &Line| {
            let channel = line.channel.as_str();
            self.question.rules.channels.contains(&channel)
                && self.question.channel.is_none_or(|asked| asked == channel)
        };
        let lines: BTreeSet<_> = all
            .iter()
            .map(|(_, update)| &update.line)
            .filter(|line| allowed(line))
            .collect();
        let mixed = matches!(&self.question.artifact, Asked::Set(files) if self.updates().iter().any(|(said, update)| {
            let subjects = self.facts.update(*said).unwrap().1;
            self.question.rules.channels.contains(&update.line.channel.as_str()) && subjects.iter().any(|subject| files.iter().any(|(_, digest)| *digest == subject.sha256))
        }));
        if lines.len() > 1 {
            self.note(CheckName::Logged, Reason::AmbiguousLine);
            return None;
        }
        let Some(line) = lines.first().map(|line| (*line).clone()) else {
            self.nowhere(mixed);
            return None;
        };
        // An amendment alone offers nothing.
        let based = |serial: u64| {
            all.iter().any(|(_, update)| {
                update.line == line && update.serial == serial && update.supersedes.is_empty()
            })
        };
        let here: Vec<_> = all
            .iter()
            .filter(|(_, update)| update.line == line && based(update.serial))
            .collect();
        let Some(serial) = here.iter().map(|(_, update)| update.serial).max() else {
            self.nowhere(mixed);
            return None;
        };
        if self.damaged() {
            self.note(CheckName::Logged, Reason::BadProof);
        }
        let said = here
            .into_iter()
            .filter(|(_, update)| update.serial == serial)
            .map(|(said, _)| *said)
            .collect();
        Some((line, serial, said))
    }

    fn nowhere(&mut self, mixed: bool) {
        let in_policy = |line: &Line| {
            self.question
                .rules
                .channels
                .contains(&line.channel.as_str())
        };
        let elsewhere = self
            .updates()
            .iter()
            .any(|(said, update)| self.has(*said) && !in_policy(&update.line));
        let unwitnessed =
            |said: &usize| self.has(*said) && in_policy(&self.facts.update(*said).unwrap().0.line);
        if self.unwitnessed.iter().any(unwitnessed) {
            self.note(CheckName::Witnessed, Reason::TooFewWitnesses);
        } else if elsewhere {
            self.note(CheckName::Logged, Reason::LineNotAllowed);
        } else if mixed {
            self.note(CheckName::Logged, Reason::MixedFiles);
        } else if self.damaged() {
            self.note(CheckName::Logged, Reason::BadProof);
        } else {
            self.note(CheckName::Logged, Reason::NotLogged);
        }
    }

    /// Whether a line about any of the files proves nothing.
    fn damaged(&self) -> bool {
        let asked: Vec<Hash> = match &self.question.artifact {
            Asked::File(digest) => vec![*digest],
            Asked::Set(files) => files.iter().map(|(_, digest)| *digest).collect(),
        };
        self.unproven.iter().any(|said| {
            self.facts.update(*said).is_some_and(|(_, subjects)| {
                subjects
                    .iter()
                    .any(|subject| asked.contains(&subject.sha256))
            })
        })
    }

    /// The release keys whose signing of this statement a quorum covers, with their log times.
    fn keys(&self, said: usize) -> Vec<i64> {
        let counts =
            |signing: &&Signing| signing.said == said && matches!(signing.by, By::Release(_));
        let mut times: Vec<i64> = self
            .signings
            .iter()
            .filter(counts)
            .map(|signing| signing.time)
            .collect();
        times.sort_unstable();
        times
    }

    fn first_index(&self, said: usize) -> usize {
        self.signings
            .iter()
            .filter(|signing| signing.said == said && matches!(signing.by, By::Release(_)))
            .map(|signing| signing.index)
            .min()
            .unwrap()
    }

    fn offer(&mut self, line: &Line, serial: u64, all: &[usize]) {
        let question = self.question;
        let channel = line.channel.as_str();
        let set = question
            .rules
            .beta
            .as_ref()
            .filter(|_| channel == "beta")
            .unwrap_or(&question.rules.set);
        let threshold = set.threshold.unwrap_or(question.rules.threshold);
        let update = |said: usize| self.facts.update(said).unwrap().0;

        // S14, U4: an amendment with the threshold replaces what it names.
        let offered: Vec<usize> = all
            .iter()
            .copied()
            .filter(|said| update(*said).state == Offer::Offered)
            .collect();
        let threshold_of_offers = question.rules.threshold;
        let enough: Vec<usize> = offered
            .iter()
            .copied()
            .filter(|said| self.keys(*said).len() >= threshold_of_offers)
            .collect();
        let withdrawn = all
            .iter()
            .copied()
            .filter(|said| update(*said).state != Offer::Offered);
        let withdrawn = withdrawn.filter(|said| self.keys(*said).len() >= threshold_of_offers);
        let replacing: Vec<usize> = enough.iter().copied().chain(withdrawn).collect();
        let replaced = |said: usize| {
            replacing.iter().any(|other| {
                update(*other)
                    .supersedes
                    .contains(&self.facts.said[said].id)
                    && self.first_index(*other) > self.first_index(said)
            })
        };
        let counted = if enough.is_empty() {
            offered.clone()
        } else {
            enough.clone()
        };
        let mut current: Vec<usize> = counted
            .iter()
            .copied()
            .filter(|said| !replaced(*said))
            .collect();
        let first = *all
            .iter()
            .min_by_key(|said| self.first_index(**said))
            .unwrap();
        if current.is_empty() {
            current.push(first);
        }

        self.ok(CheckName::Witnessed);
        self.published(set, threshold, &current);
        self.serial(line, serial, set);
        self.companions(line, &current);
        self.audience(set, &current);
        self.consent(set, &current);
        self.activation(all, &current);
        self.denied(line, serial, all);
        let times = self
            .signings
            .iter()
            .filter(|signing| all.contains(&signing.said))
            .map(|signing| signing.time);
        let age = times
            .min()
            .map(|time| question.now - time)
            .filter(|age| *age >= 0);
        let newer = self
            .updates()
            .iter()
            .any(|(_, update)| update.line == *line && update.serial > serial);
        self.unjudged(set, age, newer);
    }

    fn published(&mut self, set: &Set, threshold: usize, current: &[usize]) {
        self.ok(CheckName::Published);
        if current
            .iter()
            .any(|said| self.keys(*said).len() < threshold)
        {
            self.note(CheckName::Published, Reason::TooFewSignatures);
        }
        let beside = |said: usize| {
            let mut operators = BTreeSet::new();
            for signing in &self.signings {
                if let By::Party(party) = signing.by
                    && signing.said == said
                    && set
                        .signers
                        .as_ref()
                        .is_none_or(|signers| signers.contains(&party))
                    && PARTIES[party].1 != ACME
                {
                    operators.insert(PARTIES[party].1);
                }
            }
            operators.len()
        };
        if current.iter().map(|said| beside(*said)).min().unwrap_or(0) < set.independent {
            let state = state(set.otherwise);
            self.found
                .entry(CheckName::Published)
                .or_default()
                .push((state, Reason::TooFewSigners));
        }
        let since = current
            .iter()
            .filter_map(|said| {
                self.keys(*said)
                    .get(self.question.rules.threshold - 1)
                    .copied()
            })
            .max();
        if set.min_age > 0 && since.is_none_or(|since| self.question.now - since < set.min_age) {
            self.note(CheckName::Published, Reason::TooYoung);
        }
    }

    fn serial(&mut self, line: &Line, serial: u64, set: &Set) {
        self.ok(CheckName::Serial);
        let Remembers::Known { lines, .. } = &self.question.memory else {
            return;
        };
        let Some((_, mark, statement)) = lines.iter().find(|(known, ..)| known == line) else {
            return;
        };
        if serial < *mark {
            return self.note(CheckName::Serial, Reason::Rollback);
        }
        if !set.chain && serial > *mark {
            return;
        }
        let firsts: Vec<Hash> = self
            .updates()
            .iter()
            .filter(|(_, update)| {
                update.line == *line && update.serial == serial && update.supersedes.is_empty()
            })
            .map(|(said, _)| self.facts.said[*said].id)
            .collect();
        if serial == *mark {
            if !firsts.contains(statement) {
                self.note(CheckName::Serial, Reason::OtherChain);
            }
            return;
        }
        for first in firsts {
            let mut here = (serial, first);
            while here.0 > *mark {
                let Some((_, update)) = self
                    .updates()
                    .into_iter()
                    .find(|(said, _)| self.facts.said[*said].id == here.1)
                else {
                    self.note(CheckName::Serial, Reason::ChainIncomplete);
                    break;
                };
                let Some(predecessor) = update.predecessor else {
                    self.note(CheckName::Serial, Reason::OtherChain);
                    break;
                };
                here = (predecessor.serial, predecessor.statement);
            }
            if here.0 <= *mark && here != (*mark, *statement) {
                self.note(CheckName::Serial, Reason::OtherChain);
            }
        }
    }

    fn companions(&mut self, line: &Line, current: &[usize]) {
        self.ok(CheckName::Companions);
        for said in current {
            for needs in &self.facts.update(*said).unwrap().0.requires {
                let other = Line {
                    product: needs.product.clone(),
                    kind: needs.kind,
                    ..line.clone()
                };
                let mark = match &self.question.memory {
                    Remembers::Known { lines, .. } => lines
                        .iter()
                        .find(|(known, ..)| *known == other)
                        .map(|mark| mark.1),
                    _ => None,
                };
                if mark.unwrap_or(0) < needs.min {
                    self.note(CheckName::Companions, Reason::CompanionTooOld);
                }
                if needs.max.is_some_and(|max| mark.unwrap_or(0) > max) {
                    self.note(CheckName::Companions, Reason::CompanionTooNew);
                }
            }
        }
    }

    fn audience(&mut self, set: &Set, current: &[usize]) {
        self.ok(CheckName::Audience);
        for said in current {
            if let Audience::Tier {
                name, everyone_by, ..
            } = &self.facts.update(*said).unwrap().0.audience
            {
                if self.question.now > everyone_by.seconds() {
                    self.note(CheckName::Audience, Reason::TierLapsed);
                }
                if !set.tiers.contains(&name.as_str()) {
                    self.note(CheckName::Audience, Reason::Tier);
                }
            }
        }
    }

    fn consent(&mut self, set: &Set, current: &[usize]) {
        self.ok(CheckName::Consent);
        for said in current {
            let actions = self.facts.update(*said).unwrap().0.actions;
            if actions.class == Class::ProductChange && !set.allow.contains(&"ask-each-time") {
                self.note(CheckName::Consent, Reason::ProductChange);
            }
            let word = match actions.consent {
                Consent::AskEachTime => "ask-each-time",
                Consent::Contract => "contract",
                Consent::OptIn => "opt-in",
            };
            if !set.allow.contains(&word) {
                self.note(CheckName::Consent, Reason::ConsentNeeded);
            }
        }
    }

    fn activation(&mut self, all: &[usize], current: &[usize]) {
        self.ok(CheckName::Activation);
        let now = self.question.now;
        for said in current {
            let activation = self.facts.update(*said).unwrap().0.activation;
            if now < activation.from.seconds() {
                self.note(CheckName::Activation, Reason::NotYet);
            }
            if activation.until.is_some_and(|until| now > until.seconds()) {
                self.note(CheckName::Activation, Reason::Expired);
            }
        }
        // U4, U5: one key withdraws, for good.
        let (line, serial) = (
            &self.facts.update(all[0]).unwrap().0.line,
            self.facts.update(all[0]).unwrap().0.serial,
        );
        let withdrawn = |update: &Update| {
            matches!(update.state, Offer::Withdrawn(_))
                && update.line == *line
                && update.serial == serial
        };
        if self.updates().iter().any(|(_, update)| withdrawn(update)) {
            self.note(CheckName::Activation, Reason::Withdrawn);
        }
    }

    fn denied(&mut self, line_of: &Line, serial: u64, all: &[usize]) {
        let signed = |by: &dyn Fn(By) -> bool| {
            self.signings
                .iter()
                .any(|signing| all.contains(&signing.said) && by(signing.by))
        };
        let hit = |deny: &Deny| match deny {
            Deny::Digest(digest) => self.results(all).contains(digest),
            Deny::Key(key) => signed(&|by| by == *key),
            Deny::Acme => signed(&|by| matches!(by, By::Release(_))),
            Deny::Party(party) => signed(&|by| by == By::Party(*party)),
            Deny::Statement(id) => all.iter().any(|said| self.facts.said[*said].id == *id),
            Deny::Serials(channel, serials) => {
                line(channel) == *line_of && serials.contains(&serial)
            }
        };
        if self.question.rules.deny.iter().any(hit) {
            self.note(CheckName::Denied, Reason::Denied);
        }
    }

    /// What a patch makes (step 9).
    fn results(&self, all: &[usize]) -> BTreeSet<Hash> {
        let mut results = BTreeSet::new();
        for said in all {
            let (update, subjects) = self.facts.update(*said).unwrap();
            for (file, subject) in update.files.iter().zip(subjects) {
                if let (Asked::File(digest), Role::Patch { to, .. }) =
                    (&self.question.artifact, file.role)
                    && subject.sha256 == *digest
                {
                    results.insert(to);
                }
            }
        }
        results
    }

    fn unjudged(&mut self, set: &Set, age: Option<i64>, newer: bool) {
        for (check, otherwise, grace) in &set.unjudged {
            let reason = match check {
                CheckName::Newest => Reason::NewerExists,
                CheckName::Fresh => Reason::Stale,
                CheckName::Provenance | CheckName::Sbom => Reason::Absent,
                CheckName::RulesFingerprint => Reason::NoRulesSet,
                CheckName::Advisories => Reason::ClientTooOld,
                _ => Reason::TooFew,
            };
            let young = has_grace(*check) && GRACE && age.is_some_and(|age| age < *grace);
            let missing = if young {
                State::Note
            } else {
                state(*otherwise)
            };
            let state = if reason == Reason::ClientTooOld {
                State::Wait
            } else {
                missing
            };
            self.found.entry(*check).or_default().push((state, reason));
        }
    }

    /// Step 12; of several reasons of one check the worst is told, of equals the first of the table.
    fn answer(self) -> Answer {
        let mut checks = BTreeMap::new();
        for (check, reasons) in self.found {
            let place = |reason: Reason| match reason {
                // The design does not say which of two failures is told: the graver one.
                Reason::Equivocation | Reason::Withdrawn | Reason::TierLapsed => 0,
                Reason::UnreadableLines => 2,
                _ => {
                    1 + check
                        .reasons()
                        .iter()
                        .position(|known| *known == reason)
                        .unwrap()
                }
            };
            let worst = reasons
                .into_iter()
                .min_by_key(|(state, reason)| (std::cmp::Reverse(*state), place(*reason)));
            checks.insert(
                check,
                worst.map_or((State::Ok, None), |(state, reason)| (state, Some(reason))),
            );
        }
        let word = match checks.values().map(|(state, _)| *state).max() {
            Some(State::Fail) => Word::Refused,
            Some(State::Wait) | None => Word::Undecided,
            Some(State::Note | State::Ok) => Word::Accepted,
        };
        Answer { word, checks }
    }
}

const GRACE: bool = false;
const DROPPED: bool = true;

fn state(outcome: Outcome) -> State {
    match outcome {
        Outcome::Note => State::Note,
        Outcome::Refuse => State::Fail,
        Outcome::Undecided => State::Wait,
    }
}
