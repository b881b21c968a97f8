//! The verbs of `vitrine-center`, one file each.

pub(crate) mod check;
pub(crate) mod key;
pub(crate) mod publisher;
pub(crate) mod serve;
pub(crate) mod views;
