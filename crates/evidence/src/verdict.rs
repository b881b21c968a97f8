//! The answer: one word, the checks that carry it, and what was not checked (`evidence.md` §8, §9, §13).
//!
//! A verdict holds facts, not sentences; [`crate::render`] words them, the same for command line, page and JSON.
//!
//! ```
//! use evidence::reason::{CheckName, Reason};
//! use evidence::verdict::{Check, State, Word};
//!
//! let checks = [
//!     Check::ok(CheckName::Logged),
//!     Check::because(CheckName::Witnessed, Reason::TooFewWitnesses, State::Wait).counts(1, 2),
//! ];
//! assert_eq!(Word::of(&checks), Word::Undecided);
//! ```

use std::fmt;

use tlog::hash::Hash;
use tlog::policy::Tally;

use crate::line::Line;
use crate::reason::{CheckName, Reason};
use crate::state::Marks;
use crate::time::{Duration, Time};
use crate::words::words;

/// The answer. Ordered from bad to good, as the laws of §8 compare them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Word {
    /// A check failed, or the publisher's misbehaviour is proven.
    Refused,
    /// Nothing failed, but something that the policy asks for is not proven (yet).
    Undecided,
    /// Every check that the policy asks for is met.
    Accepted,
}

impl Word {
    /// The word that these checks give (§8, step 12). Proven misbehaviour of the publisher refuses besides.
    pub fn of(checks: &[Check]) -> Self {
        match checks.iter().map(|check| check.state).max() {
            Some(State::Fail) => Self::Refused,
            Some(State::Wait) => Self::Undecided,
            // Without any check nothing was proven.
            None => Self::Undecided,
            Some(State::Ok | State::Note) => Self::Accepted,
        }
    }

    /// The word itself.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Undecided => "undecided",
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// How one check stands. Ordered from good to bad: text shows the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Met.
    Ok,
    /// Met or not asked for, with something to know.
    Note,
    /// Not proven (yet).
    Wait,
    /// Not met, and waiting will not change it.
    Fail,
}

impl State {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Note => "note",
            Self::Ok => "ok",
            Self::Wait => "wait",
        }
    }

    /// The word in text and on pages, where a failure must stand out without colour.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Fail => "FAIL",
            _ => self.as_str(),
        }
    }
}

/// One check and what it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which check.
    pub check: CheckName,
    /// How it stands.
    pub state: State,
    /// Why it is not plainly ok; `None` exactly when the state is ok.
    pub reason: Option<Reason>,
    /// How many counted.
    pub have: Option<u64>,
    /// How many the policy asks for.
    pub need: Option<u64>,
    /// How many there could be.
    pub of: Option<u64>,
    /// Who counted: names of the policy, in its order.
    pub counted: Vec<Box<str>>,
    /// Statements that are mentioned and not in the evidence, with the place to get them.
    pub missing: Vec<Missing>,
    /// Values that the sentence names.
    pub detail: Detail,
    /// Line of the policy text that asks for this check, from 1; `None` for what every policy checks.
    pub policy_line: Option<usize>,
    /// Each statement that was looked at, counted or not, for `--explain`.
    pub seen: Vec<Seen>,
}

impl Check {
    /// A check that is met.
    pub fn ok(check: CheckName) -> Self {
        Self {
            check,
            state: State::Ok,
            reason: None,
            have: None,
            need: None,
            of: None,
            counted: Vec::new(),
            missing: Vec::new(),
            detail: Detail::default(),
            policy_line: None,
            seen: Vec::new(),
        }
    }

    /// A check with a reason. The state follows from the reason's class and the policy.
    pub fn because(check: CheckName, reason: Reason, state: State) -> Self {
        Self {
            state,
            reason: Some(reason),
            ..Self::ok(check)
        }
    }

    /// The same, with how many counted and how many must.
    pub fn counts(mut self, have: u64, need: u64) -> Self {
        (self.have, self.need) = (Some(have), Some(need));
        self
    }

    /// The same, with a quorum's numbers and names; those that lack go into [`Field::Lacking`].
    pub fn tally(mut self, tally: &Tally) -> Self {
        let number = |count: usize| Some(count as u64);
        (self.have, self.need, self.of) =
            (number(tally.have), number(tally.need), number(tally.of));
        self.counted = tally
            .met
            .iter()
            .map(|name| name.to_string().into())
            .collect();
        let lacking = tally
            .missing
            .iter()
            .map(|name| name.to_string().into())
            .collect();
        self.with(Field::Lacking, Value::Names(lacking))
    }

