//! `./dev fuzz`: libFuzzer on the pinned stable toolchain, one target per parser in `fuzz/src/bin/`.
//!
//! `fuzz/` is a workspace of its own, so that these flags and libFuzzer's C++ touch nothing else. New inputs go to
//! `target/fuzz/`, never to the committed corpus: what is worth keeping is copied by hand, small and named.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::project::{self, cargo};
use crate::verbs::setup::{Need, ensure};
use crate::{process, say};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A file of fuzz/src/bin without its ending [default: all, in turn]
    target: Option<String>,
    /// How long for each target
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Run this one input again and nothing else
    #[arg(long, value_name = "FILE", requires = "target")]
    input: Option<PathBuf>,
}

/// One target, or all.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let all = targets()?;
    let chosen = match &arguments.target {
        None => all,
        Some(target) if all.contains(target) => vec![target.clone()],
        Some(target) => {
            return Err(Failure::NotAvailable {
                what: format!("there is no fuzz target {target}"),
                hint: format!("there are: {}", all.join(", ")),
            });
        }
    };
    let programs = build()?;
    match (&arguments.input, chosen.as_slice()) {
        (Some(input), [target]) => {
            let title = format!("{target} with {}", input.display());
            process::run(
                &title,
                Command::new(programs.join(target)).arg(project::path_from_caller(input)),
            )
        }
        _ => run_each(&programs, &chosen, arguments.seconds),
    }
}

/// All targets, each for a moment: the committed corpus again, and a little beyond.
pub(crate) fn run_briefly() -> Result<(), Failure> {
    run_each(&build()?, &targets()?, BRIEFLY)
}

fn run_each(programs: &Path, targets: &[String], seconds: u32) -> Result<(), Failure> {
    let mut failed = Vec::new();
    for target in targets {
        say::step(&format!("fuzz {target} for {seconds} s"));
        let work = folder(&project::target().join("fuzz").join(target))?;
        let crashes = folder(&project::target().join("fuzz-crashes").join(target))?;
        let corpus = folder(&project::root().join("fuzz/corpus").join(target))?;
        let mut fuzz = Command::new(programs.join(target));
        fuzz.arg(&work).arg(&corpus);
        fuzz.arg(format!("-artifact_prefix={}/", crashes.display()));
        fuzz.arg(format!("-max_total_time={seconds}"));
        fuzz.args([
            "-verbosity=0",
            "-print_funcs=0",
            "-timeout=10",
            "-max_len=65536",
        ]);
        // Its remarks about dictionaries and coverage are shown only where something was found.
        let (passed, output) = process::quietly(&mut fuzz)?;
        if !passed {
            say::note(&output);
            say::note(&format!(
                "the input is in {}; --input runs it again",
                crashes.display()
            ));
            failed.push(format!("fuzz {target}"));
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::Steps { steps: failed })
    }
}

/// Builds all targets with the coverage counters that libFuzzer reads; the folder with the programs.
fn build() -> Result<PathBuf, Failure> {
    ensure(&[Need::CxxCompiler])?;
    let triple = host_triple()?;
    let mut build = cargo();
    build.args([
        "build",
        "--quiet",
        "--release",
        "--locked",
        "--bins",
        "--manifest-path",
        "fuzz/Cargo.toml",
    ]);
    // With `--target`, the flags reach the targets but not build scripts and macros, which have no fuzzer to link to.
    build.args(["--target", &triple]);
    build.env("RUSTFLAGS", FLAGS.join(" "));
    // The passes are a compiler's internal matter: stable rustc takes them only with this permission.
    build.env("RUSTC_BOOTSTRAP", "1");
    build.env_remove("CARGO_TARGET_DIR");
    process::run("building the fuzz targets", &mut build)?;
    Ok(project::root()
        .join("fuzz/target")
        .join(triple)
        .join("release"))
}

/// Names of the targets, sorted.
fn targets() -> Result<Vec<String>, Failure> {
    let folder = project::root().join("fuzz/src/bin");
    let entries = fs::read_dir(&folder).map_err(Failure::file(&folder))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| {
            entry
                .file_name()
                .to_str()?
                .strip_suffix(".rs")
                .map(str::to_owned)
        })
        .collect();
    names.sort();
    Ok(names)
}

fn host_triple() -> Result<String, Failure> {
    let version = process::read(Command::new("rustc").arg("-vV"))?.unwrap_or_default();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| Failure::NotAvailable {
            what: "rustc does not say for which machine it builds".to_owned(),
            hint: "look at what `rustc -vV` prints".to_owned(),
        })
}

fn folder(path: &Path) -> Result<PathBuf, Failure> {
    fs::create_dir_all(path).map_err(Failure::file(path))?;
    Ok(path.to_owned())
}

/// Long enough to replay a corpus and try some thousand neighbours, short enough for every test run.
const BRIEFLY: u32 = 3;

/// What clang's `-fsanitize=fuzzer` sets: counters per edge, their addresses, and the operands of comparisons.
const FLAGS: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "--cfg=fuzzing",
];
