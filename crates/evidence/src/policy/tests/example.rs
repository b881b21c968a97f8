//! A9: the example of §7 parses, whole, into these values.

use super::*;
use crate::line::{Line, LineKind, Word};
use crate::policy::{
    Attestation, ConflictKind, ConsentWord, Count, Denied, Outcome, Rank, Role, RulesWord, Scope,
    Severity, Terms,
};
use crate::reason::{CheckName, Reason};
use crate::time::Duration;
use crate::verdict::State;

fn word(text: &str) -> Word {
    Word::parse(text).unwrap()
}

fn line(kind: LineKind) -> Line {
    Line {
        publisher: word("acme"),
        product: word("acme-shield"),
        kind,
        channel: word("stable"),
        platform: word("any"),
    }
}

#[test]
fn a9_parses_the_example_into_its_values() {
    let text = example();
    let policy = accepts(&[]);
    let identity = policy.identity();
    assert_eq!(
        (identity.name.as_str(), identity.serial, identity.sealed),
        ("example-hospital", 7, false)
    );
    assert_eq!(identity.sha256, tlog::hash::sha256(text.as_bytes()));
    assert_eq!(policy.expires().to_string(), "2027-11-24T00:00:00Z");
    assert_eq!(policy.clock_skew(), Duration::from_seconds(300));

    let rule = policy.rule_for(&line(LineKind::Software)).unwrap();
    assert_eq!(
        (rule.text_line, rule.packages.as_slice()),
        (7, ["acme-shield".into()].as_slice())
    );
    assert_eq!(rule.lines().count(), 4);
    assert_eq!(
        policy.rule_for(&Line {
            channel: word("beta"),
            ..line(LineKind::Software)
        }),
        None
    );
    assert_eq!(policy.rule_for(&line(LineKind::Other)), None);

    let (log, witnesses) = policy.log("log.acme.example/v1").unwrap();
    assert_eq!(
        (
            log.keys.keys().len(),
            witnesses.need(),
            witnesses.tops().len()
        ),
        (2, 2, 3)
    );
    assert!(policy.log("log.acme.example/v2").is_none());

    let acme = &policy.publishers()[&word("acme")];
    assert_eq!(
        (acme.keys.len(), acme.threshold, acme.follow_keys),
        (3, 2, true)
    );
    assert_eq!(
        (&*acme.operator, &*acme.jurisdiction),
        ("Acme Security GmbH", "DE")
    );
    assert_eq!(
        acme.recovery
            .as_ref()
            .map(|recovery| (recovery.keys.len(), recovery.threshold)),
        Some((2, 2))
    );

    let soc = &policy.parties()[&word("example-soc")];
    assert_eq!(soc.roles, [Role::Reviewer, Role::Signer, Role::Assessor]);
    assert_eq!(
        (soc.conflicts[0].kind, soc.conflicts[0].party.as_str()),
        (ConflictKind::PaidBy, "acme")
    );
    assert!(!soc.follow_keys && soc.recovery.is_none());
    assert!(policy.is_independent(&word("center-eu"), &word("acme")));
    assert!(!policy.is_independent(&word("nobody"), &word("acme")));
    assert!(
        !policy.is_independent(&word("example-soc"), &word("acme")),
        "paid by it"
    );
    assert!(policy.is_beside(&word("example-soc"), &word("acme")));
    assert!(!policy.is_beside(&word("example-soc"), &word("nobody")));

    let deny = &policy.deny()[0];
    assert!(
        matches!(&deny.what, Denied::Digest(digest) if digest.to_hex().starts_with("1f2e3d4c"))
    );
    assert_eq!(&*deny.reason, "crashes on our archive server");
}

