//! Tiles and entry bundles: [tlog-tiles].
//!
//! A full tile holds 256 hashes of one level; what is not yet full is a partial tile, named after its width.
//!
//! ```
//! use tlog::tile::{Tile, partial_width};
//!
//! let tile = Tile { level: 0, index: 1_234_067, width: 256 };
//! assert_eq!(tile.path(), "tile/0/x001/x234/067");
//! assert_eq!(Tile::from_path("tile/0/x001/x234/067"), Some(tile));
//! assert_eq!(partial_width(0, 70_000), 112);
//! ```
//!
//! [tlog-tiles]: https://c2sp.org/tlog-tiles

use crate::checkpoint::parse_decimal;
use crate::hash::Hash;

/// Address of a hash tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// 0–63 on the wire; a tree of 64-bit size has levels 0–7.
    pub level: u8,
    /// Position within the level.
    pub index: u64,
    /// Number of hashes, 1–256.
    pub width: u16,
}

impl Tile {
    /// Path below the log's prefix (T2).
    pub fn path(&self) -> String {
        path(&format!("{}", self.level), self.index, self.width)
    }

    /// Inverse of [`Tile::path`]; `None` for any other spelling.
    pub fn from_path(path: &str) -> Option<Self> {
        let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let level = u8::try_from(parse_decimal(level)?)
            .ok()
            .filter(|level| *level <= MAX_LEVEL)?;
        let (index, width) = parse_index(rest)?;
        Some(Self {
            level,
            index,
            width,
        })
    }

    /// The full tile at the same place, which stands in once a partial one is gone (T4).
    pub fn full(&self) -> Self {
        Self {
            width: TILE_WIDTH,
            ..*self
        }
    }
}

/// Address of an entry bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryTile {
    /// Position: the bundle holds entries from `256 * index` on.
    pub index: u64,
    /// Number of entries, 1–256.
    pub width: u16,
}

impl EntryTile {
    /// Path below the log's prefix (T5).
    pub fn path(&self) -> String {
        path("entries", self.index, self.width)
    }

    /// Inverse of [`EntryTile::path`]; `None` for any other spelling.
    pub fn from_path(path: &str) -> Option<Self> {
        let (index, width) = parse_index(path.strip_prefix("tile/entries/")?)?;
        Some(Self { index, width })
    }

    /// The full bundle at the same place (T4).
    pub fn full(&self) -> Self {
        Self {
            width: TILE_WIDTH,
            ..*self
        }
    }
}

/// Width of the partial tile at `level` for a tree of `size` leaves; 0 if there is none (T3).
pub fn partial_width(level: u8, size: u64) -> u16 {
    let shift = u32::from(level) * u32::from(TILE_HEIGHT);
    let above = size.checked_shr(shift).unwrap_or(0);
    u16::try_from(above % u64::from(TILE_WIDTH)).unwrap_or(0)
}

/// Number of full tiles at `level` for a tree of `size` leaves.
pub fn full_tiles(level: u8, size: u64) -> u64 {
    size.checked_shr((u32::from(level) + 1) * u32::from(TILE_HEIGHT))
        .unwrap_or(0)
}

/// Bytes of a hash tile. Inverse of [`hashes`].
pub fn to_bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// Hashes of a tile of `width`; `None` if the bytes have another length.
pub fn hashes(bytes: &[u8], width: u16) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() || hashes.len() != usize::from(width) {
        return None;
    }
    Some(hashes.iter().map(|hash| Hash(*hash)).collect())
}

/// Appends one entry, framed as in an entry bundle, to `bundle` (T5).
///
/// # Errors
/// [`EntryTooLong`] above 65,535 bytes.
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), EntryTooLong> {
    let length = u16::try_from(entry.len()).map_err(|_| EntryTooLong)?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// Entries of a bundle; `None` if a frame is cut off.
pub fn entries(bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut rest = bundle;
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let (length, behind) = rest.split_first_chunk::<2>()?;
        let (entry, behind) = behind.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        rest = behind;
    }
    Some(entries)
}

/// An entry does not fit in a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry is longer than 65,535 bytes")]
pub struct EntryTooLong;

/// Hashes in a full tile.
pub const TILE_WIDTH: u16 = 256;

/// Levels of the tree that one tile spans.
pub const TILE_HEIGHT: u8 = 8;

/// Largest bundle a reader accepts: 256 entries of 65,535 bytes with their lengths (T6).
pub const MAX_ENTRY_BUNDLE: usize = 256 * 65_537;

