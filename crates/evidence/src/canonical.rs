//! One form of bytes: RFC 8785 (JSON Canonicalization Scheme) for what our own formats use, `evidence.md` S6.
//!
//! Members are sorted by the UTF-16 units of their names, there is no white space, texts have the shortest escapes,
//! and of the numbers only integers within ±(2^53 − 1) occur, so that no number formatting is needed.
//!
//! ```
//! use evidence::canonical::{self, Json};
//! use evidence::json;
//!
//! let value = Json::object([("serial", 42_u32.into()), ("kind", "software".into())]);
//! let bytes = value.to_bytes();
//! assert_eq!(bytes, br#"{"kind":"software","serial":42}"#);
//! assert!(canonical::check(&bytes, &json::parse(&bytes)?).is_ok());
//!
//! let spaced = br#"{"kind": "software"}"#;
//! assert_eq!(canonical::check(spaced, &json::parse(spaced)?).unwrap_err().at, 8);
//! # Ok::<(), json::JsonError>(())
//! ```

use std::borrow::Cow;
use std::fmt;

use tlog::hash::Hash;

use crate::json::{Node, Value};
use crate::refusal::{Fault, Rule, What};

/// A value to be written. Inverse of reading: what it writes, [`crate::json::parse`] reads and [`check`] accepts, as
/// long as integers stay within ±(2^53 − 1) and names of members are ASCII and different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// A text.
    Text(Cow<'static, str>),
    /// Values in order.
    Array(Vec<Self>),
    /// Members in any order; they are sorted when written.
    Object(Vec<(Cow<'static, str>, Self)>),
}

impl Json {
    /// An object of these members; their order does not matter.
    pub fn object(members: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        Self::Object(
            members
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect(),
        )
    }

    /// An object of these members, leaving away those without a value.
    pub fn object_of_some(members: impl IntoIterator<Item = (&'static str, Option<Self>)>) -> Self {
        Self::object(
            members
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?))),
        )
    }

    /// A list.
    pub fn list<T: Into<Self>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }

    /// A text of whatever can be displayed.
    pub fn text(value: impl fmt::Display) -> Self {
        Self::Text(value.to_string().into())
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes
    }

    fn write(&self, sink: &mut Vec<u8>) {
        match self {
            Self::Bool(truth) => sink.put(literal(*truth)),
            Self::Integer(number) => sink.put(number.to_string().as_bytes()),
            Self::Text(text) => write_text(text, sink),
            Self::Array(items) => {
                sink.put(b"[");
                for (count, item) in items.iter().enumerate() {
                    sink.put(if count == 0 { b"" } else { b"," });
                    item.write(sink);
                }
                sink.put(b"]");
            }
            Self::Object(members) => {
                let mut order: Vec<_> = members.iter().collect();
                order.sort_by(|left, right| utf16(&left.0).cmp(utf16(&right.0)));
                sink.put(b"{");
                for (count, (name, value)) in order.into_iter().enumerate() {
                    sink.put(if count == 0 { b"" } else { b"," });
                    write_text(name, sink);
                    sink.put(b":");
                    value.write(sink);
                }
                sink.put(b"}");
            }
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&String::from_utf8_lossy(&self.to_bytes()))
    }
}

