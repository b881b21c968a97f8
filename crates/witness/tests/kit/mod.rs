//! A log, a witness behind a socket and an HTTP client, for the tests of this folder.

#![expect(
    dead_code,
    unreachable_pub,
    reason = "each test program is a crate and uses its own part"
)]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use tlog::checkpoint::{Checkpoint, LogKeys};
use tlog::hash::{Hash, leaf_hash, sha256};
use tlog::key::{Algorithm, KeyName, Vkey};
use tlog::proof::ProofPlan;
use tlog::signer::{Signer, sign_checkpoint};
use tlog::tile::Tile;
use tlog::tree::Edge;
use tlog::witness::{Accepted, AddCheckpoint, Known, judge};
use witness::clock::Clock;
use witness::journal::disk::Faults;
use witness::keys::{KeyFile, Owner, PrivateKey};
use witness::router::{Prefixes, router};
use witness::serve;
use witness::service::{Settings, Witness, WitnessedLog};

pub const NOW: u64 = 1_700_000_000;

/// A log of at most 255 leaves, so that one partial tile holds its tree.
pub struct TestLog {
    origin: String,
    keys: Vec<PrivateKey>,
    /// Distinguishes the histories of one log.
    history: &'static str,
}

impl TestLog {
    pub fn new(origin: &str) -> Self {
        let seed = sha256(origin.as_bytes()).0;
        let name = KeyName::new(origin).unwrap();
        let mut other = seed;
        other[0] ^= 1;
        let keys = [(Algorithm::Ed25519, seed), (Algorithm::MlDsa44, other)]
            .map(|(algorithm, seed)| PrivateKey::from_seed(name.clone(), algorithm, seed).unwrap());
        Self {
            origin: origin.into(),
            keys: keys.into(),
            history: "",
        }
    }

    /// The same log with another history from the first leaf on.
    pub fn forked(mut self) -> Self {
        self.history = "forked ";
        self
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub fn vkeys(&self) -> Vec<Vkey> {
        self.keys.iter().map(|key| key.vkey().clone()).collect()
    }

    pub fn log_keys(&self) -> LogKeys {
        LogKeys::new(&self.origin, self.vkeys()).unwrap()
    }

    pub fn witnessed(&self) -> WitnessedLog {
        WitnessedLog {
            keys: self.log_keys(),
            requests_per_day: None,
        }
    }

    fn edge(&self, size: u64) -> Edge {
        let mut edge = Edge::default();
        for index in 0..size {
            let leaf = leaf_hash(format!("{}leaf {index}", self.history).as_bytes());
            edge.push(leaf, &mut Vec::new());
        }
        edge
    }

    pub fn root(&self, size: u64) -> Hash {
        self.edge(size).root()
    }

    pub fn known(&self, size: u64) -> Known {
        Known {
            size,
            root: self.root(size),
        }
    }

    pub fn proof(&self, old: u64, size: u64) -> Vec<Hash> {
        let edge = self.edge(size);
        let tiles: BTreeMap<Tile, Vec<Hash>> = edge
            .partial_tiles()
            .map(|(tile, hashes)| (tile, hashes.to_vec()))
            .collect();
        ProofPlan::consistency(old, size)
            .unwrap()
            .finish(&tiles)
            .unwrap()
    }

    pub fn checkpoint(&self, size: u64) -> Checkpoint {
        Checkpoint::new(&self.origin, size, self.root(size)).unwrap()
    }

    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let signers: Vec<&dyn Signer> = self.keys.iter().map(|key| key as &dyn Signer).collect();
        sign_checkpoint(checkpoint, &signers).unwrap()
    }

    pub fn note(&self, size: u64) -> String {
        self.sign(&self.checkpoint(size))
    }

    pub fn add_checkpoint(&self, old: u64, size: u64) -> AddCheckpoint {
        AddCheckpoint::new(old, self.proof(old, size), &self.note(size)).unwrap()
    }

