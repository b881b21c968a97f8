use tlog::hash::{Hash, sha256};

use super::*;
use crate::door::door;
use crate::facts::{FactsPlan, KindFacts, KindPlan, LoggedStatement, RulesSetFacts, UpdatePlan};
use crate::kind::KindName;
use crate::kind::update::{
    File, Predecessor, RulesSet, Sbom, SbomFormat, Withdrawal, WithdrawalReason,
};
use crate::kind::update_row::UpdateRow;
use crate::line::Word;
use crate::name::Name;
use crate::statement::Subject;

const VECTOR: &[u8] = include_bytes!("../../../testdata/vector/payload.json");

fn now() -> Time {
    Time::parse("2026-11-24T06:12:00Z").expect("a time")
}

fn word(text: &str) -> Word {
    Word::parse(text).expect(text)
}

/// The vector's statement after a change.
fn statement(change: impl FnOnce(&mut Update)) -> Statement {
    let vector = Statement::parse(VECTOR).expect("the vector");
    let mut update = vector.kind().as_update().expect("an update").clone();
    change(&mut update);
    parsed(&update, vector.subjects())
}

fn parsed(update: &Update, subjects: &[Subject]) -> Statement {
    Statement::parse(&update.to_statement_bytes(subjects).expect("obeys the form"))
        .expect("was read")
}

fn withdrawal() -> State {
    State::Withdrawn(Withdrawal {
        reason: WithdrawalReason::Crash,
        text: "it crashes".into(),
    })
}

fn previous() -> Hash {
    sha256(b"previous")
}

fn line(highest: Option<(u64, Hash)>) -> UpdateFacts {
    UpdateFacts {
        highest,
        serial: None,
        patch_from: vec![],
        rules_set: None,
    }
}

fn facts(line: UpdateFacts) -> Facts {
    Facts {
        party: word("acme"),
        logged: false,
        superseded: vec![],
        kind: KindFacts::Update(line),
    }
}

/// What the log holds after `latest` was its last statement about serial 42.
fn after(latest: &Statement) -> Facts {
    let first = statement(|_| ()).id();
    let serial = SerialFacts {
        first,
        latest: Box::new(latest.clone()),
    };
    let mut facts = facts(UpdateFacts {
        serial: Some(serial),
        ..line(Some((42, first)))
    });
    for id in [first, latest.id()] {
        facts.superseded.push(LoggedStatement {
            id,
            kind: KindName::Update,
            party: word("acme"),
        });
    }
    facts
}

fn refused(statement: &Statement, facts: &Facts) -> (Rule, String) {
    let refusal = door(statement, facts, now()).expect_err("refused");
    assert!(!refusal.hint().is_empty());
    (refusal.rule, refusal.pointer)
}

fn accepted(statement: &Statement, facts: &Facts) -> Act {
    door(statement, facts, now()).expect("accepted").act()
}

fn place(rule: Rule, pointer: &str) -> (Rule, String) {
    (rule, format!("/predicate{pointer}"))
}

#[test]
fn u1_refuses_the_key_of_another_party() {
    let mut facts = facts(line(Some((41, previous()))));
    assert_eq!(accepted(&statement(|_| ()), &facts), Act::First);
    facts.party = word("acme-labs");
    assert_eq!(
        refused(&statement(|_| ()), &facts),
        place(Rule::U1, "/publisher")
    );
    facts.logged = true;
    assert_eq!(
        refused(&statement(|_| ()), &facts),
        place(Rule::U1, "/publisher")
    );
}

#[test]
fn u1_takes_the_same_payload_by_a_further_key_whatever_the_line_holds_by_then() {
    let offer = statement(|_| ());
    for line in [
        line(None),
        line(Some((42, offer.id()))),
        line(Some((50, previous()))),
    ] {
        let facts = Facts {
            logged: true,
            ..facts(line)
        };
        assert_eq!(accepted(&offer, &facts), Act::FurtherSigning);
    }
}

#[test]
fn u2_refuses_a_serial_that_is_not_above_all_others() {
    for highest in [42, 43, 9000] {
        let facts = facts(line(Some((highest, previous()))));
        assert_eq!(
            refused(&statement(|_| ()), &facts),
            place(Rule::U2, "/serial")
        );
    }
}

