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
