//! Bundles: the same made now and by the worker, and never behind a withdrawal.

use evidence::bundle;
use evidence::kind::update::{State, Withdrawal, WithdrawalReason};
use tlog::hash::sha256;

use crate::kit::{file_digest, payload, secret, update};
use crate::node;

#[test]
fn a_bundle_is_the_same_made_now_and_written_by_the_worker() {
    let node = node();
    let offered = update("stable", 1, None);
    node.enter(&payload(&offered), &secret(1));
    let path = format!("/bundle/{}.jsonl", file_digest(&offered));
    node.until("the bundle", |node| node.get(&path).status == 200);
    let now = node.get(&path).body;
    let reading = bundle::read(&now);
    assert_eq!((reading.lines.len(), reading.unreadable.len()), (1, 0));
    let file = node
        .path()
        .join(format!("data/bundles/{}.jsonl", file_digest(&offered)));
    node.until("the worker", |_| file.exists());
    assert_eq!(std::fs::read(&file).unwrap(), now);
    let compressed = node.get(&format!("{path}.gz"));
    let mut inflated = Vec::new();
    std::io::Read::read_to_end(
        &mut flate2::read::GzDecoder::new(compressed.body.as_slice()),
        &mut inflated,
    )
    .unwrap();
    assert_eq!(inflated, now);
    let unknown = node.get(&format!("/bundle/{}.jsonl", sha256(b"unknown")));
    assert_eq!(unknown.problem(), (404, "not-logged".to_owned()));
    assert_eq!(node.get("/bundle/abc.jsonl").status, 404);
}

#[test]
fn a_withdrawal_reaches_the_bundle_that_is_served_and_the_one_on_disk() {
    let node = node();
    let offered = update("stable", 1, None);
    let first = payload(&offered);
    assert_eq!(node.enter(&first, &secret(1)).status, 201);
    let path = format!("/bundle/{}.jsonl", file_digest(&offered));
    let file = node
        .path()
        .join(format!("data/bundles/{}.jsonl", file_digest(&offered)));
    node.until("the first bundle", |node| {
        node.get(&path).status == 200 && file.exists()
    });
    let mut withdrawn = offered.clone();
    withdrawn.state = State::Withdrawn(Withdrawal {
        reason: WithdrawalReason::Crash,
        text: "crashes".into(),
    });
    withdrawn.supersedes = vec![sha256(&first)];
    assert_eq!(node.enter(&payload(&withdrawn), &secret(1)).status, 201);
    node.until("two lines", |node| {
        bundle::read(&node.get(&path).body).lines.len() == 2
    });
    node.until("two lines on disk", |_| {
        bundle::read(&std::fs::read(&file).unwrap()).lines.len() == 2
    });
}
