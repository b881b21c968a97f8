//! Blob files by SHA-256 on the local disk: decision 6 of the map, and `PUT /api/v1/blobs/sha256/<hex>`.
//!
//! ```text
//! <folder>/sha256/<hex>      trusted to be whole: written once, never changed; a recheck tells damage
//! <folder>/part/<hex>.part   not trusted: a prefix of an upload; may be deleted when no upload runs
//! ```
//!
//! Write order of [`Upload::finish`], where each step says what a crash right there leaves:
//!
//! 1. the digest of all bytes is compared (a partial, as before);
//! 2. the partial is synced (a whole partial; the next upload of it starts at its end);
//! 3. it is renamed to its digest (either name, by chance of the disk; both lead on);
//! 4. the folder is synced, and only then is the upload acknowledged.
//!
//! Only the holder of the lock on a partial writes, renames or removes it. All work happens on blocking threads.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};
use tlog::hash::Hash;

use crate::cause::Cause;

/// A folder of blobs. Clones are the same folder.
#[derive(Debug, Clone)]
pub struct Blobs {
    folder: Arc<Folder>,
}

/// What an upload may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobLimits {
    /// Largest blob in bytes.
    pub largest: u64,
    /// Bytes that stay free on the disk: uploads stop before they take the room that log and database need.
    pub reserve: u64,
}

/// The answer to [`Blobs::begin`].
#[derive(Debug)]
pub enum Begin {
    /// The blob is here already.
    Held {
        /// Its length in bytes.
        size: u64,
    },
    /// Send the bytes from [`Upload::offset`] on.
    Upload(Upload),
}

/// What [`Blobs::sweep`] removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Number of partials.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Blobs {
    /// Opens the folder at `path` and makes it when there is none.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or synced.
    pub async fn open(path: &Path, limits: BlobLimits) -> Result<Self, BlobError> {
        let root = path.to_owned();
        blocking(move || {
            let folder = Folder {
                whole: root.join("sha256"),
                parts: root.join("part"),
                limits,
            };
            std::fs::create_dir_all(&folder.whole)?;
            std::fs::create_dir_all(&folder.parts)?;
            sync_folder(&root)?;
            Ok(Self {
                folder: Arc::new(folder),
            })
        })
        .await
    }

    /// Begins or resumes the upload of `digest`; `total` is its length in bytes, if the sender told it.
    ///
    /// # Errors
    ///
    /// [`BlobError::Busy`] while another upload of this digest runs, [`BlobError::TooLarge`], [`BlobError::DiskFull`].
    pub async fn begin(&self, digest: Hash, total: Option<u64>) -> Result<Begin, BlobError> {
        let folder = Arc::clone(&self.folder);
        blocking(move || begin(folder, digest, total)).await
    }

    /// Length of `digest` in bytes, if it is here whole.
    ///
    /// # Errors
    ///
    /// When the disk gives no answer.
    pub async fn size(&self, digest: Hash) -> Result<Option<u64>, BlobError> {
        let folder = Arc::clone(&self.folder);
        blocking(move || folder.size(digest)).await
    }

    /// Opens `digest` for reading.
    ///
    /// # Errors
    ///
    /// [`BlobError::Missing`] when it is not here whole.
    pub async fn read(&self, digest: Hash) -> Result<BlobReader, BlobError> {
        let folder = Arc::clone(&self.folder);
        blocking(move || {
            let file = match File::open(folder.whole_path(digest)) {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return Err(BlobError::Missing);
                }
                other => other?,
            };
            let size = file.metadata()?.len();
            Ok(BlobReader {
                file: Arc::new(file),
                size,
            })
        })
        .await
    }

    /// Hashes `digest` again and answers its length: for `fsck`.
    ///
    /// # Errors
    ///
    /// [`BlobError::WrongDigest`] when the file has other bytes than when it was stored; it is left as it is.
    pub async fn recheck(&self, digest: Hash) -> Result<u64, BlobError> {
        let reader = self.read(digest).await?;
        blocking(move || {
            let (hasher, size) = hash_file(&reader.file)?;
            let found = Hash(hasher.finalize().into());
            if found == digest {
                Ok(size)
            } else {
                Err(BlobError::WrongDigest { found })
            }
        })
        .await
    }

    /// Digests of all blobs that are here whole, ascending.
    ///
    /// # Errors
    ///
    /// When the disk gives no answer.
    pub async fn digests(&self) -> Result<Vec<Hash>, BlobError> {
        let folder = Arc::clone(&self.folder);
        blocking(move || {
            let mut digests = Vec::new();
            for entry in std::fs::read_dir(&folder.whole)? {
                digests.extend(entry?.file_name().to_str().and_then(Hash::from_hex));
            }
            digests.sort_unstable();
            Ok(digests)
        })
        .await
    }

    /// Removes partials that nobody has written to for `seconds` before `now` (seconds since 1970) and nobody holds.
    ///
    /// # Errors
    ///
    /// When the disk gives no answer; what was removed before stays removed.
    pub async fn sweep(&self, now: u64, seconds: u64) -> Result<Swept, BlobError> {
        let folder = Arc::clone(&self.folder);
        blocking(move || {
            let mut swept = Swept::default();
            for entry in std::fs::read_dir(&folder.parts)? {
                if let Some(bytes) = sweep_one(&entry?.path(), now, seconds)? {
                    swept.files += 1;
                    swept.bytes += bytes;
                }
            }
            Ok(swept)
        })
        .await
    }
}

