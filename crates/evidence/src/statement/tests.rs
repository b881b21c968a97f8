use proptest::prelude::*;

use super::*;

const VECTOR: &str = include_str!("../../testdata/vector/payload.json");

fn refused(payload: &str) -> (Rule, String) {
    let refusal = Statement::parse(payload.as_bytes()).expect_err(payload);
    assert!(!refusal.hint().is_empty());
    (refusal.rule, refusal.pointer)
}

/// The vector with one piece replaced; the piece must be there.
fn with(piece: &str, other: &str) -> String {
    assert!(VECTOR.contains(piece), "{piece}");
    VECTOR.replacen(piece, other, 1)
}

/// The vector with these subjects and files of the same names.
fn with_subjects(subjects: &[(&str, char)]) -> String {
    let name = |name: &str| serde_json::to_string(name).expect("JSON");
    let subject = |(text, digit): &(&str, char)| {
        let digest = digit.to_string().repeat(64);
        format!(
            "{{\"digest\":{{\"sha256\":\"{digest}\"}},\"name\":{}}}",
            name(text)
        )
    };
    let file = |(text, _): &(&str, char)| {
        format!("{{\"name\":{},\"role\":\"part\",\"size\":1}}", name(text))
    };
    let list = |items: Vec<String>| items.join(",");
    let front = VECTOR.split("\"subject\":[").next().expect("front");
    let changed = format!(
        "{front}\"subject\":[{}]}}",
        list(subjects.iter().map(subject).collect())
    );
    let files = "{\"name\":\"app_4.2.0_amd64.deb\",\"role\":\"full\",\"size\":41203344}";
    changed.replacen(files, &list(subjects.iter().map(file).collect()), 1)
}

#[test]
fn reads_the_vector_of_the_design() {
    let statement = Statement::parse(VECTOR.as_bytes()).expect("the vector");
    assert_eq!(statement.subjects().len(), 1);
    assert!(statement.is_about(sha256(b"app")));
    assert!(!statement.is_about(sha256(b"notes")));
    assert_eq!((statement.nonce(), statement.supersedes()), (None, &[][..]));
}

#[test]
fn s2_refuses_more_than_a_mebibyte() {
    let large = format!("{VECTOR}{}", " ".repeat(limits::PAYLOAD));
    assert_eq!(refused(&large), (Rule::S2, String::new()));
}

#[test]
fn s5_refuses_loose_json_with_its_place() {
    let refusal = Statement::parse(b"{\"_type\":01}").expect_err("loose");
    assert_eq!((refusal.rule, refusal.at), (Rule::S5, Some(10)));
    assert_eq!(
        refused(&with("\"serial\":42", "\"serial\":42,\"serial\":43")).0,
        Rule::S5
    );
    assert_eq!(
        refused(&with("\"serial\":42", "\"serial\":42,\"s\\u0065rial\":43")).0,
        Rule::S5
    );
}

#[test]
fn s6_refuses_another_spelling_of_the_same_value() {
    assert_eq!(refused(&with(",\"state\"", ", \"state\"")).0, Rule::S6);
    assert_eq!(refused(&format!("{VECTOR}\n")).0, Rule::S6);
    assert_eq!(
        refused(&with("\"acme\"", "\"\\u0061cme\"")),
        (Rule::S6, String::new())
    );
    assert_eq!(
        refused(&with(":42,", ":42.0,")),
        (Rule::S6, "/predicate/serial".to_owned())
    );
    assert_eq!(
        refused(&with(":42,", ":null,")),
        (Rule::S6, "/predicate/serial".to_owned())
    );
    assert_eq!(
        refused(&with("\"serial\":42", "\"sérial\":42")),
        (Rule::S6, "/predicate/sérial".to_owned())
    );
    let swapped = with(
        "\"class\":\"fix\",\"consent\":\"contract\"",
        "\"consent\":\"contract\",\"class\":\"fix\"",
    );
    assert_eq!(refused(&swapped).0, Rule::S6);
}

#[test]
fn s7_refuses_what_is_no_statement() {
    let place = |pointer: &str| (Rule::S7, pointer.to_owned());
    assert_eq!(refused("[]"), place(""));
    assert_eq!(refused("{}"), place(""));
    assert_eq!(
        refused(&with("Statement/v1", "Statement/v0.1")),
        place("/_type")
    );
    assert_eq!(
        refused(&with("\"_type\":\"https://in-toto.io/Statement/v1\",", "")),
        place("")
    );
    assert_eq!(
        refused(&with("\"predicateType\":\"urn:vitrine:update:v1\",", "")),
        place("")
    );
    assert_eq!(
        refused(&with("\"urn:vitrine:update:v1\"", "1")),
        place("/predicateType")
    );
    assert_eq!(
        refused(&with(
            ",\"subject\":[{\"digest\"",
            ",\"subjects\":[{\"digest\""
        )),
        place("/subjects")
    );
    assert_eq!(
        refused(&with("{\"_type\"", "{\"A\":1,\"_type\"")),
        place("/A")
    );
    let (front, behind) = VECTOR.split_once("\"predicate\":").expect("a predicate");
    let behind = behind.split_once("\"predicateType\"").expect("a type").1;
    assert_eq!(
        refused(&format!("{front}\"predicateType\"{behind}")),
        place("")
    );
}

