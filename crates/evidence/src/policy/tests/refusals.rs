//! PL2–PL7: each rule refused with its marked text, beside an accepted twin.

use expect_test::expect;

use super::*;

#[test]
fn pl2_refuses_an_origin_that_is_not_the_name_in_its_vkeys() {
    refuses(
        &[("@l11 log.acme.example/v1@", "@l11 log.acme.example/v2@")],
        "PL2",
        "\"@l11 log.acme.example/v2@\"",
        "a log's key must be named after its origin",
    );
    refuses(
        &[("@l11 log.acme.example/v1@", "@w11 log.acme.example/v1@")],
        "PL2",
        "\"@w11 log.acme.example/v1@\"",
        "a cosigner's key cannot be a log's key",
    );
}

#[test]
fn pl2_refuses_texts_that_are_no_keys() {
    refuses(
        &[(
            "\"@l11 log.acme.example/v1@\"",
            "\"log.acme.example/v1+00+AA\"",
        )],
        "PL2",
        "\"log.acme.example/v1+00+AA\"",
        "vkey's key is not strict base64",
    );
    refuses(
        &[("\"@k2@\"", "\"p256:AAAA\"")],
        "PL2",
        "\"p256:AAAA\"",
        "not the SPKI DER of an uncompressed P-256 key",
    );
    refuses(
        &[("\"@k2@\"", "\"MFkw\"")],
        "PL2",
        "\"MFkw\"",
        "not p256: and the base64 of a key",
    );
    // A point beside the curve.
    let text = edited(&[("@k2@", "@k2@")]);
    let (good, mut bytes) = (key(2), key(2).into_bytes());
    let at = bytes.len() - 3;
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    let bad = String::from_utf8(bytes).unwrap();
    assert_eq!(
        found(&text.replacen(&good, &bad, 1))[0].3,
        "the point is not on the curve P-256"
    );
}

#[test]
fn pl2_refuses_a_key_in_two_places() {
    let line = |needle: &str| {
        let text = example();
        let at = text.find(&fill(needle)).unwrap();
        text[..at].matches('\n').count() + 1
    };
    for (from, to, first) in [
        // Within one party, between two, and between uses of one.
        ("\"@k2@\"", "\"@k1@\"", "@k1@"),
        ("\"@k7@\"", "\"@k6@\"", "@k6@"),
        ("\"@k9@\"", "\"@k1@\"", "@k1@"),
        ("\"@k4@\"", "\"@k3@\"", "@k3@"),
    ] {
        let sentence = format!("this key already stands in line {}", line(first));
        refuses(&[(from, to)], "PL2", to, &sentence);
    }
    // A log's key twice, in another log, and among the witnesses: whatever the name.
    let sentence = format!(
        "this key already stands in line {}",
        line("\"log.acme.example/v1\" = {")
    );
    refuses(
        &[(
            "\"@d12 log.acme.example/v1@\"",
            "\"@l11 log.acme.example/v1@\"",
        )],
        "PL2",
        "\"@l11 log.acme.example/v1@\"",
        &sentence,
    );
    refuses(
        &[(
            "\"@l13 center-eu.example/v1@\"",
            "\"@l11 center-eu.example/v1@\"",
        )],
        "PL2",
        "\"@l11 center-eu.example/v1@\"",
        &sentence,
    );
    let sentence = format!("this key already stands in line {}", line("witness us-e"));
    refuses(
        &[(
            "\"@l11 log.acme.example/v1@\"",
            "\"@l3 log.acme.example/v1@\"",
        )],
        "PL2",
        "\"@l3 log.acme.example/v1@\"",
        &sentence,
    );
}

