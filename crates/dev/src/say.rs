//! The one printer. Answers go to standard output, everything else to standard error.
//!
//! A reader that went away (`./dev up | head`) is not a failure: write errors are dropped.

use std::error::Error;
use std::io::Write;

use crate::failure::Failure;

/// A line of the answer.
pub(crate) fn answer(line: &str) {
    drop(writeln!(std::io::stdout(), "{line}"));
}

/// The title of what happens next.
pub(crate) fn step(title: &str) {
    drop(writeln!(std::io::stderr(), "\n== {title}"));
}

/// A remark that changes nothing.
pub(crate) fn note(line: &str) {
    drop(writeln!(std::io::stderr(), "note: {line}"));
}

/// What went wrong, why, and what to do next.
pub(crate) fn failure(failure: &Failure) {
    let mut text = format!("\nerror: {failure}");
    let mut cause = failure.source();
    while let Some(error) = cause {
        text.push_str(&format!("\n  {error}"));
        cause = error.source();
    }
    drop(writeln!(
        std::io::stderr(),
        "{text}\n\nhint: {}",
        failure.hint()
    ));
}
