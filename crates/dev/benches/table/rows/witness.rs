//! Checkpoints that one witness co-signs in a second, each durable before its answer (tlog.md §3.4, W11).
//!
//! Many logs, each with both key kinds and growing by one entry a request; the service is called without HTTP, so that
//! the row tells what verifying, the journal and signing cost.

use std::sync::Arc;

use tlog::checkpoint::{Checkpoint, LogKeys};
use tlog::hash::{Hash, leaf_hash, node_hash};
use tlog::key::KeyName;
use tlog::signer::sign_checkpoint;
use tlog::witness::AddCheckpoint;
use witness::clock::Clock;
use witness::journal::disk::Faults;
use witness::keys::{KeyFile, Owner};
use witness::service::{Settings, Witness, WitnessedLog};

use crate::Setting;
use crate::clock::{Sample, once};
use crate::table::{Line, count, time};

pub(crate) fn measure(setting: &Setting) -> Result<Vec<Line>, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .build()
        .map_err(|error| error.to_string())?;
    let logs = (0..LOGS).map(Log::new).collect::<Result<Vec<_>, _>>()?;
    let name = KeyName::new("bench.example/w").ok_or("the name is one")?;
    let witness = Witness::open(Settings {
        directory: setting.folder.path().join("witness"),
        keys: KeyFile::generate(&name, Owner::Cosigner).map_err(|error| error.to_string())?,
        logs: logs
            .iter()
            .map(|log| WitnessedLog {
                keys: log.keys.clone(),
                requests_per_day: None,
            })
            .collect(),
        clock: Clock::system(),
        faults: Faults::none(),
    });
    let witness = Arc::new(witness.map_err(|error| error.to_string())?);

    let logs: Vec<Arc<Log>> = logs.into_iter().map(Arc::new).collect();
    let mut samples = Vec::new();
    for round in 0..ROUNDS {
        let first = round * GROWTH / ROUNDS;
        let (sample, cosigned) = once(LOGS * GROWTH / ROUNDS, || {
            runtime.block_on(async {
                let tasks: Vec<_> = logs
                    .iter()
                    .map(|log| {
                        let (witness, log) = (Arc::clone(&witness), Arc::clone(log));
                        tokio::spawn(async move {
                            let mut cosigned = 0;
                            let requests = log.requests.iter().skip(first as usize);
                            for request in requests.take((GROWTH / ROUNDS) as usize) {
                                cosigned +=
                                    u64::from(witness.add_checkpoint(request).await.is_ok());
                            }
                            cosigned
                        })
                    })
                    .collect();
                let mut cosigned = 0;
                for task in tasks {
                    cosigned += task.await.unwrap_or(0);
                }
                cosigned
            })
        });
        if cosigned != LOGS * GROWTH / ROUNDS {
            return Err(format!(
                "{cosigned} of {} checkpoints were co-signed",
                LOGS * GROWTH / ROUNDS
            ));
        }
        samples.push(sample);
    }
    let sample = Sample::median(samples).ok_or("nothing was measured")?;
    Ok(vec![Line::new(
        "witness: checkpoints co-signed by both kinds, durable",
        format!("{}/s", count(sample.rate())),
        Some(sample.cpu_each()),
        format!("sync p50 {}", time(setting.floors.syncs.percentile(50))),
        "≥ 5,000/s",
    )])
}

/// A log and the requests that it will make, one after the other.
struct Log {
    keys: LogKeys,
    requests: Vec<Vec<u8>>,
}

impl Log {
    fn new(number: u64) -> Result<Self, String> {
        let origin = format!("log-{number}.example/v1");
        let name = KeyName::new(&origin).ok_or("the origin is a name")?;
        let keys = KeyFile::generate(&name, Owner::Log).map_err(|error| error.to_string())?;
        let leaves: Vec<Hash> = (0..GROWTH)
            .map(|leaf| leaf_hash(&leaf.to_be_bytes()))
            .collect();
        let requests = (1..=GROWTH).map(|size| {
            let tree = leaves.get(..size as usize).unwrap_or_default();
            let checkpoint =
                Checkpoint::new(&origin, size, root(tree)).map_err(|error| error.to_string())?;
            let note =
                sign_checkpoint(&checkpoint, &keys.signers()).map_err(|error| error.to_string())?;
            // From nothing the proof is empty (W7).
            let proof = if size == 1 {
                Vec::new()
            } else {
                consistency(size as usize - 1, tree, true)
            };
            let request =
                AddCheckpoint::new(size - 1, proof, &note).map_err(|error| error.to_string())?;
            Ok(request.to_bytes())
        });
        Ok(Self {
            requests: requests.collect::<Result<_, String>>()?,
            keys: LogKeys::new(&origin, keys.vkeys()).map_err(|error| error.to_string())?,
        })
    }
}

/// RFC 6962, section 2.1, as it stands there.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(root(left), root(right))
        }
    }
}

/// RFC 6962, section 2.1.2, as it stands there.
fn consistency(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole {
            Vec::new()
        } else {
            vec![root(leaves)]
        };
    }
    let middle = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(middle);
    let (mut proof, other) = if old <= middle {
        (consistency(old, left, whole), root(right))
    } else {
        (consistency(old - middle, right, false), root(left))
    };
    proof.push(other);
    proof
}

const LOGS: u64 = 256;
const GROWTH: u64 = 30;
const ROUNDS: u64 = 3;
