//! How many statements of which kind each log holds: counted once, then only what is new.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use store::database::DatabaseError;

use crate::node::Node;
use crate::source::Source;

/// What was counted, by the log's origin.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    counted: Mutex<HashMap<String, Counted>>,
}

/// Statements of one log by predicate type.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted {
    /// Entries that were counted.
    upto: u64,
    by_type: BTreeMap<String, u64>,
}

impl Counted {
    /// Statements whose predicate type is one of `types`.
    pub(super) fn of(&self, types: &[&str]) -> u64 {
        types
            .iter()
            .filter_map(|name| self.by_type.get(*name))
            .sum()
    }

    /// All entries, readable or not.
    pub(super) fn all(&self) -> u64 {
        self.upto
    }
}

/// Counts what the views show of `source`.
pub(super) async fn counted(node: &Node, source: &Source) -> Result<Counted, DatabaseError> {
    let kept = node
        .pages
        .kinds
        .lock()
        .get(&source.origin)
        .cloned()
        .unwrap_or_default();
    let shown = source.shown();
    if kept.upto >= shown {
        return Ok(kept);
    }
    let kinds = node
        .database
        .kinds(&source.origin, kept.upto..shown)
        .await?;
    let mut counted = Counted {
        upto: shown,
        by_type: kept.by_type,
    };
    for (name, number) in kinds {
        *counted.by_type.entry(name.unwrap_or_default()).or_default() += number;
    }
    node.pages
        .kinds
        .lock()
        .insert(source.origin.clone(), counted.clone());
    Ok(counted)
}

impl Kinds {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Counted>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
