//! The rules of ARCHITECTURE.md and CONTRIBUTING.md that a machine can check.
//!
//! Each module is one subject. A rule collects everything that breaks it and fails once, so that one run names all.
//! Patterns that must not occur anywhere are put together with `concat!`, so that they do not occur here either.

#![expect(
    clippy::indexing_slicing,
    reason = "a test that finds something missing should fail at that line"
)]

mod crates;
mod documents;
mod files;
mod locks;
mod text;
mod words;

/// Fails with one line per offence.
fn none(rule: &str, offences: &[String]) {
    assert!(offences.is_empty(), "{rule}:\n  {}", offences.join("\n  "));
}
