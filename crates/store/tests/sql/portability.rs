//! The rules of `migrations/README.md` as tests: one SQL text for SQLite and PostgreSQL.

use std::path::{Path, PathBuf};

fn crate_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn files(folder: &Path, extension: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

/// The words of a migration, without comments.
fn words(text: &str) -> Vec<String> {
    let code: String = text
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    code.split(|character: char| !character.is_alphanumeric() && character != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_uppercase)
        .collect()
}

#[test]
fn migrations_use_two_column_types_and_nothing_that_only_one_database_knows() {
    let migrations = files(&crate_folder("migrations"), "sql");
    assert_eq!(migrations.len(), 5);
    for (path, text) in migrations {
        // A column of this name is ours; the type would stand behind a name.
        assert!(!text.contains(" SERIAL"), "{}", path.display());
        for word in words(&text) {
            let refused = [
                "AUTOINCREMENT",
                "BIGSERIAL",
                "PRAGMA",
                "BLOB",
                "BYTEA",
                "BOOLEAN",
                "INTEGER",
                "INT",
                "REAL",
                "TIMESTAMP",
                "DATETIME",
                "JSON",
                "JSONB",
                "ROWID",
                "STRICT",
                "COLLATE",
                "NOW",
                "CURRENT_TIMESTAMP",
                "DEFAULT",
                "VARCHAR",
                "IF",
            ];
            assert!(
                !refused.contains(&word.as_str()),
                "{word} in {}",
                path.display()
            );
        }
    }
}

#[test]
fn migrations_are_numbered_without_a_gap() {
    let mut names: Vec<String> = files(&crate_folder("migrations"), "sql")
        .iter()
        .map(|(path, _)| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    for (number, name) in (1..).zip(&names) {
        assert!(name.starts_with(&format!("{number:04}_")), "{name}");
    }
}

#[test]
fn words_that_only_sqlite_knows_stand_in_one_place() {
    for (path, text) in files(&crate_folder("src"), "rs") {
        if path.ends_with("database.rs") || path.ends_with("migrations.rs") {
            continue;
        }
        for word in [
            "PRAGMA",
            "INSERT OR",
            "REPLACE INTO",
            "sqlite_",
            "rowid",
            "last_insert",
            "strftime",
            "?1",
        ] {
            assert!(!text.contains(word), "{word} in {}", path.display());
        }
    }
}