    /// The same, with who counted.
    pub fn counting<N: Into<Box<str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.counted = names.into_iter().map(Into::into).collect();
        self
    }

    /// The same, with one more value; a second value of one field replaces the first.
    pub fn with(mut self, field: Field, value: impl Into<Value>) -> Self {
        self.detail.set(field, value.into());
        self
    }
}

/// A statement that a center mentions and that the evidence lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The log in which it stands.
    pub origin: Box<str>,
    /// Its index there.
    pub index: u64,
    /// Its kind, such as `review`.
    pub kind: Box<str>,
    /// What it says, such as `objection`.
    pub says: Box<str>,
}

/// A statement that a check looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Statement id.
    pub statement: Hash,
    /// Who said it, by the policy's name.
    pub by: Box<str>,
    /// What it says.
    pub says: Box<str>,
    /// Why it did not count; `None` if it did.
    pub discount: Option<Discount>,
}

words! {
    /// Why a statement does not count (`evidence.md` §5 and §7).
    pub enum Discount {
        /// Its signature does not verify.
        BadSignature = "bad-signature",
        /// Its own party says something worse elsewhere.
        Contradicted = "contradicted",
        /// What it rests on has expired.
        EvidenceExpired = "evidence-expired",
        /// Its validity has ended.
        Expired = "expired",
        /// The party has ties to the publisher.
        NotIndependent = "not-independent",
        /// It is in no log of the policy.
        NotLogged = "not-logged",
        /// The policy does not name the party here, or not in this role.
        NotNamed = "not-named",
        /// Its checkpoint lacks the quorum.
        NotWitnessed = "not-witnessed",
        /// Its validity has not begun.
        NotYet = "not-yet",
        /// It is about something else.
        OtherSubject = "other-subject",
        /// The operator was counted already.
        SameOperator = "same-operator",
        /// Its key was ended.
        SignerEnded = "signer-ended",
        /// Its own party replaced it.
        Superseded = "superseded",
        /// It is older than the policy allows.
        TooOld = "too-old",
    }
}

/// Values that a check's sentence names, in the order of [`Field`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail(Vec<(Field, Value)>);

impl Detail {
    /// Sets a field.
    pub fn set(&mut self, field: Field, value: Value) {
        match self.0.binary_search_by_key(&field, |(field, _)| *field) {
            Ok(at) => {
                if let Some(slot) = self.0.get_mut(at) {
                    slot.1 = value;
                }
            }
            Err(at) => self.0.insert(at, (field, value)),
        }
    }

    /// The value of a field.
    pub fn find(&self, field: Field) -> Option<&Value> {
        self.0
            .iter()
            .find(|(known, _)| *known == field)
            .map(|(_, value)| value)
    }

    /// All fields that have a value.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &Value)> {
        self.0.iter().map(|(field, value)| (*field, value))
    }
}

words! {
    /// What a value of [`Detail`] means; the name of its placeholder in texts and of its member in JSON.
    pub enum Field {
        /// How old something is.
        Age = "age",
        /// Who said it: a name of the policy.
        By = "by",
        /// The channels among which one must be chosen.
        Channels = "channels",
        /// What the update does, or what consent it asks for.
        Consent = "consent",
        /// A digest: of the file, a fingerprint, a root.
        Digest = "digest",
        /// Earliest time.
        From = "from",
        /// Index of an entry.
        Index = "index",
        /// A kind of statement.
        Kind = "kind",
        /// Those who have not signed or spoken.
        Lacking = "lacking",
        /// Which limit was met.
        Limit = "limit",
        /// A line of updates.
        Line = "line",
        /// The most, or the longest, that the policy allows.
        Most = "most",
        /// A log's origin.
        Origin = "origin",
        /// A share of a hundred.
        Percent = "percent",
        /// A product.
        Product = "product",
        /// What was said, such as `objection`.
        Says = "says",
        /// The serial that was seen or accepted before, or is newest.
        Seen = "seen",
        /// The update's serial.
        Serial = "serial",
        /// A tree size.
        Size = "size",
        /// Why, in the words of the policy or the publisher.
        Text = "text",
        /// The audience's tier.
        Tier = "tier",
        /// A point in time.
        Time = "time",
        /// Latest time.
        Until = "until",
        /// The update's version.
        Version = "version",
    }
}

/// A value of [`Detail`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A digest; 12 digits in text, whole in JSON.
    Digest(Hash),
    /// A length of time.
    Duration(Duration),
    /// Names, joined by commas in text.
    Names(Vec<Box<str>>),
    /// A number.
    Number(u64),
    /// A text.
    Text(Box<str>),
    /// A point in time.
    Time(Time),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<Time> for Value {
    fn from(time: Time) -> Self {
        Self::Time(time)
    }
}

