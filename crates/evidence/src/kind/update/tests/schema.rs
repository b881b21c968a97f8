//! The JSON Schema and the parser say the same.

use std::collections::BTreeSet;

use super::*;

#[test]
fn schema_and_parser_know_the_same_members() {
    let schema = serde_json::from_str(KindName::Update.schema().expect("ours")).expect("JSON");
    for (name, required, optional) in [
        ("update", REQUIRED, OPTIONAL),
        ("actions", ACTIONS, &[]),
        ("activation", ACTIVATION, ACTIVATION_OPTIONAL),
        ("everyone", AUDIENCE_EVERYONE, &[]),
        ("tier", AUDIENCE_TIER, &[]),
        ("file", FILE, &[]),
        ("patch", PATCH_FILE, &[]),
        ("predecessor", PREDECESSOR, &[]),
        ("requirement", REQUIREMENT, REQUIREMENT_OPTIONAL),
        ("rules", RULES, &[]),
        ("sbom", SBOM, &[]),
        ("withdrawal", WITHDRAWAL, &[]),
        ("digest", &["sha256"], &[]),
    ] {
        let (all, schema_required) = schema_members(&schema, name);
        assert_eq!(schema_required, required, "{name}");
        let sorted: BTreeSet<_> = required
            .iter()
            .chain(optional)
            .map(|member| (*member).to_owned())
            .collect();
        assert_eq!(all, sorted.into_iter().collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn schema_and_parser_know_the_same_words_and_limits() {
    let schema: serde_json::Value =
        serde_json::from_str(KindName::Update.schema().expect("ours")).expect("JSON");
    let definitions = &schema["$defs"];
    let words = |found: &serde_json::Value| {
        let list = found["enum"].as_array().expect("an enum").iter();
        list.map(|word| word.as_str().expect("a word").to_owned())
            .collect::<Vec<_>>()
    };
    fn table<T>(table: &[(&str, T)]) -> Vec<String> {
        table.iter().map(|(word, _)| (*word).to_owned()).collect()
    }
    let actions = &definitions["actions"]["properties"];
    assert_eq!(words(&actions["class"]), table(Class::TABLE));
    assert_eq!(words(&actions["consent"]), table(Consent::TABLE));
    assert_eq!(words(&definitions["lineKind"]), table(LineKind::TABLE));
    assert_eq!(
        words(&definitions["sbom"]["properties"]["format"]),
        table(SbomFormat::TABLE)
    );
    assert_eq!(
        words(&definitions["withdrawal"]["properties"]["reason"]),
        table(WithdrawalReason::TABLE)
    );
    assert_eq!(
        words(&definitions["update"]["properties"]["state"]),
        [OFFERED, WITHDRAWN]
    );
    assert_eq!(
        words(&definitions["file"]["properties"]["role"]),
        [FULL, PART]
    );
    assert_eq!(definitions["patch"]["properties"]["role"]["const"], PATCH);
    assert_eq!(
        definitions["everyone"]["properties"]["kind"]["const"],
        EVERYONE
    );
    assert_eq!(definitions["tier"]["properties"]["kind"]["const"], TIER);
    assert_eq!(
        definitions["tier"]["properties"]["permille"]["maximum"],
        PERMILLE
    );
    assert_eq!(definitions["serial"]["maximum"], limits::INTEGER);
    assert_eq!(definitions["name"]["maxLength"], limits::NAME);
    assert_eq!(
        schema["properties"]["subject"]["maxItems"],
        limits::SUBJECTS
    );
    let update = &definitions["update"]["properties"];
    assert_eq!(update["requires"]["maxItems"], limits::REQUIRES);
    assert_eq!(update["sbom"]["maxItems"], limits::SBOM);
    assert_eq!(update["supersedes"]["maxItems"], limits::SUPERSEDES);
    assert_eq!(update["version"]["maxLength"], limits::VERSION);
    assert_eq!(
        definitions["withdrawal"]["properties"]["text"]["maxLength"],
        limits::TEXT
    );
    assert_eq!(
        schema["properties"]["predicateType"]["const"],
        KindName::Update.predicate_type()
    );
    assert_eq!(schema["properties"]["_type"]["const"], statement::TYPE);
}

/// Members of a definition in the JSON Schema: all, and those required.
fn schema_members(schema: &serde_json::Value, name: &str) -> (Vec<String>, Vec<String>) {
    let definition = &schema["$defs"][name];
    assert_eq!(definition["additionalProperties"], false, "{name}");
    let all = definition["properties"]
        .as_object()
        .expect(name)
        .keys()
        .cloned();
    let required = definition["required"].as_array().expect(name).iter();
    (
        all.collect(),
        required
            .map(|member| member.as_str().expect(name).to_owned())
            .collect(),
    )
}