/// An upload in progress: the only writer of its partial. Dropped without [`Upload::finish`], the partial stays and a
/// later [`Blobs::begin`] goes on at its end.
#[derive(Debug)]
pub struct Upload {
    /// `None` once a write failed or was abandoned in the middle: what is on disk is then known only by reading it again.
    partial: Option<Partial>,
    offset: u64,
}

impl Upload {
    /// How many bytes are here; the next ones start at this offset.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Writes `bytes` at `offset` and answers the new offset. Not durable before [`Upload::finish`].
    ///
    /// # Errors
    ///
    /// [`BlobError::WrongOffset`] leaves the upload as it was. [`BlobError::TooLarge`] ends it and removes the partial;
    /// [`BlobError::DiskFull`] and other failures end it and keep what was written.
    pub async fn append(
        &mut self,
        offset: u64,
        bytes: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<u64, BlobError> {
        let mut partial = self.partial.take().ok_or(BlobError::Interrupted)?;
        if offset != self.offset {
            self.partial = Some(partial);
            return Err(BlobError::WrongOffset {
                expected: self.offset,
            });
        }
        let partial = blocking(move || {
            partial.append(bytes.as_ref())?;
            Ok(partial)
        })
        .await?;
        self.offset = partial.length;
        self.partial = Some(partial);
        Ok(self.offset)
    }

    /// Checks the digest, makes the blob durable, and answers its length.
    ///
    /// # Errors
    ///
    /// [`BlobError::WrongDigest`] removes the partial: none of its bytes can be trusted to be a prefix.
    pub async fn finish(mut self) -> Result<u64, BlobError> {
        let partial = self.partial.take().ok_or(BlobError::Interrupted)?;
        blocking(move || partial.finish()).await
    }
}

/// An open blob. Blobs never change, so reads of one reader belong together.
#[derive(Debug, Clone)]
pub struct BlobReader {
    file: Arc<File>,
    size: u64,
}

impl BlobReader {
    /// Length in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The bytes from `offset` on, at most `most`; empty only at the end.
    ///
    /// # Errors
    ///
    /// [`BlobError::OutOfRange`] for an offset behind the end.
    pub async fn read_at(&self, offset: u64, most: usize) -> Result<Vec<u8>, BlobError> {
        let left = self
            .size
            .checked_sub(offset)
            .ok_or(BlobError::OutOfRange { size: self.size })?;
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(most);
        let file = Arc::clone(&self.file);
        blocking(move || {
            let mut bytes = vec![0; length];
            file.read_exact_at(&mut bytes, offset)?;
            Ok(bytes)
        })
        .await
    }
}

/// Why a blob was not stored or read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// Another upload of the same digest is running.
    #[error("another upload of this digest is running")]
    Busy,
    /// No room on the disk; nothing was acknowledged.
    #[error("the disk that holds the blobs is full")]
    DiskFull,
    /// An earlier call on this upload failed or was abandoned.
    #[error("the upload was interrupted")]
    Interrupted,
    /// The blob is not here.
    #[error("the blob is not here")]
    Missing,
    /// A read behind the end.
    #[error("the range starts behind the end of the blob, {size} bytes")]
    OutOfRange {
        /// Length of the blob in bytes.
        size: u64,
    },
    /// More bytes than allowed.
    #[error("the blob is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes: the node's, or the length that the sender told.
        limit: u64,
    },
    /// The disk gave no answer.
    #[error("the blob folder is unavailable")]
    Unavailable(#[source] Cause),
    /// The bytes are not those of the digest.
    #[error("the bytes have digest {found}")]
    WrongDigest {
        /// SHA-256 of the bytes.
        found: Hash,
    },
    /// The bytes do not start where the last ones ended.
    #[error("the next byte is at offset {expected}")]
    WrongOffset {
        /// Where the next bytes must start.
        expected: u64,
    },
}

