//! Rows W0–W15 of the specification over real HTTP: status and body.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at whatever it does not expect"
)]

mod kit;

use kit::{NOW, Server, TestLog, get, post};
use tlog::checkpoint::{Checkpoint, LogKeys, LogSigned};
use tlog::hash::Hash;
use tlog::key::Algorithm;
use tlog::note::Note;
use tlog::witness::answer::{AnswerRefused, read_answer};
use tlog::witness::{AddCheckpoint, MAX_BODY};
use witness::service::WitnessedLog;

const ORIGIN: &str = "log.example/v1";

struct Scene {
    directory: tempfile::TempDir,
    log: TestLog,
    server: Server,
}

fn scene() -> Scene {
    let directory = tempfile::tempdir().unwrap();
    let log = TestLog::new(ORIGIN);
    let server = Server::start(directory.path(), &[log.witnessed()]);
    Scene {
        directory,
        log,
        server,
    }
}

/// With checkpoint 2 cosigned.
fn scene_at_two() -> Scene {
    let scene = scene();
    assert_eq!(scene.server.add(&scene.log.request(0, 2)).status, 200);
    scene
}

impl Scene {
    /// A refusal leaves what is shown as it was.
    fn refuses(&self, body: &[u8], status: u16, text: &str) {
        let before = self.server.checkpoint(ORIGIN).body;
        let answer = self.server.add(body);
        answer.is(status, text);
        assert_eq!(
            answer.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        assert_eq!(self.server.checkpoint(ORIGIN).body, before);
    }

    fn kept(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("state/misbehaviour.txt")).unwrap()
    }
}

#[test]
fn w0_refuses_a_long_body_with_413() {
    let scene = scene_at_two();
    let answer = scene.server.add(&vec![b'x'; MAX_BODY + 1]);
    assert_eq!(answer.status, 413);
    assert!(
        answer
            .body
            .starts_with("checkpoint is not cosigned: request is longer than 131072 bytes\n")
    );
    assert_eq!(scene.server.add(&vec![b'x'; MAX_BODY]).status, 400);
}

#[test]
fn w1_refuses_malformed_bodies_with_400() {
    let scene = scene_at_two();
    let good = String::from_utf8(scene.log.request(2, 3)).unwrap();
    let format = "hint: compare the request with the example in c2sp.org/tlog-witness\n";
    let cases = [
        (String::new(), "no empty line before the checkpoint"),
        (
            good.replace("old 2", "old 02"),
            "line 1 is not `old` and a decimal size without leading zeros",
        ),
        (
            good.replace("=\n\nlog", "\n\nlog"),
            "line 2 is no base64 hash of 32 bytes",
        ),
        (
            good.replace(
                "old 2\n",
                &format!(
                    "old 2\n{}",
                    format!("{}\n", "A".repeat(43) + "=").repeat(63)
                ),
            ),
            "proof has more than 63 hashes",
        ),
    ];
    for (body, reason) in cases {
        let text = format!("checkpoint is not cosigned: request is malformed: {reason}\n{format}");
        scene.refuses(body.as_bytes(), 400, &text);
    }
    let note = good
        .split_once("\n\n")
        .unwrap()
        .1
        .replace("\n3\n", "\n03\n");
    assert_eq!(
        scene
            .server
            .add(format!("old 2\n\n{note}").as_bytes())
            .status,
        400
    );
}

#[test]
fn w2_refuses_an_unknown_origin_with_404() {
    let scene = scene_at_two();
    let other = TestLog::new("other.example");
    scene.refuses(
        &other.request(0, 2),
        404,
        "checkpoint is not cosigned: origin is unknown\nhint: ask the witness's operator to add the log\n",
    );
}

#[test]
fn w3_refuses_signatures_of_strangers_and_broken_ones_with_403() {
    let scene = scene_at_two();
    let stranger = TestLog::new("stranger.example");
    let checkpoint = scene.log.checkpoint(3);
    let unsigned = stranger.sign(&checkpoint);
    let hint = "hint: compare the log's vkey with the one that the witness has\n";
    let head = "checkpoint is not cosigned: checkpoint is not signed by a key known for its origin: \
                checkpoint is not signed by the log";
    let body = AddCheckpoint::new(2, scene.log.proof(2, 3), &unsigned)
        .unwrap()
        .to_bytes();
    scene.refuses(
        &body,
        403,
        &format!("{head}: no known key signed the note\n{hint}"),
    );

    let other = scene.log.note(4);
    let broken = format!(
        "{}\n{}",
        checkpoint.to_text(),
        other.split_once("\n\n").unwrap().1
    );
    let body = AddCheckpoint::new(2, scene.log.proof(2, 3), &broken)
        .unwrap()
        .to_bytes();
    let id = scene.log.vkeys()[0].id();
    scene.refuses(
        &body,
        403,
        &format!("{head}: signature of {ORIGIN}+{id} does not verify\n{hint}"),
    );
    assert_eq!(scene.kept(), "", "what no log signed is no evidence");
}

