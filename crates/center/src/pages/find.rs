//! Which update an id means (`portal.md` §2): 16 digits of a file's SHA-256, longer where 16 are not enough.

use std::collections::{BTreeMap, BTreeSet};

use evidence::line::{Line, LineKind, Word};
use store::views::{FileRow, UpdateRow};
use tlog::hash::Hash;

use super::answer::Instead;
use crate::node::Node;

/// A file and the statements that name it.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) digest: Hash,
    /// Statements, by log and index, each with the file as it names it.
    pub(super) rows: Vec<(UpdateRow, FileRow)>,
}

/// What an id means.
#[derive(Clone, Debug)]
pub(super) enum Found {
    /// No file that is known here.
    Nothing,
    /// One file on one line, or on the chosen channel.
    One(File),
    /// Several files, or one file on several lines that the policy allows.
    Several(Vec<File>),
}

impl File {
    /// The lines on which the policy allows it.
    pub(super) fn allowed_lines(&self, node: &Node) -> BTreeSet<Hash> {
        let policy = node.policy.as_ref().map(|portal| &portal.policy);
        let is_allowed = |row: &UpdateRow| {
            let line = line_of(row);
            policy
                .zip(line)
                .is_some_and(|(policy, line)| policy.rule_for(&line).is_some())
        };
        self.rows
            .iter()
            .filter(|(row, _)| is_allowed(row))
            .map(|(row, _)| row.line)
            .collect()
    }
}

/// Finds the files whose SHA-256 begins with `prefix`.
pub(super) async fn files(node: &Node, prefix: &str) -> Result<Vec<File>, Instead> {
    let mut files: BTreeMap<Hash, File> = BTreeMap::new();
    for row in node.database.updates_by_file(prefix, MOST_UPDATES).await? {
        for named in node.database.files_of(row.statement).await? {
            if !named.digest.to_hex().starts_with(prefix) {
                continue;
            }
            let digest = named.digest;
            let file = files.entry(digest).or_insert_with(|| File {
                digest,
                rows: Vec::new(),
            });
            file.rows.push((row.clone(), named));
        }
    }
    Ok(files.into_values().collect())
}

/// What `id` means; `channel` chooses where a file stands on several lines.
pub(super) async fn update(
    node: &Node,
    id: &str,
    channel: Option<&Word>,
) -> Result<Found, Instead> {
    let mut files = files(node, id).await?;
    let Some(file) = files.pop() else {
        return Ok(Found::Nothing);
    };
    if !files.is_empty() {
        files.push(file);
        return Ok(Found::Several(files));
    }
    if channel.is_none() && file.allowed_lines(node).len() > 1 {
        return Ok(Found::Several(vec![file]));
    }
    Ok(Found::One(file))
}

/// An id: at least 16 lower-case hexadecimal digits, at most the 64 of a digest.
pub(super) fn is_id(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (ID..=64).contains(&text.len()) && text.bytes().all(is_digit)
}

/// The id of a file: its first 16 digits.
pub(super) fn id_of(digest: Hash) -> String {
    digest.to_hex().chars().take(ID).collect()
}

/// The line of a row; `None` only if the row's words are none, which no indexed statement has.
pub(super) fn line_of(row: &UpdateRow) -> Option<Line> {
    Some(Line {
        publisher: Word::parse(&row.publisher).ok()?,
        product: Word::parse(&row.product).ok()?,
        kind: LineKind::parse(&row.kind)?,
        channel: Word::parse(&row.channel).ok()?,
        platform: Word::parse(&row.platform).ok()?,
    })
}

/// Digits of an id in addresses.
pub(super) const ID: usize = 16;

/// Statements that name one file: amendments and further lines; more is abuse.
const MOST_UPDATES: u32 = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_16_to_64_lower_case_digits() {
        let digits = |count: usize| "0a".repeat(count / 2);
        assert!(is_id(&digits(16)) && is_id(&digits(64)) && is_id("0123456789abcdef0"));
        for refused in [
            "",
            &digits(14),
            &digits(66),
            "0123456789ABCDEF",
            "0123456789abcdeg",
            "０123456789abcdef",
            "../../../etc/pass",
        ] {
            assert!(!is_id(refused), "{refused}");
        }
    }
}
