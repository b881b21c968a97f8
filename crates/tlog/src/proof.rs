//! Inclusion and consistency proofs: RFC 6962 section 2.1, RFC 9162 section 2.1.3. Plan → read → finish.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use tlog::hash::leaf_hash;
//! use tlog::proof::{ProofPlan, check_inclusion};
//! use tlog::tree::Edge;
//!
//! let mut edge = Edge::default();
//! for entry in [b"a", b"b", b"c"] {
//!     edge.push(leaf_hash(entry), &mut Vec::new());
//! }
//! let plan = ProofPlan::inclusion(1, 3).expect("1 is below 3"); // pure: which tiles?
//! let tiles: BTreeMap<_, _> = edge.partial_tiles().map(|(tile, hashes)| (tile, hashes.to_vec())).collect(); // read
//! let proof = plan.finish(&tiles)?; // pure
//! check_inclusion(3, edge.root(), 1, leaf_hash(b"b"), &proof)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::hash::{Hash, node_hash};
use crate::subtree::Subtree;
use crate::tile::{TILE_HEIGHT, TILE_WIDTH, Tile, full_tiles, partial_width};
use crate::tree::perfect_root;

/// Hash tiles that a caller has read.
pub type Tiles = BTreeMap<Tile, Vec<Hash>>;

/// Which tiles of a tree a proof needs, and how the proof is made of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofPlan {
    size: u64,
    ranges: Vec<Range<u64>>,
}

impl ProofPlan {
    /// Plan of the inclusion proof of leaf `index` in the tree of `size` leaves; `None` unless `index` is below `size`.
    pub fn inclusion(index: u64, size: u64) -> Option<Self> {
        Some(Self {
            size,
            ranges: inclusion_ranges(index, size)?,
        })
    }

    /// Plan of the consistency proof from `old` leaves to `size`; `None` if `old` is larger. From 0 it is empty.
    pub fn consistency(old: u64, size: u64) -> Option<Self> {
        if old == 0 {
            return Some(Self {
                size,
                ranges: Vec::new(),
            });
        }
        Some(Self {
            size,
            ranges: Subtree::new(0, old)?.proof_ranges(size)?,
        })
    }

    /// Plan whose one hash is the root of the first `at` leaves, read from a tree of `size` leaves; `None` unless
    /// 0 < `at` ≤ `size`.
    pub fn root(at: u64, size: u64) -> Option<Self> {
        if at == 0 || at > size {
            return None;
        }
        Some(Self {
            size,
            ranges: std::iter::once(0..at).collect(),
        })
    }

    /// The tiles to read, in order. Where a partial one is gone, its full tile cut to the width does (T4).
    pub fn tiles(&self) -> BTreeSet<Tile> {
        self.ranges
            .iter()
            .cloned()
            .flat_map(perfect)
            .map(|node| node.tile(self.size))
            .collect()
    }

    /// The proof, from the tiles that were read.
    ///
    /// # Errors
    /// [`TileMissing`] names a tile that was not read or has not its width.
    pub fn finish(&self, tiles: &Tiles) -> Result<Vec<Hash>, TileMissing> {
        self.ranges
            .iter()
            .map(|range| range_hash(range.clone(), self.size, tiles))
            .collect()
    }
}

/// A tile that a plan asked for was not among those read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} was not read, or is cut off", .0.path())]
pub struct TileMissing(pub Tile);

/// Checks that `leaf` is leaf `index` of the tree of `size` leaves with `root` (RFC 9162 section 2.1.3.2).
///
/// # Errors
/// [`ProofRefused`].
pub fn check_inclusion(
    size: u64,
    root: Hash,
    index: u64,
    leaf: Hash,
    proof: &[Hash],
) -> Result<(), ProofRefused> {
    if index >= size {
        return Err(ProofRefused::Range);
    }
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return Err(ProofRefused::Length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(*sibling, hash);
            // At the right edge a node without a right sibling rises until it is somebody's right child.
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(hash, *sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofRefused::Length);
    }
    if hash != root {
        return Err(ProofRefused::OtherRoot);
    }
    Ok(())
}

