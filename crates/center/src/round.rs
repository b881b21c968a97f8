//! Asking witnesses: the log's side of tlog-witness, one round over all of them at once.
//!
//! A witness has one submission address and several keys. It is told the size that it is believed to have cosigned
//! last; a 409 tells the right one, and the question is repeated once with a proof from there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tlog::checkpoint::LogKeys;
use tlog::hash::Hash;
use tlog::key::Vkey;
use tlog::policy::Witnesses;
use tlog::witness::answer::{AnswerRefused, read_answer};
use tlog::witness::{AddCheckpoint, Malformed};

/// All witnesses of one log.
#[derive(Debug)]
pub struct Round {
    keys: LogKeys,
    witnesses: Vec<Witness>,
    agent: ureq::Agent,
}

#[derive(Debug)]
struct Witness {
    url: String,
    vkeys: Vec<Vkey>,
    /// Size that it cosigned last, as far as we know.
    known: AtomicU64,
}

impl Round {
    /// Witnesses by their addresses; a policy line without one is nobody to ask.
    pub fn new(keys: LogKeys, witnesses: &Witnesses) -> Self {
        let mut by_url: BTreeMap<String, Vec<Vkey>> = BTreeMap::new();
        for witness in witnesses.witnesses() {
            if let Some(url) = &witness.url {
                let url = String::from_utf8_lossy(url).trim_end_matches('/').to_owned();
                by_url.entry(url).or_default().push(witness.vkey.clone());
            }
        }
        let witnesses = by_url
            .into_iter()
            .map(|(url, vkeys)| Witness { url, vkeys, known: AtomicU64::new(0) })
            .collect();
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(ANSWER_WITHIN))
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Self { keys, witnesses, agent: config.into() }
    }

    /// Asks every witness to cosign `note`, the log's checkpoint of `size` entries. `prove` gives the consistency proof
    /// from an older size. The answer is the signature lines that verified, in the order of the addresses.
    pub fn ask<E>(
        &self,
        note: &str,
        size: u64,
        prove: impl Fn(u64) -> Result<Vec<Hash>, E> + Sync,
    ) -> Vec<String> {
        std::thread::scope(|scope| {
            let asked: Vec<_> = self
                .witnesses
                .iter()
                .map(|witness| scope.spawn(|| self.ask_one(witness, note, size, &prove)))
                .collect();
            asked.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
        })
    }

    /// The size that each witness says it cosigned last, by address; those that do not answer are left out. For a disk
    /// that may be older than the log (`tlog.md` §5.3).
    pub fn known_sizes(&self, note: &str, size: u64) -> Vec<(String, u64)> {
        let ask = |witness: &Witness| {
            // An old size that cannot be right is refused with the right one before anything is signed (W5).
            let request = AddCheckpoint::of_log(size, Vec::new(), note, &self.keys).ok()?;
            match self.submit(witness, &request) {
                Ok(_) => Some(size),
                Err(AnswerRefused::OldSize { known }) => Some(known),
                Err(_) => None,
            }
        };
        self.witnesses
            .iter()
            .filter_map(|witness| Some((witness.url.clone(), ask(witness)?)))
            .collect()
    }

    fn ask_one<E>(
        &self,
        witness: &Witness,
        note: &str,
        size: u64,
        prove: &(impl Fn(u64) -> Result<Vec<Hash>, E> + Sync),
    ) -> Vec<String> {
        for _ in 0..2 {
            let old = witness.known.load(Ordering::Relaxed);
            let request = match self.request(old, note, size, prove) {
                Ok(request) => request,
                Err(reason) => {
                    tracing::warn!(witness = witness.url, old, size, reason, "cannot ask");
                    return Vec::new();
                }
            };
            match self.submit(witness, &request) {
                Ok(lines) => {
                    witness.known.store(size, Ordering::Relaxed);
                    return lines;
                }
                Err(AnswerRefused::OldSize { known }) if known <= size => {
                    witness.known.store(known, Ordering::Relaxed);
                }
                Err(refused) => {
                    tracing::warn!(witness = witness.url, size, %refused, hint = refused.hint(), "not cosigned");
                    return Vec::new();
                }
            }
        }
        Vec::new()
    }

    fn request<E>(
        &self,
        old: u64,
        note: &str,
        size: u64,
        prove: &(impl Fn(u64) -> Result<Vec<Hash>, E> + Sync),
    ) -> Result<AddCheckpoint, &'static str> {
        if old > size {
            return Err("the witness cosigned a larger tree than this log has");
        }
        let proof = if old == 0 || old == size {
            Vec::new()
        } else {
            prove(old).map_err(|_| "no consistency proof")?
        };
        AddCheckpoint::of_log(old, proof, note, &self.keys).map_err(|error: Malformed| match error {
            Malformed::TooManyHashes => "the consistency proof is too long",
            _ => "the checkpoint cannot be read",
        })
    }

    fn submit(&self, witness: &Witness, request: &AddCheckpoint) -> Result<Vec<String>, AnswerRefused> {
        let unavailable = AnswerRefused::Unavailable { status: 0 };
        let url = format!("{}/add-checkpoint", witness.url);
        let mut response = self
            .agent
            .post(&url)
            .send(request.to_bytes().as_slice())
            .map_err(|_| unavailable.clone())?;
        let status = response.status().as_u16();
        let body = response
            .body_mut()
            .with_config()
            .limit(LARGEST_ANSWER)
            .read_to_vec()
            .map_err(|_| unavailable)?;
        let cosigned = read_answer(request, status, &body, &witness.vkeys)?;
        Ok(cosigned.iter().map(|cosigned| cosigned.line().to_owned()).collect())
    }
}

/// A witness that needs longer is silent for this round; the log goes on with the others.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Two cosignature lines are under 4 kB; 63 of them still fit.
const LARGEST_ANSWER: u64 = 256 * 1024;
