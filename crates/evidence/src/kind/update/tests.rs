use std::collections::BTreeSet;

use proptest::prelude::*;
use tlog::hash::sha256;

use super::form::*;
use super::*;
use crate::limits;
use crate::refusal::{Rule, What};
use crate::time::Duration;

const VECTOR: &str = include_str!("../../../testdata/vector/payload.json");

/// The update and subjects of the vector.
fn vector() -> (Update, Vec<Subject>) {
    let statement = Statement::parse(VECTOR.as_bytes()).expect("the vector");
    (
        statement.kind().as_update().expect("an update").clone(),
        statement.subjects().to_vec(),
    )
}

fn word(text: &str) -> Word {
    Word::parse(text).expect(text)
}

fn name(text: &str) -> Name {
    Name::parse(text).expect(text)
}

fn time(text: &str) -> Time {
    Time::parse(text).expect(text)
}

/// The vector with one piece replaced; the piece must be there.
fn with(piece: &str, other: &str) -> String {
    assert!(VECTOR.contains(piece), "{piece}");
    VECTOR.replacen(piece, other, 1)
}

fn refused(payload: &str) -> (Rule, String) {
    let refusal = Statement::parse(payload.as_bytes()).expect_err(payload);
    (refusal.rule, refusal.pointer)
}

/// What changing the vector's update and writing it gives.
fn changed(change: impl FnOnce(&mut Update)) -> Result<Vec<u8>, (Rule, String)> {
    let (mut update, subjects) = vector();
    change(&mut update);
    update
        .to_statement_bytes(&subjects)
        .map_err(|refusal| (refusal.rule, refusal.pointer))
}

fn place(rule: Rule, pointer: &str) -> Result<Vec<u8>, (Rule, String)> {
    Err((rule, format!("/predicate{pointer}")))
}

#[test]
fn s11_refuses_missing_and_unknown_members_everywhere() {
    for (piece, other, pointer) in [
        ("\"serial\":42,\"source\"", "\"source\"", ""),
        ("\"class\":\"fix\",", "", "/actions"),
        ("{\"from\":\"2026-11-25T06:00:00Z\"}", "{}", "/activation"),
        ("{\"kind\":\"everyone\"}", "{}", "/audience"),
        ("\"role\":\"full\",", "", "/files/0"),
        ("\"size\":41203344", "\"sise\":41203344", "/files/0/sise"),
        ("{\"serial\":41,", "{", "/predecessor"),
        ("\"min\":9000,", "", "/requires/0"),
        ("\"format\":\"spdx\",", "", "/sbom/0"),
        ("{\"actions\"", "{\"a\":1,\"actions\"", "/a"),
        (
            "\"consent\":\"contract\"",
            "\"consent\":\"contract\",\"note\":\"\"",
            "/actions/note",
        ),
        (
            "T06:00:00Z\"}",
            "T06:00:00Z\",\"zone\":\"CET\"}",
            "/activation/zone",
        ),
        (
            "\"kind\":\"everyone\"",
            "\"kind\":\"everyone\",\"name\":\"x\"",
            "/audience/name",
        ),
        (
            "\"role\":\"full\"",
            "\"role\":\"full\",\"sha256\":\"\"",
            "/files/0/sha256",
        ),
        (
            "\"name\":\"app",
            "\"from\":\"\",\"name\":\"app",
            "/files/0/from",
        ),
        (
            "\"min\":9000,\"product\"",
            "\"min\":9000,\"platform\":\"any\",\"product\"",
            "/requires/0/platform",
        ),
        ("\"sha256\":\"", "\"md5\":\"\",\"sha256\":\"", "/notes/md5"),
    ] {
        assert_eq!(
            refused(&with(piece, other)),
            (Rule::S11, format!("/predicate{pointer}")),
            "{other}"
        );
    }
}