/// Checks that the tree of `old_size` leaves is the beginning of the tree of `new_size` (RFC 6962 section 2.1.2).
/// From size 0 the proof must be empty (W7), and so for equal sizes.
///
/// # Errors
/// [`ProofRefused`].
pub fn check_consistency(
    old_size: u64,
    old_root: Hash,
    new_size: u64,
    new_root: Hash,
    proof: &[Hash],
) -> Result<(), ProofRefused> {
    let old = Subtree::new(0, old_size).ok_or(ProofRefused::Range)?;
    old.check(old_root, new_size, new_root, proof)
}

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofRefused {
    /// Too many or too few hashes.
    #[error("proof has not the number of hashes that its sizes ask for")]
    Length,
    /// It leads to another root.
    #[error("proof leads to another root")]
    OtherRoot,
    /// It belongs to another old tree or subtree.
    #[error("proof belongs to another subtree")]
    OtherSubtree,
    /// Index or range lies outside of the tree.
    #[error("index or range lies outside of the tree")]
    Range,
}

impl ProofRefused {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        "fetch the proof again; if it fails again, keep it and both checkpoints: together they are evidence"
    }
}

/// Sibling ranges on the way from leaf `index` to the root; `None` unless `index` is below `size`.
pub(crate) fn inclusion_ranges(index: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if index >= size {
        return None;
    }
    Subtree::new(index, index + 1)?.proof_ranges(size)
}

/// A perfect subtree: 2^height leaves from index × 2^height on.
#[derive(Clone, Copy)]
struct Perfect {
    height: u8,
    index: u64,
}

impl Perfect {
    fn tile(self, size: u64) -> Tile {
        let level = self.height / TILE_HEIGHT;
        let index = self.first() / u64::from(TILE_WIDTH);
        let width = if index < full_tiles(level, size) {
            TILE_WIDTH
        } else {
            partial_width(level, size)
        };
        Tile {
            level,
            index,
            width,
        }
    }

    /// Position of its first hash among the hashes of its tile level.
    fn first(self) -> u64 {
        self.index << (self.height % TILE_HEIGHT)
    }

    fn hash(self, size: u64, tiles: &Tiles) -> Result<Hash, TileMissing> {
        let tile = self.tile(size);
        let first = usize::try_from(self.first() % u64::from(TILE_WIDTH)).unwrap_or(usize::MAX);
        let count = 1usize << (self.height % TILE_HEIGHT);
        tiles
            .get(&tile)
            .and_then(|hashes| hashes.get(first..first.checked_add(count)?))
            .map(perfect_root)
            .ok_or(TileMissing(tile))
    }
}

/// The perfect subtrees of a range, largest first: the binary digits of its length.
fn perfect(range: Range<u64>) -> impl Iterator<Item = Perfect> {
    let mut start = range.start;
    std::iter::from_fn(move || {
        let length = range.end.checked_sub(start).filter(|length| *length > 0)?;
        let height = 63 - length.leading_zeros();
        let index = start >> height;
        start += 1 << height;
        Some(Perfect {
            height: u8::try_from(height).ok()?,
            index,
        })
    })
}

