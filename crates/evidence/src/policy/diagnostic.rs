//! What is wrong with a policy text, and where: rules PL1–PL9.
//!
//! Each problem names rule, line, column and the marked bytes, and has a hint. All problems of a text are found in one
//! reading, so that a person corrects them in one go.

use std::fmt;
use std::ops::Range;

use tlog::checkpoint::LogKeysRefused;
use tlog::key::VkeyRefused;
use tlog::policy::Violation;

use crate::key::KeyError;
use crate::words::words;

words! {
    /// The rule that a text breaks (`evidence.md` §7).
    pub enum PolicyRule {
        /// TOML, known members, each once, of the right form.
        Pl1 = "PL1",
        /// Keys, each once; logs named after their keys; witness texts.
        Pl2 = "PL2",
        /// Names mean something, and parties have the role that is asked of them.
        Pl3 = "PL3",
        /// What is asked for can be met.
        Pl4 = "PL4",
        /// Exactly one set for each line.
        Pl5 = "PL5",
        /// Expires within three years.
        Pl6 = "PL6",
        /// Durations.
        Pl7 = "PL7",
        /// What is allowed but looks like a mistake.
        Pl8 = "PL8",
        /// The seal fits the text.
        Pl9 = "PL9",
    }
}

/// Whether a problem refuses the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The text is no policy.
    Error,
    /// The text is a policy, and a person should look.
    Warning,
}

/// One problem and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The broken rule.
    pub rule: PolicyRule,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The bytes of the text that are marked.
    pub span: Range<usize>,
    /// What is wrong there.
    pub problem: Problem,
}

impl Diagnostic {
    /// Whether it refuses the text.
    pub fn level(&self) -> Level {
        match self.problem {
            Problem::LooksLike(_)
            | Problem::OneOperator(_)
            | Problem::QuorumNone
            | Problem::SetUnused => Level::Warning,
            _ => Level::Error,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        self.problem.hint()
    }

    /// For people: rule and sentence, the line of the text with a mark below, and the hint. `file` is what the text is
    /// called; `text` must be the text that was read.
    pub fn render(&self, file: &str, text: &str) -> String {
        let level = match self.level() {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let (excerpt, before, marked) = self.excerpt(text);
        let mark = format!("{}{}", " ".repeat(before), "^".repeat(marked));
        format!(
            "{level}[{}]: {}\n{margin} ┌─ {file}:{}:{}\n{number} │ {excerpt}\n{margin} │ {mark}\n\nhint: {}\n",
            self.rule,
            self.problem,
            self.line,
            self.column,
            self.hint(),
        )
    }

    /// A window of the marked line, and in it the characters before the mark and under it.
    fn excerpt(&self, text: &str) -> (String, usize, usize) {
        let start = self.span.start.min(text.len());
        let from = text
            .get(..start)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |at| at + 1);
        let whole = text
            .get(from..)
            .and_then(|rest| rest.lines().next())
            .unwrap_or_default();
        let before = self.column.saturating_sub(1);
        let marked = text.get(self.span.clone()).unwrap_or_default();
        let marked = marked
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            .max(1);
        let skip = before.saturating_sub(WINDOW / 2);
        // A tab or a control character would move the mark below.
        let shown = |c: char| if c.is_control() { ' ' } else { c };
        let excerpt: String = whole.chars().skip(skip).take(WINDOW).map(shown).collect();
        (excerpt, before - skip, marked.min(WINDOW - (before - skip)))
    }
}

/// `PL3, line 61, column 24: …`.
impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rule,
            line,
            column,
            problem,
            ..
        } = self;
        write!(formatter, "{rule}, line {line}, column {column}: {problem}")
    }
}

