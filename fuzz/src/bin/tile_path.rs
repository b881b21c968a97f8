//! Tile paths (T2): each tile has one path.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tlog::tile::{EntryTile, Tile};

fuzz_target!(|path: &str| {
    if let Some(tile) = Tile::from_path(path) {
        assert_eq!(tile.path(), path);
    }
    if let Some(tile) = EntryTile::from_path(path) {
        assert_eq!(tile.path(), path);
    }
});
