//! Roots and proofs of RFC 6962 against `ct-merkle` 0.3.0, at every size to 200.
//!
//! It proves nothing from the empty tree, so old sizes begin at 1.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use sha2::Sha256;
use tlog::hash::{Hash, leaf_hash};
use tlog::proof::{ProofPlan, Tiles, check_consistency, check_inclusion};
use tlog::tree::Edge;

const MOST: u64 = 200;

/// One entry of each length, so that the padding of the hash function takes part.
fn entry(index: u64) -> Vec<u8> {
    vec![u8::try_from(index).unwrap(); usize::try_from(index).unwrap()]
}

type Theirs = MemoryBackedTree<Sha256, Vec<u8>>;

/// Both trees of each size from 0 to `most`.
fn trees(most: u64) -> Vec<(Theirs, Edge)> {
    let (mut theirs, mut edge) = (Theirs::new(), Edge::default());
    let mut trees = vec![(theirs.clone(), edge.clone())];
    for index in 0..most {
        theirs.push(entry(index));
        edge.push(leaf_hash(&entry(index)), &mut Vec::new());
        trees.push((theirs.clone(), edge.clone()));
    }
    trees
}

/// Under 256 leaves a tree has one tile.
fn tiles(edge: &Edge) -> Tiles {
    let partial = edge.partial_tiles();
    partial
        .map(|(tile, hashes)| (tile, hashes.to_vec()))
        .collect()
}

fn bytes(proof: &[Hash]) -> Vec<u8> {
    proof.iter().flat_map(|hash| hash.0).collect()
}

fn their_root(root: Hash, size: u64) -> RootHash<Sha256> {
    RootHash::new(root.0.into(), size)
}

fn they_include(size: u64, root: Hash, index: u64, entry: &Vec<u8>, proof: &[Hash]) -> bool {
    let proof = InclusionProof::try_from_bytes(bytes(proof)).unwrap();
    their_root(root, size)
        .verify_inclusion(entry, index, &proof)
        .is_ok()
}

fn they_extend(old: (u64, Hash), new: (u64, Hash), proof: &[Hash]) -> bool {
    let proof = ConsistencyProof::try_from_bytes(bytes(proof)).unwrap();
    their_root(new.1, new.0)
        .verify_consistency(&their_root(old.1, old.0), &proof)
        .is_ok()
}

#[test]
fn a3_roots_are_those_of_ct_merkle_0_3_0() {
    for (theirs, edge) in trees(MOST) {
        assert_eq!(theirs.len(), edge.size());
        assert_eq!(theirs.root().as_bytes()[..], edge.root().0);
    }
}

#[test]
fn a3_inclusion_proofs_are_those_of_ct_merkle_0_3_0() {
    for (theirs, edge) in trees(MOST) {
        let (size, root, tiles) = (edge.size(), edge.root(), tiles(&edge));
        for index in 0..size {
            let plan = ProofPlan::inclusion(index, size).unwrap();
            let proof = plan.finish(&tiles).unwrap();
            let their_proof = theirs.prove_inclusion(usize::try_from(index).unwrap());
            assert_eq!(their_proof.as_bytes(), bytes(&proof), "{index} of {size}");
            let entry = entry(index);
            let leaf = leaf_hash(&entry);
            assert_eq!(check_inclusion(size, root, index, leaf, &proof), Ok(()));
            assert!(they_include(size, root, index, &entry, &proof));
            for changed in broken(&proof) {
                assert!(check_inclusion(size, root, index, leaf, &changed).is_err());
                assert!(!they_include(size, root, index, &entry, &changed));
            }
        }
    }
}

#[test]
fn a3_consistency_proofs_are_those_of_ct_merkle_0_3_0() {
    let trees = trees(MOST);
    let roots: Vec<(u64, Hash)> = trees
        .iter()
        .map(|(_, edge)| (edge.size(), edge.root()))
        .collect();
    for ((theirs, edge), new) in trees.iter().zip(&roots) {
        let tiles = tiles(edge);
        for old in roots.iter().filter(|old| (1..=new.0).contains(&old.0)) {
            let plan = ProofPlan::consistency(old.0, new.0).unwrap();
            let proof = plan.finish(&tiles).unwrap();
            let added = usize::try_from(new.0 - old.0).unwrap();
            let their_proof = theirs.prove_consistency(added);
            assert_eq!(their_proof.as_bytes(), bytes(&proof), "{} {}", old.0, new.0);
            assert_eq!(
                check_consistency(old.0, old.1, new.0, new.1, &proof),
                Ok(())
            );
            assert!(they_extend(*old, *new, &proof));
            for changed in broken(&proof) {
                assert!(check_consistency(old.0, old.1, new.0, new.1, &changed).is_err());
                assert!(!they_extend(*old, *new, &changed));
            }
        }
    }
}

/// A right proof beside wrong numbers. Some hold all the same, since only the shape of the way counts: both must say
/// so of the same ones.
#[test]
fn a3_proofs_with_other_indexes_and_sizes_are_judged_as_by_ct_merkle_0_3_0() {
    let (mut refused, mut held) = (0, 0);
    let trees = trees(24);
    for (_, edge) in &trees {
        let (size, root, tiles) = (edge.size(), edge.root(), tiles(edge));
        for index in 0..size {
            let (entry, plan) = (entry(index), ProofPlan::inclusion(index, size).unwrap());
            let proof = plan.finish(&tiles).unwrap();
            for other_size in 0..=26 {
                for other in 0..=26 {
                    let leaf = leaf_hash(&entry);
                    let ours = check_inclusion(other_size, root, other, leaf, &proof).is_ok();
                    let theirs = they_include(other_size, root, other, &entry, &proof);
                    assert_eq!(ours, theirs, "{index} of {size} as {other} of {other_size}");
                    *if ours { &mut held } else { &mut refused } += 1;
                }
            }
        }
        for old in (1..=size).filter_map(|old| trees.get(usize::try_from(old).ok()?)) {
            let (old_size, old_root) = (old.1.size(), old.1.root());
            let plan = ProofPlan::consistency(old_size, size).unwrap();
            let proof = plan.finish(&tiles).unwrap();
            for other_old in 1..=26 {
                for other in 0..=26 {
                    let ours = check_consistency(other_old, old_root, other, root, &proof).is_ok();
                    let theirs = they_extend((other_old, old_root), (other, root), &proof);
                    let case = format!("{old_size} to {size} as {other_old} to {other}");
                    assert_eq!(ours, theirs, "{case}");
                    *if ours { &mut held } else { &mut refused } += 1;
                }
            }
        }
    }
    assert!(refused > 100 * held / 5 && held > 600, "{refused} {held}");
}

/// The proof with a bit flipped in each hash, without each hash, and with one more.
fn broken(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut broken = vec![[proof, &[Hash::EMPTY_ROOT]].concat()];
    for at in 0..proof.len() {
        let mut changed = proof.to_vec();
        changed[at].0[at % 32] ^= 1 << (at % 8);
        broken.push(changed.clone());
        changed.remove(at);
        broken.push(changed);
    }
    broken
}
