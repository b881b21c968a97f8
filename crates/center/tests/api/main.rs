//! The node's API over real HTTP: what enters, what is refused with which status, and that nothing is lost.

#![allow(
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test"
)]

#[path = "../kit/mod.rs"]
mod kit;

mod blobs;
mod bundles;
mod description;
mod kept;
mod limits;
mod log;
mod operators;
mod refusals;
mod statements;

use kit::{TestNode, secret};

fn node() -> TestNode {
    let node = TestNode::start("");
    node.admit("acme", &secret(1), 100);
    node
}