fn range_hash(range: Range<u64>, size: u64, tiles: &Tiles) -> Result<Hash, TileMissing> {
    let mut hashes = perfect(range)
        .map(|node| node.hash(size, tiles))
        .collect::<Result<Vec<_>, _>>()?;
    let mut hash = hashes.pop().unwrap_or(Hash::EMPTY_ROOT);
    while let Some(left) = hashes.pop() {
        hash = node_hash(left, hash);
    }
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subtree::split;
    use crate::tree::Edge;
    use crate::tree::tests::{leaves, naive_root};

    /// All tiles of the tree over `leaves`, and its root.
    fn tiles(leaves: &[Hash]) -> (Tiles, Hash) {
        let mut edge = Edge::default();
        let mut finished = Vec::new();
        for leaf in leaves {
            edge.push(*leaf, &mut finished);
        }
        let mut tiles: Tiles = finished.into_iter().collect();
        tiles.extend(
            edge.partial_tiles()
                .map(|(tile, hashes)| (tile, hashes.to_vec())),
        );
        (tiles, edge.root())
    }

    #[test]
    fn a3_inclusion_of_every_leaf_at_every_size_to_100() {
        let leaves = leaves(100);
        for size in 1..=100 {
            let (tiles, root) = tiles(&leaves[..size]);
            let size = u64::try_from(size).unwrap();
            for index in 0..size {
                let leaf = leaves[usize::try_from(index).unwrap()];
                let proof = ProofPlan::inclusion(index, size)
                    .unwrap()
                    .finish(&tiles)
                    .unwrap();
                assert_eq!(check_inclusion(size, root, index, leaf, &proof), Ok(()));
                let wrong = (index + 1) % size;
                assert!(size == 1 || check_inclusion(size, root, wrong, leaf, &proof).is_err());
                for at in 0..proof.len() {
                    let mut changed = proof.clone();
                    changed[at].0[0] ^= 0x80;
                    assert_eq!(
                        check_inclusion(size, root, index, leaf, &changed),
                        Err(ProofRefused::OtherRoot)
                    );
                    changed.remove(at);
                    assert!(check_inclusion(size, root, index, leaf, &changed).is_err());
                }
                let longer = [proof, vec![root]].concat();
                assert_eq!(
                    check_inclusion(size, root, index, leaf, &longer),
                    Err(ProofRefused::Length)
                );
            }
            assert_eq!(ProofPlan::inclusion(size, size), None);
            assert_eq!(
                check_inclusion(size, root, size, root, &[]),
                Err(ProofRefused::Range)
            );
        }
    }

    #[test]
    fn a3_consistency_of_every_pair_of_sizes_to_100() {
        let leaves = leaves(100);
        for new in 0..=100 {
            let (tiles, new_root) = tiles(&leaves[..new]);
            for old in 0..=new {
                let old_root = naive_root(&leaves[..old]);
                let (old, new) = (u64::try_from(old).unwrap(), u64::try_from(new).unwrap());
                let proof = ProofPlan::consistency(old, new)
                    .unwrap()
                    .finish(&tiles)
                    .unwrap();
                assert_eq!(
                    check_consistency(old, old_root, new, new_root, &proof),
                    Ok(()),
                    "{old} {new}"
                );
                for at in 0..proof.len() {
                    let mut changed = proof.clone();
                    changed[at].0[7] ^= 1;
                    assert!(check_consistency(old, old_root, new, new_root, &changed).is_err());
                }
                let longer = [proof.clone(), vec![new_root]].concat();
                assert!(check_consistency(old, old_root, new, new_root, &longer).is_err());
                assert!(check_consistency(old, Hash([1; 32]), new, new_root, &proof).is_err());
                if old > 0 {
                    assert!(check_consistency(old, old_root, new, Hash([1; 32]), &proof).is_err());
                    let root = ProofPlan::root(old, new).unwrap().finish(&tiles).unwrap();
                    assert_eq!(root, [old_root]);
                }
            }
            let size = u64::try_from(new).unwrap();
            assert_eq!(ProofPlan::consistency(size + 1, size), None);
            assert_eq!(
                check_consistency(size + 1, new_root, size, new_root, &[]),
                Err(ProofRefused::Range)
            );
        }
    }

    #[test]
    fn plans_reach_over_tile_borders() {
        let leaves = leaves(70_000);
        let (tiles, root) = tiles(&leaves);
        for index in [0, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_999] {
            let plan = ProofPlan::inclusion(index, 70_000).unwrap();
            assert!(
                plan.tiles().iter().all(|tile| tiles.contains_key(tile)),
                "{index}"
            );
            let proof = plan.finish(&tiles).unwrap();
            let leaf = leaves[usize::try_from(index).unwrap()];
            assert_eq!(check_inclusion(70_000, root, index, leaf, &proof), Ok(()));
        }
        let (_, old_root) = super::tests::tiles(&leaves[..65_537]);
        let plan = ProofPlan::consistency(65_537, 70_000).unwrap();
        let proof = plan.finish(&tiles).unwrap();
        assert_eq!(
            check_consistency(65_537, old_root, 70_000, root, &proof),
            Ok(())
        );
    }

    #[test]
    fn finish_names_the_tile_that_was_not_read_or_is_cut_off() {
        let (mut tiles, _) = tiles(&leaves(300));
        let plan = ProofPlan::inclusion(299, 300).unwrap();
        let tile = Tile {
            level: 0,
            index: 1,
            width: 44,
        };
        tiles.insert(tile, vec![Hash::default(); 3]);
        assert_eq!(plan.finish(&tiles), Err(TileMissing(tile)));
        tiles.remove(&tile);
        assert_eq!(plan.finish(&tiles), Err(TileMissing(tile)));
    }

    #[test]
    fn split_is_the_largest_power_of_two_below() {
        for (length, expected) in [
            (2, 1),
            (3, 2),
            (4, 2),
            (5, 4),
            (8, 4),
            (9, 8),
            (u64::MAX, 1 << 63),
        ] {
            assert_eq!(split(length), expected);
        }
    }
}
