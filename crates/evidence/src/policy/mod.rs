//! The customer's trust policy: `evidence.md` §7.
//!
//! A policy says what a machine may receive, whose word counts, and what must be proven before an update is accepted.
//! It is data: no expressions, no includes, and for each line of updates exactly one set of requirements applies. The
//! text is TOML 1.0; everything that is wrong with it is reported at once, each with its place.
//!
//! ```
//! use evidence::policy::Policy;
//! use evidence::time::Time;
//!
//! let text = "policy = 1\nname = \"ward-3\"\nserial = 7\nexpires = \"2027-11-24\"\nclok-skew = \"PT5M\"\n";
//! let now = Time::parse("2026-11-24T00:00:00Z")?;
//! let invalid = Policy::parse(text, now).unwrap_err();
//! let found: Vec<_> = invalid.errors().map(ToString::to_string).collect();
//! assert!(found.contains(&"PL1, line 4, column 11: expected a time in quotes like 2026-11-24T06:12:00Z".into()));
//! assert!(found.contains(&"PL1, line 5, column 1: unknown member; did you mean clock-skew?".into()));
//! assert!(found.contains(&"PL1, line 1, column 1: the member log is missing".into()));
//! # Ok::<(), evidence::time::TimeError>(())
//! ```

mod diagnostic;
mod parse;
mod require;
mod seal;
mod select;
mod table;
mod warn;

use std::collections::BTreeMap;

use tlog::checkpoint::LogKeys;
use tlog::hash::Hash;
use tlog::policy::Witnesses;

pub use diagnostic::{Diagnostic, Level, PolicyInvalid, PolicyRule, Problem};
pub use require::*;
pub use seal::{SealError, seal};

use crate::key::{KeyId, PublicKey};
use crate::line::{Line, LineKind, Word};
use crate::reason::CheckName;
use crate::time::{Duration, Time};
use crate::words::words;

/// A trust policy whose text broke no rule. Only [`Policy::parse`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    identity: Identity,
    expires: Time,
    clock_skew: Duration,
    lines: Vec<LineRule>,
    witnesses: BTreeMap<Word, Witnesses>,
    logs: BTreeMap<Box<str>, Log>,
    publishers: BTreeMap<Word, Publisher>,
    parties: BTreeMap<Word, Party>,
    sets: BTreeMap<Word, Set>,
    deny: Vec<Deny>,
    warnings: Vec<Diagnostic>,
}

/// Which policy it is. Two texts with one name and serial differ in `sha256`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The policy's name.
    pub name: Word,
    /// Raised with every change; at least 1.
    pub serial: u64,
    /// SHA-256 of the whole text.
    pub sha256: Hash,
    /// SHA-256 of the text that this one replaces, where a fleet signs its policies.
    pub previous: Option<Hash>,
    /// Whether the text carries its own digest.
    pub sealed: bool,
}

/// `[[line]]`: what a machine may receive. All else is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRule {
    /// The publisher, a name of the policy.
    pub publisher: Word,
    /// The product.
    pub product: Word,
    /// Kinds of update.
    pub kinds: Vec<LineKind>,
    /// Channels.
    pub channels: Vec<Word>,
    /// Platforms; `any` is a word like others.
    pub platforms: Vec<Word>,
    /// Names of operating-system packages that must be accepted, for `gate --apt`.
    pub packages: Vec<Box<str>>,
    /// Line of the policy text, from 1.
    pub text_line: usize,
}

impl LineRule {
    /// Whether it allows this line.
    pub fn allows(&self, line: &Line) -> bool {
        self.publisher == line.publisher
            && self.product == line.product
            && self.kinds.contains(&line.kind)
            && self.channels.contains(&line.channel)
            && self.platforms.contains(&line.platform)
    }

    /// The lines that it allows.
    pub fn lines(&self) -> impl Iterator<Item = Line> {
        let kinds = self.kinds.iter();
        kinds.flat_map(move |kind| {
            self.channels.iter().flat_map(move |channel| {
                self.platforms.iter().map(move |platform| Line {
                    publisher: self.publisher.clone(),
                    product: self.product.clone(),
                    kind: *kind,
                    channel: channel.clone(),
                    platform: platform.clone(),
                })
            })
        })
    }
}

/// `[log]`: a log whose checkpoints count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Its keys; all of them must have signed a checkpoint.
    pub keys: LogKeys,
    /// Name of the witness text whose quorum must have cosigned.
    pub witnesses: Word,
}

/// `[publisher.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publisher {
    /// Who runs it, as a name for people; equal texts are one operator.
    pub operator: Box<str>,
    /// Two capital letters.
    pub jurisdiction: Box<str>,
    /// Origin of its log.
    pub log: Box<str>,
    /// Its release keys.
    pub keys: Vec<PublicKey>,
    /// How many of them must have signed an offer, 1 to their number.
    pub threshold: u64,
    /// Offline keys that change the release keys.
    pub recovery: Option<Recovery>,
    /// Whether a logged `set` of keys is followed. An `end` always is (KY3).
    pub follow_keys: bool,
}

