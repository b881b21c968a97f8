//! `verify` as attacks meet it: `evidence.md` §11, each attack beside its honest twin, and the laws of §8.

#![allow(
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test"
)]

mod kit;

use evidence::bundle;
use evidence::collect::Evidence;
use evidence::judge::{self, Artifact, Choice};
use evidence::key::PublicKey;
use evidence::kind::update::{
    Activation, Audience, Class, Consent, State, Withdrawal, WithdrawalReason,
};
use evidence::policy::Policy;
use evidence::reason::CheckName;
use evidence::state::{LineMark, Marks, Memory};
use evidence::time::Time;
use evidence::verdict::{MisbehaviourKind, Verdict, Word};
use kit::{NOW, World, checks, file_digest, line, payload, payload_for, release_key, update, word};
use tlog::hash::{Hash, sha256};

const REQUIRE: &str = "published = true";

/// One update of serial 42 after 41, both offered by two keys.
fn world() -> World {
    let mut world = World::new();
    let first = payload(&update(41, None));
    world.log(&first, &[0, 1]);
    world.log(&payload(&update(42, Some((41, sha256(&first))))), &[0, 1]);
    world
}

/// A world with serial 42 alone, changed.
fn with(change: impl FnOnce(&mut evidence::kind::Update)) -> World {
    let mut world = World::new();
    let mut update = update(42, None);
    change(&mut update);
    world.log(&payload(&update), &[0, 1]);
    world
}

fn remembers(serial: u64, statement: Hash) -> Memory {
    let mark = LineMark {
        serial,
        statement,
        digest: file_digest(serial),
    };
    Memory::Known(Marks {
        lines: [(line().id(), mark)].into(),
        ..Marks::default()
    })
}

#[track_caller]
fn assert_says(verdict: &Verdict, word: Word, check: &str, says: &str) {
    let found = checks(verdict);
    assert_eq!(
        (verdict.word, found.get(check).map(String::as_str)),
        (word, Some(says)),
        "{found:#?}"
    );
}

#[test]
fn accepts_what_publisher_log_and_quorum_offer() {
    let verdict = world().judge(42, REQUIRE);
    assert_says(&verdict, Word::Accepted, "published", "ok");
    assert_eq!(checks(&verdict)["policy"], "note no-state");
    assert_eq!(
        (verdict.serial, verdict.unknown, verdict.misbehaviour.len()),
        (Some(42), 0, 0)
    );
    assert!(verdict.not_checked.contains(&CheckName::Rebuilt));
}

#[test]
fn remembers_an_accepted_update_and_nothing_of_an_undecided_one() {
    let accepted = world().judge(42, REQUIRE);
    assert_eq!(accepted.next.lines[&line().id()].serial, 42);
    assert_eq!(
        accepted.next.quorum_time,
        Some(Time::from_seconds(NOW - 3600))
    );
    let undecided = world().judge(42, "published = true\nsbom = true");
    assert_eq!(undecided.word, Word::Undecided);
    assert!(undecided.next.lines.is_empty());
    assert_eq!(undecided.next.logs.len(), 1);
}

#[test]
fn at_01_an_arbitrary_file_is_not_logged() {
    let verdict = world().judge(7, REQUIRE);
    assert_says(&verdict, Word::Undecided, "logged", "wait not-logged");
}

#[test]
fn at_02_an_older_serial_than_accepted_is_refused() {
    let first = sha256(&payload(&update(41, None)));
    let newer = sha256(&payload(&update(42, Some((41, first)))));
    let memory = remembers(42, newer);
    assert_says(
        &world().judge_with(41, REQUIRE, &memory, NOW),
        Word::Refused,
        "serial",
        "fail rollback",
    );
    assert_says(
        &world().judge_with(42, REQUIRE, &memory, NOW),
        Word::Accepted,
        "serial",
        "ok",
    );
}

