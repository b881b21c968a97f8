//! What was accepted before binds what is accepted now: serials, chains, the clock, the marks.

use evidence::state::{LineMark, Marks, Memory};
use evidence::time::Time;
use evidence::verdict::Word;
use tlog::hash::{Hash, sha256};

use crate::kit::{NOW, World, file_digest, line, payload, update};
use crate::{REQUIRE, assert_says, judge_lines, world};

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
fn at_27_a_cosignature_that_meets_no_quorum_still_tells_the_time() {
    let world = world();
    let judge = |time: i64| {
        let mut lines = world.lines(2, NOW - 3600);
        lines.extend(world.lines(1, time));
        judge_lines(&world, lines)
    };
    assert_eq!(judge(NOW + 299).word, Word::Accepted);
    assert_says(
        &judge(NOW + 301),
        Word::Undecided,
        "clock",
        "wait clock-behind",
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
