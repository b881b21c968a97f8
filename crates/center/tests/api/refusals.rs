//! What is refused, with which status and rule, and that a refusal writes nothing.

use evidence::envelope::Envelope;
use evidence::key::PublicKey;
use tlog::hash::{Hash, sha256};

use crate::kit::{self, payload, secret, statements, update};
use crate::node;

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

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes
        .windows(from.len())
        .position(|window| window == from)
        .unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}