#[test]
fn w4_refuses_an_old_size_above_the_checkpoint_with_400() {
    let scene = scene_at_two();
    let body = AddCheckpoint::new(3, vec![], &scene.log.note(2))
        .unwrap()
        .to_bytes();
    scene.refuses(
        &body,
        400,
        "checkpoint is not cosigned: old size 3 is larger than the checkpoint's size 2\n\
         hint: send a consistency proof from the size that the witness cosigned last\n",
    );
}

#[test]
fn w5_refuses_another_old_size_with_409_and_the_size() {
    let fresh = scene();
    let body = AddCheckpoint::new(1, vec![], &fresh.log.note(2))
        .unwrap()
        .to_bytes();
    fresh.server.add(&body).is(409, "0\n");
    let scene = scene_at_two();
    for old in [0, 1, 3] {
        let answer = scene.server.add(&scene.log.request(old, 3));
        answer.is(409, "2\n");
        assert_eq!(answer.header("content-type"), Some("text/x.tlog.size"));
    }
}

#[test]
fn w6_refuses_size_0_with_another_root_with_422() {
    let scene = scene();
    let note = scene
        .log
        .sign(&Checkpoint::new(ORIGIN, 0, Hash([1; 32])).unwrap());
    let body = AddCheckpoint::new(0, vec![], &note).unwrap().to_bytes();
    scene.refuses(
        &body,
        422,
        "checkpoint is not cosigned: checkpoint of size 0 has not the root of the empty tree\n\
         hint: the root of the empty tree is the SHA-256 of nothing\n",
    );
}

#[test]
fn w7_refuses_a_proof_from_size_0_with_422() {
    let scene = scene();
    let proof = scene.log.proof(1, 2);
    let body = AddCheckpoint::new(0, proof, &scene.log.note(2))
        .unwrap()
        .to_bytes();
    scene.refuses(
        &body,
        422,
        "checkpoint is not cosigned: a proof from size 0 must be empty\nhint: send no hashes with old size 0\n",
    );
}

#[test]
fn w8_w13_refuses_a_forked_log_with_422_and_keeps_the_request() {
    let scene = scene_at_two();
    let cosigned = scene.server.checkpoint(ORIGIN).body;
    let fork = TestLog::new(ORIGIN).forked();
    let request = fork.request(2, 5);
    scene.refuses(
        &request,
        422,
        "checkpoint is not cosigned: consistency proof does not verify: proof leads to another root\n\
         hint: fetch the proof again; if it fails again, keep it and both checkpoints: together they are evidence\n",
    );
    let kept = scene.kept();
    assert!(kept.starts_with(&format!("kept possible {NOW} ")));
    let (_, rest) = kept.split_once('\n').unwrap();
    let logs_lines = rest
        .strip_prefix(std::str::from_utf8(&request).unwrap())
        .unwrap();
    assert!(cosigned.starts_with(logs_lines));

    // Once a checkpoint: a stranger who repeats it with other proofs cannot fill the file.
    let body = AddCheckpoint::new(2, vec![Hash([1; 32])], &fork.note(5))
        .unwrap()
        .to_bytes();
    assert_eq!(scene.server.add(&body).status, 422);
    assert_eq!(scene.kept(), kept);
}

#[test]
fn w9_w13_refuses_a_second_root_for_one_size_with_422_and_keeps_both_checkpoints() {
    let scene = scene_at_two();
    let fork = TestLog::new(ORIGIN).forked();
    scene.refuses(
        &fork.request(2, 2),
        422,
        "checkpoint is not cosigned: another root was cosigned for size 2\n\
         hint: keep both checkpoints: together they show two histories of one log\n",
    );
    let kept = scene.kept();
    let (line, rest) = kept.split_once('\n').unwrap();
    assert!(line.starts_with(&format!("kept proven {NOW} ")));

    // A stranger needs only the vkeys: both checkpoints are signed, sizes equal, roots differ.
    let lengths: Vec<usize> = line
        .split(' ')
        .skip(4)
        .map(|number| number.parse().unwrap())
        .collect();
    let (request, cosigned) = rest.split_at(lengths[0]);
    assert_eq!(cosigned.len(), lengths[1]);
    let request = AddCheckpoint::parse(request.as_bytes()).unwrap();
    let keys = scene.log.log_keys();
    let one = LogSigned::by_all(request.note().as_bytes(), &keys).unwrap();
    let two = LogSigned::by_all(cosigned.as_bytes(), &keys).unwrap();
    assert_eq!(one.checkpoint().size(), two.checkpoint().size());
    assert_ne!(one.checkpoint().root(), two.checkpoint().root());
}