impl BlobError {
    /// One sentence: what to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Busy => {
                "wait until the other upload ends, then begin again: the blob may be here by then"
            }
            Self::DiskFull => {
                "make room on the disk of the blob folder, then begin again: what was sent is kept"
            }
            Self::Interrupted => "begin again and send from the offset that is answered",
            Self::Missing => "upload the blob first",
            Self::OutOfRange { .. } => "ask for a range that starts before the end",
            Self::TooLarge { .. } => "send a smaller file, or ask the operator to raise the limit",
            Self::Unavailable(_) => "check that the data folder is mounted, readable and writable",
            Self::WrongDigest { .. } => {
                "compute the digest again and send the whole file from the start"
            }
            Self::WrongOffset { .. } => "send from the offset that is answered",
        }
    }
}

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Unavailable(Cause::new(error)),
        }
    }
}

#[derive(Debug)]
struct Folder {
    whole: PathBuf,
    parts: PathBuf,
    limits: BlobLimits,
}

impl Folder {
    fn whole_path(&self, digest: Hash) -> PathBuf {
        self.whole.join(digest.to_hex())
    }

    fn size(&self, digest: Hash) -> Result<Option<u64>, BlobError> {
        match std::fs::metadata(self.whole_path(digest)) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Refuses `bytes` more on this disk if the reserve would not stay free. Another writer may take the room right
    /// after; then the write itself fails, with the same answer.
    fn check_room(&self, bytes: u64) -> Result<(), BlobError> {
        let disk = rustix::fs::statvfs(&self.parts).map_err(io::Error::from)?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < self.limits.reserve.saturating_add(bytes) {
            return Err(BlobError::DiskFull);
        }
        Ok(())
    }
}

/// A locked partial with the hash of all its bytes so far.
#[derive(Debug)]
struct Partial {
    folder: Arc<Folder>,
    file: File,
    path: PathBuf,
    digest: Hash,
    hasher: Sha256,
    length: u64,
    limit: u64,
}

impl Partial {
    fn append(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        let length = self.length.saturating_add(bytes.len() as u64);
        if length > self.limit {
            // It can never be finished, so it does not wait for the sweep.
            std::fs::remove_file(&self.path)?;
            return Err(BlobError::TooLarge { limit: self.limit });
        }
        self.folder.check_room(bytes.len() as u64)?;
        self.file.write_all_at(bytes, self.length)?;
        self.hasher.update(bytes);
        self.length = length;
        Ok(())
    }

