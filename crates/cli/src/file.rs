//! Files of the user: read whole within a limit, hashed as a stream, written so that a crash leaves old or new.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tlog::hash::Hash;

use crate::exit_code::ExitCode;

/// A file could not be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}", .path.display())]
pub(crate) struct FileError {
    action: Action,
    path: PathBuf,
    #[source]
    cause: io::Error,
}

impl FileError {
    /// It could not be read.
    pub(crate) fn read(path: &Path, cause: io::Error) -> Self {
        Self {
            action: Action::Read,
            path: path.into(),
            cause,
        }
    }

    /// It could not be written.
    pub(crate) fn write(path: &Path, cause: io::Error) -> Self {
        Self {
            action: Action::Write,
            path: path.into(),
            cause,
        }
    }

    /// The answer could not be written.
    pub(crate) fn output(cause: io::Error) -> Self {
        Self {
            action: Action::Write,
            path: "to standard output".into(),
            cause,
        }
    }

    /// A path that is wrong is wrong use; a disk that fails tells nothing.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.cause.kind() {
            io::ErrorKind::NotFound
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::AlreadyExists
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::FileTooLarge
            | io::ErrorKind::InvalidInput => ExitCode::WrongUse,
            _ => ExitCode::CannotTell,
        }
    }

    /// Whether the system gave this reason.
    pub(crate) fn is(&self, kind: io::ErrorKind) -> bool {
        self.cause.kind() == kind
    }

    /// Whether it was larger than its limit.
    pub(crate) fn is_too_large(&self) -> bool {
        self.cause.kind() == io::ErrorKind::FileTooLarge
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> &'static str {
        match (self.cause.kind(), self.action) {
            (io::ErrorKind::NotFound, Action::Read) => "check the spelling of the path",
            (io::ErrorKind::NotFound, Action::Write) => "make the folder first",
            (io::ErrorKind::PermissionDenied, _) => {
                "ask for permission on that path, or name another one"
            }
            (io::ErrorKind::AlreadyExists, _) => "name a path that is free, or move the old file",
            (io::ErrorKind::IsADirectory, _) => "name a file in that folder",
            (io::ErrorKind::FileTooLarge, _) => "check that this is the file you mean",
            (io::ErrorKind::StorageFull, _) => "make room on the disk, then run the command again",
            _ => "check the disk, then run the command again",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Read,
    Write,
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
        })
    }
}

/// A digest and the number of bytes it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hashed {
    /// SHA-256 of the bytes.
    pub(crate) sha256: Hash,
    /// How many there were.
    pub(crate) size: u64,
}

/// Reads a file of at most `most` bytes.
///
/// # Errors
/// [`FileError`]; a longer file is not read further than that.
pub(crate) fn read_limited(path: &Path, most: usize) -> Result<Vec<u8>, FileError> {
    let failed = |cause| FileError::read(path, cause);
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() > most {
        return Err(failed(too_large(most)));
    }
    Ok(bytes)
}

/// Reads a text file of at most `most` bytes.
///
/// # Errors
/// [`FileError`], also for bytes that are not UTF-8.
pub(crate) fn read_text(path: &Path, most: usize) -> Result<String, FileError> {
    String::from_utf8(read_limited(path, most)?).map_err(|_| {
        let cause = io::Error::new(io::ErrorKind::InvalidInput, "it is no UTF-8 text");
        FileError::read(path, cause)
    })
}

/// Hashes a file of any size in constant memory; `progress` is told of each piece.
///
/// # Errors
/// [`FileError`]; beyond `most` bytes reading stops.
pub(crate) fn hash(path: &Path, most: u64, progress: impl FnMut(u64)) -> Result<Hashed, FileError> {
    let failed = |cause| FileError::read(path, cause);
    let file = File::open(path).map_err(failed)?;
    hash_stream(file, most, progress).map_err(failed)
}

