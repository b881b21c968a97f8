//! What the door must know of a line, kept in memory: the log so far, and what this very group adds to it.
//!
//! The door's task is the only writer of the own log, so what it remembers is right until a commit fails; then it
//! forgets and reads again.
//!
//! ```text
//! views (what public checkpoints cover) ─┐
//!                                        ├─▶ line
//! tail (accepted, not in the views yet) ─┘
//! ```

use std::collections::{BTreeMap, HashMap, HashSet};

use evidence::door::{Accepted, Act};
use evidence::facts::{
    Facts, FactsPlan, KindFacts, KindPlan, LoggedStatement, SerialFacts, UpdateFacts, UpdatePlan,
};
use evidence::kind::KindName;
use evidence::line::Word;
use evidence::statement::Statement;
use store::database::DatabaseError;
use store::log::AppendRefused;
use tlog::hash::Hash;

use super::DoorError;
use crate::node::Node;

/// Lines that were asked for lately.
#[derive(Debug, Default)]
pub(super) struct Lines {
    known: HashMap<Hash, Line>,
    tail: Option<Tail>,
}

/// Updates that are accepted and perhaps not in the views yet, by line, in the order of acceptance: kept, as the views lag
/// by a round, and a line that is asked for first in that time would read all of them from the database.
#[derive(Debug, Default)]
struct Tail {
    /// Where the views stood when it was read.
    from: u64,
    updates: HashMap<Hash, Vec<(u64, Hash)>>,
    length: usize,
    /// Its length when it was read.
    read: usize,
}

/// One line of updates.
#[derive(Debug, Default)]
struct Line {
    serials: BTreeMap<u64, Serial>,
    /// Every statement of the line.
    statements: HashSet<Hash>,
    /// Statements that are accepted and perhaps not yet readable from the database.
    recent: HashMap<Hash, Statement>,
}

#[derive(Debug)]
struct Serial {
    first: Hash,
    /// The statement that was accepted last.
    latest: Hash,
}

impl Lines {
    /// Reads those of `lines` that are not known. Only between groups: what is foreseen is in no database.
    ///
    /// # Errors
    ///
    /// When the database gives no answer, and [`AppendRefused::Overloaded`] while too much waits for the views.
    pub(super) async fn read(
        &mut self,
        node: &Node,
        origin: &str,
        lines: HashSet<Hash>,
    ) -> Result<(), DoorError> {
        let unknown: Vec<Hash> = lines
            .into_iter()
            .filter(|line| !self.known.contains_key(line))
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        // What the views do not show yet is read first, then the views: nothing falls between them.
        let cursor = node.database.cursor(origin).await?;
        let tail = match self.tail.take().filter(|tail| tail.reaches(cursor)) {
            Some(tail) => self.tail.insert(tail),
            None => self.tail.insert(Tail::read(node, origin, cursor).await?),
        };
        let shown = node.database.lines_with_updates(origin, &unknown).await?;
        for id in unknown {
            let mut line = if shown.contains(&id) {
                Line::read(node, origin, id).await?
            } else {
                Line::default()
            };
            for (serial, statement) in tail.updates.get(&id).into_iter().flatten() {
                line.add(*serial, *statement);
            }
            self.known.insert(id, line);
        }
        Ok(())
    }

    /// The facts for one statement, whose line [`Lines::read`] has read.
    pub(super) async fn facts(
        &mut self,
        node: &Node,
        origin: &str,
        plan: &FactsPlan,
        party: Word,
    ) -> Result<Facts, DoorError> {
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
        // A line that nobody read must not pass for an empty one: its serials would be accepted again.
        let line = self
            .known
            .get(&update.line)
            .ok_or(AppendRefused::Overloaded)?;
        Ok(line.facts(node, origin, plan, update, party).await?)
    }

