//! The node's API over real HTTP: what enters, what is refused with which status, and that nothing is lost.

#![allow(
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test"
)]

mod kit;

use evidence::bundle;
use evidence::envelope::Envelope;
use evidence::key::PublicKey;
use evidence::kind::update::{State, Withdrawal, WithdrawalReason};
use kit::{TestNode, file_digest, payload, secret, statements, update};
use tlog::hash::{Hash, leaf_hash, sha256};
use tlog::proof::check_inclusion;
use tlog::proof_file::ProofFile;

fn node() -> TestNode {
    let node = TestNode::start("");
    node.admit("acme", &secret(1), 100);
    node
}

#[test]
fn d9_a_statement_enters_with_index_and_proof() {
    let node = node();
    let entered = node.enter(&payload(&update("stable", 1, None)), &secret(1));
    assert_eq!(entered.status, 201, "{}", entered.text());
    let answer = entered.json();
    assert_eq!(
        (answer["index"].as_u64(), answer["witnessed"].as_bool()),
        (Some(0), Some(true))
    );
    let proof = ProofFile::parse(answer["proof"].as_str().unwrap()).unwrap();
    let leaf = Hash::from_hex(answer["leaf"].as_str().unwrap()).unwrap();
    let text = proof.checkpoint.lines().collect::<Vec<_>>();
    let root = tlog::encoding::decode_hash(text[2]).unwrap();
    assert_eq!(
        check_inclusion(text[1].parse().unwrap(), root, 0, leaf, &proof.hashes),
        Ok(())
    );
    let file = node.get("/proof/0.tlog-proof");
    assert_eq!(
        (file.status, file.text()),
        (200, answer["proof"].as_str().unwrap().to_owned())
    );
}

#[test]
fn d4_the_same_signing_again_gets_the_same_index_whatever_its_signature() {
    let node = node();
    let bytes = payload(&update("stable", 1, None));
    let first = node.enter(&bytes, &secret(1));
    assert_eq!(first.status, 201);
    let again = node.enter(&bytes, &secret(1));
    assert_eq!(
        (again.status, again.json()["index"].as_u64()),
        (200, Some(0))
    );
    // Another signature by the same key over the same payload: s negated is another leaf, and the same signing.
    let envelope = Envelope::sign(bytes, &secret(1));
    let text = String::from_utf8(envelope.to_bytes()).unwrap();
    let high = high_s(&envelope);
    let replaced = text.replace(
        &tlog::encoding::encode(&envelope.signature().to_der()),
        &tlog::encoding::encode(&high),
    );
    let negated = node.post(&statements(&secret(1)), replaced.as_bytes());
    assert_eq!(
        (negated.status, negated.json()["index"].as_u64()),
        (200, Some(0)),
        "{}",
        negated.text()
    );
    node.until("one entry", |node| {
        node.get("/checkpoint").text().lines().nth(1) == Some("1")
    });
}