#[test]
fn u2_refuses_another_predecessor_than_the_highest() {
    let offer = statement(|_| ());
    assert_eq!(
        accepted(&offer, &facts(line(Some((41, previous()))))),
        Act::First
    );
    for highest in [None, Some((40, previous())), Some((41, offer.id()))] {
        assert_eq!(
            refused(&offer, &facts(line(highest))),
            place(Rule::U2, "/predecessor")
        );
    }
    let without = statement(|update| update.predecessor = None);
    assert_eq!(accepted(&without, &facts(line(None))), Act::First);
    assert_eq!(
        refused(&without, &facts(line(Some((41, previous()))))),
        place(Rule::U2, "")
    );
}

#[test]
fn u2_refuses_a_step_of_more_than_a_thousand() {
    let at = |serial| statement(move |update| update.serial = serial);
    let before = facts(line(Some((41, previous()))));
    assert_eq!(accepted(&at(1041), &before), Act::First);
    assert_eq!(refused(&at(1042), &before), place(Rule::U2, "/serial"));
    let first = |serial| {
        statement(move |update| {
            update.serial = serial;
            update.predecessor = None;
        })
    };
    assert_eq!(accepted(&first(1000), &facts(line(None))), Act::First);
    assert_eq!(
        refused(&first(1001), &facts(line(None))),
        place(Rule::U2, "/serial")
    );
}

#[test]
fn u3_refuses_a_second_set_of_files_for_one_serial() {
    let offer = statement(|_| ());
    let amending = |change: fn(&mut Update)| {
        statement(|update| {
            update.supersedes = vec![offer.id()];
            change(update);
        })
    };
    let mut other_subject = offer.subjects().to_vec();
    other_subject[0].sha256 = sha256(b"for one customer");
    let targeted = parsed(offer.kind().as_update().expect("an update"), &other_subject);
    for second in [
        targeted,
        amending(|update| update.files[0].size += 1),
        amending(|update| {
            update.predecessor = Some(Predecessor {
                serial: 41,
                statement: sha256(b"other"),
            })
        }),
        amending(|update| update.predecessor = None),
    ] {
        assert_eq!(refused(&second, &after(&offer)), place(Rule::U3, "/serial"));
        assert!(conflicts(&offer, &second) && conflicts(&second, &offer));
    }
    let withdrawn = amending(|update| update.state = withdrawal());
    assert_eq!(accepted(&withdrawn, &after(&offer)), Act::Amendment);
    assert!(!conflicts(&offer, &withdrawn));
    assert!(!conflicts(&offer, &statement(|update| update.serial = 43)));
    assert!(!conflicts(
        &offer,
        &statement(|update| update.line.channel = word("beta"))
    ));
}

#[test]
fn u4_refuses_an_amendment_that_supersedes_anything_but_the_last_statement() {
    let offer = statement(|_| ());
    let amendment = |supersedes: Vec<Hash>| {
        statement(|update| {
            update.notes = None;
            update.supersedes = supersedes;
        })
    };
    let second = amendment(vec![offer.id()]);
    assert_eq!(accepted(&second, &after(&offer)), Act::Amendment);
    assert_eq!(
        refused(&amendment(vec![]), &after(&offer)),
        place(Rule::U4, "")
    );
    let third = |supersedes: Vec<Hash>| {
        statement(|update| {
            update.notes = Some(sha256(b"third"));
            update.supersedes = supersedes;
        })
    };
    assert_eq!(
        accepted(&third(vec![second.id()]), &after(&second)),
        Act::Amendment
    );
    assert_eq!(
        refused(&third(vec![offer.id()]), &after(&second)),
        place(Rule::U4, "/supersedes")
    );
    let mut both = vec![offer.id(), second.id()];
    both.sort();
    assert_eq!(
        refused(&third(both), &after(&second)),
        place(Rule::U4, "/supersedes")
    );
}

