//! Words that no text for people may hold (CONTRIBUTING.md, "Words"): they promise or blame more than we can know.

use crate::documents::prose;
use crate::files::sources;
use crate::none;

#[test]
fn texts_for_people_stay_humble() {
    let mut offences = Vec::new();
    for source in sources() {
        let lines: Vec<(usize, String)> = if source.is(&[".md"]) {
            numbered(&prose(&source.text))
        } else if source.is(&[".html", ".trycmd", ".svg"]) || source.path.contains("/texts/") {
            numbered(&source.text)
        } else if source.is(&[".rs"]) && source.path.contains("/src/") {
            sentences(&source.text)
        } else {
            continue;
        };
        for (number, line) in lines {
            if let Some(word) = offence(&line) {
                offences.push(format!(
                    "{}:{number} \"{word}\" in: {}",
                    source.path,
                    line.trim()
                ));
            }
        }
    }
    none("words", &offences);
}

/// The first forbidden word, or an exclamation mark behind a word.
fn offence(line: &str) -> Option<&str> {
    let forbidden = |word: &&str| FORBIDDEN.contains(&word.to_lowercase().as_str());
    let word = line
        .split(|letter: char| !(letter.is_alphanumeric() || letter == '-'))
        .find(forbidden);
    word.or_else(|| line.split_whitespace().find(|word| exclaims(word)))
}

fn exclaims(word: &str) -> bool {
    let bare = word.trim_end_matches(['"', '\'', ')', '<', '.']);
    bare.strip_suffix('!')
        .is_some_and(|before| before.ends_with(|letter: char| letter.is_alphabetic()))
}

fn numbered(text: &str) -> Vec<(usize, String)> {
    text.lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.to_owned()))
        .collect()
}

/// String literals of Rust code that hold a space, so are likely sentences, up to the tests at the end of the file.
fn sentences(code: &str) -> Vec<(usize, String)> {
    let code = code.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let (mark, behind) = rest.split_at(at);
        let raw_hashes = mark.len() - mark.trim_end_matches('#').len();
        let is_raw = mark.trim_end_matches('#').ends_with('r');
        if behind.starts_with("//") {
            rest = behind.split_once('\n').map_or("", |(_, rest)| rest);
        } else if behind.starts_with("'\"'") || behind.starts_with("'/'") {
            rest = behind.get(3..).unwrap_or_default();
        } else if behind.starts_with("'\\") {
            rest = behind.get(4..).unwrap_or_default();
        } else if let Some(literal) = behind.strip_prefix('"') {
            let end = if is_raw {
                literal.find(&format!("\"{}", "#".repeat(raw_hashes)))
            } else {
                end_of(literal)
            };
            let (text, after) = literal.split_at(end.unwrap_or(literal.len()));
            if text.contains(' ') {
                let line = code.len() - behind.len();
                found.push((
                    code.get(..line).unwrap_or_default().lines().count(),
                    text.to_owned(),
                ));
            }
            rest = after.get(1..).unwrap_or_default();
        } else {
            rest = behind.get(1..).unwrap_or_default();
        }
    }
    found
}

/// Position of the closing quotation mark of a literal with escapes.
fn end_of(literal: &str) -> Option<usize> {
    let mut escaped = false;
    literal.char_indices().find_map(|(at, letter)| {
        let closes = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        closes.then_some(at)
    })
}

#[test]
fn the_reader_of_sentences_sees_what_is_said_and_not_the_code() {
    let code = "/// please\nlet a = \"one two\"; let b = '\"'; let c = r#\"x \"y\" z\"#; // \"no no\"\nf(\"a\\\" b\", 'c');\n";
    let texts: Vec<String> = sentences(code).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["one two", "x \"y\" z", "a\\\" b"]);
    assert_eq!(offence("this is Safe"), Some("Safe"));
    assert_eq!(offence("all done!"), Some("done!"));
    for fine in [
        "unsafe code",
        "safe-harbour",
        "<!doctype html>",
        "a != b",
        "![picture]",
    ] {
        assert_eq!(offence(fine), None, "{fine}");
    }
}

const FORBIDDEN: [&str; 7] = [
    "safe",
    "secure",
    "secured",
    "compromised",
    "simply",
    "please",
    "oops",
];