    /// Remembers what the group adds to a line, if it adds something.
    pub(super) fn note(&mut self, accepted: &Accepted<'_>) {
        let statement = accepted.statement();
        let Some(update) = statement
            .kind()
            .as_update()
            .filter(|_| accepted.act() != Act::FurtherSigning)
        else {
            return;
        };
        let id = update.line.id();
        let line = self.known.entry(id).or_default();
        line.add(update.serial, statement.id());
        if line.recent.len() >= MOST_RECENT {
            line.recent.clear();
        }
        line.recent.insert(statement.id(), statement.clone());
        if let Some(tail) = &mut self.tail {
            tail.add(id, update.serial, statement.id());
        }
    }

    /// Forgets lines once they are many. Never within a group, whose lines are foreseen and not yet committed.
    pub(super) fn forget_if_many(&mut self) {
        if self.known.len() >= MOST_LINES {
            self.known.clear();
        }
    }

    /// Forgets everything: something that was foreseen did not come true.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

impl Tail {
    /// Whether the tail still holds all that views up to `cursor` lack, and is worth keeping. Views that are made again
    /// begin at nothing.
    fn reaches(&self, cursor: u64) -> bool {
        let is_long = self.length >= 2 * self.read.max(LONG);
        cursor >= self.from && !is_long
    }

    async fn read(node: &Node, origin: &str, cursor: u64) -> Result<Self, DoorError> {
        let mut signings = node
            .database
            .signings_from(origin, cursor, MOST_UNSHOWN)
            .await?;
        // What is cut off would be the newest, on which U2 and U3 depend.
        if signings.len() >= MOST_UNSHOWN as usize {
            return Err(AppendRefused::Overloaded.into());
        }
        // The order of acceptance is the order of the log.
        signings.sort_by_key(|signing| signing.number);
        let mut tail = Self {
            from: cursor,
            ..Self::default()
        };
        for some in signings.chunks(AT_ONCE) {
            let ids: Vec<Hash> = some.iter().map(|signing| signing.statement).collect();
            let bodies = node.database.bodies(&ids).await?;
            for id in ids {
                let statement = bodies
                    .get(&id)
                    .and_then(|body| Statement::parse(body.as_bytes()).ok());
                if let Some(update) = statement
                    .as_ref()
                    .and_then(|known| known.kind().as_update())
                {
                    tail.add(update.line.id(), update.serial, id);
                }
            }
        }
        tail.read = tail.length;
        Ok(tail)
    }

    fn add(&mut self, line: Hash, serial: u64, statement: Hash) {
        self.updates
            .entry(line)
            .or_default()
            .push((serial, statement));
        self.length += 1;
    }
}

impl Line {
    async fn read(node: &Node, origin: &str, id: Hash) -> Result<Self, DatabaseError> {
        let mut line = Self::default();
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
        Ok(line)
    }

    fn add(&mut self, serial: u64, statement: Hash) {
        if !self.statements.insert(statement) {
            return;
        }
        let known = self.serials.entry(serial).or_insert(Serial {
            first: statement,
            latest: statement,
        });
        known.latest = statement;
    }

    async fn facts(
        &self,
        node: &Node,
        origin: &str,
        plan: &FactsPlan,
        update: &UpdatePlan,
        party: Word,
    ) -> Result<Facts, DatabaseError> {
        let serial = match self.serials.get(&update.serial) {
            Some(serial) => {
                let latest = self.statement(node, serial.latest).await?;
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
        let superseded = plan
            .supersedes
            .iter()
            .filter(|id| self.statements.contains(id));
        Ok(Facts {
            logged: self.statements.contains(&plan.statement),
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

/// What may wait between log and views before the door takes nothing new: minutes without witnesses at the highest rate.
const MOST_UNSHOWN: u32 = 100_000;

/// Bodies read at once: at most 256 MiB of them.
const AT_ONCE: usize = 256;

/// About 1 MB. A longer tail is read again once it has doubled, as most of it is in the views by then.
const LONG: usize = 8_192;
