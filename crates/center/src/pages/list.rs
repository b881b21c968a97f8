//! Updates as rows of a list: each judged by the policy of this node.

use evidence::line::Word;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use store::views::UpdateRow as Row;
use tlog::hash::Hash;

use super::answer::Instead;
use super::checks;
use super::find::{self, File};
use super::frame::time;
use super::read;
use super::signed::Signed;
use crate::judge::judge;
use crate::node::Shared;
use crate::portal::updates::UpdateRow;
use crate::source::{Bytes, Source};

/// The rows of offers in their order. A few are judged at the same time: a list of fifty is half a second of signatures.
pub(super) async fn offers(
    node: &Shared,
    offers: &[(&Source, Row)],
) -> Result<Vec<UpdateRow>, Instead> {
    let judging = offers.iter().map(|(source, row)| offer(node, source, row));
    let rows: Vec<Option<UpdateRow>> = stream::iter(judging.collect::<Vec<_>>())
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(rows.into_iter().flatten().collect())
}

/// The row of an offer. Of several files the first that is given whole stands for all.
async fn offer(node: &Shared, source: &Source, row: &Row) -> Result<Option<UpdateRow>, Instead> {
    let files = node.database.files_of(row.statement).await?;
    let whole = files
        .iter()
        .find(|file| file.role == "full")
        .or_else(|| files.first());
    let Some(digest) = whole.map(|file| file.digest) else {
        return Ok(None);
    };
    let found = find::files(node, &find::id_of(digest)).await?;
    // Two files whose digests begin alike need the whole digest in the address.
    let is_alone = found.len() == 1;
    let lines = found
        .into_iter()
        .find(|file| file.digest == digest)
        .map(|file| file.allowed_lines(node));
    let channel = lines.is_some_and(|lines| lines.len() > 1);
    judged(node, source, row, digest, is_alone, channel).await
}

/// The rows of a file: one a line.
pub(super) async fn lines_of(
    node: &Shared,
    file: &File,
    is_alone: bool,
) -> Result<Vec<UpdateRow>, Instead> {
    let channel = file.allowed_lines(node).len() > 1;
    let mut rows = Vec::new();
    let mut shown: Vec<(Hash, u64)> = Vec::new();
    for (row, _) in file.rows.iter().rev() {
        let Some(source) = node.source(&row.origin) else {
            continue;
        };
        if shown.contains(&(row.line, row.serial)) {
            continue;
        }
        shown.push((row.line, row.serial));
        rows.extend(judged(node, source, row, file.digest, is_alone, channel).await?);
    }
    Ok(rows)
}

async fn judged(
    node: &Shared,
    source: &Source,
    row: &Row,
    digest: Hash,
    is_alone: bool,
    by_channel: bool,
) -> Result<Option<UpdateRow>, Instead> {
    let channel = by_channel.then(|| Word::parse(&row.channel).ok()).flatten();
    let Some(judged) = judge(node, digest, channel.as_ref()).await? else {
        return Ok(None);
    };
    let released = read::log_time(source, row.index, row.recorded_at)?.unwrap_or(time(0));
    Ok(Some(UpdateRow {
        id: if is_alone {
            find::id_of(digest)
        } else {
            digest.to_hex()
        },
        chosen: channel.map(|channel| channel.as_str().to_owned()),
        product: row.product.clone(),
        version: row.version.clone(),
        serial: row.serial,
        channel: row.channel.clone(),
        platform: row.platform.clone(),
        word: checks::word(&judged.verdict),
        missing: checks::unmet(&judged.verdict, None),
        released,
        witnessed_after: lag(node, source, row).await?,
        index: row.index,
    }))
}

/// Seconds until the quorum: from the moment when this node's door took the statement, or in another's log from the first
/// cosignature, before which nobody can say anything.
async fn lag(node: &Shared, source: &Source, row: &Row) -> Result<Option<u64>, Instead> {
    let Some(covering) = source.first_covering(row.index)? else {
        return Ok(None);
    };
    let signed = Signed::of_taken(&covering, source);
    if signed.asked == 0 || !signed.is_met() {
        return Ok(None);
    }
    let signing = match &source.bytes {
        Bytes::Own(_) => node.database.signing_at(&source.origin, row.index).await?,
        Bytes::Copy(_) => None,
    };
    let first = signing
        .map(|signing| signing.accepted_at)
        .or(signed.first());
    Ok(first.map(|first| signed.at.saturating_sub(first)))
}

/// Verdicts reached at the same time: more than cores, so that none waits for a disk.
const AT_ONCE: usize = 4;
