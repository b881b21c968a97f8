//! W11 under parallel requests and failing disks: compare and store is one step.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at whatever it does not expect"
)]

mod kit;

use std::sync::Arc;
use std::thread;

use kit::{NOW, Server, TestClock, TestLog, get, open};
use tlog::checkpoint::Checkpoint;
use tlog::hash::sha256;
use tlog::note::Note;
use witness::journal::AppendFailed;
use witness::journal::disk::{Fault, Faults, Write};
use witness::refused::Refused;

const ORIGIN: &str = "log.example/v1";

fn shown_size(body: &str) -> u64 {
    let note = Note::parse(body.as_bytes()).unwrap();
    Checkpoint::parse(note.text()).unwrap().size()
}

#[test]
fn w11_of_parallel_requests_with_one_old_size_one_wins_and_nothing_rolls_back() {
    let directory = tempfile::tempdir().unwrap();
    let log = TestLog::new(ORIGIN);
    let server = Server::start(directory.path(), &[log.witnessed()]);
    let mut known = 0;
    for round in 0..20 {
        // N and N + K for eight K, at once.
        let requests: Vec<(u64, Vec<u8>)> = (1..=8)
            .map(|grown| (known + grown, log.request(known, known + grown)))
            .collect();
        let answers: Vec<(u64, kit::Answer)> = thread::scope(|scope| {
            let running: Vec<_> = requests
                .iter()
                .map(|(size, body)| scope.spawn(|| (*size, server.add(body))))
                .collect();
            running
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let won: Vec<u64> = answers
            .iter()
            .filter(|(_, answer)| answer.status == 200)
            .map(|(size, _)| *size)
            .collect();
        let [winner] = won.as_slice() else {
            panic!("round {round}: {answers:?}")
        };
        for (_, answer) in answers.iter().filter(|(_, answer)| answer.status != 200) {
            answer.is(409, &format!("{winner}\n"));
        }
        assert_eq!(shown_size(&server.checkpoint(ORIGIN).body), *winner);
        known = *winner;
    }
}

#[test]
fn w11_a_chain_of_requests_in_one_group_is_decided_one_after_the_other() {
    let directory = tempfile::tempdir().unwrap();
    let log = TestLog::new(ORIGIN);
    let witness = open(
        directory.path(),
        &[log.witnessed()],
        &TestClock::at(NOW),
        &Faults::none(),
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    // Sent in order from one task, so that the writer finds them waiting together.
    let requests: Vec<Vec<u8>> = (0..50).map(|old| log.request(old, old + 1)).collect();
    let witness = Arc::new(witness);
    runtime.block_on(async {
        let tasks: Vec<_> = requests
            .into_iter()
            .map(|body| {
                let witness = Arc::clone(&witness);
                tokio::spawn(async move { witness.add_checkpoint(&body).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    });
    let shown = witness
        .checkpoint(sha256(ORIGIN.as_bytes()))
        .unwrap()
        .unwrap();
    assert_eq!(shown_size(&shown), 50);
}

#[test]
fn f2_after_a_failed_sync_nothing_is_cosigned_any_more_and_everyone_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let log = TestLog::new(ORIGIN);
    let server = Server::start(directory.path(), &[log.witnessed()]);
    assert_eq!(server.add(&log.request(0, 1)).status, 200);
    server
        .faults
        .strike(Write::AppendSync, Fault::ReportedFailed);
    for _ in 0..3 {
        let answer = server.add(&log.request(1, 2));
        assert_eq!(answer.status, 503);
        assert!(
            answer
                .body
                .starts_with("checkpoint could not be stored: journal has stopped: ")
        );
    }
    // What is known to be durable stays readable.
    assert_eq!(shown_size(&server.checkpoint(ORIGIN).body), 1);
    assert_eq!(get(server.address, "/healthz").status, 503);
    drop(server);
    let server = Server::start(directory.path(), &[log.witnessed()]);
    let kept = server.add(&log.request(0, 1)).body;
    assert!(kept == "1\n" || kept == "2\n", "{kept}");
}

#[test]
fn f2_whoever_runs_the_witness_learns_that_it_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let log = TestLog::new(ORIGIN);
    let faults = Faults::none();
    let witness = open(
        directory.path(),
        &[log.witnessed()],
        &TestClock::at(NOW),
        &faults,
    );
    assert_eq!(witness.failure(), None);
    faults.strike(Write::AppendSync, Fault::Lost);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let refused = witness
            .add_checkpoint(&log.request(0, 1))
            .await
            .unwrap_err();
        assert!(matches!(
            refused,
            Refused::Journal(AppendFailed::Stopped(_))
        ));
        assert_eq!(Some(witness.stopped().await), witness.failure());
    });
}

#[test]
fn f3_a_full_disk_refuses_a_group_and_the_next_succeeds() {
    let directory = tempfile::tempdir().unwrap();
    let log = TestLog::new(ORIGIN);
    let server = Server::start(directory.path(), &[log.witnessed()]);
    server.faults.strike(Write::Append, Fault::Torn);
    let answer = server.add(&log.request(0, 1));
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (503, Some("60"))
    );
    assert_eq!(server.checkpoint(ORIGIN).status, 404);
    server.add(&log.request(1, 2)).is(409, "0\n");
    assert_eq!(server.add(&log.request(0, 2)).status, 200);
    assert_eq!(get(server.address, "/healthz").status, 200);
}
