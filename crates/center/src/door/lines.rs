//! What the door must know of a line, kept in memory: the log so far, and what this very group adds to it.
//!
//! The door's task is the only writer of the own log, so what it remembers is right until a commit fails; then it
//! forgets and reads again.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use evidence::door::{Accepted, Act};
use evidence::facts::{
    Facts, FactsPlan, KindFacts, KindPlan, LoggedStatement, SerialFacts, UpdateFacts, UpdatePlan,
};
use evidence::kind::KindName;
use evidence::line::Word;
use evidence::statement::Statement;
use store::database::DatabaseError;
use tlog::hash::Hash;

use crate::node::Node;

/// Lines that were asked for lately.
#[derive(Debug, Default)]
pub(super) struct Lines(HashMap<Hash, Line>);

/// One line of updates.
#[derive(Debug, Default)]
struct Line {
    serials: BTreeMap<u64, Serial>,
    /// Statements that are accepted and perhaps not yet readable from the database.
    recent: HashMap<Hash, Statement>,
}

#[derive(Debug)]
struct Serial {
    first: Hash,
    /// Every statement of the serial, the newest last.
    statements: Vec<Hash>,
}

impl Lines {
    /// The facts for one statement.
    pub(super) async fn facts(
        &mut self,
        node: &Node,
        origin: &str,
        plan: &FactsPlan,
        party: Word,
    ) -> Result<Facts, DatabaseError> {
        let KindPlan::Update(update) = &plan.kind else {
            let signings = node.database.signings_of(plan.statement).await?;
            let logged = signings.iter().any(|signing| signing.origin == origin);
            return Ok(Facts {
                party,
                logged,
                superseded: Vec::new(),
                kind: KindFacts::Nothing,
            });
        };
        let line = match self.0.entry(update.line) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(Line::read(node, origin, update.line).await?),
        };
        line.facts(node, origin, plan, update, party).await
    }

    /// Remembers what the group adds; answers the line that it is about.
    pub(super) fn note(&mut self, accepted: &Accepted<'_>) -> Option<Hash> {
        let statement = accepted.statement();
        let update = statement.kind().as_update()?;
        let id = update.line.id();
        let line = self.0.get_mut(&id)?;
        if accepted.act() != Act::FurtherSigning {
            let serial = line.serials.entry(update.serial).or_insert_with(|| Serial {
                first: statement.id(),
                statements: Vec::new(),
            });
            serial.statements.push(statement.id());
            if line.recent.len() >= MOST_RECENT {
                line.recent.clear();
            }
            line.recent.insert(statement.id(), statement.clone());
        }
        Some(id)
    }

    /// Forgets one line: it is read again when it is next asked for.
    pub(super) fn forget_line(&mut self, line: Hash) {
        self.0.remove(&line);
    }

    /// Forgets everything once it is much. Never within a group, whose lines are foreseen and not yet committed.
    pub(super) fn forget_if_many(&mut self) {
        if self.0.len() >= MOST_LINES {
            self.0.clear();
        }
    }

    /// Forgets everything.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

impl Line {
    async fn read(node: &Node, origin: &str, id: Hash) -> Result<Self, DatabaseError> {
        let mut line = Self::default();
        // What the views do not show yet is read first, then the views: nothing falls between them.
        let cursor = node.database.cursor(origin).await?;
        let tail = node
            .database
            .signings_from(origin, cursor, MOST_TAIL)
            .await?;
        let (mut from, mut limit) = (0, PAGE);
        loop {
            let rows = node
                .database
                .updates_on_line(origin, id, from, limit)
                .await?;
            let is_last = rows.len() < limit as usize;
            let last = rows.last().map_or(from, |row| row.serial);
            for row in rows {
                line.add(row.serial, row.statement);
            }
            if is_last {
                break;
            }
            // A full page may end within a serial, so the next one begins with that serial again; one serial that fills a
            // whole page needs a larger page.
            limit = if last == from {
                limit.saturating_mul(2)
            } else {
                PAGE
            };
            from = last;
        }
        // In the order of acceptance, which is the order of the log.
        let mut tail = tail;
        tail.sort_by_key(|signing| signing.number);
        for signing in tail {
            let Some(body) = node.database.body(signing.statement).await? else {
                continue;
            };
            let Ok(statement) = Statement::parse(body.as_bytes()) else {
                continue;
            };
            let Some(update) = statement
                .kind()
                .as_update()
                .filter(|update| update.line.id() == id)
            else {
                continue;
            };
            line.add(update.serial, statement.id());
        }
        Ok(line)
    }

    fn add(&mut self, serial: u64, statement: Hash) {
        let known = self.serials.entry(serial).or_insert_with(|| Serial {
            first: statement,
            statements: Vec::new(),
        });
        if !known.statements.contains(&statement) {
            known.statements.push(statement);
        }
    }

    async fn facts(
        &self,
        node: &Node,
        origin: &str,
        plan: &FactsPlan,
        update: &UpdatePlan,
        party: Word,
    ) -> Result<Facts, DatabaseError> {
        let holds = |id: &Hash| {
            self.serials
                .values()
                .any(|serial| serial.statements.contains(id))
        };
        let serial = match self.serials.get(&update.serial) {
            Some(serial) => {
                let latest = serial.statements.last().copied().unwrap_or(serial.first);
                let latest = self.statement(node, latest).await?;
                latest.map(|latest| SerialFacts {
                    first: serial.first,
                    latest: Box::new(latest),
                })
            }
            None => None,
        };
        let mut patch_from = Vec::new();
        for digest in &update.patch_from {
            let rows = node
                .database
                .updates_by_file(&digest.to_hex(), PAGE)
                .await?;
            let earlier = rows.iter().any(|row| {
                row.origin == origin && row.line == update.line && row.serial < update.serial
            });
            patch_from.extend(earlier.then_some(*digest));
        }
        let superseded = plan.supersedes.iter().filter(|id| holds(id));
        Ok(Facts {
            logged: holds(&plan.statement),
            superseded: superseded
                .map(|id| LoggedStatement {
                    id: *id,
                    kind: KindName::Update,
                    party: party.clone(),
                })
                .collect(),
            kind: KindFacts::Update(UpdateFacts {
                highest: self
                    .serials
                    .last_key_value()
                    .map(|(serial, known)| (*serial, known.first)),
                serial,
                patch_from,
                rules_set: None,
            }),
            party,
        })
    }

    async fn statement(&self, node: &Node, id: Hash) -> Result<Option<Statement>, DatabaseError> {
        if let Some(statement) = self.recent.get(&id) {
            return Ok(Some(statement.clone()));
        }
        let body = node.database.body(id).await?;
        Ok(body.and_then(|body| Statement::parse(body.as_bytes()).ok()))
    }
}

/// A line of 10,000 serials is about 1 MB.
const MOST_LINES: usize = 256;

/// Statements kept parsed: those of one group, and of the groups before it.
const MOST_RECENT: usize = 2_048;

/// Rows read at once.
const PAGE: u32 = 1_000;

/// What may wait between log and views before the door must read it; the views are never that far behind.
const MOST_TAIL: u32 = 100_000;
