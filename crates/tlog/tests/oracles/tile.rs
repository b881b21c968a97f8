//! Tiles against `tlog_tiles` 0.2.0: addresses, widths, and each reader over the tiles that the other one wrote.
//!
//! Its addresses are those of Go's module proxy, `tile/8/L/N` and `tile/8/data/N`; only the front differs from ours.
//! Two spellings are left out of the refusals because its reader panics on them: a width of 0 and level 64.

use std::collections::BTreeMap;

use tlog::hash::{Hash, leaf_hash};
use tlog::proof::{ProofPlan, Tiles, check_consistency, check_inclusion};
use tlog::tile::{self, EntryTile, Tile, full_tiles, partial_width};
use tlog::tree::Edge;
use tlog_tiles::{
    Error, HashReader, Tile as TheirTile, TileHashReader, TileReader, check_record, check_tree,
    prove_record, prove_tree, stored_hashes, tree_hash,
};

fn their_path(path: &str) -> String {
    match path.strip_prefix("tile/entries/") {
        Some(rest) => format!("tile/8/data/{rest}"),
        None => path.replacen("tile/", "tile/8/", 1),
    }
}

fn their_tile(tile: &Tile) -> TheirTile {
    TheirTile::new(8, tile.level, tile.index, tile.width.into(), false)
}

fn our_tile(tile: &TheirTile) -> Tile {
    Tile {
        level: tile.level(),
        index: tile.level_index(),
        width: u16::try_from(tile.width()).unwrap(),
    }
}

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

/// Our tiles of the tree of `size` entries, as a reader of theirs.
struct Ours {
    tiles: Tiles,
    size: u64,
    root: Hash,
}

impl TileReader for Ours {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[TheirTile]) -> Result<Vec<Vec<u8>>, Error> {
        tiles
            .iter()
            .map(|tile| self.tiles.get(&our_tile(tile)))
            .map(|hashes| hashes.map(|hashes| tile::to_bytes(hashes)))
            .collect::<Option<_>>()
            .ok_or(Error::InvalidTile)
    }

    fn save_tiles(&self, _: &[TheirTile], _: &[Vec<u8>]) {}
}

impl Ours {
    /// Trees of the sizes given, which ascend, with a finished tile shared by all larger ones.
    fn of_sizes(sizes: &[u64]) -> Vec<Self> {
        let mut edge = Edge::default();
        let mut finished = Vec::new();
        let grow = |size: &u64| {
            while edge.size() < *size {
                edge.push(leaf_hash(&entry(edge.size())), &mut finished);
            }
            let mut tiles: Tiles = finished.iter().cloned().collect();
            let partial = edge.partial_tiles();
            tiles.extend(partial.map(|(tile, hashes)| (tile, hashes.to_vec())));
            Self {
                tiles,
                size: *size,
                root: edge.root(),
            }
        };
        sizes.iter().map(grow).collect()
    }

    fn reader(&self) -> TileHashReader<'_> {
        TileHashReader::new(self.size, tlog_tiles::Hash(self.root.0), self)
    }
}

fn theirs(hash: Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(hash.0)
}

fn ours(hashes: &[tlog_tiles::Hash]) -> Vec<Hash> {
    hashes.iter().map(|hash| Hash(hash.0)).collect()
}

#[test]
fn t2_t5_paths_are_those_of_tlog_tiles_0_2_0() {
    let indexes = [
        0,
        1,
        9,
        67,
        999,
        1_000,
        1_001,
        999_999,
        1_000_000,
        1_234_067,
        999_999_999_999,
        u64::MAX >> 8,
        u64::MAX,
    ];
    for index in indexes {
        for width in [1, 2, 17, 112, 255, 256] {
            for level in [0, 1, 2, 7, 63] {
                let tile = Tile {
                    level,
                    index,
                    width,
                };
                let path = their_path(&tile.path());
                assert_eq!(path, their_tile(&tile).path());
                assert_eq!(our_tile(&TheirTile::from_path(&path).unwrap()), tile);
                assert_eq!(Tile::from_path(&tile.path()), Some(tile));
            }
            let tile = EntryTile { index, width };
            let data = TheirTile::new(8, 0, index, width.into(), true);
            assert_eq!(their_path(&tile.path()), data.path());
            assert_eq!(EntryTile::from_path(&tile.path()), Some(tile));
        }
    }
}

