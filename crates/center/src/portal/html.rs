//! Escaped HTML, and the one way foreign text enters a page (`portal.md` §5, last paragraph).
//!
//! [`Html`] is text that needs no further escaping; only this module and the templates make it. Whatever came from outside
//! (names, sentences with names in them, versions) goes through [`Html::foreign`]: markup is escaped, the text is
//! isolated by `bdi` so that its direction cannot reorder ours, and characters that would not be seen are drawn as
//! their code point. So `app\u{202e}bed.exe` shows its trick instead of playing it.
//!
//! ```
//! use center::portal::html::Html;
//!
//! assert_eq!(Html::foreign("<b>").to_string(), "<bdi>&lt;b&gt;</bdi>");
//! assert!(Html::foreign("app\u{202e}bed.exe").to_string().contains("U+202E"));
//! ```

use std::fmt::{self, Write as _};

use askama::Template;
use askama::filters::HtmlSafe;

/// Text that is HTML already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// Our own text, escaped.
    pub fn text(text: &str) -> Self {
        let mut html = String::with_capacity(text.len());
        push_escaped(&mut html, text);
        Self(html)
    }

    /// Text from outside: escaped, isolated, invisible characters drawn.
    pub fn foreign(text: &str) -> Self {
        let mut html = String::with_capacity(text.len() + 11);
        push_foreign(&mut html, text);
        Self(html)
    }

    /// A sentence of ours or of `evidence` with one foreign name in it: the name gets an isolation of its own, so that it
    /// cannot turn the words around it.
    pub fn sentence(sentence: &str, thing: &str) -> Self {
        let parts = if thing.is_empty() {
            None
        } else {
            sentence.split_once(thing)
        };
        let Some((before, after)) = parts else {
            return Self::foreign(sentence);
        };
        let mut html = String::with_capacity(sentence.len() + 33);
        push_drawn(&mut html, before);
        push_foreign(&mut html, thing);
        push_drawn(&mut html, after);
        Self(html)
    }

    /// The same for a heading: the first letter large and a full stop, unless a name, an id or a path stands there.
    pub fn heading(sentence: &str, thing: &str) -> Self {
        let is_word = |word: Option<&str>| {
            word.is_some_and(|word| word != thing && word.chars().all(char::is_alphabetic))
        };
        let mut text = sentence.to_owned();
        if is_word(sentence.split(' ').next())
            && sentence.starts_with(|first: char| first.is_ascii_lowercase())
        {
            let (first, rest) = sentence.split_at(1);
            text = format!("{}{rest}", first.to_ascii_uppercase());
        }
        if !text.is_empty() && is_word(sentence.rsplit(' ').next()) {
            text.push('.');
        }
        Self::sentence(&text, thing)
    }

    /// Machine text in `code`, escaped, invisible characters drawn.
    pub fn code(text: &str) -> Self {
        let mut html = String::from("<code dir=\"ltr\">");
        push_drawn(&mut html, text);
        html.push_str("</code>");
        Self(html)
    }

    /// A link with our own or already escaped content. An address that is neither a path of this center nor one of the
    /// web becomes no link: `javascript:`, `//elsewhere` and characters that an address cannot hold (RFC 3986) end here.
    pub fn link(href: &str, content: &Self) -> Self {
        let here = href.starts_with('/') && !href.starts_with("//");
        let whole = href
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte));
        if !whole || !(here || href.starts_with("https://") || href.starts_with("http://")) {
            return content.clone();
        }
        let mut html = String::from("<a href=\"");
        push_escaped(&mut html, href);
        html.push_str("\">");
        html.push_str(&content.0);
        html.push_str("</a>");
        Self(html)
    }

    /// A `time` element.
    pub fn time(datetime: &str, title: Option<&str>, shown: &str) -> Self {
        let mut html = String::from("<time datetime=\"");
        push_escaped(&mut html, datetime);
        if let Some(title) = title {
            html.push_str("\" title=\"");
            push_escaped(&mut html, title);
        }
        html.push_str("\">");
        push_escaped(&mut html, shown);
        html.push_str("</time>");
        Self(html)
    }

    /// The output of a template, which escapes by itself.
    pub(crate) fn template(template: &impl Template) -> Self {
        // A template writes into a string and calls nothing that can fail; if one ever did, the part stays empty rather
        // than half written.
        Self(template.render().unwrap_or_default())
    }

    /// Several pieces one after another, a space between.
    pub fn join(pieces: &[Self]) -> Self {
        let texts: Vec<&str> = pieces.iter().map(|piece| piece.0.as_str()).collect();
        Self(texts.join(" "))
    }

    /// The HTML itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn push_text(&mut self, text: &str) {
        push_escaped(&mut self.0, text);
    }

    pub(crate) fn push(&mut self, other: &Self) {
        self.0.push_str(&other.0);
    }
}

