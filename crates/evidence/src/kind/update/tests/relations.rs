//! What must hold between members, each of which would be right alone.

use super::*;

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

fn time(text: &str) -> Time {
    Time::parse(text).expect(text)
}
