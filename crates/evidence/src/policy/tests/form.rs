//! PL1: TOML, known members, each once, of the right form. Each refused with its marked text.

use super::*;

#[test]
fn pl1_refuses_unknown_members_everywhere_and_suggests_the_known_one() {
    for (from, to, marked, sentence) in [
        (
            "serial = 7",
            "serial = 7\nsequence = 1",
            "sequence",
            "unknown member",
        ),
        (
            "clock-skew",
            "clock-scew",
            "clock-scew",
            "unknown member; did you mean clock-skew?",
        ),
        (
            "packages = [\"acme-shield\"]",
            "package = []",
            "package",
            "unknown member; did you mean packages?",
        ),
        (
            "witnesses = \"regions\" }",
            "witnesses = \"regions\", url = \"x\" }",
            "url",
            "unknown member",
        ),
        (
            "threshold = 2\nrecovery",
            "treshold = 2\nthreshold = 2\nrecovery",
            "treshold",
            "unknown member; did you mean threshold?",
        ),
        (
            "threshold = 2 }",
            "threshold = 2, operator = \"x\" }",
            "operator",
            "unknown member",
        ),
        (
            "jurisdiction = \"NL\",",
            "jurisdiction = \"NL\", threshold = 1,",
            "threshold",
            "unknown member",
        ),
        (
            "party = \"acme\" }",
            "party = \"acme\", since = 1 }",
            "since",
            "unknown member",
        ),
        (
            "kind = \"software\" }",
            "kind = \"software\", region = \"eu\" }",
            "region",
            "unknown member",
        ),
        (
            "sbom = true",
            "sboms = true",
            "sboms",
            "unknown member; did you mean sbom?",
        ),
        ("sbom = true", "sbom = { by = 2 }", "by", "unknown member"),
        (
            "coverage = 90",
            "covrage = 90",
            "covrage",
            "unknown member; did you mean coverage?",
        ),
        (
            "sbom = true",
            "activation = true",
            "activation",
            "unknown member",
        ),
        (
            "worst = \"medium\"",
            "worst = \"medium\", otherwise = \"note\"",
            "otherwise",
            "unknown member",
        ),
        (
            "reason = \"crashes",
            "serial = 3\nreason = \"crashes",
            "serial",
            "unknown member; did you mean serials?",
        ),
    ] {
        refuses(&[(from, to)], "PL1", marked, sentence);
    }
}

#[test]
fn pl1_refuses_doubled_members_and_tables() {
    for (from, to, marked) in [
        ("serial = 7", "serial = 7\nserial = 7", "serial"),
        ("sbom = true", "sbom = true\nsbom = false", "sbom"),
        (
            "kind = \"software\" }",
            "kind = \"software\", kind = \"other\" }",
            "kind",
        ),
        ("[require.rules]", "[require.software]", "software"),
        (
            "\"center-us.example/v1\" = {",
            "\"center-eu.example/v1\" = {",
            "\"center-eu.example/v1\"",
        ),
    ] {
        let text = edited(&[(from, to)]);
        let found = found(&text);
        assert!(
            found.iter().any(|(_, rule, at, sentence)| rule == "PL1"
                && at == marked
                && sentence == "this member stands twice"),
            "{found:?}"
        );
    }
    // The same member in two spellings is the same member.
    let text = edited(&[("serial = 7", "serial = 7\n\"ser\\u0069al\" = 8")]);
    assert_eq!(found(&text)[0].3, "this member stands twice");
}

