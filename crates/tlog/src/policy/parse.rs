//! The text of [tlog-policy]: items on lines, one pass, every violation collected with its place.
//!
//! ```text
//! log VKEY [URL]
//! witness NAME VKEY [URL]
//! group NAME all|any|K MEMBER…
//! quorum NAME|none
//! ```
//!
//! [tlog-policy]: https://c2sp.org/tlog-policy

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use super::{Group, Log, Member, Name, Witness, Witnesses};
use crate::checkpoint::parse_decimal;
use crate::key::{Algorithm, Vkey, VkeyRefused};

/// One violation and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
    /// The bytes of the text that are marked.
    pub span: Range<usize>,
    /// What is wrong there.
    pub violation: Violation,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "line {}, column {}: {}",
            self.line, self.column, self.violation
        )
    }
}

/// Everything that is wrong with a policy text, in its order; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusals(Vec<Refusal>);

impl Refusals {
    /// The violations, at least one.
    pub fn all(&self) -> &[Refusal] {
        &self.0
    }

    /// What to do next about the first.
    pub fn hint(&self) -> &'static str {
        self.0
            .first()
            .map_or("", |refusal| refusal.violation.hint())
    }
}

/// The first violation, and how many follow.
impl fmt::Display for Refusals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(first) = self.0.first() {
            write!(formatter, "{first}")?;
        }
        match self.0.len().saturating_sub(1) {
            0 => Ok(()),
            more => write!(formatter, " (and {more} more)"),
        }
    }
}

impl std::error::Error for Refusals {}

/// What a policy text can get wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// A byte other than tab, newline, 20–7E and 80–FF (Y2).
    #[error("byte {0:#04x} is not allowed")]
    ForbiddenByte(u8),
    /// A group without members (Y5).
    #[error("the group has no member")]
    GroupEmpty,
    /// A line ends too early (Y1).
    #[error("the line ends where {0} must stand")]
    ItemMissing(&'static str),
    /// An item too many, such as a comment behind a line (Y1, Y2).
    #[error("the line goes on behind its last item")]
    ItemTooMany,
    /// A `log` line in a text that is only about witnesses.
    #[error("a text about witnesses has no log lines")]
    LogHere,
    /// One public key in two `log` lines (Y4).
    #[error("this public key stands in an earlier log line")]
    LogKeyTwice,
    /// A key that signs cosignatures in a `log` line.
    #[error("a log's key has signature type 01 or 06")]
    LogKeyType,
    /// A member of two groups (Y5).
    #[error("this name is already a member of another group")]
    MemberOfTwo,
    /// A member named twice in one group (Y5).
    #[error("this member is named twice")]
    MemberTwice,
    /// `none` given to a witness or group, or used as a member (Y3).
    #[error("the name none is reserved for the quorum")]
    NameReserved,
    /// A name defined twice; witnesses and groups share their names (Y3).
    #[error("this name is defined on an earlier line")]
    NameTwice,
    /// A name that no earlier line defines (Y3).
    #[error("no earlier line defines this name")]
    NameUndefined,
    /// The last line has no newline: the text may be cut off (Y1).
    #[error("the last line does not end in a newline")]
    NoNewline,
    /// No `quorum` line (Y1).
    #[error("the text has no quorum line")]
    QuorumMissing,
    /// A second `quorum` line (Y1).
    #[error("the text has a second quorum line")]
    QuorumTwice,
    /// A threshold that is no `all`, `any` or decimal number (Y1).
    #[error("a threshold is all, any or a decimal number")]
    Threshold,
    /// A threshold below 1 or above the number of members (Y5).
    #[error("the threshold is not between 1 and the number of members")]
    ThresholdRange,
    /// The text is longer than [`MAX_TEXT`].
    #[error("the text is longer than {MAX_TEXT} bytes")]
    TooLong,
    /// More than [`MAX_ITEMS`] of a kind.
    #[error("the text has more than {MAX_ITEMS} lines of this kind")]
    TooMany,
    /// A line that opens with another word (Y1).
    #[error("a line opens with log, witness, group or quorum")]
    UnknownKeyword,
    /// A text that is no vkey.
    #[error("{0}")]
    Vkey(VkeyRefused),
    /// One public key in two `witness` lines (Y4).
    #[error("this public key stands in an earlier witness line")]
    WitnessKeyTwice,
    /// A log's key type in a `witness` line.
    #[error("a witness's key has signature type 04 or 06")]
    WitnessKeyType,
}

