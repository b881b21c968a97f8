//! The node: everything that requests and loops share. Opened once; each field says which loop owns it.

use std::os::unix::fs::DirBuilderExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use evidence::policy::{Policy, PolicyInvalid};
use evidence::time::Time;
use store::blobs::{BlobError, BlobLimits, Blobs};
use store::database::{Database, OpenError};
use store::log::{self, Log};
use store::replica::{Replica, ReplicaError};
use tlog::checkpoint::{Checkpoint, LogKeys};
use tlog::hash::{Hash, sha256};
use tlog::key::Vkey;
use tlog::signer::{SignFailed, Signer, sign_checkpoint};
use witness::keys::{KeyFile, KeysRefused, Owner};
use witness::service::{OpenRefused, Settings, Witness, WitnessedLog};

use crate::admissions::{Admissions, AdmissionsError, Admitted};
use crate::bundles::Bundles;
use crate::clock;
use crate::config::Config;
use crate::door::Door;
use crate::http::limit::RateLimit;
use crate::judge::Judgements;
use crate::metrics::Metrics;
use crate::pages::Pages;
use crate::round::Asked;
use crate::source::{Bytes, Source};

/// The node, shared by all requests and loops.
pub type Shared = Arc<Node>;

/// One running node.
pub struct Node {
    /// What it was started with.
    pub config: Config,
    /// Application data.
    pub database: Database,
    /// Bytes by digest.
    pub blobs: Blobs,
    /// The own log; the sequencer's threads live in it.
    pub log: Option<OwnLog>,
    /// All logs that can be read here, the own one first.
    pub sources: Vec<Source>,
    /// The witness, if the node is one.
    pub witness: Option<Arc<Witness>>,
    /// The policy by which pages judge.
    pub policy: Option<PortalPolicy>,
    /// Bundles made lately.
    pub bundles: Bundles,
    /// Verdicts that were reached lately.
    pub judgements: Judgements,
    /// What pages remember between requests.
    pub pages: Pages,
    /// Who may say what; refreshed by its loop.
    admissions: RwLock<Arc<Admissions>>,
    /// When the admissions were last refreshed for an unknown key, in seconds since the epoch.
    refreshed_at: AtomicU64,
    /// The door's task; set when the node serves.
    door: OnceLock<Door>,
    /// Whether the own log takes entries: a quorum of witnesses has told what it saw.
    appends_allowed: AtomicBool,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Requests per address.
    pub rate: RateLimit,
    /// Numbers of requests.
    pub request_ids: RequestIds,
}

/// The node's own log.
pub struct OwnLog {
    /// Origin.
    pub origin: String,
    /// The open log.
    pub log: Log,
    /// Its keys.
    pub keys: LogKeys,
    asked: Asked,
    key_file: Arc<KeyFile>,
}

/// The policy by which pages judge.
#[derive(Clone, Debug)]
pub struct PortalPolicy {
    /// The text as it is served.
    pub text: String,
    /// The policy.
    pub policy: Policy,
    /// `security.txt` as it is served, if the operator has one.
    pub security_txt: Option<String>,
}

