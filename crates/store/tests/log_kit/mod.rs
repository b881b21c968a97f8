//! A log in a folder of its own, with witnesses that answer in this process.

#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    reason = "each test file uses a part of the kit; what cannot fail here fails a test"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use store::log::{Config, Faults, Limits, Log, OpenError, Report, Round, Scope, fsck};
use tlog::checkpoint::{Checkpoint, LogKeys};
use tlog::hash::Hash;
use tlog::key::{Algorithm, KeyName, Vkey};
use tlog::note::Note;
use tlog::policy::{Name, Witnesses};
use tlog::proof::check_consistency;
use tlog::signer::{SignFailed, Signer, cosign};

pub(crate) const ORIGIN: &str = "log.example/v1";

pub(crate) const NOW: u64 = 1_800_000_000;

/// A key made of a number.
pub(crate) struct Key {
    vkey: Vkey,
    secret: Secret,
}

enum Secret {
    Ed25519(Box<ed25519_dalek::SigningKey>),
    MlDsa44(Box<ml_dsa::ExpandedSigningKey<ml_dsa::MlDsa44>>),
}

impl Key {
    pub(crate) fn new(name: &str, algorithm: Algorithm, seed: u8) -> Self {
        let (secret, public) = match algorithm {
            Algorithm::Ed25519 | Algorithm::Ed25519Cosignature => {
                let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
                let public = key.verifying_key().to_bytes().to_vec();
                (Secret::Ed25519(Box::new(key)), public)
            }
            Algorithm::MlDsa44 => {
                let key = ml_dsa::ExpandedSigningKey::from_seed(&[seed; 32].into());
                let public = key.verifying_key().encode().to_vec();
                (Secret::MlDsa44(Box::new(key)), public)
            }
        };
        let vkey = Vkey::new(KeyName::new(name).unwrap(), algorithm, &public).unwrap();
        Self { vkey, secret }
    }
}

impl Signer for Key {
    fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignFailed> {
        use ed25519_dalek::Signer as _;
        Ok(match &self.secret {
            Secret::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            Secret::MlDsa44(key) => key
                .sign_deterministic(message, &[])
                .unwrap()
                .encode()
                .to_vec(),
        })
    }
}

/// The log's Ed25519 key alone: most tests are about writing, not about signing.
pub(crate) fn signers() -> Vec<Box<dyn Signer>> {
    vec![Box::new(Key::new(ORIGIN, Algorithm::Ed25519, 1))]
}

/// Both keys that a log has.
pub(crate) fn both_signers() -> Vec<Box<dyn Signer>> {
    let mut signers = signers();
    signers.push(Box::new(Key::new(ORIGIN, Algorithm::MlDsa44, 2)));
    signers
}

pub(crate) fn keys_of(signers: &[Box<dyn Signer>]) -> LogKeys {
    let keys = signers.iter().map(|signer| signer.vkey().clone());
    LogKeys::new(ORIGIN, keys.collect()).unwrap()
}

pub(crate) fn log_keys() -> LogKeys {
    keys_of(&signers())
}

/// Witnesses `a`, `b`, `c`, each with an Ed25519 key, two of them a quorum; they can be switched off and on.
#[derive(Clone)]
pub(crate) struct Center {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    off: Vec<&'static str>,
    seen: BTreeMap<&'static str, (u64, Hash)>,
    rounds: u32,
}

pub(crate) const NAMES: [&str; 3] = ["a", "b", "c"];

impl Center {
    pub(crate) fn new() -> Self {
        Self {
            state: Arc::default(),
        }
    }

