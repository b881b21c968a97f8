//! Every route of the node, by who asks: the table of contents of its HTTP side.

use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};
use axum::{Router, error_handling::HandleErrorLayer};
use tower::ServiceBuilder;
use tower::timeout::TimeoutLayer;
use witness::router::{Prefix, Prefixes};

use crate::http::problem::Problem;
use crate::http::{blobs, bundles, lines, log_files, middleware, operations, statements};
use crate::node::Shared;

/// The routes.
pub fn router(node: Shared) -> Router {
    let mut router = Router::new()
        // Anyone's tools: the log, its proofs, evidence, blobs.
        .route("/checkpoint", get(log_files::checkpoint))
        .route("/tile/{*path}", get(log_files::tile))
        .route("/proof/{name}", get(log_files::proof))
        .route("/bundle/{name}", get(bundles::get))
        .route("/policy.toml", get(operations::policy))
        .route("/api/v1/openapi.json", get(operations::openapi))
        .route("/api/v1/lines/{line}", get(lines::newest))
        // Publishers.
        .route("/api/v1/statements", post(statements::post))
        .route(
            "/api/v1/blobs/sha256/{hex}",
            put(blobs::put)
                .get(blobs::get)
                .head(blobs::head)
                .layer(DefaultBodyLimit::disable()),
        )
        // The operator.
        .route("/healthz", get(operations::healthz))
        .route("/readyz", get(operations::readyz))
        .route("/metrics", get(operations::metrics));
    if node.policy.is_some() {
        // Public readers.
        router = router.merge(crate::pages::routes());
    }
    let mut router = router
        .fallback(async || Problem::not_found())
        .with_state(node.clone());
    if let Some(witness) = &node.witness {
        // Logs and monitors.
        let monitoring = Prefix::new("/monitor").unwrap_or_default();
        let prefixes = Prefixes {
            submission: Prefix::default(),
            monitoring,
        };
        router = router.nest(
            "/witness",
            witness::router::router(witness.clone(), &prefixes),
        );
    }
    router.layer(
        ServiceBuilder::new()
            .layer(from_fn_with_state(node, middleware::around))
            .layer(HandleErrorLayer::new(async |_: tower::BoxError| {
                timed_out()
            }))
            .layer(TimeoutLayer::new(REQUEST_WITHIN)),
    )
}

fn timed_out() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "timed-out",
        "the answer took too long",
        "try again; an upload goes on where HEAD says that it stopped",
    )
}

/// Long enough for one piece of a slow upload; the quorum is waited for at most 10 seconds of it.
const REQUEST_WITHIN: Duration = Duration::from_secs(300);
