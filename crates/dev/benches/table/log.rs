//! A log to measure with: both keys, no witnesses, in a folder on the project's disk.

use std::path::Path;
use std::sync::Arc;

use store::log::{Appender, Config, Faults, Limits, Log};
use tlog::checkpoint::LogKeys;
use tlog::key::{Algorithm, KeyName};
use tlog::policy::Witnesses;
use tlog::signer::Signer;
use witness::keys::PrivateKey;

/// Bytes of an entry, as in the goals.
pub(crate) const ENTRY: usize = 256;

/// Opens the log in `folder`, new or not.
pub(crate) fn open(folder: &Path) -> Result<Log, String> {
    let log = Log::open(Config {
        folder: folder.to_owned(),
        origin: ORIGIN.to_owned(),
        signers: signers()?,
        witnesses: nobody(),
        ask: Box::new(|_| ()),
        clock: Arc::new(|| 1_795_000_000),
        limits: Limits::default(),
        faults: Faults::default(),
    });
    log.map_err(|error| error.to_string())
}

/// The keys of that log.
pub(crate) fn keys() -> Result<LogKeys, String> {
    let keys = signers()?
        .iter()
        .map(|signer| signer.vkey().clone())
        .collect();
    LogKeys::new(ORIGIN, keys).map_err(|error| error.to_string())
}

/// A quorum of none: what the log itself costs, without anyone's answer.
pub(crate) fn nobody() -> Witnesses {
    Witnesses::parse(b"quorum none\n").expect("it is the shortest policy")
}

/// Appends entries `from..to`, all distinct, `group` at a time from `callers` tasks, each durable before the next group.
pub(crate) async fn append(
    appender: &Appender,
    from: u64,
    to: u64,
    group: u64,
    callers: u64,
) -> Result<(), String> {
    let share = (to - from) / callers;
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let appender = appender.clone();
            let begin = from + caller * share;
            let end = if caller + 1 == callers {
                to
            } else {
                begin + share
            };
            tokio::spawn(async move {
                let mut next = begin;
                while next < end {
                    let until = end.min(next + group);
                    let entries: Vec<[u8; ENTRY]> = (next..until).map(entry).collect();
                    let mut tickets = appender
                        .append_all(&entries)
                        .map_err(|error| error.to_string())?;
                    tickets.durable().await.map_err(|error| error.to_string())?;
                    next = until;
                }
                Ok::<(), String>(())
            })
        })
        .collect();
    for task in tasks {
        task.await.map_err(|error| error.to_string())??;
    }
    Ok(())
}

/// Entry of that number; no two are equal.
pub(crate) fn entry(number: u64) -> [u8; ENTRY] {
    let mut entry = [7; ENTRY];
    for (byte, digit) in entry.iter_mut().zip(number.to_be_bytes()) {
        *byte = digit;
    }
    entry
}

fn signers() -> Result<Vec<Box<dyn Signer>>, String> {
    let key = |algorithm, seed| {
        let name = KeyName::new(ORIGIN)?;
        PrivateKey::from_seed(name, algorithm, [seed; 32])
            .map(|key| Box::new(key) as Box<dyn Signer>)
    };
    let both = [key(Algorithm::Ed25519, 1), key(Algorithm::MlDsa44, 2)];
    both.into_iter()
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| "a seed made no key".to_owned())
}

const ORIGIN: &str = "bench.example/v1";
