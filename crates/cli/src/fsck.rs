//! Recomputing a whole log: entries ↔ tiles ↔ root (`tlog.md` T3–T5, F8).
//!
//! Two trees are grown side by side, one over the hashes of the entries, one over the hashes that the lowest tiles hold.
//! While both agree they are one. Where they part, the root in the checkpoint tells which of the two is damaged, and
//! everything above is compared with both, so that one damaged byte is one finding.

use std::fmt;

use tlog::checkpoint::Checkpoint;
use tlog::hash::{Hash, leaf_hash};
use tlog::tile::{self, TILE_WIDTH, Tile};
use tlog::tree::Edge;

use crate::log_reader::{LogError, LogReader, entry_tile};

/// What was recomputed, and what did not fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// Entries that were hashed.
    pub(crate) entries: u64,
    /// Tiles that were compared.
    pub(crate) tiles: u64,
    /// What does not fit, the first [`MAX_FINDINGS`].
    pub(crate) findings: Vec<Finding>,
    /// How many there are in all.
    pub(crate) found: u64,
}

impl Report {
    /// Adds a finding.
    pub(crate) fn add(&mut self, finding: Finding) {
        self.found += 1;
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        }
    }
}

/// One thing that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum Finding {
    /// The root of both trees is another one.
    Root {
        /// What the entries give.
        computed: Hash,
    },
    /// The checkpoint stands for the tiles: entries were changed.
    EntriesChanged,
    /// The checkpoint stands for the entries: tiles were changed.
    TilesChanged,
    /// An entry and its hash in the lowest tile do not fit.
    Entry {
        /// Index of the entry.
        index: u64,
    },
    /// An entry bundle that cannot be cut into the right number of entries.
    Bundle {
        /// Its path.
        path: String,
    },
    /// A tile that holds other hashes.
    Tile {
        /// Its path.
        path: String,
    },
    /// A file that is not there or has the wrong length.
    Missing {
        /// Its path.
        path: String,
    },
    /// A kept checkpoint of a smaller tree, which is not the beginning of this one.
    Forgotten {
        /// Its size.
        size: u64,
    },
    /// A kept checkpoint of a larger tree than the newest one here.
    Shrunk {
        /// Its size.
        size: u64,
    },
}

impl Finding {
    /// The word for machines.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Bundle { .. } => "bundle",
            Self::EntriesChanged => "entries-changed",
            Self::Entry { .. } => "entry",
            Self::Forgotten { .. } => "forgotten",
            Self::Missing { .. } => "missing",
            Self::Root { .. } => "root",
            Self::Shrunk { .. } => "shrunk",
            Self::Tile { .. } => "tile",
            Self::TilesChanged => "tiles-changed",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root { computed } => {
                write!(
                    formatter,
                    "the entries give the root {computed}, the checkpoint names another one"
                )
            }
            Self::EntriesChanged => formatter.write_str(
                "the checkpoint stands for the tiles: it is the entries that are damaged",
            ),
            Self::TilesChanged => formatter.write_str(
                "the checkpoint stands for the entries: it is the tiles that are damaged",
            ),
            Self::Entry { index } => write!(
                formatter,
                "entry {index} has another hash than its tile says"
            ),
            Self::Bundle { path } => write!(
                formatter,
                "{path} does not hold whole entries, or not enough"
            ),
            Self::Tile { path } => write!(
                formatter,
                "{path} holds other hashes than those below it give"
            ),
            Self::Missing { path } => {
                write!(formatter, "{path} is missing, or has the wrong length")
            }
            Self::Forgotten { size } => {
                write!(
                    formatter,
                    "the tree of {size} entries that you kept a checkpoint of is not its beginning"
                )
            }
            Self::Shrunk { size } => {
                write!(
                    formatter,
                    "you kept a checkpoint of {size} entries, and the log shows fewer"
                )
            }
        }
    }
}