/// Hashes what a reader yields, up to `most` bytes.
pub(crate) fn hash_stream(
    mut from: impl Read,
    most: u64,
    mut progress: impl FnMut(u64),
) -> io::Result<Hashed> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; HASH_BUFFER];
    let mut size = 0u64;
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let piece = buffer.get(..count).unwrap_or_default();
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        size = size.saturating_add(count);
        // AT-06, endless data: a device or a pipe may never end.
        if size > most {
            return Err(too_large(most));
        }
        hasher.update(piece);
        progress(count);
    }
    Ok(Hashed {
        sha256: Hash(hasher.finalize().into()),
        size,
    })
}

/// Replaces a file. The bytes are on the disk before the name is theirs, and the name before we answer: whatever
/// crashes, the path holds the old content or the new one, whole.
///
/// # Errors
/// [`FileError`]; the old content is still there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let failed = |cause| FileError::write(path, cause);
    let name = path
        .file_name()
        .ok_or_else(|| failed(io::ErrorKind::IsADirectory.into()))?;
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}.new", std::process::id()));
    let temporary = path.with_file_name(beside);

    let written = (|| {
        // A crash right here leaves the temporary file, which nobody reads and the next run of this process id replaces.
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        // A crash right here leaves the old content under the name.
        fs::rename(&temporary, path)?;
        sync_folder(path)
    })();
    if written.is_err() {
        drop(fs::remove_file(&temporary));
    }
    written.map_err(failed)
}

/// Writes a file that must not exist yet, readable by its owner alone.
///
/// # Errors
/// [`FileError`]; a file that could not be finished is removed.
pub(crate) fn create_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let failed = |cause| FileError::write(path, cause);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| sync_folder(path));
    if written.is_err() {
        drop(fs::remove_file(path));
    }
    written.map_err(failed)
}

/// A name is durable when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

fn too_large(most: impl fmt::Display) -> io::Error {
    let text = format!("it is larger than {most} bytes");
    io::Error::new(io::ErrorKind::FileTooLarge, text)
}

/// Larger pieces hash no faster.
const HASH_BUFFER: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at06_stops_at_the_limit_of_an_endless_stream() {
        let error = hash_stream(io::repeat(0), 1_000_000, |_| {}).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        let hashed = hash_stream(io::repeat(0).take(1_000_000), 1_000_000, |_| {}).unwrap();
        assert_eq!(hashed.size, 1_000_000);
    }

    #[test]
    fn hashes_as_a_stream_what_sha256_gives_at_once() {
        let bytes: Vec<u8> = (0..300_000u32).map(|n| (n % 251) as u8).collect();
        let mut told = 0;
        let hashed = hash_stream(&bytes[..], u64::MAX, |count| told += count).unwrap();
        assert_eq!(hashed.sha256, tlog::hash::sha256(&bytes));
        assert_eq!((hashed.size, told), (300_000, 300_000));
    }

    #[test]
    fn refuses_to_read_what_is_too_large_missing_or_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"12345").unwrap();
        assert_eq!(read_limited(&path, 5).unwrap(), b"12345");
        for (path, code) in [
            (path.clone(), ExitCode::WrongUse),
            (folder.path().join("b"), ExitCode::WrongUse),
            (folder.path().into(), ExitCode::WrongUse),
        ] {
            let error = read_limited(&path, 4).unwrap_err();
            assert_eq!(error.exit_code(), code);
            assert!(!error.hint().is_empty());
        }
    }

    #[test]
    fn refuses_a_text_that_is_no_utf8() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"\xff").unwrap();
        assert!(read_text(&path, 10).is_err());
    }

    #[test]
    fn a_private_file_is_new_and_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        create_private(&path, b"secret").unwrap();
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(create_private(&path, b"other").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"secret");
    }

    #[test]
    fn replacing_leaves_the_new_content_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_replacement_leaves_the_old_content_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("old"), b"kept").unwrap();
        assert!(replace(&path, b"new").is_err());
        assert_eq!(fs::read(path.join("old")).unwrap(), b"kept");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(replace(&folder.path().join("no/such/folder"), b"new").is_err());
    }
}
