//! The public files: hash tiles, entry bundles and the checkpoint (`tlog.md` §5.1; tlog-tiles). Derived from the
//! write-ahead log and written without a sync: what a power cut takes of them, recovery writes again (F6).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use tlog::hash::Hash;
use tlog::tile::{EntryTile, TILE_WIDTH, Tile, full_tiles, partial_width};
use tlog::tree::Edge;

use super::derived::Growth;
use super::faults::{Faults, Write};

/// Writes public files of one log folder.
pub(super) struct Files {
    folder: PathBuf,
    faults: Faults,
    /// The folder made last; neighbouring tiles share it.
    made: PathBuf,
    /// Bytes of a tile on their way.
    buffer: Vec<u8>,
    /// The partial tile that was written last, by level.
    partial: BTreeMap<u8, Tile>,
    /// Name of the file that is written and then renamed; each thread has its own.
    unfinished: &'static str,
}

impl Files {
    /// `unfinished` names a file of the log's folder that no other thread uses.
    pub(super) fn new(folder: PathBuf, unfinished: &'static str, faults: Faults) -> Self {
        Self {
            folder,
            faults,
            made: PathBuf::new(),
            buffer: Vec::new(),
            partial: BTreeMap::new(),
            unfinished,
        }
    }

    /// Writes the tiles and bundles that a group of framed entries made full. `open` are the entries of the bundle that
    /// was not full before; afterwards those of the one that is not full now.
    ///
    /// A crash leaves some of the files; all of them are written again from the record. On an error `open` is unchanged,
    /// and the same call may be made again.
    pub(super) fn put_growth(
        &mut self,
        growth: &Growth,
        entries: &[u8],
        open: &mut Vec<u8>,
    ) -> io::Result<()> {
        for (tile, hashes) in &growth.finished {
            self.put_tile(*tile, hashes)?;
        }
        let made = u64::try_from(growth.cuts.len()).unwrap_or(0);
        let mut from = 0;
        for (cut, index) in growth.cuts.iter().zip(growth.bundles - made..) {
            let part = entries.get(from..*cut).unwrap_or_default();
            let bundle = EntryTile {
                index,
                width: TILE_WIDTH,
            };
            if from == 0 {
                self.put(
                    Write::Entries,
                    &bundle.path(),
                    &[open.as_slice(), part].concat(),
                )?;
            } else {
                self.put(Write::Entries, &bundle.path(), part)?;
            }
            from = *cut;
        }
        if from > 0 {
            open.clear();
        }
        open.extend_from_slice(entries.get(from..).unwrap_or_default());
        Ok(())
    }

    /// Writes the partial tiles of a tree, and the bundle `open` of its last entries.
    ///
    /// A crash leaves some of the files; nothing that leaves the process speaks of this size before all are written.
    pub(super) fn put_partial(&mut self, edge: &Edge, open: &[u8]) -> io::Result<()> {
        self.put_partial_levels(edge.size(), edge.levels(), open)
    }

    /// [`Files::put_partial`] of a tree of which these are the unfinished tiles, level 0 first.
    pub(super) fn put_partial_levels(
        &mut self,
        size: u64,
        levels: &[Vec<Hash>],
        open: &[u8],
    ) -> io::Result<()> {
        for (hashes, level) in levels.iter().zip(0..) {
            let (index, width) = (full_tiles(level, size), partial_width(level, size));
            let tile = Tile {
                level,
                index,
                width,
            };
            // Above the leaves a tile stays the same for long, and replacing a file costs more than making one.
            if width > 0 && self.partial.get(&level) != Some(&tile) {
                self.put_tile(tile, hashes)?;
                self.partial.insert(level, tile);
            }
        }
        if let Some(bundle) = partial_bundle(size) {
            self.put(Write::Entries, &bundle.path(), open)?;
        }
        Ok(())
    }

    /// Replaces the public checkpoint.
    pub(super) fn put_checkpoint(&mut self, note: &str) -> io::Result<()> {
        self.put(Write::Checkpoint, CHECKPOINT, note.as_bytes())
    }

    fn put_tile(&mut self, tile: Tile, hashes: &[Hash]) -> io::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        for hash in hashes {
            buffer.extend_from_slice(&hash.0);
        }
        let put = self.put(Write::Tile, &tile.path(), &buffer);
        self.buffer = buffer;
        put
    }

    /// Temporary file, then rename: a reader sees all of it or nothing.
    fn put(&mut self, name: Write, path: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.folder.join(path);
        if let Some(folder) = path.parent().filter(|folder| *folder != self.made) {
            fs::create_dir_all(folder)?;
            self.made = folder.to_path_buf();
        }
        let unfinished = self.folder.join(self.unfinished);
        let file = File::create(&unfinished)?;
        self.faults
            .write(name, bytes, |part, at| file.write_all_at(part, at))?;
        fs::rename(&unfinished, &path)
    }
}

/// Removes the partial tiles and bundles at the places that became full between two sizes (T4).
///
/// Their full tiles must be synced: until then a partial bundle can be the only copy of entries whose segment is gone.
pub(super) fn remove_partials(folder: &Path, from: u64, to: u64) -> io::Result<()> {
    let mut level = 0;
    while full_tiles(level, to) > 0 {
        for index in full_tiles(level, from)..full_tiles(level, to) {
            let tile = Tile {
                level,
                index,
                width: TILE_WIDTH,
            };
            remove_folder(&folder.join(format!("{}.p", tile.path())))?;
            if level == 0 {
                let bundle = EntryTile {
                    index,
                    width: TILE_WIDTH,
                };
                remove_folder(&folder.join(format!("{}.p", bundle.path())))?;
            }
        }
        level += 1;
    }
    Ok(())
}

/// The bundle of the last entries of a tree, unless all bundles are full.
pub(super) fn partial_bundle(size: u64) -> Option<EntryTile> {
    let width = partial_width(0, size);
    (width > 0).then_some(EntryTile {
        index: full_tiles(0, size),
        width,
    })
}

/// The bytes of a file, or `None` if there is none.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut file = match File::open(path) {
        Err(error) if is_absent(&error) => return Ok(None),
        opened => opened?,
    };
    // One look at the length saves growing the buffer step by step.
    let length = file.metadata()?.len();
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0).saturating_add(1));
    file.read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Name of the public checkpoint in the log's folder.
pub(super) const CHECKPOINT: &str = "checkpoint";

fn remove_folder(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if is_absent(&error) => Ok(()),
        removed => removed,
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
