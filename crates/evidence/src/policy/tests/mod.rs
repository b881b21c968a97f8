//! The policy of `evidence.md` §7 with generated keys, and edits of it.

mod example;
mod form;
mod refusals;
mod seal;
mod warnings;

use ml_dsa::{MlDsa44, Seed};
use tlog::key::{Algorithm, KeyName, Vkey};

use super::{Level, Policy, PolicyInvalid};
use crate::key::PublicKey;
use crate::time::Time;

/// When the tests read: a year before the example expires.
pub(super) fn now() -> Time {
    Time::parse("2026-11-24T00:00:00Z").unwrap()
}

/// A vkey; the same number gives the same key.
pub(super) fn vkey(name: &str, algorithm: Algorithm, number: u8) -> String {
    let name = KeyName::new(name).unwrap();
    let public = match algorithm {
        Algorithm::MlDsa44 => {
            let secret = ml_dsa::SigningKey::<MlDsa44>::from_seed(&Seed::from([number; 32]));
            secret.expanded_key().verifying_key().encode().to_vec()
        }
        _ => ed25519_dalek::SigningKey::from_bytes(&[number; 32])
            .verifying_key()
            .to_bytes()
            .to_vec(),
    };
    Vkey::new(name, algorithm, &public).unwrap().to_string()
}

/// A statement key; the same number gives the same key.
pub(super) fn key(number: u8) -> String {
    let secret = p256::ecdsa::SigningKey::from_slice(&[number; 32]).unwrap();
    PublicKey::of(&secret).to_policy_text()
}

/// The example, `@w1@` … replaced by keys of that number: w witness, m ML-DSA-44 witness, l log, d ML-DSA-44 log, k
/// statement key. The letter is followed by a number and a name where one is needed.
pub(super) fn example() -> String {
    fill(EXAMPLE)
}

pub(super) fn fill(template: &str) -> String {
    let mut text = String::new();
    for (index, part) in template.split('@').enumerate() {
        if index % 2 == 0 {
            text.push_str(part);
            continue;
        }
        let (kind, rest) = part.split_at(1);
        let (number, name) = rest.split_once(' ').unwrap_or((rest, ""));
        let number = number.parse().unwrap();
        text.push_str(&match kind {
            "w" => vkey(name, Algorithm::Ed25519Cosignature, number),
            "m" | "d" => vkey(name, Algorithm::MlDsa44, number),
            "l" => vkey(name, Algorithm::Ed25519, number),
            _ => key(number),
        });
    }
    text
}

/// The example with the first `from` replaced; both may hold keys.
pub(super) fn edited(edits: &[(&str, &str)]) -> String {
    let mut text = example();
    for (from, to) in edits {
        let (from, to) = (fill(from), fill(to));
        assert!(text.contains(&from), "the example has no {from:?}");
        text = text.replacen(&from, &to, 1);
    }
    text
}

pub(super) fn parse(text: &str) -> Result<Policy, PolicyInvalid> {
    let result = Policy::parse(text, now());
    let found = match &result {
        Ok(policy) => policy.warnings(),
        Err(invalid) => invalid.diagnostics(),
    };
    for found in found {
        // The place is that of the span, and the whole renders.
        let before = &text[..found.span.start];
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        assert_eq!(found.line, before.matches('\n').count() + 1, "{found}");
        assert_eq!(found.column, before[start..].chars().count() + 1, "{found}");
        assert!(text.get(found.span.clone()).is_some(), "{found}");
        assert!(
            !found.hint().is_empty() && found.render("policy.toml", text).contains(found.hint())
        );
    }
    if let Err(invalid) = &result {
        assert!(
            invalid.errors().count() > 0,
            "refused without an error: {text}"
        );
    }
    result
}

/// What the reader says of a text: level, rule, marked bytes, sentence.
pub(super) fn found(text: &str) -> Vec<(Level, String, String, String)> {
    let result = parse(text);
    let found = match &result {
        Ok(policy) => policy.warnings(),
        Err(invalid) => invalid.diagnostics(),
    };
    let row = |found: &super::Diagnostic| {
        let marked = text[found.span.clone()].to_owned();
        (
            found.level(),
            found.rule.to_string(),
            marked,
            found.problem.to_string(),
        )
    };
    found.iter().map(row).collect()
}

