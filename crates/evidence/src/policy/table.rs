//! Reading TOML values with their places. A value that is wrong is reported and gives `None`; reading goes on.

use std::ops::Range;

use tlog::hash::Hash;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{Diagnostic, PolicyRule, Problem};
use crate::key::PublicKey;
use crate::line::Word;
use crate::time::{Duration, Time};

/// The text, and what was found wrong with it so far.
pub(super) struct Reader<'t> {
    text: &'t str,
    starts: Vec<usize>,
    pub(super) found: Vec<Diagnostic>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0)
            .chain(newlines.map(|(at, _)| at + 1))
            .collect();
        Self {
            text,
            starts,
            found: Vec::new(),
        }
    }

    pub(super) fn report(&mut self, rule: PolicyRule, span: &Range<usize>, problem: Problem) {
        let line = self.line(span.start);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..span.start).unwrap_or_default();
        let column = before.chars().count() + 1;
        self.found.push(Diagnostic {
            rule,
            line,
            column,
            span: span.clone(),
            problem,
        });
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).max(1)
    }

    pub(super) fn raw(&self, span: &Range<usize>) -> &'t str {
        self.text.get(span.clone()).unwrap_or_default()
    }
}

/// A value and the bytes at which it stands.
#[derive(Clone)]
pub(super) struct Item<'d> {
    pub(super) span: Range<usize>,
    value: &'d DeValue<'d>,
}

impl<'d> Item<'d> {
    fn new(value: &'d Spanned<DeValue<'d>>) -> Self {
        Self {
            span: value.span(),
            value: value.get_ref(),
        }
    }

