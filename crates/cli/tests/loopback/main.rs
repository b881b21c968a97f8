//! The whole program against servers on loopback: honest, slow, cut off and lying ones. Each test has its own folder and
//! port, and a fixed time.

#![expect(
    clippy::unwrap_used,
    reason = "a test that finds something missing should fail at that line"
)]

mod bundle;
mod http;
mod json;
mod kit;
mod log;
mod node;
mod publish;
mod server;
mod verify;
