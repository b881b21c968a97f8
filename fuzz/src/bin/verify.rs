//! The whole judgement over hostile bundles (evidence.md §8, L9): whatever the bytes are, `accepted` needs the very statement,
//! signature and entry that the publisher's log really holds.

#![no_main]

use std::sync::LazyLock;

use evidence::bundle::BundleLine;
use evidence::collect::Evidence;
use evidence::judge::{Artifact, Choice, verify};
use evidence::policy::Policy;
use evidence::state::Memory;
use evidence::time::Time;
use evidence::verdict::Word;
use libfuzzer_sys::fuzz_target;
use tlog::hash::Hash;

struct Fixture {
    policy: Policy,
    artifact: Artifact,
    now: Time,
    original: BundleLine,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let now = Time::parse("2026-11-24T23:00:00Z").expect("it is a time");
    let policy = Policy::parse(include_str!("../../fixtures/policy.toml"), now)
        .expect("the demo's policy is one");
    let original = Evidence::read([KEPT])
        .lines()
        .first()
        .expect("the demo's bundle has a line")
        .clone();
    let digest = Hash::from_hex(DIGEST).expect("it is a digest");
    let fixture = Fixture {
        policy,
        artifact: Artifact::File(digest),
        now,
        original,
    };
    // Without this, everything below could hold for the wrong reason.
    assert_eq!(judge(&fixture, KEPT), Word::Accepted);
    fixture
});

fuzz_target!(|bundle: &[u8]| {
    if judge(&FIXTURE, bundle) == Word::Accepted {
        let original = &FIXTURE.original;
        let read = Evidence::read([bundle]);
        assert!(
            read.lines()
                .iter()
                .any(|line| line.envelope() == original.envelope()
                    && line.entry() == original.entry()),
            "accepted without the statement that was signed"
        );
    }
});

fn judge(fixture: &Fixture, bundle: &[u8]) -> Word {
    let evidence = Evidence::read([bundle]);
    let (policy, artifact) = (&fixture.policy, &fixture.artifact);
    verify(
        policy,
        &evidence,
        artifact,
        fixture.now,
        &Memory::NotKept,
        &Choice::default(),
    )
    .word
}

const KEPT: &[u8] = include_bytes!("../../corpus/verify/kept");
/// Of the program that the demo published.
const DIGEST: &str = "6cdf602dff6e03af3576c7671571e0209b13dd0bcdbd177dc530dbcefed69fb8";
