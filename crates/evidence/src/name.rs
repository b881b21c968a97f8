//! Names of subjects: `evidence.md` S9.
//!
//! A name is what a file would be called below a directory that the reader chose. It is shown to people and joined to
//! paths, so it has one spelling on every system and hides nothing. It never identifies: only SHA-256 does (S8).
//!
//! ```
//! use evidence::name::{Name, NameError};
//!
//! assert_eq!(Name::parse("debian/app_4.2.0_amd64.deb")?.as_str(), "debian/app_4.2.0_amd64.deb");
//! assert_eq!(Name::parse("../app.deb"), Err(NameError::Part));
//! assert_eq!(Name::parse("app\u{202e}bed.exe"), Err(NameError::Invisible));
//! # Ok::<(), NameError>(())
//! ```

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::limits;

/// A relative path of 1 to 1,024 bytes in Unicode's composed form; ordered by its bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Box<str>);

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// A backslash: a separator on some systems, a letter on others.
    #[error("a backslash stands in the name")]
    Backslash,
    /// A control character, a line or a paragraph separator.
    #[error("a control character stands in the name")]
    Control,
    /// A character that no reader sees: bidirectional, zero-width, filler.
    #[error("an invisible character stands in the name")]
    Invisible,
    /// Longer than [`limits::NAME`].
    #[error("the name is longer than 1,024 bytes")]
    Long,
    /// Not composed: the same letters have another spelling.
    #[error("the name is not in Unicode form NFC")]
    NotComposed,
    /// A part is empty, `.` or `..`; an absolute path begins with an empty part.
    #[error("a part of the name is empty, one dot or two dots")]
    Part,
}

impl NameError {
    /// What to do next.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Backslash => "separate parts by a slash",
            Self::Control | Self::Invisible => "rename the file without that character",
            Self::Long => "shorten the name to 1,024 bytes",
            Self::NotComposed => "write the name in Unicode form NFC",
            Self::Part => "write a path below the release, without leading slash and dots",
        }
    }
}

impl Name {
    /// Reads a name. Inverse of [`Name::as_str`].
    ///
    /// # Errors
    ///
    /// [`NameError`] with the first reason in the order: length, parts, characters, form.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.len() > limits::NAME {
            return Err(NameError::Long);
        }
        if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(NameError::Part);
        }
        for character in text.chars() {
            check(character)?;
        }
        if !unicode_normalization::is_nfc(text) {
            return Err(NameError::NotComposed);
        }
        Ok(Self(text.into()))
    }

    /// The name's text.
    pub const fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without regard to case. Two names with one folded form would be one file on half of all systems.
    ///
    /// Upper and then lower case, letter by letter, joins all that Unicode's full case folding joins (ß and ss, the
    /// two small sigmas, ligatures); it may join more, which only refuses more.
    pub fn folded(&self) -> String {
        let upper = self.0.chars().flat_map(char::to_uppercase);
        upper.flat_map(char::to_lowercase).nfc().collect()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn check(character: char) -> Result<(), NameError> {
    match character {
        '\\' => Err(NameError::Backslash),
        '\u{2028}' | '\u{2029}' => Err(NameError::Control),
        _ if character.is_control() => Err(NameError::Control),
        _ if INVISIBLE
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&character)) =>
        {
            Err(NameError::Invisible)
        }
        _ => Ok(()),
    }
}

/// Unicode's property Default_Ignorable_Code_Point, which holds every bidirectional control and zero-width character,
/// and the interlinear annotation marks.
const INVISIBLE: [(char, char); 17] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s9_refuses_what_hides_or_leaves_the_directory() {
        use NameError::*;
        let long = "a".repeat(1025);
        for (text, expected) in [
            ("", Part),
            ("/", Part),
            ("/etc/passwd", Part),
            ("a/", Part),
            ("a//b", Part),
            (".", Part),
            ("..", Part),
            ("a/../b", Part),
            ("./a", Part),
            ("a\\b", Backslash),
            ("C:\\a", Backslash),
            ("a\0", Control),
            ("a\nb", Control),
            ("a\u{7f}", Control),
            ("a\u{85}", Control),
            ("a\u{2028}b", Control),
            ("a\u{202e}b", Invisible),
            ("a\u{2066}b", Invisible),
            ("a\u{61c}b", Invisible),
            ("a\u{200b}b", Invisible),
            ("a\u{200d}b", Invisible),
            ("a\u{feff}", Invisible),
            ("a\u{ad}b", Invisible),
            ("a\u{3164}", Invisible),
            ("a\u{e0061}", Invisible),
            ("a\u{300}", NotComposed),
            ("\u{212b}ngstrom", NotComposed),
            (&long, Long),
        ] {
            assert_eq!(Name::parse(text), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn s9_reads_plain_relative_names() {
        for text in [
            "a",
            "a b",
            "...",
            ".hidden",
            "a/b/c",
            "ångström.deb",
            "日本.rpm",
            "a:b",
            "~",
            &"a".repeat(1024),
        ] {
            assert_eq!(
                Name::parse(text).map(|name| name.to_string()).as_deref(),
                Ok(text)
            );
        }
    }

    #[test]
    fn s9_names_that_differ_in_case_alone_fold_together() {
        let folded = |text: &str| Name::parse(text).expect(text).folded();
        for (one, other) in [
            ("README", "readme"),
            ("straße", "STRASSE"),
            ("ὈΔΥΣΣΕΎΣ", "ὀδυσσεύς"),
            ("ﬁle", "FILE"),
            ("Ångström", "ÅNGSTRÖM"),
            ("ſet", "SET"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
        assert_ne!(folded("a"), folded("b"));
    }
}
