//! Typed reading of a parsed JSON text: exact members (`evidence.md` S11), words, times, digests (S12).
//!
//! ```
//! use evidence::json;
//! use evidence::read::{self, Object};
//!
//! let value = json::parse(br#"{"serial":42}"#)?;
//! let object = Object::exactly(&value, &["serial"], &[]).expect("the members of the schema");
//! assert_eq!(read::integer(object.require("serial").expect("there"), 1, 100), Ok(42));
//! assert!(Object::exactly(&value, &[], &[]).is_err());
//! # Ok::<(), evidence::json::JsonError>(())
//! ```

use tlog::hash::Hash;

use crate::json::{Member, Node, Value};
use crate::limits;
use crate::line::Word;
use crate::refusal::{Fault, Rule, What};
use crate::time::Time;

/// An object whose members were compared with the schema.
#[derive(Clone, Copy, Debug)]
pub struct Object<'v, 'a> {
    /// Byte offset of the object.
    pub at: usize,
    members: &'v [Member<'a>],
}

impl<'v, 'a> Object<'v, 'a> {
    /// An object with all of `required`, perhaps some of `optional`, and no other member.
    ///
    /// # Errors
    ///
    /// A [`Fault`] of rule S11 at the first unknown member, or at the object for the first missing one.
    pub fn exactly(
        value: &'v Value<'a>,
        required: &[&'static str],
        optional: &[&'static str],
    ) -> Result<Self, Fault> {
        let object = Self::any(value)?;
        let known = |member: &&Member<'_>| {
            let name = member.name.as_ref();
            !required.contains(&name) && !optional.contains(&name)
        };
        if let Some(unknown) = object.members.iter().find(known) {
            return Err(Fault::new(unknown.at, Rule::S11, What::UnknownMember));
        }
        for name in required {
            object.require(name)?;
        }
        Ok(object)
    }

    /// An object with any members: foreign kinds only.
    ///
    /// # Errors
    ///
    /// A [`Fault`] of rule S11 if the value is no object.
    pub fn any(value: &'v Value<'a>) -> Result<Self, Fault> {
        match &value.node {
            Node::Object(members) => Ok(Self {
                at: value.at,
                members,
            }),
            _ => Err(expected(value, "an object")),
        }
    }

    /// The member of that name.
    pub fn find(&self, name: &str) -> Option<&'v Value<'a>> {
        self.members
            .iter()
            .find(|member| member.name == name)
            .map(|member| &member.value)
    }

    /// The member of that name.
    ///
    /// # Errors
    ///
    /// A [`Fault`] of rule S11 at the object if it is missing.
    pub fn require(&self, name: &'static str) -> Result<&'v Value<'a>, Fault> {
        self.find(name)
            .ok_or(Fault::new(self.at, Rule::S11, What::Missing(name)))
    }

    /// The members, in the order of the text.
    pub fn members(&self) -> &'v [Member<'a>] {
        self.members
    }
}

/// A list of `least` to `most` items.
///
/// # Errors
///
/// A [`Fault`] of rule S11.
pub fn list<'v, 'a>(
    value: &'v Value<'a>,
    least: usize,
    most: usize,
) -> Result<&'v [Value<'a>], Fault> {
    let Node::Array(items) = &value.node else {
        return Err(expected(value, "a list"));
    };
    if items.len() < least || items.len() > most {
        return Err(Fault::new(value.at, Rule::S11, What::Count { least, most }));
    }
    Ok(items)
}