/// Recomputes the tree that `checkpoint` names, and compares the roots of `kept` on the way. `progress` is told how many
/// bytes of entries were read.
///
/// # Errors
/// [`LogError`] when the log cannot be read; what is damaged stands in the report.
pub(crate) fn recount(
    log: &LogReader,
    checkpoint: &Checkpoint,
    kept: &[Checkpoint],
    mut progress: impl FnMut(u64),
) -> Result<Report, LogError> {
    let mut recount = Recount {
        report: Report::default(),
        trees: Trees::new(kept),
    };
    let size = checkpoint.size();
    for index in 0..size.div_ceil(u64::from(TILE_WIDTH)) {
        let bundle = entry_tile(index, size);
        let bytes = log.bundle(bundle)?;
        progress(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64));
        let of_entries = recount.entries(&bundle.path(), bundle.width, bytes.as_deref());
        let lowest = Tile {
            level: 0,
            index,
            width: bundle.width,
        };
        let of_tile = log.tile(lowest)?;
        recount.report.tiles += 1;
        if of_tile.is_none() {
            recount.report.add(Finding::Missing {
                path: lowest.path(),
            });
        }
        let finished = recount.grow(index, of_entries, of_tile);
        // Without entries and tile nothing above can be recomputed; each of the two is a finding already.
        let Some(finished) = finished else {
            return Ok(recount.report);
        };
        for (tile, wanted) in finished {
            recount.compare(log, tile, &wanted)?;
        }
    }
    for (tile, wanted) in recount.trees.partial() {
        recount.compare(log, tile, &wanted)?;
    }
    recount.root(checkpoint.root());
    for kept in kept.iter().filter(|kept| kept.size() > size) {
        recount.report.add(Finding::Shrunk { size: kept.size() });
    }
    Ok(recount.report)
}

struct Recount {
    report: Report,
    trees: Trees,
}

impl Recount {
    fn entries(&mut self, path: &str, width: u16, bytes: Option<&[u8]>) -> Option<Vec<Hash>> {
        let Some(bytes) = bytes else {
            self.report.add(Finding::Missing {
                path: path.to_owned(),
            });
            return None;
        };
        // A full bundle that stands in for a partial one holds more entries than this tree has.
        let entries = tile::entries(bytes).filter(|entries| entries.len() >= usize::from(width));
        let Some(entries) = entries else {
            self.report.add(Finding::Bundle {
                path: path.to_owned(),
            });
            return None;
        };
        self.report.entries += u64::from(width);
        Some(
            entries
                .iter()
                .take(usize::from(width))
                .map(|entry| leaf_hash(entry))
                .collect(),
        )
    }

    /// Adds up to 256 leaves to both trees; gives the tiles above that they finish.
    fn grow(
        &mut self,
        bundle: u64,
        of_entries: Option<Vec<Hash>>,
        of_tile: Option<Vec<Hash>>,
    ) -> Option<Vec<(Tile, Wanted)>> {
        let (entries, tiles) = match (of_entries, of_tile) {
            (Some(entries), Some(tiles)) => (entries, tiles),
            (Some(known), None) | (None, Some(known)) => (known.clone(), known),
            (None, None) => return None,
        };
        let first = bundle * u64::from(TILE_WIDTH);
        for (index, (entry, tile)) in (first..).zip(entries.iter().zip(&tiles)) {
            if entry != tile {
                self.report.add(Finding::Entry { index });
            }
        }
        let (finished, forgotten) = self.trees.push(&entries, &tiles);
        for size in forgotten {
            self.report.add(Finding::Forgotten { size });
        }
        Some(finished)
    }

    fn compare(&mut self, log: &LogReader, tile: Tile, wanted: &Wanted) -> Result<(), LogError> {
        if tile.level == 0 {
            return Ok(());
        }
        self.report.tiles += 1;
        match log.tile(tile)? {
            None => self.report.add(Finding::Missing { path: tile.path() }),
            Some(hashes) if wanted.is(&hashes) => {}
            Some(_) => self.report.add(Finding::Tile { path: tile.path() }),
        }
        Ok(())
    }

    fn root(&mut self, root: Hash) {
        let by_entries = self.trees.entries.root();
        let by_tiles = self.trees.tiles.as_ref().map(Edge::root);
        match by_tiles {
            None if by_entries == root => {}
            Some(_) if by_entries == root => self.report.add(Finding::TilesChanged),
            Some(by_tiles) if by_tiles == root => self.report.add(Finding::EntriesChanged),
            _ => self.report.add(Finding::Root {
                computed: by_entries,
            }),
        }
    }
}

/// The two trees; the second is there only once it differs.
struct Trees {
    entries: Edge,
    tiles: Option<Edge>,
    kept: Vec<(u64, Hash)>,
}

/// The hashes that a tile may hold.
struct Wanted {
    by_entries: Vec<Hash>,
    by_tiles: Option<Vec<Hash>>,
}

impl Wanted {
    fn is(&self, hashes: &[Hash]) -> bool {
        self.by_entries == hashes || self.by_tiles.as_deref() == Some(hashes)
    }
}

impl Trees {
    fn new(kept: &[Checkpoint]) -> Self {
        let mut trees = Self {
            entries: Edge::default(),
            tiles: None,
            kept: Vec::new(),
        };
        trees.kept = kept.iter().map(|kept| (kept.size(), kept.root())).collect();
        trees
    }

