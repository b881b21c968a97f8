//! Lock files carry versions and hashes, and no download address.

use crate::files::{Source, sources};
use crate::none;

#[test]
fn node_lock_files_have_hashes_and_no_addresses() {
    let mut offences = Vec::new();
    for source in locks("package-lock.json") {
        let value: serde_json::Value = serde_json::from_str(&source.text).expect("npm writes JSON");
        for (name, package) in value["packages"].as_object().expect("packages by path") {
            if package.get("resolved").is_some() {
                offences.push(format!("{}: {name} has an address", source.path));
            }
            if !name.is_empty() && package.get("integrity").is_none() {
                offences.push(format!("{}: {name} has no hash", source.path));
            }
        }
    }
    none("package-lock.json", &offences);
}

#[test]
fn cargo_lock_files_have_hashes_and_no_other_source() {
    let mut offences = Vec::new();
    for source in locks("Cargo.lock") {
        for package in source.text.split("[[package]]").skip(1) {
            let name = package.lines().nth(1).unwrap_or_default();
            let field = |field: &str| package.lines().find_map(|line| line.strip_prefix(field));
            let Some(from) = field("source = ") else {
                continue;
            };
            if !from.starts_with("\"registry+") {
                offences.push(format!("{}: {name} comes from {from}", source.path));
            }
            if field("checksum = ").is_none() {
                offences.push(format!("{}: {name} has no hash", source.path));
            }
        }
    }
    none("Cargo.lock", &offences);
}

/// All lock files of this name; at least one is expected, or the rule would say nothing.
fn locks(name: &str) -> Vec<Source> {
    let found: Vec<Source> = sources()
        .into_iter()
        .filter(|source| source.path.ends_with(name))
        .collect();
    assert!(!found.is_empty(), "there is a {name}");
    found
}
