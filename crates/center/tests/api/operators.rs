//! What operators see: health, readiness, counters.

use crate::kit::{payload, secret, update};
use crate::node;

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
