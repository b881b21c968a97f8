//! P17: no forbidden word, no sentence outside the catalogue, no key missing or unused.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{fixtures, markup};

#[test]
fn no_forbidden_word_stands_on_a_page_or_in_the_catalogue() {
    let catalogue =
        fs::read_to_string(root().join("texts/en.toml")).expect("the catalogue is readable");
    let texts: String = catalogue
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n");
    refuse_words("texts/en.toml", &texts);
    for page in fixtures::pages(true) {
        refuse_words(
            &page.name,
            &markup::text_without_times(&markup::read(&page.html)),
        );
    }
}

#[test]
fn no_sentence_stands_in_a_template() {
    for path in files("templates", "html") {
        let source = fs::read_to_string(&path).expect("a template is readable");
        let text = outside(
            &outside(&outside(&source, "{#", "#}"), "{%", "%}"),
            "{{",
            "}}",
        );
        for attribute in ["aria-label", "placeholder", "title", "alt"] {
            for (_, behind) in text
                .match_indices(&format!("{attribute}=\""))
                .map(|(at, found)| text.split_at(at + found.len()))
            {
                let value = behind.split('"').next().unwrap_or_default();
                assert!(
                    !value.contains(char::is_alphabetic),
                    "{}: {attribute}={value:?}",
                    path.display()
                );
            }
        }
        let words = outside(&text.replace("<!doctype html>", ""), "<", ">");
        assert!(
            !words.contains(char::is_alphabetic),
            "{}: {:?}",
            path.display(),
            words.split_whitespace().collect::<Vec<_>>()
        );
    }
}

#[test]
fn no_sentence_stands_in_the_code() {
    for path in files("src/portal", "rs") {
        let source = fs::read_to_string(&path).expect("a source file is readable");
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        for line in code.lines().map(str::trim) {
            let ours = line.starts_with("//")
                || line.contains("expect(")
                || line.contains("reason = ")
                || line.contains("'self'");
            if ours || line.starts_with("font-src") {
                continue;
            }
            for literal in line.split('"').skip(1).step_by(2) {
                let words = literal
                    .split(' ')
                    .filter(|word| word.len() > 1 && word.chars().all(char::is_alphabetic))
                    .count();
                assert!(words < 3, "{}: {literal:?}", path.display());
            }
        }
    }
}

#[test]
fn every_key_is_there_and_every_text_is_used() {
    let known = keys();
    let mut used = BTreeSet::new();
    for path in files("templates", "html") {
        let source = fs::read_to_string(&path).expect("a template is readable");
        for (_, behind) in source
            .match_indices("\"|t")
            .map(|(at, _)| (at, &source[..at]))
        {
            used.insert(behind.rsplit('"').next().unwrap_or_default().to_owned());
        }
    }
    for path in files("src/portal", "rs") {
        let source = fs::read_to_string(&path).expect("a source file is readable");
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        for literal in code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .flat_map(|line| line.split('"').skip(1).step_by(2))
        {
            let is_key = literal.split('.').count() == 2
                && literal.split('.').all(|part| {
                    !part.is_empty()
                        && part.bytes().all(|byte| {
                            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
                        })
                })
                && !["js", "css", "svg", "woff2", "html"]
                    .iter()
                    .any(|extension| literal.ends_with(&format!(".{extension}")));
            if is_key {
                used.insert(literal.to_owned());
            }
        }
    }
    let missing: Vec<_> = used.difference(&known).collect();
    let unused: Vec<_> = known.difference(&used).collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
    assert!(unused.is_empty(), "unused: {unused:?}");
}

#[test]
fn every_placeholder_is_filled() {
    for page in fixtures::pages(false)
        .into_iter()
        .filter(|page| !page.name.contains("hostile"))
    {
        let text = markup::text_without_times(&markup::read(&page.html));
        let mut rest = text.as_str();
        while let Some((_, behind)) = rest.split_once('{') {
            let name = behind.split('}').next().unwrap_or_default();
            assert!(
                name.is_empty() || !name.chars().all(char::is_alphabetic),
                "{}: {{{name}}}",
                page.name
            );
            rest = behind;
        }
    }
}

fn refuse_words(place: &str, text: &str) {
    let lower = text.to_lowercase();
    for word in lower.split(|character: char| {
        !character.is_alphanumeric() && character != '.' && character != '-'
    }) {
        let word = word.trim_matches('.');
        assert!(
            !["safe", "secure", "compromised", "simply", "please", "oops"].contains(&word),
            "{place}: {word}"
        );
    }
    assert!(!text.contains('!'), "{place}: an exclamation mark");
}

fn keys() -> BTreeSet<String> {
    let source =
        fs::read_to_string(root().join("texts/en.toml")).expect("the catalogue is readable");
    let table: toml::Table = source.parse().expect("the catalogue is TOML");
    let mut keys = BTreeSet::new();
    for (section, texts) in &table {
        let texts = texts
            .as_table()
            .unwrap_or_else(|| panic!("{section} is no section"));
        for (name, text) in texts {
            let plural = text
                .as_table()
                .is_some_and(|forms| forms.keys().eq(["one", "other"]));
            assert!(
                plural || text.is_str(),
                "{section}.{name} is neither a text nor a plural"
            );
            keys.insert(format!("{section}.{name}"));
        }
    }
    keys
}

fn outside(text: &str, open: &str, close: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(open) {
        kept.push_str(before);
        rest = behind
            .split_once(close)
            .map(|(_, after)| after)
            .unwrap_or_default();
    }
    kept + rest
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder is readable") {
            let path = entry.expect("the folder is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 5, "{folder} has fewer files than expected");
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