impl Violation {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::ForbiddenByte(b'\r') => "save the text with line ends of one newline byte",
            Self::ForbiddenByte(_) => {
                "remove the byte; only tab and newline are allowed as control characters"
            }
            Self::GroupEmpty => "name at least one witness or group behind the threshold",
            Self::ItemMissing(_) => "write what is missing on the same line",
            Self::ItemTooMany => {
                "put a comment on a line of its own, or remove the rest of the line"
            }
            Self::LogHere => "name logs in the log table of the trust policy instead",
            Self::LogKeyTwice | Self::WitnessKeyTwice => "remove one of the two lines",
            Self::LogKeyType => "use the log's own vkey, not that of a witness",
            Self::MemberOfTwo => "let each name be counted in one group only",
            Self::MemberTwice => "remove the repetition",
            Self::NameReserved => "choose another name",
            Self::NameTwice => "give one of the two lines another name",
            Self::NameUndefined => "define the name on a line above, or correct its spelling",
            Self::NoNewline => {
                "compare the text with its source, then end its last line with a newline"
            }
            Self::QuorumMissing => "end the text with a line quorum NAME, or quorum none",
            Self::QuorumTwice => "keep one quorum line",
            Self::Threshold => "write all, any, or a number without sign and leading zeros",
            Self::ThresholdRange => "ask for at least one and at most all members",
            Self::TooLong | Self::TooMany => "remove what is not used",
            Self::UnknownKeyword => {
                "correct the first word of the line, or open the line with # to make it a comment"
            }
            Self::Vkey(cause) => cause.hint(),
            Self::WitnessKeyType => "use the witness's cosignature vkey",
        }
    }
}

/// tlog-policy asks for at least 32 of each kind; a note holds 64 lines, and this leaves room for four times as many.
pub const MAX_ITEMS: usize = 256;

/// 256 logs and 256 witnesses with ML-DSA-44 vkeys (about 1.8 kB) and as many groups fit in 1 MiB.
pub const MAX_TEXT: usize = 1 << 20;

/// Whether `log` lines may stand in the text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Logs {
    Allowed,
    Refused,
}

pub(super) fn parse(text: &[u8], logs: Logs) -> Result<(Vec<Log>, Witnesses), Refusals> {
    if text.len() > MAX_TEXT {
        let place = Line {
            number: 1,
            start: 0,
        };
        return Err(Refusals(vec![place.refusal(0..0, Violation::TooLong)]));
    }
    let mut parser = Parser::new(logs);
    let mut end = Line {
        number: 1,
        start: 0,
    };
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let body = line.strip_suffix(b"\n").unwrap_or(line);
        parser.line(end, body);
        if body.len() == line.len() {
            let at = end.start + line.len();
            parser
                .refusals
                .push(end.refusal(at..at, Violation::NoNewline));
        }
        end = Line {
            number: end.number + 1,
            start: end.start + line.len(),
        };
        if parser.refusals.len() >= MAX_REFUSALS {
            return Err(Refusals(parser.refusals));
        }
    }
    parser.finish(end)
}

#[derive(Clone, Copy)]
struct Line {
    number: usize,
    start: usize,
}

impl Line {
    fn refusal(self, span: Range<usize>, violation: Violation) -> Refusal {
        Refusal {
            line: self.number,
            column: span.start - self.start + 1,
            span,
            violation,
        }
    }
}

/// An item of a line and where it starts in the text.
#[derive(Clone, Copy)]
struct Item<'a> {
    start: usize,
    bytes: &'a [u8],
}

impl Item<'_> {
    fn span(&self) -> Range<usize> {
        self.start..self.start + self.bytes.len()
    }
}

type Fault = (Range<usize>, Violation);

struct Parser {
    allowed: Logs,
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    /// What a name means; `None` when its line was refused, so that one mistake is reported once.
    names: BTreeMap<Box<[u8]>, Option<Member>>,
    /// Names that are a member already.
    members: BTreeSet<Box<[u8]>>,
    quorum: Option<Option<Member>>,
    refusals: Vec<Refusal>,
}

impl Parser {
    fn new(allowed: Logs) -> Self {
        Self {
            allowed,
            logs: Vec::new(),
            witnesses: Vec::new(),
            groups: Vec::new(),
            names: BTreeMap::new(),
            members: BTreeSet::new(),
            quorum: None,
            refusals: Vec::new(),
        }
    }

