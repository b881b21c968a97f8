//! `/centers`: who witnesses, with their zeros.

use axum::extract::State;
use axum::response::Response;

use super::answer::{Drawn, Made};
use super::asked::Asked;
use super::frame::frame;
use super::known;
use crate::node::Shared;
use crate::portal::centers::{CentersView, render};

/// The list.
pub(super) async fn get(State(node): State<Shared>, asked: Asked) -> Response {
    asked.answer(node, make).await
}

async fn make(node: Shared, asked: Asked) -> Made {
    let (centers, asked_for) = known::centers(&node).await?;
    let view = CentersView {
        rows: centers.into_iter().map(|center| center.row).collect(),
        asked: asked_for,
        join: None,
    };
    Ok(Drawn::new(
        &asked,
        &frame(&node, &asked, None),
        &view,
        render,
    ))
}