    fn finish(self) -> Result<u64, BlobError> {
        // 1.
        let found = Hash(self.hasher.finalize().into());
        if found != self.digest {
            std::fs::remove_file(&self.path)?;
            return Err(BlobError::WrongDigest { found });
        }
        // 2. After a failed sync the kernel may count lost pages as written, and the next sync would succeed over them:
        // the bytes must be sent again.
        if let Err(error) = self.file.sync_all() {
            std::fs::remove_file(&self.path)?;
            return Err(error.into());
        }
        // 3.
        std::fs::rename(&self.path, self.folder.whole_path(self.digest))?;
        // 4.
        sync_folder(&self.folder.whole)?;
        Ok(self.length)
    }
}

fn begin(folder: Arc<Folder>, digest: Hash, total: Option<u64>) -> Result<Begin, BlobError> {
    if let Some(size) = folder.size(digest)? {
        // It may have been renamed by a process that died before step 4; the answer "held" is an acknowledgement too.
        sync_folder(&folder.whole)?;
        return Ok(Begin::Held { size });
    }
    let limit = total
        .unwrap_or(folder.limits.largest)
        .min(folder.limits.largest);
    if total.is_some_and(|total| total > limit) {
        return Err(BlobError::TooLarge { limit });
    }
    folder.check_room(total.unwrap_or(0))?;
    let path = folder.parts.join(format!("{}.part", digest.to_hex()));
    let file = claim(&path)?;
    // The upload that held the lock before us may have finished between the first look and the lock.
    if let Some(size) = folder.size(digest)? {
        std::fs::remove_file(&path)?;
        return Ok(Begin::Held { size });
    }
    // After a power loss a partial may hold zeros where data was lost. They go into the hash, the digest will differ,
    // and the partial is removed: nothing worse than a repeated upload.
    let (hasher, length) = hash_file(&file)?;
    if length > limit {
        std::fs::remove_file(&path)?;
        return Err(BlobError::TooLarge { limit });
    }
    let partial = Partial {
        folder,
        file,
        path,
        digest,
        hasher,
        length,
        limit,
    };
    Ok(Begin::Upload(Upload {
        partial: Some(partial),
        offset: length,
    }))
}

/// Opens and locks the partial at `path`.
fn claim(path: &Path) -> Result<File, BlobError> {
    loop {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        lock(&file)?;
        // Between our open and our lock the former holder may have renamed this very file to its digest: writing to it
        // would then change a finished blob. Only a file that still has this name is ours.
        if is_at(&file, path)? {
            return Ok(file);
        }
    }
}

fn lock(file: &File) -> Result<(), BlobError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(BlobError::Busy),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

fn is_at(file: &File, path: &Path) -> Result<bool, BlobError> {
    let ours = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok(ours.dev() == there.dev() && ours.ino() == there.ino()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Removes one old partial and answers its length; `None` if it is young, held, or gone meanwhile.
fn sweep_one(path: &Path, now: u64, seconds: u64) -> Result<Option<u64>, BlobError> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    match lock(&file) {
        Err(BlobError::Busy) => return Ok(None),
        other => other?,
    }
    let metadata = file.metadata()?;
    let written = metadata
        .modified()?
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    if written.saturating_add(seconds) > now || !is_at(&file, path)? {
        return Ok(None);
    }
    std::fs::remove_file(path)?;
    Ok(Some(metadata.len()))
}

fn hash_file(mut file: &File) -> Result<(Sha256, u64), BlobError> {
    let mut hasher = Sha256::new();
    let mut length = 0;
    let mut buffer = vec![0; READ_SIZE];
    loop {
        let count = match file.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            other => other?,
        };
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
            return Ok((hasher, length));
        };
        hasher.update(bytes);
        length += count as u64;
    }
}

fn sync_folder(path: &Path) -> Result<(), BlobError> {
    Ok(File::open(path)?.sync_all()?)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    // The task fails only when the runtime shuts down under it.
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(BlobError::Interrupted))
}

/// One read of a recheck: large enough that hashing, not calling, takes the time.
const READ_SIZE: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_and_ends_the_write() {
        let folder = tempfile::tempdir().expect("a folder");
        let limits = BlobLimits {
            largest: 1 << 20,
            reserve: 0,
        };
        let mut partial = Partial {
            folder: Arc::new(Folder {
                whole: folder.path().into(),
                parts: folder.path().into(),
                limits,
            }),
            // A device of Linux on which every write meets a full disk.
            file: OpenOptions::new()
                .write(true)
                .open("/dev/full")
                .expect("the device"),
            path: folder.path().join("x.part"),
            digest: Hash::EMPTY_ROOT,
            hasher: Sha256::new(),
            length: 0,
            limit: 1 << 20,
        };
        assert_eq!(partial.append(b"bytes"), Err(BlobError::DiskFull));
        assert_eq!(partial.length, 0);
    }

    #[test]
    fn a_partial_that_was_renamed_under_us_is_not_ours() {
        let folder = tempfile::tempdir().expect("a folder");
        let part = folder.path().join("x.part");
        let file = claim(&part).expect("claimed");
        std::fs::rename(&part, folder.path().join("x")).expect("renamed");
        assert_eq!(is_at(&file, &part), Ok(false));
        let other = claim(&part).expect("a new partial");
        assert_eq!(is_at(&other, &part), Ok(true));
        assert_eq!(is_at(&file, &part), Ok(false));
    }
}
