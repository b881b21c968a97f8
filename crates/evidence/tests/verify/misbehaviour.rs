//! Logs and publishers that say two things are convicted by files, and nobody else with them.

use evidence::collect::Evidence;
use evidence::key::PublicKey;
use evidence::policy::Policy;
use evidence::state::{Marks, Memory};
use evidence::time::Time;
use evidence::verdict::{MisbehaviourKind, Word};
use tlog::hash::{Hash, sha256};

use crate::kit::{self, NOW, checks, payload, payload_for, release_key, update, word};
use crate::{REQUIRE, assert_says, judge_lines, world};

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
fn at_15_a_second_root_convicts_on_a_line_of_an_unknown_kind_and_on_one_twice_too() {
    let mut world = world();
    let foreign = br#"{"_type":"https://in-toto.io/Statement/v1","predicate":{},"predicateType":"urn:example:other:v1","subject":[{"digest":{"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}]}"#;
    world.log(foreign, &[0]);
    let other = world.log.checkpoint_of(Hash([9; 32]), &[], 0);
    let mut lines = world.lines(2, NOW - 3600);
    let honest = judge_lines(&world, lines.clone());
    assert_says(
        &honest,
        Word::Accepted,
        "evidence",
        "note unknown-statements",
    );
    let dropped = world.lines_under(&other).pop().unwrap();
    lines.extend([dropped.clone(), dropped]);
    let verdict = judge_lines(&world, lines);
    assert_says(&verdict, Word::Refused, "witnessed", "fail split-view");
    assert_eq!(verdict.misbehaviour.len(), 1);
}

#[test]
fn at_15_a_second_root_convicts_on_a_line_whose_statement_cannot_be_read() {
    let mut world = world();
    world.log(b"{}", &[0]);
    let other = world.log.checkpoint_of(Hash([9; 32]), &[], 0);
    let mut lines = world.lines(2, NOW - 3600);
    lines.push(world.lines_under(&other).pop().unwrap());
    let verdict = judge_lines(&world, lines);
    assert_says(&verdict, Word::Refused, "witnessed", "fail split-view");
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
