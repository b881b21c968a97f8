//! What happened in a world, as plain facts: who said what, which log took it, who cosigned, what the bundle holds.
//!
//! The naive judge reads these facts and no signature; [`crate::build`] makes real bytes of them for the first judge.

use evidence::kind::Update;
use evidence::line::{Line, LineKind};
use evidence::statement::Subject;
use tlog::hash::{Hash, sha256};

use crate::kit::{self, word};

/// The publisher's keys that exist; a policy pins the first few of them.
pub(crate) const RELEASE_KEYS: usize = 3;
/// Parties beside the publisher; [`crate::question::PARTIES`] says who they are.
pub(crate) const PARTIES: usize = 4;
/// The publisher's log, a center's, and one that no policy names.
pub(crate) const ORIGINS: [&str; 3] = [
    "log.acme.example/v1",
    "center-eu.example/v1",
    "log.elsewhere.example/v1",
];
/// The file that statements of other kinds are about.
pub(crate) const FOREIGN_SUBJECT: &str = "1";
/// Three witnesses of the policy, and one that is not.
pub(crate) const WITNESSES: [&str; 4] = ["eu", "us", "sg", "xx"];
/// How many of them the policy names.
pub(crate) const KNOWN_WITNESSES: usize = 3;

#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) said: Vec<Said>,
    /// In the order of each log.
    pub(crate) entries: Vec<Entry>,
    pub(crate) checkpoints: Vec<Checkpoint>,
    /// The bundle, in its order.
    pub(crate) lines: Vec<BundleLine>,
}

/// A statement, by whomever.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) what: What,
    pub(crate) payload: Vec<u8>,
    pub(crate) id: Hash,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    Update(Box<Update>, Vec<Subject>),
    /// A kind that is carried and never judged.
    Provenance,
    /// A predicate type that nobody knows.
    UnknownKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum By {
    Release(usize),
    Party(usize),
    /// Another publisher of the policy.
    Rival,
    Stranger,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Flavour {
    Plain,
    /// The same signing with s negated.
    HighS,
    /// The named key never signed this.
    Forged,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    pub(crate) log: usize,
    pub(crate) said: usize,
    pub(crate) by: By,
    pub(crate) flavour: Flavour,
}

/// A log's signed word about itself.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoint {
    pub(crate) log: usize,
    pub(crate) size: usize,
    /// The index of the entry that this view of the log replaces by another one.
    pub(crate) fork: Option<usize>,
    /// Witness and time.
    pub(crate) cosigned: Vec<(usize, i64)>,
    pub(crate) harm: CheckpointHarm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckpointHarm {
    None,
    /// One of the log's two keys has not signed.
    OneLogKey,
    /// A known cosigner's name is damaged (design note 0003).
    Name,
    /// A known cosigner's signature is damaged (`tlog.md` N5).
    Signature,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct BundleLine {
    pub(crate) entry: usize,
    pub(crate) checkpoint: usize,
    pub(crate) harm: LineHarm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineHarm {
    None,
    /// The end is cut off.
    Cut,
    /// A byte of the payload is another one, so the entry logs something else.
    Payload,
    /// One hash too many in the proof.
    Proof,
    /// The index is that of another entry.
    Index(usize),
}

impl LineHarm {
    /// Whether nothing can be read at all.
    pub(crate) const fn is_unreadable(self) -> bool {
        matches!(self, Self::Cut | Self::Payload)
    }
}

impl Facts {
    /// The entries of a log, as positions in `entries`.
    pub(crate) fn log(&self, log: usize) -> Vec<usize> {
        (0..self.entries.len())
            .filter(|at| self.entries[*at].log == log)
            .collect()
    }

    /// The index of an entry in its log.
    pub(crate) fn index(&self, entry: usize) -> usize {
        let log = self.entries[entry].log;
        self.entries[..entry]
            .iter()
            .filter(|other| other.log == log)
            .count()
    }

    pub(crate) fn update(&self, said: usize) -> Option<(&Update, &[Subject])> {
        match &self.said[said].what {
            What::Update(update, subjects) => Some((update, subjects)),
            What::Provenance | What::UnknownKind => None,
        }
    }

    /// The files that a statement is about.
    pub(crate) fn subjects(&self, said: usize) -> Vec<Hash> {
        match &self.said[said].what {
            What::Update(_, subjects) => subjects.iter().map(|subject| subject.sha256).collect(),
            What::Provenance | What::UnknownKind => vec![digest(FOREIGN_SUBJECT)],
        }
    }

    /// All updates that anyone ever signed, as positions in `said`.
    pub(crate) fn updates(&self) -> Vec<usize> {
        (0..self.said.len())
            .filter(|said| self.update(*said).is_some())
            .collect()
    }

    pub(crate) fn say_update(&mut self, update: &Update, subjects: &[Subject]) -> usize {
        let bytes = update.to_statement_bytes(subjects);
        let payload = bytes.unwrap_or_else(|refusal| panic!("{refusal}: {:?}", update.activation));
        let mut subjects = subjects.to_vec();
        subjects.sort();
        self.say(What::Update(Box::new(update.clone()), subjects), payload)
    }

    /// Notes a statement, once.
    pub(crate) fn say(&mut self, what: What, payload: Vec<u8>) -> usize {
        let id = sha256(&payload);
        if let Some(known) = self.said.iter().position(|said| said.id == id) {
            return known;
        }
        self.said.push(Said { what, payload, id });
        self.said.len() - 1
    }

    /// One more entry at the end of a log, under a checkpoint of its own, with a line at the end of the bundle. Nothing
    /// else changes.
    pub(crate) fn append(&mut self, entry: Entry, cosigned: Vec<(usize, i64)>) {
        self.entries.push(entry);
        let size = self.log(entry.log).len();
        let log = entry.log;
        self.checkpoints.push(Checkpoint {
            log,
            size,
            fork: None,
            cosigned,
            harm: CheckpointHarm::None,
        });
        let (entry, checkpoint) = (self.entries.len() - 1, self.checkpoints.len() - 1);
        self.lines.push(BundleLine {
            entry,
            checkpoint,
            harm: LineHarm::None,
        });
    }
}

pub(crate) fn line(channel: &str) -> Line {
    Line {
        channel: word(channel),
        ..kit::line()
    }
}

/// The line on which companions stand.
pub(crate) fn companion(channel: &str) -> Line {
    Line {
        product: word("acme-rules"),
        kind: LineKind::DetectionRules,
        ..line(channel)
    }
}

pub(crate) fn digest(name: &str) -> Hash {
    sha256(format!("file {name}").as_bytes())
}
