//! Proof that an entry stands in its log, and the files that let anyone check it: C2SP tlog-proof, checkpoint, DSSE envelope.

use evidence::entry::Entry;
use evidence::envelope::Envelope;
use tlog::checkpoint::Checkpoint;
use tlog::hash::{Hash, leaf_hash};
use tlog::note::Note;
use tlog::proof_file::ProofFile;

use super::answer::{Drawn, Instead, Made};
use super::asked::api;
use crate::node::Node;
use crate::portal::link;
use crate::portal::part::checks::{ProofLink, ProofLinkKind};
use crate::source::{Covering, Source};

/// An entry under the first kept checkpoint that covers it: the same proof that bundles carry.
#[derive(Clone, Debug)]
pub(super) struct Proven {
    pub(super) index: u64,
    pub(super) leaf: Hash,
    pub(super) root: Hash,
    pub(super) path: Vec<Hash>,
    pub(super) covering: Covering,
}

impl Proven {
    /// Proves an entry; `None` while no public checkpoint covers it.
    pub(super) fn of(source: &Source, index: u64) -> Result<Option<Self>, Instead> {
        let (Some(bytes), Some(covering)) = (source.entry(index)?, source.first_covering(index)?)
        else {
            return Ok(None);
        };
        let Some(root) = root(&covering.note) else {
            return Ok(None);
        };
        let path = source.inclusion_proof(index, covering.size)?;
        Ok(Some(Self {
            index,
            leaf: leaf_hash(&bytes),
            root,
            path,
            covering,
        }))
    }
}

/// The root that a checkpoint tells.
pub(super) fn root(note: &str) -> Option<Hash> {
    let note = Note::parse(note.as_bytes()).ok()?;
    Some(Checkpoint::parse(note.text()).ok()?.root())
}

/// Links to the files of an entry.
pub(super) fn links(source: &Source, index: u64, has_body: bool) -> Vec<ProofLink> {
    let entry = api(&link::entry(&source.origin, index));
    let mut links = vec![ProofLink {
        kind: ProofLinkKind::Proof,
        href: format!("{entry}/{PROOF}"),
    }];
    if has_body {
        links.push(ProofLink {
            kind: ProofLinkKind::Statement,
            href: format!("{entry}/{STATEMENT}"),
        });
    }
    links
}

/// Link to the newest checkpoint of a log, as this node has it.
pub(super) fn checkpoint_link(source: &Source) -> ProofLink {
    let href = format!("{}/{CHECKPOINT}", api(&link::log(&source.origin)));
    ProofLink {
        kind: ProofLinkKind::Checkpoint,
        href,
    }
}

/// `…/proof`: a tlog-proof.
pub(super) fn proof(source: &Source, index: u64) -> Made {
    let proven = Proven::of(source, index)?.ok_or_else(Instead::not_found)?;
    let file = ProofFile {
        extra: None,
        index,
        hashes: proven.path,
        checkpoint: proven.covering.note,
    };
    Ok(Drawn::text(file.to_text()))
}

/// `…/checkpoint`: the newest one with its quorum.
pub(super) fn checkpoint(source: &Source) -> Made {
    let latest = source.latest().ok_or_else(Instead::not_found)?;
    Ok(Drawn::text(latest.note))
}

/// `…/statement`: the DSSE envelope that the entry logs.
pub(super) async fn statement(node: &Node, source: &Source, index: u64) -> Made {
    let bytes = source.entry(index)?.ok_or_else(Instead::not_found)?;
    let entry = Entry::parse(&bytes).map_err(|_| Instead::not_found())?;
    let body = node
        .database
        .body(entry.digest)
        .await?
        .ok_or_else(Instead::not_found)?;
    let envelope = Envelope::new(body.into_bytes(), entry.signature);
    Ok(Drawn {
        kind: "application/json",
        body: envelope.to_bytes().into(),
        ..Drawn::text(String::new())
    })
}

/// Last segments of the addresses of files.
pub(super) const PROOF: &str = "proof";
pub(super) const STATEMENT: &str = "statement";
pub(super) const CHECKPOINT: &str = "checkpoint";