impl From<bool> for Json {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Json {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

/// Numbers beyond 2^53 − 1 do not occur in our formats; a reader would refuse them.
impl From<u64> for Json {
    fn from(number: u64) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// As for `u64`.
impl From<usize> for Json {
    fn from(number: usize) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned().into())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Hash> for Json {
    fn from(hash: Hash) -> Self {
        Self::Text(hash.to_hex().into())
    }
}

impl From<Vec<Self>> for Json {
    fn from(items: Vec<Self>) -> Self {
        Self::Array(items)
    }
}

/// Checks that `bytes`, of which `value` is the parsed form, are its canonical form (S6), without writing it anew.
///
/// # Errors
///
/// A [`Fault`] of rule S6: at the first value or member name that our formats do not use, else at the first byte
/// that differs.
pub fn check(bytes: &[u8], value: &Value<'_>) -> Result<(), Fault> {
    allowed(value)?;
    let mut comparison = Comparison {
        rest: bytes,
        at: 0,
        differs: None,
    };
    write_value(value, &mut comparison);
    match comparison.differs {
        Some(at) => Err(Fault::new(at, Rule::S6, What::NotCanonical)),
        None if !comparison.rest.is_empty() => {
            Err(Fault::new(comparison.at, Rule::S6, What::NotCanonical))
        }
        None => Ok(()),
    }
}

/// Canonical bytes of a parsed value. Numbers that are not exact integers are written as they stood, so only what
/// [`check`] accepts is sure to be canonical.
pub fn to_bytes(value: &Value<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_value(value, &mut bytes);
    bytes
}

/// Where canonical bytes go: into a buffer, or against bytes that should be equal.
trait Sink {
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

struct Comparison<'a> {
    rest: &'a [u8],
    at: usize,
    differs: Option<usize>,
}

impl Sink for Comparison<'_> {
    fn put(&mut self, bytes: &[u8]) {
        if self.differs.is_some() {
            return;
        }
        match self.rest.strip_prefix(bytes) {
            Some(rest) => {
                self.rest = rest;
                self.at += bytes.len();
            }
            None => {
                let equal = self
                    .rest
                    .iter()
                    .zip(bytes)
                    .take_while(|(left, right)| left == right);
                self.differs = Some(self.at + equal.count());
            }
        }
    }
}

fn allowed(value: &Value<'_>) -> Result<(), Fault> {
    match &value.node {
        Node::Null | Node::Number(_) => Err(Fault::new(value.at, Rule::S6, What::NullOrInexact)),
        Node::Bool(_) | Node::Integer(_) | Node::Text(_) => Ok(()),
        Node::Array(items) => items.iter().try_for_each(allowed),
        Node::Object(members) => members.iter().try_for_each(|member| {
            if !member.name.is_ascii() {
                return Err(Fault::new(member.at, Rule::S6, What::MemberNotAscii));
            }
            allowed(&member.value)
        }),
    }
}

fn write_value(value: &Value<'_>, sink: &mut impl Sink) {
    match &value.node {
        Node::Null => sink.put(b"null"),
        Node::Bool(truth) => sink.put(literal(*truth)),
        Node::Integer(number) => sink.put(number.to_string().as_bytes()),
        Node::Number(text) => sink.put(text.as_bytes()),
        Node::Text(text) => write_text(text, sink),
        Node::Array(items) => {
            sink.put(b"[");
            for (count, item) in items.iter().enumerate() {
                sink.put(if count == 0 { b"" } else { b"," });
                write_value(item, sink);
            }
            sink.put(b"]");
        }
        Node::Object(members) => {
            let mut order: Vec<_> = members.iter().collect();
            order.sort_by(|left, right| utf16(&left.name).cmp(utf16(&right.name)));
            sink.put(b"{");
            for (count, member) in order.into_iter().enumerate() {
                sink.put(if count == 0 { b"" } else { b"," });
                write_text(&member.name, sink);
                sink.put(b":");
                write_value(&member.value, sink);
            }
            sink.put(b"}");
        }
    }
}

fn write_text(text: &str, sink: &mut impl Sink) {
    sink.put(b"\"");
    let mut rest = text.as_bytes();
    let escaped = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    while let Some((plain, [byte, behind @ ..])) = rest
        .iter()
        .position(escaped)
        .and_then(|at| rest.split_at_checked(at))
    {
        sink.put(plain);
        match byte {
            b'"' => sink.put(b"\\\""),
            b'\\' => sink.put(b"\\\\"),
            8 => sink.put(b"\\b"),
            9 => sink.put(b"\\t"),
            10 => sink.put(b"\\n"),
            12 => sink.put(b"\\f"),
            13 => sink.put(b"\\r"),
            _ => sink.put(format!("\\u{byte:04x}").as_bytes()),
        }
        rest = behind;
    }
    sink.put(rest);
    sink.put(b"\"");
}

/// RFC 8785 section 3.2.3: by UTF-16 code units, which for ASCII is the order of the bytes.
fn utf16(name: &str) -> impl Iterator<Item = u16> {
    name.encode_utf16()
}

const fn literal(truth: bool) -> &'static [u8] {
    if truth { b"true" } else { b"false" }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{json, limits};

