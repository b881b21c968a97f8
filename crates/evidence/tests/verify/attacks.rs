//! Files, signatures, proofs and cosignatures that are not what publisher, log and quorum offer.

use evidence::bundle::BundleLine;
use evidence::collect::Evidence;
use evidence::judge::{self, Artifact, Choice};
use evidence::reason::{CheckName, Reason};
use evidence::state::Memory;
use evidence::statement::Subject;
use evidence::time::Time;
use evidence::verdict::Word;

use crate::kit::{self, NOW, World, checks, file_digest, payload, update, word};
use crate::{REQUIRE, assert_says, judge_lines, with, world};

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
fn at_01_an_arbitrary_file_is_not_logged() {
    let verdict = world().judge(7, REQUIRE);
    assert_says(&verdict, Word::Undecided, "logged", "wait not-logged");
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
fn at_09_what_is_wrong_with_a_set_is_counted_and_named() {
    let mut world = world();
    let mut two = update(43, None);
    let mut second = two.files[0].clone();
    second.name = kit::file_name(44);
    two.files.push(second);
    let subjects = [43, 44].map(|serial| {
        let name = kit::file_name(serial);
        Subject::file(name, file_digest(serial))
    });
    let bytes = two.to_statement_bytes(&subjects).unwrap();
    world.log(&bytes, &[0, 1]);
    let evidence = Evidence::of(world.lines(2, NOW - 3600));
    let judge = |names: &[(u64, u64)]| {
        let file = |(name, digest): &(u64, u64)| (kit::file_name(*name), file_digest(*digest));
        let artifact = Artifact::Set(names.iter().map(file).collect());
        let verdict = judge::verify(
            &world.policy(REQUIRE),
            &evidence,
            &artifact,
            Time::from_seconds(NOW),
            &Memory::NotKept,
            &Choice::default(),
        );
        let check = verdict.check(CheckName::Logged).unwrap();
        (verdict.word, check.reason, check.have, check.of)
    };
    let accepted = judge(&[(43, 43), (44, 44)]);
    assert_eq!(accepted, (Word::Accepted, None, None, None));
    for (files, reason, have, of) in [
        (&[(43, 43)][..], Reason::MissingFiles, 1, 2),
        (&[(44, 43), (43, 44)], Reason::RenamedFiles, 0, 2),
        (&[(43, 43), (9, 44)], Reason::RenamedFiles, 1, 2),
        (&[(43, 43), (44, 9)], Reason::MixedFiles, 1, 2),
        (&[(43, 43), (44, 44), (9, 9)], Reason::MixedFiles, 2, 3),
    ] {
        let refused = (Word::Refused, Some(reason), Some(have), Some(of));
        assert_eq!(judge(files), refused, "{files:?}");
    }
}

#[test]
fn a_whole_set_that_is_not_offered_here_is_not_told_to_lack_files() {
    let world = world();
    let files = vec![(kit::file_name(42), file_digest(42))];
    let choice = Choice {
        channel: Some(word("beta")),
    };
    let verdict = judge::verify(
        &world.policy(REQUIRE),
        &Evidence::of(world.lines(2, NOW - 3600)),
        &Artifact::Set(files),
        Time::from_seconds(NOW),
        &Memory::NotKept,
        &choice,
    );
    assert_says(&verdict, Word::Undecided, "logged", "wait not-logged");
}

#[test]
fn a_bundle_with_more_checkpoints_than_are_looked_at_waits() {
    let world = world();
    let good = world.lines(2, NOW - 3600);
    let many = |count: usize| {
        let one = world.lines_under(&world.log.checkpoint(&[], 0)).remove(0);
        let (envelope, entry) = (one.envelope(), one.entry());
        let lines = (0..count).map(|number| {
            // A stranger to nobody: the key is the publisher's, the checkpoint is nobody's.
            let mut place = one.place().clone();
            place.checkpoint = format!("{}\u{2014} x AAAA{number:04}\n", place.checkpoint);
            BundleLine::new(envelope.clone(), *entry, place).unwrap()
        });
        let all: Vec<BundleLine> = good.iter().cloned().chain(lines).collect();
        judge_lines(&world, all)
    };
    assert_ne!(checks(&many(1_000))["logged"], "wait limit");
    assert_says(&many(1_024), Word::Undecided, "logged", "wait limit");
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
