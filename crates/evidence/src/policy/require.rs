//! What a set asks for: the requirements of `evidence.md` §9 with their parameters, as types.
//!
//! A requirement that is `None` is not asked for. Names are resolved: `from` and `signers` hold at least one party, and
//! each has the role.

use tlog::hash::Hash;

use crate::line::Word;
use crate::reason::{CheckName, Class, Reason};
use crate::time::Duration;
use crate::verdict::State;
use crate::words::words;

words! {
    /// What the policy makes of something missing, or of a negative word.
    pub enum Outcome {
        /// Only said.
        Note = "note",
        /// The check fails.
        Refuse = "refuse",
        /// The check waits.
        Undecided = "undecided",
    }
}

impl Outcome {
    /// The state of a check with this outcome.
    pub const fn state(self) -> State {
        match self {
            Self::Note => State::Note,
            Self::Refuse => State::Fail,
            Self::Undecided => State::Wait,
        }
    }
}

/// What every requirement has: what becomes of missing and of negative words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How many must count; 1 where there is nothing to count.
    pub need: u64,
    /// An update younger than this: missing is a note.
    pub grace: Duration,
    /// What becomes of something missing.
    pub otherwise: Outcome,
    /// What becomes of a negative word.
    pub against: Outcome,
}

impl Terms {
    /// The state that a reason gives, for an update of this age. The one place where classes become states.
    pub fn state(&self, reason: Reason, age: Option<Duration>) -> State {
        match reason.class() {
            Class::Against => self.against.state(),
            Class::Fail => State::Fail,
            Class::Missing if age.is_some_and(|age| age < self.grace) => {
                self.otherwise.state().min(State::Note)
            }
            Class::Missing => self.otherwise.state(),
            Class::Note => State::Note,
            Class::Wait => State::Wait,
        }
    }
}

/// How many parties must agree, and which count. `by` counts operators, never keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// Operators that must count, at least 1.
    pub by: u64,
    /// The parties that may count: those named, else all with the role.
    pub from: Vec<Word>,
    /// Jurisdictions from which they must come, at least 1.
    pub jurisdictions: u64,
    /// Whether operators that are the publisher's, or have ties to it, are left out.
    pub independent: bool,
    /// Older statements do not count.
    pub max_age: Option<Duration>,
    /// An update younger than this: missing is a note.
    pub grace: Duration,
    /// What becomes of something missing.
    pub otherwise: Outcome,
    /// What becomes of a negative word.
    pub against: Outcome,
}

impl Count {
    /// What every requirement has.
    pub fn terms(&self) -> Terms {
        Terms {
            need: self.by,
            grace: self.grace,
            otherwise: self.otherwise,
            against: self.against,
        }
    }
}

/// All requirements of a set. The first four are always on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirements {
    /// Who must have signed the offer, and since when.
    pub published: Published,
    /// How the update follows earlier ones.
    pub serial: Serial,
    /// For whom it may be.
    pub audience: Audience,
    /// What it may do.
    pub consent: Consent,
    /// Standing statements of centers.
    pub standing: Option<Standing>,
    /// That no newer update is known.
    pub newest: Option<Newest>,
    /// That the publisher's log was seen lately.
    pub fresh: Option<Fresh>,
    /// Rebuilds.
    pub rebuilt: Option<Rebuilt>,
    /// Build provenance.
    pub provenance: Option<Provenance>,
    /// Lists of components.
    pub sbom: Option<Sbom>,
    /// Reviews of the source.
    pub reviewed: Option<Reviewed>,
    /// That the rules in use are the published set.
    pub rules_fingerprint: Option<RulesFingerprint>,
    /// Reviews of the rules.
    pub rules_reviewed: Option<RulesReviewed>,
    /// Assessments of controls.
    pub assessed: Option<Assessed>,
    /// Comparisons of traffic with declared flows.
    pub data_checked: Option<DataChecked>,
    /// Open advisories.
    pub advisories: Option<Advisories>,
}

