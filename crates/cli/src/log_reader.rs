//! A log as anyone can read it: the files of [tlog-tiles] from a server or a folder.
//!
//! A tile or bundle that is gone in its partial form is cut from the full one (T4). Nothing read here is believed: the
//! callers recompute.
//!
//! [tlog-tiles]: https://c2sp.org/tlog-tiles

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tlog::checkpoint::LogSignedRefused;
use tlog::hash::Hash;
use tlog::note::MAX_NOTE;
use tlog::proof::{ProofPlan, ProofRefused, TileMissing, Tiles};
use tlog::tile::{self, EntryTile, MAX_ENTRY_BUNDLE, TILE_WIDTH, Tile};

use crate::exit_code::ExitCode;
use crate::file::{self, FileError};
use crate::http::{Client, FetchError};
use crate::value::LogPlace;

/// A place from which a log is read.
pub(crate) enum LogReader {
    /// A copy on this machine.
    Folder(PathBuf),
    /// A server.
    Server(Client),
}

/// A log could not be read, or holds not what was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum LogError {
    /// A server.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A folder.
    #[error(transparent)]
    File(#[from] FileError),
    /// An index that the log does not have yet.
    #[error("the log has no entry {index} yet; it has {size}")]
    NoEntry {
        /// The index asked for.
        index: u64,
        /// Entries that there are.
        size: u64,
    },
    /// A note that is no checkpoint, or not this log's.
    #[error("{place} has no checkpoint that can be used")]
    NoCheckpoint {
        /// Where it stands.
        place: String,
        /// What is wrong with it.
        #[source]
        source: LogSignedRefused,
    },
    /// A checkpoint of another log.
    #[error("{place} is a checkpoint of another log")]
    OtherLog {
        /// Where it stands.
        place: String,
    },
    /// No checkpoint.
    #[error("no log is at {place}: it has no checkpoint")]
    NoLog {
        /// Where was looked.
        place: String,
    },
    /// A tile or bundle that the checkpoint promises is not there or cut off.
    #[error("the log does not hold {path}, which its checkpoint promises")]
    Missing {
        /// Path below the log's prefix.
        path: String,
    },
    /// The entry is not in the tree.
    #[error("entry {index} is not in the tree that the checkpoint names")]
    NotIncluded {
        /// Index of the entry.
        index: u64,
        /// Why the proof fails.
        #[source]
        source: ProofRefused,
    },
    /// A status that says nothing.
    #[error("the server answered {status} for {path}")]
    Status {
        /// Path below the log's prefix.
        path: String,
        /// The status.
        status: u16,
    },
}

impl LogError {
    /// How the program ends.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Fetch(cause) => cause.exit_code(),
            Self::File(cause) => cause.exit_code(),
            Self::NoEntry { .. } | Self::Status { .. } => ExitCode::CannotTell,
            Self::NoLog { .. } | Self::OtherLog { .. } => ExitCode::WrongUse,
            Self::Missing { .. } | Self::NoCheckpoint { .. } | Self::NotIncluded { .. } => {
                ExitCode::No
            }
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Fetch(cause) => cause.hint(),
            Self::File(cause) => cause.hint().to_owned(),
            Self::NoEntry { .. } => "ask again once it is logged".to_owned(),
            Self::NoLog { .. } => {
                "name the address of a node, or the folder that holds the file checkpoint"
                    .to_owned()
            }
            Self::Missing { .. } => {
                "run `vitrine log fsck` to see what else is damaged, and ask a mirror".to_owned()
            }
            Self::NoCheckpoint { source, .. } => source.hint().to_owned(),
            Self::OtherLog { .. } => "name a checkpoint that this log has shown".to_owned(),
            Self::NotIncluded { source, .. } => source.hint().to_owned(),
            Self::Status { .. } => "try again later, or ask a mirror".to_owned(),
        }
    }
}

impl LogReader {
    /// Opens a place; nothing is read yet.
    ///
    /// # Errors
    /// [`LogError::Fetch`] when TLS cannot be used.
    pub(crate) fn open(place: &LogPlace, patience: Duration) -> Result<Self, LogError> {
        Ok(match place {
            LogPlace::Folder(folder) => Self::Folder(folder.clone()),
            LogPlace::Url(url) => Self::Server(Client::new(url.clone(), patience)?),
        })
    }

