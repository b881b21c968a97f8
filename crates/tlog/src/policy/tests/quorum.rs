//! Y7 and N5: which checkpoints are witnessed, by whom, and since when.

use proptest::prelude::*;

use super::Key;
use crate::checkpoint::{Checkpoint, LogKeys, LogSigned};
use crate::hash::Hash;
use crate::policy::{
    Invalid, Name, NotWitnessed, Policy, Tally, Witnessed, Witnesses, WitnessesMissing,
};
use crate::signer::{cosign, sign_checkpoint};

const ORIGIN: &str = "log.example/v1";

fn log() -> Key {
    Key::log(ORIGIN, 200)
}

/// Three operators with two keys each, two of three needed.
struct World {
    keys: Vec<(&'static str, Key)>,
    witnesses: Witnesses,
}

fn world() -> World {
    let keys = vec![
        ("eu-e", Key::witness("eu.example/w", 1)),
        ("eu-m", Key::ml_dsa("eu.example/w", 2)),
        ("us-e", Key::witness("us.example/w", 3)),
        ("us-m", Key::ml_dsa("us.example/w", 4)),
        ("sg-e", Key::witness("sg.example/w", 5)),
    ];
    let lines: String = keys
        .iter()
        .map(|(name, key)| format!("witness {name} {}\n", key.vkey))
        .collect();
    let text = format!(
        "{lines}group eu any eu-e eu-m\ngroup us any us-e us-m\ngroup three 2 eu us sg-e\nquorum three\n"
    );
    World {
        witnesses: Witnesses::parse(text.as_bytes()).unwrap(),
        keys,
    }
}

impl World {
    /// The log's checkpoint with cosignature lines of these witnesses at these times, in this order.
    fn note(&self, cosigners: &[(&str, u64)]) -> String {
        let checkpoint = Checkpoint::new(ORIGIN, 9, Hash([7; 32])).unwrap();
        let mut note = sign_checkpoint(&checkpoint, &[&log()]).unwrap();
        for (name, time) in cosigners {
            let (_, key) = self.keys.iter().find(|(known, _)| known == name).unwrap();
            note.push_str(&cosign(&checkpoint.to_text(), *time, key).unwrap());
        }
        note
    }

