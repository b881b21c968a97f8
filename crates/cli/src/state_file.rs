//! The state file of `verify` (`evidence.md` §10): what this machine has seen, so that nothing older is accepted later.
//!
//! Read and written under one lock, so that two runs at once cannot lower a mark. A file that cannot be read back in its
//! one form is `damaged`: the verdict waits, and the file is left for a person to look at. It is never taken for a
//! first use, or damaging the file would be a way to make a machine forget.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use evidence::state::{Marks, Memory};

use crate::exit_code::ExitCode;
use crate::file::{self, FileError};

/// A state file that this process alone reads and writes until it is dropped.
pub(crate) struct StateFile {
    path: PathBuf,
    memory: Memory,
    /// Held for its lock, which ends with it.
    _lock: File,
}

/// The state file could not be used.
#[derive(Debug, thiserror::Error)]
#[error("the state file cannot be kept")]
pub(crate) struct StateFileError(#[from] FileError);

impl StateFileError {
    /// How the program ends.
    pub(crate) fn exit_code(&self) -> ExitCode {
        self.0.exit_code()
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> &'static str {
        self.0.hint()
    }
}

impl StateFile {
    /// Locks and reads a state file; waits for another run that holds it.
    ///
    /// # Errors
    /// [`StateFileError`]; a file that is damaged is no error, see [`StateFile::memory`].
    pub(crate) fn open(path: &Path) -> Result<Self, StateFileError> {
        // The lock is a file of its own: the state file is replaced, and a lock on it would stay with the old one.
        let lock_path = beside(path);
        let failed = |cause| FileError::write(&lock_path, cause);
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path);
        let lock = lock.map_err(failed)?;
        lock.lock().map_err(failed)?;
        let memory = match file::read_limited(path, STATE) {
            Ok(bytes) => Memory::read(&bytes),
            Err(error) if error.is(io::ErrorKind::NotFound) => Memory::First,
            Err(error) if error.is_too_large() => Memory::Damaged,
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            path: path.into(),
            memory,
            _lock: lock,
        })
    }

    /// What earlier runs left.
    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Keeps what is to be remembered, durably, before the answer is given. A crash before that repeats the old state:
    /// then the same serial is judged again, which is allowed.
    ///
    /// # Errors
    /// [`StateFileError`].
    pub(crate) fn keep(&mut self, next: &Marks) -> Result<(), StateFileError> {
        // A damaged file stays as it is: overwriting it would forget what it may still tell a person.
        if self.memory == Memory::Damaged || self.memory == Memory::Known(next.clone()) {
            return Ok(());
        }
        file::replace(&self.path, &next.to_bytes())?;
        self.memory = Memory::Known(next.clone());
        Ok(())
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

/// 1,024 checkpoints of three centers are 14 MB; a machine follows a few logs.
const STATE: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc;
    use std::thread;

    use evidence::time::Time;

    use super::*;

    fn marks(time: i64) -> Marks {
        Marks {
            quorum_time: Some(Time::from_seconds(time)),
            ..Marks::default()
        }
    }

    #[test]
    fn what_is_kept_is_known_later() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let mut state = StateFile::open(&path).unwrap();
        assert_eq!(state.memory(), &Memory::First);
        state.keep(&marks(1)).unwrap();
        drop(state);
        assert_eq!(
            StateFile::open(&path).unwrap().memory(),
            &Memory::Known(marks(1))
        );
    }

    #[test]
    fn a10_a_damaged_file_is_never_a_first_use_and_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        for text in ["", "{}", "{\"format\":2}"] {
            fs::write(&path, text).unwrap();
            let mut state = StateFile::open(&path).unwrap();
            assert_eq!(state.memory(), &Memory::Damaged, "{text}");
            state.keep(&marks(1)).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a10_a_crash_between_writing_and_renaming_leaves_the_old_state() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        StateFile::open(&path).unwrap().keep(&marks(1)).unwrap();
        // What such a crash leaves: the next state, half written, under another name.
        fs::write(folder.path().join(".state.json.4711.new"), b"{\"format\"").unwrap();
        assert_eq!(
            StateFile::open(&path).unwrap().memory(),
            &Memory::Known(marks(1))
        );
    }

    #[test]
    fn a10_a_second_run_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let mut first = StateFile::open(&path).unwrap();
        let (sender, receiver) = mpsc::channel();
        let other = path.clone();
        let second = thread::spawn(move || {
            sender.send(()).unwrap();
            StateFile::open(&other).unwrap().memory().clone()
        });
        receiver.recv().unwrap();
        first.keep(&marks(1)).unwrap();
        drop(first);
        assert_eq!(second.join().unwrap(), Memory::Known(marks(1)));
    }

    #[test]
    fn refuses_a_path_that_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        assert!(StateFile::open(&folder.path().join("no/state.json")).is_err());
        assert!(StateFile::open(folder.path()).is_err());
    }
}
