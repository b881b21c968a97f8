//! Verdicts for pages: `evidence::verify` with the node's own policy, remembered for a short while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use evidence::collect::Evidence;
use evidence::judge::{Artifact, Choice, verify};
use evidence::line::Word;
use evidence::state::Memory;
use evidence::verdict::Verdict;
use tlog::hash::Hash;

use crate::bundles::{GatherError, gather};
use crate::node::Shared;

/// A verdict and what it rests on.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The verdict.
    pub verdict: Arc<Verdict>,
    /// The evidence.
    pub evidence: Arc<Evidence>,
}

/// Verdicts reached lately, by what was asked.
#[derive(Debug, Default)]
pub struct Judgements {
    kept: Mutex<HashMap<Question, Kept>>,
}

/// A file, and the channel that was named where it stands on several.
type Question = (Hash, Option<Word>);

#[derive(Debug)]
struct Kept {
    at: u64,
    seen: Vec<(u64, u64)>,
    judged: Judged,
}

/// Judges the file by the node's policy; `None` if the node has none.
///
/// # Errors
/// [`GatherError`].
pub async fn judge(
    node: &Shared,
    digest: Hash,
    channel: Option<&Word>,
) -> Result<Option<Judged>, GatherError> {
    if node.policy.is_none() {
        return Ok(None);
    }
    // Read before the evidence: whatever is logged or shown in between makes this verdict one of an earlier state.
    let (now, seen) = (node.now(), node.seen());
    let question = (digest, channel.cloned());
    if let Some(judged) = node.judgements.find(&question, now, &seen) {
        return Ok(Some(judged));
    }
    let evidence = Arc::new(Evidence::of(gather(node, digest).await?));
    // Signatures are milliseconds of arithmetic, which must not hold up other requests.
    let (judging, judged_by, time) = (Arc::clone(node), Arc::clone(&evidence), node.time());
    let choice = Choice {
        channel: channel.cloned(),
    };
    let verdict = tokio::task::spawn_blocking(move || {
        let portal = judging.policy.as_ref()?;
        let artifact = Artifact::File(digest);
        Some(verify(
            &portal.policy,
            &judged_by,
            &artifact,
            time,
            &Memory::NotKept,
            &choice,
        ))
    });
    let Some(verdict) = verdict.await.map_err(|_| GatherError::BrokenOff)? else {
        return Ok(None);
    };
    let judged = Judged {
        verdict: Arc::new(verdict),
        evidence,
    };
    if judged.evidence.lines().is_empty() {
        // Cheap to say again; digests that nobody logged must not crowd out the others.
        return Ok(Some(judged));
    }
    node.judgements.keep(
        question,
        Kept {
            at: now,
            seen,
            judged: judged.clone(),
        },
    );
    Ok(Some(judged))
}

impl Judgements {
    fn find(&self, question: &Question, now: u64, seen: &[(u64, u64)]) -> Option<Judged> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(question)?;
        // A clock set back must not keep an old verdict alive.
        let is_fresh = now >= found.at && now - found.at < KEPT_FOR;
        (is_fresh && found.seen == seen).then(|| found.judged.clone())
    }

    fn keep(&self, question: Question, new: Kept) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(question, new);
    }
}

/// Seconds: as long as pages may be cached (`portal.md` §9).
const KEPT_FOR: u64 = 10;

/// A judged update is about 30 kB with its evidence: 2,000 of them are 60 MB at most.
const MOST_KEPT: usize = 2_000;