/// Items that ascend strictly, so that each set has one spelling.
///
/// # Errors
///
/// A [`Fault`] of rule S11 at the first item that is not above the one before it.
pub fn ascending<T: PartialOrd>(values: &[Value<'_>], items: &[T]) -> Result<(), Fault> {
    let pairs = items
        .iter()
        .zip(items.iter().skip(1))
        .zip(values.iter().skip(1));
    for ((before, item), value) in pairs {
        if before >= item {
            return Err(Fault::new(value.at, Rule::S11, What::NotAscending));
        }
    }
    Ok(())
}

/// A text of any content.
///
/// # Errors
///
/// A [`Fault`] of rule S11.
pub fn string<'v>(value: &'v Value<'_>) -> Result<&'v str, Fault> {
    value.text().ok_or_else(|| expected(value, "a text"))
}

/// An integer from `least` to `most`.
///
/// # Errors
///
/// A [`Fault`] of rule S11.
pub fn integer(value: &Value<'_>, least: u64, most: u64) -> Result<u64, Fault> {
    let fault = Fault::new(value.at, Rule::S11, What::Range { least, most });
    let Node::Integer(number) = value.node else {
        return Err(fault);
    };
    match u64::try_from(number) {
        Ok(number) if number >= least && number <= most => Ok(number),
        _ => Err(fault),
    }
}

/// One of the words of a table; `words` names them all in the refusal.
///
/// # Errors
///
/// A [`Fault`] of rule S11.
pub fn choice<T: Copy>(
    value: &Value<'_>,
    table: &[(&str, T)],
    words: &'static str,
) -> Result<T, Fault> {
    let text = string(value)?;
    let row = table.iter().find(|(word, _)| *word == text);
    row.map(|(_, meaning)| *meaning)
        .ok_or_else(|| expected(value, words))
}

/// A SHA-256 digest, 64 lower-case hexadecimal digits.
///
/// # Errors
///
/// A [`Fault`] of rule S11.
pub fn hash(value: &Value<'_>) -> Result<Hash, Fault> {
    let found = value.text().and_then(Hash::from_hex);
    found.ok_or_else(|| expected(value, "64 lower-case hexadecimal digits"))
}

/// The digest in an object of one member, `{"sha256": …}`.
///
/// # Errors
///
/// A [`Fault`] of rule S11.
pub fn sha256(value: &Value<'_>) -> Result<Hash, Fault> {
    hash(Object::exactly(value, &["sha256"], &[])?.require("sha256")?)
}

/// A word (S12).
///
/// # Errors
///
/// A [`Fault`] of rule S12.
pub fn word(value: &Value<'_>) -> Result<Word, Fault> {
    let found = value.text().and_then(|text| Word::parse(text).ok());
    found.ok_or_else(|| expected(value, "a word of [a-z0-9._-], 1 to 64 bytes").under(Rule::S12))
}

/// A time (S12).
///
/// # Errors
///
/// A [`Fault`] of rule S12.
pub fn time(value: &Value<'_>) -> Result<Time, Fault> {
    let found = value.text().and_then(|text| Time::parse(text).ok());
    found.ok_or_else(|| expected(value, "a time as 2026-11-24T06:12:00Z").under(Rule::S12))
}

/// A text for people of 1 to 4,096 bytes, newline the only control character (S12).
///
/// # Errors
///
/// A [`Fault`] of rule S12.
pub fn text(value: &Value<'_>) -> Result<Box<str>, Fault> {
    let plain = |text: &&str| {
        !text.is_empty()
            && text.len() <= limits::TEXT
            && !text
                .chars()
                .any(|character| character.is_control() && character != '\n')
    };
    let wanted = "a text of 1 to 4,096 bytes with no control character but newline";
    let found = value.text().filter(plain);
    found
        .map(Box::from)
        .ok_or_else(|| expected(value, wanted).under(Rule::S12))
}

/// Statement ids that are superseded: 1 to 16, ascending (S14).
///
/// # Errors
///
/// A [`Fault`] of rule S14.
pub fn supersedes(value: &Value<'_>) -> Result<Vec<Hash>, Fault> {
    let read = || {
        let values = list(value, 1, limits::SUPERSEDES)?;
        let ids = values.iter().map(hash).collect::<Result<Vec<_>, _>>()?;
        ascending(values, &ids)?;
        Ok(ids)
    };
    read().map_err(|fault: Fault| fault.under(Rule::S14))
}

/// A fault of rule S11 that says what should stand there.
pub const fn expected(value: &Value<'_>, what: &'static str) -> Fault {
    Fault::new(value.at, Rule::S11, What::Expected(what))
}
