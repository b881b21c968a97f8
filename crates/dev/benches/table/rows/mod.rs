//! One file per row; the order is the table's.

mod append;
pub(crate) mod memory;
mod start;
mod witness;

use crate::Row;

/// Name, by which `./dev bench NAME` finds it, and what measures it.
pub(crate) const ROWS: &[(&str, Row)] = &[
    ("append", append::measure),
    ("memory", memory::measure),
    ("witness", witness::measure),
    ("start", start::measure),
];