#[test]
fn pl1_refuses_missing_members_and_marks_what_lacks_them() {
    for (from, to, marked, member) in [
        ("name = \"example-hospital\"\n", "", "", "name"),
        ("serial = 7\n", "", "", "serial"),
        ("expires = \"2027-11-24T00:00:00Z\"\n", "", "", "expires"),
        (
            "operator = \"Acme Security GmbH\"\n",
            "",
            "acme",
            "operator",
        ),
        ("log = \"log.acme.example/v1\"\n", "", "acme", "log"),
        ("threshold = 2\n", "", "acme", "threshold"),
        (
            "], threshold = 2 }",
            "] }",
            "{ keys = [\"@k4@\", \"@k5@\"] }",
            "threshold",
        ),
        ("jurisdiction = \"US\", ", "", "center-us", "jurisdiction"),
        (
            "roles = [\"center\", \"rebuilder\"], ",
            "",
            "center-us",
            "roles",
        ),
        (", keys = [\"@k7@\"]", "", "center-us", "keys"),
        (
            ", witnesses = \"regions\" }",
            " }",
            "\"log.acme.example/v1\"",
            "witnesses",
        ),
        ("kind = \"paid-by\", ", "", "{ party = \"acme\" }", "kind"),
        ("sbom = true", "fresh = true", "true", "max-age"),
        ("sbom = true", "fresh = {}", "{}", "max-age"),
    ] {
        let sentence = format!("the member {member} is missing");
        refuses(&[(from, to)], "PL1", marked, &sentence);
    }
    let text = edited(&[("product = \"acme-shield\"\n", "")]);
    assert_eq!(found(&text)[0].3, "the member product is missing");
    let text = edited(&[("when = { publisher = \"acme\", kind = \"software\" }\n", "")]);
    assert_eq!(found(&text)[0].3, "the member when is missing");
    let text = edited(&[("reason = \"crashes on our archive server\"\n", "")]);
    assert_eq!(found(&text)[0].3, "the member reason is missing");
}

#[test]
fn pl1_refuses_an_empty_text_with_everything_that_it_lacks() {
    let missing: Vec<_> = found("")
        .into_iter()
        .map(|(_, _, _, sentence)| sentence)
        .collect();
    let members = [
        "policy",
        "name",
        "serial",
        "expires",
        "witnesses",
        "log",
        "publisher",
        "line",
        "require",
    ];
    assert_eq!(
        missing,
        members.map(|member| format!("the member {member} is missing"))
    );
}

#[test]
fn pl1_refuses_another_version_and_policy_in_another_place() {
    for version in [
        "2",
        "0",
        "01",
        "+1",
        "1.0",
        "true",
        "\"1\"",
        "'1'",
        "\"1:sha256:\"",
        "\"\"\"1\"\"\"",
    ] {
        let text = edited(&[("policy = 1", &format!("policy = {version}"))]);
        let found = found(&text);
        assert_eq!(found.len(), 1, "{version}: {found:?}");
    }
    refuses(
        &[(
            "policy = 1\nname = \"example-hospital\"\n",
            "name = \"example-hospital\"\npolicy = 1\n",
        )],
        "PL1",
        "name",
        "the first member must be policy",
    );
    accepts(&[(
        "policy = 1\n",
        "# our policy\n\npolicy = 1 # of the language\n",
    )]);
}