pub(super) fn accepts(edits: &[(&str, &str)]) -> Policy {
    let text = edited(edits);
    let policy =
        parse(&text).unwrap_or_else(|invalid| panic!("{edits:?}: {:?}", invalid.diagnostics()));
    assert_eq!(policy.warnings(), [], "{edits:?}");
    policy
}

pub(super) fn refuses(edits: &[(&str, &str)], rule: &str, marked: &str, sentence: &str) {
    let expected = (
        Level::Error,
        rule.to_owned(),
        fill(marked),
        sentence.to_owned(),
    );
    assert_eq!(found(&edited(edits)), [expected], "{edits:?}");
}

pub(super) const EXAMPLE: &str = r#"policy = 1
name = "example-hospital"
serial = 7
expires = "2027-11-24T00:00:00Z"
clock-skew = "PT5M"

[[line]]                                     # what this machine may receive; all else is refused
publisher = "acme"
product = "acme-shield"
kinds = ["software", "detection-rules"]
channels = ["stable"]
platforms = ["linux-x86_64", "any"]
packages = ["acme-shield"]                   # for `gate --apt`

[witnesses]                                  # C2SP tlog-policy text without `log` lines
regions = '''
witness eu-e @w1 center-eu.example/w@
witness eu-m @m2 center-eu.example/w@
witness us-e @w3 center-us.example/w@
witness us-m @m4 center-us.example/w@
witness sg-e @w5 center-sg.example/w@
witness sg-m @m6 center-sg.example/w@
group eu any eu-e eu-m
group us any us-e us-m
group sg any sg-e sg-m
group three 2 eu us sg
quorum three
'''

[log]                                        # vkeys; all of an origin must have signed a checkpoint
"log.acme.example/v1" = { keys = ["@l11 log.acme.example/v1@", "@d12 log.acme.example/v1@"], witnesses = "regions" }
"center-eu.example/v1" = { keys = ["@l13 center-eu.example/v1@", "@d14 center-eu.example/v1@"], witnesses = "regions" }
"center-us.example/v1" = { keys = ["@l15 center-us.example/v1@", "@d16 center-us.example/v1@"], witnesses = "regions" }
"center-sg.example/v1" = { keys = ["@l17 center-sg.example/v1@", "@d18 center-sg.example/v1@"], witnesses = "regions" }

[publisher.acme]
operator = "Acme Security GmbH"
jurisdiction = "DE"
log = "log.acme.example/v1"
keys = ["@k1@", "@k2@", "@k3@"]
threshold = 2
recovery = { keys = ["@k4@", "@k5@"], threshold = 2 }
follow-keys = true

[party]                                      # also: recovery, follow-keys; roles also signer, assessor, observer
center-eu = { operator = "Stichting Example", jurisdiction = "NL", roles = ["center", "rebuilder", "coordinator"], log = "center-eu.example/v1", keys = ["@k6@"] }
center-us = { operator = "Example Institute", jurisdiction = "US", roles = ["center", "rebuilder"], log = "center-us.example/v1", keys = ["@k7@"] }
center-sg = { operator = "Example Pte", jurisdiction = "SG", roles = ["center", "rebuilder"], log = "center-sg.example/v1", keys = ["@k8@"] }
example-soc = { operator = "Example SOC", jurisdiction = "CH", roles = ["reviewer", "signer", "assessor"], log = "center-eu.example/v1", keys = ["@k9@"], conflicts = [{ kind = "paid-by", party = "acme" }] }

[require.software]
when = { publisher = "acme", kind = "software" }
published = { independent = 1, signers = ["example-soc"], min-age = "PT1H" }
standing = { by = 2, max-age = "P1D", grace = "P2D" }
newest = { otherwise = "refuse" }
rebuilt = { by = 2, accept = "equivalent", free-bits = 4096, other-environment = true, jurisdictions = 2 }
reviewed = { coverage = 90, grace = "P3D" }
assessed = { profile = "urn:vitrine:profile:ssdf-1.1", scope = ["artifact", "process"], otherwise = "note" }
data-checked = { opaque = 5, otherwise = "note" }
advisories = { worst = "medium" }
sbom = true

[require.rules]
when = { publisher = "acme", kind = "detection-rules" }
base = "software"                            # one level; a requirement named here replaces it whole
standing = { by = 2, max-age = "PT6H" }
rebuilt = false
reviewed = false
rules-fingerprint = true
rules-reviewed = { by = 1, decisions = 1 }

[[deny]]                                     # digest, key, party, statement, or line with serials
digest = "sha256:1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c5b6a7988"
reason = "crashes on our archive server"
"#;
