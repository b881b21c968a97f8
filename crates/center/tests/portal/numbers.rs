//! P10: every number on a page occurs in its JSON.

use std::fs;
use std::path::Path;

use crate::{fixtures, markup};

#[test]
fn every_number_of_a_page_is_in_its_json() {
    let catalogue = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("texts/en.toml"))
        .expect("the catalogue is readable");
    for page in fixtures::pages(true)
        .into_iter()
        .filter(|page| !page.name.contains("hostile"))
    {
        let text = markup::text_without_times(&markup::read(&page.html));
        for (number, unit) in numbers(&text) {
            // Lengths and sizes are computed from times and bytes that are in the JSON themselves.
            let derived =
                ["s", "min", "h", "day", "days", "KB", "MB", "GB"].contains(&unit.as_str());
            let known = page.json.contains(&number) || catalogue.contains(&number) || derived;
            assert!(known, "{}: {number} {unit}", page.name);
        }
    }
}

#[test]
fn counts_that_are_shown_are_fields_of_the_json() {
    let pages = fixtures::pages(false);
    for (name, fields) in [
        (
            "home-refused",
            vec![
                "\"all\":42",
                "\"accepted\":40",
                "\"undecided\":1",
                "\"refused\":1",
                "\"size\":18411",
            ],
        ),
        (
            "update-accepted",
            vec![
                "\"signed\":2",
                "\"of\":3",
                "\"asked\":2",
                "\"released\":\"2026-11-24T06:12:04Z\"",
                "\"size\":48203114",
            ],
        ),
        (
            "centers",
            vec!["\"rebuilds\":0", "\"reviews\":0", "\"cosigned_at\":null"],
        ),
    ] {
        let page = pages
            .iter()
            .find(|page| page.name == name)
            .expect("the fixture exists");
        for field in fields {
            assert!(page.json.contains(field), "{name}: {field}");
        }
    }
}

#[test]
fn the_json_of_a_page_is_one_object_with_a_schema() {
    for page in fixtures::pages(false) {
        let value: serde_json::Value = serde_json::from_str(&page.json)
            .unwrap_or_else(|error| panic!("{}: {error}", page.name));
        assert_eq!(value["schema"], "page-v1", "{}", page.name);
        assert!(value["frame"]["center"].is_string(), "{}", page.name);
    }
}

/// Runs of digits with the word behind them; the comma groups.
fn numbers(text: &str) -> Vec<(String, String)> {
    let joined = text.replace(',', "\u{1}");
    let mut found = Vec::new();
    let mut number = String::new();
    let characters: Vec<char> = joined.chars().chain([' ']).collect();
    for (position, character) in characters.iter().enumerate() {
        let grouped = *character == '\u{1}'
            && !number.is_empty()
            && characters
                .get(position + 1)
                .is_some_and(char::is_ascii_digit)
            && characters
                .get(position + 4)
                .is_none_or(|next| !next.is_ascii_digit());
        if character.is_ascii_digit() {
            number.push(*character);
        } else if !grouped && !number.is_empty() {
            let unit = characters
                .iter()
                .skip(position)
                .skip_while(|next| **next == ' ' || **next == '.' || next.is_ascii_digit())
                .take_while(|next| next.is_alphabetic())
                .collect();
            found.push((std::mem::take(&mut number), unit));
        }
    }
    found
}
