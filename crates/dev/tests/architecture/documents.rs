//! Documents: links lead somewhere, and what a document promises of the code holds.

use std::collections::BTreeSet;
use std::path::Path;

use crate::files::{Source, root, sources};
use crate::none;

#[test]
fn links_in_documents_lead_somewhere() {
    let documents: Vec<Source> = sources()
        .into_iter()
        .filter(|source| source.is(&[".md"]))
        .collect();
    let mut dead = Vec::new();
    for document in &documents {
        for link in links(&document.text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = link
                .split_once('#')
                .map_or((link.as_str(), None), |(path, anchor)| (path, Some(anchor)));
            let target = if path.is_empty() {
                document.path.clone()
            } else {
                beside(&document.path, path)
            };
            if !root().join(&target).exists() {
                dead.push(format!("{}: {link}", document.path));
                continue;
            }
            let headings = documents
                .iter()
                .find(|other| other.path == target)
                .map(|other| anchors(&other.text));
            if let (Some(anchor), Some(headings)) = (anchor, headings)
                && !headings.contains(anchor)
            {
                dead.push(format!("{}: {link} (no such heading)", document.path));
            }
        }
    }
    none("dead links", &dead);
}

#[test]
fn documents_named_in_code_exist() {
    let mut missing = Vec::new();
    for source in sources()
        .iter()
        .filter(|source| source.is(&[".rs", ".mjs", ".sql", "dev"]))
    {
        for (number, line) in source.text.lines().enumerate() {
            for word in line
                .split(|letter: char| !(letter.is_ascii_alphanumeric() || "/.-_".contains(letter)))
            {
                let named = word.starts_with("docs/") && word.ends_with(".md");
                if named && !root().join(word).exists() {
                    missing.push(format!("{}:{} {word}", source.path, number + 1));
                }
            }
        }
    }
    none("documents that do not exist", &missing);
}

#[test]
fn the_readme_shows_exactly_the_two_commands() {
    let readme = sources()
        .into_iter()
        .find(|source| source.path == "README.md")
        .expect("there is a README");
    let shown: Vec<&str> = readme
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("$ ./dev "))
        .collect();
    assert_eq!(shown, ["up", "test"]);
}

#[test]
fn the_table_of_exit_codes_is_the_one_in_the_code() {
    let read = |path: &str| {
        let source = sources().into_iter().find(|source| source.path == path);
        source.unwrap_or_else(|| panic!("there is a {path}")).text
    };
    let rows: Vec<String> = read("docs/reference/exit-codes.md")
        .lines()
        .filter(|line| line.starts_with('|') && line.contains(char::is_numeric))
        .map(str::to_owned)
        .collect();

    // `Name = 3,` in the enum, and `Self::Name => "meaning"` in the function `meaning`.
    let code = read("crates/cli/src/exit_code.rs");
    let meanings = code
        .split("fn meaning")
        .nth(1)
        .expect("each code has a meaning");
    let from_code: Vec<String> = code
        .lines()
        .filter_map(|line| line.trim().strip_suffix(',')?.split_once(" = "))
        .filter(|(_, number)| number.parse::<u8>().is_ok())
        .map(|(name, number)| {
            let behind = meanings
                .split(&format!("Self::{name} =>"))
                .nth(1)
                .expect("it has a meaning");
            format!(
                "| {number} | {} |",
                behind.split('"').nth(1).expect("the meaning is a text")
            )
        })
        .collect();
    assert!(from_code.len() >= 7);
    assert_eq!(rows, from_code);
}

#[test]
fn every_record_of_a_decision_has_its_five_parts() {
    let mut offences = Vec::new();
    for source in sources() {
        let Some(name) = source.path.strip_prefix("docs/design/") else {
            continue;
        };
        if !name.starts_with(|letter: char| letter.is_ascii_digit()) {
            continue;
        }
        for part in [
            "Decision",
            "Context",
            "Alternatives",
            "Consequences",
            "Confidence",
        ] {
            if !source.text.contains(&format!("\n**{part}.** ")) {
                offences.push(format!("{} has no part {part}", source.path));
            }
        }
    }
    none("records of decisions", &offences);
}

/// Targets of inline links and images outside of code.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    prose
        .split("](")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once(')')?.0.trim().to_owned()))
        .collect()
}

/// A document without code blocks and code spans; the number of lines stays.
pub(crate) fn prose(text: &str) -> String {
    let mut in_block = false;
    let mut kept = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            // Every second piece between backticks is code.
            kept.extend(line.split('`').step_by(2));
        }
        kept.push('\n');
    }
    kept
}

/// The anchors that readers of Markdown make from headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title
                .chars()
                .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
            kept.map(|letter| if letter == ' ' { '-' } else { letter })
                .collect()
        })
        .collect()
}

/// `path` as seen from the document, relative to the root.
fn beside(document: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Path::new(document)
        .parent()
        .and_then(Path::to_str)
        .unwrap_or_default()
        .split('/')
        .collect();
    parts.retain(|part| !part.is_empty());
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    parts.join("/")
}

#[test]
fn the_reader_of_links_sees_dead_ones() {
    assert_eq!(
        links("see [a](b.md) and `[c](d)` and ![e](f.png)\n```\n[g](h)\n```\n"),
        ["b.md", "f.png"]
    );
    assert_eq!(beside("guide/a/b.md", "../c.md"), "guide/c.md");
    assert!(anchors("# Exit codes, one table\n").contains("exit-codes-one-table"));
}
