//! The loop that fills the views: from what a public checkpoint covers, run by run, restarted where the cursor stands.

use std::time::Duration;

use evidence::entry::Entry;
use store::database::DatabaseError;
use store::views::{LogRow, ViewError};
use tlog::checkpoint::Checkpoint;
use tlog::hash::Hash;
use tlog::note::Note;

use crate::http::problem::chain;
use crate::index::{self, Source as Row};
use crate::node::{Node, Shared};
use crate::source::{Bytes, Source, SourceError};

/// Follows one source until `stop` says so.
pub async fn run(node: Shared, source: Source, mut stop: tokio::sync::watch::Receiver<bool>) {
    let mut progress = match &source.bytes {
        Bytes::Own(reader) => Some(reader.progress()),
        Bytes::Copy(_) => None,
    };
    loop {
        if let Err(error) = catch_up(&node, &source).await {
            tracing::warn!(origin = source.origin, error = %chain(&error), "views are behind");
        }
        let changed = async {
            match &mut progress {
                // The own log wakes its readers; a copy is looked at.
                Some(progress) => {
                    let _ = tokio::time::timeout(LOOK, progress.changed()).await;
                }
                None => tokio::time::sleep(LOOK / 4).await,
            }
        };
        tokio::select! {
            () = changed => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Applies everything that a public checkpoint covers and the views do not show. Answers how many entries.
///
/// # Errors
/// [`IndexError`].
pub async fn catch_up(node: &Node, source: &Source) -> Result<u64, IndexError> {
    let Some(latest) = source.latest() else {
        return Ok(0);
    };
    let mut applied = 0;
    loop {
        let cursor = node.database.cursor(&source.origin).await?;
        if cursor >= latest.size {
            break;
        }
        let run = run_from(node, source, cursor, latest.size.min(cursor + RUN)).await?;
        applied += run.entries.len() as u64;
        match node.database.apply(&run).await {
            Ok(_) => {}
            // Another process of this node applied the same run.
            Err(ViewError::CursorMoved { .. }) => continue,
            Err(error) => return Err(error.into()),
        }
    }
    record(node, source, &latest.note).await?;
    source.show(latest.size);
    Ok(applied)
}

async fn run_from(
    node: &Node,
    source: &Source,
    first: u64,
    end: u64,
) -> Result<store::views::Run, IndexError> {
    let mut entries = Vec::new();
    for index in first..end {
        let entry = source
            .entry(index)?
            .ok_or(IndexError::EntryMissing { index })?;
        let digest = Entry::parse(&entry).ok().map(|entry| entry.digest);
        entries.push((index, entry, digest));
    }
    let digests: Vec<Hash> = entries.iter().filter_map(|(.., digest)| *digest).collect();
    let bodies = node.database.bodies(&digests).await?;
    // The first checkpoint that covers an entry covers the next ones too: its dozen signatures are checked once.
    let mut known: Option<(u64, u64)> = None;
    let mut rows = Vec::new();
    for (index, entry, digest) in entries {
        known = match known.filter(|(size, _)| *size > index) {
            Some(known) => Some(known),
            None => source
                .first_covering(index)?
                .map(|covering| (covering.size, quorum_time(source, &covering.note))),
        };
        let logged_at = known.map_or(0, |(_, time)| time);
        let body = digest.and_then(|digest| bodies.get(&digest));
        rows.push((index, entry, body, logged_at));
    }
    let rows: Vec<Row<'_>> = rows
        .iter()
        .map(|(index, entry, body, logged_at)| Row {
            index: *index,
            entry,
            body: body.map(String::as_str),
            logged_at: *logged_at,
        })
        .collect();
    Ok(index::rows(&source.origin, &rows))
}

async fn record(node: &Node, source: &Source, note: &str) -> Result<(), IndexError> {
    let Some(checkpoint) = parse(note) else {
        return Ok(());
    };
    let row = LogRow {
        origin: source.origin.clone(),
        size: checkpoint.size(),
        root: checkpoint.root(),
        checkpoint: note.to_owned(),
        checked_at: quorum_time(source, note),
    };
    Ok(node.database.record_log(&row).await?)
}

/// Log time by this source's quorum (`evidence.md` §5); 0 where the quorum is `none`.
pub fn quorum_time(source: &Source, note: &str) -> u64 {
    let keys = tlog::checkpoint::LogKeys::new(&source.origin, source.vkeys.clone());
    let signed = keys
        .ok()
        .and_then(|keys| tlog::checkpoint::LogSigned::by_all(note.as_bytes(), &keys).ok());
    let witnessed = signed.and_then(|signed| source.witnesses.check(signed).ok());
    witnessed
        .and_then(|witnessed| witnessed.quorum_time())
        .unwrap_or(0)
}

fn parse(note: &str) -> Option<Checkpoint> {
    let note = Note::parse(note.as_bytes()).ok()?;
    Checkpoint::parse(note.text()).ok()
}

/// Why views are behind.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The database gave no answer.
    #[error("the database gave no answer")]
    Database(#[from] DatabaseError),
    /// The log lacks an entry below its size.
    #[error("entry {index} cannot be read")]
    EntryMissing {
        /// Which.
        index: u64,
    },
    /// The log gave no answer.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The rows could not be written.
    #[error("the rows could not be written")]
    Views(#[from] ViewError),
}

/// Entries of one transaction.
const RUN: u64 = 256;

/// How long the views may miss a change that nobody told them of.
const LOOK: Duration = Duration::from_secs(2);
