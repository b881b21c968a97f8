//! The form of an update: the vector of `testdata/`, and edits of it.

mod members;
mod relations;
mod round_trip;
mod schema;

use tlog::hash::sha256;

use super::form::*;
use super::*;
use crate::limits;
use crate::refusal::{Rule, What};

/// The update and subjects of the vector.
fn vector() -> (Update, Vec<Subject>) {
    let statement = Statement::parse(VECTOR.as_bytes()).expect("the vector");
    (
        statement.kind().as_update().expect("an update").clone(),
        statement.subjects().to_vec(),
    )
}

fn word(text: &str) -> Word {
    Word::parse(text).expect(text)
}

fn name(text: &str) -> Name {
    Name::parse(text).expect(text)
}

fn refused(payload: &str) -> (Rule, String) {
    let refusal = Statement::parse(payload.as_bytes()).expect_err(payload);
    (refusal.rule, refusal.pointer)
}

/// What changing the vector's update and writing it gives.
fn changed(change: impl FnOnce(&mut Update)) -> Result<Vec<u8>, (Rule, String)> {
    let (mut update, subjects) = vector();
    change(&mut update);
    update
        .to_statement_bytes(&subjects)
        .map_err(|refusal| (refusal.rule, refusal.pointer))
}

/// The vector with one piece replaced; the piece must be there.
fn with(piece: &str, other: &str) -> String {
    assert!(VECTOR.contains(piece), "{piece}");
    VECTOR.replacen(piece, other, 1)
}

fn place(rule: Rule, pointer: &str) -> Result<Vec<u8>, (Rule, String)> {
    Err((rule, format!("/predicate{pointer}")))
}

const VECTOR: &str = include_str!("../../../../testdata/vector/payload.json");
