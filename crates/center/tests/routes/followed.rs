//! What a center shows of a log that it follows

use axum::http::header;

use crate::kit::{ORIGIN, TestNode, payload, secret, update};
use crate::place::{OWN_ORIGIN, Portal, page};

#[test]
fn a_followed_log_has_all_pages_and_the_same_proofs_as_its_owner() {
    let publisher = TestNode::start("");
    publisher.admit("acme", &secret(1), 100);
    let first = update("stable", 1, None);
    assert_eq!(publisher.enter(&payload(&first), &secret(1)).status, 201);
    let portal = Portal::following(&publisher, 1);
    let view = portal.get(&format!("/api/v1{}", page(&first))).json()["view"].clone();
    assert_eq!(
        (&view["word"], &view["entry"]["origin"]),
        (&"accepted".into(), &ORIGIN.into())
    );
    assert_eq!(portal.get("/u").element("h1"), "1 of 1 update is proven.");
    let logs = portal.get("/api/v1/log").json()["view"]["rows"].clone();
    let logs: Vec<_> = logs
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["origin"].clone(), row["size"].clone()))
        .collect();
    assert_eq!(
        logs,
        [(OWN_ORIGIN.into(), 0.into()), (ORIGIN.into(), 1.into())]
    );
    let entry = "/log/log.acme.example%2Fv1/0";
    assert_eq!(
        portal.get(entry).element("h1"),
        "acme offered acme-shield 4.2.1 to everyone."
    );
    let proof = portal.get(&format!("/api/v1{entry}/proof"));
    assert_eq!(
        (proof.status.as_u16(), proof.text),
        (200, publisher.get("/proof/0.tlog-proof").text())
    );
    let checkpoint = portal
        .get("/api/v1/log/log.acme.example%2Fv1/checkpoint")
        .text;
    assert_eq!(checkpoint, publisher.get("/checkpoint").text());
    // Without witnesses the time is that of this node: when it took the checkpoint.
    let released = view["released"].as_str().unwrap();
    assert!(released > "2026", "{released}");
    // Both judge by the same evidence.
    let bundle = portal.get(&format!("{}/bundle", page(&first)));
    let bundle = bundle.header(header::LOCATION);
    assert_eq!(portal.get(bundle).text, publisher.get(bundle).text());
}

#[test]
fn a_followed_log_that_does_not_answer_is_called_stale_and_stays_readable() {
    let publisher = TestNode::start("");
    publisher.admit("acme", &secret(1), 100);
    let first = update("stable", 1, None);
    assert_eq!(publisher.enter(&payload(&first), &secret(1)).status, 201);
    let portal = Portal::following(&publisher, 1);
    drop(publisher);
    let source = portal.node.source(ORIGIN).unwrap();
    source.hear(portal.node.now() - 3_600);
    let log = "/log/log.acme.example%2Fv1";
    for path in [page(&first), log.to_owned(), "/u".to_owned()] {
        let html = portal.get(&path);
        assert_eq!(html.status, 200, "{path}");
        assert!(
            html.text.contains("1 h ago. Others may see more."),
            "{path}: {}",
            html.text
        );
    }
    assert_eq!(
        portal.get(&format!("/api/v1{log}")).json()["view"]["state"],
        "stale"
    );
}
