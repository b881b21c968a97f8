//! The own log as C2SP tlog-tiles serves it (T1–T6), and proofs of its entries.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::http::problem::Problem;
use crate::http::statements::prove;
use crate::node::Shared;

/// `GET /checkpoint`: the newest one that a quorum cosigned.
pub async fn checkpoint(State(node): State<Shared>) -> Result<Response, Problem> {
    let own = node.log.as_ref().ok_or_else(Problem::not_found)?;
    let latest = own.log.reader().latest().ok_or_else(Problem::not_found)?;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=2"),
    ];
    Ok((headers, latest.note.to_string()).into_response())
}

/// `GET /tile/…`: hash tiles and entry bundles; what was served once never changes.
pub async fn tile(
    State(node): State<Shared>,
    Path(path): Path<String>,
) -> Result<Response, Problem> {
    let own = node.log.as_ref().ok_or_else(Problem::not_found)?;
    let path = format!("tile/{path}");
    let fixed = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    let reader = own.log.reader();
    let read = tokio::task::spawn_blocking(move || reader.file(&path)).await;
    match read {
        Ok(Ok(Some(bytes))) => Ok((fixed, bytes).into_response()),
        Ok(Ok(None)) => Err(Problem::not_found()),
        Ok(Err(error)) => Err(Problem::unavailable(&error)),
        Err(error) => Err(Problem::unavailable(&error)),
    }
}

/// `GET /proof/<index>.tlog-proof`.
pub async fn proof(
    State(node): State<Shared>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let own = node.log.as_ref().ok_or_else(Problem::not_found)?;
    // One spelling: no sign, no leading zero.
    let index: Option<u64> = name
        .strip_suffix(".tlog-proof")
        .and_then(|digits| digits.parse().ok());
    let index = index
        .filter(|index| name == format!("{index}.tlog-proof"))
        .ok_or_else(Problem::not_found)?;
    let text = prove(own, index).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=86400"),
    ];
    Ok((headers, text).into_response())
}