    /// Adds leaves; gives the tiles that were finished, and the sizes of kept trees that were another tree.
    fn push(&mut self, entries: &[Hash], tiles: &[Hash]) -> (Vec<(Tile, Wanted)>, Vec<u64>) {
        if self.tiles.is_none() && entries != tiles {
            self.tiles = Some(self.entries.clone());
        }
        let (mut finished, mut of_tiles, mut forgotten) = (Vec::new(), Vec::new(), Vec::new());
        for (entry, tile) in entries.iter().zip(tiles) {
            self.entries.push(*entry, &mut finished);
            if let Some(edge) = &mut self.tiles {
                edge.push(*tile, &mut of_tiles);
            }
            let size = self.entries.size();
            for (_, root) in self.kept.iter().filter(|(kept, _)| *kept == size) {
                let others = self.tiles.as_ref().map(Edge::root);
                if self.entries.root() != *root && others != Some(*root) {
                    forgotten.push(size);
                }
            }
        }
        let mut of_tiles = of_tiles.into_iter().map(|(_, hashes)| hashes);
        let both = finished.into_iter().map(|(tile, by_entries)| {
            (
                tile,
                Wanted {
                    by_entries,
                    by_tiles: of_tiles.next(),
                },
            )
        });
        (both.collect(), forgotten)
    }

    fn partial(&self) -> Vec<(Tile, Wanted)> {
        let others: Vec<_> = self
            .tiles
            .iter()
            .flat_map(|edge| edge.partial_tiles())
            .collect();
        let wanted = |(tile, hashes): (Tile, &[Hash])| {
            let other = others.iter().find(|(other, _)| *other == tile);
            let by_tiles = other.map(|(_, hashes)| hashes.to_vec());
            (
                tile,
                Wanted {
                    by_entries: hashes.to_vec(),
                    by_tiles,
                },
            )
        };
        self.entries.partial_tiles().map(wanted).collect()
    }
}

