//! PL8: what is accepted with a warning. Also of PL5: a set that never applies.

use super::*;

fn warns(edits: &[(&str, &str)], rule: &str, marked: &str, sentence: &str) {
    let text = edited(edits);
    assert!(parse(&text).is_ok(), "{:?}", parse(&text));
    let expected = (
        Level::Warning,
        rule.to_owned(),
        fill(marked),
        sentence.to_owned(),
    );
    assert_eq!(found(&text), [expected], "{edits:?}");
}

#[test]
fn pl8_warns_of_a_quorum_of_nobody() {
    warns(
        &[("quorum three", "quorum none")],
        "PL8",
        "quorum none",
        "this quorum asks for no witness",
    );
}

#[test]
fn pl8_warns_of_a_threshold_within_one_operator() {
    let sentence = "the quorum is met by one operator, center-eu.example, alone";
    for (from, to) in [
        ("quorum three", "quorum eu"),
        ("quorum three", "quorum eu-m"),
    ] {
        let text = edited(&[(from, to)]);
        assert_eq!(found(&text)[0].3, sentence, "{to}");
        assert_eq!(found(&text)[0].2, to);
    }
    // Two keys of one operator side by side count twice.
    let flat = (
        "group eu any eu-e eu-m\ngroup us any us-e us-m\ngroup sg any sg-e sg-m\ngroup three 2 eu us sg",
        "group three 2 eu-e eu-m us-e us-m sg-e sg-m",
    );
    warns(&[flat], "PL8", "quorum three", sentence);
    warns(
        &[("group three 2", "group three any")],
        "PL8",
        "quorum three",
        sentence,
    );
    // A mirror of another name at the same host is the same operator.
    warns(
        &[("@w3 center-us.example/w@", "@w3 center-eu.example/mirror@")],
        "PL8",
        "quorum three",
        sentence,
    );
    accepts(&[("group three 2", "group three 3")]);
}

#[test]
fn pl8_warns_of_words_that_look_alike() {
    for (name, sentence) in [
        ("centre-us", ""),
        ("center-eu1", ""),
        ("exarnple-soc", "this looks like exarnple-soc"),
        ("center_sg", "this looks like center_sg"),
        ("center-5g", ""),
    ] {
        let edit = format!("{name} = {{ operator = \"Example Institute\"");
        let edits = [(
            "center-us = { operator = \"Example Institute\"",
            edit.as_str(),
        )];
        let text = edited(&edits);
        let found = found(&text);
        match sentence {
            "" => assert_eq!(found, [], "{name}"),
            _ => assert_eq!(
                found
                    .iter()
                    .map(|found| found.3.as_str())
                    .collect::<Vec<_>>(),
                [sentence],
                "{name}"
            ),
        }
    }
    warns(
        &[
            ("center-us = {", "centre-l0 = {"),
            ("center-sg = {", "centre-1o = {"),
        ],
        "PL8",
        "centre-1o",
        "this looks like centre-l0",
    );
}

#[test]
fn pl8_warns_of_operators_that_nearly_have_one_name() {
    warns(
        &[(
            "operator = \"Example Institute\"",
            "operator = \"Stichting  EXAMPLE\"",
        )],
        "PL8",
        "center-us",
        "this looks like Stichting Example",
    );
}

#[test]
fn pl8_warns_of_origins_that_look_alike() {
    let log = "\"1og.acme.example/v1\" = { keys = [\"@l30 1og.acme.example/v1@\"], witnesses = \"regions\" }\n\"log.acme.example/v1\" = {";
    warns(
        &[("\"log.acme.example/v1\" = {", log)],
        "PL8",
        "\"log.acme.example/v1\"",
        "this looks like 1og.acme.example/v1",
    );
}

#[test]
fn pl5_warns_of_a_set_that_applies_to_no_line() {
    let typo = "[require.typo]\nwhen = { product = \"acme-shiled\" }\n\n[require.rules]";
    warns(
        &[("[require.rules]", typo)],
        "PL5",
        "{ product = \"acme-shiled\" }",
        "this set applies to no line and is no base",
    );
    // A set that only lends its requirements is used.
    let base = "[require.common]\nwhen = { product = \"none\" }\nsbom = true\n\n[require.rules]";
    accepts(&[
        ("[require.rules]", base),
        ("base = \"software\"", "base = \"common\""),
    ]);
}

#[test]
fn a_warning_renders_as_one() {
    let text = edited(&[("quorum three", "quorum none")]);
    let policy = parse(&text).unwrap();
    let rendered = policy.warnings()[0].render("policy.toml", &text);
    assert!(
        rendered.starts_with("warning[PL8]: this quorum asks for no witness\n"),
        "{rendered}"
    );
}
