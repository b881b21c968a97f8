//! The portal by its addresses: a real node in a folder of its own, a real update through the door, and what each page says.

#![cfg(test)]

#[path = "../kit/mod.rs"]
mod kit;
#[path = "../portal/markup.rs"]
mod markup;

mod caching;
mod centers;
mod followed;
mod home;
mod hostile;
mod log;
mod place;
mod plain;
mod problems;
mod update;
mod updates;
mod verify;
mod views;
