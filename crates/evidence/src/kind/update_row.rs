//! An update as a plain row: what views of a log keep of it, for lists, pages and the door's next question.
//!
//! Rows hold nothing that is not in the statement, so they can be thrown away and made anew from the blobs.

use tlog::hash::Hash;

use crate::kind::update::{Audience, Role, State};
use crate::statement::Statement;

/// One update statement, flat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateRow {
    /// Statement id.
    pub statement: Hash,
    /// Line id.
    pub line: Hash,
    /// The five words of the line: publisher, product, kind, channel, platform.
    pub words: [String; 5],
    /// Serial.
    pub serial: u64,
    /// Version, for people.
    pub version: String,
    /// Serial and first statement of the predecessor.
    pub predecessor: Option<(u64, Hash)>,
    /// `offered` or `withdrawn`.
    pub state: &'static str,
    /// Reason and text of a withdrawal.
    pub withdrawal: Option<(&'static str, String)>,
    /// `everyone` or `tier`.
    pub audience: &'static str,
    /// Name, share per thousand and end (seconds since 1970) of a tier.
    pub tier: Option<(String, u64, i64)>,
    /// From when on it may be installed, in seconds since 1970.
    pub from: i64,
    /// Until when it may be installed, in seconds since 1970.
    pub until: Option<i64>,
    /// Class of the change.
    pub class: &'static str,
    /// What the customer must have agreed to.
    pub consent: &'static str,
    /// Root of the source snapshot.
    pub source: Option<Hash>,
    /// Digest of the recipe.
    pub recipe: Option<Hash>,
    /// Digest of the notes.
    pub notes: Option<Hash>,
    /// Id of the rule set.
    pub rules_set: Option<Hash>,
    /// The statement that this amendment replaces.
    pub supersedes: Option<Hash>,
    /// The files.
    pub files: Vec<FileRow>,
}

/// One file of an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRow {
    /// Name.
    pub name: String,
    /// SHA-256.
    pub sha256: Hash,
    /// Bytes.
    pub size: u64,
    /// `full`, `part` or `patch`.
    pub role: &'static str,
    /// What a patch starts from and leads to.
    pub patch: Option<(Hash, Hash)>,
}

impl UpdateRow {
    /// The row of an update; `None` for other kinds.
    pub fn of(statement: &Statement) -> Option<Self> {
        let update = statement.kind().as_update()?;
        let files = update
            .files
            .iter()
            .zip(statement.subjects())
            .map(|(file, subject)| FileRow {
                name: file.name.to_string(),
                sha256: subject.sha256,
                size: file.size,
                role: file.role.as_str(),
                patch: match file.role {
                    Role::Patch { from, to } => Some((from, to)),
                    Role::Full | Role::Part => None,
                },
            });
        Some(Self {
            statement: statement.id(),
            line: update.line.id(),
            words: update.line.words().map(str::to_owned),
            serial: update.serial,
            version: update.version.to_string(),
            predecessor: update
                .predecessor
                .map(|before| (before.serial, before.statement)),
            state: update.state.as_str(),
            withdrawal: match &update.state {
                State::Offered => None,
                State::Withdrawn(why) => Some((why.reason.as_str(), why.text.to_string())),
            },
            audience: update.audience.as_str(),
            tier: match &update.audience {
                Audience::Everyone => None,
                Audience::Tier {
                    name,
                    permille,
                    everyone_by,
                } => Some((name.to_string(), *permille, everyone_by.seconds())),
            },
            from: update.activation.from.seconds(),
            until: update.activation.until.map(|until| until.seconds()),
            class: update.actions.class.as_str(),
            consent: update.actions.consent.as_str(),
            source: update.source,
            recipe: update.recipe,
            notes: update.notes,
            rules_set: update.rules.map(|rules| rules.set),
            supersedes: update.supersedes.first().copied(),
            files: files.collect(),
        })
    }
}
