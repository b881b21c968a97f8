//! From a request to an answer: kept pages, entity tags, headers (`portal.md` §9).
//!
//! What a page shows depends on the logs as they are seen and shown here, on the policy, on this program and on the time;
//! so does its tag, with the time in minutes. A page is kept for ten seconds; for a minute more it is shown once again
//! while one task makes it anew, as any HTTP cache before this node may do.

use std::time::Instant;

use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Serialize;
use store::database::DatabaseError;
use tlog::hash::sha256;

use super::asked::{Asked, Form};
use super::cache::Found;
use super::problem::AsPage;
use crate::bundles::GatherError;
use crate::http::problem::Problem;
use crate::node::{Node, Shared};
use crate::portal;
use crate::portal::frame::Frame;
use crate::source::SourceError;

/// A page in the form that was asked for.
pub(super) struct Drawn {
    pub(super) status: StatusCode,
    pub(super) kind: &'static str,
    pub(super) body: Bytes,
}

/// What is answered in place of a page.
#[derive(Debug)]
pub(super) enum Instead {
    Problem(Problem),
    /// The page stands elsewhere.
    See(String),
}

/// What gathering a page gives.
pub(super) type Made = Result<Drawn, Instead>;

impl Drawn {
    /// The page of this view: HTML by `render`, or JSON.
    pub(super) fn new<V: Serialize>(
        asked: &Asked,
        frame: &Frame,
        view: &V,
        render: impl FnOnce(&Frame, &V) -> String,
    ) -> Self {
        let (kind, body) = match asked.form {
            Form::Html => (HTML, render(frame, view)),
            Form::Json => (JSON, portal::json(frame, view)),
        };
        Self {
            status: StatusCode::OK,
            kind,
            body: body.into(),
        }
    }

    /// Text that is no page.
    pub(super) fn text(body: String) -> Self {
        Self {
            status: StatusCode::OK,
            kind: TEXT,
            body: body.into(),
        }
    }

    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }
}

impl Instead {
    /// Nothing here, or nothing for this reader.
    pub(super) fn not_found() -> Self {
        Self::Problem(Problem::not_found())
    }
}

impl From<DatabaseError> for Instead {
    fn from(error: DatabaseError) -> Self {
        Self::Problem(error.into())
    }
}

impl From<GatherError> for Instead {
    fn from(error: GatherError) -> Self {
        Self::Problem(error.into())
    }
}

impl From<SourceError> for Instead {
    fn from(error: SourceError) -> Self {
        Self::Problem(Problem::unavailable(&error))
    }
}

impl Asked {
    /// Answers with what `make` gathers and draws, or with what was drawn lately.
    pub(super) async fn answer<F, M>(self, node: Shared, make: F) -> Response
    where
        F: FnOnce(Shared, Self) -> M + Send + 'static,
        M: Future<Output = Made> + Send + 'static,
    {
        // Read before anything is gathered: a page never claims to be newer than it is.
        let seen = node.seen();
        let tag = tag(&node, &seen);
        if self.held.as_ref() == Some(&tag) {
            return headers(StatusCode::NOT_MODIFIED.into_response(), tag);
        }
        let slot = node.pages.cache.slot(&self.key());
        match slot.find(&seen, Instant::now()) {
            Found::Fresh(drawn) => return headers(drawn.into_response(), tag),
            Found::Stale(drawn) => {
                // One task makes it anew; whoever comes meanwhile sees what is there.
                if let Ok(making) = slot.making.clone().try_lock_owned() {
                    tokio::spawn(async move {
                        if let Ok(drawn) = make(node, self).await {
                            slot.keep(seen, drawn);
                        }
                        drop(making);
                    });
                }
                return headers(drawn.into_response(), tag);
            }
            Found::Nothing => {}
        }
        let making = slot.making.clone().lock_owned().await;
        // Somebody else has made it while this one waited.
        if let Found::Fresh(drawn) = slot.find(&seen, Instant::now()) {
            return headers(drawn.into_response(), tag);
        }
        let made = make(node, self.clone()).await;
        let response = match made {
            Ok(drawn) if drawn.status == StatusCode::OK => {
                let drawn = slot.keep(seen, drawn);
                headers(drawn.into_response(), tag)
            }
            Ok(drawn) => {
                let mut response = drawn.into_response();
                response.headers_mut().insert(header::CACHE_CONTROL, CACHED);
                response
            }
            Err(instead) => self.instead(instead),
        };
        drop(making);
        response
    }

    /// The answer where there is no page.
    pub(super) fn instead(&self, instead: Instead) -> Response {
        match instead {
            Instead::See(address) => {
                let address = match self.form {
                    Form::Html => address,
                    Form::Json => super::asked::api(&address),
                };
                let mut response = Redirect::to(&address).into_response();
                response.headers_mut().insert(header::CACHE_CONTROL, CACHED);
                response
            }
            Instead::Problem(problem) => {
                let mut response = problem.into_response();
                if self.form == Form::Html {
                    response.extensions_mut().insert(AsPage);
                }
                response
            }
        }
    }
}

impl IntoResponse for Drawn {
    fn into_response(self) -> Response {
        (self.status, [(header::CONTENT_TYPE, self.kind)], self.body).into_response()
    }
}

impl Clone for Drawn {
    /// Cheap: the body is shared.
    fn clone(&self) -> Self {
        Self {
            status: self.status,
            kind: self.kind,
            body: self.body.clone(),
        }
    }
}

fn headers(mut response: Response, tag: HeaderValue) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, CACHED);
    headers.insert(header::ETAG, tag);
    response
}

/// A weak tag: within one minute relative times differ, and nothing else.
fn tag(node: &Node, seen: &[(u64, u64)]) -> HeaderValue {
    let policy = node
        .policy
        .as_ref()
        .map(|portal| portal.policy.identity().sha256);
    let inputs = format!("{seen:?} {policy:?} {VERSION} {}", node.now() / 60);
    let digest = sha256(inputs.as_bytes()).to_hex();
    let short: String = digest.chars().take(TAG_DIGITS).collect();
    HeaderValue::from_str(&format!("W/\"{short}\"")).unwrap_or(HeaderValue::from_static("W/\"\""))
}

/// Type of a page.
pub(super) const HTML: &str = "text/html; charset=utf-8";

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
const VERSION: &str = env!("CARGO_PKG_VERSION");
const CACHED: HeaderValue =
    HeaderValue::from_static("public, max-age=10, stale-while-revalidate=60");

/// 80 bits: an accident will not repeat them, and nothing rests on it but a saved answer.
const TAG_DIGITS: usize = 20;
