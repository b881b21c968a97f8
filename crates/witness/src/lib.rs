#![doc = include_str!("../README.md")]

pub mod clock;
pub mod config;
pub mod exit;
pub mod journal;
pub mod keys;
mod misbehaviour;
pub mod refused;
pub mod router;
pub mod serve;
pub mod service;
mod writer;