#[test]
fn at_09_a_set_must_be_all_files_of_one_statement() {
    let world = world();
    let evidence = Evidence::of(world.lines(2, NOW - 3600));
    let files = |names: &[(u64, u64)]| {
        let file = |(name, digest): &(u64, u64)| (kit::file_name(*name), file_digest(*digest));
        Artifact::Set(names.iter().map(file).collect())
    };
    let judge = |artifact| {
        let policy = world.policy(REQUIRE);
        let now = Time::from_seconds(NOW);
        judge::verify(
            &policy,
            &evidence,
            &artifact,
            now,
            &Memory::NotKept,
            &Choice::default(),
        )
        .word
    };
    assert_eq!(judge(files(&[(42, 42)])), Word::Accepted);
    assert_eq!(judge(files(&[(42, 42), (41, 41)])), Word::Refused);
    assert_eq!(judge(files(&[(42, 42), (7, 7)])), Word::Refused);
    assert_eq!(judge(files(&[(41, 42)])), Word::Refused);
    assert_eq!(judge(files(&[(7, 7), (8, 8)])), Word::Undecided);
    assert_eq!(judge(files(&[])), Word::Undecided);
}

#[test]
fn at_10_an_update_of_another_line_is_refused() {
    let beta = with(|update| update.line.channel = word("beta"));
    assert_says(
        &beta.judge(42, REQUIRE),
        Word::Refused,
        "logged",
        "fail line-not-allowed",
    );
}

#[test]
fn at_12_one_stolen_key_of_a_threshold_of_two_offers_nothing() {
    let mut world = World::new();
    let bytes = payload(&update(42, None));
    world.log(&bytes, &[0]);
    assert_says(
        &world.judge(42, REQUIRE),
        Word::Undecided,
        "published",
        "wait too-few-signatures",
    );
    world.log(&bytes, &[1]);
    assert_says(&world.judge(42, REQUIRE), Word::Accepted, "published", "ok");
}

#[test]
fn at_24_one_key_twice_is_one_key() {
    let mut world = World::new();
    let bytes = payload(&update(42, None));
    world.log(&bytes, &[0, 0, 0]);
    assert_says(
        &world.judge(42, REQUIRE),
        Word::Undecided,
        "published",
        "wait too-few-signatures",
    );
}

#[test]
fn at_15_two_roots_for_one_size_convict_the_publishers_log() {
    let world = world();
    let mut lines = world.lines(2, NOW - 3600);
    let cosigners = [&world.witnesses[2]];
    let other = world
        .log
        .checkpoint_of(Hash([9; 32]), &cosigners, NOW - 3600);
    let honest = judge_lines(&world, lines.clone());
    assert_eq!(honest.word, Word::Accepted);
    lines.extend(world.lines_under(&other));
    let verdict = judge_lines(&world, lines);
    assert_says(&verdict, Word::Refused, "witnessed", "fail split-view");
    assert_eq!(verdict.misbehaviour[0].kind, MisbehaviourKind::SplitView);
    assert!(verdict.proves_misbehaviour());
    let file = String::from_utf8(verdict.misbehaviour[0].file.clone()).unwrap();
    assert_eq!(file.matches("\n-- checkpoint ").count(), 2);
}

#[test]
fn at_15_a_remembered_checkpoint_convicts_too() {
    let world = world();
    let other = world.log.checkpoint_of(Hash([9; 32]), &[], 0);
    let marks = Marks {
        logs: [(world.log.origin.clone(), other)].into(),
        ..Marks::default()
    };
    let verdict = world.judge_with(42, REQUIRE, &Memory::Known(marks), NOW);
    assert_says(&verdict, Word::Refused, "witnessed", "fail split-view");
}

#[test]
fn at_16_one_serial_for_two_files_convicts_the_publisher() {
    let mut world = world();
    let first = sha256(&payload(&update(41, None)));
    let targeted = payload_for(&update(42, Some((41, first))), Hash([7; 32]));
    world.log(&targeted, &[2]);
    let verdict = world.judge(42, REQUIRE);
    assert_says(&verdict, Word::Refused, "published", "fail equivocation");
    assert_eq!(verdict.misbehaviour[0].kind, MisbehaviourKind::Equivocation);
    assert!(verdict.misbehaviour[0].of_publisher);
}

#[test]
fn at_17_a_tier_is_refused_to_others_and_to_all_once_it_lapsed() {
    let tier = |days: i64| {
        with(|update| {
            let everyone_by = Time::from_seconds(NOW + days * 86_400);
            update.audience = Audience::Tier {
                name: word("early"),
                permille: 10,
                everyone_by,
            };
        })
    };
    let member = "published = true\naudience = { tiers = [\"early\"] }";
    assert_says(
        &tier(5).judge(42, REQUIRE),
        Word::Refused,
        "audience",
        "fail tier",
    );
    assert_says(&tier(5).judge(42, member), Word::Accepted, "audience", "ok");
    assert_says(
        &tier(-1).judge(42, member),
        Word::Refused,
        "audience",
        "fail tier-lapsed",
    );
}

