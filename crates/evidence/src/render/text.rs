//! The catalogue of sentences, and how values are put into them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use toml::de::{DeTable, DeValue};

use crate::reason::{CheckName, Reason};
use crate::verdict::MisbehaviourKind;

/// All sentences of one language.
pub(super) struct Texts {
    answers: BTreeMap<String, String>,
    misbehaviour: BTreeMap<String, String>,
    checks: BTreeMap<(CheckName, Option<Reason>), Entry>,
}

struct Entry {
    sentence: String,
    hint: Option<String>,
    answer: Option<String>,
}

impl Texts {
    /// The only language so far.
    pub(super) fn english() -> &'static Self {
        static ENGLISH: OnceLock<Texts> = OnceLock::new();
        ENGLISH.get_or_init(|| Self::read(ENGLISH_TEXT))
    }

    fn read(text: &str) -> Self {
        let root = DeTable::parse(text).expect("a test reads the catalogue");
        let mut texts = Self {
            answers: BTreeMap::new(),
            misbehaviour: BTreeMap::new(),
            checks: BTreeMap::new(),
        };
        for (name, value) in root.get_ref() {
            let Some(table) = value.get_ref().as_table() else {
                continue;
            };
            match name.get_ref().as_ref() {
                "answer" => texts.answers = strings(table),
                "misbehaviour" => texts.misbehaviour = strings(table),
                check => {
                    if let Some(check) = CheckName::parse(check) {
                        texts.add(check, table);
                    }
                }
            }
        }
        texts
    }

    fn add(&mut self, check: CheckName, table: &DeTable<'_>) {
        for (name, value) in table {
            let name = name.get_ref().as_ref();
            match value.get_ref() {
                DeValue::String(sentence) if name == "ok" => {
                    let entry = Entry {
                        sentence: sentence.to_string(),
                        hint: None,
                        answer: None,
                    };
                    self.checks.insert((check, None), entry);
                }
                DeValue::Table(table) => {
                    let Some(reason) = Reason::parse(name) else {
                        continue;
                    };
                    let mut strings = strings(table);
                    let entry = Entry {
                        sentence: strings.remove("sentence").unwrap_or_default(),
                        hint: strings.remove("hint"),
                        answer: strings.remove("answer"),
                    };
                    self.checks.insert((check, Some(reason)), entry);
                }
                _ => {}
            }
        }
    }

    /// The template of a check's sentence. A reason that the check never gives is named as it is.
    pub(super) fn sentence(&self, check: CheckName, reason: Option<Reason>) -> &str {
        let entry = self
            .checks
            .get(&(check, reason))
            .map(|entry| entry.sentence.as_str());
        entry.unwrap_or_else(|| reason.map_or("ok", Reason::as_str))
    }

    pub(super) fn hint(&self, check: CheckName, reason: Reason) -> Option<&str> {
        self.checks.get(&(check, Some(reason)))?.hint.as_deref()
    }

    pub(super) fn answer_of(&self, check: CheckName, reason: Reason) -> Option<&str> {
        self.checks.get(&(check, Some(reason)))?.answer.as_deref()
    }

    pub(super) fn answer(&self, name: &str) -> &str {
        self.answers.get(name).map_or("{name}", String::as_str)
    }

    pub(super) fn misbehaviour(&self, kind: MisbehaviourKind) -> &str {
        self.misbehaviour
            .get(kind.as_str())
            .map_or(kind.as_str(), String::as_str)
    }
}

/// A value as it is put into a sentence; the number chooses between one and many.
pub(super) struct Filled {
    text: String,
    number: Option<u64>,
}

impl Filled {
    pub(super) fn text(text: String) -> Self {
        Self { text, number: None }
    }

    pub(super) fn number(number: u64) -> Self {
        Self {
            text: number.to_string(),
            number: Some(number),
        }
    }
}