#[test]
fn a9_the_set_of_software_has_the_written_and_the_default_parameters() {
    let policy = accepts(&[]);
    let (name, set) = policy.set_for(&line(LineKind::Software)).unwrap();
    assert_eq!(name.as_str(), "software");
    let asked = &set.requirements;
    assert_eq!(
        (asked.published.independent, asked.published.threshold),
        (1, None)
    );
    assert_eq!(asked.published.signers, [word("example-soc")]);
    assert_eq!(asked.published.min_age, Duration::from_seconds(3600));
    assert!(asked.serial.chain && asked.audience.tiers.is_empty());
    assert_eq!(asked.consent.allow, [ConsentWord::Contract]);

    let centers = vec![word("center-eu"), word("center-sg"), word("center-us")];
    let standing = &asked.standing.as_ref().unwrap().count;
    let count = Count {
        by: 2,
        from: centers.clone(),
        jurisdictions: 1,
        independent: false,
        max_age: Some(Duration::from_days(1)),
        grace: Duration::from_days(2),
        otherwise: Outcome::Undecided,
        against: Outcome::Refuse,
    };
    assert_eq!(*standing, count);

    let rebuilt = asked.rebuilt.as_ref().unwrap();
    assert_eq!(
        (rebuilt.accept, rebuilt.free_bits, rebuilt.other_environment),
        (Rank::Equivalent, Some(4096), true)
    );
    assert_eq!(
        (
            &rebuilt.count.from,
            rebuilt.count.jurisdictions,
            rebuilt.count.max_age
        ),
        (&centers, 2, None)
    );
    let reviewed = asked.reviewed.as_ref().unwrap();
    assert_eq!(
        (reviewed.coverage, reviewed.inherited, reviewed.attestation),
        (90, true, Attestation::OwnKey)
    );
    let assessed = asked.assessed.as_ref().unwrap();
    assert_eq!(assessed.scope, [Scope::Artifact, Scope::Process]);
    assert_eq!(
        (assessed.third_party, assessed.count.otherwise),
        (true, Outcome::Note)
    );
    let data = asked.data_checked.as_ref().unwrap();
    assert_eq!((data.opaque, data.third_party), (5, true));
    assert_eq!(asked.advisories.as_ref().unwrap().worst, Severity::Medium);
    assert_eq!(asked.newest.unwrap().otherwise, Outcome::Refuse);
    assert_eq!(asked.sbom.unwrap().format, None);
    assert!(asked.provenance.is_none() && asked.fresh.is_none() && asked.rules_reviewed.is_none());

    let not_asked: Vec<_> = asked.not_asked().collect();
    use CheckName::{Fresh, Provenance, RulesFingerprint, RulesReviewed};
    assert_eq!(
        not_asked,
        [Fresh, Provenance, RulesFingerprint, RulesReviewed]
    );
}

#[test]
fn a9_a_base_lends_what_the_set_does_not_name_and_nothing_of_what_it_names() {
    let policy = accepts(&[]);
    let (name, set) = policy.set_for(&line(LineKind::DetectionRules)).unwrap();
    assert_eq!(
        (name.as_str(), set.base.as_ref().map(Word::as_str)),
        ("rules", Some("software"))
    );
    let asked = &set.requirements;
    // Replaced whole: the base's grace is not taken over.
    let standing = &asked.standing.as_ref().unwrap().count;
    assert_eq!(
        (standing.max_age, standing.grace),
        (Some(Duration::from_seconds(6 * 3600)), Duration::ZERO)
    );
    assert!(asked.rebuilt.is_none() && asked.reviewed.is_none());
    assert_eq!(asked.published.independent, 1);
    assert!(asked.assessed.is_some() && asked.sbom.is_some());
    let rules = asked.rules_reviewed.as_ref().unwrap();
    assert_eq!(rules.accept, [RulesWord::Clear, RulesWord::Explained]);
    assert_eq!((rules.decisions, rules.count.from.len()), (1, 4));
    // Each line of the text that asks: own ones and the base's.
    let text = example();
    let line_of = |needle: &str| text[..text.find(needle).unwrap()].matches('\n').count() + 1;
    assert_eq!(
        set.text_lines[&CheckName::Standing],
        line_of("standing = { by = 2, max-age = \"PT6H\"")
    );
    assert_eq!(set.text_lines[&CheckName::Sbom], line_of("sbom = true"));
    assert_eq!(set.text_lines.get(&CheckName::Rebuilt), None);
}