#[test]
fn t2_both_refuse_every_second_spelling_of_a_path() {
    for path in [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/67",
        "tile/0/0067",
        "tile/00/067",
        "tile/+0/067",
        "tile/-1/067",
        "tile/256/067",
        "tile/a/067",
        "tile/0/x067",
        "tile/0/001/067",
        "tile/0/x000/067",
        "tile/0/x000/x001/067",
        "tile/0/x001/x067",
        "tile/0/xx01/067",
        "tile/0/X001/067",
        "tile/0/067.p",
        "tile/0/067.p/",
        "tile/0/067.p/256",
        "tile/0/067.p/01",
        "tile/0/067.p/+1",
        "tile/0/067.p/-1",
        "tile/0/067.p/1/",
        "tile/0/067.p/1/2",
        "tile/0/067.p/65537",
        "tile/0/067.q/1",
        "tile/0/067p/1",
        "tile/0/.p/1",
        "tile/0/067/",
        "tile/0//067",
        "tile//0/067",
        "tile/0/06a",
        "tile/0/ 67",
        "tile/0/+67",
        "tile/0/\u{0660}67",
        "Tile/0/067",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/entries/67",
        "tile/entries/x000/067",
        "tile/entries/067.p/256",
        "tile/data/067",
    ] {
        assert_eq!(Tile::from_path(path), None, "{path}");
        assert_eq!(EntryTile::from_path(path), None, "{path}");
        let path = their_path(path);
        // The last case is their own word for entries, one folder deeper.
        assert_eq!(
            TheirTile::from_path(&path).is_ok(),
            path == "tile/8/data/067"
        );
    }
}

#[test]
fn t3_the_tiles_of_a_size_are_those_of_tlog_tiles_0_2_0() {
    let sizes = (0..1_200).chain([
        4_095, 65_279, 65_280, 65_535, 65_536, 65_537, 65_792, 69_999, 70_000,
    ]);
    for size in sizes {
        let published: Vec<Tile> = TheirTile::new_tiles(8, 0, size)
            .iter()
            .map(our_tile)
            .collect();
        let mut named = Vec::new();
        for level in 0..8 {
            let full = full_tiles(level, size);
            named.extend((0..full).map(|index| (level, index, 256)));
            let width = partial_width(level, size);
            named.extend((width > 0).then_some((level, full, width)));
        }
        let named: Vec<Tile> = named
            .into_iter()
            .map(|(level, index, width)| Tile {
                level,
                index,
                width,
            })
            .collect();
        assert_eq!(named, published, "{size}");
    }
}

/// Their list of new tiles shifts by 64 at 2^56 and above, so the sizes end below.
#[test]
fn t3_one_more_entry_finishes_and_grows_the_same_tiles_at_large_sizes() {
    let mut sizes = Vec::new();
    for power in 0..56 {
        let size = 1u64 << power;
        sizes.extend([size.saturating_sub(2), size - 1, size, size + 1, size + 255]);
        sizes.push(size.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 9);
    }
    for size in sizes.into_iter().filter(|size| *size < (1 << 56) - 1) {
        let widths = (0..8).map(|level| usize::from(partial_width(level, size)));
        let levels = widths.map(|width| vec![Hash::default(); width]).collect();
        let mut edge = Edge::from_levels(size, levels).unwrap();
        let before: Vec<Tile> = edge.partial_tiles().map(|(tile, _)| tile).collect();
        let mut finished = Vec::new();
        edge.push(Hash::default(), &mut finished);
        let grown = edge.partial_tiles().map(|(tile, _)| tile);
        let mut tiles: Vec<Tile> = grown.filter(|tile| !before.contains(tile)).collect();
        tiles.extend(finished.iter().map(|(tile, _)| *tile));
        tiles.sort_unstable();
        let published = TheirTile::new_tiles(8, size, size + 1);
        let published: Vec<Tile> = published.iter().map(our_tile).collect();
        assert_eq!(tiles, published, "{size}");
    }
}

const SIZES: [u64; 17] = [
    1, 2, 3, 5, 8, 100, 255, 256, 257, 511, 512, 513, 700, 65_535, 65_536, 65_537, 70_000,
];

#[test]
fn a8_the_reader_of_tlog_tiles_0_2_0_finds_our_roots_and_proofs_in_our_tiles() {
    let trees = Ours::of_sizes(&SIZES);
    for tree in &trees {
        let reader = tree.reader();
        assert_eq!(tree_hash(tree.size, &reader).unwrap(), theirs(tree.root));
        for index in picked(tree.size) {
            let proof = prove_record(tree.size, index, &reader).unwrap();
            let plan = ProofPlan::inclusion(index, tree.size).unwrap();
            assert_eq!(plan.finish(&tree.tiles), Ok(ours(&proof)));
            let leaf = leaf_hash(&entry(index));
            check_inclusion(tree.size, tree.root, index, leaf, &ours(&proof)).unwrap();
            check_record(&proof, tree.size, theirs(tree.root), index, theirs(leaf)).unwrap();
        }
        for old in trees.iter().filter(|old| old.size <= tree.size) {
            assert_eq!(tree_hash(old.size, &reader).unwrap(), theirs(old.root));
            let root = ProofPlan::root(old.size, tree.size).unwrap();
            assert_eq!(root.finish(&tree.tiles), Ok(vec![old.root]));
            let proof = prove_tree(tree.size, old.size, &reader).unwrap();
            let plan = ProofPlan::consistency(old.size, tree.size).unwrap();
            assert_eq!(plan.finish(&tree.tiles), Ok(ours(&proof)));
            check_consistency(old.size, old.root, tree.size, tree.root, &ours(&proof)).unwrap();
            let (root, old_root) = (theirs(tree.root), theirs(old.root));
            check_tree(&proof, tree.size, root, old.size, old_root).unwrap();
        }
    }
}

