//! One file for each command.

pub(crate) mod bundle;
pub(crate) mod completions;
pub(crate) mod help;
pub(crate) mod key;
pub(crate) mod log;
pub(crate) mod manual;
pub(crate) mod policy;
pub(crate) mod publish;
pub(crate) mod verify;

use crate::cli::Verb;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::printer::Printer;

/// Does what was asked; the code is the answer's.
///
/// # Errors
/// [`Failure`] when there is no answer.
pub(crate) fn run(verb: &Verb, printer: &Printer) -> Result<ExitCode, Failure> {
    match verb {
        Verb::Bundle(arguments) => bundle::run(arguments, printer),
        Verb::Completions(arguments) => completions::run(arguments, printer),
        Verb::Help(arguments) => help::run(arguments, printer),
        Verb::Key(arguments) => key::run(arguments, printer),
        Verb::Log(arguments) => log::run(arguments, printer),
        Verb::Manual(arguments) => manual::run(arguments, printer),
        Verb::Policy(arguments) => policy::run(arguments, printer),
        Verb::Publish(arguments) => publish::run(arguments, printer),
        Verb::Verify(arguments) => verify::run(arguments, printer),
    }
}