#[test]
fn terms_turn_classes_into_states_in_one_place() {
    let policy = accepts(&[(
        "otherwise = \"refuse\"",
        "otherwise = \"refuse\", behind = 2",
    )]);
    let asked = &policy
        .set_for(&line(LineKind::Software))
        .unwrap()
        .1
        .requirements;
    let newest = asked.terms(CheckName::Newest).unwrap();
    assert_eq!(newest.state(Reason::NewerExists, None), State::Fail);
    assert_eq!(newest.state(Reason::NewestWithdrawn, None), State::Note);
    let standing = asked.terms(CheckName::Standing).unwrap();
    assert_eq!(standing.need, 2);
    assert_eq!(standing.state(Reason::TooFew, None), State::Wait);
    assert_eq!(
        standing.state(Reason::Omitted, Some(Duration::ZERO)),
        State::Wait
    );
    let day = |days| Some(Duration::from_days(days));
    for (age, state) in [
        (day(0), State::Note),
        (day(1), State::Note),
        (day(2), State::Wait),
        (day(3), State::Wait),
    ] {
        assert_eq!(standing.state(Reason::TooFew, age), state, "{age:?}");
    }
    let reviewed = asked.terms(CheckName::Reviewed).unwrap();
    assert_eq!(
        reviewed.state(Reason::Objection, Some(Duration::ZERO)),
        State::Fail,
        "grace excuses no negative word"
    );
    let lenient = Terms {
        against: Outcome::Note,
        ..reviewed
    };
    assert_eq!(lenient.state(Reason::Objection, None), State::Note);
    assert_eq!(
        lenient.state(Reason::Rollback, None),
        State::Fail,
        "F always fails"
    );
    assert_eq!(asked.terms(CheckName::Provenance), None);
    assert_eq!(
        asked
            .terms(CheckName::Logged)
            .unwrap()
            .state(Reason::NotLogged, None),
        State::Wait
    );
}

#[test]
fn every_parameter_of_the_table_is_read() {
    let requirements = r#"published = { threshold = 3, independent = 1, signers = ["example-soc"], min-age = "PT1H", otherwise = "refuse" }
serial = { chain = false }
audience = { tiers = ["early", "canary"] }
consent = { allow = ["contract", "opt-in", "ask-each-time"] }
standing = { by = 1, from = ["center-eu"], jurisdictions = 1, independent = true, max-age = "P2D", grace = "P1D", otherwise = "note", against = "undecided" }
newest = { behind = 3, otherwise = "note" }
fresh = { max-age = "P1D", otherwise = "refuse" }
rebuilt = { accept = "signature-only", free-bits = 0, other-environment = true, rules = ["sha256:1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c5b6a7988"] }
provenance = { builders = ["https://builder.example/1"], source = true, grace = "P1D", otherwise = "note" }
sbom = { format = "spdx", otherwise = "note" }
reviewed = { coverage = 100, inherited = false, max-lag = "P7D", attestation = "any" }
rules-fingerprint = { otherwise = "refuse" }
rules-reviewed = { accept = ["clear"], decisions = 2 }
assessed = { methods = ["TEST", "EXAMINE", "INTERVIEW"], third-party = false, scope = ["process"] }
data-checked = { opaque = 100, third-party = false }
advisories = { worst = "none", against = "note" }
"#;
    let text = example();
    let (before, rest) = text.split_once("published = {").unwrap();
    let (_, behind) = rest.split_once("\n\n[require.rules]").unwrap();
    let text = format!("{before}{requirements}\n\n[require.rules]{behind}");
    let policy = parse(&text).unwrap_or_else(|invalid| panic!("{:?}", invalid.diagnostics()));
    let asked = &policy.sets()[&word("software")].requirements;
    assert_eq!(
        (asked.published.threshold, asked.published.otherwise),
        (Some(3), Outcome::Refuse)
    );
    assert!(!asked.serial.chain);
    assert_eq!(asked.audience.tiers, [word("early"), word("canary")]);
    assert_eq!(asked.consent.allow.len(), 3);
    let standing = &asked.standing.as_ref().unwrap().count;
    assert_eq!(
        (standing.from.as_slice(), standing.independent),
        ([word("center-eu")].as_slice(), true)
    );
    assert_eq!(
        (standing.otherwise, standing.against),
        (Outcome::Note, Outcome::Undecided)
    );
    assert_eq!(asked.newest.unwrap().behind, 3);
    assert_eq!(asked.fresh.unwrap().max_age, Duration::from_days(1));
    let rebuilt = asked.rebuilt.as_ref().unwrap();
    assert_eq!(
        (rebuilt.accept, rebuilt.free_bits, rebuilt.rules.len()),
        (Rank::SignatureOnly, Some(0), 1)
    );
    let provenance = asked.provenance.as_ref().unwrap();
    assert_eq!((provenance.builders.len(), provenance.source), (1, true));
    let reviewed = asked.reviewed.as_ref().unwrap();
    assert_eq!(
        (reviewed.inherited, reviewed.max_lag),
        (false, Some(Duration::from_days(7)))
    );
    assert_eq!(
        asked.rules_reviewed.as_ref().unwrap().accept,
        [RulesWord::Clear]
    );
    assert_eq!(asked.assessed.as_ref().unwrap().methods.len(), 3);
    assert_eq!(asked.advisories.unwrap().against, Outcome::Note);
    assert_eq!(asked.not_asked().count(), 0);
}