#[test]
fn a8_our_plans_find_the_same_proofs_in_the_tiles_that_tlog_tiles_0_2_0_writes() {
    let mut stored = Stored::default();
    for index in 0..700 {
        let hashes = stored_hashes(index, &entry(index), &stored).unwrap();
        stored.0.extend(hashes);
    }
    let trees = Ours::of_sizes(&[1, 2, 255, 256, 257, 513, 700]);
    for tree in &trees {
        let written = TheirTile::new_tiles(8, 0, tree.size);
        let read = |tile: &TheirTile| {
            let bytes = tile.read_data(&stored).unwrap();
            let tile = our_tile(tile);
            (tile, tile::hashes(&bytes, tile.width).unwrap())
        };
        let written: BTreeMap<_, _> = written.iter().map(read).collect();
        assert_eq!(written, tree.tiles, "{}", tree.size);
        for index in picked(tree.size) {
            let proof = prove_record(tree.size, index, &stored).unwrap();
            let plan = ProofPlan::inclusion(index, tree.size).unwrap();
            assert_eq!(plan.finish(&written), Ok(ours(&proof)));
        }
    }
}

/// We check the proof that comes out of the tiles, they check the tiles against their parents. Their loop over the
/// tiles below the tree's right edge begins at the number of subtrees instead of the number of tiles that hold them,
/// so it passes over the inner tile of this tree: there it is the proof that fails, as with us.
#[test]
fn a3_both_refuse_a_tile_with_a_flipped_bit() {
    let [tree] = Ours::of_sizes(&[700]).try_into().ok().unwrap();
    let (index, leaf) = (300, leaf_hash(&entry(300)));
    let plan = ProofPlan::inclusion(index, tree.size).unwrap();
    let good = plan.finish(&tree.tiles).unwrap();
    let (mut proofs, mut seen_by_them) = (0, 0);
    for tile in plan.tiles() {
        for at in 0..usize::from(tile.width) {
            let mut tiles = tree.tiles.clone();
            tiles.get_mut(&tile).unwrap()[at].0[at % 32] ^= 0x10;
            let damaged = Ours { tiles, ..tree };
            let proof = plan.finish(&damaged.tiles).unwrap();
            let accepted = check_inclusion(tree.size, tree.root, index, leaf, &proof).is_ok();
            assert_eq!(accepted, proof == good, "{tile:?} {at}");
            proofs += usize::from(!accepted);
            match prove_record(tree.size, index, &damaged.reader()) {
                Err(error) => {
                    assert!(matches!(error, Error::InconsistentTile), "{error}");
                    seen_by_them += 1;
                }
                Ok(theirs_proof) => {
                    assert_eq!(ours(&theirs_proof), proof);
                    let (root, leaf) = (theirs(tree.root), theirs(leaf));
                    let checked = check_record(&theirs_proof, tree.size, root, index, leaf);
                    assert_eq!(checked.is_ok(), accepted);
                }
            }
        }
    }
    // All of the inner tile but the leaf itself, and the right edge: 2 hashes at level 1, 188 at level 0.
    assert_eq!((proofs, seen_by_them), (255 + 1 + 188, 2 + 188));
}

#[test]
fn t3_both_refuse_a_tile_that_is_gone_or_cut() {
    let [tree] = Ours::of_sizes(&[700]).try_into().ok().unwrap();
    let plan = ProofPlan::inclusion(300, tree.size).unwrap();
    for tile in plan.tiles() {
        let mut tiles = tree.tiles.clone();
        tiles.remove(&tile);
        let gone = Ours { tiles, ..tree };
        assert!(prove_record(tree.size, 300, &gone.reader()).is_err());
        assert!(plan.finish(&gone.tiles).is_err());
        let bytes = tile::to_bytes(&tree.tiles[&tile]);
        for width in [tile.width - 1, tile.width + 1] {
            assert_eq!(tile::hashes(&bytes, width), None);
        }
    }
}

/// Their hashes in the order in which they are stored.
#[derive(Default)]
struct Stored(Vec<tlog_tiles::Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, Error> {
        let read = |index: &u64| self.0.get(usize::try_from(*index).ok()?).copied();
        let hashes: Option<Vec<_>> = indexes.iter().map(read).collect();
        hashes.ok_or(Error::IndexesNotInTree)
    }
}

/// All places of a small tree, the edges of the tiles of a large one.
fn picked(size: u64) -> impl Iterator<Item = u64> {
    let edge = move |index: u64| size <= 257 || index % 256 < 2 || index % 256 > 253;
    let step = if size > 1_000 { 127 } else { 1 };
    (0..size).filter(move |index| edge(*index) && (index / 256).is_multiple_of(step))
}