#[test]
fn pl2_marks_the_place_inside_a_witness_text() {
    for (from, to, marked, sentence) in [
        (
            "group three 2 eu us sg",
            "group three 4 eu us sg",
            "4",
            "the threshold is not between 1 and the number of members",
        ),
        (
            "group three 2 eu us sg",
            "group three 2 eu us asia",
            "asia",
            "no earlier line defines this name",
        ),
        (
            "witness us-e",
            "witness eu-e",
            "eu-e",
            "this name is defined on an earlier line",
        ),
        (
            "quorum three\n",
            "quorum three\nquorum eu\n",
            "quorum",
            "the text has a second quorum line",
        ),
        ("quorum three\n", "", "", "the text has no quorum line"),
        (
            "group eu any",
            "cluster eu any",
            "cluster",
            "a line opens with log, witness, group or quorum",
        ),
        (
            "quorum three",
            "quorum three # two",
            "#",
            "the line goes on behind its last item",
        ),
        (
            "quorum three",
            "log x\nquorum three",
            "log",
            "a text about witnesses has no log lines",
        ),
        (
            "@w5 center-sg.example/w@",
            "@w3 center-sg.example/w@",
            "@w3 center-sg.example/w@",
            "this public key stands in an earlier witness line",
        ),
        (
            "@w5 center-sg.example/w@",
            "@l5 center-sg.example/w@",
            "@l5 center-sg.example/w@",
            "a witness's key has signature type 04 or 06",
        ),
    ] {
        let text = edited(&[(from, to)]);
        let found = found(&text);
        let (_, rule, at, what) = &found[0];
        assert_eq!(
            (rule.as_str(), at, what.as_str()),
            ("PL2", &fill(marked), sentence),
            "{to}"
        );
    }
    // With escapes the bytes of the text are not those of the value, so the whole is marked.
    let (before, rest) = EXAMPLE.split_once("regions = '''\n").unwrap();
    let (_, behind) = rest.split_once("'''\n").unwrap();
    let text = fill(&format!(
        "{before}regions = \"quorum\\u0020three\\n\"\n{behind}"
    ));
    let found = found(&text);
    assert_eq!(
        (found[0].1.as_str(), found[0].2.as_str()),
        ("PL2", "\"quorum\\u0020three\\n\"")
    );
}

#[test]
fn pl3_refuses_names_that_name_nothing() {
    for (from, to, marked, sentence) in [
        (
            "publisher = \"acme\"\nproduct",
            "publisher = \"acme2\"\nproduct",
            "\"acme2\"",
            "the policy has no publisher named acme2",
        ),
        (
            "when = { publisher = \"acme\", kind = \"software\"",
            "when = { publisher = \"acne\", kind = \"software\"",
            "\"acne\"",
            "the policy has no publisher named acne",
        ),
        (
            "log = \"log.acme.example/v1\"",
            "log = \"log.acme.example/v2\"",
            "\"log.acme.example/v2\"",
            "the policy has no log log.acme.example/v2",
        ),
        (
            "log = \"center-us.example/v1\"",
            "log = \"center-uk.example/v1\"",
            "\"center-uk.example/v1\"",
            "the policy has no log center-uk.example/v1",
        ),
        (
            "witnesses = \"regions\" }",
            "witnesses = \"region\" }",
            "\"region\"",
            "the policy has no witness text named region",
        ),
        (
            "party = \"acme\" }",
            "party = \"evil\" }",
            "\"evil\"",
            "the policy has no publisher or party named evil",
        ),
        (
            "signers = [\"example-soc\"]",
            "signers = [\"example-sock\"]",
            "\"example-sock\"",
            "the policy has no party named example-sock",
        ),
        (
            "by = 2, max-age = \"P1D\"",
            "by = 2, from = [\"center-eu\", \"center-uk\"], max-age = \"P1D\"",
            "\"center-uk\"",
            "the policy has no party named center-uk",
        ),
        (
            "base = \"software\"",
            "base = \"hardware\"",
            "\"hardware\"",
            "the policy has no other set named hardware",
        ),
        (
            "base = \"software\"",
            "base = \"rules\"",
            "\"rules\"",
            "the policy has no other set named rules",
        ),
    ] {
        refuses(&[(from, to)], "PL3", marked, sentence);
    }
}