#[test]
fn u4_refuses_a_first_statement_that_supersedes_or_withdraws() {
    let mut facts = facts(line(Some((41, previous()))));
    facts.superseded.push(LoggedStatement {
        id: previous(),
        kind: KindName::Update,
        party: word("acme"),
    });
    let supersedes = statement(|update| update.supersedes = vec![previous()]);
    assert_eq!(refused(&supersedes, &facts), place(Rule::U4, "/supersedes"));
    let withdrawn = statement(|update| update.state = withdrawal());
    assert_eq!(refused(&withdrawn, &facts), place(Rule::U4, "/state"));
}

#[test]
fn u4_refuses_every_change_that_no_amendment_may_make() {
    let offer = statement(|_| ());
    type Change = fn(&mut Update);
    let changes: [(&str, Change); 9] = [
        ("/version", |update| update.version = "4.2.1".into()),
        ("/source", |update| update.source = None),
        ("/recipe", |update| {
            update.recipe = Some(sha256(b"other recipe"))
        }),
        ("/sbom", |update| update.sbom.clear()),
        ("/requires", |update| update.requires.clear()),
        ("/actions", |update| {
            update.actions.class = crate::kind::update::Class::Feature
        }),
        ("/audience", |update| {
            update.audience = tier("early", 5, "2026-12-01T00:00:00Z")
        }),
        ("/activation", |update| {
            update.activation.from = update.activation.from + Duration::from_seconds(1)
        }),
        ("/returnsTo", |update| update.returns_to = Some(40)),
    ];
    for (pointer, change) in changes {
        let amendment = statement(|update| {
            update.supersedes = vec![offer.id()];
            change(update);
        });
        assert_eq!(
            refused(&amendment, &after(&offer)),
            place(Rule::U4, pointer)
        );
    }
}

fn tier(name: &str, permille: u64, by: &str) -> Audience {
    Audience::Tier {
        name: word(name),
        permille,
        everyone_by: Time::parse(by).expect("a time"),
    }
}

#[test]
fn u4_takes_a_wider_audience_and_refuses_a_narrower_one() {
    let offered = |audience: Audience| statement(|update| update.audience = audience);
    let base = tier("early", 10, "2026-12-01T00:00:00Z");
    let change = |to: Audience| {
        let before = offered(base.clone());
        let amendment = statement(|update| {
            update.audience = to;
            update.supersedes = vec![before.id()];
        });
        door(&amendment, &after(&before), now())
            .map(|accepted| accepted.act())
            .map_err(|refusal| refusal.rule)
    };
    assert_eq!(change(Audience::Everyone), Ok(Act::Amendment));
    assert_eq!(
        change(tier("early", 100, "2026-12-01T00:00:00Z")),
        Ok(Act::Amendment)
    );
    assert_eq!(
        change(tier("early", 10, "2026-11-30T00:00:00Z")),
        Ok(Act::Amendment)
    );
    assert_eq!(
        change(tier("early", 9, "2026-12-01T00:00:00Z")),
        Err(Rule::U4)
    );
    assert_eq!(
        change(tier("early", 10, "2026-12-02T00:00:00Z")),
        Err(Rule::U4)
    );
    assert_eq!(
        change(tier("late", 10, "2026-12-01T00:00:00Z")),
        Err(Rule::U4)
    );
}

#[test]
fn u4_takes_more_sbom_and_an_earlier_end_and_refuses_a_later_one() {
    let until = |text: &str| Some(Time::parse(text).expect("a time"));
    let before = statement(|update| update.activation.until = until("2027-06-01T00:00:00Z"));
    let amended = |change: &dyn Fn(&mut Update)| {
        statement(|update| {
            update.supersedes = vec![before.id()];
            update.activation.until = until("2027-06-01T00:00:00Z");
            change(update);
        })
    };
    let more = Sbom {
        format: SbomFormat::CycloneDx,
        sha256: sha256(b"more"),
    };
    for change in [
        &(|update: &mut Update| update.sbom.insert(0, more)) as &dyn Fn(&mut Update),
        &|update| update.activation.until = until("2027-01-01T00:00:00Z"),
        &|update| update.notes = Some(sha256(b"other notes")),
    ] {
        assert_eq!(accepted(&amended(change), &after(&before)), Act::Amendment);
    }
    for end in [until("2027-06-01T00:00:01Z"), None] {
        let later = amended(&|update| update.activation.until = end);
        assert_eq!(
            refused(&later, &after(&before)),
            place(Rule::U4, "/activation")
        );
    }
    let open = statement(|_| ());
    let ended = statement(|update| {
        update.supersedes = vec![open.id()];
        update.activation.until = until("2027-06-01T00:00:00Z");
    });
    assert_eq!(accepted(&ended, &after(&open)), Act::Amendment);
}

