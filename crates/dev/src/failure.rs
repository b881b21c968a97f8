//! What can go wrong in a verb, sorted by who must act, with the exit code of the one table
//! (docs/reference/exit-codes.md).

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a verb did not end well.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum Failure {
    /// A program of ours answered other than the story of the demo expects.
    #[error("{step}: {said}")]
    Answer {
        /// What the demo was doing.
        step: String,
        /// What was expected and what came, with the end of the program's output.
        said: String,
    },
    /// A file could not be read or written.
    #[error("{} cannot be used", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// The operating system's word.
        source: io::Error,
    },
    /// Somebody ended us before the story was told.
    #[error("interrupted; all nodes were stopped")]
    Interrupted,
    /// A node ended, or did not become ready.
    #[error("node {name} {what}; the end of its log:\n{log}")]
    Node {
        /// Its name in the demo.
        name: String,
        /// What it did.
        what: String,
        /// Its last lines.
        log: String,
    },
    /// The answer cannot be had here and now.
    #[error("{what}")]
    NotAvailable {
        /// What is missing.
        what: String,
        /// What to do next.
        hint: String,
    },
    /// A needed program is missing and may not be installed by this account.
    #[error("{name} is needed and this account may not install it")]
    NotInstalled {
        /// The program.
        name: &'static str,
        /// The command that an administrator would run.
        command: String,
    },
    /// A program could not be started.
    #[error("{program} could not be started")]
    NotStarted {
        /// Its name.
        program: String,
        /// The operating system's word.
        source: io::Error,
    },
    /// One or more steps said no; their own output stands above.
    #[error("not passed: {}", .steps.join(", "))]
    Steps {
        /// Their titles.
        steps: Vec<String>,
    },
}

impl Failure {
    /// A file that could not be used.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }

    /// One sentence: what to do next.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Answer { .. } => {
                "run the command above by hand with the kept folder (`./dev up --keep DIR`)"
                    .to_owned()
            }
            Self::File { .. } => "look at the path, its permissions and the free space".to_owned(),
            Self::Interrupted => "run it again to start over".to_owned(),
            Self::Node { .. } => {
                "look at the whole log in the demo's folder (`./dev up --keep DIR` keeps it)"
                    .to_owned()
            }
            Self::NotAvailable { hint, .. } => hint.clone(),
            Self::NotInstalled { command, .. } => format!("run: {command}"),
            Self::NotStarted { .. } => "`./dev setup` installs what is missing".to_owned(),
            Self::Steps { .. } => {
                "read the first error above; `./dev fix` repairs format and snapshots".to_owned()
            }
        }
    }

    /// The map's exit codes: 1 checked, and the answer is no; 2 wrong use or something missing here; 3 cannot tell.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Answer { .. } | Self::Node { .. } | Self::Steps { .. } => 1,
            Self::Interrupted => 3,
            Self::File { .. }
            | Self::NotAvailable { .. }
            | Self::NotInstalled { .. }
            | Self::NotStarted { .. } => 2,
        }
    }
}
