//! One statement: an [in-toto Statement] v1, `evidence.md` §2.1 rules S5 to S14.
//!
//! Every act ends in one. Our own kinds have one form of bytes (S6) and exactly the members of their schema (S11), so
//! that what a person signs, a center judges and a machine reads is one thing. Foreign kinds are read by S5 and
//! carried. A kind that is not in [`crate::kind`]'s table is refused (S10), recognisably.
//!
//! ```
//! use evidence::kind::KindName;
//! use evidence::statement::Statement;
//! # let payload = include_bytes!("../testdata/vector/payload.json");
//!
//! let statement = Statement::parse(payload)?;
//! assert_eq!(statement.id().to_hex(), "37dfe98818ca848dd13ad2c2333e430577d54d31db045f7d2be6b43175c09462");
//! assert_eq!(statement.kind().name(), KindName::Update);
//! assert_eq!(statement.says(), Some("offered"));
//! assert!(!statement.is_binding());
//! # Ok::<(), evidence::refusal::Refusal>(())
//! ```
//!
//! [in-toto Statement]: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md

use std::collections::BTreeSet;
use std::fmt;

use tlog::hash::{Hash, sha256};

use crate::canonical::{self, Json};
use crate::json::{self, Value};
use crate::kind::{Form, Kind, KindName, KindRow};
use crate::limits;
use crate::name::Name;
use crate::read::{self, Object};
use crate::refusal::{Fault, Refusal, Rule, What};
use crate::words::words;

/// `_type` of every statement.
pub const TYPE: &str = "https://in-toto.io/Statement/v1";

/// A statement that obeys its kind's rules of form. Only [`Statement::parse`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    id: Hash,
    subjects: Vec<Subject>,
    kind: Kind,
    nonce: Option<Nonce>,
    supersedes: Vec<Hash>,
}

/// What a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// The name, for people; it identifies nothing.
    pub name: Option<Name>,
    /// SHA-256, the only digest that identifies.
    pub sha256: Hash,
    /// Further digests, carried for other tools.
    pub others: Vec<OtherDigest>,
}

/// A digest that is carried beside SHA-256 (S8), in lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherDigest {
    /// Its name.
    pub name: DigestName,
    /// Its digits: 128 of a SHA-512, 40 or 64 of a git object.
    pub hex: Box<str>,
}

words! {
    /// The name of a digest that is carried beside SHA-256.
    pub enum DigestName {
        /// A git commit.
        GitCommit = "gitCommit",
        /// A git tree.
        GitTree = "gitTree",
        /// SHA-512.
        Sha512 = "sha512",
    }
}

/// 16 random bytes that make a withheld body unguessable (S13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nonce([u8; 16]);

impl Statement {
    /// Reads a payload.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] of the first rule that is broken, in the order S5, S7 (whether it is a statement at all), S10,
    /// S6, S7 to S9, S13, S11 to S14.
    pub fn parse(payload: &[u8]) -> Result<Self, Refusal> {
        if payload.len() > limits::PAYLOAD {
            return Err(Refusal::new(
                Rule::S2,
                "",
                What::TooLarge {
                    most: limits::PAYLOAD,
                },
            ));
        }
        let root = json::parse(payload)?;
        let row = kind_of(&root).map_err(|fault| fault.refusal(&root))?;
        let read = match row.form {
            Form::Ours { parse, .. } => ours(payload, &root, row, parse),
            Form::Foreign => foreign(payload, &root, Kind::Foreign(row.name)),
        };
        read.map_err(|fault| fault.refusal(&root))
    }

    /// Statement id: SHA-256 of the payload.
    pub const fn id(&self) -> Hash {
        self.id
    }

    /// The subjects, sorted by (name, SHA-256) in our own kinds.
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// What is said.
    pub const fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The nonce, of kinds that carry one.
    pub const fn nonce(&self) -> Option<Nonce> {
        self.nonce
    }

    /// Statements of the same party that this one replaces.
    pub fn supersedes(&self) -> &[Hash] {
        &self.supersedes
    }

