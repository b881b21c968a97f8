//! `verify` as attacks meet it: `evidence.md` §11, each attack beside its honest twin, and the laws of §8.

#![allow(
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test"
)]

#[path = "../kit/mod.rs"]
mod kit;

mod amendments;
mod attacks;
mod laws;
mod memory;
mod misbehaviour;
mod offered;
mod required;

use evidence::bundle;
use evidence::collect::Evidence;
use evidence::state::Memory;
use evidence::verdict::{Verdict, Word};
use kit::{NOW, World, checks, payload, update};
use tlog::hash::sha256;

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

fn judge_lines(world: &World, lines: Vec<bundle::BundleLine>) -> Verdict {
    kit::judge(
        &world.policy(REQUIRE),
        &Evidence::of(lines),
        42,
        &Memory::NotKept,
        NOW,
    )
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

const REQUIRE: &str = "published = true";
