//! How many checkpoints a second one witness cosigns, each durable before its answer, beside what the machine can do.
//!
//! ```console
//! $ cargo run --release -p witness --example throughput -- [LOGS] [CHECKPOINTS-PER-LOG]
//! ```
//!
//! In one process and without HTTP: from the request's bytes to the answer's bytes, with both signatures of the log
//! checked, the consistency proof checked, the state synced, and both cosignatures made. Prints one JSON object.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tlog::checkpoint::{Checkpoint, LogKeys};
use tlog::hash::{leaf_hash, sha256};
use tlog::key::{Algorithm, KeyName};
use tlog::proof::ProofPlan;
use tlog::signer::{Signer, sign_checkpoint};
use tlog::tree::Edge;
use tlog::witness::AddCheckpoint;
use witness::clock::Clock;
use witness::journal::disk::Faults;
use witness::keys::{KeyFile, Owner, PrivateKey};
use witness::service::{Settings, Witness, WitnessedLog};

/// One run, and the floors measured in it.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Checkpoints cosigned.
    pub checkpoints: u64,
    /// Wall time.
    pub seconds: f64,
    /// CPU time of the process for one checkpoint, in microseconds.
    pub cpu_us: f64,
    /// One sync of a small append to the same directory, in microseconds of wall time.
    pub sync_us: f64,
    /// CPU time to check a log's Ed25519 and ML-DSA-44 signatures.
    pub verify_us: f64,
    /// CPU time to make an Ed25519 and an ML-DSA-44 cosignature.
    pub sign_us: f64,
}

impl Measured {
    /// Checkpoints a second.
    pub fn rate(&self) -> f64 {
        self.checkpoints as f64 / self.seconds
    }
}