    /// The word that is said, of kinds that say one (`evidence.md` §2.2).
    pub const fn says(&self) -> Option<&'static str> {
        self.kind.says()
    }

    /// Whether the word is a negative one.
    pub fn is_negative(&self) -> bool {
        self.says()
            .is_some_and(|word| self.kind.name().row().negative.contains(&word))
    }

    /// Whether leaving the statement out of a bundle could improve a verdict: a negative word, a non-empty
    /// `supersedes`, or a kind that always binds.
    pub fn is_binding(&self) -> bool {
        self.is_negative() || !self.supersedes.is_empty() || self.kind.name().row().always_binding
    }

    /// Whether a subject has that SHA-256.
    pub fn is_about(&self, digest: Hash) -> bool {
        self.subjects.iter().any(|subject| subject.sha256 == digest)
    }
}

/// Canonical bytes of a statement of one of our kinds. Inverse of [`Statement::parse`] together with the kind's own
/// writer; the subjects are sorted here.
pub fn to_bytes(kind: KindName, subjects: &[Subject], predicate: Json) -> Vec<u8> {
    let mut subjects: Vec<_> = subjects.iter().collect();
    subjects.sort();
    let statement = Json::object([
        ("_type", TYPE.into()),
        ("predicate", predicate),
        ("predicateType", kind.predicate_type().into()),
        (
            "subject",
            Json::list(subjects.into_iter().map(Subject::to_json)),
        ),
    ]);
    statement.to_bytes()
}

/// The predicate type of a payload that may be of an unknown kind; `None` if it is no JSON object that has one.
pub fn predicate_type(payload: &[u8]) -> Option<String> {
    let root = json::parse(payload).ok()?;
    root.member("predicateType")?.text().map(str::to_owned)
}

impl Subject {
    /// A subject of a digest alone.
    pub const fn of(sha256: Hash) -> Self {
        Self {
            name: None,
            sha256,
            others: Vec::new(),
        }
    }

    /// A named file.
    pub const fn file(name: Name, sha256: Hash) -> Self {
        Self {
            name: Some(name),
            sha256,
            others: Vec::new(),
        }
    }

    fn to_json(&self) -> Json {
        let other = |digest: &OtherDigest| (digest.name.as_str(), digest.hex.as_ref().into());
        let others = self.others.iter().map(other);
        let sha256 = [("sha256", self.sha256.into())];
        Json::object_of_some([
            (
                "digest",
                Some(Json::object(sha256.into_iter().chain(others))),
            ),
            ("name", self.name.as_ref().map(|name| name.as_str().into())),
        ])
    }

    fn parse(value: &Value<'_>) -> Result<Self, Fault> {
        let under = |fault: Fault| fault.under(Rule::S8);
        let subject = Object::exactly(value, &["digest"], &["name"]).map_err(under)?;
        let digest = subject.require("digest").map_err(under)?;
        let digests = Object::exactly(digest, &["sha256"], &["gitCommit", "gitTree", "sha512"]);
        let digests = digests.map_err(under)?;
        let sha256 = digests
            .require("sha256")
            .and_then(read::hash)
            .map_err(under)?;
        let mut others = Vec::new();
        for (member, name) in DigestName::TABLE {
            if let Some(value) = digests.find(member) {
                others.push(OtherDigest {
                    name: *name,
                    hex: hex(value, *name).map_err(under)?,
                });
            }
        }
        let name = subject.find("name").map(name).transpose()?;
        Ok(Self {
            name,
            sha256,
            others,
        })
    }
}

