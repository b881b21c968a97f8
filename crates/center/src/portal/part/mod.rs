//! Parts of pages: one file and one partial each (`portal.md` §5).
//!
//! A part is plain data that a page's view holds, so that its JSON holds the same, and a function that turns it into HTML.

pub mod answer;
pub mod checks;
pub mod command;
pub mod conclude;
pub mod digest;
pub mod drawer;
pub mod label;
pub mod mark;
pub mod missing;
pub mod pager;
pub mod quorum;
pub mod said;
pub mod timeline;