#[test]
fn pl1_refuses_values_of_another_form() {
    for (from, to, marked, sentence) in [
        (
            "name = \"example-hospital\"",
            "name = 3",
            "3",
            "expected a text in quotes",
        ),
        (
            "name = \"example-hospital\"",
            "name = \"Hospital\"",
            "\"Hospital\"",
            "expected a word of small letters, digits, dots and hyphens",
        ),
        (
            "serial = 7",
            "serial = \"7\"",
            "\"7\"",
            "expected a whole number",
        ),
        (
            "serial = 7",
            "serial = 7.0",
            "7.0",
            "expected a whole number",
        ),
        (
            "serial = 7",
            "serial = 0",
            "0",
            "not between 1 and 9007199254740991",
        ),
        (
            "serial = 7",
            "serial = -7",
            "-7",
            "not between 1 and 9007199254740991",
        ),
        (
            "serial = 7",
            "serial = 9007199254740992",
            "9007199254740992",
            "not between 1 and 9007199254740991",
        ),
        (
            "serial = 7",
            "serial = 99999999999999999999",
            "99999999999999999999",
            "not between 1 and 9007199254740991",
        ),
        (
            "\"2027-11-24T00:00:00Z\"",
            "2027-11-24T00:00:00Z",
            "2027-11-24T00:00:00Z",
            "expected a time in quotes like 2026-11-24T06:12:00Z",
        ),
        (
            "\"2027-11-24T00:00:00Z\"",
            "\"2027-11-24\"",
            "\"2027-11-24\"",
            "expected a time in quotes like 2026-11-24T06:12:00Z",
        ),
        (
            "channels = [\"stable\"]",
            "channels = \"stable\"",
            "\"stable\"",
            "expected a list in square brackets",
        ),
        (
            "channels = [\"stable\"]",
            "channels = []",
            "[]",
            "nothing is named here",
        ),
        (
            "\"linux-x86_64\", \"any\"]",
            "\"any\", \"any\"]",
            "\"any\"",
            "this item stands twice in the list",
        ),
        (
            "kinds = [\"software\",",
            "kinds = [\"firmware\",",
            "\"firmware\"",
            "not software, detection-rules, configuration or other",
        ),
        (
            "packages = [\"acme-shield\"]",
            "packages = [\"Acme\"]",
            "\"Acme\"",
            "expected a package name of small letters, digits, plus, minus and dots",
        ),
        (
            "packages = [\"acme-shield\"]",
            "packages = [\"-rf\"]",
            "\"-rf\"",
            "expected a package name of small letters, digits, plus, minus and dots",
        ),
        (
            "operator = \"Acme Security GmbH\"",
            "operator = \"\"",
            "\"\"",
            "expected one line of 1 to 256 bytes without spaces around it",
        ),
        (
            "operator = \"Acme Security GmbH\"",
            "operator = \"Acme \"",
            "\"Acme \"",
            "expected one line of 1 to 256 bytes without spaces around it",
        ),
        (
            "operator = \"Acme Security GmbH\"",
            "operator = \"A\\nB\"",
            "\"A\\nB\"",
            "expected one line of 1 to 256 bytes without spaces around it",
        ),
        (
            "jurisdiction = \"DE\"",
            "jurisdiction = \"de\"",
            "\"de\"",
            "expected a country's two capital letters",
        ),
        (
            "jurisdiction = \"DE\"",
            "jurisdiction = \"DEU\"",
            "\"DEU\"",
            "expected a country's two capital letters",
        ),
        (
            "follow-keys = true",
            "follow-keys = \"yes\"",
            "\"yes\"",
            "expected true or false",
        ),
        (
            "kind = \"paid-by\"",
            "kind = \"likes\"",
            "\"likes\"",
            "not one of the words owned-by paid-by same-group",
        ),
        (
            "sbom = true",
            "sbom = \"spdx\"",
            "\"spdx\"",
            "expected true, false or a table of parameters",
        ),
        (
            "sbom = true",
            "sbom = { format = \"csv\" }",
            "\"csv\"",
            "not one of the words cyclonedx spdx",
        ),
        (
            "otherwise = \"refuse\"",
            "otherwise = \"ignore\"",
            "\"ignore\"",
            "not one of the words note refuse undecided",
        ),
        (
            "coverage = 90",
            "coverage = 101",
            "101",
            "not between 0 and 100",
        ),
        ("opaque = 5", "opaque = -1", "-1", "not between 0 and 100"),
        (
            "accept = \"equivalent\"",
            "accept = \"review\"",
            "\"review\"",
            "not one of the words identical equivalent signature-only",
        ),
        (
            "worst = \"medium\"",
            "worst = \"Medium\"",
            "\"Medium\"",
            "not one of the words none low medium high critical",
        ),
        (
            "other-environment = true",
            "other-environment = 1",
            "1",
            "expected true or false",
        ),
        (
            "decisions = 1",
            "decisions = 0",
            "0",
            "not between 1 and 9007199254740991",
        ),
        (
            "sha256:1f2e",
            "sha256:1F2E",
            "\"sha256:1F2E3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c5b6a7988\"",
            "expected sha256: and 64 small hexadecimal digits",
        ),
    ] {
        refuses(&[(from, to)], "PL1", marked, sentence);
    }
    let text = edited(&[(
        "roles = [\"center\", \"rebuilder\"]",
        "roles = [\"center\", \"king\"]",
    )]);
    assert!(
        found(&text)[0]
            .3
            .starts_with("not one of the words assessor center coordinator")
    );
}

