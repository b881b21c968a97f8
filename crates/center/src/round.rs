//! Asking witnesses: the log's side of tlog-witness, one round over all of them at once.
//!
//! A witness has one submission address and several keys. It is told the size that it is believed to have cosigned
//! last; a 409 tells the right one, and the question is repeated once with a proof from there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use store::log::{AskWitnesses, Round};
use tlog::checkpoint::LogKeys;
use tlog::key::Vkey;
use tlog::policy::{Name, Witnesses};
use tlog::witness::AddCheckpoint;
use tlog::witness::answer::{AnswerRefused, read_answer};

use crate::client::agent;
use crate::metrics::Metrics;

/// All witnesses of one log, by their addresses.
#[derive(Clone)]
pub struct Asked {
    keys: LogKeys,
    witnesses: Vec<Arc<Witness>>,
    agent: ureq::Agent,
}

struct Witness {
    url: String,
    names: Vec<Name>,
    vkeys: Vec<Vkey>,
    /// Size that it cosigned last, as far as we know.
    known: AtomicU64,
}

impl Asked {
    /// The witnesses of `policy`; a line without an address is nobody to ask.
    pub fn new(keys: LogKeys, policy: &Witnesses) -> Self {
        let mut by_url: BTreeMap<String, Witness> = BTreeMap::new();
        for witness in policy.witnesses() {
            let Some(url) = &witness.url else { continue };
            let url = String::from_utf8_lossy(url)
                .trim_end_matches('/')
                .to_owned();
            let asked = by_url.entry(url.clone()).or_insert_with(|| Witness {
                url,
                names: Vec::new(),
                vkeys: Vec::new(),
                known: AtomicU64::new(0),
            });
            asked.names.push(witness.name.clone());
            asked.vkeys.push(witness.vkey.clone());
        }
        let witnesses = by_url.into_values().map(Arc::new).collect();
        Self {
            keys,
            witnesses,
            agent: agent(ANSWER_WITHIN),
        }
    }

    /// What the log calls for each tree that it signed.
    pub fn into_ask(self, metrics: Arc<Metrics>) -> AskWitnesses {
        Box::new(move |round: Arc<Round>| {
            for witness in &self.witnesses {
                let (asked, witness, round) =
                    (self.clone(), Arc::clone(witness), Arc::clone(&round));
                // A silent witness keeps its own thread waiting and nobody else.
                std::thread::spawn(move || asked.ask_one(&witness, &round));
            }
            if round.wait(ANSWER_WITHIN) {
                metrics.rounds_met.fetch_add(1, Ordering::Relaxed);
                // The quorum is enough; who is nearly there is waited for, so that a checkpoint carries more than it must.
                std::thread::sleep(GRACE);
            } else {
                metrics.rounds_missed.fetch_add(1, Ordering::Relaxed);
            }
        })
    }

    /// The size that each witness says it cosigned last; who does not answer is left out. `note` is a checkpoint of
    /// `size` entries that this log has signed before, or that of the empty tree, which contradicts nothing.
    pub fn told_sizes(&self, note: &str, size: u64) -> Vec<(Name, u64)> {
        let told = self.witnesses.iter().filter_map(|witness| {
            let request = AddCheckpoint::of_log(size, Vec::new(), note, &self.keys).ok()?;
            let known = match self.submit(witness, &request) {
                Ok(_) => size,
                // W5: the right size comes with the refusal.
                Err(AnswerRefused::OldSize { known }) => known,
                Err(refused) => {
                    tracing::warn!(witness = witness.url, %refused, hint = refused.hint(), "does not tell its size");
                    return None;
                }
            };
            witness.known.store(known, Ordering::Relaxed);
            Some(witness.names.iter().map(move |name| (name.clone(), known)))
        });
        told.flatten().collect()
    }

    fn ask_one(&self, witness: &Witness, round: &Round) {
        // Once with the size we believe, once more with the size that a 409 told.
        for _ in 0..2 {
            let old = witness.known.load(Ordering::Relaxed);
            let Ok(proof) = round.consistency_proof(old) else {
                tracing::error!(
                    witness = witness.url,
                    old,
                    size = round.size(),
                    "has cosigned a larger tree than this log has"
                );
                return;
            };
            let Ok(request) = AddCheckpoint::of_log(old, proof, round.note(), &self.keys) else {
                return;
            };
            match self.submit(witness, &request) {
                Ok(lines) => {
                    witness.known.store(round.size(), Ordering::Relaxed);
                    if let Err(refused) = round.add(&lines) {
                        tracing::warn!(witness = witness.url, %refused, hint = refused.hint(), "answer refused");
                    }
                    return;
                }
                Err(AnswerRefused::OldSize { known }) => {
                    witness.known.store(known, Ordering::Relaxed)
                }
                Err(refused) => {
                    tracing::warn!(witness = witness.url, size = round.size(), %refused, hint = refused.hint(), "not cosigned");
                    return;
                }
            }
        }
    }

    fn submit(&self, witness: &Witness, request: &AddCheckpoint) -> Result<String, AnswerRefused> {
        let unavailable = AnswerRefused::Unavailable { status: 0 };
        let url = format!("{}/add-checkpoint", witness.url);
        let sent = self.agent.post(&url).send(request.to_bytes().as_slice());
        let mut response = sent.map_err(|_| unavailable.clone())?;
        let status = response.status().as_u16();
        let body = response
            .body_mut()
            .with_config()
            .limit(LARGEST_ANSWER)
            .read_to_vec();
        let cosigned = read_answer(
            request,
            status,
            &body.map_err(|_| unavailable)?,
            &witness.vkeys,
        )?;
        Ok(cosigned.iter().map(|cosigned| cosigned.line()).collect())
    }
}

/// A witness that needs longer is silent for this round; the log goes on with the others.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// About one answer on a continent's distance.
const GRACE: Duration = Duration::from_millis(50);

/// Two cosignature lines are under 4 kB; 63 of them still fit.
const LARGEST_ANSWER: u64 = 256 * 1024;
