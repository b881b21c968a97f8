//! What a node that is closed and started again, or whose views are made again, still knows.

use evidence::envelope::Envelope;
use evidence::key::PublicKey;
use tlog::hash::sha256;

use crate::kit::{self, TestNode, payload, secret, statements, update};
use crate::node;

#[test]
fn nothing_acknowledged_is_lost_by_closing_in_the_middle_of_many_requests() {
    let node = node();
    let acknowledged: Vec<(String, u64)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                let node = &node;
                scope.spawn(move || {
                    let mut mine = Vec::new();
                    for number in 0..8 {
                        let bytes = payload(&update(&format!("c{thread}-{number}"), 1, None));
                        let path = format!("{}&wait=durable", statements(&secret(1)));
                        let answer =
                            node.post(&path, &Envelope::sign(bytes, &secret(1)).to_bytes());
                        if answer.status == 201 {
                            let answer = answer.json();
                            mine.push((
                                answer["statement"].as_str().unwrap().to_owned(),
                                answer["index"].as_u64().unwrap(),
                            ));
                        }
                    }
                    mine
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(acknowledged.len(), 64);
    let node = node.restart();
    for (statement, index) in acknowledged {
        let row = node
            .block_on(node.node.database.signing_at(kit::ORIGIN, index))
            .unwrap()
            .unwrap();
        assert_eq!(row.statement.to_hex(), statement);
        assert!(node.node.sources[0].entry(index).unwrap().is_some());
    }
}

#[test]
fn a_node_whose_database_was_restored_from_before_its_log_does_not_start() {
    let node = node();
    let first = update("stable", 1, None);
    assert_eq!(node.enter(&payload(&first), &secret(1)).status, 201);
    let copy = |from: &str, to: &str| {
        let (from, to) = (from.to_owned(), to.to_owned());
        move |folder: &std::path::Path| {
            let data = folder.join("data");
            for suffix in ["", "-wal", "-shm"] {
                let (from, to) = (
                    data.join(format!("{from}{suffix}")),
                    data.join(format!("{to}{suffix}")),
                );
                let _ = std::fs::remove_file(&to);
                if from.exists() {
                    std::fs::copy(from, to).unwrap();
                }
            }
        }
    };
    // A node that is started and closed leaves a whole database.
    let node = node.restart();
    copy("node.sqlite", "backup.sqlite")(node.path());
    let second = update("stable", 2, Some((1, sha256(&payload(&first)))));
    assert_eq!(node.enter(&payload(&second), &secret(1)).status, 201);
    let why = node.refuses_to_start(copy("backup.sqlite", "node.sqlite"));
    assert!(
        why.contains("the log has 2 entries, of which this database knows at most 1"),
        "{why}"
    );
}

#[test]
fn a_serial_is_not_accepted_again_while_the_views_are_made_again() {
    let node = node();
    let first = update("stable", 1, None);
    assert_eq!(node.enter(&payload(&first), &secret(1)).status, 201);
    node.until("views", |node| {
        node.block_on(node.node.database.cursor(kit::ORIGIN)) == Ok(1)
    });
    let node = node.restart();
    // Another line is asked for, so that the door has read what the views lack: nothing.
    assert_eq!(
        node.enter(&payload(&update("beta", 1, None)), &secret(1))
            .status,
        201
    );
    node.block_on(node.node.database.clear_views()).unwrap();
    let mut again = first;
    again.version = "another".into();
    let answer = node.enter(&payload(&again), &secret(1));
    assert_eq!(answer.status, 409, "{}", answer.text());
}

#[test]
fn a_serial_of_more_amendments_than_a_page_is_read_to_its_end() {
    let node = node();
    let mut latest = update("stable", 1, None);
    let mut bytes = payload(&latest);
    assert_eq!(node.enter(&bytes, &secret(1)).status, 201);
    // As one busy key would make them, only faster: straight into the door's own table, found by the next start.
    let key = PublicKey::of(&secret(1));
    let mut batch = Vec::new();
    for _ in 0..1_005 {
        latest.supersedes = vec![sha256(&bytes)];
        bytes = payload(&latest);
        let envelope = Envelope::sign(bytes.clone(), &secret(1));
        batch.push(store::statements::NewSigning {
            body: String::from_utf8(bytes.clone()).unwrap(),
            withheld: false,
            predicate_type: "urn:vitrine:update:v1".to_owned(),
            key: key.id().0,
            party: "acme".to_owned(),
            daily_quota: 10_000,
            entry: String::from_utf8(evidence::entry::Entry::of(&envelope, &key).to_bytes())
                .unwrap(),
            cites: Vec::new(),
            jobs: Vec::new(),
        });
    }
    let now = node.node.now();
    node.block_on(node.node.database.accept_batch(kit::ORIGIN, &batch, now))
        .unwrap();
    let node = node.restart();
    node.admit("acme", &secret(1), 10_000);
    node.until("the views", |node| {
        node.block_on(node.node.database.cursor(kit::ORIGIN))
            .unwrap()
            == 1_006
    });
    let node = node.restart();
    latest.supersedes = vec![sha256(&bytes)];
    let last = node.enter(&payload(&latest), &secret(1));
    assert_eq!(last.status, 201, "{}", last.text());
    assert_eq!(
        node.enter(&payload(&update("beta", 1, None)), &secret(1))
            .status,
        201
    );
}

#[test]
fn views_made_again_are_equal() {
    let node = node();
    let mut before = None;
    for serial in 1..=5 {
        let bytes = payload(&update("stable", serial, before));
        assert_eq!(node.enter(&bytes, &secret(1)).status, 201);
        before = Some((serial, sha256(&bytes)));
    }
    let origin = kit::ORIGIN;
    node.until("the views", |node| {
        node.block_on(node.node.database.cursor(origin)).unwrap() == 5
    });
    node.until("the log's row", |node| {
        node.block_on(node.node.database.log(origin))
            .unwrap()
            .is_some_and(|row| row.size == 5)
    });
    let dump = |node: &TestNode| node.block_on(node.node.database.dump()).unwrap();
    let shown = dump(&node);
    node.block_on(async {
        node.node.database.clear_views().await.unwrap();
        center::indexer::catch_up(&node.node, &node.node.sources[0])
            .await
            .unwrap();
    });
    assert!(
        dump(&node) == shown,
        "the views differ after they were made again"
    );
}