#[test]
fn s11_refuses_words_that_are_not_in_the_schema() {
    for (piece, other, pointer) in [
        ("\"class\":\"fix\"", "\"class\":\"Fix\"", "/actions/class"),
        (
            "\"consent\":\"contract\"",
            "\"consent\":\"none\"",
            "/actions/consent",
        ),
        (
            "\"kind\":\"everyone\"",
            "\"kind\":\"nobody\"",
            "/audience/kind",
        ),
        ("\"role\":\"full\"", "\"role\":\"delta\"", "/files/0/role"),
        ("\"kind\":\"software\"", "\"kind\":\"firmware\"", "/kind"),
        (
            "\"kind\":\"detection-rules\"",
            "\"kind\":\"rules\"",
            "/requires/0/kind",
        ),
        (
            "\"format\":\"spdx\"",
            "\"format\":\"swid\"",
            "/sbom/0/format",
        ),
        ("\"state\":\"offered\"", "\"state\":\"pending\"", "/state"),
    ] {
        assert_eq!(
            refused(&with(piece, other)),
            (Rule::S11, format!("/predicate{pointer}")),
            "{other}"
        );
    }
}

#[test]
fn s11_refuses_values_of_another_type_or_range() {
    for (piece, other, pointer) in [
        (":42,", ":\"42\",", "/serial"),
        (":42,", ":0,", "/serial"),
        (":42,", ":-1,", "/serial"),
        (":41,", ":0,", "/predecessor/serial"),
        (":41203344", ":-1", "/files/0/size"),
        (":9000,", ":0,", "/requires/0/min"),
        (":9000,", ":[],", "/requires/0/min"),
        (
            "\"min\":9000",
            "\"max\":8999,\"min\":9000",
            "/requires/0/max",
        ),
        ("{\"kind\":\"everyone\"}", "\"everyone\"", "/audience"),
        ("[{\"format\"", "[true,{\"format\"", "/sbom/0"),
        (
            "\"notes\":{\"sha256\":\"",
            "\"notes\":{\"sha256\":\"0",
            "/notes/sha256",
        ),
    ] {
        assert_eq!(
            refused(&with(piece, other)),
            (Rule::S11, format!("/predicate{pointer}")),
            "{other}"
        );
    }
    let list = VECTOR
        .split_once("\"requires\":")
        .expect("requires")
        .1
        .split_once(",\"sbom\"")
        .expect("sbom")
        .0;
    assert_eq!(
        refused(&with(list, "[]")),
        (Rule::S11, "/predicate/requires".to_owned())
    );
    assert_eq!(
        refused(&with(list, "{}")),
        (Rule::S11, "/predicate/requires".to_owned())
    );
}

#[test]
fn s12_refuses_loose_words_times_and_texts() {
    let pointer = |pointer: &str| (Rule::S12, format!("/predicate{pointer}"));
    for (piece, member) in [
        ("\"channel\":\"stable\"", "/channel"),
        ("\"platform\":\"linux-x86_64\"", "/platform"),
        ("\"product\":\"acme-shield\",\"publisher\"", "/product"),
        ("\"publisher\":\"acme\"", "/publisher"),
    ] {
        for bad in ["", "A", "-a", "a b", "ä", &"a".repeat(65)] {
            let (name, behind) = piece[1..].split_once('"').expect("a name");
            let behind = behind
                .split_once(',')
                .map(|(_, rest)| format!(",{rest}"))
                .unwrap_or_default();
            assert_eq!(
                refused(&with(piece, &format!("\"{name}\":\"{bad}\"{behind}"))),
                pointer(member),
                "{bad}"
            );
        }
    }
    for bad in [
        "2026-11-25",
        "2026-02-30T06:00:00Z",
        "2026-11-25T06:00:60Z",
        "2026-11-25T06:00:00+00:00",
    ] {
        assert_eq!(
            refused(&with("2026-11-25T06:00:00Z", bad)),
            pointer("/activation/from"),
            "{bad}"
        );
    }
    for bad in ["", "4\\n2", "4\u{85}2", &"4".repeat(65)] {
        assert_eq!(
            refused(&with("\"4.2.0\"", &format!("\"{bad}\""))),
            pointer("/version"),
            "{bad}"
        );
    }
    let withdrawn = |text: &str| {
        changed(|update| {
            let withdrawal = Withdrawal {
                reason: WithdrawalReason::Crash,
                text: text.into(),
            };
            update.state = State::Withdrawn(withdrawal);
        })
    };
    for bad in [
        "",
        "tab\there",
        "carriage\rreturn",
        "\u{7f}",
        "\u{9b}",
        &"a".repeat(4097),
    ] {
        assert_eq!(
            withdrawn(bad),
            place(Rule::S12, "/withdrawal/text"),
            "{bad:?}"
        );
    }
    for good in ["a\nb", "ü 😀", &"a".repeat(4096)] {
        assert!(withdrawn(good).is_ok(), "{good:?}");
    }
}

