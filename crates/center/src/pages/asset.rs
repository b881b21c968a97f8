//! Files beside the pages: style, font, scripts, icon, named by their digest; `security.txt` where the operator has one.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::http::problem::Problem;
use crate::node::Shared;
use crate::portal::asset::asset;

/// A file under a name with its digest: it never changes.
pub(super) async fn get(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let asset = asset(&format!("/assets/{name}")).ok_or_else(Problem::not_found)?;
    let fixed = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::ETAG, asset.etag),
    ];
    if headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|held| held == asset.etag)
    {
        return Ok((StatusCode::NOT_MODIFIED, fixed).into_response());
    }
    Ok((fixed, asset.bytes).into_response())
}

/// Whom to tell about a flaw (RFC 9116).
pub(super) async fn security_txt(State(node): State<Shared>) -> Result<Response, Problem> {
    let text = node
        .policy
        .as_ref()
        .and_then(|portal| portal.security_txt.clone());
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    Ok((headers, text.ok_or_else(Problem::not_found)?).into_response())
}