impl Node {
    /// Opens everything that the configuration names.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn open(config: Config) -> Result<Shared, NodeError> {
        // Bodies under embargo live here: nobody else on this machine reads them.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&config.data)
            .map_err(|error| NodeError::Folder { kind: error.kind() })?;
        let database = Database::open_file(&config.data.join("node.sqlite")).await?;
        let limits = BlobLimits {
            largest: config.limits.blob,
            reserve: RESERVE,
        };
        let blobs = Blobs::open(&config.data.join("blobs"), limits).await?;
        let metrics = Arc::new(Metrics::default());
        let log = open_log(&config, &metrics)?;
        let mut sources = Vec::new();
        if let (Some(own), Some(role)) = (&log, &config.log) {
            let bytes = Bytes::Own(own.log.reader());
            sources.push(Source::new(
                &own.origin,
                own.keys.keys(),
                &role.witnesses,
                bytes,
            ));
        }
        for followed in &config.follow {
            let name = sha256(followed.keys.origin().as_bytes()).to_hex();
            let replica = Replica::open(&config.copies.join(name))?;
            let bytes = Bytes::Copy(Arc::new(RwLock::new(replica)));
            let keys = &followed.keys;
            sources.push(Source::new(
                keys.origin(),
                keys.keys(),
                &followed.witnesses,
                bytes,
            ));
        }
        let admissions = Admissions::load(&database).await?;
        Ok(Arc::new(Self {
            witness: open_witness(&config)?,
            policy: open_policy(&config)?,
            bundles: Bundles::default(),
            judgements: Judgements::default(),
            pages: Pages::default(),
            admissions: RwLock::new(Arc::new(admissions)),
            refreshed_at: AtomicU64::new(0),
            door: OnceLock::new(),
            appends_allowed: AtomicBool::new(false),
            metrics,
            rate: RateLimit::new(config.limits.requests_per_second, config.limits.burst),
            request_ids: RequestIds::new(),
            config,
            database,
            blobs,
            log,
            sources,
        }))
    }

    /// Seconds since the epoch.
    pub fn now(&self) -> u64 {
        clock::now()
    }

    /// The same as a [`Time`].
    pub fn time(&self) -> Time {
        Time::from_seconds(i64::try_from(self.now()).unwrap_or(i64::MAX))
    }

    /// Who may say what.
    pub fn admissions(&self) -> Arc<Admissions> {
        Arc::clone(
            &self
                .admissions
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// The admitted key of that id. An unknown one is looked up in the database once more, at most once a second: a
    /// stranger must not spend our time.
    pub async fn admitted(&self, key: Hash) -> Option<Admitted> {
        if let Some(admitted) = self.admissions().find(key) {
            return Some(admitted);
        }
        let now = self.now();
        if self.refreshed_at.swap(now, Ordering::Relaxed) == now {
            return None;
        }
        self.refresh_admissions().await;
        self.admissions().find(key)
    }

    /// Reads the admissions again; a damaged list leaves the former one in force.
    pub async fn refresh_admissions(&self) {
        match Admissions::load(&self.database).await {
            Ok(admissions) => {
                *self
                    .admissions
                    .write()
                    .unwrap_or_else(PoisonError::into_inner) = Arc::new(admissions);
            }
            Err(error) => tracing::warn!(%error, "admissions not refreshed"),
        }
    }

    /// The door, once it stands open.
    pub fn door(&self) -> Option<&Door> {
        self.door.get()
    }

    /// Sets the door; a second one is ignored.
    pub fn open_door(&self, door: Door) {
        let _ = self.door.set(door);
    }

    /// Whether the own log takes entries.
    pub fn takes_entries(&self) -> bool {
        self.appends_allowed.load(Ordering::Acquire)
    }

    /// The log of that origin.
    pub fn source(&self, origin: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.origin == origin)
    }

    /// How far each log is seen and shown here: what was computed from the logs holds while this stays.
    pub fn seen(&self) -> Vec<(u64, u64)> {
        self.sources
            .iter()
            .map(|source| (source.public_size(), source.shown()))
            .collect()
    }

    /// Lets the own log append, as soon as a quorum of witnesses has told what it saw last (`tlog.md` §5.3). Asks again
    /// until it has, or until the answer is that this disk is older than the log.
    pub async fn allow_appends(self: Arc<Self>) {
        let mut pause = Duration::from_millis(200);
        loop {
            let node = Arc::clone(&self);
            let answer = tokio::task::spawn_blocking(move || node.ask_sizes()).await;
            match answer {
                Ok(Ok(())) => {
                    self.appends_allowed.store(true, Ordering::Release);
                    return;
                }
                Ok(Err(refused @ log::NotAllowed::OlderThanWitnesses { .. })) => {
                    // An answer that nobody signed must not stop a log for good: it is asked again, slowly.
                    tracing::error!(%refused, hint = refused.hint(), "the log takes no entries");
                    pause = Duration::from_secs(5);
                }
                Ok(Err(refused)) => {
                    tracing::warn!(%refused, hint = refused.hint(), "the log waits")
                }
                Err(error) => tracing::error!(%error, "asking the witnesses failed"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    fn ask_sizes(&self) -> Result<(), log::NotAllowed> {
        let Some(own) = &self.log else { return Ok(()) };
        let reader = own.log.reader();
        let told = match reader.latest() {
            Some(latest) => own.asked.told_sizes(&latest.note, latest.size),
            None => match own.empty_checkpoint() {
                Ok(note) => own.asked.told_sizes(&note, 0),
                Err(error) => {
                    tracing::error!(%error, "the log's key cannot sign");
                    Vec::new()
                }
            },
        };
        own.log.allow_appends_after(&told)
    }
}

impl OwnLog {
    /// The empty tree, signed: it contradicts no larger one, so it may be signed before anything is known.
    fn empty_checkpoint(&self) -> Result<String, SignFailed> {
        let failed = || SignFailed {
            name: self.origin.as_str().into(),
        };
        let checkpoint =
            Checkpoint::new(&self.origin, 0, Hash::EMPTY_ROOT).map_err(|_| failed())?;
        sign_checkpoint(&checkpoint, &self.key_file.signers())
    }
}

/// Numbers that name requests in the log: random at start, so that two runs do not share one.
#[derive(Debug)]
pub struct RequestIds {
    prefix: u32,
    next: AtomicU64,
}

impl RequestIds {
    fn new() -> Self {
        let mut seed = [0; 4];
        // Without randomness two runs may share an id; nothing else rests on it.
        let _ = getrandom::fill(&mut seed);
        Self {
            prefix: u32::from_le_bytes(seed),
            next: AtomicU64::new(0),
        }
    }

    /// The next id.
    pub fn next(&self) -> String {
        format!(
            "{:08x}-{:x}",
            self.prefix,
            self.next.fetch_add(1, Ordering::Relaxed)
        )
    }
}

/// Why a node did not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The list of publishers.
    #[error(transparent)]
    Admissions(#[from] AdmissionsError),
    /// The blob folder.
    #[error("the blob folder cannot be opened")]
    Blobs(#[from] BlobError),
    /// The database.
    #[error("the database cannot be opened")]
    Database(#[from] OpenError),
    /// The data folder.
    #[error("the data folder cannot be made: {kind}")]
    Folder {
        /// Why.
        kind: std::io::ErrorKind,
    },
    /// A key file.
    #[error("the keys of the {role} cannot be used")]
    Keys {
        /// Whose.
        role: &'static str,
        /// Why.
        #[source]
        cause: KeysRefused,
    },
    /// Keys of another log.
    #[error("the log's keys are named after another origin")]
    KeysOfOther,
    /// The own log.
    #[error("the log cannot be opened")]
    Log(#[from] log::OpenError),
    /// The policy of the pages.
    #[error("the policy of the pages cannot be used: {0}")]
    Policy(PolicyInvalid),
    /// The policy's file.
    #[error("the policy of the pages cannot be read: {kind}")]
    PolicyFile {
        /// Why.
        kind: std::io::ErrorKind,
    },
    /// A copy of a followed log.
    #[error("the copy of a followed log cannot be opened")]
    Replica(#[from] ReplicaError),
    /// The file of `portal.security-txt`.
    #[error("the security.txt of the portal cannot be read: {kind}")]
    SecurityTxt {
        /// Why.
        kind: std::io::ErrorKind,
    },
    /// The witness.
    #[error("the witness cannot be opened")]
    Witness(#[from] OpenRefused),
}

impl NodeError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Admissions(cause) => cause.hint(),
            Self::Blobs(cause) => cause.hint(),
            Self::Database(cause) => cause.hint(),
            Self::Folder { .. } => "make the folder of `data` in node.toml writable for this user",
            Self::Keys { cause, .. } => cause.hint(),
            Self::KeysOfOther => "name the key file that was made for log.origin",
            Self::Log(cause) => cause.hint(),
            Self::Policy(_) | Self::PolicyFile { .. } => "check portal.policy in node.toml",
            Self::Replica(cause) => cause.hint(),
            Self::SecurityTxt { .. } => "check portal.security-txt in node.toml",
            Self::Witness(cause) => cause.hint(),
        }
    }
}

/// A key of a file that is shared with the log's threads.
struct SharedKey {
    file: Arc<KeyFile>,
    at: usize,
    vkey: Vkey,
}

impl Signer for SharedKey {
    fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignFailed> {
        let failed = || SignFailed {
            name: self.vkey.name().as_str().into(),
        };
        self.file
            .keys()
            .get(self.at)
            .ok_or_else(failed)?
            .sign(message)
    }
}

fn open_log(config: &Config, metrics: &Arc<Metrics>) -> Result<Option<OwnLog>, NodeError> {
    let Some(role) = &config.log else {
        return Ok(None);
    };
    let keys_error = |cause| NodeError::Keys { role: "log", cause };
    let key_file = Arc::new(KeyFile::load(&role.keys).map_err(keys_error)?);
    if !key_file.is_of(Owner::Log) {
        return Err(NodeError::KeysOfOther);
    }
    let keys = LogKeys::new(&role.origin, key_file.vkeys()).map_err(|_| NodeError::KeysOfOther)?;
    let signers = key_file.vkeys().into_iter().enumerate().map(|(at, vkey)| {
        Box::new(SharedKey {
            file: Arc::clone(&key_file),
            at,
            vkey,
        }) as Box<dyn Signer>
    });
    let asked = Asked::new(keys.clone(), &role.witnesses);
    let log = Log::open(log::Config {
        folder: config.data.join("log"),
        origin: role.origin.clone(),
        signers: signers.collect(),
        witnesses: role.witnesses.clone(),
        ask: asked.clone().into_ask(Arc::clone(metrics)),
        clock: Arc::new(clock::now),
        limits: log::Limits::default(),
        faults: log::Faults::default(),
    })?;
    Ok(Some(OwnLog {
        origin: role.origin.clone(),
        log,
        keys,
        asked,
        key_file,
    }))
}

fn open_witness(config: &Config) -> Result<Option<Arc<Witness>>, NodeError> {
    let Some(role) = &config.witness else {
        return Ok(None);
    };
    let keys = KeyFile::load(&role.keys).map_err(|cause| NodeError::Keys {
        role: "witness",
        cause,
    })?;
    let logs = role.logs.iter().map(|log| WitnessedLog {
        keys: log.keys.clone(),
        requests_per_day: std::num::NonZeroU64::new(log.per_day),
    });
    let settings = Settings {
        directory: config.data.join("witness"),
        keys,
        logs: logs.collect(),
        clock: witness::clock::Clock::system(),
        faults: Default::default(),
    };
    Ok(Some(Arc::new(Witness::open(settings)?)))
}

fn open_policy(config: &Config) -> Result<Option<PortalPolicy>, NodeError> {
    let Some(role) = &config.portal else {
        return Ok(None);
    };
    let text = std::fs::read_to_string(&role.policy)
        .map_err(|error| NodeError::PolicyFile { kind: error.kind() })?;
    let now = Time::from_seconds(i64::try_from(clock::now()).unwrap_or(i64::MAX));
    let policy = Policy::parse(&text, now).map_err(NodeError::Policy)?;
    let security_txt = role
        .security_txt
        .as_ref()
        .map(std::fs::read_to_string)
        .transpose();
    let security_txt =
        security_txt.map_err(|error| NodeError::SecurityTxt { kind: error.kind() })?;
    Ok(Some(PortalPolicy {
        text,
        policy,
        security_txt,
    }))
}

/// Bytes that uploads leave free: a full group of the log, its segment, and room for the database.
const RESERVE: u64 = 256 << 20;
