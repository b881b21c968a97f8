//! Who asks too much is told 429, and nobody else is touched.

use crate::kit::{TestNode, payload, secret, update};

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
fn behind_a_trusted_proxy_each_reader_has_a_rate_of_its_own() {
    let node = TestNode::start(
        "[limits]\nrequests-per-second = 1\nburst = 40\ntrusted-proxies = [\"127.0.0.1\"]",
    );
    let as_reader = |number: usize| {
        let path = format!("{}/healthz", node.url);
        let request = node.agent().get(path);
        let request = request.header("x-forwarded-for", format!("198.51.100.{number}"));
        request.call().unwrap().status().as_u16()
    };
    let statuses: Vec<u16> = (0..60).map(|_| as_reader(1)).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(as_reader(2), 200);
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
