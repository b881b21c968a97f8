#![doc = include_str!("../README.md")]

pub mod blob_rows;
pub mod blobs;
pub mod database;
pub mod jobs;
pub mod log;
pub mod outbox;
pub mod replica;
pub mod settings;
pub mod statements;
pub mod views;

mod cause;
mod migrations;
mod sql;

pub use cause::Cause;