/// What a policy text gets wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A requirement that every policy makes is switched off.
    #[error("this requirement is always on")]
    AlwaysOn,
    /// A base that has a base itself.
    #[error("the base {0} has a base of its own")]
    BaseOfBase(Box<str>),
    /// A list holds one item twice.
    #[error("this item stands twice in the list")]
    DoubledItem,
    /// A member that stands twice.
    #[error("this member stands twice")]
    DoubledMember,
    /// An empty list or table where something must be named.
    #[error("nothing is named here")]
    Empty,
    /// A value of another form.
    #[error("expected {0}")]
    Expected(&'static str),
    /// Expires too late.
    #[error("the policy expires more than three years from now")]
    ExpiresLate,
    /// Keys are to be followed without recovery keys that could sign a change.
    #[error("follow-keys has no recovery keys to follow")]
    FollowsNothing,
    /// A text that is no P-256 key.
    #[error("{0}")]
    Key(KeyError),
    /// One key in two places.
    #[error("this key already stands in line {0}")]
    KeyTwice(usize),
    /// A party without the role that is asked of it.
    #[error("{name} does not have the role {role}")]
    LacksRole {
        /// The party.
        name: Box<str>,
        /// The role, or the roles of which one would do.
        role: Box<str>,
    },
    /// A line to which no set applies.
    #[error("no set of requirements applies to {0}")]
    LineWithoutSet(Box<str>),
    /// Keys that are not those of one log.
    #[error("{0}")]
    LogKeys(LogKeysRefused),
    /// A name that can be taken for another one.
    #[error("this looks like {0}")]
    LooksLike(Box<str>),
    /// A member that must stand there.
    #[error("the member {0} is missing")]
    MissingMember(&'static str),
    /// A name that the text does not define.
    #[error("the policy has no {0}")]
    NamesNothing(Box<str>),
    /// A publisher and a party of one name.
    #[error("a publisher has this name")]
    NameTwice,
    /// More than those named can give.
    #[error("asks for {asks} {unit}, and those named can give {can}")]
    NeverMet {
        /// How many are asked for.
        asks: u64,
        /// How many there can be.
        can: u64,
        /// Of what.
        unit: &'static str,
    },
    /// Not a duration.
    #[error("not a duration like P1DT12H")]
    NotADuration,
    /// Another member stands before `policy`.
    #[error("the first member must be policy")]
    NotFirst,
    /// A word that has no meaning here.
    #[error("not {0}")]
    NotOneOf(&'static str),
    /// A quorum that one operator meets alone.
    #[error("the quorum is met by one operator, {0}, alone")]
    OneOperator(Box<str>),
    /// A number outside its range.
    #[error("not between {least} and {most}")]
    OutOfRange {
        /// Smallest.
        least: u64,
        /// Largest.
        most: u64,
    },
    /// A witness text that asks for nobody.
    #[error("this quorum asks for no witness")]
    QuorumNone,
    /// The seal is not that of the text.
    #[error("the seal does not fit the text")]
    SealBroken,
    /// Two sets of equal weight for one line.
    #[error("the sets {this} and {other} apply equally to {line}")]
    SetsTie {
        /// The marked set.
        this: Box<str>,
        /// The other set.
        other: Box<str>,
        /// The line.
        line: Box<str>,
    },
    /// A set that applies to no line.
    #[error("this set applies to no line and is no base")]
    SetUnused,
    /// Signers are named, and none is asked for.
    #[error("signers are named, but independent asks for none of them")]
    SignersUncounted,
    /// Not TOML.
    #[error("not TOML: {0}")]
    Toml(Box<str>),
    /// A longer text than is read.
    #[error("the text is longer than 1 MiB")]
    TooLong,
    /// More than is read.
    #[error("more than {0}")]
    TooMany(usize),
    /// A member that has no meaning here.
    #[error("unknown member{}", did_you_mean(.0))]
    UnknownMember(Option<&'static str>),
    /// A version of the language that this program does not know.
    #[error("policy is 1, or a seal of the form \"1:sha256:…\"")]
    Version,
    /// A text that is no vkey.
    #[error("{0}")]
    Vkey(VkeyRefused),
    /// A witness text breaks a rule of tlog-policy.
    #[error("{0}")]
    Witnesses(Violation),
}

impl Problem {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::AlwaysOn => "remove the line, or set parameters in a table",
            Self::BaseOfBase(_) => {
                "name a base that has no base, and repeat here what should apply"
            }
            Self::DoubledItem | Self::DoubledMember => "keep one of the two",
            Self::Empty => "name at least one, or remove the member where it may be absent",
            Self::Expected(_) => "write the value in that form",
            Self::ExpiresLate => "choose an earlier day, and renew the policy in time",
            Self::FollowsNothing => "name recovery keys, or set follow-keys to false",
            Self::Key(cause) => cause.hint(),
            Self::KeyTwice(_) => "give each party and use a key of its own",
            Self::LacksRole { .. } => "give the party that role, or name another party",
            Self::LineWithoutSet(_) => {
                "add a set whose when matches the line; an empty when matches all"
            }
            Self::LogKeys(_) => "use the log's own vkeys, whose name is its origin",
            Self::LooksLike(_) => "make sure that both names are meant",
            Self::MissingMember(_) => "add the member",
            Self::NamesNothing(_) => "define it in this text, or correct the spelling",
            Self::NameTwice => "give the party another name",
            Self::NeverMet { .. } => "ask for fewer, or name more",
            Self::NotADuration => {
                "write days, hours, minutes and seconds as P1D, PT6H or P1DT12H30M"
            }
            Self::NotFirst => "open the text with policy = 1",
            Self::NotOneOf(_) => "use one of these words",
            Self::OneOperator(_) => {
                "group the keys of each operator with any, and ask for several groups"
            }
            Self::OutOfRange { .. } => "choose a number in that range",
            Self::QuorumNone => {
                "name witnesses and a quorum; without them a log can show you a tree of your own"
            }
            Self::SealBroken => {
                "compare the text with its source; to keep your changes, seal it again"
            }
            Self::SetsTie { .. } => "give one of the two sets one selector more",
            Self::SetUnused => "correct the words in when, or remove the set",
            Self::SignersUncounted => "set independent to the number of signers that you ask for",
            Self::Toml(_) => "correct the text at the mark",
            Self::TooLong | Self::TooMany(_) => "remove what is not used",
            Self::UnknownMember(_) => "correct the spelling, or remove the member",
            Self::Version => "write policy = 1",
            Self::Vkey(cause) => cause.hint(),
            Self::Witnesses(violation) => violation.hint(),
        }
    }
}

/// A text that is no policy: everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyInvalid {
    pub(super) found: Vec<Diagnostic>,
}

impl PolicyInvalid {
    /// Errors and warnings in the order of the text; at least one error.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.found
    }

    /// The errors in the order of the text.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found
            .iter()
            .filter(|found| found.level() == Level::Error)
    }

    /// What to do next about the first error.
    pub fn hint(&self) -> &'static str {
        self.errors()
            .next()
            .map_or("check the policy's text", Diagnostic::hint)
    }
}

/// The first error, and how many follow.
impl fmt::Display for PolicyInvalid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(first) = self.errors().next() {
            write!(formatter, "{first}")?;
        }
        match self.errors().count().saturating_sub(1) {
            0 => Ok(()),
            more => write!(formatter, " (and {more} more)"),
        }
    }
}

impl std::error::Error for PolicyInvalid {}

fn did_you_mean(near: &Option<&'static str>) -> String {
    near.map(|name| format!("; did you mean {name}?"))
        .unwrap_or_default()
}

/// Characters of a line that are shown: a terminal's width, less margin. A vkey alone has up to 1,800.
const WINDOW: usize = 96;
