//! The portal: what people see (`portal.md` of the design).
//!
//! Pure: *view struct in, HTML out*. Nothing here reads a disk, a clock or a request; the routes fill the views. Each view
//! is also the page's JSON ([`json`]), so every number of a page is in its JSON.
//!
//! Three rules of the design shape all of it: *answer, evidence, machinery* from top to bottom; the text of
//! `vitrine verify` is the text of the page, so no verdict is worded here; and what cannot be concluded stands in the same
//! size as what can.
//!
//! ```
//! use center::portal::{self, accessibility, frame::Frame, time::Time};
//!
//! let frame = Frame {
//!     center: "Center Europe".to_owned(),
//!     operator: "EU-CERT".to_owned(),
//!     publisher: Some("Acme".to_owned()),
//!     now: Time(1_795_500_760),
//!     log: None,
//!     address: "/accessibility".to_owned(),
//!     json: None,
//!     security_txt: false,
//!     open_all: false,
//!     notices: Vec::new(),
//! };
//! let html = accessibility::render(&frame);
//! assert!(html.starts_with("<!doctype html>") && html.contains("Center Europe"));
//! ```

pub mod accessibility;
pub mod asset;
pub mod center;
pub mod centers;
pub mod entry;
pub mod frame;
pub mod home;
pub mod html;
pub mod limits;
pub mod link;
pub mod log;
pub mod logs;
pub mod number;
pub mod part;
pub mod problem;
pub mod text;
pub mod time;
pub mod unknown;
pub mod update;
pub mod updates;
pub mod verify;
pub mod word;

use serde::Serialize;

use frame::Frame;

/// `Content-Security-Policy` of every page: nothing from elsewhere, nothing inline (`portal.md` §5).
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
     font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The JSON of a page: its frame and its view, under one schema name.
pub fn json(frame: &Frame, view: &impl Serialize) -> String {
    // Views hold text, numbers, lists and options: none of that can fail to be written.
    serde_json::to_string(&Page {
        schema: "page-v1",
        frame,
        view,
    })
    .unwrap_or_default()
}

#[derive(Serialize)]
struct Page<'a, V> {
    schema: &'static str,
    frame: &'a Frame,
    view: &'a V,
}
