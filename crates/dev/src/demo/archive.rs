//! The project's own source as one file, the same bytes for the same source.
//!
//! From git where this is a checkout with a commit; from the work tree where it is an unpacked release.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::{process, project};

/// Writes the archive of the tree below `root`, and says what it holds.
pub(crate) fn write(root: &Path, to: &Path) -> Result<String, Failure> {
    match commit(root)? {
        Some(commit) => {
            let mut archive = Command::new("git");
            // The user's own configuration may name another compressor, and with it other bytes.
            archive
                .arg("-C")
                .arg(root)
                .args(["-c", "tar.tar.gz.command=gzip -cn"]);
            archive.args([
                "archive",
                "--format=tar.gz",
                "--prefix=vitrine/",
                "--output",
            ]);
            archive.arg(to).arg(&commit);
            finish(&mut archive)?;
            Ok(format!("commit {}", commit.get(..12).unwrap_or(&commit)))
        }
        None => {
            let mut archive = Command::new("tar");
            // Order, times and owners are fixed, so that two people with equal trees get equal bytes.
            archive.args([
                "--create",
                "--sort=name",
                "--mtime=@0",
                "--owner=0",
                "--group=0",
                "--numeric-owner",
            ]);
            archive.args([
                "--format=gnu",
                "--use-compress-program=gzip -n",
                "--mode=go=rX,u+rw,a-s",
                "--transform=s,^\\.,vitrine,",
            ]);
            archive.args(NOT_SOURCE.map(|folder| format!("--exclude={folder}")));
            archive
                .arg("--file")
                .arg(to)
                .arg("--directory")
                .arg(root)
                .arg(".");
            finish(&mut archive)?;
            Ok("the work tree".to_owned())
        }
    }
}

/// The checkout's newest commit; `None` in a tree that git does not know as a checkout of its own.
fn commit(root: &Path) -> Result<Option<String>, Failure> {
    if !project::has_program("git") || !root.join(".git").exists() {
        return Ok(None);
    }
    let mut head = Command::new("git");
    head.arg("-C")
        .arg(root)
        .args(["rev-parse", "--quiet", "--verify", "HEAD^{commit}"]);
    Ok(process::read(&mut head)?.map(|text| text.trim().to_owned()))
}

fn finish(command: &mut Command) -> Result<(), Failure> {
    if process::succeeds(command)? {
        return Ok(());
    }
    Err(Failure::Steps {
        steps: vec!["archive of the source".to_owned()],
    })
}

/// A copy of `from` with one bit of its middle byte flipped.
pub(crate) fn flip_one_byte(from: &Path, to: &Path) -> Result<u64, Failure> {
    let mut bytes = fs::read(from).map_err(Failure::file(from))?;
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    fs::write(to, bytes).map_err(Failure::file(to))?;
    Ok(middle as u64)
}

/// What a build or a tool leaves behind; the same as in `.gitignore`.
const NOT_SOURCE: [&str; 5] = [
    "./.git",
    "./target",
    "./e2e/node_modules",
    "./fuzz/target",
    "*.profraw",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A small tree with some source and some build output.
    fn tree() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "Cargo.toml",
            "crates/a/src/lib.rs",
            "target/debug/a",
            "e2e/node_modules/b/c.js",
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        fs::write(
            folder.path().join(".gitignore"),
            "/target\n/e2e/node_modules\n",
        )
        .unwrap();
        folder
    }

    fn files(archive: &Path) -> Vec<String> {
        let list = process::read(Command::new("tar").arg("--list").arg("--file").arg(archive))
            .unwrap()
            .unwrap();
        list.lines()
            .filter(|name| !name.ends_with('/'))
            .map(str::to_owned)
            .collect()
    }

    const SOURCE: [&str; 3] = [
        "vitrine/.gitignore",
        "vitrine/Cargo.toml",
        "vitrine/crates/a/src/lib.rs",
    ];

    #[test]
    fn equal_trees_give_equal_bytes_without_build_output() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["a.tar.gz", "b.tar.gz"].map(|name| folder.path().join(name));
        assert_eq!(write(tree().path(), &first).unwrap(), "the work tree");
        assert_eq!(write(tree().path(), &second).unwrap(), "the work tree");
        assert!(fs::read(&first).unwrap() == fs::read(&second).unwrap());
        assert_eq!(files(&first), SOURCE);
    }

    #[test]
    fn a_checkout_gives_its_commit_and_not_what_lies_about() {
        let tree = tree();
        let git = |arguments: &[&str]| {
            let mut git = Command::new("git");
            git.arg("-C")
                .arg(tree.path())
                .args(["-c", "user.name=a", "-c", "user.email=a@example"])
                .args(arguments);
            assert!(process::read(&mut git).unwrap().is_some(), "{arguments:?}");
        };
        git(&["init", "--quiet"]);
        let archive = tree.path().join("target/a.tar.gz");
        assert_eq!(
            write(tree.path(), &archive).unwrap(),
            "the work tree",
            "no commit yet"
        );
        git(&["add", "."]);
        git(&["commit", "--quiet", "--message", "first"]);
        fs::write(tree.path().join("not-committed"), "").unwrap();
        assert!(write(tree.path(), &archive).unwrap().starts_with("commit "));
        assert_eq!(files(&archive), SOURCE);
    }

    #[test]
    fn a_flipped_byte_changes_one_bit() {
        let folder = tempfile::tempdir().unwrap();
        let [from, to] = ["a", "b"].map(|name| folder.path().join(name));
        fs::write(&from, [7; 9]).unwrap();
        assert_eq!(flip_one_byte(&from, &to).unwrap(), 4);
        assert_eq!(fs::read(&to).unwrap(), [7, 7, 7, 7, 6, 7, 7, 7, 7]);
    }
}