#[test]
fn u5_refuses_every_amendment_of_a_withdrawn_serial() {
    let offer = statement(|_| ());
    let withdrawn = statement(|update| {
        update.state = withdrawal();
        update.supersedes = vec![offer.id()];
    });
    assert_eq!(accepted(&withdrawn, &after(&offer)), Act::Amendment);
    for state in [State::Offered, withdrawal()] {
        let again = statement(|update| {
            update.state = state;
            update.notes = None;
            update.supersedes = vec![withdrawn.id()];
        });
        assert_eq!(
            refused(&again, &after(&withdrawn)),
            place(Rule::U5, "/state")
        );
    }
}

#[test]
fn u6_refuses_a_tier_that_ends_after_more_than_30_days() {
    let offered = |by: &str| statement(|update| update.audience = tier("early", 100, by));
    let facts = facts(line(Some((41, previous()))));
    assert_eq!(
        accepted(&offered("2026-12-24T06:12:00Z"), &facts),
        Act::First
    );
    assert_eq!(
        refused(&offered("2026-12-24T06:12:01Z"), &facts),
        place(Rule::U6, "/audience/everyoneBy")
    );
}

#[test]
fn u7_refuses_a_patch_of_what_the_line_never_had() {
    let vector = Statement::parse(VECTOR).expect("the vector");
    let mut update = vector.kind().as_update().expect("an update").clone();
    let name = Name::parse("patch.bin").expect("a name");
    let (from, to) = (sha256(b"old app"), vector.subjects()[0].sha256);
    update.files.push(File {
        name: name.clone(),
        size: 9,
        role: Role::Patch { from, to },
    });
    let subjects = [
        vector.subjects()[0].clone(),
        Subject::file(name, sha256(b"patch")),
    ];
    let patch = parsed(&update, &subjects);
    let mut facts = facts(UpdateFacts {
        patch_from: vec![to],
        ..line(Some((41, previous())))
    });
    assert_eq!(refused(&patch, &facts), place(Rule::U7, "/files/1/from"));
    facts.kind = KindFacts::Update(UpdateFacts {
        patch_from: vec![from],
        ..line(Some((41, previous())))
    });
    assert_eq!(accepted(&patch, &facts), Act::First);
}

#[test]
fn u8_refuses_rules_whose_set_is_not_logged_or_differs() {
    let rules = RulesSet {
        fingerprint: sha256(b"rules"),
        set: sha256(b"set"),
    };
    let offer = statement(|update| {
        update.line.kind = LineKind::DetectionRules;
        update.requires.clear();
        update.rules = Some(rules);
    });
    let with = |rules_set| {
        facts(UpdateFacts {
            rules_set,
            ..line(Some((41, previous())))
        })
    };
    let set = RulesSetFacts {
        product: word("acme-shield"),
        channel: word("stable"),
        serial: 42,
        fingerprint: rules.fingerprint,
    };
    assert_eq!(accepted(&offer, &with(Some(set.clone()))), Act::First);
    assert_eq!(refused(&offer, &with(None)), place(Rule::U8, "/rules/set"));
    for (differs, pointer) in [
        (
            RulesSetFacts {
                product: word("other"),
                ..set.clone()
            },
            "/product",
        ),
        (
            RulesSetFacts {
                channel: word("beta"),
                ..set.clone()
            },
            "/channel",
        ),
        (
            RulesSetFacts {
                serial: 41,
                ..set.clone()
            },
            "/serial",
        ),
        (
            RulesSetFacts {
                fingerprint: sha256(b"other"),
                ..set.clone()
            },
            "/rules/fingerprint",
        ),
    ] {
        assert_eq!(
            refused(&offer, &with(Some(differs))),
            place(Rule::U8, pointer)
        );
    }
}

