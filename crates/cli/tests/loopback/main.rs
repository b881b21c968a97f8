//! The whole program against servers on loopback: honest, slow, cut off and lying ones. Each test has its own folder and
//! port, and a fixed time.

mod bundle;
mod http;
mod kit;
mod log;
mod node;
mod publish;
mod server;
mod verify;
