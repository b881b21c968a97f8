//! Names of checks and reasons, and what each reason does: the table of `evidence.md` §9.
//!
//! One enum each for policy, command line, JSON, portal and documents. The names are part of the formats: a name is
//! never used again for something else.
//!
//! ```
//! use evidence::reason::{CheckName, Class, Reason};
//!
//! assert_eq!(CheckName::parse("rules-reviewed"), Some(CheckName::RulesReviewed));
//! assert_eq!(CheckName::RulesReviewed.as_str(), "rules-reviewed");
//! assert_eq!(Reason::Omitted.class(), Class::Wait);
//! assert!(CheckName::Standing.reasons().contains(&Reason::Omitted));
//! ```

use crate::words::words;

words! {
    /// A check, in the order in which `verify` makes them and pages show them.
    pub enum CheckName {
        /// The policy is in force, and this machine's memory of earlier runs can be used.
        Policy = "policy",
        /// This machine's clock is not behind what others signed.
        Clock = "clock",
        /// The file stands in a log, on a line that the policy allows.
        Logged = "logged",
        /// A quorum of witnesses cosigned that log.
        Witnessed = "witnessed",
        /// The keys that signed were in force.
        Key = "key",
        /// Enough of the publisher's keys, and of others, signed the offer.
        Published = "published",
        /// The update follows what this machine accepted before.
        Serial = "serial",
        /// Other lines that the update needs are at a fitting serial.
        Companions = "companions",
        /// The update is meant for this machine.
        Audience = "audience",
        /// What the update does is covered by what the customer agreed to.
        Consent = "consent",
        /// The update may be installed now.
        Activation = "activation",
        /// The policy's deny list does not name it.
        Denied = "denied",
        /// Centers say what they saw on this line, and none of it is left out.
        Standing = "standing",
        /// No newer update is known.
        Newest = "newest",
        /// The publisher's log was seen lately.
        Fresh = "fresh",
        /// Independent rebuilds agree with what was shipped.
        Rebuilt = "rebuilt",
        /// A build provenance names builder and source.
        Provenance = "provenance",
        /// A list of components is published.
        Sbom = "sbom",
        /// Reviewers read the source.
        Reviewed = "reviewed",
        /// The rules on this machine are the published set.
        RulesFingerprint = "rules-fingerprint",
        /// Reviewers read the rules.
        RulesReviewed = "rules-reviewed",
        /// An assessor looked at the controls.
        Assessed = "assessed",
        /// Traffic was compared with the declared data flows.
        DataChecked = "data-checked",
        /// No advisory stands open.
        Advisories = "advisories",
        /// What else the evidence holds.
        Evidence = "evidence",
    }
}