#[test]
fn at_18_one_signature_withdraws() {
    let mut world = World::new();
    let offered = update(42, None);
    let bytes = payload(&offered);
    world.log(&bytes, &[0, 1]);
    assert_eq!(world.judge(42, REQUIRE).word, Word::Accepted);
    let mut withdrawn = offered;
    let text = "crashes at start".into();
    withdrawn.state = State::Withdrawn(Withdrawal {
        reason: WithdrawalReason::Crash,
        text,
    });
    withdrawn.supersedes = vec![sha256(&bytes)];
    world.log(&payload(&withdrawn), &[2]);
    assert_says(
        &world.judge(42, REQUIRE),
        Word::Refused,
        "activation",
        "fail withdrawn",
    );
}

#[test]
fn a_friendlier_amendment_needs_the_threshold() {
    let mut world = World::new();
    let mut tier = update(42, None);
    let everyone_by = Time::from_seconds(NOW + 86_400);
    tier.audience = Audience::Tier {
        name: word("early"),
        permille: 10,
        everyone_by,
    };
    let bytes = payload(&tier);
    world.log(&bytes, &[0, 1]);
    let mut everyone = tier;
    everyone.audience = Audience::Everyone;
    everyone.supersedes = vec![sha256(&bytes)];
    let amendment = payload(&everyone);
    world.log(&amendment, &[0]);
    assert_says(
        &world.judge(42, REQUIRE),
        Word::Refused,
        "audience",
        "fail tier",
    );
    world.log(&amendment, &[1]);
    assert_says(&world.judge(42, REQUIRE), Word::Accepted, "audience", "ok");
}

#[test]
fn at_21_fewer_witnesses_than_the_quorum_leave_it_undecided() {
    let world = world();
    for (witnesses, word, says) in [
        (0, Word::Undecided, "wait too-few-witnesses"),
        (1, Word::Undecided, "wait too-few-witnesses"),
        (2, Word::Accepted, "ok"),
    ] {
        let verdict = judge_lines(&world, world.lines(witnesses, NOW - 3600));
        assert_says(&verdict, word, "witnessed", says);
        assert_eq!(checks(&verdict)["logged"], "ok");
        let row = verdict.check(CheckName::Witnessed).unwrap();
        assert_eq!(
            (row.have, row.need, row.of),
            (Some(witnesses as u64), Some(2), Some(3))
        );
    }
}

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
fn at_27_a_clock_behind_the_cosignatures_or_the_memory_waits() {
    let world = world();
    let before = world.judge_with(42, REQUIRE, &Memory::NotKept, NOW - 3600 - 301);
    assert_says(&before, Word::Undecided, "clock", "wait clock-behind");
    let within = world.judge_with(42, REQUIRE, &Memory::NotKept, NOW - 3600 - 299);
    assert_says(&within, Word::Accepted, "clock", "ok");
    let marks = Marks {
        quorum_time: Some(Time::from_seconds(NOW + 86_400)),
        ..Marks::default()
    };
    let remembered = world.judge_with(42, REQUIRE, &Memory::Known(marks), NOW);
    assert_says(&remembered, Word::Undecided, "clock", "wait clock-behind");
}

#[test]
fn activation_begins_and_ends() {
    let from = |from: i64, until: Option<i64>| {
        with(|update| {
            let until = until.map(|until| Time::from_seconds(NOW + until));
            update.activation = Activation {
                from: Time::from_seconds(NOW + from),
                until,
            };
        })
    };
    assert_says(
        &from(1, None).judge(42, REQUIRE),
        Word::Undecided,
        "activation",
        "wait not-yet",
    );
    assert_says(
        &from(0, None).judge(42, REQUIRE),
        Word::Accepted,
        "activation",
        "ok",
    );
    assert_says(
        &from(-9, Some(-1)).judge(42, REQUIRE),
        Word::Refused,
        "activation",
        "fail expired",
    );
    assert_says(
        &from(-9, Some(0)).judge(42, REQUIRE),
        Word::Accepted,
        "activation",
        "ok",
    );
}

