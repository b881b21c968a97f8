//! `./dev test`: every test there is, in the order from fast to slow.
//!
//! What a part needs and is not there is installed by that part. A part that cannot run fails; none is skipped quietly.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use clap::ValueEnum;

use crate::demo::interrupt::Interrupt;
use crate::demo::outage;
use crate::demo::story::{self, Programs};
use crate::failure::Failure;
use crate::project::{self, cargo};
use crate::verbs::setup::{Need, ensure};
use crate::verbs::{fuzz, up};
use crate::{process, say};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only these parts, in this order [default: all]
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Run the programs in this folder instead of building them
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
}

/// In the order in which they run.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Unit and integration tests of all crates
    Rust,
    /// The examples in the documentation
    Documents,
    /// The demo, and then with centers missing
    Outages,
    /// The demo, then outside clients and a browser against it
    Outside,
    /// Each fuzz target for a moment
    Fuzz,
}

/// Runs the parts; a failed one ends the run, since what follows builds on it.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let parts = if arguments.parts.is_empty() {
        Part::value_variants()
    } else {
        &arguments.parts
    };
    for part in parts {
        match part {
            Part::Rust => rust()?,
            Part::Documents => {
                process::run(
                    "examples in documents",
                    cargo().args(["test", "--quiet", "--workspace", "--doc"]),
                )?;
            }
            Part::Outages => outages(arguments)?,
            Part::Outside => outside(arguments)?,
            Part::Fuzz => fuzz::run_briefly()?,
        }
    }
    say::answer("test: everything passed");
    Ok(())
}

fn rust() -> Result<(), Failure> {
    let mut tests = cargo();
    if project::has_cargo_plugin("nextest") {
        let profile = if env::var_os("CI").is_some() {
            "ci"
        } else {
            "default"
        };
        tests.args(["nextest", "run", "--workspace", "--profile", profile]);
    } else {
        say::note("cargo-nextest is not installed: using `cargo test`");
        tests.args([
            "test",
            "--workspace",
            "--no-fail-fast",
            "--lib",
            "--bins",
            "--tests",
        ]);
    }
    process::run("tests of all crates", &mut tests)
}

/// The demo, and then with centers missing.
fn outages(arguments: &Arguments) -> Result<(), Failure> {
    let interrupt = Interrupt::listen();
    let programs = Programs::in_folder(&programs(arguments)?);
    let folder = up::emptied(&project::target().join("demo-outages"))?;
    let mut demo = story::tell(&programs, &folder, &interrupt)?;
    outage::tell(&mut demo, &interrupt)
}

/// `./dev up --once --keep`, then Node's own test runner over what it left and over a demo that stays up.
fn outside(arguments: &Arguments) -> Result<(), Failure> {
    ensure(&[Need::Node, Need::Browser, Need::NodePackages])?;
    let programs = programs(arguments)?;
    let kept = project::target().join("demo-kept");
    up::run(&up::Arguments::once(&kept, &programs))?;
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec", "--test-concurrency=1"])
        .args(TEST_FILES);
    node.current_dir(project::root().join("e2e"));
    node.env("VITRINE_KEEP", &kept)
        .env("VITRINE_PROGRAMS", &programs);
    process::run("outside clients and browser", &mut node)
}

/// The folder with the programs, built unless one was named.
fn programs(arguments: &Arguments) -> Result<PathBuf, Failure> {
    match &arguments.programs {
        Some(folder) => Ok(project::path_from_caller(folder)),
        None => up::build(),
    }
}

/// Named one by one: Node 20 knows no patterns here, and a folder would take in the packages.
const TEST_FILES: [&str; 4] = [
    "browser.test.mjs",
    "sigstore.test.mjs",
    "kept.test.mjs",
    "portal.test.mjs",
];
