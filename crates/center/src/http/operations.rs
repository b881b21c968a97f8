//! For the operator: `/healthz`, `/readyz`, `/metrics`, and the description of the API.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::http::problem::Problem;
use crate::node::Shared;

/// The process answers.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// The node can do its work: the database answers, the log takes entries, the witness has not stopped.
pub async fn readyz(State(node): State<Shared>) -> Response {
    let mut waits = Vec::new();
    if node.database.job_counts(node.now()).await.is_err() {
        waits.push("database");
    }
    if let Some(own) = &node.log {
        let progress = own.log.reader().progress().borrow().clone();
        if progress.stopped.is_some() || !node.takes_entries() {
            waits.push("log");
        }
    }
    if node
        .witness
        .as_ref()
        .is_some_and(|witness| witness.failure().is_some())
    {
        waits.push("witness");
    }
    if waits.is_empty() {
        return "ready\n".into_response();
    }
    (
        StatusCode::SERVICE_UNAVAILABLE,
        format!("waits: {}\n", waits.join(", ")),
    )
        .into_response()
}

/// Counters and gauges.
pub async fn metrics(State(node): State<Shared>) -> Result<Response, Problem> {
    let jobs = node.database.job_counts(node.now()).await?;
    let mut gauges = vec![
        (
            "vitrine_jobs_ready",
            "Jobs that may be taken now.",
            jobs.ready,
        ),
        (
            "vitrine_jobs_waiting",
            "Jobs enqueued for later.",
            jobs.waiting,
        ),
        (
            "vitrine_jobs_leased",
            "Jobs in the hands of a worker.",
            jobs.leased,
        ),
        ("vitrine_jobs_dead", "Dead letters.", jobs.dead),
    ];
    if let Some(own) = &node.log {
        let reader = own.log.reader();
        let public = reader.latest().map_or(0, |latest| latest.size);
        gauges.push((
            "vitrine_log_size",
            "Durable entries of the own log.",
            reader.size(),
        ));
        gauges.push((
            "vitrine_log_public_size",
            "Entries that a public checkpoint covers.",
            public,
        ));
        let pending = node.database.pending_count(&own.origin).await?;
        gauges.push((
            "vitrine_log_pending",
            "Accepted entries without an index.",
            pending,
        ));
    }
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    Ok((kind, node.metrics.to_text(&gauges)).into_response())
}

/// `/api/v1/openapi.json`.
pub async fn openapi() -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, include_str!("../../openapi.json")).into_response()
}

/// `/policy.toml`: the policy by which pages judge.
pub async fn policy(State(node): State<Shared>) -> Result<Response, Problem> {
    let portal = node.policy.as_ref().ok_or_else(Problem::not_found)?;
    let headers = [
        (header::CONTENT_TYPE, "application/toml; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=10"),
    ];
    Ok((headers, portal.text.clone()).into_response())
}
