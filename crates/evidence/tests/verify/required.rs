//! What the policy asks for or denies is asked, and nothing that is missing is passed over in silence.

use evidence::collect::Evidence;
use evidence::key::PublicKey;
use evidence::state::Memory;
use evidence::verdict::Word;
use tlog::hash::sha256;

use crate::kit::{self, NOW, checks, file_digest, payload, release_key, update};
use crate::{REQUIRE, assert_says, world};

#[test]
fn at_25_an_expired_policy_decides_nothing() {
    let world = world();
    let policy = world.policy(REQUIRE);
    let evidence = Evidence::of(world.lines(2, NOW - 3600));
    let late = 1_795_521_600 + 365 * 86_400;
    let verdict = kit::judge(&policy, &evidence, 42, &Memory::NotKept, late);
    assert_says(&verdict, Word::Undecided, "policy", "wait policy-expired");
}

#[test]
fn the_deny_list_names_digest_key_party_statement_or_serials() {
    let world = world();
    let first = sha256(&payload(&update(41, None)));
    let statement = sha256(&payload(&update(42, Some((41, first)))));
    let key = PublicKey::of(&release_key(1)).to_policy_text();
    let line = "{ publisher = \"acme\", product = \"acme-shield\", kind = \"software\", channel = \"stable\", platform = \"linux-x86_64\" }";
    for denied in [
        format!("digest = \"sha256:{}\"", file_digest(42)),
        format!("key = \"{key}\""),
        "party = \"acme\"".to_owned(),
        format!("statement = \"sha256:{statement}\""),
        format!("line = {line}\nserials = [42]"),
    ] {
        let require = format!("{REQUIRE}\n\n[[deny]]\n{denied}\nreason = \"crashes here\"");
        assert_says(
            &world.judge(42, &require),
            Word::Refused,
            "denied",
            "fail denied",
        );
    }
    let other = format!(
        "{REQUIRE}\n\n[[deny]]\ndigest = \"sha256:{}\"\nreason = \"x\"",
        file_digest(41)
    );
    assert_says(&world.judge(42, &other), Word::Accepted, "denied", "ok");
}

#[test]
fn an_update_waits_until_it_has_been_public_for_the_minimum_age() {
    let require = |age: &str| format!("published = {{ min-age = \"{age}\" }}");
    assert_says(
        &world().judge(42, &require("PT59M")),
        Word::Accepted,
        "published",
        "ok",
    );
    assert_says(
        &world().judge(42, &require("PT61M")),
        Word::Undecided,
        "published",
        "wait too-young",
    );
}

#[test]
fn a_reason_that_is_only_noted_hides_none_that_waits() {
    let world = world();
    let key = PublicKey::of(&release_key(50)).to_policy_text();
    let party = format!(
        "\n[party]\nsoc = {{ operator = \"SOC\", jurisdiction = \"CH\", roles = [\"signer\"], log = \"{}\", keys = [\"{key}\"] }}",
        world.log.origin
    );
    let require = |age: &str| {
        format!(
            "published = {{ independent = 1, signers = [\"soc\"], otherwise = \"note\", min-age = \"{age}\" }}\n{party}"
        )
    };
    let young = world.judge(42, &require("P1D"));
    assert_says(&young, Word::Undecided, "published", "wait too-young");
    let old = world.judge(42, &require("PT1M"));
    assert_says(&old, Word::Accepted, "published", "note too-few-signers");
}

#[test]
fn what_this_version_cannot_judge_is_never_accepted_by_silence() {
    let world = world();
    // `advisories` has no `otherwise`; the others say here what becomes of missing.
    let plain = ["newest", "fresh", "provenance", "sbom", "rules-fingerprint"];
    for name in plain {
        let value = if name == "fresh" {
            "{ max-age = \"P1D\" }"
        } else {
            "true"
        };
        let verdict = world.judge(42, &format!("{REQUIRE}\n{name} = {value}"));
        assert_eq!(verdict.word, Word::Undecided, "{name}");
        assert!(checks(&verdict)[name].starts_with("wait "), "{name}");
        // Nobody looked for a newer update: that there is one is not ours to say.
        assert_ne!(checks(&verdict)[name], "wait newer-exists");
    }
    let advisories = world.judge(42, &format!("{REQUIRE}\nadvisories = true"));
    assert_eq!(advisories.word, Word::Undecided);
    let key = PublicKey::of(&release_key(50)).to_policy_text();
    let party = format!(
        "\n[party]\ncenter-eu = {{ operator = \"Stichting\", jurisdiction = \"NL\", roles = [\"center\", \"rebuilder\", \
         \"reviewer\", \"assessor\"], log = \"log.acme.example/v1\", keys = [\"{key}\"] }}"
    );
    for name in [
        "standing",
        "rebuilt",
        "reviewed",
        "rules-reviewed",
        "assessed",
        "data-checked",
    ] {
        for (otherwise, word, state) in [
            ("undecided", Word::Undecided, "wait"),
            ("refuse", Word::Refused, "fail"),
            ("note", Word::Accepted, "note"),
        ] {
            let require = format!("{REQUIRE}\n{name} = {{ otherwise = \"{otherwise}\" }}\n{party}");
            let verdict = world.judge(42, &require);
            assert_says(&verdict, word, name, &format!("{state} too-few"));
        }
    }
}
