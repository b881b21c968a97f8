//! What a node's answer proves. "Published" is said only of what was checked here: the leaf is ours, and it is included
//! in a tree that the log signed and, where a policy names them, a quorum of witnesses cosigned.

use evidence::bundle::{self, BundleLine, Place};
use evidence::entry::Entry;
use evidence::envelope::Envelope;
use evidence::key::PublicKey;
use evidence::policy::Policy;
use tlog::checkpoint::Checkpoint;
use tlog::hash::{Hash, leaf_hash};
use tlog::key::{Algorithm, Vkey};
use tlog::note::Note;
use tlog::policy::Tally;
use tlog::proof::check_inclusion;
use tlog::proof_file::{ProofFile, verify_inclusion};

use super::PublishError;
use crate::node::Posted;
use crate::printer::with_causes;

/// A statement that is logged, as far as that is proven.
pub(super) struct Proven {
    /// Whether it came with this run.
    pub(super) new: bool,
    pub(super) origin: String,
    pub(super) index: u64,
    pub(super) leaf: Hash,
    pub(super) witnessing: Witnessing,
    /// The evidence, where the log's keys are known.
    pub(super) line: Option<BundleLine>,
}

/// How the witnesses stand.
pub(super) enum Witnessing {
    /// The policy's quorum cosigned, and every signature was checked.
    Checked(Tally),
    /// A checkpoint with so many signature lines, by keys that are not known here.
    Claimed(usize),
    /// Not yet; so many of so many, where the node tells.
    Waiting(Option<(u64, u64)>),
}

/// Checks an answer against what was signed.
///
/// # Errors
/// [`PublishError`].
pub(super) fn check(
    envelope: &Envelope,
    key: &PublicKey,
    posted: &Posted,
    policy: Option<&Policy>,
) -> Result<Proven, PublishError> {
    let entry = Entry::of(envelope, key);
    let leaf = leaf_hash(&entry.to_bytes());
    if posted.leaf.is_some_and(|told| told != leaf) {
        return Err(PublishError::OtherEntry);
    }
    let mut proven = Proven {
        new: posted.new,
        origin: posted
            .origin
            .chars()
            .filter(|letter| !letter.is_control())
            .collect(),
        index: posted.index,
        leaf,
        witnessing: Witnessing::Waiting(posted.waiting),
        line: None,
    };
    let Some(proof) = &posted.proof else {
        return Ok(proven);
    };
    let proof = ProofFile::parse(proof)?;
    if proof.index != posted.index {
        return Err(not_proven("it is about another index"));
    }
    match policy {
        Some(policy) => {
            let (tally, log_id) = judged(&proof, leaf, &posted.origin, policy)?;
            proven.witnessing = Witnessing::Checked(tally);
            let place = Place {
                log_id,
                index: proof.index,
                hashes: proof.hashes,
                checkpoint: proof.checkpoint,
            };
            let line = BundleLine::new(envelope.clone(), entry, place);
            proven.line = Some(line.map_err(|error| not_proven(&with_causes(&error)))?);
        }
        None => proven.witnessing = Witnessing::Claimed(computed(&proof, leaf, &posted.origin)?),
    }
    Ok(proven)
}

/// Keys and witnesses are known: everything is checked.
fn judged(
    proof: &ProofFile,
    leaf: Hash,
    origin: &str,
    policy: &Policy,
) -> Result<(Tally, Hash), PublishError> {
    let (log, witnesses) = policy
        .log(origin)
        .ok_or_else(|| not_proven(&format!("the policy names no log {origin}")))?;
    let signed = tlog::checkpoint::LogSigned::by_all(proof.checkpoint.as_bytes(), &log.keys)
        .map_err(|error| not_proven(&with_causes(&error)))?;
    let witnessed = witnesses
        .check(signed)
        .map_err(|error| not_proven(&with_causes(&error)))?;
    verify_inclusion(&witnessed, proof.index, leaf, &proof.hashes)
        .map_err(|error| not_proven(&with_causes(&error)))?;
    Ok((witnessed.tally().clone(), log_id(origin, log.keys.keys())))
}

/// No keys are known: the arithmetic is checked, and the signature lines are counted.
fn computed(proof: &ProofFile, leaf: Hash, origin: &str) -> Result<usize, PublishError> {
    let note = Note::parse(proof.checkpoint.as_bytes())
        .map_err(|error| not_proven(&with_causes(&error)))?;
    let checkpoint =
        Checkpoint::parse(note.text()).map_err(|error| not_proven(&with_causes(&error)))?;
    if checkpoint.origin() != origin {
        return Err(not_proven("its checkpoint is of another log"));
    }
    check_inclusion(
        checkpoint.size(),
        checkpoint.root(),
        proof.index,
        leaf,
        &proof.hashes,
    )
    .map_err(|error| not_proven(&with_causes(&error)))?;
    Ok(note.lines().len())
}

/// Sigstore clients know a log by its Ed25519 key; a log without one has no id there.
fn log_id(origin: &str, keys: &[Vkey]) -> Hash {
    let ed25519 = keys
        .iter()
        .find(|key| key.algorithm() == Algorithm::Ed25519);
    let key = ed25519.and_then(|key| key.public_key().try_into().ok());
    key.map_or(Hash::default(), |key| bundle::log_id(origin, key))
}

fn not_proven(why: &str) -> PublishError {
    PublishError::NotProven {
        why: why.to_owned(),
    }
}
