//! A naive second judge, and the laws of `evidence.md` §8, on generated worlds (A4).
//!
//! `story` makes a world from a seed, as facts; `build` makes real keys, logs, cosignatures and bundle lines of them;
//! `question` asks: which policy, memory, file, time. `naive` answers from the facts and the design's text alone, and
//! must agree with the judge on the word and on every check's state and reason.

#![allow(
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::needless_range_loop,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test"
)]

#[path = "../kit/mod.rs"]
mod kit;

mod agreement;
mod build;
mod dice;
mod facts;
mod laws;
mod naive;
mod policy_text;
mod question;
mod story;
