//! Step 9: on which line, at which serial the file stands; or why nowhere.

use std::collections::BTreeSet;

use evidence::kind::update::State;
use evidence::line::Line;
use evidence::reason::{CheckName, Reason};
use tlog::hash::Hash;

use super::{Judge, Judged};
use crate::question::Asked;

impl Judge<'_> {
    pub(super) fn asked_digests(&self) -> Vec<Hash> {
        match &self.question.artifact {
            Asked::File(digest) => vec![*digest],
            Asked::Set(files) => files.iter().map(|(_, digest)| *digest).collect(),
        }
    }

    fn has_any(&self, said: usize) -> bool {
        let asked = self.asked_digests();
        let subjects = self.facts.subjects(said);
        subjects.iter().any(|subject| asked.contains(subject))
    }

    /// Whether the statement is about the artifact: names the file, or exactly the set.
    fn has(&self, said: usize) -> bool {
        match &self.question.artifact {
            Asked::File(_) => self.has_any(said),
            Asked::Set(files) => {
                let subjects = self
                    .facts
                    .update(said)
                    .map_or(&[][..], |(_, subjects)| subjects);
                let named: BTreeSet<_> = subjects
                    .iter()
                    .map(|subject| (subject.name.as_ref(), &subject.sha256))
                    .collect();
                !files.is_empty()
                    && named
                        == files
                            .iter()
                            .map(|(name, digest)| (Some(name), digest))
                            .collect()
            }
        }
    }

    fn allows(&self, line: &Line) -> bool {
        self.question
            .rules
            .channels
            .contains(&line.channel.as_str())
    }

    /// Step 9. Left open: a chosen channel narrows; what stands elsewhere only is not logged there. An amendment whose
    /// first statement is not in the evidence offers nothing; a withdrawal needs nobody beside it (decision 3).
    pub(super) fn logged(&mut self) -> Option<Judged> {
        let chosen = |line: &Line| {
            self.question
                .channel
                .is_none_or(|channel| channel == line.channel.as_str())
        };
        let may = |said: &usize| {
            self.allows(&self.update(*said).line) && chosen(&self.update(*said).line)
        };
        let all: Vec<usize> = self
            .updates()
            .into_iter()
            .filter(|said| self.has(*said))
            .filter(may)
            .collect();
        let lines: BTreeSet<&Line> = all.iter().map(|said| &self.update(*said).line).collect();
        if lines.len() > 1 {
            self.because(CheckName::Logged, Reason::AmbiguousLine);
            return None;
        }
        let last = all.iter().max_by_key(|said| self.update(**said).serial);
        let Some((line, serial)) = last.map(|said| {
            let update = self.update(*said);
            (update.line.clone(), update.serial)
        }) else {
            self.nowhere();
            return None;
        };
        let first = self.first(&line, serial);
        let withdrawal = self.withdrawal(&line, serial);
        if first.is_none() && withdrawal.is_none() {
            self.nowhere();
            return None;
        }
        if self.damaged.iter().any(|said| self.has_any(*said)) {
            self.because(CheckName::Logged, Reason::BadProof);
        }
        let all = all
            .into_iter()
            .filter(|said| self.update(*said).serial == serial)
            .collect();
        Some(Judged {
            line,
            serial,
            first,
            withdrawal,
            all,
        })
    }

    /// A serial's first statement, whatever its files.
    fn first(&self, line: &Line, serial: u64) -> Option<usize> {
        let is_first = |said: &usize| {
            let update = self.update(*said);
            update.line == *line && update.serial == serial && update.supersedes.is_empty()
        };
        let firsts = self.updates().into_iter().filter(is_first);
        firsts.min_by_key(|said| self.index(*said))
    }

    /// A withdrawal of the serial, by any one key.
    pub(super) fn withdrawal(&self, line: &Line, serial: u64) -> Option<usize> {
        let withdraws = |said: &usize| {
            let update = self.update(*said);
            update.line == *line && update.serial == serial && update.state != State::Offered
        };
        self.updates().into_iter().find(withdraws)
    }

    /// Why nothing is judged. Left open: an update that waits for its quorum comes before all else.
    fn nowhere(&mut self) {
        let waits = |said: &usize| self.has(*said) && self.allows(&self.update(*said).line);
        let elsewhere = |said: &usize| self.has(*said) && !self.allows(&self.update(*said).line);
        if self.unwitnessed.iter().any(waits) {
            self.because(CheckName::Witnessed, Reason::TooFewWitnesses);
        } else if self.updates().iter().any(elsewhere) {
            self.because(CheckName::Logged, Reason::LineNotAllowed);
        } else if let Some(reason) = self.not_a_set() {
            self.because(CheckName::Logged, reason);
        } else if self.damaged.iter().any(|said| self.has_any(*said)) {
            self.because(CheckName::Logged, Reason::BadProof);
        } else {
            self.because(CheckName::Logged, Reason::NotLogged);
        }
    }

    /// Design note 0005, of the allowed update that has most of the files: it has not all of them; or all, but not under
    /// these names; or more than these.
    fn not_a_set(&self) -> Option<Reason> {
        let Asked::Set(files) = &self.question.artifact else {
            return None;
        };
        let mut best = (0, 0, 0);
        for said in self.updates() {
            let (update, subjects) = self.facts.update(said).unwrap();
            if !self.allows(&update.line) {
                continue;
            }
            let (mut held, mut named) = (0, 0);
            for (name, digest) in files {
                let same: Vec<_> = subjects
                    .iter()
                    .filter(|subject| subject.sha256 == *digest)
                    .collect();
                held += usize::from(!same.is_empty());
                let own_name = same
                    .iter()
                    .any(|subject| subject.name.as_ref() == Some(name));
                named += usize::from(own_name);
            }
            best = best.max((held, named, subjects.len()));
        }
        match best {
            (0, ..) => None,
            (held, ..) if held < files.len() => Some(Reason::MixedFiles),
            (_, named, _) if named < files.len() => Some(Reason::RenamedFiles),
            (.., whole) if whole > files.len() => Some(Reason::MissingFiles),
            _ => None,
        }
    }
}