/// Cosigns `per_log` checkpoints, at most 255, of each of `logs` logs, all logs in parallel; state in `directory`.
///
/// # Errors
/// Whatever the disk or the system refuses.
pub fn measure(
    directory: &Path,
    logs: u64,
    per_log: u64,
) -> Result<Measured, Box<dyn std::error::Error>> {
    let logs: Vec<BenchLog> = (0..logs)
        .map(BenchLog::new)
        .collect::<Option<_>>()
        .ok_or("no keys")?;
    let requests: Vec<Vec<Vec<u8>>> = logs
        .iter()
        .map(|log| log.requests(per_log))
        .collect::<Option<_>>()
        .ok_or("no requests")?;
    let name = KeyName::new("witness.example/bench").ok_or("no name")?;
    let witnessed = logs
        .iter()
        .map(BenchLog::witnessed)
        .collect::<Option<_>>()
        .ok_or("no log")?;
    let witness = Arc::new(Witness::open(Settings {
        directory: directory.join("state"),
        keys: KeyFile::generate(&name, Owner::Cosigner)?,
        logs: witnessed,
        clock: Clock::system(),
        faults: Faults::none(),
    })?);
    let runtime = tokio::runtime::Runtime::new()?;
    let (started, cpu) = (Instant::now(), cpu_time());
    let answered: u64 = runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for chain in requests {
            let witness = Arc::clone(&witness);
            tasks.spawn(async move {
                let mut answered = 0;
                for body in chain {
                    answered += u64::from(witness.add_checkpoint(&body).await.is_ok());
                }
                answered
            });
        }
        tasks.join_all().await.into_iter().sum()
    });
    let (elapsed, cpu) = (started.elapsed(), cpu_time() - cpu);
    if answered != logs.len() as u64 * per_log {
        return Err(format!("only {answered} checkpoints were cosigned").into());
    }
    Ok(Measured {
        checkpoints: answered,
        seconds: elapsed.as_secs_f64(),
        cpu_us: cpu.as_secs_f64() * 1e6 / answered as f64,
        sync_us: sync_floor(directory)?,
        verify_us: verify_floor(&logs)?,
        sign_us: sign_floor(&logs)?,
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut numbers = std::env::args().skip(1).map(|number| number.parse::<u64>());
    let logs = numbers.next().transpose()?.unwrap_or(512);
    let per_log = numbers.next().transpose()?.unwrap_or(40);
    // On the disk of the working directory: a temporary directory is often memory, where a sync costs nothing.
    let directory = tempfile::tempdir_in(".")?;
    let measured = measure(directory.path(), logs, per_log)?;
    let Measured {
        checkpoints,
        seconds,
        cpu_us,
        sync_us,
        verify_us,
        sign_us,
    } = measured;
    writeln!(
        std::io::stdout(),
        "{{\"checkpoints\":{checkpoints},\"seconds\":{seconds:.3},\"rate\":{:.0},\"cpu_us\":{cpu_us:.1},\
         \"sync_us\":{sync_us:.0},\"verify_us\":{verify_us:.1},\"sign_us\":{sign_us:.1}}}",
        measured.rate()
    )?;
    Ok(())
}

struct BenchLog {
    origin: String,
    keys: [PrivateKey; 2],
}

impl BenchLog {
    fn new(number: u64) -> Option<Self> {
        let origin = format!("log-{number}.example/v1");
        let name = KeyName::new(&origin)?;
        let seed = |kind: &str| sha256(format!("{kind} {origin}").as_bytes()).0;
        let keys = [
            PrivateKey::from_seed(name.clone(), Algorithm::Ed25519, seed("01"))?,
            PrivateKey::from_seed(name, Algorithm::MlDsa44, seed("06"))?,
        ];
        Some(Self { origin, keys })
    }

    fn witnessed(&self) -> Option<WitnessedLog> {
        let vkeys = self.keys.iter().map(|key| key.vkey().clone()).collect();
        let keys = LogKeys::new(&self.origin, vkeys).ok()?;
        Some(WitnessedLog {
            keys,
            requests_per_day: None,
        })
    }

    fn sign(&self, checkpoint: &Checkpoint) -> Option<String> {
        let [ed25519, ml_dsa] = &self.keys;
        sign_checkpoint(checkpoint, &[ed25519, ml_dsa]).ok()
    }

    /// One request for each size from 1 on.
    fn requests(&self, count: u64) -> Option<Vec<Vec<u8>>> {
        let mut edge = Edge::default();
        let mut requests = Vec::new();
        for size in 1..=count {
            edge.push(leaf_hash(&size.to_be_bytes()), &mut Vec::new());
            let tiles: BTreeMap<_, _> = edge
                .partial_tiles()
                .map(|(tile, hashes)| (tile, hashes.to_vec()))
                .collect();
            let proof = ProofPlan::consistency(size - 1, size)?
                .finish(&tiles)
                .ok()?;
            let note = self.sign(&Checkpoint::new(&self.origin, size, edge.root()).ok()?)?;
            requests.push(AddCheckpoint::new(size - 1, proof, &note).ok()?.to_bytes());
        }
        Some(requests)
    }
}

fn sync_floor(directory: &Path) -> Result<f64, std::io::Error> {
    let path = directory.join("floor");
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let started = Instant::now();
    for _ in 0..ROUNDS {
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
    }
    Ok(started.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS))
}

fn verify_floor(logs: &[BenchLog]) -> Result<f64, Box<dyn std::error::Error>> {
    let log = logs.first().ok_or("no log")?;
    let signatures: Vec<Vec<u8>> = log
        .keys
        .iter()
        .map(|key| key.sign(MESSAGE))
        .collect::<Result<_, _>>()?;
    let pairs: Vec<_> = log.keys.iter().map(Signer::vkey).zip(&signatures).collect();
    let cpu = cpu_time();
    for _ in 0..ROUNDS {
        if !pairs
            .iter()
            .all(|(vkey, signature)| vkey.verifies(MESSAGE, signature))
        {
            return Err("a signature does not verify".into());
        }
    }
    Ok((cpu_time() - cpu).as_secs_f64() * 1e6 / f64::from(ROUNDS))
}

fn sign_floor(logs: &[BenchLog]) -> Result<f64, Box<dyn std::error::Error>> {
    let log = logs.first().ok_or("no log")?;
    let cpu = cpu_time();
    for _ in 0..ROUNDS {
        for key in &log.keys {
            key.sign(MESSAGE)?;
        }
    }
    Ok((cpu_time() - cpu).as_secs_f64() * 1e6 / f64::from(ROUNDS))
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

const MESSAGE: &[u8] =
    b"a message of about the length of a checkpoint, which has three short lines";

/// ML-DSA-44 signing takes a varying number of attempts, so floors are averages.
const ROUNDS: u32 = 200;