#[test]
fn a_requirement_that_is_true_has_the_defaults_of_the_table() {
    let requirements = "published = true\nserial = true\naudience = true\nconsent = true\nstanding = true\nnewest = true\n\
                        rebuilt = true\nprovenance = true\nsbom = true\nreviewed = true\nrules-fingerprint = true\n\
                        rules-reviewed = true\nassessed = true\ndata-checked = true\nadvisories = true";
    let text = example();
    let (before, rest) = text.split_once("published = {").unwrap();
    let (_, behind) = rest.split_once("\n\n[require.rules]").unwrap();
    let policy = parse(&format!(
        "{before}{requirements}\n\n[require.rules]{behind}"
    ))
    .unwrap();
    let asked = &policy.sets()[&word("software")].requirements;
    assert_eq!(
        (asked.published.independent, asked.published.min_age),
        (0, Duration::ZERO)
    );
    assert!(asked.serial.chain);
    let standing = &asked.standing.as_ref().unwrap().count;
    assert_eq!(
        (standing.by, standing.max_age),
        (1, Some(Duration::from_days(1)))
    );
    let rebuilt = asked.rebuilt.as_ref().unwrap();
    assert_eq!(
        (rebuilt.accept, rebuilt.free_bits, rebuilt.count.max_age),
        (Rank::Equivalent, None, None)
    );
    assert_eq!(
        (
            asked.newest.unwrap().behind,
            asked.reviewed.as_ref().unwrap().coverage
        ),
        (0, 0)
    );
    assert_eq!(asked.assessed.as_ref().unwrap().scope, [Scope::Artifact]);
    assert_eq!(
        (
            asked.advisories.unwrap().worst,
            asked.advisories.unwrap().against
        ),
        (Severity::Low, Outcome::Refuse)
    );
    assert_eq!(asked.not_asked().collect::<Vec<_>>(), [CheckName::Fresh]);
}

#[test]
fn a_denial_names_a_digest_key_party_statement_or_line_with_serials() {
    let hex = "2".repeat(64);
    let key_text = key(1);
    for (member, expected) in [
        (format!("statement = \"sha256:{hex}\""), "Statement"),
        (format!("key = \"{key_text}\""), "Key"),
        ("party = \"acme\"".to_owned(), "Party"),
        ("party = \"center-eu\"".to_owned(), "Party"),
        (
            "line = { publisher = \"acme\", product = \"p\", kind = \"other\", channel = \"c\", platform = \"any\" }\nserials = [41, 42]"
                .to_owned(),
            "Line",
        ),
    ] {
        let text = example();
        let digest = text.lines().find(|line| line.starts_with("digest = ")).unwrap().to_owned();
        let policy = parse(&text.replace(&digest, &member)).unwrap();
        let denied = format!("{:?}", policy.deny()[0].what);
        assert!(denied.starts_with(expected), "{denied}");
    }
}

#[test]
fn an_expired_policy_is_read_and_a_previous_one_is_named() {
    let previous = format!("serial = 7\nprevious = \"sha256:{}\"", "3".repeat(64));
    let text = edited(&[("serial = 7", &previous)]);
    let late = Time::parse("2030-01-01T00:00:00Z").unwrap();
    let policy = Policy::parse(&text, late).unwrap();
    assert!(policy.expires() < late);
    assert_eq!(policy.identity().previous.unwrap().to_hex(), "3".repeat(64));
}