    pub(super) fn text(&self, reader: &mut Reader<'_>) -> Option<&'d str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.expected("a text in quotes", reader);
        }
        text
    }

    /// A name for people: one line of 1 to 256 bytes that does not begin or end in a space.
    pub(super) fn label(&self, reader: &mut Reader<'_>) -> Option<Box<str>> {
        let text = self.text(reader)?;
        let plain = !text.is_empty() && text.len() <= LABEL && text.trim() == text;
        if !plain || text.chars().any(char::is_control) {
            self.expected(
                "one line of 1 to 256 bytes without spaces around it",
                reader,
            );
            return None;
        }
        Some(text.into())
    }

    pub(super) fn word(&self, reader: &mut Reader<'_>) -> Option<Word> {
        let word = Word::parse(self.text(reader)?).ok();
        if word.is_none() {
            self.expected("a word of small letters, digits, dots and hyphens", reader);
        }
        word
    }

    pub(super) fn choice<T: Copy>(
        &self,
        table: &[(&str, T)],
        words: &'static str,
        reader: &mut Reader<'_>,
    ) -> Option<T> {
        let text = self.text(reader)?;
        let found = table
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, value)| *value);
        if found.is_none() {
            reader.report(PolicyRule::Pl1, &self.span, Problem::NotOneOf(words));
        }
        found
    }

    pub(super) fn number(&self, least: u64, most: u64, reader: &mut Reader<'_>) -> Option<u64> {
        let Some(integer) = self.value.as_integer() else {
            self.expected("a whole number", reader);
            return None;
        };
        let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            reader.report(
                PolicyRule::Pl1,
                &self.span,
                Problem::OutOfRange { least, most },
            );
        }
        number
    }

    pub(super) fn boolean(&self, reader: &mut Reader<'_>) -> Option<bool> {
        let boolean = self.value.as_bool();
        if boolean.is_none() {
            self.expected("true or false", reader);
        }
        boolean
    }

    pub(super) fn is_table(&self) -> bool {
        self.value.is_table()
    }

    /// `true` or `false`; `None` for anything else, which is not reported.
    pub(super) fn switch(&self) -> Option<bool> {
        self.value.as_bool()
    }

    pub(super) fn duration(&self, reader: &mut Reader<'_>) -> Option<Duration> {
        let duration = self
            .value
            .as_str()
            .and_then(|text| Duration::parse(text).ok());
        if duration.is_none() {
            reader.report(PolicyRule::Pl7, &self.span, Problem::NotADuration);
        }
        duration
    }

    pub(super) fn time(&self, reader: &mut Reader<'_>) -> Option<Time> {
        let time = self.value.as_str().and_then(|text| Time::parse(text).ok());
        if time.is_none() {
            self.expected("a time in quotes like 2026-11-24T06:12:00Z", reader);
        }
        time
    }

    /// `sha256:` and 64 small hexadecimal digits.
    pub(super) fn digest(&self, reader: &mut Reader<'_>) -> Option<Hash> {
        let digits = self.text(reader)?.strip_prefix("sha256:");
        let digest = digits.and_then(Hash::from_hex);
        if digest.is_none() {
            self.expected("sha256: and 64 small hexadecimal digits", reader);
        }
        digest
    }

    pub(super) fn key(&self, reader: &mut Reader<'_>) -> Option<PublicKey> {
        let refused = match PublicKey::from_policy_text(self.text(reader)?) {
            Ok(key) => return Some(key),
            Err(refused) => refused,
        };
        reader.report(PolicyRule::Pl2, &self.span, Problem::Key(refused));
        None
    }

    /// The items of a list of `least` to `most`.
    pub(super) fn list(
        &self,
        least: usize,
        most: usize,
        reader: &mut Reader<'_>,
    ) -> Option<Vec<Self>> {
        let Some(array) = self.value.as_array() else {
            self.expected("a list in square brackets", reader);
            return None;
        };
        if array.len() < least {
            reader.report(PolicyRule::Pl1, &self.span, Problem::Empty);
            return None;
        }
        if array.len() > most {
            reader.report(PolicyRule::Pl1, &self.span, Problem::TooMany(most));
            return None;
        }
        Some(array.iter().map(Item::new).collect())
    }

    /// A list whose items `read` understands, none twice. `None` if one is wrong; each wrong one is reported.
    pub(super) fn distinct<T: PartialEq>(
        &self,
        least: usize,
        most: usize,
        reader: &mut Reader<'_>,
        mut read: impl FnMut(&Self, &mut Reader<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut values = Some(Vec::new());
        for item in self.list(least, most, reader)? {
            let Some(value) = read(&item, reader) else {
                values = None;
                continue;
            };
            let Some(known) = &mut values else { continue };
            if known.contains(&value) {
                reader.report(PolicyRule::Pl1, &item.span, Problem::DoubledItem);
                values = None;
                continue;
            }
            known.push(value);
        }
        values
    }

    pub(super) fn table(&self, reader: &mut Reader<'_>) -> Option<Table<'d>> {
        let Some(table) = self.value.as_table() else {
            self.expected("a table", reader);
            return None;
        };
        Some(Table::new(table, self.span.clone()))
    }

    pub(super) fn expected(&self, what: &'static str, reader: &mut Reader<'_>) {
        reader.report(PolicyRule::Pl1, &self.span, Problem::Expected(what));
    }
}

/// A member of a table: its name, where the name stands, and its value.
pub(super) struct Member<'d> {
    pub(super) name: &'d str,
    pub(super) span: Range<usize>,
    pub(super) item: Item<'d>,
}

/// A table that is read member by member. What nobody took is unknown.
pub(super) struct Table<'d> {
    /// Where the table, or the name under which it stands, is.
    pub(super) place: Range<usize>,
    members: Vec<Member<'d>>,
    taken: Vec<&'static str>,
}

impl<'d> Table<'d> {
    pub(super) fn new(table: &'d DeTable<'d>, place: Range<usize>) -> Self {
        let mut members: Vec<_> = table
            .iter()
            .map(|(name, value)| Member {
                name: name.get_ref(),
                span: name.span(),
                item: Item::new(value),
            })
            .collect();
        members.sort_by_key(|member| member.span.start);
        Self {
            place,
            members,
            taken: Vec::new(),
        }
    }