    pub fn request(&self, old: u64, size: u64) -> Vec<u8> {
        self.add_checkpoint(old, size).to_bytes()
    }

    pub fn accepted(&self, old: u64, size: u64) -> Accepted {
        judge(
            self.add_checkpoint(old, size),
            Some(&self.log_keys()),
            &self.known(old),
        )
        .unwrap()
    }
}

/// Keys of a witness, the same in every test.
pub fn witness_keys(directory: &Path) -> KeyFile {
    let path = directory.join("witness.key");
    if !path.exists() {
        let name = KeyName::new("witness.example/w").unwrap();
        KeyFile::generate(&name, Owner::Cosigner)
            .unwrap()
            .save(&path)
            .unwrap();
    }
    KeyFile::load(&path).unwrap()
}

/// A clock that a test moves.
#[derive(Clone)]
pub struct TestClock(Arc<AtomicU64>);

impl TestClock {
    pub fn at(now: u64) -> Self {
        Self(Arc::new(AtomicU64::new(now)))
    }

    pub fn set(&self, now: u64) {
        self.0.store(now, Ordering::SeqCst);
    }

    pub fn clock(&self) -> Clock {
        let now = Arc::clone(&self.0);
        Clock::new(move || now.load(Ordering::SeqCst))
    }
}

pub fn open(
    directory: &Path,
    logs: &[WitnessedLog],
    clock: &TestClock,
    faults: &Faults,
) -> Witness {
    Witness::open(Settings {
        directory: directory.join("state"),
        keys: witness_keys(directory),
        logs: logs.to_vec(),
        clock: clock.clock(),
        faults: faults.clone(),
    })
    .unwrap()
}

/// A witness on a free port of loopback; stops when dropped.
pub struct Server {
    pub address: SocketAddr,
    pub clock: TestClock,
    pub faults: Faults,
    pub vkeys: Vec<Vkey>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(directory: &Path, logs: &[WitnessedLog]) -> Self {
        let (clock, faults) = (TestClock::at(NOW), Faults::none());
        let witness = open(directory, logs, &clock, &faults);
        let vkeys = witness.vkeys();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (ready, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let listener = serve::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
                ready.send(listener.local_addr().unwrap()).unwrap();
                let router = router(Arc::new(witness), &Prefixes::default());
                serve::serve(listener, router, async { stopped.await.unwrap_or(()) }).await;
            });
        });
        let address = address.recv().unwrap();
        Self {
            address,
            clock,
            faults,
            vkeys,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub fn add(&self, body: &[u8]) -> Answer {
        post(self.address, "/add-checkpoint", body)
    }

    pub fn checkpoint(&self, origin: &str) -> Answer {
        get(self.address, &monitoring(origin))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

pub fn monitoring(origin: &str) -> String {
    format!("/{}/checkpoint", sha256(origin.as_bytes()))
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.body.as_str()), (status, body));
    }
}

pub fn post(address: SocketAddr, path: &str, body: &[u8]) -> Answer {
    try_post(address, path, body).unwrap()
}

/// As [`post`], for a server that may die meanwhile.
pub fn try_post(address: SocketAddr, path: &str, body: &[u8]) -> std::io::Result<Answer> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: w\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    exchange(address, &[head.as_bytes(), body].concat())
}

pub fn get(address: SocketAddr, path: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n");
    exchange(address, request.as_bytes()).unwrap()
}

fn exchange(address: SocketAddr, request: &[u8]) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    // A server that answers before it has read everything closes; what it said still counts.
    let _ = stream.write_all(request);
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let cut = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(cut)?;
    let status = head
        .get(9..12)
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(cut)?;
    let answer = Answer {
        status,
        head: head.into(),
        body: body.into(),
    };
    match answer.header("content-length") {
        Some(length) if length == answer.body.len().to_string() => Ok(answer),
        _ => Err(cut()),
    }
}