#[test]
fn refuses_each_broken_rule_with_its_status_and_writes_nothing() {
    let node = node();
    let first = payload(&update("stable", 1, None));
    assert_eq!(node.enter(&first, &secret(1)).status, 201);
    let other_publisher = {
        let mut other = update("stable", 2, Some((1, sha256(&first))));
        other.line.publisher = kit::word("other");
        payload(&other)
    };
    let unknown_blob = {
        let mut cites = update("beta", 1, None);
        cites.notes = Some(Hash([7; 32]));
        payload(&cites)
    };
    let good = Envelope::sign(first.clone(), &secret(1)).to_bytes();
    let path = statements(&secret(1));
    let cases: Vec<(&str, kit::Answer, (u16, &str))> = vec![
        ("no JSON", node.post(&path, b"{"), (400, "S1")),
        ("no envelope", node.post(&path, b"{}"), (400, "S1")),
        (
            "loose base64",
            node.post(
                &path,
                &replace(&good, b"\"payload\":\"", b"\"payload\":\" "),
            ),
            (400, "S2"),
        ),
        (
            "no key",
            node.post("/api/v1/statements", &good),
            (403, "D2"),
        ),
        (
            "no key id",
            node.post("/api/v1/statements?key=abc", &good),
            (403, "D2"),
        ),
        ("stranger", node.enter(&first, &secret(9)), (403, "D2")),
        (
            "too large",
            node.post(&path, &vec![b' '; (3 << 19) + 1]),
            (413, "D1"),
        ),
        (
            "other's signature",
            node.post(&path, &Envelope::sign(first.clone(), &secret(9)).to_bytes()),
            (422, "S3"),
        ),
        ("no statement", node.enter(b"{}", &secret(1)), (422, "S7")),
        (
            "not canonical",
            node.enter(&replace(&first, b":", b": "), &secret(1)),
            (422, "S6"),
        ),
        (
            "unknown kind",
            node.enter(&replace(&first, b"update:v1", b"update:v9"), &secret(1)),
            (422, "S10"),
        ),
        (
            "unknown member",
            node.enter(
                &replace(&first, b"\"audience\"", b"\"audienze\""),
                &secret(1),
            ),
            (422, "S11"),
        ),
        (
            "other's line",
            node.enter(&other_publisher, &secret(1)),
            (403, "U1"),
        ),
        (
            "blob not held",
            node.enter(&unknown_blob, &secret(1)),
            (422, "D6"),
        ),
        (
            "serial again",
            node.enter(
                &payload(&update("stable", 1, Some((1, sha256(&first))))),
                &secret(1),
            ),
            (409, ""),
        ),
        (
            "a gap",
            node.enter(
                &payload(&update("stable", 1002, Some((1, sha256(&first))))),
                &secret(1),
            ),
            (409, "U2"),
        ),
        (
            "other predecessor",
            node.enter(
                &payload(&update("stable", 2, Some((1, Hash([1; 32]))))),
                &secret(1),
            ),
            (409, "U2"),
        ),
        (
            "first with predecessor",
            node.enter(
                &payload(&update("new", 2, Some((1, Hash([1; 32]))))),
                &secret(1),
            ),
            (409, "U2"),
        ),
        (
            "wrong parameter",
            node.post(&format!("{path}&wait=long"), &good),
            (400, "bad-request"),
        ),
        (
            "other parameter",
            node.post(&format!("{path}&x=1"), &good),
            (400, ""),
        ),
    ];
    for (name, answer, (status, code)) in cases {
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        if !code.is_empty() {
            let problem = answer.json();
            assert_eq!(problem["error"]["code"], code, "{name}");
            assert!(
                !problem["error"]["hint"].as_str().unwrap().is_empty(),
                "{name}"
            );
        }
    }
    let size = node.get("/checkpoint").text();
    assert_eq!(size.lines().nth(1), Some("1"));
}

#[test]
fn u_rules_hold_within_one_group_of_requests_too() {
    let node = node();
    let first = payload(&update("stable", 1, None));
    assert_eq!(node.enter(&first, &secret(1)).status, 201);
    // Ten different files race for serial 2: one of them gets it.
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..10)
            .map(|version| {
                let mut racing = update("stable", 2, Some((1, sha256(&first))));
                racing.version = format!("4.2.2-{version}").into();
                racing.files[0].name =
                    evidence::name::Name::parse(&format!("racing-{version}.deb")).unwrap();
                let node = &node;
                scope.spawn(move || node.enter(&payload(&racing), &secret(1)).status)
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 409).count(),
        9,
        "{statuses:?}"
    );
}

#[test]
fn d5_a_spent_quota_is_429_and_the_next_party_is_not_touched() {
    let node = TestNode::start("");
    node.admit("acme", &secret(1), 2);
    let first = payload(&update("a", 1, None));
    assert_eq!(node.enter(&first, &secret(1)).status, 201);
    assert_eq!(
        node.enter(&payload(&update("b", 1, None)), &secret(1))
            .status,
        201
    );
    let spent = node.enter(&payload(&update("c", 1, None)), &secret(1));
    assert_eq!(spent.problem(), (429, "D5".to_owned()));
    assert_eq!(
        node.enter(&first, &secret(1)).status,
        200,
        "what is here already costs nothing"
    );
}

#[test]
fn a_withdrawal_amends_and_is_final() {
    let node = node();
    let offered = update("stable", 1, None);
    let first = payload(&offered);
    assert_eq!(node.enter(&first, &secret(1)).status, 201);
    let mut withdrawn = offered.clone();
    withdrawn.state = State::Withdrawn(Withdrawal {
        reason: WithdrawalReason::Crash,
        text: "crashes".into(),
    });
    withdrawn.supersedes = vec![sha256(&first)];
    let second = payload(&withdrawn);
    assert_eq!(node.enter(&second, &secret(1)).status, 201);
    let mut again = offered;
    again.supersedes = vec![sha256(&second)];
    again.notes = None;
    let revived = node.enter(&payload(&again), &secret(1));
    assert_eq!(revived.problem(), (409, "U5".to_owned()));
    node.until("the line", |node| {
        let id = update("stable", 1, None).line.id();
        node.get(&format!("/api/v1/lines/{id}")).json()["state"] == "withdrawn"
    });
}

