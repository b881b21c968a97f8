//! `/centers/{name}`: one center, what it signs, and since when it does not.

use axum::extract::{Path, State};
use axum::response::Response;

use super::answer::{Drawn, Instead, Made};
use super::asked::Asked;
use super::frame::frame;
use super::known;
use crate::node::Shared;
use crate::portal::center::{CenterView, Silence, render};
use crate::portal::word::CenterState;

/// One center.
pub(super) async fn get(
    State(node): State<Shared>,
    Path(name): Path<String>,
    asked: Asked,
) -> Response {
    asked
        .answer(node, move |node, asked| make(node, asked, name))
        .await
}

async fn make(node: Shared, asked: Asked, name: String) -> Made {
    let (centers, _) = known::centers(&node).await?;
    let found = centers.into_iter().find(|center| center.row.slug == name);
    let center = found.ok_or_else(Instead::not_found)?;
    let is_silent = center.row.state == CenterState::Silent;
    let since = center.row.cosigned_at.filter(|_| is_silent);
    let log = center.log.filter(|origin| node.source(origin).is_some());
    let view = CenterView {
        log,
        keys: center.keys.iter().map(ToString::to_string).collect(),
        cosigned: center.cosigned,
        silences: since
            .map(|from| Silence { from, until: None })
            .into_iter()
            .collect(),
        center: center.row,
    };
    Ok(Drawn::new(
        &asked,
        &frame(&node, &asked, None),
        &view,
        render,
    ))
}