#[test]
fn pl3_refuses_parties_without_the_role() {
    for (from, to, marked, sentence) in [
        (
            "signers = [\"example-soc\"]",
            "signers = [\"center-eu\"]",
            "\"center-eu\"",
            "center-eu does not have the role signer",
        ),
        (
            "by = 2, max-age = \"P1D\"",
            "from = [\"example-soc\"], max-age = \"P1D\"",
            "\"example-soc\"",
            "example-soc does not have the role center",
        ),
        (
            "coverage = 90",
            "coverage = 90, from = [\"center-us\"]",
            "\"center-us\"",
            "center-us does not have the role reviewer",
        ),
        (
            "opaque = 5",
            "opaque = 5, from = [\"center-us\"]",
            "\"center-us\"",
            "center-us does not have the role assessor",
        ),
    ] {
        refuses(&[(from, to)], "PL3", marked, sentence);
    }
    accepts(&[(
        "decisions = 1",
        "decisions = 1, from = [\"center-us\", \"example-soc\"]",
    )]);
}

#[test]
fn pl3_refuses_a_publisher_as_party_a_base_of_a_base_and_following_nothing() {
    refuses(
        &[("center-us = {", "acme = {")],
        "PL3",
        "acme",
        "a publisher has this name",
    );
    let third = "reason = \"crashes on our archive server\"\n\n[require.third]\nwhen = { product = \"acme-shield\" }\nbase = \"rules\"";
    refuses(
        &[("reason = \"crashes on our archive server\"", third)],
        "PL3",
        "\"rules\"",
        "the base rules has a base of its own",
    );
    refuses(
        &[(
            "recovery = { keys = [\"@k4@\", \"@k5@\"], threshold = 2 }\n",
            "",
        )],
        "PL3",
        "true",
        "follow-keys has no recovery keys to follow",
    );
    accepts(&[(
        "recovery = { keys = [\"@k4@\", \"@k5@\"], threshold = 2 }\nfollow-keys = true\n",
        "",
    )]);
}

#[test]
fn pl4_refuses_counts_that_those_named_can_never_meet() {
    for (from, to, marked, sentence) in [
        (
            "threshold = 2\nrecovery",
            "threshold = 4\nrecovery",
            "4",
            "asks for 4 keys, and those named can give 3",
        ),
        (
            "\"@k5@\"], threshold = 2",
            "\"@k5@\"], threshold = 3",
            "3",
            "asks for 3 keys, and those named can give 2",
        ),
        (
            "standing = { by = 2, max-age = \"P1D\"",
            "standing = { by = 4, max-age = \"P1D\"",
            "4",
            "asks for 4 operators, and those named can give 3",
        ),
        (
            "jurisdictions = 2",
            "from = [\"center-eu\"]",
            "2",
            "asks for 2 operators, and those named can give 1",
        ),
        (
            "jurisdictions = 2",
            "jurisdictions = 4",
            "4",
            "asks for 4 jurisdictions, and those named can give 3",
        ),
        (
            "reviewed = { coverage",
            "reviewed = { by = 2, coverage",
            "2",
            "asks for 2 operators, and those named can give 1",
        ),
        // Two parties of one operator, or of one country, are one.
        (
            "operator = \"Example Institute\"",
            "operator = \"Example Pte\"",
            "",
            "",
        ),
        (
            "rules-reviewed = { by = 1",
            "rules-reviewed = { by = 5",
            "5",
            "asks for 5 operators, and those named can give 4",
        ),
    ] {
        if marked.is_empty() {
            accepts(&[(from, to)]);
            continue;
        }
        let text = edited(&[(from, to)]);
        let found = found(&text);
        // One mistake in a base is one complaint, though two sets have it.
        assert_eq!(found.len(), 1, "{to}: {found:?}");
        let (_, rule, at, what) = &found[0];
        assert_eq!(
            (rule.as_str(), at.as_str(), what.as_str()),
            ("PL4", marked, sentence),
            "{to}"
        );
    }
    refuses(
        &[
            (
                "operator = \"Example Institute\"",
                "operator = \"Example Pte\"",
            ),
            (
                "standing = { by = 2, max-age = \"P1D\"",
                "standing = { by = 3, max-age = \"P1D\"",
            ),
        ],
        "PL4",
        "3",
        "asks for 3 operators, and those named can give 2",
    );
}

