//! What happens to every request: an id, a rate, headers that hold for all answers, one line in the log, counters.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use crate::http::asker::asker;
use crate::http::problem::Problem;
use crate::node::Shared;
use crate::pages::{Wish, dress};
use crate::portal::CONTENT_SECURITY_POLICY;

/// Id, rate, time limit, headers, log line and counters around one request.
pub async fn around(
    State(node): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = node.request_ids.next();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let wish = Wish::of(&request);
    let span = tracing::info_span!("request", %id, %method, route);
    let asker = asker(
        peer.ip(),
        request.headers(),
        &node.config.limits.trusted_proxies,
    );
    let mut response = match node.rate.take(asker, started) {
        Ok(()) => next.run(request).instrument(span.clone()).await,
        Err(seconds) => too_many(seconds).into_response(),
    };
    response = dress(&node, &wish, &id, response);
    let status = response.status();
    let elapsed = started.elapsed();
    node.metrics.request(&route, status.as_u16(), elapsed);
    span.in_scope(|| log(status, elapsed));
    let headers = response.headers_mut();
    headers.insert(
        REQUEST_ID,
        HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("0")),
    );
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CONTENT_SECURITY_POLICY),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    response
}

fn log(status: StatusCode, elapsed: Duration) {
    let microseconds = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    if status.is_server_error() {
        tracing::warn!(status = status.as_u16(), microseconds, "answered");
    } else {
        tracing::debug!(status = status.as_u16(), microseconds, "answered");
    }
}

fn too_many(seconds: u64) -> Problem {
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too-many-requests",
        "too many requests from this address",
        "wait as long as Retry-After says",
    )
    .with_header(header::RETRY_AFTER, &seconds.to_string())
}

/// Under this id the operator finds a request in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
