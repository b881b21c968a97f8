//! The files of an update, hashed, and the documents that go with them.

use std::path::{Path, PathBuf};

use evidence::kind::update::{Sbom, SbomFormat};
use evidence::name::Name;
use tlog::hash::Hash;

use super::PublishError;
use crate::cli::Publish;
use crate::failure::Failure;
use crate::file::{self, Hashed};
use crate::printer::Printer;

/// Everything that an update cites by digest.
pub(super) struct Gathered {
    /// The files, sorted by (name, SHA-256), with their names.
    pub(super) files: Vec<(Name, Blob)>,
    pub(super) notes: Option<Blob>,
    pub(super) recipe: Option<Blob>,
    pub(super) sbom: Vec<(SbomFormat, Blob)>,
}

/// A file to upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Blob {
    pub(super) path: PathBuf,
    pub(super) hashed: Hashed,
}

impl Gathered {
    /// All blobs, each digest once: the small documents first, so that a refusal of one costs no upload of the files.
    pub(super) fn blobs(&self) -> Vec<&Blob> {
        let documents = self
            .notes
            .iter()
            .chain(&self.recipe)
            .chain(self.sbom.iter().map(|(_, blob)| blob));
        let mut blobs: Vec<&Blob> = Vec::new();
        for blob in documents.chain(self.files.iter().map(|(_, blob)| blob)) {
            if !blobs
                .iter()
                .any(|known| known.hashed.sha256 == blob.hashed.sha256)
            {
                blobs.push(blob);
            }
        }
        blobs
    }

    /// The bills of materials as the statement lists them: ascending, each once.
    pub(super) fn sbom(&self) -> Vec<Sbom> {
        let mut sbom: Vec<_> = self
            .sbom
            .iter()
            .map(|(format, blob)| Sbom {
                format: *format,
                sha256: blob.hashed.sha256,
            })
            .collect();
        sbom.sort_unstable();
        sbom.dedup();
        sbom
    }

    /// Digest of the first file.
    pub(super) fn first(&self) -> Option<Hash> {
        self.files.first().map(|(_, blob)| blob.hashed.sha256)
    }
}

/// Hashes what the arguments name.
///
/// # Errors
/// [`Failure`] for a file that cannot be read or named.
pub(super) fn gather(arguments: &Publish, printer: &Printer) -> Result<Gathered, Failure> {
    let mut files = Vec::new();
    for path in &arguments.files {
        files.push((name(path)?, hash(path, printer)?));
    }
    files.sort_by(|(name, blob), (other_name, other)| {
        (name, blob.hashed.sha256).cmp(&(other_name, other.hashed.sha256))
    });
    let mut folded: Vec<_> = files.iter().map(|(name, _)| name.folded()).collect();
    folded.sort();
    if let Some([twice, _]) = folded
        .windows(2)
        .find(|pair| matches!(pair, [one, other] if one == other))
    {
        return Err(PublishError::NameTwice {
            name: twice.clone(),
        }
        .into());
    }
    let document =
        |path: &Option<PathBuf>| path.as_deref().map(|path| hash(path, printer)).transpose();
    let statement = &arguments.statement;
    let sbom = statement
        .sbom
        .iter()
        .map(|(format, path)| Ok((*format, hash(path, printer)?)));
    Ok(Gathered {
        notes: document(&statement.notes)?,
        recipe: document(&statement.recipe)?,
        sbom: sbom.collect::<Result<_, Failure>>()?,
        files,
    })
}

fn name(path: &Path) -> Result<Name, PublishError> {
    let shown = || path.display().to_string();
    let name = path
        .file_name()
        .ok_or_else(|| PublishError::NoName { path: shown() })?;
    Name::parse(&name.to_string_lossy()).map_err(|source| PublishError::Name {
        path: shown(),
        source,
    })
}

fn hash(path: &Path, printer: &Printer) -> Result<Blob, Failure> {
    let size = std::fs::metadata(path).ok().map(|metadata| metadata.len());
    let mut progress = printer.progress(format!("hashing {}", path.display()), size);
    let hashed = file::hash(path, u64::MAX, |bytes| progress.add(bytes))?;
    Ok(Blob {
        path: path.into(),
        hashed,
    })
}