impl fmt::Display for Html {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl HtmlSafe for Html {}

/// Text from outside where no markup can stand (titles, options): what would not be seen becomes U+FFFD.
pub fn visible(text: &str) -> String {
    text.chars()
        .map(|character| {
            if is_unseen(character) {
                char::REPLACEMENT_CHARACTER
            } else {
                character
            }
        })
        .collect()
}

/// True for characters that leave no ink or move others: controls, bidirectional and zero-width marks, tags, fillers.
pub fn is_unseen(character: char) -> bool {
    let code = u32::from(character);
    (character.is_control() && character != '\n')
        || UNSEEN
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&code))
}

fn push_foreign(html: &mut String, text: &str) {
    html.push_str("<bdi>");
    match text.char_indices().nth(FOREIGN_LIMIT) {
        Some((end, _)) => {
            push_drawn(html, text.get(..end).unwrap_or_default());
            html.push('…');
        }
        None => push_drawn(html, text),
    }
    html.push_str("</bdi>");
}

fn push_drawn(html: &mut String, text: &str) {
    for character in text.chars() {
        if is_unseen(character) {
            // Writing into a string cannot fail.
            let _ = write!(
                html,
                "<b class=\"unseen\">U+{:04X}</b>",
                u32::from(character)
            );
        } else {
            push_escaped_char(html, character);
        }
    }
}

fn push_escaped(html: &mut String, text: &str) {
    for character in text.chars() {
        push_escaped_char(html, character);
    }
}

fn push_escaped_char(html: &mut String, character: char) {
    match character {
        '&' => html.push_str("&amp;"),
        '<' => html.push_str("&lt;"),
        '>' => html.push_str("&gt;"),
        '"' => html.push_str("&quot;"),
        '\'' => html.push_str("&#39;"),
        _ => html.push(character),
    }
}

/// Longest foreign text on a page, in characters: the formats allow names of 1,024 bytes, so only what no format allows is
/// cut. The JSON of the page holds the whole.
const FOREIGN_LIMIT: usize = 1_024;