#[test]
fn blobs_are_checked_resumed_bounded_and_served_with_their_digest() {
    let node = TestNode::start("[limits]\nblob = 1000");
    node.admit("acme", &secret(1), 100);
    let bytes: Vec<u8> = (0..900_u32)
        .map(|i| u8::try_from(i % 251).unwrap())
        .collect();
    let public = format!("/api/v1/blobs/sha256/{}", sha256(&bytes));
    let path = TestNode::blob(sha256(&bytes));
    assert_eq!(node.get(&public).status, 404);
    assert_eq!(node.head(&public).status, 404);
    let length = ("upload-length", "900".to_owned());
    let piece = node.put(&path, std::slice::from_ref(&length), &bytes[..400]);
    assert_eq!(
        (piece.status, piece.header("upload-offset")),
        (202, Some("400")),
        "{}",
        piece.text()
    );
    assert_eq!(node.head(&path).header("upload-offset"), Some("400"));
    assert_eq!(
        node.head(&public).header("upload-offset"),
        None,
        "only uploaders learn of uploads"
    );
    let wrong = node.put(
        &path,
        &[length.clone(), ("upload-offset", "100".to_owned())],
        &bytes[100..],
    );
    assert_eq!(
        (wrong.status, wrong.header("upload-offset")),
        (409, Some("400"))
    );
    let rest = node.put(
        &path,
        &[length, ("upload-offset", "400".to_owned())],
        &bytes[400..],
    );
    assert_eq!(rest.status, 201, "{}", rest.text());
    assert_eq!(node.put(&path, &[], &bytes).status, 200);
    let got = node.get(&public);
    assert_eq!((got.status, got.body == bytes), (200, true));
    assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(got.header("content-disposition"), Some("attachment"));
    let other = TestNode::blob(sha256(b"other"));
    assert_eq!(
        node.put(&other, &[], b"not it").problem(),
        (422, "wrong-digest".to_owned())
    );
    assert_eq!(
        node.head(&other).header("upload-offset"),
        Some("0"),
        "the wrong bytes are gone"
    );
    assert_eq!(node.put(&other, &[], &[0; 1001]).status, 413);
    for bad in ["abc", &"A".repeat(64), &"g".repeat(64)] {
        assert_eq!(
            node.get(&format!("/api/v1/blobs/sha256/{bad}")).status,
            400,
            "{bad}"
        );
    }
}

#[test]
fn d2_strangers_upload_nothing() {
    let node = node();
    let digest = sha256(b"bytes");
    let address = |secret: &p256::ecdsa::SigningKey| {
        format!(
            "/api/v1/blobs/sha256/{digest}?{}",
            evidence::upload::parameters(secret, digest)
        )
    };
    let other = evidence::upload::parameters(&secret(1), sha256(b"other"));
    for path in [
        format!("/api/v1/blobs/sha256/{digest}"),
        address(&secret(9)),
        format!("/api/v1/blobs/sha256/{digest}?{other}"),
        format!(
            "/api/v1/blobs/sha256/{digest}?key={}",
            PublicKey::of(&secret(1)).id()
        ),
    ] {
        assert_eq!(
            node.put(&path, &[], b"bytes").problem(),
            (403, "D2".to_owned()),
            "{path}"
        );
    }
    assert_eq!(node.put(&address(&secret(1)), &[], b"bytes").status, 201);
}