/// Puts values into a template: `{field}`, `{field?one:many}`, and `[a|b]` for the first alternative whose values are
/// all known. A value that is not known outside brackets leaves nothing.
pub(super) fn fill(template: &str, value: &dyn Fn(&str) -> Option<Filled>) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, inside)) = rest.split_once('[') {
        text.push_str(&fill_plain(before, value).unwrap_or_default());
        let (alternatives, behind) = inside.split_once(']').unwrap_or((inside, ""));
        let known = alternatives
            .split('|')
            .find_map(|one| fill_plain(one, value));
        text.push_str(&known.unwrap_or_default());
        rest = behind;
    }
    text.push_str(&fill_plain(rest, value).unwrap_or_default());
    text
}

fn fill_plain(template: &str, value: &dyn Fn(&str) -> Option<Filled>) -> Option<String> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, inside)) = rest.split_once('{') {
        text.push_str(before);
        let (placeholder, behind) = inside.split_once('}')?;
        match placeholder.split_once('?') {
            None => text.push_str(&value(placeholder)?.text),
            Some((name, choice)) => {
                let (one, many) = choice.split_once(':')?;
                let number = value(name)?.number?;
                text.push_str(if number == 1 { one } else { many });
            }
        }
        rest = behind;
    }
    text.push_str(rest);
    Some(text)
}

/// A text without characters that move, hide or end a line of the output.
pub(super) fn clean(text: &str) -> String {
    let hides = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
    };
    text.chars()
        .map(|c| if hides(c) { '\u{fffd}' } else { c })
        .collect()
}