#[test]
fn s14_refuses_supersedes_that_are_no_ascending_list_of_ids() {
    let ids = |count: u8| {
        (0..count)
            .map(|number| sha256(&[number]))
            .collect::<BTreeSet<_>>()
    };
    let list = |ids: Vec<String>| {
        with(
            ",\"version\"",
            &format!(",\"supersedes\":[{}],\"version\"", ids.join(",")),
        )
    };
    let quoted = |ids: BTreeSet<Hash>| ids.iter().map(|id| format!("\"{id}\"")).collect::<Vec<_>>();
    let refusal = |pointer: &str| (Rule::S14, format!("/predicate/supersedes{pointer}"));
    assert!(Statement::parse(list(quoted(ids(16))).as_bytes()).is_ok());
    assert_eq!(refused(&list(quoted(ids(17)))), refusal(""));
    assert_eq!(refused(&list(vec![])), refusal(""));
    assert_eq!(
        refused(&list(quoted(ids(2)).into_iter().rev().collect())),
        refusal("/1")
    );
    let twice = [quoted(ids(1)), quoted(ids(1))].concat();
    assert_eq!(refused(&list(twice)), refusal("/1"));
    assert_eq!(refused(&list(vec!["\"00\"".to_owned()])), refusal("/0"));
}

#[test]
fn refuses_files_that_are_not_the_subjects() {
    let refusal = place(Rule::S11, "/files");
    assert_eq!(
        changed(|update| update.files[0].name = name("other.deb")),
        refusal
    );
    assert_eq!(
        changed(|update| update.files.push(update.files[0].clone())),
        refusal
    );
    let (update, mut subjects) = vector();
    subjects[0].name = None;
    let refused = update.to_statement_bytes(&subjects).expect_err("no name");
    assert_eq!(
        (refused.rule, refused.pointer.as_str()),
        (Rule::S11, "/predicate/files")
    );
}

#[test]
fn refuses_patches_that_do_not_lead_to_a_full_file() {
    let (mut update, mut subjects) = vector();
    let full = subjects[0].sha256;
    subjects.push(Subject::file(name("patch.bin"), sha256(b"patch")));
    let patch = |to| File {
        name: name("patch.bin"),
        size: 9,
        role: Role::Patch {
            from: sha256(b"old"),
            to,
        },
    };
    update.files.push(patch(full));
    assert!(update.to_statement_bytes(&subjects).is_ok());
    for to in [sha256(b"nowhere"), sha256(b"patch")] {
        update.files[1] = patch(to);
        let refused = update
            .to_statement_bytes(&subjects)
            .expect_err("no full file");
        assert_eq!(
            (refused.what, refused.pointer.as_str()),
            (What::PatchTo, "/predicate/files/1")
        );
    }
    update.files[1] = patch(full);
    update.files[0].role = Role::Part;
    assert_eq!(
        update
            .to_statement_bytes(&subjects)
            .expect_err("a part")
            .what,
        What::PatchTo
    );
}

#[test]
fn refuses_rules_without_and_beside_their_kind() {
    let rules = RulesSet {
        fingerprint: sha256(b"rules"),
        set: sha256(b"set"),
    };
    assert_eq!(
        changed(|update| update.rules = Some(rules)),
        place(Rule::S11, "/rules")
    );
    let with_kind = |rules| {
        changed(|update| {
            update.line.kind = LineKind::DetectionRules;
            update.requires.clear();
            update.rules = rules;
        })
    };
    assert_eq!(with_kind(None), place(Rule::S11, ""));
    assert!(with_kind(Some(rules)).is_ok());
}

#[test]
fn refuses_requirements_on_itself_unsorted_or_twice() {
    let requirement = |kind, product: &str| Requirement {
        kind,
        product: word(product),
        min: 1,
        max: None,
    };
    let requires = |list: Vec<Requirement>| changed(|update| update.requires = list);
    let rules = requirement(LineKind::DetectionRules, "acme-shield");
    let software = requirement(LineKind::Software, "acme-core");
    assert!(requires(vec![rules.clone(), software.clone()]).is_ok());
    assert_eq!(
        requires(vec![software, rules.clone()]),
        place(Rule::S11, "/requires/1")
    );
    let higher = Requirement {
        min: 2,
        ..rules.clone()
    };
    assert_eq!(
        requires(vec![rules, higher]),
        place(Rule::S11, "/requires/1")
    );
    let own = requirement(LineKind::Software, "acme-shield");
    assert_eq!(requires(vec![own]), place(Rule::S11, "/requires/0"));
}