    /// A table without members, for a requirement that is plainly `true`.
    pub(super) fn empty(place: Range<usize>) -> Self {
        Self {
            place,
            members: Vec::new(),
            taken: Vec::new(),
        }
    }

    /// The members in the order of the text.
    pub(super) fn members(self) -> Vec<Member<'d>> {
        self.members
    }

    /// Where the first member's name stands.
    pub(super) fn first(&self) -> Option<&Member<'d>> {
        self.members.first()
    }

    /// The value of a member, which stays to be taken.
    pub(super) fn peek(&self, name: &str) -> Option<&Item<'d>> {
        self.members
            .iter()
            .find(|member| member.name == name)
            .map(|member| &member.item)
    }

    pub(super) fn take(&mut self, name: &'static str) -> Option<Member<'d>> {
        self.taken.push(name);
        let at = self.members.iter().position(|member| member.name == name)?;
        Some(self.members.remove(at))
    }

    /// The value of a member that may be absent, or `default`; `None` only if it is wrong.
    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        default: T,
        reader: &mut Reader<'_>,
        read: impl FnOnce(&Item<'d>, &mut Reader<'_>) -> Option<T>,
    ) -> Option<T> {
        match self.take(name) {
            Some(member) => read(&member.item, reader),
            None => Some(default),
        }
    }

    /// The value of a member that must be there.
    pub(super) fn required<T>(
        &mut self,
        name: &'static str,
        reader: &mut Reader<'_>,
        read: impl FnOnce(&Item<'d>, &mut Reader<'_>) -> Option<T>,
    ) -> Option<T> {
        let Some(member) = self.take(name) else {
            reader.report(PolicyRule::Pl1, &self.place, Problem::MissingMember(name));
            return None;
        };
        read(&member.item, reader)
    }

    /// Reports what nobody took.
    pub(super) fn finish(self, reader: &mut Reader<'_>) {
        for member in self.members {
            let near = self
                .taken
                .iter()
                .copied()
                .find(|known| is_near(known, member.name));
            reader.report(PolicyRule::Pl1, &member.span, Problem::UnknownMember(near));
        }
    }
}

/// Whether two names differ by at most two inserted, dropped or changed bytes, and by a third of them at most.
fn is_near(known: &str, written: &str) -> bool {
    if known.len().abs_diff(written.len()) > MOST_EDITS {
        return false;
    }
    let mut row: Vec<usize> = (0..=written.len()).collect();
    for (up, one) in known.bytes().enumerate() {
        let mut diagonal = up;
        let mut left = up + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(written.bytes()) {
            let changed = diagonal + usize::from(one != other);
            diagonal = *cell;
            left = changed.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = up + 1;
        }
    }
    row.last()
        .is_some_and(|edits| *edits <= MOST_EDITS && edits * 3 <= known.len())
}

const MOST_EDITS: usize = 2;

/// Bytes of a name for people.
const LABEL: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pl1_suggests_names_within_two_edits() {
        for (known, written, near) in [
            ("expires", "expires", true),
            ("expires", "expire", true),
            ("expires", "expries", true),
            ("expires", "exprise", false),
            ("expires", "xpirs", true),
            ("min-age", "min_age", true),
            ("by", "bz", false),
            ("by", "from", false),
            ("from", "form", false),
            ("keys", "key", true),
            ("", "ab", false),
            ("abc", "", false),
        ] {
            assert_eq!(is_near(known, written), near, "{known} {written}");
        }
    }

    #[test]
    fn places_are_lines_and_columns_of_characters() {
        let text = "ä = 1\nbéb = 2\n";
        let mut reader = Reader::new(text);
        let at = text.find("= 2").unwrap();
        reader.report(PolicyRule::Pl1, &(at..at + 3), Problem::Empty);
        reader.report(PolicyRule::Pl1, &(text.len()..text.len()), Problem::Empty);
        let places: Vec<_> = reader
            .found
            .iter()
            .map(|found| (found.line, found.column))
            .collect();
        assert_eq!(places, [(2, 5), (3, 1)]);
    }
}