#[test]
fn pl4_leaves_out_parties_with_ties_where_independence_is_asked() {
    let tie = "kind = \"paid-by\"";
    let reviewed = (
        "reviewed = { coverage",
        "reviewed = { independent = true, coverage",
    );
    // The only reviewer has a tie to the publisher, or is its own.
    for kind in ["owned-by", "same-group", "paid-by"] {
        let text = edited(&[reviewed, (tie, &format!("kind = \"{kind}\""))]);
        let (_, rule, marked, sentence) = &found(&text)[0];
        assert_eq!(
            (rule.as_str(), marked.as_str()),
            ("PL4", "reviewed"),
            "{kind}"
        );
        assert_eq!(sentence, "asks for 1 operators, and those named can give 0");
    }
    let elsewhere = ("party = \"acme\" }", "party = \"center-us\" }");
    accepts(&[reviewed, elsewhere]);
    let own = (
        "operator = \"Example SOC\"",
        "operator = \"Acme Security GmbH\"",
    );
    let text = edited(&[reviewed, elsewhere, own]);
    let sentences: Vec<_> = found(&text)
        .into_iter()
        .map(|(_, _, _, sentence)| sentence)
        .collect();
    assert_eq!(
        sentences,
        [
            "asks for 1 operators beside the publisher, and those named can give 0",
            "asks for 1 operators, and those named can give 0",
        ]
    );
}

#[test]
fn pl4_refuses_naming_signers_without_asking_for_them() {
    refuses(
        &[("independent = 1, signers", "signers")],
        "PL4",
        "[\"example-soc\"]",
        "signers are named, but independent asks for none of them",
    );
}

#[test]
fn pl4_a_set_threshold_above_the_keys_is_refused_unless_keys_are_followed() {
    let published = "published = { independent = 1, ";
    let more = "published = { threshold = 4, independent = 1, ";
    accepts(&[(published, more)]);
    refuses(
        &[
            (published, more),
            ("follow-keys = true", "follow-keys = false"),
        ],
        "PL4",
        "4",
        "asks for 4 keys, and those named can give 3",
    );
}

#[test]
fn pl5_refuses_two_sets_with_equally_many_selectors_for_one_line() {
    let tie = (
        "when = { publisher = \"acme\", kind = \"detection-rules\" }",
        "when = { channel = \"stable\", product = \"acme-shield\" }",
    );
    let text = edited(&[tie]);
    let found = found(&text);
    assert_eq!(found[0].1, "PL5");
    assert_eq!(
        found[0].3,
        "the sets software and rules apply equally to acme/acme-shield software stable linux-x86_64"
    );
    // One selector more decides.
    accepts(&[(
        "when = { publisher = \"acme\", kind = \"detection-rules\" }",
        "when = { publisher = \"acme\", kind = \"detection-rules\", channel = \"stable\" }",
    )]);
    accepts(&[(
        "when = { publisher = \"acme\", kind = \"software\" }",
        "when = {}",
    )]);
}

#[test]
fn pl5_refuses_a_line_without_a_set() {
    let text = edited(&[(
        "kinds = [\"software\",",
        "kinds = [\"configuration\", \"software\",",
    )]);
    let found = found(&text);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1, "PL5");
    assert_eq!(
        found[0].3,
        "no set of requirements applies to acme/acme-shield configuration stable linux-x86_64"
    );
}