    fn checked(text: &str) -> Result<(), (usize, What)> {
        let value = json::parse(text.as_bytes()).expect("JSON");
        check(text.as_bytes(), &value).map_err(|fault| {
            assert_eq!(fault.rule, Rule::S6);
            (fault.at, fault.what)
        })
    }

    #[test]
    fn s6_refuses_what_is_not_the_canonical_form() {
        use What::*;
        for (text, expected) in [
            ("{ }", (1, NotCanonical)),
            ("{}\n", (2, NotCanonical)),
            (" {}", (0, NotCanonical)),
            (r#"{"b":1,"a":2}"#, (2, NotCanonical)),
            (r#"{"a":1, "b":2}"#, (7, NotCanonical)),
            (r#"["\u0061"]"#, (2, NotCanonical)),
            (r#"["\/"]"#, (2, NotCanonical)),
            (r#"["\u000a"]"#, (3, NotCanonical)),
            (r#"["\u001F"]"#, (7, NotCanonical)),
            (r#"["\u00e9"]"#, (2, NotCanonical)),
            (r#"["\ud83d\ude00"]"#, (2, NotCanonical)),
            ("[1.0]", (1, NullOrInexact)),
            ("[1e2]", (1, NullOrInexact)),
            ("[-0]", (1, NullOrInexact)),
            ("[9007199254740992]", (1, NullOrInexact)),
            ("[null]", (1, NullOrInexact)),
            (r#"{"é":1}"#, (1, MemberNotAscii)),
            (r#"{"a":{"\u00e9":1}}"#, (6, MemberNotAscii)),
        ] {
            assert_eq!(checked(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn s6_reads_the_canonical_form() {
        for text in [
            "{}",
            "[]",
            r#"{"":0,"A":true,"a":[-1,false],"b":{"c":"é😀\u001f\n\t\b\f\r\"\\/"}}"#,
            "[9007199254740991,-9007199254740991,0]",
            "\"\u{7f}\u{2028}\"",
        ] {
            assert_eq!(checked(text), Ok(()), "{text}");
        }
    }

    /// RFC 8785 section 3.2.3 gives this order; a surrogate pair sorts before U+FB33 by UTF-16 units, behind it by
    /// code points.
    #[test]
    fn sorts_by_utf16_units() {
        let text = "{\"\u{20ac}\":1,\"\\r\":2,\"\u{fb33}\":3,\"1\":4,\"\u{1f600}\":5,\"\u{80}\":6,\"\u{f6}\":7}";
        let sorted = "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}";
        let bytes = to_bytes(&json::parse(text.as_bytes()).expect("JSON"));
        assert_eq!(String::from_utf8_lossy(&bytes), sorted);
    }

    fn tree() -> impl Strategy<Value = Json> {
        let most = limits::INTEGER as i64;
        let leaf = prop_oneof![
            any::<bool>().prop_map(Json::from),
            (-most..=most).prop_map(Json::from),
            any::<String>().prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
                proptest::collection::btree_map("[ -~]{0,4}", inner, 0..6).prop_map(|members| {
                    let reversed = members.into_iter().rev();
                    Json::Object(reversed.map(|(name, value)| (name.into(), value)).collect())
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_canonical(value in tree()) {
            let bytes = value.to_bytes();
            let read = json::parse(&bytes).expect("JSON");
            prop_assert_eq!(check(&bytes, &read), Ok(()));
            prop_assert_eq!(to_bytes(&read), bytes.clone());
            let theirs: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
            // The other writer keeps members in byte order, which is ours for ASCII names.
            prop_assert_eq!(theirs.to_string().into_bytes(), bytes);
        }

        #[test]
        fn no_changed_byte_is_canonical_for_an_equal_value(value in tree(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
            let bytes = value.to_bytes();
            let mut changed = bytes.clone();
            changed[at.index(bytes.len())] = to;
            if changed != bytes && let Ok(read) = json::parse(&changed) && check(&changed, &read).is_ok() {
                prop_assert_ne!(to_bytes(&read), bytes);
            }
        }
    }
}
