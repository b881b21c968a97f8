//! A node's database in a folder of its own, and short ways to say what is posted to its door.

use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::task::Poll;

use store::database::Database;
use store::jobs::NewJob;
use store::statements::{Acceptance, NewSigning};
use tempfile::TempDir;
use tlog::hash::{Hash, sha256};

/// 24 November 2026, 12:00 UTC.
pub(crate) const NOW: u64 = 1_795_521_600;

pub(crate) const ORIGIN: &str = "log.acme.example/v1";

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) database: Database,
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open_file(&folder.path().join("node.db"))
            .await
            .unwrap();
        Self { folder, database }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("node.db")
    }

    /// Another program on the same file: its own connections, its own write lock.
    pub(crate) async fn other_program(&self) -> Database {
        Database::open_file(&self.file()).await.unwrap()
    }

    /// The database as a machine finds it that lost power right now: the files as they are, no connection closed.
    pub(crate) async fn after_power_loss(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["node.db", "node.db-wal"] {
            std::fs::copy(self.folder.path().join(name), folder.path().join(name)).unwrap();
        }
        let database = Database::open_file(&folder.path().join("node.db"))
            .await
            .unwrap();
        Self { folder, database }
    }

    pub(crate) async fn post(&self, batch: &[NewSigning]) -> Vec<Acceptance> {
        self.database
            .accept_batch(ORIGIN, batch, NOW)
            .await
            .unwrap()
    }
}

/// A statement `body` signed by key `key` of acme, with one job.
pub(crate) fn signing(body: &str, key: &str) -> NewSigning {
    NewSigning {
        body: body.to_owned(),
        withheld: false,
        predicate_type: "urn:vitrine:update:v1".to_owned(),
        key: sha256(key.as_bytes()),
        party: "acme".to_owned(),
        daily_quota: 1_000_000,
        entry: format!("entry of {body} by {key}"),
        cites: Vec::new(),
        jobs: vec![job("rebuild", body)],
    }
}

pub(crate) fn job(kind: &str, payload: &str) -> NewJob {
    NewJob {
        kind: kind.to_owned(),
        payload: payload.to_owned(),
        due_at: NOW,
        max_attempts: 3,
    }
}

pub(crate) fn id(body: &str) -> Hash {
    sha256(body.as_bytes())
}

/// Polls `work` at most `polls` times and then drops it, as a server does when a client hangs up.
pub(crate) async fn abandon_after<T>(polls: usize, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match work.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
