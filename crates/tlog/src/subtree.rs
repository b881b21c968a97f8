//! Subtrees and their consistency proofs: draft-ietf-plants-merkle-tree-certs, "Subtrees"; RFC 6962 section 2.1.2.
//!
//! A subtree is a range of leaves that may be hashed on its own. A consistency proof between two tree sizes is the
//! special case whose range starts at 0, so there is one piece of mathematics for both.
//!
//! ```
//! use tlog::subtree::Subtree;
//!
//! assert!(Subtree::new(8, 13).is_some());
//! assert_eq!(Subtree::new(4, 9), None); // five leaves may start at multiples of eight only
//! ```

use std::ops::Range;

use crate::hash::{Hash, node_hash};
use crate::proof::ProofRefused;

/// A valid range of leaves: `start` is a multiple of the smallest power of two that is at least its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subtree {
    start: u64,
    end: u64,
}

impl Subtree {
    /// The range `[start, end)`; `None` if it is no valid subtree.
    pub fn new(start: u64, end: u64) -> Option<Self> {
        let length = end.checked_sub(start)?;
        // Above 2^63 leaves no power of two fits in 64 bits, and only a range from 0 is valid.
        let aligned = match length.checked_next_power_of_two() {
            Some(power) => start.is_multiple_of(power),
            None => start == 0,
        };
        aligned.then_some(Self { start, end })
    }

    /// First leaf.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// One past the last leaf.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Ranges whose hashes make the proof that this subtree belongs to the tree of `size` leaves, in proof order;
    /// `None` if it ends above `size`. Nothing proves an empty range, which every tree holds.
    pub fn proof_ranges(&self, size: u64) -> Option<Vec<Range<u64>>> {
        if self.end > size {
            return None;
        }
        let mut ranges = Vec::new();
        if self.start == self.end {
            return Some(ranges);
        }
        collect(self.start, self.end, 0..size, true, &mut ranges);
        Some(ranges)
    }

    /// Checks that the subtree with `hash` belongs to the tree of `size` leaves with `root`.
    ///
    /// # Errors
    /// [`ProofRefused`].
    pub fn check(
        &self,
        hash: Hash,
        size: u64,
        root: Hash,
        proof: &[Hash],
    ) -> Result<(), ProofRefused> {
        if self.end > size {
            return Err(ProofRefused::Range);
        }
        if self.start == self.end {
            return check_empty(hash, proof);
        }
        let mut rest = proof;
        let (ours, whole) =
            fold(self.start, self.end, size, true, hash, &mut rest).ok_or(ProofRefused::Length)?;
        if !rest.is_empty() {
            return Err(ProofRefused::Length);
        }
        if ours != hash {
            return Err(ProofRefused::OtherSubtree);
        }
        if whole != root {
            return Err(ProofRefused::OtherRoot);
        }
        Ok(())
    }
}

fn check_empty(hash: Hash, proof: &[Hash]) -> Result<(), ProofRefused> {
    if !proof.is_empty() {
        return Err(ProofRefused::Length);
    }
    if hash != Hash::EMPTY_ROOT {
        return Err(ProofRefused::OtherSubtree);
    }
    Ok(())
}

/// The draft's recursion, as ranges: what [`fold`] takes from the proof. At most 64 deep.
/// `whole` says that the verifier holds the hash of the very range asked for.
fn collect(start: u64, end: u64, tree: Range<u64>, whole: bool, ranges: &mut Vec<Range<u64>>) {
    if start == tree.start && end == tree.end {
        if !whole {
            ranges.push(tree);
        }
        return;
    }
    let middle = tree.start + split(tree.end - tree.start);
    let other = if end <= middle {
        collect(start, end, tree.start..middle, whole, ranges);
        middle..tree.end
    } else {
        // A range that reaches over the split starts at the tree's start, so its left part is that whole side.
        let reaches_over = start < middle;
        collect(
            start.max(middle),
            end,
            middle..tree.end,
            whole && !reaches_over,
            ranges,
        );
        tree.start..middle
    };
    ranges.push(other);
}

/// Hashes of (the range, the tree of `size` leaves) from the hash the verifier holds and a proof read from its end;
/// `None` if the proof is too short.
fn fold(
    start: u64,
    end: u64,
    size: u64,
    whole: bool,
    hash: Hash,
    proof: &mut &[Hash],
) -> Option<(Hash, Hash)> {
    if start == 0 && end == size {
        if whole {
            return Some((hash, hash));
        }
        let piece = take_last(proof)?;
        return Some((piece, piece));
    }
    let middle = split(size);
    let other = take_last(proof)?;
    if end <= middle {
        let (ours, left) = fold(start, end, middle, whole, hash, proof)?;
        return Some((ours, node_hash(left, other)));
    }
    if middle <= start {
        let (ours, right) = fold(
            start - middle,
            end - middle,
            size - middle,
            whole,
            hash,
            proof,
        )?;
        return Some((ours, node_hash(other, right)));
    }
    let (ours, right) = fold(0, end - middle, size - middle, false, hash, proof)?;
    Some((node_hash(other, ours), node_hash(other, right)))
}

fn take_last(proof: &mut &[Hash]) -> Option<Hash> {
    let (last, rest) = proof.split_last()?;
    *proof = rest;
    Some(*last)
}

/// Where RFC 6962 splits a range of `length` ≥ 2 leaves: the largest power of two below it.
pub(crate) fn split(length: u64) -> u64 {
    debug_assert!(length >= 2, "a single leaf has no split");
    1 << (63 - (length - 1).leading_zeros())
}

