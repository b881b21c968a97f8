//! `urn:vitrine:update:v1`: a publisher gives new files to a line, `evidence.md` §3.
//!
//! Withdrawing is an amendment of the same statement, not a kind of its own: who asks about the digest meets it. The
//! rules that need to know what is logged already (U1 to U8) stand in [`crate::kind::update_door`].
//!
//! ```
//! use evidence::statement::Statement;
//! # let payload = include_bytes!("../../testdata/vector/payload.json");
//!
//! let statement = Statement::parse(payload)?;
//! let update = statement.kind().as_update().expect("an update");
//! assert_eq!((update.serial, update.version.as_ref()), (42, "4.2.0"));
//! assert_eq!(update.to_statement_bytes(statement.subjects())?, payload);
//! # Ok::<(), evidence::refusal::Refusal>(())
//! ```

mod form;

use tlog::hash::Hash;

use crate::kind::{Form, KindName, KindRow};
use crate::line::{Line, LineKind, Word};
use crate::name::Name;
use crate::refusal::Refusal;
use crate::statement::{self, Statement, Subject};
use crate::time::Time;
use crate::words::words;

/// An update as its publisher signs it. One read from a [`Statement`] obeys the rules of form; one put together by
/// hand is checked by [`Update::to_statement_bytes`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The line that is updated.
    pub line: Line,
    /// The version, for people: 1 to 64 bytes.
    pub version: Box<str>,
    /// The number that machines compare: 1 or more, ascending on the line.
    pub serial: u64,
    /// The update before this one; none only for the first of a line.
    pub predecessor: Option<Predecessor>,
    /// The files, in the order of the subjects.
    pub files: Vec<File>,
    /// Root of the source snapshot.
    pub source: Option<Hash>,
    /// Digest of the recipe that builds the files from the source.
    pub recipe: Option<Hash>,
    /// Bills of materials, ascending.
    pub sbom: Vec<Sbom>,
    /// Digest of the release notes.
    pub notes: Option<Hash>,
    /// The rule set, with the line kind `detection-rules` always and only.
    pub rules: Option<RulesSet>,
    /// What other lines of this publisher, channel and platform must have reached, ascending.
    pub requires: Vec<Requirement>,
    /// What installing it does.
    pub actions: Actions,
    /// Who is offered it.
    pub audience: Audience,
    /// When it may be installed.
    pub activation: Activation,
    /// Whether it is offered still.
    pub state: State,
    /// The earlier serial whose bytes come back: going back is a new serial.
    pub returns_to: Option<u64>,
    /// The statement that this amendment replaces.
    pub supersedes: Vec<Hash>,
}

/// The update before this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Predecessor {
    /// Its serial.
    pub serial: u64,
    /// Id of the first statement of that serial, not of an amendment.
    pub statement: Hash,
}

/// One file of an update; its digest stands in the subject of the same name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct File {
    /// The name, equal to the subject's.
    pub name: Name,
    /// Bytes.
    pub size: u64,
    /// What the file is for.
    pub role: Role,
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The whole product.
    Full,
    /// A part that is useless alone.
    Part,
    /// A patch.
    Patch {
        /// SHA-256 of the file that is patched, of an earlier serial.
        from: Hash,
        /// SHA-256 of the result, a full file of this update.
        to: Hash,
    },
}

/// A bill of materials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sbom {
    /// Its format.
    pub format: SbomFormat,
    /// Its digest.
    pub sha256: Hash,
}

/// The rule set of a `detection-rules` line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RulesSet {
    /// Fingerprint of the rules.
    pub fingerprint: Hash,
    /// Id of the `rules-set` statement.
    pub set: Hash,
}

/// What another line must have reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    /// Kind of the other line.
    pub kind: LineKind,
    /// Product of the other line.
    pub product: Word,
    /// Lowest serial.
    pub min: u64,
    /// Highest serial.
    pub max: Option<u64>,
}

