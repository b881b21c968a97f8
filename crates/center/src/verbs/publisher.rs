//! `publisher add | list | remove`: who may bring updates to this node's door.

use std::path::Path;

use center::admissions::Admissions;
use center::config::Config;
use evidence::key::{KeyId, PublicKey};
use evidence::line::Word;
use store::database::Database;
use tlog::hash::Hash;
use witness::exit;

use crate::failure::Failure;

/// Admits a key, given as `p256:…` or as a PEM file.
pub(crate) async fn add(
    config: &Config,
    name: &str,
    key: &str,
    threshold: u32,
    quota: u64,
) -> Result<Vec<String>, Failure> {
    Word::parse(name)
        .map_err(|error| Failure::new(exit::WRONG_USE, error.to_string(), error.hint()))?;
    let key = read_key(key)?;
    let (database, mut admissions) = open(config).await?;
    admissions.add(name, &key, threshold, quota)?;
    admissions.save(&database).await?;
    Ok(vec![format!("admitted {name} {}", key.id())])
}

/// Lists who is admitted.
pub(crate) async fn list(config: &Config) -> Result<Vec<String>, Failure> {
    let (_, admissions) = open(config).await?;
    let rows = admissions.publishers.iter().flat_map(|publisher| {
        publisher.keys.iter().map(move |text| {
            let id = PublicKey::from_policy_text(text)
                .map(|key| key.id().to_string())
                .unwrap_or_default();
            let (threshold, quota) = (publisher.threshold, publisher.quota);
            format!(
                "{}  {id}  threshold {threshold}  {quota} a day",
                publisher.name
            )
        })
    });
    Ok(rows.collect())
}

/// Ends the admission of a key.
pub(crate) async fn remove(config: &Config, name: &str, key: &str) -> Result<Vec<String>, Failure> {
    let id = Hash::from_hex(key).ok_or_else(|| {
        Failure::new(
            exit::WRONG_USE,
            "the key id is not 64 lower-case hexadecimal digits",
            "see `vitrine-center publisher list`",
        )
    })?;
    let (database, mut admissions) = open(config).await?;
    admissions.remove(name, KeyId(id))?;
    admissions.save(&database).await?;
    Ok(vec![format!("removed {name} {id}")])
}

async fn open(config: &Config) -> Result<(Database, Admissions), Failure> {
    let folder = &config.data;
    std::fs::create_dir_all(folder).map_err(|error| {
        Failure::new(
            exit::UNAVAILABLE,
            format!("the data folder cannot be made: {}", error.kind()),
            "check `data` in node.toml",
        )
    })?;
    let database = Database::open_file(&folder.join("node.sqlite")).await?;
    let admissions = Admissions::load(&database).await?;
    Ok((database, admissions))
}

fn read_key(key: &str) -> Result<PublicKey, Failure> {
    let read = if key.starts_with("p256:") {
        PublicKey::from_policy_text(key)
    } else {
        let text = std::fs::read_to_string(Path::new(key)).map_err(|error| {
            Failure::new(
                exit::WRONG_USE,
                format!("{key} cannot be read: {}", error.kind()),
                "name a PEM file, or give the key as p256:…",
            )
        })?;
        PublicKey::from_pem(&text)
    };
    read.map_err(|error| Failure::new(exit::WRONG_USE, error.to_string(), error.hint()))
}
