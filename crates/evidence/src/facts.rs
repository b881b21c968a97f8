//! What the door must know of the log: a plan, one read by the caller, the facts.
//!
//! The door is pure (`evidence.md` §2.4). [`FactsPlan::of`] says what to look up for one statement; the caller reads
//! it, in the transaction that will also write, and hands [`Facts`] to [`crate::door::door`].

use tlog::hash::Hash;

use crate::kind::update::Role;
use crate::kind::{Kind, KindName};
use crate::line::Word;
use crate::statement::Statement;

/// What to look up before a statement goes through the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactsPlan {
    /// Is this statement logged already, by whatever key?
    pub statement: Hash,
    /// Which of these are logged here, and by whom?
    pub supersedes: Vec<Hash>,
    /// What further the kind asks for.
    pub kind: KindPlan,
}

/// What a kind asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KindPlan {
    /// Nothing.
    Nothing,
    /// An update asks about its line.
    Update(UpdatePlan),
}

/// What an update asks about its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdatePlan {
    /// Line id.
    pub line: Hash,
    /// Which statements of this serial are logged?
    pub serial: u64,
    /// Which of these were files of a serial below this one?
    pub patch_from: Vec<Hash>,
    /// What does this `rules-set` statement say?
    pub rules_set: Option<Hash>,
}

/// What the log holds, read for one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The party for which the signing key is admitted (D2).
    pub party: Word,
    /// Whether the statement is logged already, by another key.
    pub logged: bool,
    /// Those statements of the plan's `supersedes` that this log holds.
    pub superseded: Vec<LoggedStatement>,
    /// What the kind asked for.
    pub kind: KindFacts,
}

/// A statement that this log holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedStatement {
    /// Its id.
    pub id: Hash,
    /// Its kind.
    pub kind: KindName,
    /// The party whose key signed it.
    pub party: Word,
}

/// What a kind asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KindFacts {
    /// Nothing.
    Nothing,
    /// The state of an update's line.
    Update(UpdateFacts),
}

/// The state of a line in this log. There is no default: an empty line would let every serial in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateFacts {
    /// The highest serial with the id of its first statement; none on an empty line.
    pub highest: Option<(u64, Hash)>,
    /// The statements of the plan's serial, if there are any.
    pub serial: Option<SerialFacts>,
    /// Those digests of the plan's `patch_from` that were files of a lower serial.
    pub patch_from: Vec<Hash>,
    /// The logged `rules-set` statement of the plan, if it is there.
    pub rules_set: Option<RulesSetFacts>,
}

/// The statements of one serial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialFacts {
    /// Id of the first.
    pub first: Hash,
    /// The last one: the first itself, or its newest amendment.
    pub latest: Box<Statement>,
}

/// What a `rules-set` statement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesSetFacts {
    /// Product.
    pub product: Word,
    /// Channel.
    pub channel: Word,
    /// Serial.
    pub serial: u64,
    /// Fingerprint.
    pub fingerprint: Hash,
}

impl FactsPlan {
    /// What to look up for a statement.
    pub fn of(statement: &Statement) -> Self {
        let kind = match statement.kind() {
            Kind::Update(update) => KindPlan::Update(UpdatePlan {
                line: update.line.id(),
                serial: update.serial,
                patch_from: update
                    .files
                    .iter()
                    .filter_map(|file| match file.role {
                        Role::Patch { from, .. } => Some(from),
                        Role::Full | Role::Part => None,
                    })
                    .collect(),
                rules_set: update.rules.map(|rules| rules.set),
            }),
            Kind::Foreign(_) => KindPlan::Nothing,
        };
        Self {
            statement: statement.id(),
            supersedes: statement.supersedes().to_vec(),
            kind,
        }
    }
}