#[test]
fn w13_keeps_a_second_root_also_where_the_answer_is_409() {
    let scene = scene_at_two();
    let fork = TestLog::new(ORIGIN).forked();
    scene.server.add(&fork.request(0, 2)).is(409, "2\n");
    assert!(scene.kept().starts_with("kept proven "));
    scene.server.add(&fork.request(0, 3)).is(409, "2\n");
    assert_eq!(
        scene.kept().matches("kept ").count(),
        1,
        "a size that was not cosigned shows nothing"
    );
}

#[test]
fn w13_kept_requests_survive_a_restart_and_are_not_kept_twice() {
    let Scene {
        directory,
        log,
        server,
    } = scene_at_two();
    let fork = TestLog::new(ORIGIN).forked();
    assert_eq!(server.add(&fork.request(2, 2)).status, 422);
    drop(server);
    let path = directory.path().join("state/misbehaviour.txt");
    let kept = std::fs::read_to_string(&path).unwrap();
    // A crash in the middle of a second entry.
    std::fs::write(&path, format!("{kept}kept proven 1 {}", Hash([1; 32]))).unwrap();
    let server = Server::start(directory.path(), &[log.witnessed()]);
    assert_eq!(server.add(&fork.request(2, 2)).status, 422);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), kept);
}

#[test]
fn w10_cosigns_with_both_kinds_at_the_present_time() {
    let scene = scene();
    for (old, size) in [(0, 0), (0, 1), (1, 2), (2, 7), (7, 8), (8, 200)] {
        let request = scene.log.add_checkpoint(old, size);
        let answer = scene.server.add(&request.to_bytes());
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(
            answer.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        let cosigned = read_answer(
            &request,
            answer.status,
            answer.body.as_bytes(),
            &scene.server.vkeys,
        )
        .unwrap();
        let kinds: Vec<_> = cosigned
            .iter()
            .map(|one| (one.key().algorithm(), one.time()))
            .collect();
        assert_eq!(
            kinds,
            [
                (Algorithm::Ed25519Cosignature, NOW),
                (Algorithm::MlDsa44, NOW)
            ]
        );
        assert_eq!(
            answer.body,
            cosigned.iter().map(|one| one.line()).collect::<String>()
        );
    }
}

#[test]
fn w10_a_clock_at_0_gives_503_and_stores_nothing() {
    let scene = scene_at_two();
    scene.server.clock.set(0);
    let answer = scene.server.add(&scene.log.request(2, 3));
    assert_eq!(answer.status, 503);
    scene.server.clock.set(NOW + 1);
    scene.server.add(&scene.log.request(3, 4)).is(409, "2\n");
    assert_eq!(scene.server.add(&scene.log.request(2, 3)).status, 200);
}

#[test]
fn w11_what_was_answered_is_known_after_a_restart_and_to_no_second_process() {
    let Scene {
        directory,
        log,
        server,
    } = scene_at_two();
    let shown = server.checkpoint(ORIGIN).body;
    drop(server);
    let server = Server::start(directory.path(), &[log.witnessed()]);
    server.add(&log.request(0, 2)).is(409, "2\n");
    // The Ed25519 line is the very same; an ML-DSA signature is made anew over the same statement.
    let again = server.checkpoint(ORIGIN).body;
    let opened = Note::parse(again.as_bytes()).unwrap();
    let vkeys: Vec<_> = server.vkeys.iter().collect();
    let times: Vec<u64> = opened
        .open(&vkeys)
        .unwrap()
        .iter()
        .map(|signed| signed.time)
        .collect();
    assert_eq!(times, [NOW, NOW]);
    assert_eq!(again.lines().nth(6), shown.lines().nth(6));
    assert_eq!(server.add(&log.request(2, 3)).status, 200);
}

#[test]
fn w11_a_log_that_was_taken_off_the_list_is_refused_and_remembered() {
    let Scene {
        directory,
        log,
        server,
    } = scene_at_two();
    drop(server);
    let server = Server::start(directory.path(), &[]);
    assert_eq!(server.add(&log.request(2, 3)).status, 404);
    assert_eq!(server.checkpoint(ORIGIN).status, 200);
    drop(server);
    let server = Server::start(directory.path(), &[log.witnessed()]);
    server.add(&log.request(0, 1)).is(409, "2\n");
}

#[test]
fn w12_the_same_checkpoint_again_refreshes_the_time() {
    let scene = scene_at_two();
    scene.server.clock.set(NOW + 3600);
    let request = scene.log.add_checkpoint(2, 2);
    let answer = scene.server.add(&request.to_bytes());
    let cosigned = read_answer(&request, 200, answer.body.as_bytes(), &scene.server.vkeys).unwrap();
    assert!(cosigned.iter().all(|one| one.time() == NOW + 3600));
    let shown = scene.server.checkpoint(ORIGIN).body;
    assert!(shown.ends_with(&answer.body), "{shown}");
}

#[test]
fn w14_our_own_reader_understands_each_of_our_answers() {
    let scene = scene_at_two();
    let ask = |request: &AddCheckpoint| {
        let answer = scene.server.add(&request.to_bytes());
        read_answer(
            request,
            answer.status,
            answer.body.as_bytes(),
            &scene.server.vkeys,
        )
        .map(|cosigned| cosigned.len())
    };
    let fork = TestLog::new(ORIGIN).forked();
    assert_eq!(
        ask(&scene.log.add_checkpoint(1, 3)),
        Err(AnswerRefused::OldSize { known: 2 })
    );
    assert_eq!(
        ask(&fork.add_checkpoint(2, 3)),
        Err(AnswerRefused::Inconsistent)
    );
    assert_eq!(
        ask(&fork.add_checkpoint(2, 2)),
        Err(AnswerRefused::Inconsistent)
    );
    assert_eq!(
        ask(&TestLog::new("x").add_checkpoint(0, 2)),
        Err(AnswerRefused::UnknownLog)
    );
    assert_eq!(ask(&scene.log.add_checkpoint(2, 3)), Ok(2));
}

#[test]
fn w15_shows_the_last_checkpoint_with_the_logs_and_our_lines() {
    let scene = scene();
    let answer = scene.server.checkpoint(ORIGIN);
    answer.is(404, "no checkpoint was cosigned under this address\n");
    let stranger = TestLog::new("stranger.example");
    for size in [2, 5] {
        let old = if size == 2 { 0 } else { 2 };
        // A stranger's line arrives and is not passed on.
        let own = scene.log.note(size);
        let note = format!("{own}{}", stranger.note(1).split_once("\n\n").unwrap().1);
        let body = AddCheckpoint::new(old, scene.log.proof(old, size), &note)
            .unwrap()
            .to_bytes();
        let lines = scene.server.add(&body).body;
        let shown = scene.server.checkpoint(ORIGIN);
        shown.is(200, &format!("{own}{lines}"));
        assert_eq!(
            shown.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        assert_eq!(shown.header("cache-control"), Some("no-cache"));
    }
}

#[test]
fn w15_refuses_other_addresses_with_404() {
    let scene = scene_at_two();
    let good = kit::monitoring(ORIGIN);
    for path in [
        good.to_uppercase(),
        good.replacen('/', "/0", 1),
        kit::monitoring("x"),
        "/x/checkpoint".into(),
    ] {
        assert_eq!(get(scene.server.address, &path).status, 404, "{path}");
    }
    assert_eq!(post(scene.server.address, &good, b"").status, 405);
    assert_eq!(get(scene.server.address, "/add-checkpoint").status, 405);
}

#[test]
fn budget_refuses_the_request_after_the_last_with_429_and_costs_nothing_for_refusals() {
    let directory = tempfile::tempdir().unwrap();
    let log = TestLog::new(ORIGIN);
    let limited = WitnessedLog {
        requests_per_day: std::num::NonZeroU64::new(2),
        ..log.witnessed()
    };
    let server = Server::start(directory.path(), &[limited]);
    for _ in 0..5 {
        server.add(&log.request(1, 2)).is(409, "0\n");
    }
    assert_eq!(server.add(&log.request(0, 1)).status, 200);
    assert_eq!(server.add(&log.request(1, 2)).status, 200);
    let answer = server.add(&log.request(2, 3));
    answer.is(
        429,
        "daily budget is spent: log has used up its requests for now\n\
         hint: wait, or ask the operator for more requests per day\n",
    );
    assert_eq!(answer.header("retry-after"), Some("43200"));
    server.clock.set(NOW + 43_200);
    assert_eq!(server.add(&log.request(2, 3)).status, 200);
}

#[test]
fn one_of_the_logs_two_keys_is_enough() {
    let directory = tempfile::tempdir().unwrap();
    let log = TestLog::new(ORIGIN);
    let [ed25519, _] = <[_; 2]>::try_from(log.vkeys()).unwrap();
    let keys = LogKeys::new(ORIGIN, vec![ed25519]).unwrap();
    let server = Server::start(
        directory.path(),
        &[WitnessedLog {
            keys,
            requests_per_day: None,
        }],
    );
    assert_eq!(server.add(&log.request(0, 2)).status, 200);
    // The line of a key that the witness does not know is not passed on.
    assert_eq!(
        server
            .checkpoint(ORIGIN)
            .body
            .matches(&format!("\u{2014} {ORIGIN} "))
            .count(),
        1
    );
}

#[test]
fn healthz_says_ok() {
    get(scene().server.address, "/healthz").is(200, "ok\n");
}
