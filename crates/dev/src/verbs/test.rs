//! `./dev test`: every test there is, in the order from fast to slow.
//!
//! What a part needs and is not there is installed by that part. A part that cannot run fails; none is skipped quietly.

use std::env;
use std::process::Command;

use clap::ValueEnum;

use crate::demo::interrupt::Interrupt;
use crate::demo::{outage, story};
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
}

/// In the order in which they run.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Unit and integration tests of all crates
    Rust,
    /// The examples in the documentation
    Documents,
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
            Part::Outside => outside()?,
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

/// `./dev up --once --keep`, then Node's own test runner over what it left and over a demo that stays up.
fn outside() -> Result<(), Failure> {
    ensure(&[Need::Node, Need::Browser, Need::NodePackages])?;
    let kept = project::target().join("demo-kept");
    up::run(&up::Arguments::once(&kept))?;
    outages()?;
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec", "--test-concurrency=1"])
        .args(TEST_FILES);
    node.current_dir(project::root().join("e2e"))
        .env("VITRINE_KEEP", &kept)
        .env("VITRINE_PROGRAMS", project::target().join("release"));
    process::run("outside clients and browser", &mut node)
}

/// The demo once more, and then with centers missing.
fn outages() -> Result<(), Failure> {
    let interrupt = Interrupt::listen();
    let folder = up::emptied(&project::target().join("demo-outages"))?;
    let mut demo = story::tell(&up::build()?, &folder, &interrupt)?;
    outage::tell(&mut demo, &interrupt)
}

/// Named one by one: Node 20 knows no patterns here, and a folder would take in the packages.
const TEST_FILES: [&str; 4] = [
    "browser.test.mjs",
    "sigstore.test.mjs",
    "kept.test.mjs",
    "portal.test.mjs",
];
