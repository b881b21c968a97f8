//! `fsck`: the log recomputed from its bytes, blobs rehashed, views compared with what they would be.

use std::collections::BTreeSet;

use center::config::Config;
use center::indexer;
use center::node::Node;
use store::blobs::{BlobLimits, Blobs};
use store::log::{Scope, fsck};
use tlog::checkpoint::LogKeys;
use witness::exit;
use witness::keys::KeyFile;

use crate::failure::Failure;

/// Checks everything that the node keeps; the node must not run. Findings end with exit code 1.
pub(crate) async fn check(config: Config) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    let mut findings = Vec::new();
    if let Some(role) = &config.log {
        let keys = KeyFile::load(&role.keys)?;
        let keys = LogKeys::new(&role.origin, keys.vkeys()).map_err(|error| {
            Failure::new(
                exit::WRONG_USE,
                error.to_string(),
                "name the key file that was made for log.origin",
            )
        })?;
        let report = fsck(
            &config.data.join("log"),
            &keys,
            &role.witnesses,
            Scope::Whole,
        )
        .map_err(|error| Failure::new(exit::UNAVAILABLE, error.to_string(), error.hint()))?;
        lines.push(format!(
            "log: {} entries, {} records, {} checkpoints",
            report.size, report.records, report.checkpoints
        ));
        findings.extend(
            report
                .findings
                .iter()
                .map(|finding| format!("log: {finding}; {}", finding.hint())),
        );
    }
    lines.push(blobs(&config, &mut findings).await?);
    lines.push(views(config, &mut findings).await?);
    if findings.is_empty() {
        lines.push("clean".to_owned());
        return Ok(lines);
    }
    Err(Failure::new(
        exit::NO,
        findings.join("\n"),
        "restore what is named from a backup, or from another node's copy",
    ))
}

async fn blobs(config: &Config, findings: &mut Vec<String>) -> Result<String, Failure> {
    let limits = BlobLimits {
        largest: u64::MAX,
        reserve: 0,
    };
    let unavailable = |error: store::blobs::BlobError| {
        Failure::new(exit::UNAVAILABLE, error.to_string(), error.hint())
    };
    let blobs = Blobs::open(&config.data.join("blobs"), limits)
        .await
        .map_err(unavailable)?;
    let digests = blobs.digests().await.map_err(unavailable)?;
    for digest in &digests {
        if let Err(error) = blobs.recheck(*digest).await {
            findings.push(format!("blob {digest}: {error}"));
        }
    }
    Ok(format!("blobs: {} files", digests.len()))
}

/// Dumps the views, makes them again, and names what differs.
async fn views(config: Config, findings: &mut Vec<String>) -> Result<String, Failure> {
    let node = Node::open(config).await?;
    let before = node.database.dump().await?;
    node.database.clear_views().await?;
    for source in &node.sources {
        indexer::catch_up(&node, source).await?;
    }
    let after = node.database.dump().await?;
    let lines = |text: &str| {
        text.lines()
            .map(str::to_owned)
            .collect::<BTreeSet<String>>()
    };
    let (old, new) = (lines(&before), lines(&after));
    for lost in old.difference(&new) {
        findings.push(format!("views: a row that no entry makes: {lost}"));
    }
    // Rows that were missing are there now: the views were behind, which is no damage.
    Ok(format!("views: {} rows", new.len()))
}
