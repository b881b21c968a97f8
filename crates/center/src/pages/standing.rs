//! Whether a statement counts now (`evidence.md` §5), as far as the logs seen here tell.

use evidence::kind::Update;
use store::views::EntryRow;

use super::answer::Instead;
use super::read::Read;
use super::signed::Signed;
use crate::node::Node;
use crate::portal::part::timeline::EntryRef;
use crate::portal::word::Standing;
use crate::source::Source;

/// The standing of an entry, and the entry that replaced it.
pub(super) async fn standing(
    node: &Node,
    source: &Source,
    row: &EntryRow,
    read: &Read,
    signed: Option<&Signed>,
) -> Result<(Standing, Option<EntryRef>), Instead> {
    if read.body.is_none() {
        return Ok((Standing::Withheld, None));
    }
    if read.is_signed == Some(false) {
        return Ok((Standing::Void, None));
    }
    let update = read
        .statement
        .as_ref()
        .and_then(|statement| statement.kind().as_update());
    let Some(update) = update.filter(|_| read.is_by_publisher(node, row)) else {
        return Ok((Standing::Unread, None));
    };
    if !signed.is_some_and(Signed::is_met) {
        return Ok((Standing::Waiting, None));
    }
    if let Some(by) = superseded_by(node, source, row, update).await? {
        return Ok((Standing::Superseded, Some(by)));
    }
    let is_over = update
        .activation
        .until
        .is_some_and(|until| until < node.time());
    Ok((
        if is_over {
            Standing::Lapsed
        } else {
            Standing::Current
        },
        None,
    ))
}

/// The first statement of the same serial that says it replaces this one.
async fn superseded_by(
    node: &Node,
    source: &Source,
    row: &EntryRow,
    update: &Update,
) -> Result<Option<EntryRef>, Instead> {
    let line = update.line.id();
    let rows = node
        .database
        .updates_on_line(&row.origin, line, update.serial, MOST_AMENDMENTS)
        .await?;
    let others = rows
        .into_iter()
        .filter(|other| other.serial == update.serial && other.statement != row.statement);
    for other in others {
        let entry = node.database.entry(&other.origin, other.index).await?;
        let read = Read::of(node, source, other.index).await?;
        // Only the publisher's own word replaces the publisher's word.
        let Some((entry, read)) = entry
            .zip(read)
            .filter(|(entry, read)| read.is_by_publisher(node, entry))
        else {
            continue;
        };
        if read
            .statement
            .is_some_and(|statement| statement.supersedes().contains(&row.statement))
        {
            return Ok(Some(EntryRef {
                origin: entry.origin,
                index: entry.index,
            }));
        }
    }
    Ok(None)
}

/// An amendment widens, shortens or withdraws: nobody needs a thousand.
const MOST_AMENDMENTS: u32 = 256;
