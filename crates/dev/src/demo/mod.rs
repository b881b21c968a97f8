//! The demo of `./dev up`: one publisher, three centers, one update, on loopback.
//!
//! `story` holds the steps, `nodes` the processes, `texts` the configuration they read, `archive` what is published, and
//! `outage` a second chapter for the tests.

pub(crate) mod archive;
pub(crate) mod interrupt;
pub(crate) mod nodes;
pub(crate) mod outage;
pub(crate) mod story;
mod texts;
