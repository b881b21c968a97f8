//! The portal's pages as structure, words, numbers, colours and sizes (`portal.md` §11).
//!
//! No snapshots: each test states a rule and walks all pages of the fixtures, good, bad, empty and hostile.

mod colours;
mod fixtures;
mod markup;
mod numbers;
mod sizes;
mod structure;
mod words;