#[test]
fn pl1_refuses_switching_off_what_is_always_on() {
    for name in [
        "published = false",
        "serial = false",
        "audience = false",
        "consent = false",
    ] {
        let edit = format!("sbom = true\n{name}");
        let mut edits = vec![("sbom = true", edit.as_str())];
        if name.starts_with("published") {
            edits = vec![(
                "published = { independent = 1, signers = [\"example-soc\"], min-age = \"PT1H\" }",
                name,
            )];
        }
        refuses(&edits, "PL1", "false", "this requirement is always on");
    }
    accepts(&[("sbom = true", "sbom = true\nserial = true\nconsent = {}")]);
}

#[test]
fn pl1_refuses_denials_of_nothing_or_of_two_things() {
    let sentence = "expected exactly one of digest, key, party, statement, or line with serials";
    for to in [
        "party = \"acme\"\nreason = \"crashes",
        "serials = [1]\nreason = \"crashes",
    ] {
        let text = edited(&[("reason = \"crashes", to)]);
        assert_eq!(found(&text)[0].3, sentence);
    }
    let digest =
        "digest = \"sha256:1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c5b6a7988\"\n";
    assert_eq!(found(&edited(&[(digest, "")]))[0].3, sentence);
    let line = "line = { publisher = \"acme\", product = \"p\", kind = \"other\", channel = \"c\", platform = \"any\" }\n";
    assert_eq!(found(&edited(&[(digest, line)]))[0].3, sentence);
    refuses(
        &[(digest, &format!("{line}serials = []\n"))],
        "PL1",
        "[]",
        "nothing is named here",
    );
    refuses(
        &[(digest, "party = \"eve\"\n")],
        "PL3",
        "\"eve\"",
        "the policy has no publisher or party named eve",
    );
}

#[test]
fn pl1_refuses_texts_that_are_no_toml_and_judges_nothing_of_them() {
    for text in [
        "policy",
        "policy = ",
        "policy = 1\n[",
        "= 1",
        "policy = 1\n\u{0}",
        "policy = 1\nname = \"a\n",
        "{",
    ] {
        let found = found(text);
        assert!(
            !found.is_empty() && found.iter().all(|(_, rule, _, _)| rule == "PL1"),
            "{text:?} {found:?}"
        );
        assert!(
            found
                .iter()
                .all(|(_, _, _, sentence)| sentence.starts_with("not TOML")),
            "{text:?} {found:?}"
        );
    }
    let long = format!("policy = 1\n#{}", "x".repeat(1 << 20));
    assert_eq!(found(&long)[0].3, "the text is longer than 1 MiB");
}

#[test]
fn pl1_refuses_more_than_the_limits() {
    let many =
        |count: usize, item: &dyn Fn(usize) -> String| (0..count).map(item).collect::<String>();
    let denials = many(1025, &|_| {
        "[[deny]]\nparty = \"acme\"\nreason = \"x\"\n".into()
    });
    let text = example();
    let (before, _) = text.split_once("[[deny]]").unwrap();
    assert_eq!(found(&format!("{before}{denials}"))[0].3, "more than 1024");
    let sets = many(63, &|at| {
        format!("[require.s{at}]\nwhen = {{ product = \"p{at}\" }}\n")
    });
    assert_eq!(found(&format!("{text}\n{sets}"))[0].3, "more than 64");
    let words = many(65, &|at| format!("\"c{at}\","));
    let text = edited(&[("channels = [\"stable\"]", &format!("channels = [{words}]"))]);
    assert_eq!(found(&text)[0].3, "more than 64");
}