/// Ranges of code points without ink besides the controls (Unicode 17: Default_Ignorable_Code_Point, separators of lines
/// and paragraphs, spaces other than U+0020, interlinear annotation, private use).
const UNSEEN: [(u32, u32); 24] = [
    (0x00a0, 0x00a0),
    (0x00ad, 0x00ad),
    (0x034f, 0x034f),
    (0x061c, 0x061c),
    (0x115f, 0x1160),
    (0x1680, 0x1680),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x2000, 0x200f),
    (0x2028, 0x202f),
    (0x205f, 0x206f),
    (0x2800, 0x2800),
    (0x3000, 0x3000),
    (0x3164, 0x3164),
    (0xe000, 0xf8ff),
    (0xfe00, 0xfe0f),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfffc),
    (0x1bca0, 0x1bca3),
    (0x1d173, 0x1d17a),
    (0xe0000, 0xe0fff),
    (0xf0000, 0xffffd),
    (0x0010_0000, 0x0010_fffd),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_every_character_that_html_reads() {
        for (text, expected) in [
            ("<script>", "&lt;script&gt;"),
            ("a&b", "a&amp;b"),
            ("\" onload=\"", "&quot; onload=&quot;"),
            ("'", "&#39;"),
        ] {
            assert_eq!(Html::text(text).as_str(), expected);
        }
    }

    #[test]
    fn draws_what_would_not_be_seen() {
        for character in [
            '\u{202e}',
            '\u{200b}',
            '\u{2066}',
            '\u{feff}',
            '\u{ad}',
            '\0',
            '\u{7f}',
            '\u{e0041}',
            '\u{3164}',
            '\u{a0}',
        ] {
            let html = Html::foreign(&format!("a{character}b"));
            let drawn = format!("U+{:04X}", u32::from(character));
            assert!(html.as_str().contains(&drawn), "{drawn}");
            assert!(!html.as_str().contains(character), "{drawn}");
        }
    }

    #[test]
    fn cuts_what_no_format_allows() {
        assert!(
            Html::foreign(&"é".repeat(1_024))
                .as_str()
                .ends_with("é</bdi>")
        );
        assert_eq!(
            Html::foreign(&"é".repeat(4_096))
                .as_str()
                .chars()
                .filter(|character| *character == 'é')
                .count(),
            1_024
        );
        assert!(
            Html::foreign(&"é".repeat(1_025))
                .as_str()
                .ends_with("é…</bdi>")
        );
    }

    #[test]
    fn leaves_letters_of_all_scripts_alone() {
        for text in ["Škoda", "Ελλάδα", "עברית", "日本語", "naïve"] {
            assert_eq!(Html::foreign(text).as_str(), format!("<bdi>{text}</bdi>"));
        }
    }

    #[test]
    fn isolates_the_name_inside_a_sentence_and_the_whole_if_it_is_not_there() {
        assert_eq!(
            Html::sentence("a.deb is logged", "a.deb").as_str(),
            "<bdi>a.deb</bdi> is logged"
        );
        assert_eq!(
            Html::sentence("nothing here", "a.deb").as_str(),
            "<bdi>nothing here</bdi>"
        );
        assert_eq!(
            Html::sentence("nothing here", "").as_str(),
            "<bdi>nothing here</bdi>"
        );
    }

    #[test]
    fn a_heading_changes_no_name_id_or_path() {
        for (sentence, thing, expected) in [
            ("a.deb is logged", "a.deb", "<bdi>a.deb</bdi> is logged."),
            ("app is logged", "app", "<bdi>app</bdi> is logged."),
            ("two logs were shown", "", "<bdi>Two logs were shown.</bdi>"),
            (
                "not in log.acme.example/v1",
                "",
                "<bdi>Not in log.acme.example/v1</bdi>",
            ),
            ("refused by 3f9a1c", "", "<bdi>Refused by 3f9a1c</bdi>"),
            ("Already a sentence.", "", "<bdi>Already a sentence.</bdi>"),
            ("é", "é", "<bdi>é</bdi>"),
            ("", "", "<bdi></bdi>"),
        ] {
            assert_eq!(Html::heading(sentence, thing).as_str(), expected);
        }
    }

    #[test]
    fn only_paths_and_the_web_become_links() {
        for href in [
            "javascript:alert(1)",
            "//elsewhere.example",
            "data:text/html,x",
            "",
            "file:///etc/passwd",
            " https://a.example",
            "/u/\"><script>",
            "/u/\u{202e}",
        ] {
            assert_eq!(Html::link(href, &Html::text("x")).as_str(), "x", "{href}");
        }
        for href in ["/u", "https://center-eu.example/"] {
            assert!(
                Html::link(href, &Html::text("x"))
                    .as_str()
                    .starts_with("<a "),
                "{href}"
            );
        }
    }

    #[test]
    fn a_query_is_escaped_in_its_attribute() {
        let html = Html::link("/u?product=a&verdict=refused", &Html::text("x"));
        assert_eq!(
            html.as_str(),
            "<a href=\"/u?product=a&amp;verdict=refused\">x</a>"
        );
    }
}
