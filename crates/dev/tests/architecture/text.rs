//! What no file may hold, and how long one may be.

use crate::files::{Source, sources};
use crate::none;

#[test]
fn nothing_is_left_undone_in_code() {
    let marks = [
        concat!("to", "do!"),
        concat!("unimple", "mented!"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("#[ig", "nore"),
        concat!("dbg", "!("),
    ];
    none(
        "left undone",
        &occurrences(&marks, |source| source.is(CODE)),
    );
}

#[test]
fn no_file_names_a_place_on_the_machine_it_was_written_on() {
    let places = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
    ];
    none("places on one machine", &occurrences(&places, |_| true));
}

#[test]
fn no_file_names_the_host_of_a_registry() {
    let hosts = [
        concat!("crates", ".io"),
        concat!("npm", "js.org"),
        concat!("npm", "js.com"),
        concat!("debian", ".org"),
        concat!("pypi", ".org"),
        concat!("rust-", "lang.org"),
    ];
    // Cargo writes the name of its default registry into each lock file; it is a name there, not an address.
    none(
        "hosts of registries",
        &occurrences(&hosts, |source| !source.is(&["Cargo.lock"])),
    );
}

#[test]
fn files_are_short_unless_they_are_tables() {
    let long = sources()
        .into_iter()
        .filter(|source| source.is(CODE) && !TABLES.iter().any(|(path, _)| *path == source.path))
        .map(|source| (source.text.lines().count(), source.path))
        .filter(|(lines, path)| *lines > longest(path))
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect::<Vec<_>>();
    none("one idea each", &long);
}

#[test]
fn every_table_is_still_there_and_long() {
    let all = sources();
    let stale = TABLES
        .iter()
        .filter(|(path, _)| {
            !all.iter()
                .any(|source| source.path == *path && source.text.lines().count() > longest(path))
        })
        .map(|(path, _)| (*path).to_owned())
        .collect::<Vec<_>>();
    none("no longer an exception", &stale);
}

fn occurrences(patterns: &[&str], wanted: impl Fn(&Source) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| wanted(source)) {
        for (number, line) in source.text.lines().enumerate() {
            if patterns.iter().any(|pattern| line.contains(pattern)) {
                found.push(format!("{}:{} {}", source.path, number + 1, line.trim()));
            }
        }
    }
    found
}

const CODE: &[&str] = &[".rs", ".mjs", ".js", ".css", ".html", ".sql", "/run", "dev"];
/// A file of nothing but tests is a table of cases, which a reader need not hold in mind.
fn longest(path: &str) -> usize {
    if path.contains("/tests/") || path.ends_with("/tests.rs") {
        1_000
    } else {
        700
    }
}

/// Path and reason of each file that may be longer.
const TABLES: [(&str, &str); 0] = [];
