//! Pages: what a page shows is gathered here and drawn by [`crate::portal`] (`portal.md` §2, §9, §10).
//!
//! Each public page `P` is JSON too, at `/api/v1P`, from one view; a handler answers both. What a page says of an update is
//! judged by [`crate::judge`] and worded by `evidence::render`; nothing here words a verdict.

mod answer;
mod asked;
mod asset;
mod cache;
mod center;
mod centers;
mod checks;
mod entry;
mod find;
mod frame;
mod home;
mod kinds;
mod known;
mod list;
mod log;
mod logs;
mod plain;
mod problem;
mod proof;
mod read;
mod sightings;
mod signed;
mod standing;
mod trust;
mod update;
mod update_files;
mod updates;
mod verify;

use axum::Router;
use axum::routing::{MethodRouter, get};

pub(crate) use self::problem::{Wish, dress};
use crate::node::Shared;
use crate::portal::link;

/// What pages remember between requests. All of it can be lost.
#[derive(Debug, Default)]
pub struct Pages {
    cache: cache::Cache,
    kinds: kinds::Kinds,
    sightings: sightings::Sightings,
}

/// Routes of the portal.
pub fn routes() -> Router<Shared> {
    let pages: [(&str, MethodRouter<Shared>); 14] = [
        (link::HOME, get(home::get)),
        (link::VERIFY, get(verify::get)),
        (link::UPDATES, get(updates::get)),
        ("/updates", get(updates::moved)),
        ("/u/{id}", get(update::get)),
        ("/u/{id}/checks", get(update_files::checks)),
        ("/u/{id}/bundle", get(update_files::bundle)),
        ("/u/{id}/policy", get(update_files::policy)),
        (
            "/u/{id}/misbehaviour/{number}",
            get(update_files::misbehaviour),
        ),
        (link::LOGS, get(logs::get)),
        ("/log/{*place}", get(log::get)),
        (link::CENTERS, get(centers::get)),
        ("/centers/{name}", get(center::get)),
        (link::LIMITS, get(plain::limits)),
    ];
    let mut router = Router::new()
        .route(link::ACCESSIBILITY, get(plain::accessibility))
        .route(&asked::api(link::ACCESSIBILITY), get(plain::accessibility))
        .route(asked::API, get(home::get))
        .route("/assets/{name}", get(asset::get))
        .route(link::SECURITY_TXT, get(asset::security_txt));
    for (path, page) in pages {
        router = router
            .route(&asked::api(path), page.clone())
            .route(path, page);
    }
    router
}