#[cfg(test)]
#[expect(
    clippy::single_range_in_vec_init,
    reason = "lists of ranges are what is meant"
)]
mod tests {
    use super::*;
    use crate::hash::{leaf_hash, sha256};
    use crate::proof::{check_inclusion, inclusion_ranges};
    use crate::tree::tests::naive_root;

    const MOST: u8 = 130;

    fn leaves() -> Vec<Hash> {
        (0..MOST).map(|byte| leaf_hash(&[byte])).collect()
    }

    fn hashes(ranges: Vec<Range<u64>>) -> Vec<Hash> {
        let leaves = leaves();
        let at = |index: u64| usize::try_from(index).unwrap();
        ranges
            .into_iter()
            .map(|range| naive_root(&leaves[at(range.start)..at(range.end)]))
            .collect()
    }

    fn subtrees(most: u64) -> impl Iterator<Item = Subtree> {
        (0..=most).flat_map(|end| (0..=end).filter_map(move |start| Subtree::new(start, end)))
    }

    fn line(fields: &str, proof: &[Hash]) -> String {
        let proof: String = proof.iter().map(|hash| format!(" {hash}")).collect();
        format!("{fields}{proof}\n")
    }

    #[test]
    fn a2_hashes_of_all_subtrees_to_130_are_those_of_the_draft() {
        let mut text = String::new();
        for subtree in subtrees(MOST.into()) {
            let hash = hashes(vec![subtree.start..subtree.end]);
            text.push_str(&line(
                &format!("[{}, {})", subtree.start, subtree.end),
                &hash,
            ));
        }
        assert_eq!(
            sha256(text.as_bytes()).to_hex(),
            "b82806ad4265bb151c1119c0f4db437bb4d1a1f887b3a7fba1cd4ebf552e3e81"
        );
    }

    #[test]
    fn a2_inclusion_proofs_within_all_subtrees_to_130_are_those_of_the_draft() {
        let mut text = String::new();
        for subtree in subtrees(MOST.into()) {
            for index in subtree.start..subtree.end {
                let inner =
                    inclusion_ranges(index - subtree.start, subtree.end - subtree.start).unwrap();
                let moved = inner
                    .into_iter()
                    .map(|range| range.start + subtree.start..range.end + subtree.start);
                let proof = hashes(moved.collect());
                text.push_str(&line(
                    &format!("{index} [{}, {})", subtree.start, subtree.end),
                    &proof,
                ));
                let root = hashes(vec![subtree.start..subtree.end])[0];
                let (at, size) = (index - subtree.start, subtree.end - subtree.start);
                let leaf = hashes(vec![index..index + 1])[0];
                assert_eq!(check_inclusion(size, root, at, leaf, &proof), Ok(()));
            }
        }
        assert_eq!(
            sha256(text.as_bytes()).to_hex(),
            "ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f"
        );
    }

    #[test]
    fn a2_consistency_proofs_of_all_subtrees_to_130_are_those_of_the_draft() {
        let mut text = String::new();
        for size in 0..=u64::from(MOST) {
            for subtree in subtrees(size) {
                let proof = hashes(subtree.proof_ranges(size).unwrap());
                text.push_str(&line(
                    &format!("[{}, {}) {size}", subtree.start, subtree.end),
                    &proof,
                ));
            }
        }
        assert_eq!(
            sha256(text.as_bytes()).to_hex(),
            "10fa99b37bf9bf9ffa26b412fbd98bd75363256d0b75d61bc4538b9c9c5a0a74"
        );
    }

    #[test]
    fn a3_accepts_the_proof_of_each_subtree_and_refuses_any_change_to_it() {
        for size in 0..=40 {
            let root = hashes(vec![0..size])[0];
            for subtree in subtrees(size).filter(|subtree| subtree.start < subtree.end) {
                let hash = hashes(vec![subtree.start..subtree.end])[0];
                let proof = hashes(subtree.proof_ranges(size).unwrap());
                assert_eq!(
                    subtree.check(hash, size, root, &proof),
                    Ok(()),
                    "{subtree:?} {size}"
                );
                let other = Hash([9; 32]);
                assert!(subtree.check(other, size, root, &proof).is_err());
                assert!(subtree.check(hash, size, other, &proof).is_err());
                for at in 0..proof.len() {
                    let mut changed = proof.clone();
                    changed[at].0[31] ^= 1;
                    assert!(
                        subtree.check(hash, size, root, &changed).is_err(),
                        "{subtree:?} {size} {at}"
                    );
                    changed.remove(at);
                    assert_eq!(
                        subtree.check(hash, size, root, &changed),
                        Err(ProofRefused::Length)
                    );
                }
                let longer = [proof.as_slice(), &[other]].concat();
                assert!(subtree.check(hash, size, root, &longer).is_err());
            }
        }
    }

    #[test]
    fn refuses_ranges_that_are_reversed_unaligned_or_beyond_the_tree() {
        for (start, end) in [(2, 1), (1, 3), (4, 9), (6, 9), (1, u64::MAX)] {
            assert_eq!(Subtree::new(start, end), None, "[{start}, {end})");
        }
        assert!(Subtree::new(0, u64::MAX).is_some());
        let subtree = Subtree::new(4, 8).unwrap();
        assert_eq!(subtree.proof_ranges(7), None);
        assert_eq!(
            subtree.check(Hash::default(), 7, Hash::default(), &[]),
            Err(ProofRefused::Range)
        );
    }
}
