//! `vitrine completions`: scripts for shells, from the one definition.

use clap::CommandFactory;

use crate::cli::{Cli, Completions};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::printer::Printer;

pub(super) fn run(arguments: &Completions, printer: &Printer) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "vitrine", &mut script);
    printer.bytes(&script)?;
    Ok(ExitCode::Yes)
}

#[cfg(test)]
mod tests {
    use clap_complete::Shell;

    use super::*;

    #[test]
    fn every_shell_gets_a_script_that_knows_every_command() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "vitrine", &mut script);
            let script = String::from_utf8(script).unwrap();
            for word in ["verify", "publish", "fsck", "no-progress"] {
                assert!(script.contains(word), "{shell} {word}");
            }
        }
    }
}
