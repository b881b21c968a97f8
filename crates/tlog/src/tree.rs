//! Merkle trees of [RFC 6962] section 2.1, grown at their right edge in tiles.
//!
//! A log only ever appends, so of a tree of any size it keeps the *edge*: the hashes of the one unfinished tile per
//! level, at most 8 × 255 × 32 bytes. Pushing a leaf may finish tiles; the caller writes them.
//!
//! ```
//! use tlog::hash::leaf_hash;
//! use tlog::tree::Edge;
//!
//! let mut edge = Edge::default();
//! let mut finished = Vec::new();
//! for entry in ["a", "b", "c"] {
//!     edge.push(leaf_hash(entry.as_bytes()), &mut finished);
//! }
//! assert_eq!(edge.size(), 3);
//! assert!(finished.is_empty());
//! assert_eq!(edge.partial_tiles().count(), 1);
//! ```
//!
//! [RFC 6962]: https://www.rfc-editor.org/rfc/rfc6962#section-2.1

use crate::hash::{Hash, node_hash};
use crate::tile::{TILE_WIDTH, Tile, full_tiles, partial_width};

/// The right edge of a tree: enough to append and to tell the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    /// Per level the hashes of the unfinished tile, each under 256 long.
    levels: Vec<Vec<Hash>>,
}

impl Edge {
    /// The edge of a tree of `size` leaves from its partial tiles, level 0 first, an empty list where a level has none;
    /// `None` if their widths are not those of `size`. Inverse of [`Edge::levels`].
    pub fn from_levels(size: u64, mut levels: Vec<Vec<Hash>>) -> Option<Self> {
        while levels.last().is_some_and(Vec::is_empty) {
            levels.pop();
        }
        for level in 0..=MAX_LEVEL {
            let width = levels.get(usize::from(level)).map_or(0, Vec::len);
            if width != usize::from(partial_width(level, size)) {
                return None;
            }
        }
        Some(Self { size, levels })
    }

    /// The unfinished tile of each level, level 0 first.
    pub fn levels(&self) -> &[Vec<Hash>] {
        &self.levels
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf; tiles that it finishes are added to `finished`, lower levels first.
    pub fn push(&mut self, leaf: Hash, finished: &mut Vec<(Tile, Vec<Hash>)>) {
        let mut hash = leaf;
        let mut index = self.size / u64::from(TILE_WIDTH);
        self.size += 1;
        for level in 0..=MAX_LEVEL {
            let at = usize::from(level);
            if self.levels.len() == at {
                self.levels
                    .push(Vec::with_capacity(usize::from(TILE_WIDTH)));
            }
            let Some(hashes) = self.levels.get_mut(at) else {
                return;
            };
            hashes.push(hash);
            if hashes.len() < usize::from(TILE_WIDTH) {
                return;
            }
            let full = std::mem::replace(hashes, Vec::with_capacity(usize::from(TILE_WIDTH)));
            hash = perfect_root(&full);
            finished.push((
                Tile {
                    level,
                    index,
                    width: TILE_WIDTH,
                },
                full,
            ));
            index /= u64::from(TILE_WIDTH);
        }
    }

    /// Root hash of the tree.
    pub fn root(&self) -> Hash {
        let mut root: Option<Hash> = None;
        // From the right: the smallest perfect subtrees are the lowest bits of level 0, then of level 1, and so on.
        for hashes in &self.levels {
            let mut end = hashes.len();
            while end > 0 {
                let width = 1 << end.trailing_zeros();
                let perfect = perfect_root(hashes.get(end - width..end).unwrap_or_default());
                root = Some(root.map_or(perfect, |right| node_hash(perfect, right)));
                end -= width;
            }
        }
        root.unwrap_or(Hash::EMPTY_ROOT)
    }

    /// The partial tiles of this size, level 0 first (T3, T4).
    pub fn partial_tiles(&self) -> impl Iterator<Item = (Tile, &[Hash])> {
        let size = self.size;
        self.levels
            .iter()
            .zip(0u8..)
            .filter(|(hashes, _)| !hashes.is_empty())
            .map(move |(hashes, level)| {
                let width = u16::try_from(hashes.len()).unwrap_or(TILE_WIDTH);
                (
                    Tile {
                        level,
                        index: full_tiles(level, size),
                        width,
                    },
                    hashes.as_slice(),
                )
            })
    }
}

/// Root of 1, 2, 4 … 256 hashes side by side.
pub(crate) fn perfect_root(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => Hash::EMPTY_ROOT,
        [hash] => *hash,
        [left, right] => node_hash(*left, *right),
        _ => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            node_hash(perfect_root(left), perfect_root(right))
        }
    }
}

/// A tree of 2^64 − 1 leaves has tiles at levels 0 to 7.
const MAX_LEVEL: u8 = 7;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::hash::leaf_hash;

    /// RFC 6962 section 2.1, word by word.
    pub(crate) fn naive_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::EMPTY_ROOT,
            [leaf] => *leaf,
            _ => {
                let mut k = 1;
                while k * 2 < leaves.len() {
                    k *= 2;
                }
                node_hash(naive_root(&leaves[..k]), naive_root(&leaves[k..]))
            }
        }
    }

    pub(crate) fn leaves(count: usize) -> Vec<Hash> {
        (0..count)
            .map(|i| {
                leaf_hash(&[
                    u8::try_from(i % 251).unwrap(),
                    u8::try_from(i / 251 % 251).unwrap(),
                ])
            })
            .collect()
    }

    #[test]
    fn a3_root_equals_the_naive_one_at_every_size_to_600() {
        let leaves = leaves(600);
        let mut edge = Edge::default();
        let mut finished = Vec::new();
        for size in 0..=600 {
            assert_eq!(edge.root(), naive_root(&leaves[..size]), "{size}");
            assert_eq!(
                Edge::from_levels(edge.size(), edge.levels().to_vec()),
                Some(edge.clone())
            );
            if size < 600 {
                edge.push(leaves[size], &mut finished);
            }
        }
        assert_eq!(finished.len(), 2);
    }

    #[test]
    fn finishes_tiles_of_two_levels_at_65536_leaves() {
        let leaves = leaves(65_537);
        let mut edge = Edge::default();
        let mut finished = Vec::new();
        for leaf in &leaves {
            edge.push(*leaf, &mut finished);
        }
        assert_eq!(finished.len(), 257);
        let (tile, hashes) = finished.last().unwrap();
        assert_eq!((tile.level, tile.index, hashes.len()), (1, 0, 256));
        assert_eq!(edge.root(), naive_root(&leaves));
        let partial: Vec<Tile> = edge.partial_tiles().map(|(tile, _)| tile).collect();
        assert_eq!(
            partial,
            [
                Tile {
                    level: 0,
                    index: 256,
                    width: 1
                },
                Tile {
                    level: 2,
                    index: 0,
                    width: 1
                }
            ]
        );
    }

    #[test]
    fn refuses_an_edge_whose_widths_do_not_belong_to_the_size() {
        let leaf = Hash::default();
        assert_eq!(Edge::from_levels(3, vec![vec![leaf; 2]]), None);
        assert_eq!(Edge::from_levels(256, vec![vec![leaf; 256]]), None);
        assert_eq!(Edge::from_levels(0, vec![vec![leaf]]), None);
        assert_eq!(Edge::from_levels(256, vec![vec![], vec![leaf, leaf]]), None);
        assert!(Edge::from_levels(256, vec![vec![], vec![leaf]]).is_some());
    }
}