impl From<Duration> for Value {
    fn from(duration: Duration) -> Self {
        Self::Duration(duration)
    }
}

impl From<Hash> for Value {
    fn from(digest: Hash) -> Self {
        Self::Digest(digest)
    }
}

/// The whole answer about one file or set of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The answer.
    pub word: Word,
    /// The checks in the order of [`CheckName`].
    pub checks: Vec<Check>,
    /// What the policy does not ask for, and so nobody looked at.
    pub not_checked: Vec<CheckName>,
    /// Proven misbehaviour, each with a file that a stranger can check.
    pub misbehaviour: Vec<Misbehaviour>,
    /// What to remember; its lines are raised only where the word is accepted.
    pub next: Marks,
    /// When it was judged.
    pub now: Time,
    /// SHA-256 of the file.
    pub digest: Option<Hash>,
    /// The line on which the update stands.
    pub line: Option<Line>,
    /// The update's serial.
    pub serial: Option<u64>,
    /// The update's version, a text for people.
    pub version: Option<Box<str>>,
    /// Entries in the bundles that were dropped because the policy does not know their log, or not their key there.
    pub unknown: u64,
    /// Which policy judged.
    pub policy: PolicyUsed,
}

impl Verdict {
    /// The worst check; of equals the first.
    pub fn worst(&self) -> Option<&Check> {
        // `max_by_key` would take the last of equals.
        self.checks.iter().rev().max_by_key(|check| check.state)
    }

    /// The check of that name.
    pub fn check(&self, name: CheckName) -> Option<&Check> {
        self.checks.iter().find(|check| check.check == name)
    }

    /// Whether a program ends with the exit code of proven misbehaviour (§13): the publisher's always, another party's
    /// only where the update is not accepted.
    pub fn proves_misbehaviour(&self) -> bool {
        let counts = |found: &Misbehaviour| found.of_publisher || self.word != Word::Accepted;
        self.misbehaviour.iter().any(counts)
    }
}

/// Identity of the policy that judged: its name, serial and whole text; and which of its sets applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyUsed {
    /// The policy's name.
    pub name: Box<str>,
    /// The policy's serial.
    pub serial: u64,
    /// SHA-256 of the whole text.
    pub sha256: Hash,
    /// The set of requirements that applied; `None` while no line is known.
    pub set: Option<Box<str>>,
}

/// Misbehaviour that is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misbehaviour {
    /// What was done.
    pub kind: MisbehaviourKind,
    /// By whom: a name of the policy, or a log's origin.
    pub by: Box<str>,
    /// Whether it is the publisher, or its log: only that refuses.
    pub of_publisher: bool,
    /// The evidence file (§13), which verifies alone.
    pub file: Vec<u8>,
}

words! {
    /// What a party or log did that it can be convicted of (`evidence.md` §13).
    pub enum MisbehaviourKind {
        /// Two envelopes where one may be.
        Equivocation = "equivocation",
        /// A standing statement left out what its center saw.
        FalseStanding = "false-standing",
        /// One index, two entries.
        Rewritten = "rewritten",
        /// A later standing statement saw less than an earlier one.
        ShrunkStanding = "shrunk-standing",
        /// One size, two roots.
        SplitView = "split-view",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_fail_refuses_any_wait_leaves_undecided_and_nothing_proves_nothing() {
        let check = |state| Check {
            state,
            ..Check::ok(CheckName::Logged)
        };
        for (states, word) in [
            (vec![], Word::Undecided),
            (vec![State::Ok], Word::Accepted),
            (vec![State::Ok, State::Note], Word::Accepted),
            (vec![State::Wait, State::Note], Word::Undecided),
            (vec![State::Ok, State::Wait], Word::Undecided),
            (vec![State::Fail, State::Wait], Word::Refused),
            (vec![State::Wait, State::Fail, State::Ok], Word::Refused),
        ] {
            let checks: Vec<_> = states.iter().copied().map(check).collect();
            assert_eq!(Word::of(&checks), word, "{states:?}");
        }
        assert!(Word::Refused < Word::Undecided && Word::Undecided < Word::Accepted);
    }

    #[test]
    fn a_second_value_of_one_field_replaces_the_first_and_fields_stay_in_order() {
        let check = Check::ok(CheckName::Logged)
            .with(Field::Origin, "log.acme.example/v1")
            .with(Field::Index, 7)
            .with(Field::Index, 18204);
        let fields: Vec<_> = check.detail.iter().collect();
        let origin = Value::Text("log.acme.example/v1".into());
        assert_eq!(
            fields,
            [
                (Field::Index, &Value::Number(18204)),
                (Field::Origin, &origin)
            ]
        );
        assert_eq!(check.detail.find(Field::Age), None);
    }
}
