//! The views that pages read, each over the same made-up log.

mod found;
mod lists;
mod logs;
mod made_up;
mod rebuilt;
mod runs;
