//! Strict JSON, read once and borrowed: RFC 8259 narrowed by `evidence.md` S5.
//!
//! One text has one reading here: UTF-8 without a byte-order mark, at most 32 levels and 100,000 values, no lone
//! surrogate, no member twice after unescaping, nothing behind the value. Each value remembers the byte where it
//! starts, so that a later refusal can name place and JSON pointer without cost for those who accept.
//!
//! ```
//! use evidence::json::{self, JsonErrorKind, Node};
//!
//! let value = json::parse(br#"{"serial": 42}"#)?;
//! assert!(matches!(value.member("serial").map(|found| &found.node), Some(Node::Integer(42))));
//! assert_eq!(value.pointer(11), Some("/serial".to_owned()));
//!
//! // The same member in another spelling would let two readers see two values.
//! let twice = json::parse(br#"{"a":1,"\u0061":2}"#).unwrap_err();
//! assert_eq!((twice.at, twice.kind), (7, JsonErrorKind::MemberTwice));
//! # Ok::<(), evidence::json::JsonError>(())
//! ```

use std::borrow::Cow;

use crate::limits;

/// A value and the byte at which it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct Value<'a> {
    /// Byte offset of the value's first character.
    pub at: usize,
    /// The value.
    pub node: Node<'a>,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Node<'a> {
    /// `null`; our own kinds never hold one (S6).
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer within ±(2^53 − 1), written without fraction, exponent or negative zero.
    Integer(i64),
    /// The text of any other number; only foreign kinds hold one (S6).
    Number(&'a str),
    /// A text, unescaped.
    Text(Cow<'a, str>),
    /// Values in order.
    Array(Vec<Value<'a>>),
    /// Members in the order of the text; no name stands twice.
    Object(Vec<Member<'a>>),
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Member<'a> {
    /// Byte offset of the name's opening quote.
    pub at: usize,
    /// The name, unescaped.
    pub name: Cow<'a, str>,
    /// The value.
    pub value: Value<'a>,
}

/// Why a text is not JSON in the strict form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("byte {at}: {kind}")]
pub struct JsonError {
    /// Byte offset at which reading stopped.
    pub at: usize,
    /// What stood there.
    pub kind: JsonErrorKind,
}

/// What stops the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// An escape that RFC 8259 does not know.
    #[error("unknown escape in a text")]
    BadEscape,
    /// A number with a leading zero, or without a digit where one must be.
    #[error("malformed number")]
    BadNumber,
    /// U+FEFF in front.
    #[error("byte-order mark in front")]
    ByteOrderMark,
    /// A byte below 0x20 inside a text.
    #[error("unescaped control character in a text")]
    ControlCharacter,
    /// The text ends inside a value.
    #[error("the text ends too early")]
    Ended,
    /// Half of a surrogate pair.
    #[error("lone surrogate in a text")]
    LoneSurrogate,
    /// Two members of one object have one name after unescaping.
    #[error("a member stands twice")]
    MemberTwice,
    /// Not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// More than [`limits::JSON_DEPTH`] arrays and objects inside each other.
    #[error("nested more than 32 levels deep")]
    TooDeep,
    /// More than [`limits::JSON_VALUES`] values.
    #[error("more than 100,000 values")]
    TooManyValues,
    /// Something behind the value.
    #[error("something follows the value")]
    Trailing,
    /// A character that starts no value, or stands where another must.
    #[error("unexpected character")]
    Unexpected,
}

impl JsonError {
    /// What to do next.
    pub const fn hint(&self) -> &'static str {
        self.kind.hint()
    }
}

impl JsonErrorKind {
    /// What to do next.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::ByteOrderMark | Self::NotUtf8 => {
                "write the file as UTF-8 without a byte-order mark"
            }
            Self::TooDeep | Self::TooManyValues => {
                "move the large part into a blob and cite its digest"
            }
            Self::MemberTwice => "keep one of the two members",
            _ => "write the text with a JSON library, and send it unchanged",
        }
    }
}

