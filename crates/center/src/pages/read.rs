//! An entry read aloud: whose it is and what it says.

use evidence::entry::Entry;
use evidence::envelope::Envelope;
use evidence::kind::update::{Audience as UpdateAudience, State};
use evidence::statement::Statement;
use store::database::DatabaseError;
use store::views::EntryRow;

use super::answer::Instead;
use super::frame::time;
use super::trust;
use crate::node::Node;
use crate::portal::part::said::{Audience, Said};
use crate::portal::time::Time;
use crate::source::Source;

/// An entry with its body.
#[derive(Debug)]
pub(super) struct Read {
    /// The bytes of the entry.
    pub(super) bytes: Vec<u8>,
    /// The entry, if it is one of ours.
    pub(super) entry: Option<Entry>,
    /// The statement's own bytes, if they are public.
    pub(super) body: Option<String>,
    /// The statement, if it is of a form that is known here.
    pub(super) statement: Option<Statement>,
    /// Whether the signature holds; without the body nobody can say.
    pub(super) is_signed: Option<bool>,
}

impl Read {
    /// Reads an entry; `None` if the log does not hold it.
    pub(super) async fn of(
        node: &Node,
        source: &Source,
        index: u64,
    ) -> Result<Option<Self>, Instead> {
        let Some(bytes) = source.entry(index)? else {
            return Ok(None);
        };
        let entry = Entry::parse(&bytes).ok();
        let body = match &entry {
            Some(entry) => node.database.body(entry.digest).await?,
            None => None,
        };
        let statement = body
            .as_ref()
            .and_then(|body| Statement::parse(body.as_bytes()).ok());
        let is_signed = entry.as_ref().zip(body.as_ref()).map(|(entry, body)| {
            let envelope = Envelope::new(body.as_bytes().to_vec(), entry.signature);
            envelope.verify(&entry.key).is_ok()
        });
        Ok(Some(Self {
            bytes,
            entry,
            body,
            statement,
            is_signed,
        }))
    }

    /// What the statement says, if the one who signed may say it: an update is its publisher's alone.
    pub(super) fn said(&self, node: &Node, row: &EntryRow) -> Said {
        if self.body.is_none() && self.entry.is_some() {
            return Said::Withheld;
        }
        let update = self
            .statement
            .as_ref()
            .and_then(|statement| statement.kind().as_update());
        let Some(update) = update.filter(|_| self.is_by_publisher(node, row)) else {
            let kind = row.predicate_type.clone().unwrap_or_default();
            return Said::Other {
                party: trust::party_of(node, row.key),
                kind,
            };
        };
        let publisher = update.line.publisher.as_str().to_owned();
        let product = update.line.product.as_str().to_owned();
        let (version, serial) = (update.version.to_string(), update.serial);
        match &update.state {
            State::Offered => Said::Offered {
                publisher,
                product,
                version,
                serial,
                audience: audience(&update.audience),
            },
            State::Withdrawn(why) => {
                let reason = why.reason.as_str().to_owned();
                Said::Withdrawn {
                    publisher,
                    product,
                    version,
                    serial,
                    reason,
                }
            }
        }
    }

    /// Whether the signature holds and is by a key of the publisher that the update names. What the own log holds has
    /// passed its door, which knows the publisher's keys even where the policy of the pages does not.
    pub(super) fn is_by_publisher(&self, node: &Node, row: &EntryRow) -> bool {
        let update = self
            .statement
            .as_ref()
            .and_then(|statement| statement.kind().as_update());
        let Some((update, true)) = update.zip(self.is_signed) else {
            return false;
        };
        let publisher = update.line.publisher.as_str();
        let policy = node.policy.as_ref().map(|portal| &portal.policy);
        let named = policy.and_then(|policy| trust::publisher_of(policy, row.key));
        let is_known = policy.is_some_and(|policy| {
            policy
                .publishers()
                .keys()
                .any(|word| word.as_str() == publisher)
        });
        let is_own = node
            .log
            .as_ref()
            .is_some_and(|own| own.origin == row.origin);
        named == Some(publisher) || (named.is_none() && !is_known && is_own)
    }
}

/// Whom an update is offered to.
pub(super) fn audience(audience: &UpdateAudience) -> Audience {
    match audience {
        UpdateAudience::Everyone => Audience::Everyone,
        UpdateAudience::Tier { name, permille, .. } => Audience::Tier {
            name: name.as_str().to_owned(),
            permille: *permille,
        },
    }
}

/// Log time of an entry (`evidence.md` §5); where no witness is asked, when this node first had a checkpoint over it.
pub(super) fn logged_at(source: &Source, row: &EntryRow) -> Result<Option<Time>, Instead> {
    log_time(source, row.index, row.logged_at)
}

/// The same for any row that knows its index and log time.
pub(super) fn log_time(
    source: &Source,
    index: u64,
    logged_at: u64,
) -> Result<Option<Time>, Instead> {
    if logged_at > 0 {
        return Ok(Some(time(logged_at)));
    }
    let covering = source.first_covering(index)?;
    Ok(covering
        .map(|covering| covering.taken_at)
        .filter(|at| *at > 0)
        .map(time))
}

/// The rows of the newest entries of a log below `before`.
pub(super) async fn newest(
    node: &Node,
    source: &Source,
    before: Option<u64>,
    most: u32,
) -> Result<Vec<EntryRow>, DatabaseError> {
    node.database.entries(&source.origin, before, most).await
}