#[test]
fn consent_beyond_the_contract_and_a_product_change_are_refused() {
    let asks = |consent, class| {
        with(|update| {
            update.actions.consent = consent;
            update.actions.class = class;
        })
    };
    let allows =
        "published = true\nconsent = { allow = [\"contract\", \"opt-in\", \"ask-each-time\"] }";
    let opt_in = asks(Consent::OptIn, Class::Feature);
    assert_says(
        &opt_in.judge(42, REQUIRE),
        Word::Refused,
        "consent",
        "fail consent-needed",
    );
    assert_says(&opt_in.judge(42, allows), Word::Accepted, "consent", "ok");
    let change = asks(Consent::Contract, Class::ProductChange);
    assert_says(
        &change.judge(42, REQUIRE),
        Word::Refused,
        "consent",
        "fail product-change",
    );
    assert_says(&change.judge(42, allows), Word::Accepted, "consent", "ok");
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
fn a_serial_must_be_linked_to_the_one_accepted_before() {
    let first = sha256(&payload(&update(41, None)));
    let linked = world().judge_with(42, REQUIRE, &remembers(41, first), NOW);
    assert_says(&linked, Word::Accepted, "serial", "ok");
    let other = world().judge_with(42, REQUIRE, &remembers(41, Hash([3; 32])), NOW);
    assert_says(&other, Word::Refused, "serial", "fail other-chain");
    let mut gap = World::new();
    gap.log(&payload(&update(42, Some((41, first)))), &[0, 1]);
    let incomplete = gap.judge_with(42, REQUIRE, &remembers(40, Hash([3; 32])), NOW);
    assert_says(
        &incomplete,
        Word::Undecided,
        "serial",
        "wait chain-incomplete",
    );
    let unchained = "published = true\nserial = { chain = false }";
    assert_says(
        &gap.judge_with(42, unchained, &remembers(40, Hash([3; 32])), NOW),
        Word::Accepted,
        "serial",
        "ok",
    );
    let repeated = world().judge_with(42, REQUIRE, &remembers(42, Hash([3; 32])), NOW);
    assert_says(&repeated, Word::Refused, "serial", "fail other-chain");
}

#[test]
fn the_state_of_the_memory_is_told() {
    let world = world();
    for (memory, word, says) in [
        (Memory::First, Word::Accepted, "note first-use"),
        (Memory::NotKept, Word::Accepted, "note no-state"),
        (Memory::Damaged, Word::Undecided, "wait state-damaged"),
        (Memory::Known(Marks::default()), Word::Accepted, "ok"),
    ] {
        assert_says(
            &world.judge_with(42, REQUIRE, &memory, NOW),
            word,
            "policy",
            says,
        );
    }
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

#[test]
fn a_proof_of_another_entry_or_a_damaged_checkpoint_proves_nothing() {
    let world = world();
    let good = world.bundle(2, NOW - 3600);
    let text = String::from_utf8(good).unwrap();
    for (from, to) in [
        ("\"logIndex\":\"2\"", "\"logIndex\":\"3\""),
        ("\"logIndex\":\"3\"", "\"logIndex\":\"2\""),
    ] {
        let swapped = text.replace(from, to);
        let evidence = Evidence::read([swapped.as_bytes()]);
        let verdict = kit::judge(&world.policy(REQUIRE), &evidence, 42, &Memory::NotKept, NOW);
        assert_eq!(verdict.word, Word::Undecided);
    }
    // A foreign signature line changes nothing; a known name with a damaged id drops the checkpoint.
    let foreign = text.replace("— center-eu.example/w ", "— center-xx.example/w ");
    let evidence = Evidence::read([foreign.as_bytes()]);
    let verdict = kit::judge(&world.policy(REQUIRE), &evidence, 42, &Memory::NotKept, NOW);
    assert_says(&verdict, Word::Undecided, "logged", "wait bad-proof");
}

#[test]
fn l1_order_and_duplicates_have_no_effect() {
    let world = world();
    let lines = world.lines(2, NOW - 3600);
    let expected = judge_lines(&world, lines.clone());
    let mut reversed = lines.clone();
    reversed.reverse();
    reversed.extend(lines);
    assert_eq!(judge_lines(&world, reversed), expected);
}

#[test]
fn l2_lines_of_strangers_only_grow_the_unknown() {
    let mut world = world();
    let before = world.judge(42, REQUIRE);
    world.log_by(&payload(&update(43, None)), &release_key(99));
    let after = world.judge(42, REQUIRE);
    assert_eq!((before.unknown, after.unknown), (0, 1));
    assert_eq!(after.checks, before.checks);
}

#[test]
fn l8_a_key_of_another_line_cannot_publish_here() {
    let mut world = World::new();
    world.log_by(&payload(&update(42, None)), &release_key(98));
    world.log_by(&payload(&update(42, None)), &release_key(99));
    assert_says(
        &world.judge(42, REQUIRE),
        Word::Undecided,
        "logged",
        "wait not-logged",
    );
}

/// "No single flipped byte of the bundle leads to `accepted`": every byte.
#[test]
fn l9_no_flipped_byte_of_a_bundle_is_accepted() {
    let mut world = World::new();
    world.log(&payload(&update(42, None)), &[0]);
    let text = world
        .policy_text(REQUIRE)
        .replace("threshold = 2", "threshold = 1");
    let policy = Policy::parse(&text, Time::from_seconds(NOW)).unwrap();
    let good = world.bundle(2, NOW - 3600);
    let judge = |bytes: &[u8]| {
        kit::judge(&policy, &Evidence::read([bytes]), 42, &Memory::NotKept, NOW).word
    };
    assert_eq!(judge(&good), Word::Accepted);
    for at in 0..good.len() {
        let mut bytes = good.clone();
        let flip = [0x01, 0x20, 0xff, 0x02, 0x10][at % 5];
        bytes[at] ^= flip;
        assert_ne!(judge(&bytes), Word::Accepted, "byte {at} ^ {flip:#x}");
    }
    for cut in (0..good.len()).step_by(97) {
        assert_ne!(judge(&good[..cut]), Word::Accepted, "cut at {cut}");
    }
}

#[test]
fn bundles_read_back_from_bytes_judge_the_same() {
    let world = world();
    let lines = world.lines(2, NOW - 3600);
    let read = Evidence::read([bundle::write(&lines).as_slice()]);
    let policy = world.policy(REQUIRE);
    let judged = kit::judge(&policy, &read, 42, &Memory::NotKept, NOW);
    assert_eq!(judged, judge_lines(&world, lines));
}

fn judge_lines(world: &World, lines: Vec<bundle::BundleLine>) -> Verdict {
    kit::judge(
        &world.policy(REQUIRE),
        &Evidence::of(lines),
        42,
        &Memory::NotKept,
        NOW,
    )
}

#[test]
fn at_06_more_lines_than_are_read_are_never_accepted_whatever_their_order() {
    let mut world = World::new();
    let offered = update(42, None);
    let bytes = payload(&offered);
    world.log(&bytes, &[0, 1]);
    let mut withdrawn = offered;
    let text = "crashes at start".into();
    withdrawn.state = State::Withdrawn(Withdrawal {
        reason: WithdrawalReason::Crash,
        text,
    });
    withdrawn.supersedes = vec![sha256(&bytes)];
    world.log(&payload(&withdrawn), &[2]);
    let lines = world.lines(2, NOW - 3600);
    let junk = b"{}\n".repeat(4_095);
    let write = |line: &bundle::BundleLine| [line.to_bytes(), b"\n".to_vec()].concat();
    let (first, second, last) = (write(&lines[0]), write(&lines[1]), write(&lines[2]));
    let policy = world.policy(REQUIRE);
    let judge =
        |file: &[u8]| kit::judge(&policy, &Evidence::read([file]), 42, &Memory::NotKept, NOW);
    let cut = judge(&[first.clone(), second.clone(), junk.clone(), last.clone()].concat());
    assert_says(&cut, Word::Undecided, "logged", "wait limit");
    let whole = judge(&[first, second, last].concat());
    assert_says(&whole, Word::Refused, "activation", "fail withdrawn");
}

#[test]
fn a_damaged_withdrawal_is_not_passed_over() {
    let mut world = World::new();
    let offered = update(42, None);
    let bytes = payload(&offered);
    world.log(&bytes, &[0, 1]);
    let mut withdrawn = offered;
    let text = "crashes at start".into();
    withdrawn.state = State::Withdrawn(Withdrawal {
        reason: WithdrawalReason::Crash,
        text,
    });
    withdrawn.supersedes = vec![sha256(&bytes)];
    let last = payload(&withdrawn);
    world.log(&last, &[2]);
    // Somebody replaces the withdrawal's proof by one of another place.
    let mut lines = world.lines(2, NOW - 3600);
    let damaged = lines.pop().unwrap();
    let mut place = damaged.place().clone();
    place.hashes[0].0[0] ^= 1;
    lines.push(
        bundle::BundleLine::new(damaged.envelope().clone(), *damaged.entry(), place).unwrap(),
    );
    assert_says(
        &judge_lines(&world, lines),
        Word::Undecided,
        "logged",
        "wait bad-proof",
    );
}

#[test]
fn marks_only_rise() {
    let world = world();
    let small = world.judge(42, REQUIRE);
    let memory = Memory::Known(small.next.clone());
    let again = world.judge_with(42, REQUIRE, &memory, NOW);
    assert_eq!(again.next, small.next);
    let mut higher = small.next.clone();
    higher.policy = Some((99, Hash([1; 32])));
    higher.quorum_time = Some(Time::from_seconds(NOW));
    let origin = world.log.origin.clone();
    let mut larger = World::new();
    for serial in 1..=9 {
        larger.log(&payload(&update(serial, None)), &[0]);
    }
    higher
        .logs
        .insert(origin.clone(), larger.log.checkpoint(&[], 0));
    let kept = world
        .judge_with(42, REQUIRE, &Memory::Known(higher.clone()), NOW)
        .next;
    assert_eq!(
        (kept.policy, kept.quorum_time),
        (higher.policy, higher.quorum_time)
    );
    assert_eq!(kept.logs[&origin], higher.logs[&origin]);
}

#[test]
fn a_log_that_split_refuses_its_own_publishers_files_only() {
    // The other publisher's log splits in a bundle that also carries this file's honest lines.
    let world = world();
    let mut other = kit::TestLog::new("log.other.example/v1");
    other.append(b"entry");
    let text = world.policy_text(REQUIRE);
    let vkeys = other.vkeys();
    let key = PublicKey::of(&release_key(60)).to_policy_text();
    let text = text.replace(
        "\n[publisher.acme]",
        &format!(
            "\"{}\" = {{ keys = [\"{}\", \"{}\"], witnesses = \"regions\" }}\n\n[publisher.other]\noperator = \"Other\"\n\
             jurisdiction = \"FR\"\nlog = \"{}\"\nkeys = [\"{key}\"]\nthreshold = 1\n\n[publisher.acme]",
            other.origin, vkeys[0], vkeys[1], other.origin
        ),
    );
    let policy = Policy::parse(&text, Time::from_seconds(NOW)).unwrap();
    let mut foreign = update(1, None);
    foreign.line.publisher = word("other");
    let secret = release_key(60);
    let envelope = evidence::envelope::Envelope::sign(payload(&foreign), &secret);
    let public = PublicKey::of(&secret);
    let mut log = kit::TestLog::new("log.other.example/v1");
    let index = log.append(&evidence::entry::Entry::of(&envelope, &public).to_bytes());
    let cosigners: Vec<&kit::Witness> = world.witnesses.iter().take(2).collect();
    let honest = log.checkpoint(&cosigners, NOW - 3600);
    let forged = log.checkpoint_of(Hash([9; 32]), &cosigners, NOW - 3600);
    let mut lines = world.lines(2, NOW - 3600);
    lines.push(log.line(&envelope, &public, index, &honest));
    lines.push(log.line(&envelope, &public, index, &forged));
    let verdict = kit::judge(&policy, &Evidence::of(lines), 42, &Memory::NotKept, NOW);
    assert_eq!(verdict.word, Word::Accepted, "{:#?}", checks(&verdict));
    assert_eq!(verdict.misbehaviour.len(), 1);
    assert!(!verdict.misbehaviour[0].of_publisher && !verdict.proves_misbehaviour());
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
fn u6_a_tier_ends_thirty_days_after_its_log_time_whatever_it_says() {
    let world = with(|update| {
        let everyone_by = Time::from_seconds(NOW + 300 * 86_400);
        update.audience = Audience::Tier {
            name: word("early"),
            permille: 10,
            everyone_by,
        };
    });
    let member = "published = true\naudience = { tiers = [\"early\"] }";
    let within = world.judge_with(42, member, &Memory::NotKept, NOW + 29 * 86_400);
    assert_says(&within, Word::Accepted, "audience", "ok");
    let after = world.judge_with(42, member, &Memory::NotKept, NOW + 31 * 86_400);
    assert_says(&after, Word::Refused, "audience", "fail tier-lapsed");
}
