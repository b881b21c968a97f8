//! What a reader asked for: which page, in which form, with which parameters.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};

use crate::portal::link;

/// One request for a page.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) form: Form,
    /// The page's path, percent-encoded as it came, without [`API`].
    pub(super) path: String,
    /// True for `?open=all`.
    pub(super) open_all: bool,
    /// Path and canonical query; [`Asked::with`] sets the query.
    pub(super) address: String,
    /// `If-None-Match`.
    pub(super) held: Option<HeaderValue>,
    parameters: Vec<(String, String)>,
}

/// The two forms of each page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Html,
    Json,
}

/// Where the JSON of a page stands.
pub(super) fn api(path: &str) -> String {
    format!("{API}{path}")
}

impl Asked {
    /// The first parameter of that name, if it is not empty.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut pairs = self.parameters.iter();
        let value = pairs
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }

    /// The same with the parameters that this page reads: the others are left out of its address.
    pub(super) fn with(mut self, query: &[(&str, &str)]) -> Self {
        self.address = link::with_query(&self.path, query);
        self
    }

    /// The same, asked for as HTML: for files that have one form.
    pub(super) fn into_html(mut self) -> Self {
        self.form = Form::Html;
        self
    }

    /// The name under which the page is kept.
    pub(super) fn key(&self) -> String {
        let form = match self.form {
            Form::Html => "html",
            Form::Json => "json",
        };
        let open = if self.open_all { "open" } else { "" };
        format!("{form} {open} {}", self.address)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let path = parts.uri.path();
        let (form, path) = match path.strip_prefix(API) {
            Some("") => (Form::Json, link::HOME),
            Some(page) if page.starts_with('/') => (Form::Json, page),
            _ => (Form::Html, path),
        };
        // Pairs of texts can be made of any query.
        let parameters = Query::try_from_uri(&parts.uri)
            .map(|Query(pairs)| pairs)
            .unwrap_or_default();
        let mut asked = Self {
            form,
            path: path.to_owned(),
            open_all: false,
            address: path.to_owned(),
            held: parts.headers.get(header::IF_NONE_MATCH).cloned(),
            parameters,
        };
        asked.open_all = asked.parameter("open") == Some("all");
        Ok(asked)
    }
}

/// Before the path of a page stands this for its JSON.
pub(super) const API: &str = "/api/v1";