    pub(crate) fn switch_off(&self, names: &[&'static str]) {
        self.state.lock().unwrap().off = names.to_vec();
    }

    pub(crate) fn rounds(&self) -> u32 {
        self.state.lock().unwrap().rounds
    }

    /// What each witness would tell of the log.
    pub(crate) fn told(&self) -> Vec<(Name, u64)> {
        let state = self.state.lock().unwrap();
        let policy = two_of_three();
        let told = policy.witnesses().iter().zip(NAMES);
        told.map(|(witness, name)| {
            (
                witness.name.clone(),
                state.seen.get(name).map_or(0, |seen| seen.0),
            )
        })
        .collect()
    }

    /// Asks in turn; a witness signs only what is consistent with what it signed before.
    pub(crate) fn ask(&self, round: &Round) {
        let mut state = self.state.lock().unwrap();
        state.rounds += 1;
        let note = Note::parse(round.note().as_bytes()).unwrap();
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        for (name, seed) in NAMES.into_iter().zip(10..) {
            if state.off.contains(&name) {
                continue;
            }
            let (old, old_root) = state
                .seen
                .get(name)
                .copied()
                .unwrap_or((0, Hash::EMPTY_ROOT));
            let Ok(proof) = round.consistency_proof(old) else {
                continue;
            };
            // Where tiles were lost the proof is wrong, and a witness refuses it (W8).
            let (size, root) = (checkpoint.size(), checkpoint.root());
            if check_consistency(old, old_root, size, root, &proof).is_err() {
                continue;
            }
            state.seen.insert(name, (size, root));
            let key = Key::new(
                &format!("witness.example/{name}"),
                Algorithm::Ed25519Cosignature,
                seed,
            );
            let line = cosign(note.text(), NOW, &key).unwrap();
            if round.add(&line).unwrap() {
                return;
            }
        }
    }
}

pub(crate) fn two_of_three() -> Witnesses {
    let mut text = String::new();
    for (name, seed) in NAMES.into_iter().zip(10..) {
        let key = Key::new(
            &format!("witness.example/{name}"),
            Algorithm::Ed25519Cosignature,
            seed,
        );
        text.push_str(&format!("witness {name} {}\n", key.vkey));
    }
    text.push_str("group three 2 a b c\nquorum three\n");
    Witnesses::parse(text.as_bytes()).unwrap()
}

pub(crate) fn nobody() -> Witnesses {
    Witnesses::parse(b"quorum none\n").unwrap()
}

/// Small enough that a test goes through several segments.
pub(crate) fn small() -> Limits {
    Limits {
        segment_bytes: 640 << 10,
        group_entries: 512,
        group_bytes: 40 << 10,
        ask_again_first: Duration::from_millis(1),
        ask_again_at_most: Duration::from_millis(4),
        ..Limits::default()
    }
}

pub(crate) fn config(folder: &Path, faults: &Faults, center: Option<&Center>) -> Config {
    let witnesses = center.map_or_else(nobody, |_| two_of_three());
    let center = center.cloned().unwrap_or_else(Center::new);
    Config {
        folder: folder.to_path_buf(),
        origin: ORIGIN.to_owned(),
        signers: signers(),
        witnesses,
        ask: Box::new(move |round| center.ask(&round)),
        clock: Arc::new(|| NOW),
        limits: small(),
        faults: faults.clone(),
    }
}

/// A log without witnesses.
pub(crate) fn open(folder: &Path) -> Result<Log, OpenError> {
    Log::open(config(folder, &Faults::default(), None))
}

/// A log whose witnesses have told what they saw.
pub(crate) fn open_witnessed(folder: &Path, center: &Center, faults: &Faults) -> Log {
    let log = Log::open(config(folder, faults, Some(center))).unwrap();
    log.allow_appends_after(&center.told()).unwrap();
    log
}

/// A folder in memory where there is one: injected faults need no real disk.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

pub(crate) fn entry(number: u64) -> Vec<u8> {
    format!(
        "entry {number} {}",
        "x".repeat(usize::try_from(number % 300).unwrap())
    )
    .into_bytes()
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(future)
}

/// Appends entries `range` one after the other and returns their indexes.
pub(crate) fn append(log: &Log, range: std::ops::Range<u64>) -> Vec<u64> {
    let entries: Vec<Vec<u8>> = range.map(entry).collect();
    let mut tickets = log.appender().append_all(&entries).unwrap();
    block_on(tickets.durable()).unwrap()
}

/// Waits until the public checkpoint has the durable size.
pub(crate) fn wait_public(log: &Log) {
    let reader = log.reader();
    let mut progress = reader.progress();
    block_on(progress.wait_for(|progress| progress.public == Some(reader.size()))).unwrap();
}

/// Waits until the witnesses have answered for the durable size, one way or the other, or the power is gone.
pub(crate) fn wait_round(log: &Log, faults: &Faults) {
    let size = log.reader().size();
    let progress = log.reader().progress();
    let is_over = || {
        let progress = progress.borrow();
        let is_missing = progress
            .missing
            .as_ref()
            .is_some_and(|missing| missing.size >= size);
        progress.public >= Some(size) || is_missing || progress.stopped.is_some()
    };
    while !is_over() && !faults.is_power_cut() {
        std::thread::sleep(Duration::from_micros(100));
    }
}

/// All files below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The whole check of a closed log of [`config`].
pub(crate) fn check(folder: &Path, witnesses: &Witnesses) -> Report {
    fsck(folder, &log_keys(), witnesses, Scope::Whole).unwrap()
}

/// Fails with the findings unless there are none.
pub(crate) fn assert_clean(folder: &Path, witnesses: &Witnesses) -> Report {
    let report = check(folder, witnesses);
    assert!(report.is_clean(), "{report:#?}");
    report
}