impl Requirements {
    /// The terms of a requirement; `None` if the set does not ask for it. Checks without terms of their own fail, wait
    /// or note by class alone.
    pub fn terms(&self, check: CheckName) -> Option<Terms> {
        let plain = |otherwise| Terms {
            need: 1,
            grace: Duration::ZERO,
            otherwise,
            against: Outcome::Refuse,
        };
        match check {
            CheckName::Published => Some(Terms {
                need: self.published.independent,
                ..plain(self.published.otherwise)
            }),
            CheckName::Standing => self.standing.as_ref().map(|asked| asked.count.terms()),
            CheckName::Newest => self.newest.as_ref().map(|asked| plain(asked.otherwise)),
            CheckName::Fresh => self.fresh.as_ref().map(|asked| plain(asked.otherwise)),
            CheckName::Rebuilt => self.rebuilt.as_ref().map(|asked| asked.count.terms()),
            CheckName::Provenance => self.provenance.as_ref().map(|asked| Terms {
                grace: asked.grace,
                ..plain(asked.otherwise)
            }),
            CheckName::Sbom => self.sbom.as_ref().map(|asked| plain(asked.otherwise)),
            CheckName::Reviewed => self.reviewed.as_ref().map(|asked| asked.count.terms()),
            CheckName::RulesFingerprint => self
                .rules_fingerprint
                .as_ref()
                .map(|asked| plain(asked.otherwise)),
            CheckName::RulesReviewed => self
                .rules_reviewed
                .as_ref()
                .map(|asked| asked.count.terms()),
            CheckName::Assessed => self.assessed.as_ref().map(|asked| asked.count.terms()),
            CheckName::DataChecked => self.data_checked.as_ref().map(|asked| asked.count.terms()),
            CheckName::Advisories => self.advisories.as_ref().map(|asked| Terms {
                against: asked.against,
                ..plain(Outcome::Undecided)
            }),
            _ if check.is_always_on() => Some(plain(Outcome::Undecided)),
            _ => None,
        }
    }

    /// The checks that the set does not ask for, in order: the verdict's `notChecked`.
    pub fn not_asked(&self) -> impl Iterator<Item = CheckName> {
        CheckName::ALL
            .into_iter()
            .filter(|check| self.terms(*check).is_none())
    }
}

/// `published`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Keys of the publisher that must have signed; `None` for the publisher's own threshold.
    pub threshold: Option<u64>,
    /// Operators beside the publisher's that must have signed too; see [`super::Policy::is_beside`].
    pub independent: u64,
    /// The parties that may be those: named, else all with the role; empty if `independent` is 0 and no party has it.
    pub signers: Vec<Word>,
    /// How long the update must have been public.
    pub min_age: Duration,
    /// What becomes of missing signers.
    pub otherwise: Outcome,
}

/// `serial`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Serial {
    /// Whether the update must be linked to the last accepted one by statements in the evidence.
    pub chain: bool,
}

/// `audience`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    /// Tiers to which this machine belongs.
    pub tiers: Vec<Word>,
}

words! {
    /// What an action may rest on (`rules.md` §8).
    pub enum ConsentWord {
        /// The customer is asked each time.
        AskEachTime = "ask-each-time",
        /// The contract covers it.
        Contract = "contract",
        /// The customer has agreed beforehand.
        OptIn = "opt-in",
    }
}

/// `consent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// The kinds of consent that this customer has given.
    pub allow: Vec<ConsentWord>,
}

/// `standing`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which centers, how many; `max_age` is set, a day unless named.
    pub count: Count,
}

/// `newest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest {
    /// How many serials may be newer.
    pub behind: u64,
    /// What becomes of a newer one, or of not knowing.
    pub otherwise: Outcome,
}

/// `fresh`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fresh {
    /// Highest age of the publisher's newest checkpoint with a quorum.
    pub max_age: Duration,
    /// What becomes of an older one.
    pub otherwise: Outcome,
}

words! {
    /// Ranks of a comparison that a policy can accept, best first (`compare.md` §2).
    pub enum Rank {
        /// Byte for byte equal.
        Identical = "identical",
        /// Every difference is explained by a harmless reason.
        Equivalent = "equivalent",
        /// Equal once an embedded signature is taken away.
        SignatureOnly = "signature-only",
    }
}

