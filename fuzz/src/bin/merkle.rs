//! Merkle proofs with any numbers: an answer, in few steps, and never for the wrong root.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tlog::hash::Hash;
use tlog::proof::{ProofPlan, check_consistency, check_inclusion};
use tlog::subtree::Subtree;

fuzz_target!(|input: (u64, u64, u64, Vec<[u8; 32]>)| {
    let (a, b, size, hashes) = input;
    let hashes: Vec<Hash> = hashes.into_iter().map(Hash).collect();
    let (leaf, root) = (Hash([1; 32]), Hash([2; 32]));
    // Nobody finds a path to a root that is no hash of anything.
    assert!(check_inclusion(size, root, a, leaf, &hashes).is_err());
    let consistent = check_consistency(a, leaf, size, root, &hashes);
    assert!(consistent.is_err());
    if let Some(plan) = ProofPlan::inclusion(a, size) {
        assert!(plan.tiles().len() <= 64);
    }
    if let Some(plan) = ProofPlan::consistency(a, size) {
        assert!(plan.tiles().len() <= 128);
    }
    if let Some(subtree) = Subtree::new(a, b) {
        assert!(
            subtree
                .proof_ranges(size)
                .is_none_or(|ranges| ranges.len() <= 128)
        );
        let _ = subtree.check(leaf, size, root, &hashes);
    }
});