/// Reads one JSON text (S5).
///
/// # Errors
///
/// [`JsonError`] with the byte where the text leaves the strict form.
pub fn parse(bytes: &[u8]) -> Result<Value<'_>, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|error| JsonError {
        at: error.valid_up_to(),
        kind: JsonErrorKind::NotUtf8,
    })?;
    if text.starts_with('\u{feff}') {
        return Err(JsonError {
            at: 0,
            kind: JsonErrorKind::ByteOrderMark,
        });
    }
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        values: 0,
    };
    parser.space();
    let value = parser.value()?;
    parser.space();
    if parser.at < text.len() {
        return Err(parser.error(JsonErrorKind::Trailing));
    }
    Ok(value)
}

impl<'a> Value<'a> {
    /// The member of that name, if this is an object that has one.
    pub fn member(&self, name: &str) -> Option<&Self> {
        let Node::Object(members) = &self.node else {
            return None;
        };
        members
            .iter()
            .find(|member| member.name == name)
            .map(|member| &member.value)
    }

    /// The text, if this is one.
    pub fn text(&self) -> Option<&str> {
        match &self.node {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// JSON pointer (RFC 6901) of the value or member name that starts at byte `at`, seen from this value as the
    /// root; `None` if none starts there.
    pub fn pointer(&self, at: usize) -> Option<String> {
        if self.at == at {
            return Some(String::new());
        }
        match &self.node {
            Node::Array(items) => items
                .iter()
                .enumerate()
                .find_map(|(index, item)| item.pointer(at).map(|rest| format!("/{index}{rest}"))),
            Node::Object(members) => members.iter().find_map(|member| {
                let rest = if member.at == at {
                    String::new()
                } else {
                    member.value.pointer(at)?
                };
                let name = member.name.replace('~', "~0").replace('/', "~1");
                Some(format!("/{name}{rest}"))
            }),
            _ => None,
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    values: usize,
}

impl<'a> Parser<'a> {
    fn value(&mut self) -> Result<Value<'a>, JsonError> {
        self.values += 1;
        if self.values > limits::JSON_VALUES {
            return Err(self.error(JsonErrorKind::TooManyValues));
        }
        let at = self.at;
        let node = match self.peek() {
            Some(b'"') => Node::Text(self.string()?),
            Some(b'{') => Node::Object(self.nested(Self::members)?),
            Some(b'[') => Node::Array(self.nested(Self::items)?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.literal("true", Node::Bool(true))?,
            Some(b'f') => self.literal("false", Node::Bool(false))?,
            Some(b'n') => self.literal("null", Node::Null)?,
            Some(_) => return Err(self.error(JsonErrorKind::Unexpected)),
            None => return Err(self.error(JsonErrorKind::Ended)),
        };
        Ok(Value { at, node })
    }

    /// The parser calls itself once a level, so the limit also bounds the stack.
    fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, JsonError>,
    ) -> Result<T, JsonError> {
        if self.depth == limits::JSON_DEPTH {
            return Err(self.error(JsonErrorKind::TooDeep));
        }
        self.depth += 1;
        self.at += 1;
        let inner = read(self)?;
        self.depth -= 1;
        Ok(inner)
    }

    fn items(&mut self) -> Result<Vec<Value<'a>>, JsonError> {
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(items);
        }
        loop {
            self.space();
            items.push(self.value()?);
            self.space();
            if self.take(b']') {
                return Ok(items);
            }
            self.expect(b',')?;
        }
    }

    fn members(&mut self) -> Result<Vec<Member<'a>>, JsonError> {
        let mut members = Vec::new();
        self.space();
        if self.take(b'}') {
            return Ok(members);
        }
        loop {
            self.space();
            let at = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.unexpected());
            }
            let name = self.string()?;
            self.space();
            self.expect(b':')?;
            self.space();
            let value = self.value()?;
            members.push(Member { at, name, value });
            self.space();
            if self.take(b'}') {
                break;
            }
            self.expect(b',')?;
        }
        match repeated(&members) {
            Some(at) => Err(JsonError {
                at,
                kind: JsonErrorKind::MemberTwice,
            }),
            None => Ok(members),
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.at += 1;
        let start = self.at;
        self.plain();
        let first = self.slice(start);
        if self.take(b'"') {
            return Ok(Cow::Borrowed(first));
        }
        let mut text = first.to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(text));
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return Err(self.error(JsonErrorKind::ControlCharacter)),
                None => return Err(self.error(JsonErrorKind::Ended)),
            }
            let start = self.at;
            self.plain();
            text.push_str(self.slice(start));
        }
    }

    /// Goes on to the next quote, backslash, control character or the end.
    fn plain(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let stop = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
        self.at += rest.iter().position(stop).unwrap_or(rest.len());
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let at = self.at;
        self.at += 1;
        let letter = self
            .peek()
            .ok_or_else(|| self.error(JsonErrorKind::Ended))?;
        let character = match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(at),
            _ => {
                return Err(JsonError {
                    at,
                    kind: JsonErrorKind::BadEscape,
                });
            }
        };
        self.at += 1;
        Ok(character)
    }

    fn unicode(&mut self, at: usize) -> Result<char, JsonError> {
        let lone = JsonError {
            at,
            kind: JsonErrorKind::LoneSurrogate,
        };
        let unit = self.four_digits(at)?;
        if !(0xd800..0xdc00).contains(&unit) {
            return char::from_u32(unit).ok_or(lone);
        }
        let second_at = self.at;
        if !(self.take(b'\\') && self.peek() == Some(b'u')) {
            return Err(lone);
        }
        let second = self.four_digits(second_at)?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(lone);
        }
        char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (second - 0xdc00)).ok_or(lone)
    }

    /// The number behind `u`, which is the current character.
    fn four_digits(&mut self, at: usize) -> Result<u32, JsonError> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let byte = self
                .peek()
                .ok_or_else(|| self.error(JsonErrorKind::Ended))?;
            let digit = char::from(byte).to_digit(16);
            unit = (unit << 4)
                | digit.ok_or(JsonError {
                    at,
                    kind: JsonErrorKind::BadEscape,
                })?;
            self.at += 1;
        }
        Ok(unit)
    }

    fn number(&mut self) -> Result<Node<'a>, JsonError> {
        let start = self.at;
        self.take(b'-');
        if self.take(b'0') {
            if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return Err(self.error(JsonErrorKind::BadNumber));
            }
        } else {
            self.digits()?;
        }
        let mut whole = true;
        if self.take(b'.') {
            whole = false;
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            whole = false;
            if !self.take(b'-') {
                self.take(b'+');
            }
            self.digits()?;
        }
        let text = self.slice(start);
        let exact = |number: &i64| number.unsigned_abs() <= limits::INTEGER && text != "-0";
        match text.parse().ok().filter(exact) {
            Some(number) if whole => Ok(Node::Integer(number)),
            _ => Ok(Node::Number(text)),
        }
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.error(JsonErrorKind::BadNumber));
        }
        Ok(())
    }

    fn literal(&mut self, word: &str, node: Node<'a>) -> Result<Node<'a>, JsonError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(self.error(JsonErrorKind::Unexpected));
        }
        self.at += word.len();
        Ok(node)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    /// Start and current place lie beside ASCII characters, so they never cut a character in two.
    fn slice(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn unexpected(&self) -> JsonError {
        let ended = self.at >= self.text.len();
        self.error(if ended {
            JsonErrorKind::Ended
        } else {
            JsonErrorKind::Unexpected
        })
    }

    const fn error(&self, kind: JsonErrorKind) -> JsonError {
        JsonError { at: self.at, kind }
    }
}

/// Where the first name stands for the second time. Names of a canonical text ascend, which one pass shows; others
/// are sorted, because comparing each with each would let a hostile object of 100,000 members cost minutes.
fn repeated(members: &[Member<'_>]) -> Option<usize> {
    if members.is_sorted_by(|left, right| left.name < right.name) {
        return None;
    }
    let mut order: Vec<(&str, usize)> = members
        .iter()
        .map(|member| (member.name.as_ref(), member.at))
        .collect();
    order.sort_unstable();
    order
        .iter()
        .zip(order.iter().skip(1))
        .filter(|(left, right)| left.0 == right.0)
        .map(|pair| pair.1.1)
        .min()
}

#[cfg(test)]
mod tests;
