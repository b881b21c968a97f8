//! `vitrine-center worker` beside `serve`: a process of its own that takes jobs, and gives them up when it is killed.

#![allow(
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test"
)]

mod kit;

use std::process::{Child, Command, Stdio};

use kit::{TestNode, file_digest, payload, secret, update};

/// A worker process that is ended with the test.
struct Worker(Child);

impl Worker {
    fn start(config: &std::path::Path) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_vitrine-center"))
            .args(["worker", "--config"])
            .arg(config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_worker_of_its_own_writes_bundles_from_a_verified_copy_of_the_log() {
    let node = TestNode::start("");
    node.admit("acme", &secret(1), 100);
    let config = node.config_for_others();
    let _worker = Worker::start(&config);
    for number in 0..4 {
        let offered = update(&format!("c{number}"), 1, None);
        assert_eq!(node.enter(&payload(&offered), &secret(1)).status, 201);
        let file = node
            .path()
            .join(format!("data/bundles/{}.jsonl", file_digest(&offered)));
        node.until("the bundle", |_| file.exists());
        let served = node.get(&format!("/bundle/{}.jsonl", file_digest(&offered)));
        assert_eq!(std::fs::read(&file).unwrap(), served.body);
    }
}

#[test]
fn the_job_of_a_killed_worker_is_taken_over_and_done_once_more() {
    let node = TestNode::start("");
    node.admit("acme", &secret(1), 100);
    let offered = update("stable", 1, None);
    assert_eq!(node.enter(&payload(&offered), &secret(1)).status, 201);
    let path = node
        .path()
        .join(format!("data/bundles/{}.jsonl", file_digest(&offered)));
    node.until("the bundle", |_| path.exists());
    // A worker took a job and died: its lease ends, and the node's own worker does it.
    std::fs::remove_file(&path).unwrap();
    let line = offered.line.id();
    let now = node.node.now();
    node.block_on(async {
        let database = &node.node.database;
        let mut transaction = database.begin().await.unwrap();
        transaction
            .enqueue(
                &[center::worker::bundle_job(
                    line,
                    tlog::hash::sha256(&payload(&offered)),
                    now,
                )],
                now,
            )
            .await
            .unwrap();
        transaction.commit().await.unwrap();
        // A job waits until the views can show its statement, so the node's own worker has not taken it yet.
        let leased = database.lease("dead", &["bundle"], now + 2, 1).await;
        assert!(matches!(leased, Ok(Some(_))), "{leased:?}");
    });
    node.until("the bundle again", |_| path.exists());
    node.until("no job left", |node| {
        let counts = node
            .block_on(node.node.database.job_counts(node.node.now()))
            .unwrap();
        (counts.ready, counts.waiting, counts.leased, counts.dead) == (0, 0, 0, 0)
    });
}