words! {
    /// Why a check is not plainly ok.
    pub enum Reason {
        /// No statement of this kind is in the evidence.
        Absent = "absent",
        /// The file stands on several allowed lines and none was chosen.
        AmbiguousLine = "ambiguous-line",
        /// An inclusion proof does not fit its checkpoint.
        BadProof = "bad-proof",
        /// Only a center vouches for the reviewer.
        CenterAttestedOnly = "center-attested-only",
        /// A link between the last accepted update and this one is not in the evidence.
        ChainIncomplete = "chain-incomplete",
        /// What would have to be judged has a form that this version does not know.
        ClientTooOld = "client-too-old",
        /// The clock is below what was signed or remembered.
        ClockBehind = "clock-behind",
        /// A companion line is above the highest serial that fits.
        CompanionTooNew = "companion-too-new",
        /// A companion line is below the lowest serial that fits.
        CompanionTooOld = "companion-too-old",
        /// The update asks for more consent than the policy gives.
        ConsentNeeded = "consent-needed",
        /// One party's statements contradict each other; the worst counts.
        Contradicted = "contradicted",
        /// Fewer changed lines were read than the policy asks for.
        CoverageTooLow = "coverage-too-low",
        /// Traffic was seen that no declaration covers.
        DataFail = "data-fail",
        /// Findings without enough decisions behind them.
        DecisionMissing = "decision-missing",
        /// The deny list names it.
        Denied = "denied",
        /// A rebuild has a difference without explanation.
        Differs = "differs",
        /// Two statements of one serial convict the publisher.
        Equivocation = "equivocation",
        /// The update may no longer be installed.
        Expired = "expired",
        /// No earlier run is remembered for this line.
        FirstUse = "first-use",
        /// A key chain cannot be followed to its end.
        KeyChainBroken = "key-chain-broken",
        /// The key that signed was ended before.
        KeyEnded = "key-ended",
        /// What was said is no longer valid.
        Lapsed = "lapsed",
        /// Standing statements are older than wished, within the grace.
        Late = "late",
        /// More was handed over than is read.
        Limit = "limit",
        /// The policy does not allow the line on which the file stands.
        LineNotAllowed = "line-not-allowed",
        /// A standing statement does not cover a log that counts.
        LogNotCovered = "log-not-covered",
        /// The files are those of one update, which has more.
        MissingFiles = "missing-files",
        /// Some of the files are those of one update, others are not.
        MixedFiles = "mixed-files",
        /// A rebuild's difference needs a person's judgement.
        NeedsJudgement = "needs-judgement",
        /// A rule needs a person's review.
        NeedsReview = "needs-review",
        /// A newer update is offered.
        NewerExists = "newer-exists",
        /// Nothing says which update is the newest.
        NewestUnknown = "newest-unknown",
        /// The newest update was withdrawn.
        NewestWithdrawn = "newest-withdrawn",
        /// No rules set is logged for this update.
        NoRulesSet = "no-rules-set",
        /// No memory of earlier runs was given.
        NoState = "no-state",
        /// The center's standing statement does not list this update yet.
        NotCurrent = "not-current",
        /// The assessment could not determine the answer.
        NotDetermined = "not-determined",
        /// The reviewers have ties to the publisher.
        NotIndependent = "not-independent",
        /// No log that the policy names holds the file.
        NotLogged = "not-logged",
        /// The assessed control is not satisfied.
        NotSatisfied = "not-satisfied",
        /// The update may be installed later.
        NotYet = "not-yet",
        /// A reviewer objects.
        Objection = "objection",
        /// The log is smaller than this machine saw before.
        OlderThanSeen = "older-than-seen",
        /// A statement that a center mentions is not in the evidence.
        Omitted = "omitted",
        /// Payload that the observer could not read.
        Opaque = "opaque",
        /// An advisory is open.
        OpenAdvisory = "open-advisory",
        /// Built by another builder than the policy names.
        OtherBuilder = "other-builder",
        /// The update does not follow the one that was accepted last.
        OtherChain = "other-chain",
        /// The rules on this machine are another set.
        OtherFingerprint = "other-fingerprint",
        /// The assessment is about something else.
        OtherScope = "other-scope",
        /// Built from another source than the update names.
        OtherSource = "other-source",
        /// A party was convicted; it counts no more.
        PartyMisbehaved = "party-misbehaved",
        /// The policy has expired.
        PolicyExpired = "policy-expired",
        /// The update changes what the product is.
        ProductChange = "product-change",
        /// The rebuilds found more than the policy accepts.
        RankTooHigh = "rank-too-high",
        /// A reviewer refused a rule.
        RefusedBy = "refused-by",
        /// The update is below what was accepted.
        Rollback = "rollback",
        /// The files are those of one update, some under other names.
        RenamedFiles = "renamed-files",
        /// A center saw another root than the log signed for that size.
        RootConflict = "root-conflict",
        /// The rebuilds ran in one and the same environment.
        SameEnvironment = "same-environment",
        /// One name, two logs.
        SplitView = "split-view",
        /// Too old.
        Stale = "stale",
        /// The memory of earlier runs is damaged.
        StateDamaged = "state-damaged",
        /// A party replaced an earlier word of its own.
        Superseded = "superseded",
        /// The update is offered to a tier only.
        Tier = "tier",
        /// The update was for a tier and is not yet offered to everyone, past its day.
        TierLapsed = "tier-lapsed",
        /// Fewer than the policy asks for.
        TooFew = "too-few",
        /// Fewer of the publisher's keys than its threshold.
        TooFewSignatures = "too-few-signatures",
        /// Fewer independent signers than the policy asks for.
        TooFewSigners = "too-few-signers",
        /// Fewer witnesses than the quorum.
        TooFewWitnesses = "too-few-witnesses",
        /// Reviewed later than the policy allows.
        TooLate = "too-late",
        /// More unexplained freedom in the bits than the policy accepts.
        TooManyFreeBits = "too-many-free-bits",
        /// Not public for long enough.
        TooYoung = "too-young",
        /// Statements of kinds that this version does not judge.
        UnknownStatements = "unknown-statements",
        /// A rule could not be read.
        Unreadable = "unreadable",
        /// Lines that could not be read.
        UnreadableLines = "unreadable-lines",
        /// The publisher withdrew the update.
        Withdrawn = "withdrawn",
    }
}

