//! `./dev check`: looks at everything, and runs only what compares files: the architecture test and the programs that
//! write documents.
//!
//! All steps run, also after one has failed, so that one call names everything that is wrong.

use crate::failure::Failure;
use crate::project::{self, cargo};
use crate::{generated, process, say};

/// Runs all steps.
pub(crate) fn run() -> Result<(), Failure> {
    let mut format = cargo();
    format.args(["fmt", "--all", "--check"]);

    let mut fuzz_format = cargo();
    fuzz_format.args(["fmt", "--check", "--manifest-path", "fuzz/Cargo.toml"]);

    let mut lints = cargo();
    lints.args([
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]);

    let mut documents = cargo();
    documents.args([
        "doc",
        "--quiet",
        "--workspace",
        "--no-deps",
        "--document-private-items",
    ]);
    documents.env("RUSTDOCFLAGS", "--deny warnings");

    let mut architecture = cargo();
    architecture.args([
        "test",
        "--quiet",
        "--package",
        "dev",
        "--test",
        "architecture",
    ]);

    let mut steps = vec![
        ("format", format),
        ("format of fuzz targets", fuzz_format),
        ("lints", lints),
        ("documents", documents),
        ("architecture", architecture),
    ];

    if project::has_cargo_plugin("deny") {
        let mut deny = cargo();
        deny.args(["deny", "--offline", "check", "bans", "licenses", "sources"]);
        steps.push(("licences and sources", deny));
    } else {
        say::note(
            "cargo-deny is not installed: licences and sources of dependencies are not looked at",
        );
    }

    let mut failed = process::failures(steps)?;
    say::step("generated documents");
    for path in generated::stale()? {
        say::note(&format!(
            "{path} is not what the program would write; `./dev fix` writes it"
        ));
        failed.push(path.to_owned());
    }
    if failed.is_empty() {
        say::answer("check: everything passed");
        return Ok(());
    }
    Err(Failure::Steps { steps: failed })
}
