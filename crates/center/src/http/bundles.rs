//! `GET /bundle/<hex>.jsonl` and `.jsonl.gz`: evidence about a file, for anyone's tools.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tlog::hash::Hash;

use crate::bundles::{self, GatherError};
use crate::http::problem::Problem;
use crate::node::Shared;
use crate::worker::gzip;

/// The bundle as the logs stand now: equal logs, equal bytes.
pub async fn get(
    State(node): State<Shared>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let (digest, compressed) = match name.strip_suffix(".jsonl.gz") {
        Some(hex) => (Hash::from_hex(hex), true),
        None => (name.strip_suffix(".jsonl").and_then(Hash::from_hex), false),
    };
    let digest = digest.ok_or_else(Problem::not_found)?;
    let plain = bundles::bytes(&node, digest)
        .await?
        .ok_or_else(not_logged)?;
    let (kind, bytes) = if compressed {
        (
            "application/gzip",
            gzip(&plain).map_err(|error| Problem::unavailable(&error))?,
        )
    } else {
        ("application/jsonl", plain.to_vec())
    };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=10, stale-while-revalidate=60"),
    );
    Ok(response)
}

/// A digest that no log here holds is no error of the asker: the answer is `undecided`.
fn not_logged() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not-logged",
        "undecided: no log of this node holds the file",
        "ask again in a few minutes, or ask another center",
    )
}

impl From<GatherError> for Problem {
    fn from(error: GatherError) -> Self {
        Self::unavailable(&error)
    }
}