/// What a reason does to its check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// A negative word that counts: the policy's `against`.
    Against,
    /// Always fails.
    Fail,
    /// Something that the policy asks for is missing: its `otherwise`.
    Missing,
    /// Always a note.
    Note,
    /// Always waits.
    Wait,
}

impl Class {
    /// The letter of the table: A, F, M, N, W.
    pub const fn letter(self) -> char {
        match self {
            Self::Against => 'A',
            Self::Fail => 'F',
            Self::Missing => 'M',
            Self::Note => 'N',
            Self::Wait => 'W',
        }
    }
}

impl Reason {
    /// All reasons by name.
    #[expect(
        clippy::indexing_slicing,
        reason = "computed while building; out of range does not build"
    )]
    pub const ALL: [Self; Self::TABLE.len()] = {
        let mut all = [Self::Absent; Self::TABLE.len()];
        let mut at = 0;
        while at < all.len() {
            all[at] = Self::TABLE[at].1;
            at += 1;
        }
        all
    };

    /// What the reason does, the same for every check that gives it.
    pub const fn class(self) -> Class {
        match self {
            Self::DataFail
            | Self::Differs
            | Self::NeedsJudgement
            | Self::NeedsReview
            | Self::NotSatisfied
            | Self::Objection
            | Self::OpenAdvisory
            | Self::RefusedBy
            | Self::Unreadable => Class::Against,

            Self::CompanionTooNew
            | Self::ConsentNeeded
            | Self::Denied
            | Self::Equivocation
            | Self::Expired
            | Self::KeyEnded
            | Self::LineNotAllowed
            | Self::MissingFiles
            | Self::MixedFiles
            | Self::OtherChain
            | Self::OtherFingerprint
            | Self::ProductChange
            | Self::RenamedFiles
            | Self::Rollback
            | Self::SplitView
            | Self::Tier
            | Self::TierLapsed
            | Self::Withdrawn => Class::Fail,

            Self::Absent
            | Self::CenterAttestedOnly
            | Self::CoverageTooLow
            | Self::DecisionMissing
            | Self::Lapsed
            | Self::LogNotCovered
            | Self::NewerExists
            | Self::NewestUnknown
            | Self::NoRulesSet
            | Self::NotCurrent
            | Self::NotDetermined
            | Self::NotIndependent
            | Self::Opaque
            | Self::OtherBuilder
            | Self::OtherScope
            | Self::OtherSource
            | Self::RankTooHigh
            | Self::SameEnvironment
            | Self::Stale
            | Self::TooFew
            | Self::TooFewSigners
            | Self::TooLate
            | Self::TooManyFreeBits => Class::Missing,

            Self::Contradicted
            | Self::FirstUse
            | Self::Late
            | Self::NewestWithdrawn
            | Self::NoState
            | Self::PartyMisbehaved
            | Self::Superseded
            | Self::UnknownStatements
            | Self::UnreadableLines => Class::Note,

            Self::AmbiguousLine
            | Self::BadProof
            | Self::ChainIncomplete
            | Self::ClientTooOld
            | Self::ClockBehind
            | Self::CompanionTooOld
            | Self::KeyChainBroken
            | Self::Limit
            | Self::NotLogged
            | Self::NotYet
            | Self::OlderThanSeen
            | Self::Omitted
            | Self::PolicyExpired
            | Self::RootConflict
            | Self::StateDamaged
            | Self::TooFewSignatures
            | Self::TooFewWitnesses
            | Self::TooYoung => Class::Wait,
        }
    }
}

