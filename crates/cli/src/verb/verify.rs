//! `vitrine verify`: whether files are what everyone else was given. `evidence::judge::verify` judges; this gathers what
//! it judges by, keeps the state, prints, and turns the word into an exit code.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use evidence::collect::Evidence;
use evidence::judge::{self, Artifact, Choice};
use evidence::name::Name;
use evidence::render;
use evidence::state::Memory;
use evidence::verdict::{Verdict, Word};
use tlog::hash::{Hash, sha256};

use crate::bundle_file;
use crate::cli::Verify;
use crate::clock;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::file::{self, FileError};
use crate::http::Client;
use crate::node::Node;
use crate::policy_file;
use crate::printer::{Printer, Progress, with_causes};
use crate::state_file::StateFile;

/// What was asked cannot be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum VerifyError {
    /// Nothing to judge by.
    #[error("there is nothing to judge {name} by")]
    NoEvidence {
        /// What was to be judged.
        name: String,
    },
    /// A folder without files.
    #[error("there is no file in {path}")]
    NoFiles {
        /// The folder.
        path: String,
    },
    /// A file whose name cannot stand in a statement.
    #[error("{path} has no name that an update can have")]
    Name {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: evidence::name::NameError,
    },
}

impl VerifyError {
    /// What to do next.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::NoEvidence { .. } => {
                "name a bundle with --bundle FILE, or a center with --node URL"
            }
            Self::NoFiles { .. } => "name the folder that holds the update",
            Self::Name { source, .. } => source.hint(),
        }
    }
}