/// A damaged disk may damage everything; a person reads the first page.
pub(crate) const MAX_FINDINGS: usize = 1000;

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Writes a log of `count` entries as tlog-tiles, without a checkpoint; gives its root at each size.
    pub(crate) fn write_log(folder: &Path, count: usize) -> Vec<Hash> {
        let put = |path: String, bytes: &[u8]| {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        let mut edge = Edge::default();
        let mut finished = Vec::new();
        let mut roots = vec![edge.root()];
        let entries: Vec<_> = (0..count)
            .map(|n| format!("entry {n}").into_bytes())
            .collect();
        for entry in &entries {
            edge.push(leaf_hash(entry), &mut finished);
            roots.push(edge.root());
        }
        finished.extend(
            edge.partial_tiles()
                .map(|(tile, hashes)| (tile, hashes.to_vec())),
        );
        for (tile, hashes) in finished {
            put(tile.path(), &tile::to_bytes(&hashes));
        }
        for (index, entries) in entries.chunks(256).enumerate() {
            let mut bundle = Vec::new();
            for entry in entries {
                tile::push_entry(&mut bundle, entry).unwrap();
            }
            put(entry_tile(index as u64, count as u64).path(), &bundle);
        }
        roots
    }

    fn checkpoint(roots: &[Hash], size: usize) -> Checkpoint {
        Checkpoint::new("log.example/v1", size as u64, roots[size]).unwrap()
    }

    fn findings(folder: &Path, checkpoint: &Checkpoint, kept: &[Checkpoint]) -> Vec<Finding> {
        let log = LogReader::Folder(folder.into());
        recount(&log, checkpoint, kept, |_| {}).unwrap().findings
    }

    fn flip(path: &Path, at: usize) {
        let mut bytes = fs::read(path).unwrap();
        bytes[at] ^= 1;
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn a_whole_log_has_no_findings_at_any_size() {
        for count in [0, 1, 2, 255, 256, 257, 700] {
            let folder = tempfile::tempdir().unwrap();
            let roots = write_log(folder.path(), count);
            let kept: Vec<_> = (0..=count)
                .step_by(50)
                .map(|size| checkpoint(&roots, size))
                .collect();
            assert_eq!(
                findings(folder.path(), &checkpoint(&roots, count), &kept),
                [],
                "{count}"
            );
        }
    }

    #[test]
    fn counts_every_entry_and_tile() {
        let folder = tempfile::tempdir().unwrap();
        let roots = write_log(folder.path(), 700);
        let log = LogReader::Folder(folder.path().into());
        let report = recount(&log, &checkpoint(&roots, 700), &[], |_| {}).unwrap();
        // Level 0: two full and one partial tile; level 1: one partial tile.
        assert_eq!((report.entries, report.tiles), (700, 4));
    }

    #[test]
    fn f8_one_damaged_entry_is_named_and_the_tiles_stand() {
        let folder = tempfile::tempdir().unwrap();
        let roots = write_log(folder.path(), 700);
        flip(&folder.path().join("tile/entries/001"), 4);
        let found = findings(folder.path(), &checkpoint(&roots, 700), &[]);
        assert_eq!(
            found,
            [Finding::Entry { index: 256 }, Finding::EntriesChanged]
        );
    }

    #[test]
    fn f8_one_damaged_hash_is_named_and_the_entries_stand() {
        let folder = tempfile::tempdir().unwrap();
        let roots = write_log(folder.path(), 700);
        flip(&folder.path().join("tile/0/000"), 33);
        let found = findings(folder.path(), &checkpoint(&roots, 700), &[]);
        assert_eq!(found, [Finding::Entry { index: 1 }, Finding::TilesChanged]);
    }

    #[test]
    fn f8_damage_above_the_lowest_tiles_is_named_alone() {
        let folder = tempfile::tempdir().unwrap();
        let roots = write_log(folder.path(), 700);
        flip(&folder.path().join("tile/1/000.p/2"), 0);
        let found = findings(folder.path(), &checkpoint(&roots, 700), &[]);
        assert_eq!(
            found,
            [Finding::Tile {
                path: "tile/1/000.p/2".into()
            }]
        );
    }

    #[test]
    fn f8_what_is_missing_is_named_and_the_rest_still_recomputed() {
        for path in [
            "tile/entries/001",
            "tile/0/000",
            "tile/0/002.p/188",
            "tile/1/000.p/2",
        ] {
            let folder = tempfile::tempdir().unwrap();
            let roots = write_log(folder.path(), 700);
            fs::remove_file(folder.path().join(path)).unwrap();
            let found = findings(folder.path(), &checkpoint(&roots, 700), &[]);
            assert_eq!(found, [Finding::Missing { path: path.into() }]);
        }
    }

    #[test]
    fn f8_a_bundle_cut_anywhere_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let roots = write_log(folder.path(), 3);
        let path = folder.path().join("tile/entries/000.p/3");
        let whole = fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let found = findings(folder.path(), &checkpoint(&roots, 3), &[]);
            assert_eq!(
                found,
                [Finding::Bundle {
                    path: "tile/entries/000.p/3".into()
                }],
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn every_flipped_byte_of_every_file_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let roots = write_log(folder.path(), 3);
        for path in ["tile/entries/000.p/3", "tile/0/000.p/3"] {
            let path = folder.path().join(path);
            let whole = fs::read(&path).unwrap();
            for at in 0..whole.len() {
                flip(&path, at);
                assert_ne!(
                    findings(folder.path(), &checkpoint(&roots, 3), &[]),
                    [],
                    "byte {at}"
                );
                fs::write(&path, &whole).unwrap();
            }
        }
    }

    #[test]
    fn another_root_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let roots = write_log(folder.path(), 5);
        let other = Checkpoint::new("log.example/v1", 5, Hash::default()).unwrap();
        assert_eq!(
            findings(folder.path(), &other, &[]),
            [Finding::Root { computed: roots[5] }]
        );
    }

    #[test]
    fn a_kept_checkpoint_that_the_log_forgot_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let roots = write_log(folder.path(), 300);
        let newest = checkpoint(&roots, 300);
        let other = |size| Checkpoint::new("log.example/v1", size, Hash([7; 32])).unwrap();
        assert_eq!(
            findings(folder.path(), &newest, &[other(299)]),
            [Finding::Forgotten { size: 299 }]
        );
        assert_eq!(
            findings(folder.path(), &newest, &[other(301)]),
            [Finding::Shrunk { size: 301 }]
        );
    }

    #[test]
    fn t4_full_tiles_stand_in_for_partial_ones() {
        let folder = tempfile::tempdir().unwrap();
        let roots = write_log(folder.path(), 300);
        // A checkpoint of 200: its partial tiles are gone, the full ones are there.
        assert_eq!(findings(folder.path(), &checkpoint(&roots, 200), &[]), []);
    }

    #[test]
    fn findings_are_counted_beyond_those_that_are_kept() {
        let mut report = Report::default();
        for index in 0..2000 {
            report.add(Finding::Entry { index });
        }
        assert_eq!((report.findings.len(), report.found), (MAX_FINDINGS, 2000));
    }
}