#[test]
fn refuses_a_withdrawal_without_its_state_and_the_other_way() {
    let withdrawal = ",\"withdrawal\":{\"reason\":\"crash\",\"text\":\"it crashes\"}";
    let both = with("\"offered\"", "\"withdrawn\"")
        .replace("\"4.2.0\"}", &format!("\"4.2.0\"{withdrawal}}}"));
    assert!(Statement::parse(both.as_bytes()).is_ok());
    let refusal = (Rule::S11, "/predicate/state".to_owned());
    assert_eq!(
        refused(&both.replace("\"withdrawn\"", "\"offered\"")),
        refusal
    );
    assert_eq!(refused(&both.replace(withdrawal, "")), refusal);
    assert_eq!(
        refused(&both.replace("\"crash\"", "\"boredom\"")).1,
        "/predicate/withdrawal/reason"
    );
}

#[test]
fn refuses_to_return_to_itself_or_a_later_serial() {
    assert!(changed(|update| update.returns_to = Some(41)).is_ok());
    assert_eq!(
        changed(|update| update.returns_to = Some(42)),
        place(Rule::S11, "/returnsTo")
    );
    assert_eq!(
        changed(|update| update.returns_to = Some(0)),
        place(Rule::S11, "/returnsTo")
    );
    let first = |returns_to| {
        changed(|update| {
            update.serial = 1;
            update.returns_to = returns_to;
        })
    };
    assert!(first(None).is_ok());
    assert_eq!(first(Some(1)), place(Rule::S11, "/returnsTo"));
}

#[test]
fn u6_refuses_a_tier_of_more_than_a_tenth() {
    let tier = |permille| {
        let everyone_by = time("2026-12-01T00:00:00Z");
        changed(|update| {
            update.audience = Audience::Tier {
                name: word("early"),
                permille,
                everyone_by,
            }
        })
    };
    assert!(tier(1).is_ok());
    assert!(tier(100).is_ok());
    for permille in [0, 101, 1000] {
        assert_eq!(tier(permille), place(Rule::U6, "/audience/permille"));
    }
}

#[test]
fn u9_refuses_an_activation_of_more_than_400_days_or_none() {
    let until = |until: &str| changed(|update| update.activation.until = Some(time(until)));
    assert!(until("2026-11-25T06:00:01Z").is_ok());
    assert!(until("2027-12-30T06:00:00Z").is_ok());
    for end in [
        "2027-12-30T06:00:01Z",
        "2026-11-25T06:00:00Z",
        "2020-01-01T00:00:00Z",
    ] {
        assert_eq!(until(end), place(Rule::U9, "/activation/until"), "{end}");
    }
}

#[test]
fn the_numbers_of_the_largest_json_integer_are_kept() {
    let bytes = changed(|update| update.serial = limits::INTEGER).expect("2^53 - 1");
    assert!(Statement::parse(&bytes).is_ok());
    assert_eq!(
        changed(|update| update.serial = limits::INTEGER + 1),
        place(Rule::S6, "/serial")
    );
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

fn digest() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

fn some_word() -> impl Strategy<Value = Word> {
    "[a-z0-9][a-z0-9._-]{0,8}".prop_map(|text| word(&text))
}

fn one_of<T: Copy + std::fmt::Debug>(
    table: &'static [(&'static str, T)],
) -> impl Strategy<Value = T> {
    proptest::sample::select(table).prop_map(|(_, value)| value)
}

/// Files of different names, some of them patches to the first, which is full.
fn some_files() -> impl Strategy<Value = (Vec<File>, Vec<Subject>)> {
    let file = (digest(), 0..limits::INTEGER, 0..3_u8, digest());
    proptest::collection::btree_map("[a-z]{1,6}(/[ -!#-.0-\\[\\]-~é]{1,6}x)?", file, 1..6).prop_map(
        |rows| {
            let full = rows.values().next().map(|row| row.0).expect("one at least");
            let rows = rows.into_iter().enumerate().map(
                |(position, (text, (sha256, size, role, from)))| {
                    let role = match (position, role) {
                        (0, _) | (_, 0) => Role::Full,
                        (_, 1) => Role::Part,
                        _ => Role::Patch { from, to: full },
                    };
                    (
                        File {
                            name: name(&text),
                            size,
                            role,
                        },
                        Subject::file(name(&text), sha256),
                    )
                },
            );
            rows.unzip()
        },
    )
}

