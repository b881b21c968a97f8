//! Exit codes, one table for all programs (`docs/reference/exit-codes.md`): what a script may rely on.

/// Yes: the work is done.
pub const YES: u8 = 0;
/// Checked, and the answer is no.
pub const NO: u8 = 1;
/// Wrong use or configuration.
pub const WRONG_USE: u8 = 2;
/// Cannot tell or work now: network, disk, another process.
pub const UNAVAILABLE: u8 = 3;
/// Not permitted.
pub const NOT_PERMITTED: u8 = 4;
/// Misbehaviour proven, evidence saved.
pub const MISBEHAVIOUR: u8 = 10;
/// A bug of ours.
pub const OUR_BUG: u8 = 70;

/// Every code with its meaning, as `help exit-codes` prints it: the words of the page, to which a test holds them.
pub const TABLE: &[(u8, &str)] = &[
    (YES, "yes"),
    (NO, "no: checked, and the answer is no"),
    (WRONG_USE, "wrong use or configuration"),
    (
        UNAVAILABLE,
        "cannot tell or work now: not logged yet, too few witnesses, network or disk",
    ),
    (NOT_PERMITTED, "not permitted"),
    (MISBEHAVIOUR, "misbehaviour proven, and the evidence saved"),
    (OUR_BUG, "a mistake in this program"),
];
