//! `key new` and `key show`: keys of the node's log and witness.

use std::path::Path;

use tlog::key::KeyName;
use witness::exit;
use witness::keys::{KeyFile, Owner};

use crate::failure::Failure;

/// Makes both keys of a log or a witness; answers their vkeys.
pub(crate) fn new(name: &str, owner: Owner, out: &Path) -> Result<Vec<String>, Failure> {
    let hint = "a name is an address without scheme, such as center-eu.example/w";
    let name = KeyName::new(name).ok_or_else(|| {
        Failure::new(
            exit::WRONG_USE,
            "the name is empty or has a space or a plus sign",
            hint,
        )
    })?;
    let keys = KeyFile::generate(&name, owner)?;
    keys.save(out)?;
    Ok(vkeys(&keys))
}

/// The vkeys of a key file.
pub(crate) fn show(file: &Path) -> Result<Vec<String>, Failure> {
    Ok(vkeys(&KeyFile::load(file)?))
}

fn vkeys(keys: &KeyFile) -> Vec<String> {
    keys.vkeys().iter().map(ToString::to_string).collect()
}
