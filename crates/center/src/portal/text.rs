//! The catalogue of texts, `texts/en.toml` (`portal.md` §7, "Languages").
//!
//! A text is a key with dots. Where a number decides the form, the key is a table of `one` and `other`, chosen by the
//! argument `n`. Placeholders stand in braces; what takes their place is escaped by its kind ([`Value`]), so a text of the
//! catalogue is never HTML. Templates write `{{ "nav.updates"|t }}`; sentences with values are made in Rust by [`say`]
//! (HTML) or [`plain`] (titles, attributes). A test refuses keys that are missing or unused.
//!
//! ```
//! use center::portal::text::{self, Value};
//!
//! let html = text::say("pager.shown", &[("n", Value::Number(1_204)), ("of", Value::Number(18_411))]);
//! assert!(html.as_str().contains("1,204"));
//! ```

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::html::{self, Html};
use super::number;
use super::time::Time;

/// What may take the place of a placeholder.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// Machine text: `code`.
    Code(&'a str),
    /// Text from outside: isolated and drawn.
    Foreign(&'a str),
    /// HTML that was made by [`Html`].
    Html(&'a Html),
    /// A number, grouped by thousands.
    Number(u64),
    /// Text of this catalogue or of this program.
    Plain(&'a str),
    /// A time, as a `time` element.
    Time(Time),
}

/// A text without placeholders. A key that does not exist stands for itself, so that a page is never lost to a typo; the
/// test of the catalogue refuses it.
pub fn t(key: &'static str) -> &'static str {
    match CATALOGUE.get(key) {
        Some(Text::One(text)) => text,
        Some(Text::Plural { other, .. }) => other,
        None => key,
    }
}

/// A text as HTML, its placeholders filled by `values`.
pub fn say(key: &'static str, values: &[(&str, Value<'_>)]) -> Html {
    let mut html = Html::default();
    fill(pattern(key, values), values, |piece| match piece {
        Piece::Text(text) => html.push_text(text),
        Piece::Value(Value::Code(text)) => html.push(&Html::code(text)),
        Piece::Value(Value::Foreign(text)) => html.push(&Html::foreign(text)),
        Piece::Value(Value::Html(other)) => html.push(other),
        Piece::Value(Value::Number(number)) => html.push_text(&number::grouped(number)),
        Piece::Value(Value::Plain(text)) => html.push_text(text),
        Piece::Value(Value::Time(time)) => html.push(&time.html()),
    });
    html
}

/// A text without markup, for titles and attributes; the template escapes it.
pub fn plain(key: &'static str, values: &[(&str, Value<'_>)]) -> String {
    let mut written = String::new();
    fill(pattern(key, values), values, |piece| match piece {
        Piece::Text(text) | Piece::Value(Value::Plain(text)) => written.push_str(text),
        Piece::Value(Value::Code(text) | Value::Foreign(text)) => {
            written.push_str(&html::visible(text));
        }
        Piece::Value(Value::Html(html)) => written.push_str(html.as_str()),
        Piece::Value(Value::Number(number)) => written.push_str(&number::grouped(number)),
        Piece::Value(Value::Time(time)) => written.push_str(&time.written()),
    });
    written
}

/// Filters that the templates use.
#[expect(unreachable_pub, reason = "the macro makes a public method of its own")]
pub(crate) mod filters {
    /// The text of a key, see [`super::t`].
    #[askama::filter_fn]
    pub(crate) fn t(key: &'static str, _: &dyn askama::Values) -> askama::Result<&'static str> {
        Ok(super::t(key))
    }
}

enum Text {
    One(String),
    Plural { one: String, other: String },
}

enum Piece<'a> {
    Text(&'a str),
    Value(Value<'a>),
}

fn pattern(key: &'static str, values: &[(&str, Value<'_>)]) -> &'static str {
    let single = values
        .iter()
        .any(|(name, value)| *name == "n" && matches!(value, Value::Number(1)));
    match CATALOGUE.get(key) {
        Some(Text::Plural { one, .. }) if single => one,
        _ => t(key),
    }
}

fn fill<'a>(pattern: &'a str, values: &[(&str, Value<'a>)], mut put: impl FnMut(Piece<'a>)) {
    let mut rest = pattern;
    while let Some((before, behind)) = rest.split_once('{') {
        put(Piece::Text(before));
        let Some((name, after)) = behind.split_once('}') else {
            rest = behind;
            break;
        };
        if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
            put(Piece::Value(*value));
        }
        rest = after;
    }
    put(Piece::Text(rest));
}

static CATALOGUE: LazyLock<BTreeMap<String, Text>> = LazyLock::new(|| {
    let table: toml::Table = SOURCE
        .parse()
        .expect("the catalogue is part of the program and its test parses it");
    let mut texts = BTreeMap::new();
    collect("", &table, &mut texts);
    texts
});

fn collect(prefix: &str, table: &toml::Table, texts: &mut BTreeMap<String, Text>) {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            toml::Value::String(text) => {
                texts.insert(key, Text::One(text.clone()));
            }
            toml::Value::Table(inner) => match (inner.get("one"), inner.get("other")) {
                (Some(toml::Value::String(one)), Some(toml::Value::String(other))) => {
                    texts.insert(
                        key,
                        Text::Plural {
                            one: one.clone(),
                            other: other.clone(),
                        },
                    );
                }
                _ => collect(&key, inner, texts),
            },
            _ => {}
        }
    }
}

const SOURCE: &str = include_str!("../../texts/en.toml");
