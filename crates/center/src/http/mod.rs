//! What the node answers over HTTP: the API. Pages stand in [`crate::pages`].

pub mod asker;
pub mod blobs;
pub mod bundles;
mod drain;
pub mod limit;
pub mod lines;
pub mod log_files;
pub mod middleware;
pub mod operations;
pub mod problem;
pub mod statements;
