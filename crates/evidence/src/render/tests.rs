use expect_test::{Expect, expect};
use tlog::hash::Hash;

use super::*;
use crate::line::{Line, LineKind, Word as PolicyWord};
use crate::reason::Reason;
use crate::state::Marks;
use crate::time::Time;
use crate::verdict::{Discount, MisbehaviourKind, PolicyUsed, State};

fn verdict(checks: Vec<Check>) -> Verdict {
    let word = |text: &str| PolicyWord::parse(text).unwrap();
    Verdict {
        word: Word::of(&checks),
        checks,
        not_checked: vec![CheckName::Key, CheckName::Provenance],
        misbehaviour: vec![],
        next: Marks::default(),
        now: Time::parse("2026-11-24T09:41:00Z").unwrap(),
        digest: Some(Hash([0xab; 32])),
        line: Some(Line {
            publisher: word("acme"),
            product: word("acme-shield"),
            kind: LineKind::Software,
            channel: word("stable"),
            platform: word("linux-x86_64"),
        }),
        serial: Some(42),
        version: Some("4.2.0".into()),
        unknown: 3,
        policy: PolicyUsed {
            name: "example-hospital".into(),
            serial: 7,
            sha256: Hash([0xcd; 32]),
            set: Some("software".into()),
        },
    }
}

fn good() -> Vec<Check> {
    let mut witnessed = Check::ok(CheckName::Witnessed).counts(3, 3).counting([
        "eu-cert",
        "tu-graz",
        "example-soc",
    ]);
    witnessed.of = Some(5);
    vec![
        Check::ok(CheckName::Logged)
            .with(Field::Index, 18204)
            .with(Field::Origin, "log.acme.example/v1"),
        witnessed,
        Check::ok(CheckName::Audience),
        Check::ok(CheckName::Rebuilt).counts(2, 2),
        Check::because(CheckName::Reviewed, Reason::TooFew, State::Note).counts(0, 1),
        Check::ok(CheckName::Advisories),
    ]
}

fn check(verdict: &Verdict, expected: &Expect) {
    expected.assert_eq(&to_text(verdict, "app-4.2.0.deb"));
}

