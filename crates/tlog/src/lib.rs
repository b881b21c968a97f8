//! C2SP transparency logs: notes, checkpoints, cosignatures, tiles, proofs, policy, and the rules of a witness.
//!
//! Entries are opaque bytes here. This crate has no IO, no clock and no randomness: `now` is an argument, a proof is
//! a plan that names tiles, one read by the caller, and a finish. It knows nothing of statements or updates.

pub mod checkpoint;
pub mod cosignature;
pub mod encoding;
pub mod hash;
pub mod key;
pub mod label;
pub mod log_list;
pub mod note;
pub mod policy;
pub mod proof;
pub mod proof_file;
pub mod signer;
pub mod subtree;
pub mod tile;
pub mod tree;
pub mod witness;