#[test]
fn a_statement_uploaded_as_a_blob_before_it_is_posted_is_not_hidden() {
    let node = node();
    let offered = update("stable", 1, None);
    let bytes = payload(&offered);
    assert_eq!(
        node.put(&TestNode::blob(sha256(&bytes)), &[], &bytes)
            .status,
        201
    );
    assert_eq!(node.enter(&bytes, &secret(1)).status, 201);
    node.until("the bundle", |node| {
        node.get(&format!("/bundle/{}.jsonl", file_digest(&offered)))
            .status
            == 200
    });
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
fn a_cited_blob_must_be_held() {
    let node = node();
    let notes = b"what is new";
    let mut cites = update("stable", 1, None);
    cites.notes = Some(sha256(notes));
    let bytes = payload(&cites);
    assert_eq!(
        node.enter(&bytes, &secret(1)).problem(),
        (422, "D6".to_owned())
    );
    assert_eq!(
        node.put(&TestNode::blob(sha256(notes)), &[], notes).status,
        201
    );
    assert_eq!(node.enter(&bytes, &secret(1)).status, 201);
}

#[test]
fn the_log_is_served_as_tiles_and_each_entry_hashes_to_its_leaf() {
    let node = node();
    let first = payload(&update("stable", 1, None));
    node.enter(&first, &secret(1));
    let bundle = node.get("/tile/entries/000.p/1");
    assert_eq!(bundle.status, 200);
    let entries = tlog::tile::entries(&bundle.body).unwrap();
    let tile = node.get("/tile/0/000.p/1");
    assert_eq!(tile.body, leaf_hash(entries[0]).0);
    assert_eq!(
        tile.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
    for path in [
        "/tile/0/000",
        "/tile/0/00",
        "/tile/0/000.p/2",
        "/tile/0/../checkpoint",
        "/tile/9/000",
        "/tile/entries/001",
    ] {
        assert_eq!(node.get(path).status, 404, "{path}");
    }
    for path in [
        "/proof/1.tlog-proof",
        "/proof/00.tlog-proof",
        "/proof/0",
        "/proof/x.tlog-proof",
    ] {
        assert_eq!(node.get(path).status, 404, "{path}");
    }
}

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

#[test]
fn operators_see_health_readiness_and_counters() {
    let node = node();
    node.enter(&payload(&update("stable", 1, None)), &secret(1));
    assert_eq!(node.get("/healthz").text(), "ok\n");
    assert_eq!(node.get("/readyz").text(), "ready\n");
    let metrics = node.get("/metrics").text();
    assert!(
        metrics.contains("vitrine_statements_accepted_total 1\n"),
        "{metrics}"
    );
    assert!(metrics.contains("vitrine_log_size 1\n"), "{metrics}");
    let missing = node.get("/nothing");
    assert_eq!(missing.problem(), (404, "not-found".to_owned()));
    assert!(missing.header("x-request-id").is_some());
    assert_eq!(
        node.get("/policy.toml").status,
        404,
        "a node without portal has no policy"
    );
}

#[test]
fn every_route_of_the_description_answers() {
    let node = node();
    let description = node.get("/api/v1/openapi.json").json();
    for (path, operations) in description["paths"].as_object().unwrap() {
        if path.starts_with("/witness") || path == "/policy.toml" {
            continue;
        }
        let address = path
            .replace("{hex}", &"0".repeat(64))
            .replace("{line}", &"0".repeat(64));
        let address = address
            .replace("{name}", "0.tlog-proof")
            .replace("{path}", "0/000");
        for method in operations.as_object().unwrap().keys() {
            let status = match method.as_str() {
                "get" => node.get(&address).status,
                "head" => node.head(&address).status,
                "post" => node.post(&address, b"").status,
                "put" => node.put(&address, &[], b"").status,
                _ => continue,
            };
            let listed = operations[method]["responses"].as_object().unwrap();
            assert!(
                listed.contains_key(&status.to_string()),
                "{method} {path} answered {status}"
            );
        }
    }
}

#[test]
fn requests_above_the_rate_are_429_with_a_time_to_wait() {
    let node = TestNode::start("[limits]\nrequests-per-second = 1\nburst = 40");
    let answers: Vec<_> = (0..60).map(|_| node.get("/healthz")).collect();
    let refused = answers
        .iter()
        .find(|answer| answer.status == 429)
        .expect("some are refused");
    assert_eq!(refused.problem().1, "too-many-requests");
    assert!(refused.header("retry-after").is_some());
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes
        .windows(from.len())
        .position(|window| window == from)
        .unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

/// The other signature over the same message: s negated.
fn high_s(envelope: &Envelope) -> Vec<u8> {
    let der = envelope.signature().to_der();
    let signature = p256::ecdsa::Signature::from_der(&der).unwrap();
    let (r, s) = signature.split_scalars();
    let negated = p256::ecdsa::Signature::from_scalars(*r, -*s).unwrap();
    negated.to_der().as_bytes().to_vec()
}

#[test]
fn keys_that_were_removed_may_not_speak_any_more() {
    let node = node();
    assert_eq!(
        node.enter(&payload(&update("a", 1, None)), &secret(1))
            .status,
        201
    );
    node.block_on(async {
        let mut admissions = (*node.node.admissions()).clone();
        admissions
            .remove("acme", PublicKey::of(&secret(1)).id())
            .unwrap();
        admissions.save(&node.node.database).await.unwrap();
        node.node.refresh_admissions().await;
    });
    assert_eq!(
        node.enter(&payload(&update("b", 1, None)), &secret(1))
            .problem(),
        (403, "D2".to_owned())
    );
}