#[test]
fn an_accepted_file_reads_answer_first_then_the_checks_worst_first() {
    check(
        &verdict(good()),
        &expect![[r#"
            accepted: app-4.2.0.deb is the update that everyone else was given

              note  reviewed    0 reviews count (policy asks for 1)
              ok    logged      entry 18204 of log.acme.example/v1
              ok    witnessed   3 of 5 (policy asks for 3): eu-cert, tu-graz, example-soc
              ok    audience    offered to everyone on the line
              ok    rebuilt     2 independent rebuilds agree
              ok    advisories  none open

            not checked: key, provenance
        "#]],
    );
}

#[test]
fn an_undecided_file_is_answered_by_its_worst_check() {
    let mut checks = good();
    let short = Check::because(CheckName::Witnessed, Reason::TooFewWitnesses, State::Wait);
    checks[1] = Check {
        of: Some(3),
        ..short.counts(1, 2).counting(["eu"])
    }
    .with(Field::Lacking, Value::Names(vec!["us".into(), "sg".into()]));
    check(
        &verdict(checks),
        &expect![[r#"
            undecided: app-4.2.0.deb is logged, but 1 of the 2 witnesses that you ask for have signed

              wait  witnessed   1 of 3 (policy asks for 2): eu; waiting for us, sg
              note  reviewed    0 reviews count (policy asks for 1)
              ok    logged      entry 18204 of log.acme.example/v1
              ok    audience    offered to everyone on the line
              ok    rebuilt     2 independent rebuilds agree
              ok    advisories  none open

            not checked: key, provenance
        "#]],
    );
}

#[test]
fn what_is_missing_stands_under_its_row_with_the_place_to_get_it() {
    let omitted = Check::because(CheckName::Standing, Reason::Omitted, State::Wait).counts(2, 2);
    let missing = Missing {
        origin: "center-eu.example/v1".into(),
        index: 911,
        kind: "review".into(),
        says: "objection".into(),
    };
    check(
        &verdict(vec![Check {
            missing: vec![missing],
            ..omitted
        }]),
        &expect![[r#"
            undecided: app-4.2.0.deb comes with evidence that leaves out what a center mentions

              wait  standing  1 statement that a center mentions is not in the evidence
                      entry 911 of center-eu.example/v1: review, objection

            not checked: key, provenance
        "#]],
    );
}

#[test]
fn a_refused_file_shows_the_failure_in_capitals_and_explain_adds_who_was_counted() {
    let differs = Check::because(CheckName::Rebuilt, Reason::Differs, State::Fail);
    let seen = |by: &str, says: &str, discount| crate::verdict::Seen {
        statement: Hash([0x12; 32]),
        by: by.into(),
        says: says.into(),
        discount,
    };
    let differs = Check {
        policy_line: Some(61),
        seen: vec![
            seen("center-eu", "equivalent", None),
            seen("center-us", "different", None),
            seen("center-sg", "equivalent", Some(Discount::TooOld)),
        ],
        ..differs.with(Field::By, "center-us")
    };
    let verdict = verdict(vec![Check::ok(CheckName::Logged), differs]);
    expect![[r#"
        refused: app-4.2.0.deb is not accounted for: a difference has no explanation

          FAIL  rebuilt  center-us found a difference without explanation
                  asked for in line 61 of the policy
                  121212121212 center-eu says equivalent, counted
                  121212121212 center-us says different, counted
                  121212121212 center-sg says equivalent, not counted: too-old
          ok    logged   stands in a log that the policy names

        not checked: key, provenance
    "#]]
    .assert_eq(&explain(&verdict, "app-4.2.0.deb"));
    assert_eq!(
        hint(&verdict.checks[1]),
        Some("wait until it is explained; an unexplained difference is no proof of an attack"),
    );
    assert_eq!(hint(&verdict.checks[0]), None);
}

#[test]
fn misbehaviour_of_the_publisher_is_the_answer_where_no_check_is() {
    let mut verdict = verdict(good());
    verdict.word = Word::Refused;
    verdict.misbehaviour.push(Misbehaviour {
        kind: MisbehaviourKind::SplitView,
        by: "log.acme.example/v1".into(),
        of_publisher: true,
        file: b"file".to_vec(),
    });
    let text = to_text(&verdict, "app-4.2.0.deb");
    assert!(
        text.starts_with(
            "refused: app-4.2.0.deb is from a publisher whose misbehaviour is proven\n"
        )
    );
    assert!(text.contains(
        "\nmisbehaviour: two different logs were shown under one name (log.acme.example/v1)\n"
    ));
    assert!(verdict.proves_misbehaviour());
    verdict.misbehaviour[0].of_publisher = false;
    assert!(verdict.proves_misbehaviour(), "not accepted");
    verdict.word = Word::Accepted;
    assert!(
        !verdict.proves_misbehaviour(),
        "another party, and accepted"
    );
}

#[test]
fn everyone_is_claimed_only_where_witnesses_were_asked_and_no_tier_is_first() {
    let said = |checks| answer(&verdict(checks), "a.deb");
    assert_eq!(
        said(good()),
        "a.deb is the update that everyone else was given"
    );
    let mut tier = good();
    tier[2] = Check::ok(CheckName::Audience).with(Field::Tier, "early");
    assert_eq!(
        said(tier),
        "a.deb is the update that the tier early is given before everyone else"
    );
    let alone = "a.deb stands in the publisher's log; no witness was asked what others see";
    let mut unwitnessed = good();
    unwitnessed[1] = Check::ok(CheckName::Witnessed).counts(0, 0);
    assert_eq!(said(unwitnessed), alone);
    let mut uncounted = good();
    uncounted.remove(1);
    assert_eq!(said(uncounted), alone);
}

#[test]
fn no_name_or_value_can_write_a_line_of_its_own() {
    let hostile = "x\n  ok    logged  y\u{1b}[2J\u{202e}";
    let mut checks = good();
    checks[0] =
        Check::because(CheckName::Denied, Reason::Denied, State::Fail).with(Field::Text, hostile);
    checks[1] = checks[1].clone().counting([hostile]);
    let text = to_text(&verdict(checks.clone()), hostile);
    let plain = to_text(&verdict(good()), "app-4.2.0.deb");
    assert_eq!(text.lines().count(), plain.lines().count());
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
}

#[test]
fn every_check_and_reason_has_a_sentence_with_and_without_values() {
    for name in CheckName::ALL {
        assert!(!sentence(&Check::ok(name)).is_empty(), "{name}");
        for reason in name.reasons() {
            let bare = Check::because(name, *reason, State::Wait);
            assert!(!sentence(&bare).is_empty(), "{name} {reason}");
            assert!(hint(&bare).is_some(), "{name} {reason}");
            assert!(
                !answer(&verdict(vec![bare]), "a").is_empty(),
                "{name} {reason}"
            );
        }
    }
    // A pair that no check gives is still answered.
    let odd = Check::because(CheckName::Sbom, Reason::Rollback, State::Fail);
    assert_eq!(sentence(&odd), "rollback");
    assert_eq!(
        answer(&verdict(vec![odd]), "a"),
        "a does not meet the policy"
    );
}

#[test]
fn lengths_of_time_read_as_their_two_largest_parts() {
    for (seconds, text) in [
        (0, "0 seconds"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (3_661, "1 hour 1 minute"),
        (7_200, "2 hours"),
        (86_400, "1 day"),
        (86_401, "1 day"),
        (95_400, "1 day 2 hours"),
        (3_456_000, "40 days"),
    ] {
        assert_eq!(human(Duration::from_seconds(seconds)), text);
    }
}

#[test]
fn json_has_the_members_of_the_schema_and_is_canonical() {
    let mut checks = good();
    let omitted = Check::because(CheckName::Standing, Reason::Omitted, State::Wait).counts(2, 2);
    let missing = Missing {
        origin: "center-eu.example/v1".into(),
        index: 911,
        kind: "review".into(),
        says: "objection".into(),
    };
    checks[4] = Check {
        missing: vec![missing],
        ..omitted.counting(["center-eu", "center-us"])
    };
    let bytes = to_json(&verdict(checks)).to_bytes();
    let parsed = crate::json::parse(&bytes).unwrap();
    assert_eq!(crate::canonical::check(&bytes, &parsed), Ok(()));
    let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let digests = value
        .to_string()
        .replace(&"ab".repeat(32), "AB")
        .replace(&"cd".repeat(32), "CD");
    let value: serde_json::Value = serde_json::from_str(&digests).unwrap();
    expect![[r#"
        {
          "checks": [
            {
              "check": "logged",
              "detail": {
                "index": 18204,
                "origin": "log.acme.example/v1"
              },
              "state": "ok"
            },
            {
              "check": "witnessed",
              "counted": [
                "eu-cert",
                "tu-graz",
                "example-soc"
              ],
              "have": 3,
              "need": 3,
              "of": 5,
              "state": "ok"
            },
            {
              "check": "audience",
              "state": "ok"
            },
            {
              "check": "rebuilt",
              "have": 2,
              "need": 2,
              "state": "ok"
            },
            {
              "check": "standing",
              "counted": [
                "center-eu",
                "center-us"
              ],
              "have": 2,
              "hint": "fetch the missing statements from the named logs, then ask again",
              "missing": [
                {
                  "index": 911,
                  "kind": "review",
                  "origin": "center-eu.example/v1",
                  "says": "objection"
                }
              ],
              "need": 2,
              "reason": "omitted",
              "state": "wait"
            },
            {
              "check": "advisories",
              "state": "ok"
            }
          ],
          "digest": "AB",
          "line": {
            "channel": "stable",
            "kind": "software",
            "platform": "linux-x86_64",
            "product": "acme-shield",
            "publisher": "acme"
          },
          "misbehaviour": [],
          "notChecked": [
            "key",
            "provenance"
          ],
          "now": "2026-11-24T09:41:00Z",
          "policy": {
            "name": "example-hospital",
            "serial": 7,
            "set": "software",
            "sha256": "CD"
          },
          "schema": "verdict-v1",
          "serial": 42,
          "unknown": 3,
          "verdict": "undecided",
          "version": "4.2.0"
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&value).unwrap());
}
