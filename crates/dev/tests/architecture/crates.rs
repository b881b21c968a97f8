//! Arrows between crates, and which foreign crate may be used where (ARCHITECTURE.md, "Crates").

use std::process::Command;

use serde_json::Value;

use crate::files::root;
use crate::none;

/// Ours: from each crate to those that it may use. `dev` never ships and may use all.
const ARROWS: [(&str, &[&str]); 7] = [
    ("tlog", &[]),
    ("evidence", &["tlog"]),
    ("store", &["tlog"]),
    ("witness", &["tlog"]),
    ("center", &["tlog", "evidence", "store", "witness"]),
    ("cli", &["tlog", "evidence"]),
    (
        "dev",
        &["tlog", "evidence", "store", "witness", "center", "cli"],
    ),
];

/// Foreign: crates that bring what a boundary keeps out, and the only ones of ours that may use them.
const PLACES: [(&str, &[&str], &str); 8] = [
    ("sqlx", &["store"], "SQL is in one crate"),
    (
        "tokio",
        &["store", "witness", "center", "dev"],
        "the core and the client are synchronous",
    ),
    (
        "axum",
        &["witness", "center"],
        "only programs that serve know HTTP",
    ),
    (
        "ureq",
        &["center", "cli"],
        "only programs that ask know HTTP",
    ),
    (
        "getrandom",
        &["witness", "center", "cli", "dev"],
        "the core takes randomness as an argument",
    ),
    (
        "aws-lc-rs",
        &["witness", "center", "cli", "dev"],
        "the core verifies in Rust alone and takes a signer",
    ),
    (
        "serde_json",
        &["center", "cli", "dev"],
        "the core reads JSON by its own strict parser",
    ),
    ("askama", &["center"], "only the portal has pages"),
];

#[test]
fn crates_use_only_what_the_map_allows() {
    let mut offences = Vec::new();
    for (package, dependency, _) in dependencies() {
        let ours = ARROWS.iter().any(|(name, _)| *name == dependency);
        let allowed = ARROWS.iter().find(|(name, _)| *name == package);
        match allowed {
            None => offences.push(format!("{package} is not on the map")),
            Some((_, arrows)) if ours && !arrows.contains(&dependency.as_str()) => {
                offences.push(format!("{package} uses {dependency}"));
            }
            Some(_) => {}
        }
    }
    none("arrows point one way", &offences);
}

#[test]
fn every_crate_of_the_map_exists() {
    let packages: Vec<String> = packages().iter().map(name).collect();
    let missing: Vec<String> = ARROWS
        .iter()
        .filter(|(name, _)| !packages.contains(&(*name).to_owned()))
        .map(|(name, _)| (*name).to_owned())
        .collect();
    none("on the map, but not in the workspace", &missing);
}

#[test]
fn foreign_crates_stay_in_their_place() {
    let mut offences = Vec::new();
    // A test may use what it likes: only what ships is bound.
    for (package, dependency, _) in dependencies()
        .into_iter()
        .filter(|(_, _, kind)| kind != "dev")
    {
        let place = PLACES.iter().find(|(name, _, _)| *name == dependency);
        if let Some((_, allowed, reason)) = place
            && !allowed.contains(&package.as_str())
        {
            offences.push(format!("{package} uses {dependency}, but {reason}"));
        }
    }
    none("foreign crates out of place", &offences);
}

#[test]
fn every_version_is_pinned_in_the_workspace_table() {
    let mut offences = Vec::new();
    for source in crate::files::sources() {
        if !source.path.starts_with("crates/") || !source.path.ends_with("Cargo.toml") {
            continue;
        }
        for (number, line) in source.text.lines().enumerate() {
            if line.contains("version = \"") || line.contains("path = \"crates") {
                offences.push(format!("{}:{} {line}", source.path, number + 1));
            }
        }
    }
    none(
        "versions stand in the root Cargo.toml, beside the specification that needs them",
        &offences,
    );
}

/// (package, dependency, kind), where the kind is `normal`, `build` or `dev`.
fn dependencies() -> Vec<(String, String, String)> {
    let mut all = Vec::new();
    for package in packages() {
        for dependency in package["dependencies"]
            .as_array()
            .expect("cargo lists dependencies")
        {
            let kind = dependency["kind"].as_str().unwrap_or("normal").to_owned();
            all.push((name(&package), name(dependency), kind));
        }
    }
    assert!(!all.is_empty(), "cargo named dependencies");
    all
}

fn packages() -> Vec<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut metadata = Command::new(cargo);
    metadata.current_dir(root()).args([
        "metadata",
        "--format-version",
        "1",
        "--no-deps",
        "--offline",
    ]);
    let output = metadata.output().expect("cargo can be started");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let value: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    value["packages"]
        .as_array()
        .expect("a list of packages")
        .clone()
}

fn name(value: &Value) -> String {
    value["name"].as_str().expect("it has a name").to_owned()
}