    fn line(&mut self, line: Line, body: &[u8]) {
        let forbidden = |byte: &u8| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f;
        if let Some(at) = body.iter().position(forbidden) {
            let byte = body.get(at).copied().unwrap_or_default();
            let at = line.start + at;
            self.refusals
                .push(line.refusal(at..at + 1, Violation::ForbiddenByte(byte)));
        }
        let items = items(line.start, body);
        let Some((keyword, rest)) = items.split_first() else {
            return;
        };
        // Only where it opens the line: names and URLs may hold a number sign.
        if keyword.bytes.starts_with(b"#") {
            return;
        }
        let end = line.start + body.len();
        let result = match keyword.bytes {
            b"group" => self.group(rest, end),
            b"log" => self.log(*keyword, rest, end),
            b"quorum" => self.quorum(*keyword, rest, end),
            b"witness" => self.witness(rest, end),
            _ => Err((keyword.span(), Violation::UnknownKeyword)),
        };
        if let Err((span, violation)) = result {
            self.refusals.push(line.refusal(span, violation));
        }
    }

    fn log(&mut self, keyword: Item<'_>, rest: &[Item<'_>], end: usize) -> Result<(), Fault> {
        if self.allowed == Logs::Refused {
            return Err((keyword.span(), Violation::LogHere));
        }
        let (vkey, url) = match rest {
            [] => return Err((end..end, Violation::ItemMissing("a vkey"))),
            [vkey] => (vkey, None),
            [vkey, url] => (vkey, Some(url.bytes.into())),
            [_, _, more, ..] => return Err((more.span(), Violation::ItemTooMany)),
        };
        let key = read_vkey(vkey)?;
        if key.algorithm() == Algorithm::Ed25519Cosignature {
            return Err((vkey.span(), Violation::LogKeyType));
        }
        if self
            .logs
            .iter()
            .any(|log| log.vkey.public_key() == key.public_key())
        {
            return Err((vkey.span(), Violation::LogKeyTwice));
        }
        if self.logs.len() >= MAX_ITEMS {
            return Err((keyword.span(), Violation::TooMany));
        }
        self.logs.push(Log { vkey: key, url });
        Ok(())
    }

    fn witness(&mut self, rest: &[Item<'_>], end: usize) -> Result<(), Fault> {
        let (name, vkey, url) = match rest {
            [] => return Err((end..end, Violation::ItemMissing("a name"))),
            [name] => {
                self.define(name)?;
                return Err((end..end, Violation::ItemMissing("a vkey")));
            }
            [name, vkey] => (name, vkey, None),
            [name, vkey, url] => (name, vkey, Some(url.bytes.into())),
            [name, _, _, more, ..] => {
                self.define(name)?;
                return Err((more.span(), Violation::ItemTooMany));
            }
        };
        self.define(name)?;
        let key = read_vkey(vkey)?;
        if key.algorithm() == Algorithm::Ed25519 {
            return Err((vkey.span(), Violation::WitnessKeyType));
        }
        if self
            .witnesses
            .iter()
            .any(|witness| witness.vkey.public_key() == key.public_key())
        {
            return Err((vkey.span(), Violation::WitnessKeyTwice));
        }
        if self.witnesses.len() >= MAX_ITEMS {
            return Err((name.span(), Violation::TooMany));
        }
        self.names.insert(
            name.bytes.into(),
            Some(Member::Witness(self.witnesses.len())),
        );
        self.witnesses.push(Witness {
            name: Name(name.bytes.into()),
            vkey: key,
            url,
        });
        Ok(())
    }

    fn group(&mut self, rest: &[Item<'_>], end: usize) -> Result<(), Fault> {
        let (name, threshold, named) = match rest {
            [] => return Err((end..end, Violation::ItemMissing("a name"))),
            [name] => {
                self.define(name)?;
                return Err((end..end, Violation::ItemMissing("all, any or a number")));
            }
            [name, threshold, named @ ..] => (name, threshold, named),
        };
        self.define(name)?;
        let members = self.group_members(name, named)?;
        let count = match threshold.bytes {
            b"all" => named.len(),
            b"any" => 1,
            digits => std::str::from_utf8(digits)
                .ok()
                .and_then(parse_decimal)
                .and_then(|count| usize::try_from(count).ok())
                .ok_or_else(|| (threshold.span(), Violation::Threshold))?,
        };
        if named.is_empty() {
            return Err((end..end, Violation::GroupEmpty));
        }
        if count < 1 || count > named.len() {
            return Err((threshold.span(), Violation::ThresholdRange));
        }
        if self.groups.len() >= MAX_ITEMS {
            return Err((name.span(), Violation::TooMany));
        }
        // A member whose own line was refused: the text is refused already, and the group cannot be built.
        let Some(members) = members else {
            return Ok(());
        };
        self.names
            .insert(name.bytes.into(), Some(Member::Group(self.groups.len())));
        self.groups.push(Group {
            name: Name(name.bytes.into()),
            threshold: count,
            members,
        });
        Ok(())
    }

    /// The members of a group; `None` inside when one of them is defined by a refused line.
    fn group_members(
        &mut self,
        group: &Item<'_>,
        named: &[Item<'_>],
    ) -> Result<Option<Vec<Member>>, Fault> {
        let mut members = Some(Vec::new());
        let mut here = BTreeSet::new();
        for item in named {
            if item.bytes == b"none" {
                return Err((item.span(), Violation::NameReserved));
            }
            // A group names earlier lines only, so it cannot hold itself.
            let known = self
                .names
                .get(item.bytes)
                .filter(|_| item.bytes != group.bytes);
            let member = *known.ok_or_else(|| (item.span(), Violation::NameUndefined))?;
            if !here.insert(item.bytes) {
                return Err((item.span(), Violation::MemberTwice));
            }
            if !self.members.insert(item.bytes.into()) {
                return Err((item.span(), Violation::MemberOfTwo));
            }
            members = members.zip(member).map(|(mut members, member)| {
                members.push(member);
                members
            });
        }
        Ok(members)
    }

    fn quorum(&mut self, keyword: Item<'_>, rest: &[Item<'_>], end: usize) -> Result<(), Fault> {
        if self.quorum.is_some() {
            return Err((keyword.span(), Violation::QuorumTwice));
        }
        // Set before the name is looked at: a line that is wrong is still the one quorum line.
        self.quorum = Some(None);
        let name = match rest {
            [] => return Err((end..end, Violation::ItemMissing("a name or none"))),
            [name] => name,
            [_, more, ..] => return Err((more.span(), Violation::ItemTooMany)),
        };
        if name.bytes == b"none" {
            return Ok(());
        }
        let member = self
            .names
            .get(name.bytes)
            .ok_or_else(|| (name.span(), Violation::NameUndefined))?;
        self.quorum = Some(*member);
        Ok(())
    }

    /// Takes a name; its meaning follows when its line is whole.
    fn define(&mut self, name: &Item<'_>) -> Result<(), Fault> {
        if name.bytes == b"none" {
            return Err((name.span(), Violation::NameReserved));
        }
        if self.names.contains_key(name.bytes) {
            return Err((name.span(), Violation::NameTwice));
        }
        self.names.insert(name.bytes.into(), None);
        Ok(())
    }

    fn finish(mut self, end: Line) -> Result<(Vec<Log>, Witnesses), Refusals> {
        if self.quorum.is_none() {
            self.refusals
                .push(end.refusal(end.start..end.start, Violation::QuorumMissing));
        }
        if !self.refusals.is_empty() {
            return Err(Refusals(self.refusals));
        }
        let quorum = self.quorum.flatten();
        Ok((
            self.logs,
            Witnesses {
                witnesses: self.witnesses,
                groups: self.groups,
                quorum,
            },
        ))
    }
}

fn items(start: usize, body: &[u8]) -> Vec<Item<'_>> {
    let mut items = Vec::new();
    let mut at = start;
    for bytes in body.split(|byte| matches!(byte, b' ' | b'\t')) {
        if !bytes.is_empty() {
            items.push(Item { start: at, bytes });
        }
        at += bytes.len() + 1;
    }
    items
}

fn read_vkey(item: &Item<'_>) -> Result<Vkey, Fault> {
    // A name inside a vkey is Unicode, unlike the names of this text.
    let text = std::str::from_utf8(item.bytes)
        .map_err(|_| (item.span(), Violation::Vkey(VkeyRefused::Name)))?;
    text.parse()
        .map_err(|cause| (item.span(), Violation::Vkey(cause)))
}

/// More than a person corrects in one go; a text that is something else altogether must not fill the memory.
const MAX_REFUSALS: usize = 100;
