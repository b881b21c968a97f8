//! Work that waits in the job outbox: leased, done, completed; done again after a crash, so every job is idempotent.

use std::time::{Duration, Instant};

use evidence::bundle;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use store::database::DatabaseError;
use store::jobs::{AfterFailure, Failure, Lease, NewJob};
use tlog::hash::Hash;

use crate::bundles::{GatherError, gather};
use crate::http::problem::chain;
use crate::node::{Node, Shared};

/// The job that writes the static bundles that a statement about a line changes, for hosts that serve files alone.
pub fn bundle_job(line: Hash, statement: Hash, now: u64) -> NewJob {
    let payload = format!("{line} {statement}");
    NewJob {
        kind: BUNDLE.to_owned(),
        payload,
        // Before the views show the statement there is nothing to do.
        due_at: now + SHOWN_WITHIN,
        max_attempts: ATTEMPTS,
    }
}

/// Takes one job after the other until `stop` says so. Rests after each for as long as it took: readers and the door
/// come first, and a long queue takes at most half of a core.
pub async fn run(node: Shared, mut stop: tokio::sync::watch::Receiver<bool>) {
    let name = format!("worker-{}", node.request_ids.next());
    loop {
        let start = Instant::now();
        let pause = match step(&node, &name).await {
            Ok(true) => start.elapsed(),
            Ok(false) => IDLE,
            Err(error) => {
                tracing::warn!(error = %chain(&error), "no job could be taken");
                IDLE * 5
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Takes and does one job; says whether there was one.
///
/// # Errors
/// [`DatabaseError`].
pub async fn step(node: &Shared, worker: &str) -> Result<bool, DatabaseError> {
    let lease = node
        .database
        .lease(worker, &[BUNDLE], node.now(), LEASE)
        .await?;
    let Some(lease) = lease else { return Ok(false) };
    match work(node, &lease).await {
        Ok(()) => {
            if let Err(error) = node.database.complete(&lease).await {
                tracing::warn!(job = lease.job, error = %chain(&error), "another worker took the job over");
            }
        }
        Err(error) => {
            let failure = Failure {
                error: error.to_string(),
                log: chain(&error),
            };
            match node.database.fail(&lease, &failure, node.now()).await {
                Ok(AfterFailure::Dead) => {
                    tracing::error!(job = lease.job, error = %chain(&error), "dead letter")
                }
                Ok(_) => tracing::debug!(job = lease.job, error = %chain(&error), "job waits"),
                Err(error) => {
                    tracing::warn!(job = lease.job, error = %chain(&error), "failure not recorded")
                }
            }
        }
    }
    Ok(true)
}

/// The file of a digest's static bundle.
pub fn bundle_path(data: &Path, digest: Hash) -> PathBuf {
    data.join("bundles").join(format!("{digest}.jsonl"))
}

/// Bytes compressed as `.gz` holds them.
///
/// # Errors
/// Only if memory cannot be had.
pub fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

async fn work(node: &Node, lease: &Lease) -> Result<(), WorkError> {
    let ids = lease
        .payload
        .split_once(' ')
        .and_then(|(line, id)| Some((Hash::from_hex(line)?, Hash::from_hex(id)?)));
    let (line, statement) = ids.ok_or(WorkError::Payload)?;
    let mut alive = Instant::now();
    // Until the views show the statement that caused this job, the bundles would be those from before it.
    if node.database.entries_of(statement).await?.is_empty() {
        return Err(WorkError::NotYet);
    }
    let mut digests: BTreeSet<Hash> = node
        .database
        .files_of(statement)
        .await?
        .into_iter()
        .map(|file| file.digest)
        .collect();
    for source in &node.sources {
        let Some(newest) = node.database.highest_serial(&source.origin, line).await? else {
            continue;
        };
        let from = newest.saturating_sub(NEWEST);
        for row in node
            .database
            .updates_on_line(&source.origin, line, from, 1_000)
            .await?
        {
            if row.statement != statement {
                let files = node.database.files_of(row.statement).await?;
                digests.extend(files.into_iter().map(|file| file.digest));
            }
        }
    }
    for digest in digests {
        let lines = gather(node, digest).await?;
        if lines.is_empty() {
            return Err(WorkError::NotYet);
        }
        let bytes = bundle::write(&lines);
        let path = bundle_path(&node.config.data, digest);
        write(&path, &lease.worker, &bytes)?;
        write(
            &path.with_extension("jsonl.gz"),
            &lease.worker,
            &gzip(&bytes)?,
        )?;
        // A slow disk must not let the lease run out under a worker that is alive.
        if alive.elapsed() > BEAT {
            let _ = node.database.heartbeat(lease, node.now(), LEASE).await;
            alive = Instant::now();
        }
    }
    Ok(())
}

/// Derived files: whole or not there, and made again when they are lost. Each worker has its own temporary name.
fn write(path: &Path, worker: &str, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let temporary = path.with_extension(worker);
    std::fs::write(&temporary, bytes)?;
    std::fs::rename(&temporary, path)
}

/// Why a job was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
enum WorkError {
    #[error("the database gave no answer")]
    Database(#[from] DatabaseError),
    #[error("the evidence cannot be gathered")]
    Gather(#[from] GatherError),
    #[error("the bundle cannot be written")]
    Io(#[from] std::io::Error),
    #[error("no public checkpoint covers the line yet")]
    NotYet,
    #[error("the job's payload is no line id")]
    Payload,
}

const BUNDLE: &str = "bundle";

/// With backoff up to an hour these are about ten hours: witnesses may be away for a night.
const ATTEMPTS: u32 = 20;

/// Seconds; a bundle takes milliseconds.
const LEASE: u64 = 60;

/// When a lease is prolonged.
const BEAT: Duration = Duration::from_secs(LEASE / 6);

/// Seconds after which a statement usually stands in the views: two rounds of the log.
const SHOWN_WITHIN: u64 = 2;

/// How long to wait when there is nothing to do.
const IDLE: Duration = Duration::from_millis(500);

/// Serials before the newest whose bundles are written again: they name the newest of their line (B1).
const NEWEST: u64 = 16;
