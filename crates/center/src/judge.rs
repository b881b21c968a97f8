//! Verdicts for pages: `evidence::verify` with the node's own policy, remembered for a short while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use evidence::bundle::BundleLine;
use evidence::collect::Evidence;
use evidence::judge::{Artifact, Choice, verify};
use evidence::state::Memory;
use evidence::time::Time;
use evidence::verdict::Verdict;
use tlog::hash::Hash;

use crate::bundles::{GatherError, gather};
use crate::node::Node;

/// A verdict and what it rests on.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The verdict.
    pub verdict: Arc<Verdict>,
    /// The evidence.
    pub lines: Arc<Vec<BundleLine>>,
}

/// Verdicts reached lately, by digest.
#[derive(Debug, Default)]
pub struct Judgements {
    kept: Mutex<HashMap<Hash, Kept>>,
}

#[derive(Debug)]
struct Kept {
    at: u64,
    sizes: Vec<u64>,
    judged: Judged,
}

/// Judges the file by the node's policy; `None` if the node has none.
///
/// # Errors
/// [`GatherError`].
pub async fn judge(node: &Node, digest: Hash) -> Result<Option<Judged>, GatherError> {
    let Some(portal) = &node.policy else { return Ok(None) };
    let now = node.now();
    let sizes: Vec<u64> = node.sources.iter().map(crate::source::Source::public_size).collect();
    if let Some(judged) = node.judgements.find(digest, now, &sizes) {
        return Ok(Some(judged));
    }
    let lines = gather(node, digest).await?;
    let evidence = Evidence::of(lines.clone());
    let time = Time::from_seconds(i64::try_from(now).unwrap_or(i64::MAX));
    let artifact = Artifact::File(digest);
    let verdict = verify(&portal.policy, &evidence, &artifact, time, &Memory::NotKept, &Choice::default());
    let judged = Judged { verdict: Arc::new(verdict), lines: Arc::new(lines) };
    node.judgements.keep(digest, Kept { at: now, sizes, judged: judged.clone() });
    Ok(Some(judged))
}

impl Judgements {
    fn find(&self, digest: Hash, now: u64, sizes: &[u64]) -> Option<Judged> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(&digest)?;
        // A clock set back must not keep an old verdict alive.
        let is_fresh = now >= found.at && now - found.at < KEPT_FOR;
        (is_fresh && found.sizes == sizes).then(|| found.judged.clone())
    }

    fn keep(&self, digest: Hash, new: Kept) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(digest, new);
    }
}

/// Seconds: as long as pages may be cached (`portal.md` §9).
const KEPT_FOR: u64 = 10;

/// A judged update is about 30 kB with its evidence: 2,000 of them are 60 MB at most.
const MOST_KEPT: usize = 2_000;
