//! One file per verb.

pub(crate) mod audit;
pub(crate) mod bench;
pub(crate) mod check;
pub(crate) mod fix;
pub(crate) mod fuzz;
pub(crate) mod setup;
pub(crate) mod test;
pub(crate) mod up;