/// `rebuilt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// Which rebuilders, how many.
    pub count: Count,
    /// The worst rank that counts.
    pub accept: Rank,
    /// The most free bits that count; `None` for any number.
    pub free_bits: Option<u64>,
    /// Whether at least one rebuild must have run in another environment; equal root file systems count once.
    pub other_environment: bool,
    /// The comparison rules that count, by digest; empty for any.
    pub rules: Vec<Hash>,
}

/// `provenance`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Ids of the builders that count; empty for any.
    pub builders: Vec<Box<str>>,
    /// Whether the update's source root must be a dependency.
    pub source: bool,
    /// An update younger than this: missing is a note.
    pub grace: Duration,
    /// What becomes of something missing.
    pub otherwise: Outcome,
}

words! {
    /// Formats of lists of components.
    pub enum SbomFormat {
        /// CycloneDX.
        CycloneDx = "cyclonedx",
        /// SPDX.
        Spdx = "spdx",
    }
}

/// `sbom`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sbom {
    /// The format that must be there; `None` for any.
    pub format: Option<SbomFormat>,
    /// What becomes of a missing one.
    pub otherwise: Outcome,
}

words! {
    /// Who holds the reviewer's key (`source.md` §5.4).
    pub enum Attestation {
        /// The reviewer, or a center for the reviewer.
        Any = "any",
        /// The reviewer's own machine.
        OwnKey = "own-key",
    }
}

/// `reviewed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewed {
    /// Which reviewers, how many.
    pub count: Count,
    /// Percent of the changed lines that must have been read, 0 to 100.
    pub coverage: u64,
    /// Whether marks inherited from earlier versions count.
    pub inherited: bool,
    /// How long after the update a review still counts.
    pub max_lag: Option<Duration>,
    /// Whose key must have signed.
    pub attestation: Attestation,
}

/// `rules-fingerprint`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RulesFingerprint {
    /// What becomes of a missing rules set.
    pub otherwise: Outcome,
}

words! {
    /// Words of a rules review that a policy can accept (`rules.md` §11).
    pub enum RulesWord {
        /// Nothing found at high or above.
        Clear = "clear",
        /// Each finding is accepted by a decision.
        Explained = "explained",
    }
}

/// `rules-reviewed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesReviewed {
    /// Which centers and reviewers, how many.
    pub count: Count,
    /// The words that count.
    pub accept: Vec<RulesWord>,
    /// Reviewers that must stand behind each decision.
    pub decisions: u64,
}

words! {
    /// What an assessment is about (`controls.md` §2).
    pub enum Scope {
        /// These files.
        Artifact = "artifact",
        /// How the product is made.
        Process = "process",
    }
}

words! {
    /// How an assessor works (`controls.md` §2).
    pub enum Method {
        /// Reads documents.
        Examine = "EXAMINE",
        /// Asks people.
        Interview = "INTERVIEW",
        /// Tries it.
        Test = "TEST",
    }
}

/// `assessed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessed {
    /// Which assessors, how many.
    pub count: Count,
    /// The profile of controls; `None` for any.
    pub profile: Option<Box<str>>,
    /// What the assessments must be about, together.
    pub scope: Vec<Scope>,
    /// The methods that must have been used; empty for any.
    pub methods: Vec<Method>,
    /// Whether only third parties count.
    pub third_party: bool,
}

/// `data-checked`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataChecked {
    /// Which assessors, how many.
    pub count: Count,
    /// Percent of requests that the observer may have been unable to read, 0 to 100.
    pub opaque: u64,
    /// Whether only third parties count.
    pub third_party: bool,
}

words! {
    /// Severities of open advisories, least first.
    pub enum Severity {
        /// No advisory may be open.
        None = "none",
        /// Low.
        Low = "low",
        /// Medium.
        Medium = "medium",
        /// High.
        High = "high",
        /// Critical: any may be open.
        Critical = "critical",
    }
}

/// `advisories`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advisories {
    /// The worst severity that may stand open.
    pub worst: Severity,
    /// What becomes of a worse one.
    pub against: Outcome,
}
