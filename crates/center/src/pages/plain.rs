//! Pages without a view: what this cannot show, and how these pages can be read by everyone.

use axum::extract::State;
use axum::response::Response;

use super::answer::Drawn;
use super::asked::Asked;
use super::frame::frame;
use crate::node::Shared;
use crate::portal::frame::Frame;
use crate::portal::{accessibility, limits};

/// `/limits`
pub(super) async fn limits(State(node): State<Shared>, asked: Asked) -> Response {
    answer(node, asked, limits::render).await
}

/// `/accessibility`
pub(super) async fn accessibility(State(node): State<Shared>, asked: Asked) -> Response {
    answer(node, asked, accessibility::render).await
}

async fn answer(node: Shared, asked: Asked, render: fn(&Frame) -> String) -> Response {
    let make = move |node: Shared, asked: Asked| async move {
        Ok(Drawn::new(
            &asked,
            &frame(&node, &asked, None),
            &(),
            |frame, ()| render(frame),
        ))
    };
    asked.answer(node, make).await
}