fn strings(table: &DeTable<'_>) -> BTreeMap<String, String> {
    let text = |value: &DeValue<'_>| value.as_str().map(str::to_owned);
    let strings = table
        .iter()
        .map(|(name, value)| (name.get_ref().to_string(), text(value.get_ref())));
    strings
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

const ENGLISH_TEXT: &str = include_str!("../../texts/en.toml");

#[cfg(test)]
mod tests {
    use super::*;

    /// Every template with the place where it stands.
    fn templates() -> Vec<(String, &'static str)> {
        let texts = Texts::english();
        let answers = texts
            .answers
            .iter()
            .map(|(name, text)| (format!("answer.{name}"), text.as_str()));
        let misbehaviour = texts.misbehaviour.iter();
        let misbehaviour =
            misbehaviour.map(|(name, text)| (format!("misbehaviour.{name}"), text.as_str()));
        let mut all: Vec<_> = answers.chain(misbehaviour).collect();
        for ((check, reason), entry) in &texts.checks {
            let at = format!("{check}.{}", reason.map_or("ok", Reason::as_str));
            all.push((at.clone(), &entry.sentence));
            all.extend(
                entry
                    .hint
                    .as_deref()
                    .map(|hint| (format!("{at}.hint"), hint)),
            );
            all.extend(
                entry
                    .answer
                    .as_deref()
                    .map(|answer| (format!("{at}.answer"), answer)),
            );
        }
        all
    }

    #[test]
    fn a5_the_catalogue_has_every_check_and_reason_and_no_other_key() {
        let mut expected = vec![];
        for check in CheckName::ALL {
            expected.push(format!("{check}.ok"));
            for reason in check.reasons() {
                let class = reason.class().letter();
                let answer = if class == 'N' { "" } else { " answer" };
                expected.push(format!("{check}.{reason} sentence hint{answer}"));
            }
        }
        expected.extend(
            MisbehaviourKind::TABLE
                .iter()
                .map(|(kind, _)| format!("misbehaviour.{kind}")),
        );
        let answers = [
            "accepted",
            "accepted-tier",
            "accepted-unwitnessed",
            "publisher-misbehaved",
            "refused",
            "undecided",
        ];
        expected.extend(answers.iter().map(|name| format!("answer.{name}")));

        let root = DeTable::parse(ENGLISH_TEXT).unwrap();
        let mut found = vec![];
        for (table, value) in root.get_ref() {
            for (key, value) in value.get_ref().as_table().unwrap() {
                let at = format!("{}.{}", table.get_ref(), key.get_ref());
                let Some(entry) = value.get_ref().as_table() else {
                    found.push(at);
                    continue;
                };
                let has = |key: &str| entry.get(key).is_some();
                let keys = ["sentence", "hint", "answer"].iter().filter(|key| has(key));
                assert_eq!(
                    keys.clone().count(),
                    entry.len(),
                    "{at} has a key that nobody reads"
                );
                let keys: Vec<_> = keys.copied().collect();
                found.push(format!("{at} {}", keys.join(" ")));
            }
        }
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_template_is_whole_without_values_and_names_only_known_ones() {
        let numbers = ["have", "need", "of", "missing"];
        for (at, template) in templates() {
            let is_answer = at.contains("answer");
            // Whole without values, but for what is always there.
            let always = |name: &str| match (name, at.split('.').next()) {
                ("name", _) if is_answer => Some(Filled::text("app.deb".into())),
                ("tier", Some("answer")) | ("by", Some("misbehaviour")) => {
                    Some(Filled::text("x".into()))
                }
                _ => None,
            };
            let bare = fill(template, &always);
            assert!(!bare.trim().is_empty(), "{at} says nothing: {template}");
            assert!(
                !bare.contains("  ") && bare.trim() == bare,
                "{at}: {bare:?}"
            );
            let outside: String = template
                .split('[')
                .enumerate()
                .map(|(index, part)| {
                    if index == 0 {
                        part
                    } else {
                        part.split_once(']').unwrap().1
                    }
                })
                .collect();
            assert!(
                fill_plain(&outside, &always).is_some(),
                "{at} names a value outside brackets"
            );
            // Whole with all values, and no placeholder is left over.
            let all = |name: &str| {
                let known = name == "name" || name == "counted";
                let known = known || crate::verdict::Field::parse(name).is_some();
                match numbers.contains(&name) {
                    true => Some(Filled::number(2)),
                    false => Some(Filled::text(known.then(|| format!("<{name}>"))?)),
                }
            };
            let full = fill(template, &all);
            assert!(!full.contains(['{', '}', '[', ']', '|']), "{at}: {full}");
            for alternative in template.split(['[', ']', '|']) {
                assert!(
                    fill_plain(alternative, &all).is_some(),
                    "{at}: {alternative}"
                );
            }
        }
    }

    #[test]
    fn words_stay_humble() {
        for (at, template) in templates() {
            let lower = template.to_lowercase();
            for word in [
                "safe",
                "secure",
                "compromised",
                "simply",
                "please",
                "oops",
                "!",
                "error",
            ] {
                assert!(!lower.contains(word), "{at} says {word}");
            }
            let first = template
                .trim_start_matches(['[', '{'])
                .chars()
                .next()
                .unwrap();
            assert!(
                first.is_lowercase() || first.is_ascii_digit(),
                "{at} begins with a capital"
            );
            assert!(!template.ends_with('.'), "{at} ends with a full stop");
        }
    }

    #[test]
    fn fills_the_first_alternative_whose_values_are_known() {
        let value = |name: &str| match name {
            "a" => Some(Filled::text("A".into())),
            "one" => Some(Filled::number(1)),
            "two" => Some(Filled::number(2)),
            _ => None,
        };
        for (template, expected) in [
            ("plain", "plain"),
            ("{a}", "A"),
            ("x {b} y", ""),
            ("[{b}|{a}|c]", "A"),
            ("[{b}|c]", "c"),
            ("x[: {b}]", "x"),
            ("x[: {a}]y", "x: Ay"),
            ("{one} {one?line:lines}", "1 line"),
            ("{two} {two?line:lines}", "2 lines"),
            ("[{a?line:lines}|text is no number]", "text is no number"),
            ("[{a|b", "b"),
            ("[{one?x}|y]", "y"),
            ("", ""),
        ] {
            assert_eq!(fill(template, &value), expected, "{template}");
        }
    }

    #[test]
    fn foreign_text_cannot_move_hide_or_end_a_line() {
        for hidden in [
            "\n", "\r", "\t", "\u{1b}", "\u{7f}", "\u{9b}", "\u{202e}", "\u{2066}", "\u{200b}",
            "\u{feff}", "\u{2028}",
        ] {
            assert_eq!(clean(&format!("a{hidden}b")), "a\u{fffd}b", "{hidden:?}");
        }
        assert_eq!(clean("größe-4.2.deb"), "größe-4.2.deb");
    }
}