#[test]
fn s14_refuses_to_supersede_what_is_not_ones_own_or_not_logged() {
    let offer = statement(|_| ());
    let withdrawn = statement(|update| {
        update.state = withdrawal();
        update.supersedes = vec![offer.id()];
    });
    let logged = |kind, party: &str| {
        let logged = LoggedStatement {
            id: offer.id(),
            kind,
            party: word(party),
        };
        Facts {
            superseded: vec![logged],
            ..after(&offer)
        }
    };
    assert_eq!(
        accepted(&withdrawn, &logged(KindName::Update, "acme")),
        Act::Amendment
    );
    for facts in [
        Facts {
            superseded: vec![],
            ..after(&offer)
        },
        logged(KindName::Provenance, "acme"),
        logged(KindName::Update, "someone-else"),
    ] {
        assert_eq!(
            refused(&withdrawn, &facts),
            place(Rule::S14, "/supersedes/0")
        );
    }
}

#[test]
fn refuses_facts_of_another_kind() {
    let facts = Facts {
        kind: KindFacts::Nothing,
        ..facts(line(None))
    };
    let refusal = door(&statement(|_| ()), &facts, now()).expect_err("our bug");
    assert!(matches!(refusal.what, What::OurBug(_)));
}

#[test]
fn foreign_kinds_have_no_rules_of_their_own() {
    let payload = br#"{"_type":"https://in-toto.io/Statement/v1","predicate":{},"predicateType":"https://slsa.dev/provenance/v1","subject":[]}"#;
    let foreign = Statement::parse(payload).expect("foreign");
    let mut facts = Facts {
        kind: KindFacts::Nothing,
        ..facts(line(None))
    };
    assert_eq!(FactsPlan::of(&foreign).kind, KindPlan::Nothing);
    assert_eq!(accepted(&foreign, &facts), Act::First);
    facts.logged = true;
    assert_eq!(accepted(&foreign, &facts), Act::FurtherSigning);
    assert_eq!(
        door(&foreign, &facts, now())
            .expect("accepted")
            .update_row(),
        None
    );
}

#[test]
fn the_plan_names_what_the_rules_look_at() {
    let offer = statement(|update| update.supersedes = vec![previous()]);
    let line = offer.kind().as_update().expect("an update").line.id();
    let plan = FactsPlan::of(&offer);
    let expected = UpdatePlan {
        line,
        serial: 42,
        patch_from: vec![],
        rules_set: None,
    };
    assert_eq!(plan.kind, KindPlan::Update(expected));
    assert_eq!(
        (plan.statement, plan.supersedes),
        (offer.id(), vec![previous()])
    );
}

#[test]
fn the_row_of_an_update_holds_what_views_need() {
    let offer = statement(|update| update.audience = tier("early", 5, "2026-12-01T00:00:00Z"));
    let row = UpdateRow::of(&offer).expect("an update");
    assert_eq!(row.statement, offer.id());
    assert_eq!(
        row.words,
        ["acme", "acme-shield", "software", "stable", "linux-x86_64"]
    );
    assert_eq!(
        (row.serial, row.version.as_str(), row.state),
        (42, "4.2.0", "offered")
    );
    assert_eq!(row.predecessor, Some((41, previous())));
    assert_eq!(row.tier, Some(("early".to_owned(), 5, 1_796_083_200)));
    assert_eq!(row.files[0].sha256, sha256(b"app"));
    assert_eq!(
        (row.files[0].name.as_str(), row.files[0].role),
        ("app_4.2.0_amd64.deb", "full")
    );
    let withdrawn = statement(|update| {
        update.state = withdrawal();
        update.supersedes = vec![offer.id()];
    });
    let row = UpdateRow::of(&withdrawn).expect("an update");
    assert_eq!(row.withdrawal, Some(("crash", "it crashes".to_owned())));
    assert_eq!((row.state, row.supersedes), ("withdrawn", Some(offer.id())));
}

#[test]
fn each_rule_has_the_status_of_the_door_table() {
    for rule in Rule::ALL {
        let expected = match rule.to_string().as_str() {
            "S1" | "S2" => 400,
            "D1" => 413,
            "D2" | "U1" => 403,
            "D5" => 429,
            "U2" | "U3" | "U4" | "U5" | "U7" | "U8" => 409,
            _ => 422,
        };
        assert_eq!(rule.status(), expected, "{rule}");
    }
}
