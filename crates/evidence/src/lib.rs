#![doc = include_str!("../README.md")]

pub mod bundle;
pub mod canonical;
pub mod collect;
pub mod door;
pub mod entry;
pub mod envelope;
pub mod facts;
pub mod json;
pub mod judge;
pub mod key;
pub mod kind;
pub mod limits;
pub mod line;
pub mod misbehaviour;
pub mod name;
pub mod policy;
pub mod read;
pub mod reason;
pub mod refusal;
pub mod render;
pub mod state;
pub mod statement;
pub mod time;
pub mod upload;
pub mod verdict;

mod check;
mod words;
