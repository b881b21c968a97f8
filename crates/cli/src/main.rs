#![doc = include_str!("../README.md")]

mod bundle_file;
mod cli;
mod clock;
mod exit_code;
mod failure;
mod file;
mod fsck;
mod http;
mod key_file;
mod log_reader;
mod log_trust;
mod node;
mod policy_file;
mod printer;
mod state_file;
mod url;
mod usage;
mod value;
mod verb;

use std::process::ExitCode as ProcessExitCode;

use clap::Parser;

use crate::cli::Cli;
use crate::printer::Printer;

fn main() -> ProcessExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::explain(&error).into(),
    };
    let printer = Printer::new(&cli.output);
    match verb::run(&cli.verb, &printer) {
        Ok(code) => code.into(),
        Err(failure) => {
            printer.failure(&failure);
            failure.exit_code().into()
        }
    }
}
