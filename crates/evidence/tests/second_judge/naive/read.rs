//! Steps 2 to 5: which lines count, and what each proves.

use evidence::reason::{CheckName, Reason};

use super::{Judge, Signing, cosignatures};
use crate::facts::{By, Checkpoint, CheckpointHarm, Flavour, LineHarm, What};
use crate::question::PARTIES;

impl Judge<'_> {
    /// Steps 2 to 5.
    pub(super) fn read(&mut self) {
        let facts = self.facts;
        for line in &facts.lines {
            let entry = &facts.entries[line.entry];
            if line.harm.is_unreadable() {
                self.because(CheckName::Evidence, Reason::UnreadableLines);
                continue;
            }
            if entry.log > 1 || !self.knows(entry.by) {
                continue;
            }
            let checkpoint = &facts.checkpoints[line.checkpoint];
            let signed = checkpoint.harm == CheckpointHarm::None;
            if signed {
                self.checkpoints.push(checkpoint);
            }
            if !self.speaks(entry.by, entry.log) {
                continue;
            }
            if facts.said[entry.said].what == What::UnknownKind {
                self.because(CheckName::Evidence, Reason::UnknownStatements);
                continue;
            }
            let index = facts.index(line.entry);
            let proven = signed && checkpoint.fork != Some(index) && line.harm == LineHarm::None;
            if !proven || entry.flavour == Flavour::Forged {
                self.damaged.insert(entry.said);
            } else if let Some(time) = self.quorum_time(checkpoint) {
                self.hear(Signing {
                    said: entry.said,
                    by: entry.by,
                    index,
                    time,
                });
            } else if matches!(entry.by, By::Release(_)) {
                self.unwitnessed.insert(entry.said);
            }
        }
    }

    fn hear(&mut self, signing: Signing) {
        let same = |known: &&mut Signing| (known.said, known.by) == (signing.said, signing.by);
        match self.signings.iter_mut().find(same) {
            Some(known) => {
                known.index = known.index.min(signing.index);
                known.time = known.time.min(signing.time);
            }
            None => self.signings.push(signing),
        }
    }

    fn knows(&self, by: By) -> bool {
        match by {
            By::Release(key) => key < self.question.rules.pinned,
            By::Party(_) | By::Rival => true,
            By::Stranger => false,
        }
    }

    /// Whether this is the log in which that key's statements stand. The publishers of these worlds share one log.
    fn speaks(&self, by: By, log: usize) -> bool {
        match by {
            By::Party(party) => PARTIES[party].2 == log,
            By::Release(_) | By::Rival => log == 0,
            By::Stranger => false,
        }
    }

    /// The smallest t such that the cosignatures with time ≤ t meet the quorum (§5).
    fn quorum_time(&self, checkpoint: &Checkpoint) -> Option<i64> {
        let mut times: Vec<i64> = cosignatures(checkpoint).collect();
        times.sort_unstable();
        times.get(self.question.rules.quorum - 1).copied()
    }
}
