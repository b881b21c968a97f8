//! The laws of `evidence.md` §8: order, strangers and other lines change nothing, and no damage makes an `accepted`.

use evidence::bundle;
use evidence::collect::Evidence;
use evidence::policy::Policy;
use evidence::state::Memory;
use evidence::time::Time;
use evidence::verdict::Word;

use crate::kit::{self, NOW, World, payload, release_key, update};
use crate::{REQUIRE, assert_says, judge_lines, world};

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
fn l1_of_two_that_wait_for_witnesses_the_same_is_told_in_any_order() {
    let world = world();
    let mut lines = world.lines(1, NOW - 3600);
    lines.extend(world.lines(0, NOW - 3600));
    let expected = judge_lines(&world, lines.clone());
    assert_says(
        &expected,
        Word::Undecided,
        "witnessed",
        "wait too-few-witnesses",
    );
    lines.reverse();
    assert_eq!(judge_lines(&world, lines), expected);
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
