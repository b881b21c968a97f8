//! Step 11: the checks of §9 on the update that is judged.

use std::collections::BTreeSet;

use evidence::kind::update::{Audience, Class, Consent, Role, State as Offer};
use evidence::line::Line;
use evidence::reason::{CheckName, Reason};
use tlog::hash::Hash;

use super::{Judge, Judged, Signing};
use crate::facts::{By, line};
use crate::question::{ACME, Asked, Deny, PARTIES, Remembers, Set};

impl Judge<'_> {
    pub(super) fn offer(&mut self, judged: &Judged) {
        let rules = &self.question.rules;
        let of_beta = rules.beta.as_ref();
        let of_beta = of_beta.filter(|_| judged.line.channel.as_str() == "beta");
        let set = of_beta.unwrap_or(&rules.set);
        let force = self.in_force(judged);
        self.ok(CheckName::Witnessed);
        self.published(set, force);
        self.serial(set, judged);
        self.companions(force);
        self.audience(set, force);
        self.consent(set, force);
        self.activation(judged, force);
        self.denied(judged, force);
        self.unjudged(set);
    }

    /// By release keys alone.
    fn signings_of(&self, said: usize) -> impl Iterator<Item = &Signing> {
        let counts =
            move |found: &&Signing| found.said == said && matches!(found.by, By::Release(_));
        self.signings.iter().filter(counts)
    }

    /// The release keys that signed it, by log time.
    fn keys(&self, said: usize) -> Vec<i64> {
        let mut times: Vec<i64> = self.signings_of(said).map(|found| found.time).collect();
        times.sort_unstable();
        times
    }

    pub(super) fn index(&self, said: usize) -> usize {
        let indices = self.signings_of(said).map(|found| found.index);
        indices.min().unwrap()
    }

    /// The statement in force: of those with the publisher's threshold that no other such statement replaces by naming
    /// it (S14, U4) the last; where none has it, of all that are offered; after a withdrawal, the first.
    ///
    /// Left open: which of two that do not name each other; what a customer's other threshold does to an amendment; and
    /// what an amendment may change, which door and monitor check.
    fn in_force(&self, judged: &Judged) -> usize {
        let threshold = self.question.rules.threshold;
        let offered = |said: &usize| self.update(*said).state == Offer::Offered;
        let enough = |said: &usize| self.keys(*said).len() >= threshold;
        let mut pool: Vec<usize> = judged.all.iter().copied().filter(enough).collect();
        if !pool.iter().any(offered) {
            pool = judged.all.iter().copied().filter(offered).collect();
        }
        let replaced = |said: &usize| {
            let id = self.facts.said[*said].id;
            let later = |other: &&usize| self.index(**other) > self.index(*said);
            let mut later = pool.iter().filter(later);
            later.any(|other| self.update(*other).supersedes.contains(&id))
        };
        let left = pool.iter().filter(|said| offered(said) && !replaced(said));
        let last = left.max_by_key(|said| self.index(**said));
        last.copied()
            .or(judged.first)
            .or(judged.withdrawal)
            .unwrap()
    }

    /// Left open: the update is as old as the statement in force, and that since the publisher's threshold.
    fn offered_since(&self, force: usize) -> Option<i64> {
        let times = self.keys(force);
        times.get(self.question.rules.threshold - 1).copied()
    }

    fn published(&mut self, set: &Set, force: usize) {
        self.ok(CheckName::Published);
        if self.equivocates {
            self.because(CheckName::Published, Reason::Equivocation);
        }
        let threshold = set.threshold.unwrap_or(self.question.rules.threshold);
        if self.keys(force).len() < threshold {
            self.because(CheckName::Published, Reason::TooFewSignatures);
        }
        let mut operators = BTreeSet::new();
        for found in self.signings.iter().filter(|found| found.said == force) {
            if let By::Party(party) = found.by {
                let (_, operator, log) = PARTIES[party];
                let named = set
                    .signers
                    .as_ref()
                    .is_none_or(|names| names.contains(&party));
                if named && operator != ACME && !self.split.contains(&log) {
                    operators.insert(operator);
                }
            }
        }
        if operators.len() < set.independent {
            let reason = Reason::TooFewSigners;
            self.missing(CheckName::Published, reason, set.otherwise);
        }
        let since = self.offered_since(force);
        let age = since.map(|since| self.question.now - since);
        if set.min_age > 0 && age.is_none_or(|age| age < set.min_age) {
            self.because(CheckName::Published, Reason::TooYoung);
        }
    }

    /// §10 and §3: what is remembered, and what a predecessor names, is a serial's first statement. Left open: the same
    /// serial with another first statement is another chain, linked or not.
    fn serial(&mut self, set: &Set, judged: &Judged) {
        self.ok(CheckName::Serial);
        let Some((mark, statement)) = self.remembered(&judged.line) else {
            return;
        };
        if judged.serial < mark {
            return self.because(CheckName::Serial, Reason::Rollback);
        }
        if judged.serial > mark && !set.chain {
            return;
        }
        if judged.serial == mark && judged.first.is_none() {
            return self.because(CheckName::Serial, Reason::ChainIncomplete);
        }
        let any = judged.first.or(judged.withdrawal).unwrap();
        let mut here = (judged.serial, self.facts.said[any].id);
        while here.0 > mark {
            let is_here = |said: &usize| self.facts.said[*said].id == here.1;
            let Some(said) = self.updates().into_iter().find(is_here) else {
                return self.because(CheckName::Serial, Reason::ChainIncomplete);
            };
            let Some(predecessor) = self.update(said).predecessor else {
                return self.because(CheckName::Serial, Reason::OtherChain);
            };
            here = (predecessor.serial, predecessor.statement);
        }
        if here != (mark, statement) {
            self.because(CheckName::Serial, Reason::OtherChain);
        }
    }

    fn remembered(&self, line: &Line) -> Option<(u64, Hash)> {
        let Remembers::Known { lines, .. } = &self.question.memory else {
            return None;
        };
        let mark = lines.iter().find(|(known, ..)| known == line)?;
        Some((mark.1, mark.2))
    }

    /// Left open: a companion that is not remembered is at serial 0.
    fn companions(&mut self, force: usize) {
        self.ok(CheckName::Companions);
        let update = self.update(force).clone();
        for needs in update.requires {
            let (product, kind) = (needs.product, needs.kind);
            let other = Line {
                product,
                kind,
                ..update.line.clone()
            };
            let serial = self.remembered(&other).map_or(0, |mark| mark.0);
            if serial < needs.min {
                self.because(CheckName::Companions, Reason::CompanionTooOld);
            }
            if needs.max.is_some_and(|max| serial > max) {
                self.because(CheckName::Companions, Reason::CompanionTooNew);
            }
        }
    }

    /// U6, AT-17: a tier ends at its own day, and 30 days after log time whatever its day is.
    fn audience(&mut self, set: &Set, force: usize) {
        self.ok(CheckName::Audience);
        let audience = self.update(force).audience.clone();
        let Audience::Tier {
            name, everyone_by, ..
        } = audience
        else {
            return;
        };
        let month = self.offered_since(force).map(|since| since + 30 * 86_400);
        let ends = month.unwrap_or(i64::MAX).min(everyone_by.seconds());
        if self.question.now > ends {
            self.because(CheckName::Audience, Reason::TierLapsed);
        }
        if !set.tiers.contains(&name.as_str()) {
            self.because(CheckName::Audience, Reason::Tier);
        }
    }

    /// Left open: a product swap needs the consent that is asked for each time.
    fn consent(&mut self, set: &Set, force: usize) {
        self.ok(CheckName::Consent);
        let actions = self.update(force).actions;
        if actions.class == Class::ProductChange && !set.allow.contains(&"ask-each-time") {
            self.because(CheckName::Consent, Reason::ProductChange);
        }
        let word = match actions.consent {
            Consent::AskEachTime => "ask-each-time",
            Consent::Contract => "contract",
            Consent::OptIn => "opt-in",
        };
        if !set.allow.contains(&word) {
            self.because(CheckName::Consent, Reason::ConsentNeeded);
        }
    }

    /// U4, U5: one key withdraws, for good.
    fn activation(&mut self, judged: &Judged, force: usize) {
        self.ok(CheckName::Activation);
        let (now, activation) = (self.question.now, self.update(force).activation);
        if now < activation.from.seconds() {
            self.because(CheckName::Activation, Reason::NotYet);
        }
        if activation.until.is_some_and(|until| now > until.seconds()) {
            self.because(CheckName::Activation, Reason::Expired);
        }
        if judged.withdrawal.is_some() {
            self.because(CheckName::Activation, Reason::Withdrawn);
        }
    }

    /// Left open: of a party's word only that on the statement in force is denied.
    fn denied(&mut self, judged: &Judged, force: usize) {
        let signed = |among: &[usize], by: By| {
            let mut found = self.signings.iter();
            found.any(|found| among.contains(&found.said) && found.by == by)
        };
        let hit = |deny: &Deny| match deny {
            Deny::Digest(digest) => self.patched(&judged.all).contains(digest),
            Deny::Key(key) => signed(&judged.all, *key),
            // What is judged here is the publisher's.
            Deny::Acme => true,
            Deny::Party(party) => signed(&[force], By::Party(*party)),
            Deny::Statement(id) => judged
                .all
                .iter()
                .any(|said| self.facts.said[*said].id == *id),
            Deny::Serials(channel, serials) => {
                line(channel) == judged.line && serials.contains(&judged.serial)
            }
        };
        if self.question.rules.deny.iter().any(hit) {
            self.because(CheckName::Denied, Reason::Denied);
        }
    }

    /// What a patch makes goes on as the file (step 9).
    fn patched(&self, all: &[usize]) -> BTreeSet<Hash> {
        let Asked::File(digest) = self.question.artifact else {
            return BTreeSet::new();
        };
        let mut results = BTreeSet::new();
        for said in all {
            let (update, subjects) = self.facts.update(*said).unwrap();
            for (file, subject) in update.files.iter().zip(subjects) {
                match file.role {
                    Role::Patch { to, .. } if subject.sha256 == digest => results.insert(to),
                    _ => false,
                };
            }
        }
        results
    }

    /// What this version does not judge is missing by its `otherwise`. Left open: `grace` forgives what was looked for
    /// and not found, so it forgives nothing here.
    fn unjudged(&mut self, set: &Set) {
        for (check, otherwise, _) in &set.unjudged {
            let reason = match check {
                CheckName::Advisories => {
                    self.because(*check, Reason::ClientTooOld);
                    continue;
                }
                CheckName::Fresh => Reason::Stale,
                CheckName::Newest => Reason::NewestUnknown,
                CheckName::Provenance | CheckName::Sbom => Reason::Absent,
                CheckName::RulesFingerprint => Reason::NoRulesSet,
                _ => Reason::TooFew,
            };
            self.missing(*check, reason, *otherwise);
        }
    }
}
