//! The SQL and blob half of `store` against a real SQLite file in a temporary folder.

#![expect(
    clippy::unwrap_used,
    reason = "what a helper of a test unwraps is an assertion"
)]

mod blobs;
mod database;
mod door;
mod jobs;
mod outbox;
mod portability;
mod views;
mod world;
