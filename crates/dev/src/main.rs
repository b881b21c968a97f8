//! `cargo xtask`: the verbs of `./dev` (CONTRIBUTING.md, "Verbs").
//!
//! Each verb is a file in `verbs/`; the demo that `./dev up` tells is in `demo/`. Nothing here ships.

mod demo;
mod failure;
mod generated;
mod process;
mod project;
mod say;
mod verbs;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::failure::Failure;
use crate::verbs::{audit, bench, check, fix, fuzz, setup, test, up};

/// Everything a developer does here
#[derive(Parser)]
#[command(
    name = "./dev",
    bin_name = "./dev",
    disable_version_flag = true,
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// In the order in which a newcomer meets them.
#[derive(Subcommand)]
enum Verb {
    /// Install what the project needs; does nothing where it is there
    Setup,
    /// Build, start a publisher and three centers on loopback, publish, verify, and stay up
    Up(up::Arguments),
    /// Look without running: format, lints, documents, dependencies, architecture
    Check,
    /// Run every test: Rust, documents, outside clients, browser, parsers
    Test(test::Arguments),
    /// Rewrite what can be rewritten: format, snapshots, generated documents
    Fix,
    /// Measure, and print the table that the README quotes
    Bench(bench::Arguments),
    /// Compare the dependencies with published advisories
    Audit(audit::Arguments),
    /// Feed a parser with made-up input
    Fuzz(fuzz::Arguments),
}

fn main() -> ExitCode {
    let Some(verb) = Arguments::parse().verb else {
        say::answer(Arguments::command().render_help().to_string().trim_end());
        return ExitCode::SUCCESS;
    };
    match run(verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say::failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Setup => setup::run(),
        Verb::Up(arguments) => up::run(&arguments),
        Verb::Check => check::run(),
        Verb::Test(arguments) => test::run(&arguments),
        Verb::Fix => fix::run(),
        Verb::Bench(arguments) => bench::run(&arguments),
        Verb::Audit(arguments) => audit::run(&arguments),
        Verb::Fuzz(arguments) => fuzz::run(&arguments),
    }
}
