//! Documents that the programs write themselves: `./dev fix` makes them anew, `./dev check` compares.

use std::fs;

use crate::failure::Failure;
use crate::process;
use crate::project::{self, cargo};

/// Writes each document; those that changed are named.
pub(crate) fn write() -> Result<Vec<&'static str>, Failure> {
    let mut changed = Vec::new();
    for (path, text) in texts()? {
        let file = project::root().join(path);
        if fs::read_to_string(&file).is_ok_and(|old| old == text) {
            continue;
        }
        fs::write(&file, text).map_err(Failure::file(&file))?;
        changed.push(path);
    }
    Ok(changed)
}

/// The documents that are not what the programs would write now.
pub(crate) fn stale() -> Result<Vec<&'static str>, Failure> {
    let is_stale = |(path, text): &(&str, String)| {
        !fs::read_to_string(project::root().join(path)).is_ok_and(|old| old == *text)
    };
    Ok(texts()?
        .into_iter()
        .filter(is_stale)
        .map(|(path, _)| path)
        .collect())
}

fn texts() -> Result<Vec<(&'static str, String)>, Failure> {
    let mut texts = Vec::new();
    for (path, package, arguments) in DOCUMENTS {
        let mut program = cargo();
        program
            .args(["run", "--quiet", "--package", package, "--"])
            .args(arguments);
        let text = process::read(&mut program)?;
        let failed = || Failure::Steps {
            steps: vec![format!("the program that writes {path}")],
        };
        texts.push((path, text.ok_or_else(failed)?));
    }
    Ok(texts)
}

/// Path, the package whose program writes it, and how it is asked.
const DOCUMENTS: [(&str, &str, &[&str]); 1] =
    [("docs/reference/cli.md", "cli", &["manual", "--reference"])];
