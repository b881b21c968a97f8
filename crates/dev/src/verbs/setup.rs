//! `./dev setup`: what the project needs beyond cargo and a C compiler, and how it gets there.
//!
//! Idempotent. Other verbs call [`ensure`] with the needs of their own, so that nobody has to run this first.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::{process, project, say};

/// Something that a verb cannot do without.
#[derive(Clone, Copy)]
pub(crate) enum Need {
    /// libFuzzer is C++.
    CxxCompiler,
    /// The outside clients and the browser tests run in Node.
    Node,
    /// The pages are looked at in a real browser.
    Browser,
    /// What `e2e/package-lock.json` names.
    NodePackages,
}

/// Installs everything.
pub(crate) fn run() -> Result<(), Failure> {
    ensure(&[
        Need::CxxCompiler,
        Need::Node,
        Need::Browser,
        Need::NodePackages,
    ])?;
    for (plugin, without) in OPTIONAL {
        let state = if project::has_cargo_plugin(plugin) {
            "there"
        } else {
            without
        };
        say::answer(&format!("cargo-{plugin}: {state}"));
    }
    say::answer("everything that is needed is there");
    Ok(())
}

/// Installs what is missing of `needs`, in their order, and says so.
pub(crate) fn ensure(needs: &[Need]) -> Result<(), Failure> {
    for need in needs {
        match need {
            Need::CxxCompiler => debian("c++", "g++", "libFuzzer is C++")?,
            Need::Node => {
                debian(
                    "node",
                    "nodejs",
                    "outside clients and browser tests run in Node",
                )?;
                debian("npm", "npm", "it installs the clients' packages")?;
            }
            Need::Browser => debian(
                "chromium",
                "chromium",
                "the pages are tested in a real browser",
            )?,
            Need::NodePackages => node_packages()?,
        }
    }
    Ok(())
}

/// Installs a Debian package unless its program is there.
fn debian(program: &'static str, package: &str, why: &str) -> Result<(), Failure> {
    if project::has_program(program) {
        return Ok(());
    }
    say::note(&format!("installing the Debian package {package}: {why}"));
    let mut update = as_root(program, package)?;
    update.args(["apt-get", "update", "--quiet"]);
    let mut install = as_root(program, package)?;
    install
        .args([
            "env",
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "install",
            "--yes",
            "--quiet",
        ])
        .args(["--no-install-recommends", package]);
    process::run("apt-get update", &mut update)?;
    process::run("apt-get install", &mut install)
}

/// A command that runs its arguments as root: `env` for root itself, `sudo` where it asks for no password.
fn as_root(program: &'static str, package: &str) -> Result<Command, Failure> {
    let command = format!("sudo apt-get update && sudo apt-get install --yes {package}");
    if !project::has_program("apt-get") {
        return Err(Failure::NotInstalled {
            name: program,
            command,
        });
    }
    if rustix::process::geteuid().is_root() {
        return Ok(Command::new("env"));
    }
    let mut sudo = Command::new("sudo");
    sudo.arg("-n");
    let allowed = project::has_program("sudo")
        && process::read(Command::new("sudo").args(["-n", "true"]))?.is_some();
    if allowed {
        Ok(sudo)
    } else {
        Err(Failure::NotInstalled {
            name: program,
            command,
        })
    }
}

/// `npm ci` when the lock file is not the one that was installed last.
fn node_packages() -> Result<(), Failure> {
    let folder = project::root().join("e2e");
    let lock = read(&folder.join("package-lock.json"))?;
    // Our own copy and not npm's: written only after `npm ci` has ended well, so that a cut-off one is repeated.
    let stamp = folder.join("node_modules/.installed-lock.json");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    say::note("installing the packages of e2e/package-lock.json with npm");
    process::run(
        "npm ci",
        Command::new("npm")
            .args(["ci", "--loglevel=error"])
            .current_dir(&folder),
    )?;
    fs::write(&stamp, lock).map_err(Failure::file(&stamp))
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(Failure::file(path))
}

/// Programs that make a verb faster or wider, and what happens without them.
const OPTIONAL: [(&str, &str); 3] = [
    ("nextest", "not there; `./dev test` uses `cargo test`"),
    (
        "deny",
        "not there; `./dev check` skips licences and sources of dependencies",
    ),
    ("audit", "not there; `./dev audit` cannot answer"),
];
