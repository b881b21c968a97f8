//! From errors to answers, in one place: status, a word for machines, a sentence, the next step.
//!
//! Error texts help the honest sender; what happened inside is logged under the request id and not told.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use evidence::refusal::Refusal;
use serde::Serialize;
use store::blobs::BlobError;
use store::database::DatabaseError;

/// An answer that is not the one hoped for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// Rule id or word, stable.
    pub code: String,
    /// What went wrong.
    pub message: String,
    /// What to do next.
    pub hint: &'static str,
    /// JSON pointer into what was sent.
    pub pointer: Option<String>,
    /// Further headers, such as `Retry-After`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem without pointer and headers.
    pub fn new(
        status: StatusCode,
        code: &str,
        message: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            hint,
            pointer: None,
            headers: Vec::new(),
        }
    }

    /// Nothing at this address, or nothing that this reader may see: byte-equal for both.
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "nothing here",
            "check the address",
        )
    }

    /// The request has not the form that this address takes.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad-request",
            message,
            "compare the request with /api/v1/openapi.json",
        )
    }

    /// The node cannot answer now; the cause stands in its log.
    pub fn unavailable(cause: &dyn std::error::Error) -> Self {
        tracing::error!(error = %chain(cause), "unavailable");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "the node cannot answer now",
            "try again later; the operator finds the cause under the request id",
        )
        .with_header(header::RETRY_AFTER, "5")
    }

    /// The same with one header more.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status =
            StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
        let code = refusal.rule.to_string();
        let mut problem = Self::new(status, &code, refusal.what.to_string(), refusal.hint());
        problem.pointer = Some(refusal.pointer);
        problem
    }
}

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        Self::unavailable(&error)
    }
}

impl From<BlobError> for Problem {
    fn from(error: BlobError) -> Self {
        let (status, code) = match &error {
            BlobError::Busy => (StatusCode::CONFLICT, "busy"),
            BlobError::DiskFull => (StatusCode::INSUFFICIENT_STORAGE, "disk-full"),
            BlobError::Missing => return Self::not_found(),
            BlobError::OutOfRange { .. } => (StatusCode::RANGE_NOT_SATISFIABLE, "range"),
            BlobError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
            BlobError::WrongDigest { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "wrong-digest"),
            BlobError::WrongOffset { expected } => {
                let at = expected.to_string();
                return Self::new(
                    StatusCode::CONFLICT,
                    "wrong-offset",
                    error.to_string(),
                    error.hint(),
                )
                .with_header(UPLOAD_OFFSET, &at);
            }
            _ => return Self::unavailable(&error),
        };
        Self::new(status, code, error.to_string(), error.hint())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body<'a> {
            error: Fields<'a>,
        }
        #[derive(Serialize)]
        struct Fields<'a> {
            code: &'a str,
            message: &'a str,
            hint: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            pointer: Option<&'a str>,
        }
        let fields = Fields {
            code: &self.code,
            message: &self.message,
            hint: self.hint,
            pointer: self.pointer.as_deref(),
        };
        let mut response = (self.status, Json(Body { error: fields })).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        response
    }
}

/// Where the next byte of an upload belongs.
pub const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");

/// An error and its causes in one line, for the log.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_blob_error_has_its_status() {
        let cases = [
            (BlobError::Busy, 409),
            (BlobError::DiskFull, 507),
            (BlobError::Interrupted, 503),
            (BlobError::Missing, 404),
            (BlobError::OutOfRange { size: 1 }, 416),
            (BlobError::TooLarge { limit: 1 }, 413),
            (
                BlobError::WrongDigest {
                    found: tlog::hash::Hash::default(),
                },
                422,
            ),
            (BlobError::WrongOffset { expected: 7 }, 409),
        ];
        for (error, status) in cases {
            assert_eq!(
                Problem::from(error.clone()).status.as_u16(),
                status,
                "{error:?}"
            );
        }
    }
}