/// `[party]`: someone whose word counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Who runs it, as a name for people; equal texts are one operator.
    pub operator: Box<str>,
    /// Two capital letters.
    pub jurisdiction: Box<str>,
    /// What its word counts for.
    pub roles: Vec<Role>,
    /// Origin of the log in which its statements stand.
    pub log: Box<str>,
    /// Its keys; any one of them speaks for it.
    pub keys: Vec<PublicKey>,
    /// Ties that the customer knows of.
    pub conflicts: Vec<Conflict>,
    /// Offline keys that change the keys.
    pub recovery: Option<Recovery>,
    /// Whether a logged `set` of keys is followed.
    pub follow_keys: bool,
}

/// Recovery keys and how many of them must agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The keys.
    pub keys: Vec<PublicKey>,
    /// 1 to their number.
    pub threshold: u64,
}

words! {
    /// What a party's word counts for.
    pub enum Role {
        /// Judges controls and data flows.
        Assessor = "assessor",
        /// Says what it saw on a line.
        Center = "center",
        /// Publishes advisories.
        Coordinator = "coordinator",
        /// Observes traffic.
        Observer = "observer",
        /// Rebuilds.
        Rebuilder = "rebuilder",
        /// Reads source and rules.
        Reviewer = "reviewer",
        /// Signs offers beside the publisher.
        Signer = "signer",
    }
}

/// A tie between a party and another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// What ties them.
    pub kind: ConflictKind,
    /// The other: a name of the policy.
    pub party: Word,
}

words! {
    /// What ties two parties.
    pub enum ConflictKind {
        /// It belongs to the other.
        OwnedBy = "owned-by",
        /// The other pays it.
        PaidBy = "paid-by",
        /// Both belong to one group.
        SameGroup = "same-group",
    }
}

/// `[require.NAME]`: what must be proven on the lines that `when` selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// Which lines.
    pub when: When,
    /// The set from which requirements were taken that this one does not name.
    pub base: Option<Word>,
    /// The requirements, those of the base included.
    pub requirements: Requirements,
    /// By check, the line of the policy text that asks for it, from 1; checks that no line names are absent.
    pub text_lines: BTreeMap<CheckName, usize>,
}

/// Selectors of a set; one that is `None` matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// The publisher.
    pub publisher: Option<Word>,
    /// The product.
    pub product: Option<Word>,
    /// The kind.
    pub kind: Option<LineKind>,
    /// The channel.
    pub channel: Option<Word>,
    /// The platform.
    pub platform: Option<Word>,
}

/// `[[deny]]`: what is refused whatever else is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deny {
    /// What.
    pub what: Denied,
    /// Why, in the customer's words.
    pub reason: Box<str>,
    /// Line of the policy text, from 1.
    pub text_line: usize,
}

/// What a denial names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// A file.
    Digest(Hash),
    /// Everything that this key signed.
    Key(KeyId),
    /// Serials of a line.
    Line(Line, Vec<u64>),
    /// Everything that this party or publisher signed.
    Party(Word),
    /// A statement.
    Statement(Hash),
}

impl Policy {
    /// The policy's identity.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// From then on the policy decides nothing.
    pub fn expires(&self) -> Time {
        self.expires
    }

    /// How far clocks may differ.
    pub fn clock_skew(&self) -> Duration {
        self.clock_skew
    }

    /// What a machine may receive.
    pub fn lines(&self) -> &[LineRule] {
        &self.lines
    }

    /// The witness texts by name.
    pub fn witnesses(&self) -> &BTreeMap<Word, Witnesses> {
        &self.witnesses
    }

    /// The logs by origin.
    pub fn logs(&self) -> &BTreeMap<Box<str>, Log> {
        &self.logs
    }

    /// The log of that origin and the witnesses that must cosign it.
    pub fn log(&self, origin: &str) -> Option<(&Log, &Witnesses)> {
        let log = self.logs.get(origin)?;
        Some((log, self.witnesses.get(&log.witnesses)?))
    }

    /// The publishers by name.
    pub fn publishers(&self) -> &BTreeMap<Word, Publisher> {
        &self.publishers
    }

    /// The parties by name.
    pub fn parties(&self) -> &BTreeMap<Word, Party> {
        &self.parties
    }

    /// The sets of requirements by name.
    pub fn sets(&self) -> &BTreeMap<Word, Set> {
        &self.sets
    }

    /// The deny list in the order of the text.
    pub fn deny(&self) -> &[Deny] {
        &self.deny
    }

    /// What is allowed but looks like a mistake (PL8), in the order of the text.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }
}

#[cfg(test)]
mod tests;