impl CheckName {
    /// All checks in their order.
    #[expect(
        clippy::indexing_slicing,
        reason = "computed while building; out of range does not build"
    )]
    pub const ALL: [Self; Self::TABLE.len()] = {
        let mut all = [Self::Policy; Self::TABLE.len()];
        let mut at = 0;
        while at < all.len() {
            all[at] = Self::TABLE[at].1;
            at += 1;
        }
        all
    };

    /// The reasons that this check can give, in the order of the table.
    pub const fn reasons(self) -> &'static [Reason] {
        use Reason as R;
        match self {
            Self::Policy => &[R::PolicyExpired, R::FirstUse, R::NoState, R::StateDamaged],
            Self::Clock => &[R::ClockBehind],
            Self::Logged => &[
                R::NotLogged,
                R::BadProof,
                R::Limit,
                R::AmbiguousLine,
                R::LineNotAllowed,
                R::MixedFiles,
                R::MissingFiles,
                R::RenamedFiles,
            ],
            Self::Witnessed => &[R::TooFewWitnesses, R::SplitView],
            Self::Key => &[R::KeyEnded, R::KeyChainBroken],
            Self::Published => &[
                R::TooFewSignatures,
                R::TooFewSigners,
                R::TooYoung,
                R::Equivocation,
            ],
            Self::Serial => &[R::Rollback, R::OtherChain, R::ChainIncomplete],
            Self::Companions => &[R::CompanionTooOld, R::CompanionTooNew],
            Self::Audience => &[R::Tier, R::TierLapsed],
            Self::Consent => &[R::ProductChange, R::ConsentNeeded],
            Self::Activation => &[R::NotYet, R::Expired, R::Withdrawn],
            Self::Denied => &[R::Denied],
            Self::Standing => &[
                R::TooFew,
                R::Stale,
                R::LogNotCovered,
                R::NotCurrent,
                R::Late,
                R::ClientTooOld,
                R::OlderThanSeen,
                R::RootConflict,
                R::Omitted,
            ],
            Self::Newest => &[R::NewerExists, R::NewestUnknown, R::NewestWithdrawn],
            Self::Fresh => &[R::Stale],
            Self::Rebuilt => &[
                R::TooFew,
                R::RankTooHigh,
                R::TooManyFreeBits,
                R::SameEnvironment,
                R::NeedsJudgement,
                R::Differs,
            ],
            Self::Provenance => &[R::Absent, R::OtherBuilder, R::OtherSource],
            Self::Sbom => &[R::Absent],
            Self::Reviewed => &[
                R::TooFew,
                R::NotIndependent,
                R::CoverageTooLow,
                R::TooLate,
                R::CenterAttestedOnly,
                R::Objection,
                R::Superseded,
            ],
            Self::RulesFingerprint => &[R::NoRulesSet, R::OtherFingerprint],
            Self::RulesReviewed => &[
                R::TooFew,
                R::DecisionMissing,
                R::NeedsReview,
                R::Unreadable,
                R::RefusedBy,
            ],
            Self::Assessed => &[
                R::TooFew,
                R::Lapsed,
                R::OtherScope,
                R::NotDetermined,
                R::NotSatisfied,
            ],
            Self::DataChecked => &[R::TooFew, R::Opaque, R::Lapsed, R::DataFail],
            Self::Advisories => &[R::OpenAdvisory, R::ClientTooOld],
            Self::Evidence => &[
                R::PartyMisbehaved,
                R::Contradicted,
                R::UnknownStatements,
                R::UnreadableLines,
            ],
        }
    }

    /// Whether every policy makes this check; the others are made where a set asks for them. `evidence` only notes.
    pub const fn is_always_on(self) -> bool {
        matches!(
            self,
            Self::Policy
                | Self::Clock
                | Self::Logged
                | Self::Witnessed
                | Self::Key
                | Self::Published
                | Self::Serial
                | Self::Companions
                | Self::Audience
                | Self::Consent
                | Self::Activation
                | Self::Denied
                | Self::Evidence
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The table of §9, and `client-too-old` of advisories besides: a program that cannot judge advisories must not
    /// read silence as "none open".
    const TABLE: &str = "
policy: policy-expired W, first-use N, no-state N, state-damaged W
clock: clock-behind W
logged: not-logged W, bad-proof W, limit W, ambiguous-line W, line-not-allowed F, mixed-files F, missing-files F, renamed-files F
witnessed: too-few-witnesses W, split-view F
key: key-ended F, key-chain-broken W
published: too-few-signatures W, too-few-signers M, too-young W, equivocation F
serial: rollback F, other-chain F, chain-incomplete W
companions: companion-too-old W, companion-too-new F
audience: tier F, tier-lapsed F
consent: product-change F, consent-needed F
activation: not-yet W, expired F, withdrawn F
denied: denied F
standing: too-few M, stale M, log-not-covered M, not-current M, late N, client-too-old W, older-than-seen W, root-conflict W, omitted W
newest: newer-exists M, newest-unknown M, newest-withdrawn N
fresh: stale M
rebuilt: too-few M, rank-too-high M, too-many-free-bits M, same-environment M, needs-judgement A, differs A
provenance: absent M, other-builder M, other-source M
sbom: absent M
reviewed: too-few M, not-independent M, coverage-too-low M, too-late M, center-attested-only M, objection A, superseded N
rules-fingerprint: no-rules-set M, other-fingerprint F
rules-reviewed: too-few M, decision-missing M, needs-review A, unreadable A, refused-by A
assessed: too-few M, lapsed M, other-scope M, not-determined M, not-satisfied A
data-checked: too-few M, opaque M, lapsed M, data-fail A
advisories: open-advisory A, client-too-old W
evidence: party-misbehaved N, contradicted N, unknown-statements N, unreadable-lines N
";

    #[test]
    fn a5_names_order_and_classes_are_those_of_the_table() {
        let mut written = String::from("\n");
        for check in CheckName::ALL {
            let reasons = check.reasons().iter();
            let reasons: Vec<_> = reasons
                .map(|reason| format!("{reason} {}", reason.class().letter()))
                .collect();
            written.push_str(&format!("{check}: {}\n", reasons.join(", ")));
        }
        assert_eq!(written, TABLE);
    }

    #[test]
    fn a5_every_reason_belongs_to_a_check() {
        let given: BTreeSet<Reason> = CheckName::ALL
            .iter()
            .flat_map(|check| check.reasons())
            .copied()
            .collect();
        assert_eq!(given, Reason::ALL.into_iter().collect());
    }

    #[test]
    fn names_lead_back_and_no_two_are_equal() {
        for check in CheckName::ALL {
            assert_eq!(CheckName::parse(check.as_str()), Some(check));
        }
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(reason));
        }
        assert_eq!(
            (CheckName::parse("Logged"), Reason::parse("")),
            (None, None)
        );
    }

    #[test]
    fn thirteen_checks_are_always_on() {
        let always = CheckName::ALL.iter().filter(|check| check.is_always_on());
        assert_eq!(always.count(), 13);
    }
}
