//! `./dev audit`: published advisories against `Cargo.lock`, with the date of the database that was asked.
//!
//! An answer without that date would be worth nothing: a database of last year knows nothing of this month. Where
//! there is no tool or no database, the verb says so and exits 2; it never reports "none found" for "did not look".

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::project::{self, cargo};
use crate::{process, say};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A clone of the RustSec advisory database [default: advisory-db in cargo's folder]
    #[arg(long, value_name = "DIR")]
    database: Option<PathBuf>,
}

/// Asks cargo-audit with the copy of the database at hand; it fetches nothing.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if !project::has_cargo_plugin("audit") {
        return Err(Failure::NotAvailable {
            what: "advisories were not looked at: cargo-audit is not installed".to_owned(),
            hint: "run `cargo install cargo-audit --locked`, then this again".to_owned(),
        });
    }
    let folder = arguments
        .database
        .as_deref()
        .map(project::path_from_caller)
        .or_else(kept_database);
    let Some((folder, date)) = folder.and_then(|folder| dated(&folder)) else {
        return Err(Failure::NotAvailable {
            what: "advisories were not looked at: there is no dated copy of the database here"
                .to_owned(),
            hint:
                "bring a git clone of the RustSec advisory database and name it with --database DIR"
                    .to_owned(),
        });
    };
    say::answer(&format!("database of {date}"));
    let mut audit = cargo();
    audit
        .args([
            "audit",
            "--no-fetch",
            "--stale",
            "--deny",
            "warnings",
            "--db",
        ])
        .arg(&folder);
    process::run("advisories", &mut audit)?;
    say::answer(&format!(
        "audit: no advisory known on {date} is about a dependency"
    ));
    Ok(())
}

/// Where cargo-audit keeps its copy.
fn kept_database() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")))?;
    Some(home.join("advisory-db"))
}

/// The database with the day of its newest commit; `None` where there is no commit to date it by.
fn dated(folder: &Path) -> Option<(PathBuf, String)> {
    let mut git = Command::new("git");
    git.arg("-C")
        .arg(folder)
        .args(["log", "-1", "--format=%cs"]);
    let date = process::read(&mut git).ok()??;
    Some((folder.to_owned(), date.trim().to_owned()))
}
