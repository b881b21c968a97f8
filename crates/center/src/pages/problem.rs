//! Problems as pages: whoever asked with a browser gets word, sentence, hint and error id in place of JSON.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use super::answer::HTML;
use super::frame;
use crate::node::Node;
use crate::portal::problem::{ProblemKind, ProblemView, render};

/// Marks an answer in place of a page: it becomes one whatever the reader accepts.
#[derive(Clone, Copy, Debug)]
pub(super) struct AsPage;

/// What must be known of a request to answer it with a page.
#[derive(Debug)]
pub(crate) struct Wish {
    path: String,
    is_html: bool,
    is_head: bool,
}

impl Wish {
    pub(crate) fn of(request: &Request) -> Self {
        let accepts =
            |value: &HeaderValue| value.to_str().is_ok_and(|text| text.contains("text/html"));
        Self {
            path: request.uri().path().to_owned(),
            is_html: request
                .headers()
                .get_all(header::ACCEPT)
                .iter()
                .any(accepts),
            is_head: request.method() == Method::HEAD,
        }
    }
}

/// The same answer as a page, if it is a problem that a reader of pages met. Headers such as `Retry-After` stay.
pub(crate) fn dress(node: &Node, wish: &Wish, id: &str, response: Response) -> Response {
    let is_api = wish.path.starts_with("/api/");
    let is_asked = response.extensions().get::<AsPage>().is_some() || (wish.is_html && !is_api);
    let kind = kind_of(response.status()).filter(|_| is_asked && node.policy.is_some());
    let Some(kind) = kind.filter(|_| !is_page(&response)) else {
        return response;
    };
    // What is missing and what is forbidden look alike: no id tells one request from the other.
    let error_id = (kind != ProblemKind::NotFound).then(|| id.to_owned());
    let frame = frame::of_problem(node, &wish.path);
    let html = render(&frame, &ProblemView { kind, error_id });
    let (mut parts, _) = response.into_parts();
    parts
        .headers
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(HTML));
    parts
        .headers
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(html.len()));
    Response::from_parts(
        parts,
        if wish.is_head {
            Body::empty()
        } else {
            html.into()
        },
    )
}

fn kind_of(status: StatusCode) -> Option<ProblemKind> {
    ProblemKind::ALL
        .into_iter()
        .find(|kind| kind.status() == status.as_u16())
}

fn is_page(response: &Response) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == HTML)
}