impl Nonce {
    /// A nonce of 16 fresh random bytes that the caller drew.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads 32 lower-case hexadecimal digits. Inverse of `Display`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 32 {
            return None;
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            for digit in pair {
                let value = char::from(*digit)
                    .to_digit(16)
                    .filter(|_| !digit.is_ascii_uppercase());
                *byte = (*byte << 4) | u8::try_from(value?).ok()?;
            }
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// S7 as far as it tells a statement from anything else, then S10.
fn kind_of(root: &Value<'_>) -> Result<&'static KindRow, Fault> {
    let under = |fault: Fault| fault.under(Rule::S7);
    let statement = Object::any(root).map_err(under)?;
    let declared = statement.require("_type").map_err(under)?;
    if declared.text() != Some(TYPE) {
        return Err(read::expected(declared, TYPE).under(Rule::S7));
    }
    let predicate_type = statement.require("predicateType").map_err(under)?;
    let text = read::string(predicate_type).map_err(under)?;
    let unknown = || {
        Fault::new(
            predicate_type.at,
            Rule::S10,
            What::UnknownKind(text.to_owned()),
        )
    };
    KindName::of(text).map(KindName::row).ok_or_else(unknown)
}

fn ours(
    payload: &[u8],
    root: &Value<'_>,
    row: &KindRow,
    parse: ParseKind,
) -> Result<Statement, Fault> {
    canonical::check(payload, root)?;
    let under = |fault: Fault| fault.under(Rule::S7);
    let statement = Object::exactly(root, &MEMBERS, &[]).map_err(under)?;
    let subjects = subjects(statement.require("subject")?)?;
    let predicate = statement.require("predicate")?;
    let nonce = nonce(predicate, row.nonce)?;
    let (kind, supersedes) = parse(predicate, &subjects)?;
    Ok(Statement {
        id: sha256(payload),
        subjects,
        kind,
        nonce,
        supersedes,
    })
}

/// How a kind reads its predicate: what is said, and what is superseded.
pub(crate) type ParseKind = fn(&Value<'_>, &[Subject]) -> Result<(Kind, Vec<Hash>), Fault>;

/// Foreign kinds are carried: of their subjects only those count that have a SHA-256.
fn foreign(payload: &[u8], root: &Value<'_>, kind: Kind) -> Result<Statement, Fault> {
    let under = |fault: Fault| fault.under(Rule::S7);
    let statement = Object::any(root).map_err(under)?;
    let values = read::list(
        statement.require("subject").map_err(under)?,
        0,
        limits::JSON_VALUES,
    );
    let digest = |value: &Value<'_>| {
        let sha256 = value
            .member("digest")?
            .member("sha256")?
            .text()
            .and_then(Hash::from_hex)?;
        let name = value.member("name").and_then(Value::text);
        let name = name.and_then(|text| Name::parse(text).ok());
        Some(Subject {
            name,
            sha256,
            others: Vec::new(),
        })
    };
    let subjects = values.map_err(under)?.iter().filter_map(digest).collect();
    Ok(Statement {
        id: sha256(payload),
        subjects,
        kind,
        nonce: None,
        supersedes: Vec::new(),
    })
}

/// S8 and S9.
fn subjects(value: &Value<'_>) -> Result<Vec<Subject>, Fault> {
    let values = read::list(value, 1, limits::SUBJECTS).map_err(|fault| fault.under(Rule::S8))?;
    let subjects = values
        .iter()
        .map(Subject::parse)
        .collect::<Result<Vec<_>, _>>()?;
    let keys: Vec<_> = subjects
        .iter()
        .map(|subject| (&subject.name, subject.sha256))
        .collect();
    read::ascending(values, &keys).map_err(|fault| fault.under(Rule::S9))?;
    let mut folded = BTreeSet::new();
    for (subject, value) in subjects.iter().zip(values) {
        if let Some(name) = &subject.name
            && !folded.insert(name.folded())
        {
            return Err(Fault::new(value.at, Rule::S9, What::NameTwice));
        }
    }
    Ok(subjects)
}

fn name(value: &Value<'_>) -> Result<Name, Fault> {
    let text = read::string(value).map_err(|fault| fault.under(Rule::S9))?;
    Name::parse(text).map_err(|error| Fault::new(value.at, Rule::S9, What::Name(error)))
}

fn hex(value: &Value<'_>, name: DigestName) -> Result<Box<str>, Fault> {
    let lengths: &[usize] = match name {
        DigestName::GitCommit | DigestName::GitTree => &[40, 64],
        DigestName::Sha512 => &[128],
    };
    let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let good = |text: &&str| lengths.contains(&text.len()) && text.bytes().all(digit);
    let found = value.text().filter(good).map(Box::from);
    found.ok_or_else(|| {
        read::expected(
            value,
            "lower-case hexadecimal digits of the digest's length",
        )
    })
}

/// S13. The member itself stays where it is: a kind that requires one lists it among its members.
fn nonce(predicate: &Value<'_>, required: bool) -> Result<Option<Nonce>, Fault> {
    match (predicate.member("nonce"), required) {
        (None, false) => Ok(None),
        (None, true) => Err(Fault::new(predicate.at, Rule::S13, What::Missing("nonce"))),
        (Some(value), false) => Err(Fault::new(value.at, Rule::S13, What::NonceRefused)),
        (Some(value), true) => {
            let nonce = value.text().and_then(Nonce::parse);
            let wanted = "32 lower-case hexadecimal digits";
            nonce
                .map(Some)
                .ok_or_else(|| read::expected(value, wanted).under(Rule::S13))
        }
    }
}

const MEMBERS: [&str; 4] = ["_type", "predicate", "predicateType", "subject"];

#[cfg(test)]
mod tests;