fn some_state() -> impl Strategy<Value = State> {
    let withdrawal = (one_of(WithdrawalReason::TABLE), "[ -~\n😀]{1,20}");
    prop_oneof![
        Just(State::Offered),
        withdrawal.prop_map(|(reason, text)| State::Withdrawn(Withdrawal {
            reason,
            text: text.into()
        })),
    ]
}

fn some_audience() -> impl Strategy<Value = Audience> {
    let tier = (some_word(), 1..=PERMILLE, 0..2_000_000_000_i64);
    prop_oneof![
        Just(Audience::Everyone),
        tier.prop_map(|(name, permille, by)| Audience::Tier {
            name,
            permille,
            everyone_by: Time::from_seconds(by)
        }),
    ]
}

prop_compose! {
    fn some_line()(publisher in some_word(), product in some_word(), kind in one_of(LineKind::TABLE),
        channel in some_word(), platform in some_word()) -> Line {
        Line { publisher, product, kind, channel, platform }
    }
}

prop_compose! {
    fn some_update()(
        line in some_line(),
        (files, subjects) in some_files(),
        (version, serial) in ("[ -~é]{1,32}", 2..limits::INTEGER),
        predecessor in proptest::option::of((1..limits::INTEGER, digest())),
        digests in [proptest::option::of(digest()), proptest::option::of(digest()), proptest::option::of(digest())],
        sbom in proptest::collection::btree_set((one_of(SbomFormat::TABLE), digest()), 0..4),
        rules in (digest(), digest()),
        requires in proptest::collection::btree_map((one_of(LineKind::TABLE), "z[a-z]{0,3}"), (1..99_u64, proptest::option::of(99..200_u64)), 0..4),
        actions in (one_of(Class::TABLE), one_of(Consent::TABLE)),
        (audience, state) in (some_audience(), some_state()),
        (from, length) in (0..2_000_000_000_i64, proptest::option::of(1..=400 * 86_400_u64)),
        returns_to in proptest::option::of(Just(1)),
        supersedes in proptest::collection::btree_set(digest(), 0..4),
    ) -> (Update, Vec<Subject>) {
        let from = Time::from_seconds(from);
        let [source, recipe, notes] = digests;
        let rules = RulesSet { fingerprint: rules.0, set: rules.1 };
        let requires = requires.into_iter().map(|((kind, product), (min, max))| {
            Requirement { kind, product: word(&product), min, max }
        });
        let own = (line.kind, line.product.clone());
        let update = Update {
            version: version.into(),
            serial,
            predecessor: predecessor.map(|(serial, statement)| Predecessor { serial, statement }),
            files,
            source,
            recipe,
            sbom: sbom.into_iter().map(|(format, sha256)| Sbom { format, sha256 }).collect(),
            notes,
            rules: Some(rules).filter(|_| line.kind == LineKind::DetectionRules),
            requires: requires.filter(|other| (other.kind, other.product.clone()) != own).collect(),
            actions: Actions { class: actions.0, consent: actions.1 },
            audience,
            activation: Activation { from, until: length.map(|length| from + Duration::from_seconds(length)) },
            state,
            returns_to,
            supersedes: supersedes.into_iter().collect(),
            line,
        };
        (update, subjects)
    }
}

proptest! {
    #[test]
    fn parse_is_inverse_of_to_statement_bytes((update, subjects) in some_update()) {
        let bytes = update.to_statement_bytes(&subjects).expect("obeys the rules of form");
        let statement = Statement::parse(&bytes).expect("was read already");
        prop_assert_eq!(statement.subjects(), subjects);
        prop_assert_eq!(statement.supersedes(), &update.supersedes);
        prop_assert_eq!(statement.kind().as_update(), Some(&update));
    }

    #[test]
    fn order_of_files_and_subjects_does_not_matter_when_writing((update, subjects) in some_update()) {
        let bytes = update.to_statement_bytes(&subjects);
        let mut turned = update;
        turned.files.reverse();
        let reversed: Vec<_> = subjects.into_iter().rev().collect();
        prop_assert_eq!(turned.to_statement_bytes(&reversed), bytes);
    }
}