    /// The newest checkpoint's note.
    ///
    /// # Errors
    /// [`LogError`].
    pub(crate) fn checkpoint(&self) -> Result<Vec<u8>, LogError> {
        self.read("checkpoint", MAX_NOTE)?
            .ok_or_else(|| LogError::NoLog {
                place: self.place(),
            })
    }

    /// The hashes of a tile; `None` if it is not there or has another length.
    ///
    /// # Errors
    /// [`LogError`] when nothing can be said.
    pub(crate) fn tile(&self, tile: Tile) -> Result<Option<Vec<Hash>>, LogError> {
        if let Some(bytes) = self.read(&tile.path(), TILE)? {
            return Ok(tile::hashes(&bytes, tile.width));
        }
        if tile.width == TILE_WIDTH {
            return Ok(None);
        }
        let full = self.read(&tile.full().path(), TILE)?;
        let mut hashes = full.and_then(|bytes| tile::hashes(&bytes, TILE_WIDTH));
        if let Some(hashes) = &mut hashes {
            hashes.truncate(usize::from(tile.width));
        }
        Ok(hashes)
    }

    /// The bytes of an entry bundle, which may hold more entries than its width says; `None` if it is not there.
    ///
    /// # Errors
    /// [`LogError`] when nothing can be said.
    pub(crate) fn bundle(&self, tile: EntryTile) -> Result<Option<Vec<u8>>, LogError> {
        let bytes = self.read(&tile.path(), MAX_ENTRY_BUNDLE)?;
        if bytes.is_some() || tile.width == TILE_WIDTH {
            return Ok(bytes);
        }
        self.read(&tile.full().path(), MAX_ENTRY_BUNDLE)
    }

    /// One entry of a log of `size` entries.
    ///
    /// # Errors
    /// [`LogError`].
    pub(crate) fn entry(&self, index: u64, size: u64) -> Result<Vec<u8>, LogError> {
        if index >= size {
            return Err(LogError::NoEntry { index, size });
        }
        let tile = entry_tile(index / u64::from(TILE_WIDTH), size);
        let missing = || LogError::Missing { path: tile.path() };
        let bytes = self.bundle(tile)?.ok_or_else(missing)?;
        let entries = tile::entries(&bytes).ok_or_else(missing)?;
        let at = usize::try_from(index % u64::from(TILE_WIDTH)).unwrap_or(usize::MAX);
        entries
            .get(at)
            .map(|entry| entry.to_vec())
            .ok_or_else(missing)
    }

    /// Reads the tiles of a plan and finishes it.
    ///
    /// # Errors
    /// [`LogError`].
    pub(crate) fn prove(&self, plan: &ProofPlan) -> Result<Vec<Hash>, LogError> {
        let mut tiles = Tiles::new();
        let wanted: BTreeSet<Tile> = plan.tiles();
        for tile in wanted {
            if let Some(hashes) = self.tile(tile)? {
                tiles.insert(tile, hashes);
            }
        }
        plan.finish(&tiles)
            .map_err(|TileMissing(tile)| LogError::Missing { path: tile.path() })
    }

    /// The place, for people.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Folder(folder) => folder.display().to_string(),
            Self::Server(client) => client.base().to_string(),
        }
    }

    fn read(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, LogError> {
        match self {
            Self::Folder(folder) => match file::read_limited(&folder.join(path), most) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.is(io::ErrorKind::NotFound) => Ok(None),
                Err(error) => Err(error.into()),
            },
            Self::Server(client) => {
                let answer = client.get(path, most)?;
                match answer.status {
                    200 => Ok(Some(answer.body)),
                    404 | 410 => Ok(None),
                    status => Err(LogError::Status {
                        path: path.to_owned(),
                        status,
                    }),
                }
            }
        }
    }
}

/// The entry bundle at a position in a log of `size` entries.
pub(crate) fn entry_tile(index: u64, size: u64) -> EntryTile {
    let behind = size.saturating_sub(index.saturating_mul(u64::from(TILE_WIDTH)));
    let width = u16::try_from(behind.min(u64::from(TILE_WIDTH))).unwrap_or(TILE_WIDTH);
    EntryTile { index, width }
}

/// 256 hashes of 32 bytes.
const TILE: usize = 8192;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bundle_of_a_log_is_as_wide_as_what_is_left() {
        for (index, size, width) in [
            (0, 1, 1),
            (0, 256, 256),
            (1, 257, 1),
            (0, 1000, 256),
            (3, 1000, 232),
        ] {
            assert_eq!(entry_tile(index, size).width, width, "{index} {size}");
        }
    }
}
