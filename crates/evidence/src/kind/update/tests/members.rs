//! S11, S12 and S14: which members there are, and what each may hold.

use std::collections::BTreeSet;

use super::*;

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
fn the_numbers_of_the_largest_json_integer_are_kept() {
    let bytes = changed(|update| update.serial = limits::INTEGER).expect("2^53 - 1");
    assert!(Statement::parse(&bytes).is_ok());
    assert_eq!(
        changed(|update| update.serial = limits::INTEGER + 1),
        place(Rule::S6, "/serial")
    );
}
