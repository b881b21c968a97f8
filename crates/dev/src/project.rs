//! Places of the project, and cargo as its tool.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    // Two levels above this crate; `cargo run` sets the variable, so that a moved checkout works without a rebuild.
    let here = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.ancestors()
        .nth(2)
        .map_or_else(|| here.clone(), Path::to_path_buf)
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A path as the caller of `./dev` meant it: relative to the folder in which it was typed.
pub(crate) fn path_from_caller(path: &Path) -> PathBuf {
    env::var_os("VITRINE_CALLED_FROM")
        .map_or_else(|| path.to_owned(), |folder| Path::new(&folder).join(path))
}

/// Cargo, in the root, as if it had been called from a shell.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // `cargo run` describes this very package to its child; build scripts of other packages would see that and run
    // again at every second call.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_")
            || name.starts_with("CARGO_MANIFEST_")
            || name == "CARGO_PRIMARY_PACKAGE"
        {
            command.env_remove(name.as_ref());
        }
    }
    command
}

/// True where a program of this name can be started.
pub(crate) fn has_program(name: &str) -> bool {
    let Some(path) = env::var_os("PATH") else {
        return false;
    };
    env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// True where `cargo NAME` exists: a plugin is a program `cargo-NAME`.
pub(crate) fn has_cargo_plugin(name: &str) -> bool {
    let program = format!("cargo-{name}");
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
    has_program(&program) || home.is_some_and(|home| home.join("bin").join(&program).is_file())
}