fn path(kind: &str, index: u64, width: u16) -> String {
    let mut groups = vec![format!("{:03}", index % 1000)];
    let mut above = index / 1000;
    while above > 0 {
        groups.push(format!("x{:03}", above % 1000));
        above /= 1000;
    }
    groups.reverse();
    let groups = groups.join("/");
    if width < TILE_WIDTH {
        return format!("tile/{kind}/{groups}.p/{width}");
    }
    format!("tile/{kind}/{groups}")
}

fn parse_index(text: &str) -> Option<(u64, u16)> {
    let (groups, width) = match text.split_once(".p/") {
        Some((groups, width)) => {
            let width = u16::try_from(parse_decimal(width)?).ok()?;
            (groups, (1..TILE_WIDTH).contains(&width).then_some(width)?)
        }
        None => (text, TILE_WIDTH),
    };
    let mut index: u64 = 0;
    let mut parts = groups.split('/').peekable();
    let mut first = true;
    while let Some(part) = parts.next() {
        let digits = match parts.peek() {
            Some(_) => part.strip_prefix('x')?,
            None => part,
        };
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let value: u64 = digits.parse().ok()?;
        // A leading group of zeros would be a second name for the same tile.
        if first && value == 0 && parts.peek().is_some() {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(value)?;
        first = false;
    }
    Some((index, width))
}

const MAX_LEVEL: u8 = 63;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn t2_refuses_every_second_spelling_of_a_path() {
        for path in [
            "tile/0/67",
            "tile/0/0067",
            "tile/00/067",
            "tile/64/067",
            "tile/-1/067",
            "tile/0/x067",
            "tile/0/001/067",
            "tile/0/x000/067",
            "tile/0/067.p/0",
            "tile/0/067.p/256",
            "tile/0/067.p/01",
            "tile/0/067.p",
            "tile/0/067/",
            "tile/0//067",
            "tile/0/06a",
            "/tile/0/067",
            "tile/0/x001/x234/067/001",
            "tile/entries/067",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/0/067.p/1/2",
            "tile/0/+67",
        ] {
            assert_eq!(Tile::from_path(path), None, "{path}");
        }
        assert_eq!(EntryTile::from_path("tile/0/067"), None);
    }

    #[test]
    fn t3_widths_are_those_of_the_specification() {
        assert_eq!(
            [0, 1, 2].map(|level| full_tiles(level, 70_000)),
            [273, 1, 0]
        );
        assert_eq!(
            [0, 1, 2, 3].map(|level| partial_width(level, 70_000)),
            [112, 17, 1, 0]
        );
        assert_eq!(
            (
                full_tiles(0, 256),
                partial_width(0, 256),
                partial_width(1, 256)
            ),
            (1, 0, 1)
        );
        assert_eq!(partial_width(63, u64::MAX), 0);
    }

    #[test]
    fn t5_refuses_a_bundle_cut_off_anywhere_but_between_entries() {
        let mut bundle = Vec::new();
        push_entry(&mut bundle, b"ab").unwrap();
        push_entry(&mut bundle, b"").unwrap();
        assert_eq!(entries(&bundle), Some(vec![&b"ab"[..], b""]));
        for cut in [1, 2, 3, 5] {
            assert_eq!(entries(&bundle[..cut]), None, "cut at {cut}");
        }
        assert_eq!(push_entry(&mut bundle, &vec![0; 65_536]), Err(EntryTooLong));
    }

    #[test]
    fn t3_refuses_a_tile_of_another_length() {
        assert!(hashes(&[0; 64], 2).is_some());
        for length in [0, 32, 63, 65, 96] {
            assert_eq!(hashes(&vec![0; length], 2), None, "{length}");
        }
    }

    proptest! {
        #[test]
        fn path_and_from_path_are_inverse(level in 0..=63u8, index: u64, width in 1..=256u16) {
            let tile = Tile { level, index, width };
            prop_assert_eq!(Tile::from_path(&tile.path()), Some(tile));
            let tile = EntryTile { index, width };
            prop_assert_eq!(EntryTile::from_path(&tile.path()), Some(tile));
        }

        #[test]
        fn any_text_that_is_read_is_written_back_equal(text in "tile/(0|7|entries)/(x[0-9]{3}/){0,2}[0-9]{2,4}(\\.p/[0-9]{1,3})?") {
            if let Some(tile) = Tile::from_path(&text) {
                prop_assert_eq!(tile.path(), text.clone());
            }
            if let Some(tile) = EntryTile::from_path(&text) {
                prop_assert_eq!(tile.path(), text);
            }
        }
    }
}
