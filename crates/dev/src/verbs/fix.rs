//! `./dev fix`: rewrites format, snapshots and expected outputs. What changed is for a person to read in the diff.

use std::fs;

use crate::failure::Failure;
use crate::project::{self, cargo};
use crate::{generated, process, say};

/// Runs all steps.
pub(crate) fn run() -> Result<(), Failure> {
    process::run("format", cargo().args(["fmt", "--all"]))?;
    // The fuzz targets' own lock file follows the root's versions.
    let (from, to) = (
        project::root().join("Cargo.lock"),
        project::root().join("fuzz/Cargo.lock"),
    );
    fs::copy(&from, &to).map_err(Failure::file(&to))?;
    process::run(
        "lock file of fuzz targets",
        cargo().args([
            "update",
            "--quiet",
            "--workspace",
            "--manifest-path",
            "fuzz/Cargo.toml",
        ]),
    )?;
    // Each of the three tools that keep an expected output in the tree has its own switch. A test that still fails
    // after the rewrite fails for another reason, and is reported.
    let mut snapshots = cargo();
    snapshots.args(["test", "--quiet", "--workspace", "--no-fail-fast"]);
    snapshots.envs([
        ("INSTA_UPDATE", "always"),
        ("UPDATE_EXPECT", "1"),
        ("TRYCMD", "overwrite"),
    ]);
    process::run("snapshots and expected outputs", &mut snapshots)?;
    say::step("generated documents");
    for path in generated::write()? {
        say::answer(&format!("written anew: {path}"));
    }
    Ok(())
}