#[test]
fn s8_refuses_other_subjects() {
    let place = |pointer: &str| (Rule::S8, format!("/subject{pointer}"));
    let subject = VECTOR
        .split_once("\"subject\":")
        .expect("a subject")
        .1
        .trim_end_matches('}');
    let digest = format!("\"sha256\":\"{}\"", sha256(b"app"));
    assert_eq!(
        refused(&VECTOR.replace(&format!("{subject}}}"), "[]}")),
        place("")
    );
    assert_eq!(
        refused(&VECTOR.replace(&format!("{subject}}}"), "{}}")),
        place("")
    );
    assert_eq!(refused(&with(&digest, "")), place("/0/digest"));
    assert_eq!(
        refused(&with(&digest, "\"sha256\":\"00\"")),
        place("/0/digest/sha256")
    );
    let upper = digest.to_uppercase().replace("SHA256", "sha256");
    assert_eq!(refused(&with(&digest, &upper)), place("/0/digest/sha256"));
    for weak in [
        "\"md5\":\"00\"",
        "\"sha1\":\"00\"",
        "\"dirHash\":\"h1:\"",
        "\"gitBlob\":\"00\"",
        "\"goModuleH1\":\"\"",
    ] {
        let (name, _) = weak
            .trim_start_matches('"')
            .split_once('"')
            .expect("a name");
        let pair = if name < "sha256" {
            format!("{weak},{digest}")
        } else {
            format!("{digest},{weak}")
        };
        assert_eq!(
            refused(&with(&digest, &pair)),
            place(&format!("/0/digest/{name}")),
            "{weak}"
        );
    }
    for (name, digits) in [("gitCommit", 39), ("gitTree", 65), ("gitCommit", 128)] {
        let pair = format!("\"{name}\":\"{}\",{digest}", "a".repeat(digits));
        assert_eq!(
            refused(&with(&digest, &pair)),
            place(&format!("/0/digest/{name}")),
            "{digits}"
        );
    }
    for digits in ["a".repeat(127), "A".repeat(128), "g".repeat(128)] {
        assert_eq!(
            refused(&with(&digest, &format!("{digest},\"sha512\":\"{digits}\""))),
            place("/0/digest/sha512")
        );
    }
    assert_eq!(
        refused(&with(
            "},\"name\":\"app_4",
            "},\"mediaType\":\"\",\"name\":\"app_4"
        )),
        place("/0/mediaType")
    );
    let many: Vec<_> = (0..1025).map(|number| format!("f{number:04}")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), 'a')).collect();
    assert_eq!(refused(&with_subjects(&many)), place(""));
    assert!(Statement::parse(with_subjects(&many[1..]).as_bytes()).is_ok());
}

#[test]
fn s8_carries_further_digests() {
    let digest = format!("\"sha256\":\"{}\"", sha256(b"app"));
    let (git, sha512) = ("a".repeat(40), "b".repeat(128));
    let more =
        format!("\"gitCommit\":\"{git}\",\"gitTree\":\"{git}\",{digest},\"sha512\":\"{sha512}\"");
    let payload = with(&digest, &more);
    let statement = Statement::parse(payload.as_bytes()).expect("more digests");
    let names = statement.subjects()[0]
        .others
        .iter()
        .map(|other| other.name.as_str());
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["gitCommit", "gitTree", "sha512"]
    );
    let update = statement.kind().as_update().expect("an update");
    assert_eq!(
        update.to_statement_bytes(statement.subjects()),
        Ok(payload.into_bytes())
    );
}

#[test]
fn s9_refuses_unsorted_repeated_and_hidden_names() {
    let place = |pointer: &str| (Rule::S9, format!("/subject/{pointer}"));
    assert!(Statement::parse(with_subjects(&[("a", 'b'), ("b", 'a')]).as_bytes()).is_ok());
    assert_eq!(
        refused(&with_subjects(&[("b", 'a'), ("a", 'b')])),
        place("1")
    );
    assert_eq!(
        refused(&with_subjects(&[("a", 'a'), ("a", 'a')])),
        place("1")
    );
    assert_eq!(
        refused(&with_subjects(&[("a", 'a'), ("a", 'b')])),
        place("1")
    );
    assert_eq!(
        refused(&with_subjects(&[("README", 'a'), ("readme", 'b')])),
        place("1")
    );
    assert_eq!(
        refused(&with_subjects(&[("a", 'a'), ("../b", 'b')])),
        place("1/name")
    );
    for bad in [
        "../b",
        "/b",
        "b\\c",
        "b\u{202e}c",
        "b\u{200b}",
        "e\u{301}",
        "b\tc",
    ] {
        assert_eq!(
            refused(&with_subjects(&[(bad, 'a')])),
            place("0/name"),
            "{bad:?}"
        );
    }
}

