//! Amendments: a withdrawal by one key counts and cannot be hidden, a friendlier word needs the threshold.

use evidence::bundle;
use evidence::collect::Evidence;
use evidence::kind::Update;
use evidence::kind::update::{Audience, State, Withdrawal, WithdrawalReason};
use evidence::state::Memory;
use evidence::time::Time;
use evidence::verdict::Word;
use tlog::hash::sha256;

use crate::kit::{self, NOW, World, payload, update, word};
use crate::{REQUIRE, assert_says, judge_lines};

/// The statement that withdraws `offered`.
fn withdrawal(offered: Update) -> Vec<u8> {
    let supersedes = vec![sha256(&payload(&offered))];
    let state = State::Withdrawn(Withdrawal {
        reason: WithdrawalReason::Crash,
        text: "crashes at start".into(),
    });
    payload(&Update {
        state,
        supersedes,
        ..offered
    })
}

#[test]
fn at_18_one_signature_withdraws() {
    let mut world = World::new();
    let offered = update(42, None);
    let bytes = payload(&offered);
    world.log(&bytes, &[0, 1]);
    assert_eq!(world.judge(42, REQUIRE).word, Word::Accepted);
    world.log(&withdrawal(offered), &[2]);
    assert_says(
        &world.judge(42, REQUIRE),
        Word::Refused,
        "activation",
        "fail withdrawn",
    );
}

#[test]
fn at_18_a_withdrawal_refuses_though_what_it_withdraws_is_left_out() {
    let mut world = World::new();
    world.log(&withdrawal(update(42, None)), &[2]);
    assert_says(
        &world.judge(42, REQUIRE),
        Word::Refused,
        "activation",
        "fail withdrawn",
    );
}

#[test]
fn a_friendlier_amendment_alone_offers_nothing() {
    let mut world = World::new();
    let mut amended = update(42, None);
    amended.supersedes = vec![sha256(&payload(&amended))];
    world.log(&payload(&amended), &[0, 1]);
    assert_says(
        &world.judge(42, REQUIRE),
        Word::Undecided,
        "logged",
        "wait not-logged",
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
fn at_06_more_lines_than_are_read_are_never_accepted_whatever_their_order() {
    let mut world = World::new();
    let offered = update(42, None);
    let bytes = payload(&offered);
    world.log(&bytes, &[0, 1]);
    world.log(&withdrawal(offered), &[2]);
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
    let last = withdrawal(offered);
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
