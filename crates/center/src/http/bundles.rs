//! `GET /bundle/<hex>.jsonl` and `.jsonl.gz`: evidence about a file, for anyone's tools.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tlog::hash::Hash;

use crate::bundles::{self, GatherError};
use crate::http::problem::Problem;
use crate::node::Shared;
use crate::worker::{bundle_path, gzip};

/// The static file where a worker has written it; otherwise made now.
pub async fn get(State(node): State<Shared>, Path(name): Path<String>) -> Result<Response, Problem> {
    let (digest, compressed) = match name.strip_suffix(".jsonl.gz") {
        Some(hex) => (Hash::from_hex(hex), true),
        None => (name.strip_suffix(".jsonl").and_then(Hash::from_hex), false),
    };
    let digest = digest.ok_or_else(Problem::not_found)?;
    let mut path = bundle_path(&node.config.data, digest);
    if compressed {
        path = path.with_extension("jsonl.gz");
    }
    let bytes = match tokio::fs::read(&path).await {
        Ok(bytes) => bytes,
        Err(_) => make(&node, digest, compressed).await?,
    };
    let kind = if compressed { "application/gzip" } else { "application/jsonl" };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=10, stale-while-revalidate=60"),
    );
    Ok(response)
}

async fn make(node: &Shared, digest: Hash, compressed: bool) -> Result<Vec<u8>, Problem> {
    let bytes = bundles::bytes(node, digest).await?.ok_or_else(not_logged)?;
    if !compressed {
        return Ok(bytes);
    }
    gzip(&bytes).map_err(|error| Problem::unavailable(&error))
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
