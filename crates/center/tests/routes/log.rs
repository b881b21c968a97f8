//! `/log`, `/log/{origin}`, `/log/{origin}/{index}` and its files

use axum::http::header;
use evidence::envelope::Envelope;
use evidence::kind::update::{State, Withdrawal, WithdrawalReason};
use tlog::hash::Hash;
use tlog::proof::check_inclusion;
use tlog::proof_file::ProofFile;

use crate::kit::{ORIGIN, payload, update};
use crate::place::{Portal, Witnesses, page};

const SEGMENT: &str = "log.acme.example%2Fv1";

#[test]
fn lists_the_logs_with_size_and_witnesses() {
    let portal = Portal::with(Witnesses::Three, "");
    portal.publish(&update("stable", 1, None));
    assert!(portal.get("/log").text.contains(&format!("/log/{SEGMENT}")));
    let row = portal.get("/api/v1/log").json()["view"]["rows"][0].clone();
    assert_eq!(
        (&row["origin"], &row["size"], &row["state"]),
        (&ORIGIN.into(), &1.into(), &"witnessed".into())
    );
    assert_eq!(
        (&row["signed"], &row["of"], &row["asked"]),
        (&3.into(), &3.into(), &2.into())
    );
}

#[test]
fn an_origin_is_read_whether_its_slashes_are_encoded_or_not() {
    let portal = Portal::start();
    portal.publish(&update("stable", 1, None));
    for origin in [
        SEGMENT,
        ORIGIN,
        "log.acme.example%2fv1",
        "log.acme%2Eexample/v1",
    ] {
        let log = portal.get(&format!("/api/v1/log/{origin}"));
        assert_eq!(log.status, 200, "{origin}");
        assert_eq!(
            log.json()["view"]["entries"][0]["said"]["product"],
            "acme-shield",
            "{origin}"
        );
        let entry = portal.get(&format!("/log/{origin}/0"));
        assert_eq!(entry.status, 200, "{origin}");
    }
    for place in [
        "x",
        "log.acme.example",
        "log.acme.example/v2",
        &format!("{ORIGIN}/1"),
        &format!("{ORIGIN}/00"),
        &format!("{ORIGIN}/x"),
        &format!("{ORIGIN}/0/x"),
        &format!("{ORIGIN}/"),
        &format!("{ORIGIN}0"),
    ] {
        assert_eq!(portal.get(&format!("/log/{place}")).status, 404, "{place}");
        assert_eq!(
            portal.get(&format!("/api/v1/log/{place}")).status,
            404,
            "{place}"
        );
    }
    assert_eq!(portal.get(&format!("/log/{SEGMENT}?before=x")).status, 400);
}

#[test]
fn an_empty_log_says_so() {
    let portal = Portal::start();
    let log = portal.get(&format!("/log/{SEGMENT}"));
    assert_eq!(log.status, 200);
    assert!(log.text.contains("The log is empty"), "{}", log.text);
}

#[test]
fn entries_are_cut_by_index() {
    let portal = Portal::start();
    let mut before = None;
    for serial in 1..=23 {
        before = Some((serial, portal.publish(&update("stable", serial, before))));
    }
    let view = portal.get(&format!("/api/v1/log/{SEGMENT}")).json()["view"].clone();
    assert_eq!(
        view["pager"],
        serde_json::json!({"shown": 20, "of": 23, "before": null, "older": 3})
    );
    let older = portal
        .get(&format!("/api/v1/log/{SEGMENT}?before=3"))
        .json()["view"]
        .clone();
    assert_eq!(
        older["pager"],
        serde_json::json!({"shown": 3, "of": 23, "before": 3, "older": null})
    );
    assert_eq!(older["entries"][0]["index"], 2);
}

#[test]
fn an_entry_is_read_aloud_and_proven() {
    let portal = Portal::with(Witnesses::Three, "");
    let first = update("stable", 1, None);
    portal.publish(&first);
    let html = portal.get(&format!("/log/{SEGMENT}/0"));
    assert_eq!(
        html.element("h1"),
        "acme offered acme-shield 4.2.1 to everyone."
    );
    let view = portal.get(&format!("/api/v1/log/{SEGMENT}/0")).json()["view"].clone();
    assert_eq!(
        (&view["standing"], &view["party"]),
        (&"current".into(), &"acme".into())
    );
    assert_eq!(view["about"]["href"], page(&first));
    assert_eq!(view["body"].as_str().unwrap().as_bytes(), payload(&first));
    let proof = portal.get(&format!("/api/v1/log/{SEGMENT}/0/proof"));
    assert_eq!(proof.text, portal.get("/proof/0.tlog-proof").text);
    let proof = ProofFile::parse(&proof.text).unwrap();
    let lines: Vec<&str> = proof.checkpoint.lines().collect();
    let leaf = Hash::from_hex(view["leaf"].as_str().unwrap()).unwrap();
    let root = tlog::encoding::decode_hash(lines[2]).unwrap();
    assert_eq!(
        check_inclusion(lines[1].parse().unwrap(), root, 0, leaf, &proof.hashes),
        Ok(())
    );
    assert_eq!(view["proof"]["root"], root.to_hex());
    let statement = portal.get(&format!("/api/v1/log/{SEGMENT}/0/statement"));
    assert_eq!(statement.header(header::CONTENT_TYPE), "application/json");
    let envelope = Envelope::parse(statement.text.as_bytes()).unwrap();
    assert_eq!(envelope.payload(), payload(&first));
    assert_eq!(
        portal
            .get(&format!("/api/v1/log/{SEGMENT}/checkpoint"))
            .text,
        portal.get("/checkpoint").text
    );
    assert_eq!(
        portal.get(&format!("/api/v1/log/{SEGMENT}/1/proof")).status,
        404
    );
}

#[test]
fn a_replaced_statement_says_by_which() {
    let portal = Portal::start();
    let offered = update("stable", 1, None);
    let first = portal.publish(&offered);
    let mut withdrawn = offered.clone();
    withdrawn.state = State::Withdrawn(Withdrawal {
        reason: WithdrawalReason::Legal,
        text: "a court says so".into(),
    });
    withdrawn.supersedes = vec![first];
    portal.publish(&withdrawn);
    let view = portal.get(&format!("/api/v1/log/{SEGMENT}/0")).json()["view"].clone();
    assert_eq!(
        (&view["standing"], &view["superseded_by"]["index"]),
        (&"superseded".into(), &1.into())
    );
    let view = portal.get(&format!("/api/v1/log/{SEGMENT}/1")).json()["view"].clone();
    assert_eq!(
        (&view["standing"], &view["said"]["reason"]),
        (&"current".into(), &"legal".into())
    );
}
