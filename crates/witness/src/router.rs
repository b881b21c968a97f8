//! Every route of the program, and how an answer looks on the wire.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tlog::hash::Hash;
use tlog::witness::{MAX_BODY, SIZE_CONTENT_TYPE, WitnessRefused};

use crate::refused::Refused;
use crate::service::Witness;

/// The routes of a witness.
pub fn router(witness: Arc<Witness>, prefixes: &Prefixes) -> Router {
    let Prefixes {
        submission,
        monitoring,
    } = prefixes;
    Router::new()
        // Logs.
        .route(
            &format!("{}/add-checkpoint", submission.0),
            post(add_checkpoint),
        )
        .layer(DefaultBodyLimit::max(MAX_BODY))
        // Monitors.
        .route(
            &format!("{}/{{origin}}/checkpoint", monitoring.0),
            get(checkpoint),
        )
        // The operator.
        .route("/healthz", get(health))
        .with_state(witness)
}

/// Under which paths the routes of the specification stand (tlog-witness, "HTTP Interface").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefixes {
    /// Of `add-checkpoint`.
    pub submission: Prefix,
    /// Of the monitoring read. A mirror of the same center has another one.
    pub monitoring: Prefix,
}

/// The path of a URL prefix: empty, or `/` and segments of `[a-z0-9._-]`, without a last `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefix(String);

impl Prefix {
    /// Checks the rule; `None` when it is broken.
    pub fn new(path: &str) -> Option<Self> {
        let allowed =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
        let segments = path.strip_prefix('/').map(|rest| rest.split('/'));
        let good = segments
            .is_none_or(|mut all| all.all(|one| !one.is_empty() && one.chars().all(allowed)));
        ((path.is_empty() || path.starts_with('/')) && good).then(|| Self(path.into()))
    }
}

/// `POST <submission prefix>/add-checkpoint`.
async fn add_checkpoint(State(witness): State<Arc<Witness>>, request: Request) -> Response {
    let body = match read(request).await {
        Ok(body) => body,
        Err(refused) => return refuse(&refused),
    };
    match witness.add_checkpoint(&body).await {
        Ok(lines) => ([(CONTENT_TYPE, TEXT)], lines).into_response(),
        Err(refused) => refuse(&refused),
    }
}

/// `GET <monitoring prefix>/<hex SHA-256 of origin>/checkpoint` (W15).
async fn checkpoint(State(witness): State<Arc<Witness>>, Path(origin): Path<String>) -> Response {
    let Some(origin) = Hash::from_hex(&origin) else {
        return say(
            StatusCode::NOT_FOUND,
            "address is no SHA-256 in lower-case hex\n".into(),
        );
    };
    match witness.checkpoint(origin) {
        Ok(Some(note)) => {
            ([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, "no-cache")], note).into_response()
        }
        Ok(None) => say(
            StatusCode::NOT_FOUND,
            "no checkpoint was cosigned under this address\n".into(),
        ),
        Err(failed) => refuse(&Refused::Signing(failed)),
    }
}

/// `GET /healthz`: whether checkpoints can be cosigned.
async fn health(State(witness): State<Arc<Witness>>) -> Response {
    match witness.failure() {
        None => say(StatusCode::OK, "ok\n".into()),
        Some(failed) => say(StatusCode::SERVICE_UNAVAILABLE, format!("{failed}\n")),
    }
}

async fn read(request: Request) -> Result<Bytes, Refused> {
    match tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)))) => {
            Err(WitnessRefused::TooLarge.into()) // W0
        }
        Ok(Err(_)) | Err(_) => Err(Refused::Interrupted),
    }
}

/// The one place where a refusal becomes an answer: status, body, and when to come back.
fn refuse(refused: &Refused) -> Response {
    let status =
        StatusCode::from_u16(refused.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Refused::Protocol(row) = refused
        && let Some(body) = row.body()
    {
        return (status, [(CONTENT_TYPE, SIZE_CONTENT_TYPE)], body).into_response();
    }
    let mut text = refused.to_string();
    let mut cause = std::error::Error::source(refused);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    let mut response = say(status, format!("{text}\nhint: {}\n", refused.hint()));
    if let Some(seconds) = refused.retry_after() {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn say(status: StatusCode, text: String) -> Response {
    (status, [(CONTENT_TYPE, TEXT)], text).into_response()
}

const TEXT: &str = "text/plain; charset=utf-8";

/// A request is at most 128 KiB: enough for 15 kB/s, too short for many idle connections.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_prefixes_that_are_no_paths() {
        for path in [
            "a", "/", "/a/", "//a", "/a//b", "/{a}", "/A", "/a b", "/a?", "/a#", "/ä",
        ] {
            assert_eq!(Prefix::new(path), None, "{path:?}");
        }
        for path in ["", "/w", "/witness/v0", "/a.b_c-d/1"] {
            assert!(Prefix::new(path).is_some(), "{path:?}");
        }
    }
}