    fn check(&self, cosigners: &[(&str, u64)]) -> Result<Witnessed, NotWitnessed> {
        self.witnesses.check(signed(&self.note(cosigners)))
    }
}

fn signed(note: &str) -> LogSigned {
    let keys = LogKeys::new(ORIGIN, vec![log().vkey]).unwrap();
    LogSigned::by_all(note.as_bytes(), &keys).unwrap()
}

fn texts(names: &[Name]) -> Vec<String> {
    names.iter().map(Name::to_string).collect()
}

fn tally(result: Result<Witnessed, NotWitnessed>) -> Tally {
    match result {
        Err(NotWitnessed::Missing(missing)) => missing.tally,
        other => panic!("{other:?}"),
    }
}

#[test]
fn y7_accepts_a_quorum_and_says_who_counts_and_since_when() {
    let witnessed = world()
        .check(&[("sg-e", 300), ("eu-m", 100), ("us-e", 200)])
        .unwrap();
    assert_eq!(texts(witnessed.cosigners()), ["eu-m", "us-e", "sg-e"]);
    assert_eq!(texts(&witnessed.tally().met), ["eu", "us", "sg-e"]);
    assert_eq!(
        (witnessed.quorum_time(), witnessed.latest_time()),
        (Some(200), Some(300))
    );
    assert_eq!(
        witnessed.tally().to_string(),
        "3 of 3 (policy asks for 2): eu, us, sg-e"
    );
    assert_eq!(witnessed.checkpoint().size(), 9);
}

#[test]
fn y7_counts_operators_and_never_keys() {
    let missing = tally(world().check(&[("eu-e", 1), ("eu-m", 2)]));
    assert_eq!((missing.have, missing.need, missing.of), (1, 2, 3));
    assert_eq!(
        (texts(&missing.met), texts(&missing.missing)),
        (vec!["eu".into()], vec!["us".into(), "sg-e".into()])
    );
    assert_eq!(
        WitnessesMissing {
            tally: missing,
            latest: Some(2)
        }
        .to_string(),
        "too few witnesses cosigned: 1 of 3 (policy asks for 2): eu"
    );
}

#[test]
fn y7_refuses_a_note_without_cosignatures() {
    assert_eq!(
        tally(world().check(&[])).to_string(),
        "0 of 3 (policy asks for 2)"
    );
}

#[test]
fn y7_quorum_none_needs_no_cosignature_and_knows_no_time() {
    let none = Witnesses::parse(b"quorum none\n").unwrap();
    let witnessed = none.check(signed(&world().note(&[("eu-e", 5)]))).unwrap();
    assert_eq!(
        (witnessed.quorum_time(), witnessed.latest_time()),
        (None, None)
    );
    assert_eq!(*witnessed.tally(), Tally::default());
}

#[test]
fn y7_a_single_witness_can_be_the_quorum() {
    let world = world();
    let one = format!("witness eu {}\nquorum eu\n", world.keys[0].1.vkey);
    let one = Witnesses::parse(one.as_bytes()).unwrap();
    assert_eq!(
        one.check(signed(&world.note(&[("eu-e", 5)])))
            .unwrap()
            .quorum_time(),
        Some(5)
    );
    assert_eq!(
        tally(one.check(signed(&world.note(&[("us-e", 5)])))).to_string(),
        "0 of 1 (policy asks for 1)"
    );
}

#[test]
fn quorum_time_is_the_smallest_at_which_enough_had_signed() {
    for (cosigners, expected) in [
        (&[("eu-e", 10), ("us-e", 20)][..], 20),
        (&[("us-e", 20), ("eu-e", 10)], 20),
        // A later second key of an operator does not raise it.
        (&[("eu-e", 10), ("eu-m", 90), ("us-e", 20)], 20),
        (&[("eu-m", 90), ("eu-e", 10), ("us-e", 20)], 20),
        // A third operator can lower it.
        (&[("eu-e", 10), ("us-e", 20), ("sg-e", 5)], 10),
        // Of one key's two lines the earlier counts, in either order.
        (&[("eu-e", 30), ("eu-e", 10), ("us-e", 20)], 20),
        (&[("eu-e", 10), ("eu-e", 30), ("us-e", 20)], 20),
    ] {
        let witnessed = world().check(cosigners).unwrap();
        assert_eq!(witnessed.quorum_time(), Some(expected), "{cosigners:?}");
    }
}

#[test]
fn a_cosignature_of_time_zero_verifies_but_does_not_count() {
    let world = world();
    let missing = tally(world.check(&[("eu-m", 0), ("us-e", 20)]));
    assert_eq!(missing.to_string(), "1 of 3 (policy asks for 2): us");
    let witnessed = world
        .check(&[("eu-m", 0), ("us-e", 20), ("sg-e", 30)])
        .unwrap();
    assert_eq!(texts(witnessed.cosigners()), ["us-e", "sg-e"]);
    // A damaged one refuses the note like any other.
    let note = world.note(&[("eu-m", 0), ("us-e", 20), ("sg-e", 30)]);
    let damaged = damage_line(&note, "eu.example/w", 60);
    assert!(matches!(
        world.witnesses.check(signed(&damaged)),
        Err(NotWitnessed::BadCosignature { .. })
    ));
}

/// Changes one base64 character of the first line of `name`.
fn damage_line(note: &str, name: &str, at: usize) -> String {
    let start = note.find(&format!("\u{2014} {name} ")).unwrap();
    let from = start + "\u{2014} ".len() + name.len() + 1 + at;
    let mut damaged = note.to_owned();
    let other = if &note[from..=from] == "A" { "B" } else { "A" };
    damaged.replace_range(from..=from, other);
    damaged
}

#[test]
fn n5_one_failing_line_of_a_listed_witness_refuses_the_note_whatever_else_it_carries() {
    let world = world();
    let all = [("eu-e", 10), ("us-e", 20), ("sg-e", 30), ("eu-m", 40)];
    for name in ["eu.example/w", "us.example/w", "sg.example/w"] {
        // In the time, and in the signature.
        for at in [8, 40] {
            let damaged = damage_line(&world.note(&all), name, at);
            let refused = world.witnesses.check(signed(&damaged)).unwrap_err();
            let NotWitnessed::BadCosignature { name: named, .. } = &refused else {
                panic!("{refused:?}")
            };
            assert_eq!(&**named, name);
            assert!(refused.hint().contains("fetch the checkpoint again"));
        }
    }
}

#[test]
fn n5_lines_of_others_are_passed_over_good_or_bad() {
    let world = world();
    let stranger = Key::witness("stranger.example/w", 99);
    let note = world.note(&[("eu-e", 10), ("us-e", 20)]);
    let text = note.split_once("\n\n").unwrap().0.to_owned() + "\n";
    let line = cosign(&text, 5, &stranger).unwrap();
    for line in [line.clone(), damage_line(&line, "stranger.example/w", 40)] {
        let witnessed = world
            .witnesses
            .check(signed(&format!("{note}{line}")))
            .unwrap();
        assert_eq!(witnessed.quorum_time(), Some(20));
    }
}

#[test]
fn n5_a_cosignature_over_another_tree_or_by_another_key_does_not_verify() {
    let world = world();
    let other = Checkpoint::new(ORIGIN, 10, Hash([7; 32]))
        .unwrap()
        .to_text();
    for key in [0, 1] {
        let line = cosign(&other, 10, &world.keys[key].1).unwrap();
        let note = format!("{}{line}", world.note(&[("us-e", 20), ("sg-e", 30)]));
        let refused = world.witnesses.check(signed(&note));
        assert!(
            matches!(refused, Err(NotWitnessed::BadCosignature { .. })),
            "{key}"
        );
    }
}

fn policy(logs: &[&Key]) -> Policy {
    let logs: String = logs
        .iter()
        .map(|key| format!("log {}\n", key.vkey))
        .collect();
    Policy::parse(format!("{logs}{}", world().witnesses).as_bytes()).unwrap()
}

#[test]
fn y7_any_listed_log_is_enough_and_one_of_its_keys() {
    let other = Key::log("other.example/v1", 201);
    let second = Key::ml_dsa(ORIGIN, 202);
    let note = world().note(&[("eu-e", 10), ("us-e", 20)]);
    for logs in [&[&log()][..], &[&other, &log()], &[&second, &log()]] {
        assert_eq!(
            policy(logs).check(note.as_bytes()).unwrap().quorum_time(),
            Some(20)
        );
    }
}

#[test]
fn y7_refuses_unlisted_logs_other_keys_and_missing_witnesses() {
    let note = world().note(&[("eu-e", 10), ("us-e", 20)]);
    let other_origin = Key::log("other.example/v1", 200);
    let other_key = Key::log(ORIGIN, 203);
    assert!(matches!(
        policy(&[]).check(note.as_bytes()),
        Err(Invalid::Log(_))
    ));
    assert!(matches!(
        policy(&[&other_origin]).check(note.as_bytes()),
        Err(Invalid::Log(_))
    ));
    assert!(matches!(
        policy(&[&other_key]).check(note.as_bytes()),
        Err(Invalid::LogSigned(_))
    ));
    let alone = world().note(&[("eu-e", 10)]);
    assert!(matches!(
        policy(&[&log()]).check(alone.as_bytes()),
        Err(Invalid::Witnesses(NotWitnessed::Missing(_)))
    ));
    for bytes in [&b""[..], b"x\n", b"x\n\n\xe2\x80\x94 a AAAAAAA=\n"] {
        assert!(matches!(
            policy(&[&log()]).check(bytes),
            Err(Invalid::LogSigned(_))
        ));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The definition itself: try each t.
    #[test]
    fn quorum_time_agrees_with_its_definition(times in prop::collection::vec(prop::option::of(1_u64..6), 5)) {
        let world = world();
        let cosigners: Vec<_> = world.keys.iter().zip(&times).filter_map(|((name, _), time)| Some((*name, (*time)?))).collect();
        let by = |t: u64| {
            let signed = |name: &str| cosigners.iter().any(|(known, time)| *known == name && *time <= t);
            let operators = [signed("eu-e") || signed("eu-m"), signed("us-e") || signed("us-m"), signed("sg-e")];
            operators.iter().filter(|met| **met).count() >= 2
        };
        let expected = (1..6).find(|t| by(*t));
        match world.check(&cosigners) {
            Ok(witnessed) => prop_assert_eq!(witnessed.quorum_time(), expected),
            Err(NotWitnessed::Missing(_)) => prop_assert_eq!(expected, None),
            Err(other) => panic!("{other}"),
        }
    }
}