/// What installing an update does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Actions {
    /// What sort of change it is.
    pub class: Class,
    /// What the customer must have agreed to.
    pub consent: Consent,
}

/// Who is offered an update.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Everyone: a signed claim that nobody on this line is offered anything else.
    Everyone,
    /// The same bytes, some first.
    Tier {
        /// The tier's name.
        name: Word,
        /// Share of the customers, 1 to 100 per thousand.
        permille: u64,
        /// When everyone is offered it.
        everyone_by: Time,
    },
}

/// When an update may be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Activation {
    /// From when on.
    pub from: Time,
    /// Until when; after it the update may no longer be installed. At most 400 days after `from` (U9).
    pub until: Option<Time>,
}

/// Whether an update is offered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It is.
    Offered,
    /// It is taken back, for good (U5).
    Withdrawn(Withdrawal),
}

/// Why an update was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Withdrawal {
    /// The reason.
    pub reason: WithdrawalReason,
    /// The reason in the publisher's words, 1 to 4,096 bytes.
    pub text: Box<str>,
}

words! {
    /// What sort of change an update is.
    pub enum Class {
        /// New behaviour.
        Feature = "feature",
        /// Corrections alone.
        Fix = "fix",
        /// Another product, publisher or set of files takes the place.
        ProductChange = "product-change",
        /// Detection rules.
        Rules = "rules",
        /// Settings.
        Settings = "settings",
    }
}

words! {
    /// What the customer must have agreed to.
    pub enum Consent {
        /// Each single update.
        AskEachTime = "ask-each-time",
        /// The contract covers it.
        Contract = "contract",
        /// A choice made beforehand.
        OptIn = "opt-in",
    }
}

words! {
    /// Format of a bill of materials.
    pub enum SbomFormat {
        /// CycloneDX.
        CycloneDx = "cyclonedx",
        /// SPDX.
        Spdx = "spdx",
    }
}

words! {
    /// Why an update was taken back.
    pub enum WithdrawalReason {
        /// It makes machines crash.
        Crash = "crash",
        /// It reports or removes what is harmless.
        FalseAlarm = "false-alarm",
        /// The law asks for it.
        Legal = "legal",
        /// It was not meant to be published.
        Mistake = "mistake",
        /// None of these.
        Other = "other",
        /// It opens a hole.
        Security = "security",
    }
}

impl State {
    /// The word that is said.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Offered => OFFERED,
            Self::Withdrawn(_) => WITHDRAWN,
        }
    }
}

impl Role {
    /// The role's word.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Full => FULL,
            Self::Part => PART,
            Self::Patch { .. } => PATCH,
        }
    }
}

impl Audience {
    /// The audience's word.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Everyone => EVERYONE,
            Self::Tier { .. } => TIER,
        }
    }
}

impl Update {
    /// Canonical bytes of the statement that gives these subjects to the line; sorted here, checked by reading them
    /// back. Inverse of [`Statement::parse`].
    ///
    /// # Errors
    ///
    /// The [`Refusal`] that a door would answer with for the rules of form.
    pub fn to_statement_bytes(&self, subjects: &[Subject]) -> Result<Vec<u8>, Refusal> {
        let bytes = statement::to_bytes(KindName::Update, subjects, self.to_json());
        Statement::parse(&bytes)?;
        Ok(bytes)
    }
}

pub(crate) const ROW: KindRow = KindRow {
    name: KindName::Update,
    predicate_type: "urn:vitrine:update:v1",
    form: Form::Ours {
        parse: form::parse,
        schema: include_str!("../../schemas/update.json"),
    },
    nonce: false,
    negative: &[WITHDRAWN],
    always_binding: false,
};

const OFFERED: &str = "offered";
const WITHDRAWN: &str = "withdrawn";
const EVERYONE: &str = "everyone";
const TIER: &str = "tier";
const FULL: &str = "full";
const PART: &str = "part";
const PATCH: &str = "patch";

#[cfg(test)]
mod tests;