#[test]
fn s10_refuses_unknown_kinds_recognisably() {
    for kind in [
        "urn:vitrine:update:v2",
        "urn:vitrine:review:v1",
        "https://spdx.dev/Document",
        "",
    ] {
        let refusal =
            Statement::parse(with("urn:vitrine:update:v1", kind).as_bytes()).expect_err("unknown");
        assert_eq!(
            (refusal.rule, refusal.pointer.as_str()),
            (Rule::S10, "/predicateType")
        );
        assert!(refusal.is_unknown_kind());
    }
    let refusal = Statement::parse(with(":42,", ":0,").as_bytes()).expect_err("serial 0");
    assert!(!refusal.is_unknown_kind());
}

#[test]
fn s10_carries_provenance_by_s5_alone() {
    let digest = sha256(b"app");
    let payload = format!(
        "{{ \"subject\": [ {{ \"digest\": {{ \"sha1\": \"00\" }} }}, {{ \"digest\": {{ \"sha256\": \"{digest}\" }}, \"name\": \"a//b\", \"x\": 1.5 }} ],
           \"predicateType\": \"https://slsa.dev/provenance/v1\", \"predicate\": {{ \"nonce\": null }}, \"_type\": \"{TYPE}\" }}"
    );
    let statement = Statement::parse(payload.as_bytes()).expect("foreign");
    assert_eq!(statement.kind(), &Kind::Foreign(KindName::Provenance));
    assert_eq!(statement.subjects(), [Subject::of(digest)]);
    assert_eq!((statement.says(), statement.is_binding()), (None, false));
    assert_eq!(refused(&payload.replace("1.5", "1.")).0, Rule::S5);
    assert_eq!(
        refused(&payload.replace("\"subject\": [", "\"subjects\": [")).0,
        Rule::S7
    );
}

#[test]
fn s13_refuses_a_nonce_where_none_belongs_and_asks_for_it_where_one_does() {
    let with_nonce = with(
        "\"notes\":",
        "\"nonce\":\"00112233445566778899aabbccddeeff\",\"notes\":",
    );
    assert_eq!(
        refused(&with_nonce),
        (Rule::S13, "/predicate/nonce".to_owned())
    );

    let read = |text: &str| nonce(&json::parse(text.as_bytes()).expect("JSON"), true);
    let fresh = Nonce::parse("00112233445566778899aabbccddeeff");
    assert_eq!(
        read("{\"nonce\":\"00112233445566778899aabbccddeeff\"}"),
        Ok(fresh)
    );
    for bad in [
        "{}",
        "{\"nonce\":1}",
        "{\"nonce\":\"\"}",
        "{\"nonce\":\"00112233445566778899AABBCCDDEEFF\"}",
        "{\"nonce\":\"00112233445566778899aabbccddeef\"}",
        "{\"nonce\":\"+0112233445566778899aabbccddeeff\"}",
    ] {
        assert_eq!(read(bad).expect_err(bad).rule, Rule::S13);
    }
    assert_eq!(
        fresh.map(|nonce| nonce.to_string()).as_deref(),
        Some("00112233445566778899aabbccddeeff")
    );
}

#[test]
fn binding_is_what_could_improve_a_verdict_by_its_absence() {
    let id = sha256(b"earlier");
    let amended = with(
        ",\"version\"",
        &format!(",\"supersedes\":[\"{id}\"],\"version\""),
    );
    let statement = Statement::parse(amended.as_bytes()).expect("amended");
    assert_eq!(
        (statement.is_negative(), statement.is_binding()),
        (false, true)
    );
    let withdrawn = with("\"offered\"", "\"withdrawn\"").replace(
        "\"4.2.0\"}",
        "\"4.2.0\",\"withdrawal\":{\"reason\":\"crash\",\"text\":\"it crashes\"}}",
    );
    let statement = Statement::parse(withdrawn.as_bytes()).expect("withdrawn");
    assert_eq!(
        (
            statement.says(),
            statement.is_negative(),
            statement.is_binding()
        ),
        (Some("withdrawn"), true, true)
    );
}

#[test]
fn predicate_type_is_found_in_unknown_kinds_too() {
    assert_eq!(
        predicate_type(VECTOR.as_bytes()).as_deref(),
        Some("urn:vitrine:update:v1")
    );
    assert_eq!(
        predicate_type(br#"{"predicateType":"x"}"#).as_deref(),
        Some("x")
    );
    for none in ["", "[]", "{}", "{\"predicateType\":1}"] {
        assert_eq!(predicate_type(none.as_bytes()), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_changed_byte_is_an_equal_statement(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let good = Statement::parse(VECTOR.as_bytes()).expect("the vector");
        let mut bytes = VECTOR.as_bytes().to_vec();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        if let Ok(changed) = Statement::parse(&bytes) {
            prop_assert_ne!(changed.id(), good.id());
            // Not only the id: what is said or about what it is said differs too.
            prop_assert!(changed.kind() != good.kind() || changed.subjects() != good.subjects());
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), keep in 0..VECTOR.len()) {
        let _ = Statement::parse(&bytes);
        let mut longer = VECTOR.as_bytes()[..keep].to_vec();
        longer.extend(bytes);
        let _ = Statement::parse(&longer);
    }
}
