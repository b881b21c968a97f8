//! The loop that copies a followed log: checkpoint, quorum, entries, bodies; nothing is shown that does not verify.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use evidence::entry::Entry;
use store::blob_rows::NewBlob;
use store::database::DatabaseError;
use store::replica::{Replica, ReplicaError};
use tlog::checkpoint::{LogSigned, LogSignedRefused};
use tlog::hash::{Hash, sha256};
use tlog::policy::{NotWitnessed, Witnessed};
use tlog::tile::{self, EntryTile, MAX_ENTRY_BUNDLE, TILE_WIDTH, full_tiles, partial_width};

use crate::client::agent;
use crate::config::Followed;
use crate::http::problem::chain;
use crate::node::{Node, Shared};

/// Follows one log until `stop` says so.
pub async fn run(
    node: Shared,
    followed: Followed,
    replica: Arc<RwLock<Replica>>,
    mut stop: tokio::sync::watch::Receiver<bool>,
) {
    let agent = agent(FETCH_WITHIN);
    let mut pause = FIRST_PAUSE;
    loop {
        match step(&node, &agent, &followed, &replica).await {
            Ok(grown) => {
                if let Some(source) = node.source(followed.keys.origin()) {
                    source.hear(node.now());
                }
                pause = if grown {
                    FIRST_PAUSE
                } else {
                    (pause * 2).min(LONGEST_PAUSE)
                };
            }
            Err(error) => {
                tracing::warn!(origin = followed.keys.origin(), error = %chain(&error), hint = error.hint(), "not followed");
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Fetches what is new; says whether anything was.
async fn step(
    node: &Node,
    agent: &ureq::Agent,
    followed: &Followed,
    replica: &Arc<RwLock<Replica>>,
) -> Result<bool, FollowError> {
    let (agent_now, followed_now, replica_now) =
        (agent.clone(), followed.clone(), Arc::clone(replica));
    let fetched =
        tokio::task::spawn_blocking(move || fetch(&agent_now, &followed_now, &replica_now))
            .await
            .map_err(|_| FollowError::Unavailable)??;
    let Some((entries, witnessed)) = fetched else {
        return Ok(false);
    };
    // Proven before anything is stored: whoever is no log must not fill this database.
    replica
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .check(&entries, &witnessed)?;
    // Bodies come before the copy grows: the views then find them with their entries.
    for entry in &entries {
        let Ok(entry) = Entry::parse(entry) else {
            continue;
        };
        if node.database.body(entry.digest).await?.is_some() {
            continue;
        }
        let (agent, url, digest) = (agent.clone(), followed.url.clone(), entry.digest);
        let body = tokio::task::spawn_blocking(move || fetch_body(&agent, &url, digest))
            .await
            .map_err(|_| FollowError::Unavailable)??;
        // A body that is withheld or not text stays away; its entry is shown as it is.
        let Some(text) = body else { continue };
        let blob = NewBlob::Body {
            text,
            withheld: false,
        };
        node.database.record_blobs(&[blob], node.now()).await?;
    }
    let replica = Arc::clone(replica);
    let extended = tokio::task::spawn_blocking(move || {
        replica
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(&entries, &witnessed)
    });
    extended.await.map_err(|_| FollowError::Unavailable)??;
    Ok(true)
}

type Fetched = Option<(Vec<Vec<u8>>, Witnessed)>;

fn fetch(
    agent: &ureq::Agent,
    followed: &Followed,
    replica: &RwLock<Replica>,
) -> Result<Fetched, FollowError> {
    let note = get(
        agent,
        &format!("{}/checkpoint", followed.url),
        tlog::note::MAX_NOTE as u64,
    )?;
    let Some(note) = note else { return Ok(None) };
    let signed = LogSigned::by_all(&note, &followed.keys)?;
    let witnessed = followed.witnesses.check(signed)?;
    let size = witnessed.checkpoint().size();
    let held = replica
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .size();
    if size < held {
        return Err(FollowError::Smaller { held, size });
    }
    if size == held {
        let copy = replica.read().unwrap_or_else(PoisonError::into_inner);
        if size > 0 && copy.root() != witnessed.checkpoint().root() {
            return Err(FollowError::OtherRoot { size });
        }
        return Ok(None);
    }
    // All of it is held in memory until the root is recomputed, so a log must not make it any size it likes.
    if size - held > MOST_BEHIND {
        return Err(FollowError::TooFarBehind { held, size });
    }
    let mut entries = Vec::new();
    let mut fetched = 0;
    for index in held / u64::from(TILE_WIDTH)..=(size - 1) / u64::from(TILE_WIDTH) {
        let width = if index < full_tiles(0, size) {
            TILE_WIDTH
        } else {
            partial_width(0, size)
        };
        let tile = EntryTile { index, width };
        let url = format!("{}/{}", followed.url, tile.path());
        let bytes = get(agent, &url, MAX_ENTRY_BUNDLE as u64)?.ok_or(FollowError::Unavailable)?;
        fetched += bytes.len();
        if fetched > MOST_BYTES {
            return Err(FollowError::TooFarBehind { held, size });
        }
        let bundle = tile::entries(&bytes).ok_or(FollowError::Unavailable)?;
        if bundle.len() != usize::from(width) {
            return Err(FollowError::Unavailable);
        }
        let first = index * u64::from(TILE_WIDTH);
        let skip = usize::try_from(held.saturating_sub(first)).unwrap_or(usize::MAX);
        entries.extend(bundle.into_iter().skip(skip).map(<[u8]>::to_vec));
    }
    Ok(Some((entries, witnessed)))
}

/// A statement's body; `None` where it is not shown, or is not what its digest says.
fn fetch_body(agent: &ureq::Agent, url: &str, digest: Hash) -> Result<Option<String>, FollowError> {
    let bytes = get(
        agent,
        &format!("{url}/api/v1/blobs/sha256/{digest}"),
        evidence::limits::PAYLOAD as u64,
    )?;
    let right = bytes.filter(|bytes| sha256(bytes) == digest);
    Ok(right.and_then(|bytes| String::from_utf8(bytes).ok()))
}

fn get(agent: &ureq::Agent, url: &str, most: u64) -> Result<Option<Vec<u8>>, FollowError> {
    let mut response = agent
        .get(url)
        .call()
        .map_err(|_| FollowError::Unavailable)?;
    match response.status().as_u16() {
        200 => {
            let body = response.body_mut().with_config().limit(most).read_to_vec();
            Ok(Some(body.map_err(|_| FollowError::Unavailable)?))
        }
        404 => Ok(None),
        _ => Err(FollowError::Unavailable),
    }
}

/// Why a log was not followed this time.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// The database gave no answer.
    #[error("the database gave no answer")]
    Database(#[from] DatabaseError),
    /// One size, two roots: both checkpoints are signed.
    #[error("the log shows another tree of {size} entries than it showed before")]
    OtherRoot {
        /// The size.
        size: u64,
    },
    /// The entries do not make the tree.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
    /// Not the log's checkpoint.
    #[error("the checkpoint is not the log's")]
    Signed(#[from] LogSignedRefused),
    /// The log shows less than before.
    #[error("the log shows {size} entries, {held} were seen before")]
    Smaller {
        /// Entries seen before.
        held: u64,
        /// Entries shown now.
        size: u64,
    },
    /// More is missing than is fetched at once.
    #[error("the log shows {size} entries, this node holds {held}: more than it fetches at once")]
    TooFarBehind {
        /// Entries held.
        held: u64,
        /// Entries shown.
        size: u64,
    },
    /// No answer, or none that could be read.
    #[error("the log cannot be reached")]
    Unavailable,
    /// Too few witnesses.
    #[error("the checkpoint lacks witnesses")]
    Witnesses(#[from] NotWitnessed),
}

impl FollowError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Database(cause) => cause.hint(),
            Self::OtherRoot { .. } => {
                "keep this node's copy of the checkpoint and the log's new one: together they convict the log"
            }
            Self::Replica(cause) => cause.hint(),
            Self::Signed(cause) => cause.hint(),
            Self::Smaller { .. } => {
                "keep this node's copy; if the log stays smaller, both checkpoints are evidence"
            }
            Self::TooFarBehind { .. } => "begin with a copy of another center's folder `followed`",
            Self::Unavailable => "the node asks again by itself; check follow.url if it stays",
            Self::Witnesses(cause) => cause.hint(),
        }
    }
}

/// A million entries of the usual 500 bytes are half a gigabyte.
const MOST_BEHIND: u64 = 1 << 20;

/// Bytes of entry bundles held at once.
const MOST_BYTES: usize = 512 << 20;

/// One tile or body, at the slowest that is waited for.
const FETCH_WITHIN: Duration = Duration::from_secs(60);

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
