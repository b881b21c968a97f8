//! One file per row; the order is the table's.

mod append;
pub(crate) mod memory;
mod pages;
mod start;
mod statements;
mod verify;
mod witness;

use crate::Row;

/// Name, by which `./dev bench NAME` finds it, and what measures it.
pub(crate) const ROWS: &[(&str, Row)] = &[
    ("append", append::measure),
    ("memory", memory::measure),
    ("statements", statements::measure),
    ("verify", verify::measure),
    ("witness", witness::measure),
    ("pages", pages::measure),
    ("start", start::measure),
];
