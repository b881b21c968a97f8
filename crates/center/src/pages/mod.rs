//! Pages: what a page shows is gathered here, and drawn by [`crate::portal`].

use axum::Router;

use crate::node::Shared;

/// Routes of the portal.
pub fn routes() -> Router<Shared> {
    Router::new()
}