pub(super) fn run(arguments: &Verify, printer: &Printer) -> Result<ExitCode, Failure> {
    let now = arguments.now.unwrap_or_else(clock::now);
    let wanted = wanted(arguments)?;
    // The file is hashed while everything else is read: of a large file the one takes long, of a small one neither does.
    let large = wanted.iter().any(Wanted::is_large);
    let mut progress = printer.progress("hashing", wanted.iter().map(Wanted::size).sum());
    let (artifacts, read) = thread::scope(|scope| {
        let mut hash = || artifacts(&wanted, arguments.max_size, &mut progress);
        if large {
            let hashing = scope.spawn(hash);
            let read = Read::of(arguments, &wanted);
            let artifacts = hashing
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (artifacts, read)
        } else {
            (hash(), Read::of(arguments, &wanted))
        }
    });
    drop(progress);
    let (artifacts, read) = (artifacts?, read?);
    let policy = policy_file::parse(&arguments.policy, &read.policy, now)?;
    let nodes = arguments
        .node
        .iter()
        .map(|url| {
            Ok(Node::new(Client::new(
                url.clone(),
                arguments.network.patience,
            )?))
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    let shared = if nodes.is_empty() {
        Some(read.evidence(&[]))
    } else {
        None
    };

    // Fetched before the state is locked: a slow server delays nobody else on this machine.
    let evidence: Vec<_> = artifacts
        .iter()
        .map(|(_, artifact)| match &shared {
            Some(_) => None,
            None => Some(read.evidence(&fetched(&nodes, artifact, printer))),
        })
        .collect();
    let mut state = arguments
        .state
        .as_deref()
        .map(StateFile::open)
        .transpose()?;
    let choice = Choice {
        channel: arguments.channel.clone(),
    };
    let mut code = ExitCode::Yes;
    for (at, ((name, artifact), fetched)) in artifacts.iter().zip(&evidence).enumerate() {
        let Some(evidence) = fetched.as_ref().or(shared.as_ref()) else {
            continue;
        };
        let memory = state.as_ref().map_or(&Memory::NotKept, StateFile::memory);
        let verdict = judge::verify(&policy, evidence, artifact, now, memory, &choice);
        // Kept before the answer is given: who starts an installer on `accepted` must not be able to go back.
        if let Some(state) = &mut state {
            state.keep(&verdict.next)?;
        }
        if at > 0 && !arguments.json {
            printer.answer("")?;
        }
        code = code.worse(tell(arguments, name, &verdict, printer)?);
    }
    if arguments.explain {
        for warning in policy.warnings() {
            printer.note(&format!("{}: {warning}", arguments.policy.display()));
        }
    }
    Ok(code)
}

fn tell(
    arguments: &Verify,
    name: &str,
    verdict: &Verdict,
    printer: &Printer,
) -> Result<ExitCode, Failure> {
    if arguments.json {
        printer.json(&render::to_json(verdict))?;
    } else if arguments.explain {
        printer.answer(&render::explain(verdict, name))?;
    } else {
        printer.answer(&render::to_text(verdict, name))?;
    }
    if verdict.word != Word::Accepted
        && let Some(hint) = verdict.worst().and_then(render::hint)
    {
        printer.hint(hint);
    }
    for found in &verdict.misbehaviour {
        let digest = sha256(&found.file).to_hex();
        let short: String = digest.chars().take(12).collect();
        let path = arguments
            .evidence
            .join(format!("{}-{short}.txt", found.kind));
        match file::replace(&path, &found.file) {
            Ok(()) => printer.hint(&format!(
                "evidence is in {} and verifies alone; send it to your security team and to any witness",
                path.display()
            )),
            // The answer stands without the file: what convicts can be computed again from the same evidence.
            Err(error) => printer.note(&with_causes(&error)),
        }
    }
    Ok(match verdict.word {
        _ if verdict.proves_misbehaviour() => ExitCode::Misbehaviour,
        Word::Accepted => ExitCode::Yes,
        Word::Refused => ExitCode::No,
        Word::Undecided => ExitCode::CannotTell,
    })
}

/// What is to be judged, before it is hashed.
enum Wanted {
    Digest(Hash),
    File(PathBuf),
    Set(String, Vec<(Name, PathBuf)>),
}

impl Wanted {
    fn paths(&self) -> Vec<&Path> {
        match self {
            Self::Digest(_) => Vec::new(),
            Self::File(path) => vec![path],
            Self::Set(_, files) => files.iter().map(|(_, path)| path.as_path()).collect(),
        }
    }

    /// Bytes to hash, as far as the system tells; `None` if nothing is hashed.
    fn size(&self) -> Option<u64> {
        let sizes = self
            .paths()
            .into_iter()
            .map(|path| fs::metadata(path).map_or(0, |metadata| metadata.len()));
        sizes.reduce(u64::saturating_add)
    }

    fn is_large(&self) -> bool {
        self.size().is_some_and(|size| size > WORTH_A_THREAD)
    }

    fn name(&self) -> String {
        match self {
            Self::Digest(digest) => {
                format!("{}…", digest.to_hex().chars().take(12).collect::<String>())
            }
            Self::File(path) => path.display().to_string(),
            Self::Set(name, _) => name.clone(),
        }
    }
}

fn wanted(arguments: &Verify) -> Result<Vec<Wanted>, Failure> {
    if let Some(digest) = arguments.digest {
        return Ok(vec![Wanted::Digest(digest)]);
    }
    if !arguments.all {
        return Ok(arguments.files.iter().cloned().map(Wanted::File).collect());
    }
    let mut files = Vec::new();
    for path in &arguments.files {
        if path.is_dir() {
            walk(path, path, &mut files)?;
        } else {
            files.push((
                named(path, path.file_name().map(Path::new).unwrap_or(path))?,
                path.clone(),
            ));
        }
    }
    let shown: Vec<_> = arguments
        .files
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    if files.is_empty() {
        return Err(VerifyError::NoFiles {
            path: shown.join(", "),
        }
        .into());
    }
    files.sort();
    Ok(vec![Wanted::Set(shown.join(", "), files)])
}

/// Every file below a folder, named as seen from it. Links are followed: what counts is what the name leads to.
fn walk(root: &Path, folder: &Path, files: &mut Vec<(Name, PathBuf)>) -> Result<(), Failure> {
    let failed = |cause| FileError::read(folder, cause);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if fs::metadata(&path)
            .map_err(|cause| FileError::read(&path, cause))?
            .is_dir()
        {
            walk(root, &path, files)?;
        } else {
            files.push((
                named(&path, path.strip_prefix(root).unwrap_or(&path))?,
                path,
            ));
        }
    }
    Ok(())
}

fn named(path: &Path, relative: &Path) -> Result<Name, VerifyError> {
    let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
    Name::parse(&parts.join("/")).map_err(|source| VerifyError::Name {
        path: path.display().to_string(),
        source,
    })
}

fn artifacts(
    wanted: &[Wanted],
    most: u64,
    progress: &mut Progress,
) -> Result<Vec<(String, Artifact)>, FileError> {
    let mut hash = |path: &Path| {
        file::hash(path, most, |bytes| progress.add(bytes)).map(|hashed| hashed.sha256)
    };
    wanted
        .iter()
        .map(|wanted| {
            let artifact = match wanted {
                Wanted::Digest(digest) => Artifact::File(*digest),
                Wanted::File(path) => Artifact::File(hash(path)?),
                Wanted::Set(_, files) => {
                    let files = files
                        .iter()
                        .map(|(name, path)| Ok((name.clone(), hash(path)?)));
                    Artifact::Set(files.collect::<Result<_, FileError>>()?)
                }
            };
            Ok((wanted.name(), artifact))
        })
        .collect()
}

/// What was read from files.
struct Read {
    policy: String,
    bundles: Vec<Vec<u8>>,
}

impl Read {
    fn of(arguments: &Verify, wanted: &[Wanted]) -> Result<Self, Failure> {
        let policy = file::read_text(&arguments.policy, policy_file::POLICY)?;
        let beside = if arguments.bundle.is_empty() && arguments.node.is_empty() {
            wanted.iter().map(beside).collect::<Result<_, _>>()?
        } else {
            Vec::new()
        };
        let paths = arguments.bundle.iter().chain(&beside);
        let bundles = paths
            .map(|path| bundle_file::read(path))
            .collect::<Result<_, _>>()?;
        Ok(Self { policy, bundles })
    }

    fn evidence(&self, fetched: &[Vec<u8>]) -> Evidence {
        Evidence::read(self.bundles.iter().chain(fetched).map(Vec::as_slice))
    }
}

/// The bundle that lies beside a file under its usual name, where no other evidence was named.
fn beside(wanted: &Wanted) -> Result<PathBuf, VerifyError> {
    if let Wanted::File(path) = wanted {
        for ending in [".bundle.jsonl", ".bundle.jsonl.gz"] {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            let path = PathBuf::from(name);
            if path.is_file() {
                return Ok(path);
            }
        }
    }
    Err(VerifyError::NoEvidence {
        name: wanted.name(),
    })
}

/// What the nodes have about an artifact. One that cannot be reached is told and passed over: its silence can only make
/// the answer worse.
fn fetched(nodes: &[Node], artifact: &Artifact, printer: &Printer) -> Vec<Vec<u8>> {
    let digest = artifact.digests().first().copied();
    let mut bundles = Vec::new();
    for node in nodes {
        match digest.map(|digest| node.bundle(digest)) {
            Some(Ok(Some(bytes))) => bundles.push(bytes),
            Some(Ok(None)) => printer.note(&format!("{} has nothing about it", node.place())),
            Some(Err(error)) => printer.note(&with_causes(&error)),
            None => {}
        }
    }
    bundles
}

/// Below this, hashing takes under a millisecond, and starting a thread is no gain.
const WORTH_A_THREAD: u64 = 1 << 20;