#[test]
fn pl6_refuses_to_expire_after_three_years() {
    refuses(
        &[("2027-11-24T00:00:00Z", "2029-11-24T00:00:01Z")],
        "PL6",
        "\"2029-11-24T00:00:01Z\"",
        "the policy expires more than three years from now",
    );
    accepts(&[("2027-11-24T00:00:00Z", "2029-11-24T00:00:00Z")]);
    accepts(&[("2027-11-24T00:00:00Z", "2001-01-01T00:00:00Z")]);
}

#[test]
fn pl7_refuses_durations_of_another_form() {
    for (from, to) in [
        ("clock-skew = \"PT5M\"", "clock-skew = \"5m\""),
        ("min-age = \"PT1H\"", "min-age = \"1H\""),
        ("max-age = \"P1D\"", "max-age = \"P1W\""),
        ("grace = \"P2D\"", "grace = \"P-2D\""),
        ("grace = \"P3D\"", "grace = \"P3M\""),
        ("max-age = \"PT6H\"", "max-age = 6"),
    ] {
        let marked = to.split_once(" = ").unwrap().1;
        refuses(&[(from, to)], "PL7", marked, "not a duration like P1DT12H");
    }
}

#[test]
fn all_errors_are_found_at_once_in_the_order_of_the_text_and_none_follows_from_another() {
    let text = edited(&[
        ("serial = 7", "serial = 0"),
        ("group three 2 eu us sg", "group three 9 eu us sg"),
        ("\"@k1@\"", "\"p256:\""),
        (
            "roles = [\"center\", \"rebuilder\"], log = \"center-us.example/v1\"",
            "roles = [\"centre\"], log = \"center-us.example/v1\"",
        ),
        ("coverage = 90", "coverage = 900"),
        ("base = \"software\"", "base = \"soft\""),
    ]);
    let rows: Vec<_> = found(&text)
        .into_iter()
        .map(|(_, rule, marked, _)| format!("{rule} {marked}"))
        .collect();
    assert_eq!(
        rows,
        [
            "PL1 0",
            "PL2 9",
            "PL2 \"p256:\"",
            "PL1 \"centre\"",
            "PL1 900",
            "PL3 \"soft\""
        ]
    );
    let invalid = parse(&text).unwrap_err();
    assert_eq!(
        invalid.to_string(),
        "PL1, line 3, column 10: not between 1 and 9007199254740991 (and 5 more)"
    );
    assert_eq!(invalid.hint(), "choose a number in that range");
}

#[test]
fn a_diagnostic_shows_the_line_with_a_mark_and_a_hint() {
    let text = edited(&[(
        "standing = { by = 2, max-age",
        "standing = { by = 4, max-age",
    )]);
    let invalid = parse(&text).unwrap_err();
    expect![[r#"
        error[PL4]: asks for 4 operators, and those named can give 3
           ┌─ policy.toml:54:19
        54 │ standing = { by = 4, max-age = "P1D", grace = "P2D" }
           │                   ^

        hint: ask for fewer, or name more
    "#]]
    .assert_eq(&invalid.diagnostics()[0].render("policy.toml", &text));
    // A long line is cut to a window around the mark.
    let text = edited(&[(
        "log = \"center-us.example/v1\"",
        "log = \"center-uk.example/v1\"",
    )]);
    let invalid = parse(&text).unwrap_err();
    expect![[r#"
        error[PL3]: the policy has no log center-uk.example/v1
           ┌─ policy.toml:47:107
        47 │  = "US", roles = ["center", "rebuilder"], log = "center-uk.example/v1", keys = ["p256:MFkwEwYHKo
           │                                                 ^^^^^^^^^^^^^^^^^^^^^^

        hint: define it in this text, or correct the spelling
    "#]]
    .assert_eq(&invalid.diagnostics()[0].render("policy.toml", &text));
}
