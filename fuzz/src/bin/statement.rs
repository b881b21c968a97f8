//! Statements of every kind (S5 to S14): a refusal points into the text, and what is read has its id.

#![no_main]

use evidence::statement::Statement;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|payload: &[u8]| {
    match Statement::parse(payload) {
        Ok(statement) => assert_eq!(statement.id(), tlog::hash::sha256(payload)),
        Err(refusal) => assert!(refusal.pointer.is_empty() || refusal.pointer.starts_with('/')),
    }
});
