//! The door: `evidence.md` §2.4. Requests check what needs no state; one task decides, so that two statements about one
//! line cannot both be the next; many requests share one commit.
//!
//! ```text
//! request ── D1 D2 S1–S14 ──▶ task ── D4 D6 U D5 ──▶ one transaction ──▶ log ──▶ answer
//! ```

mod lines;

use std::collections::HashSet;
use std::time::Duration;

use evidence::door::{Accepted, door};
use evidence::entry::Entry;
use evidence::envelope::Envelope;
use evidence::facts::{Facts, FactsPlan};
use evidence::kind::Kind;
use evidence::line::Word;
use evidence::refusal::{Refusal, Rule, What};
use evidence::statement::Statement;
use store::database::DatabaseError;
use store::jobs::NewJob;
use store::log::{AppendRefused, Appender, Ticket};
use store::outbox::{OutboxError, Sequenced};
use store::statements::{Acceptance, NewSigning};
use tlog::hash::{Hash, leaf_hash};
use tokio::sync::{mpsc, oneshot};

use self::lines::Lines;
use crate::admissions::Admitted;
use crate::node::Shared;

/// A statement that passed everything that needs no state.
#[derive(Debug)]
pub struct Submission {
    /// The statement.
    pub statement: Statement,
    /// Its envelope, whose signature verified.
    pub envelope: Envelope,
    /// The key that signed, and whose it is.
    pub admitted: Admitted,
}

/// A statement that is in, or was.
pub struct Entered {
    /// Whether it is new here.
    pub is_new: bool,
    /// Where it stands, or will.
    pub place: Place,
}

/// Where an entry stands in the own log.
pub enum Place {
    /// At this index.
    Index(u64),
    /// At the index that this claim gets, with this leaf hash.
    Ticket(Ticket, Hash),
}

/// Why a statement did not get in.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DoorError {
    /// The database gave no answer; nothing is known to be accepted.
    #[error("the database gave no answer")]
    Database(#[from] DatabaseError),
    /// The log takes nothing now; what was accepted is handed over later.
    #[error("the log takes no entries now")]
    Log(#[from] AppendRefused),
    /// A rule is broken.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The node is closing.
    #[error("the node is closing")]
    Closing,
}

/// The way to the door's task.
#[derive(Clone)]
pub struct Door(mpsc::Sender<Knock>);

struct Knock {
    submission: Submission,
    answer: oneshot::Sender<Result<Entered, DoorError>>,
}

impl Door {
    /// Starts the task for the node's own log of `size` entries, and hands over what an earlier run left pending (F11), or
    /// what the disk lost behind the last public checkpoint (F13).
    ///
    /// # Errors
    /// [`OutboxError`], above all if the log lacks what a public checkpoint covers: then this disk is older than the log (F9).
    pub async fn start(
        node: Shared,
        origin: String,
        appender: Appender,
        size: u64,
    ) -> Result<Self, OutboxError> {
        let lost = node.database.reopen(&origin, size).await?;
        if lost > 0 {
            tracing::warn!(
                lost,
                "entries behind the last public checkpoint are handed over again"
            );
        }
        let (marks, marked) = mpsc::channel(GROUP * 4);
        let (knocks, knocked) = mpsc::channel(GROUP * 4);
        tokio::spawn(mark(node.clone(), origin.clone(), marked));
        let task = Task {
            node,
            origin,
            appender,
            lines: Lines::default(),
            marks,
            is_behind: true,
        };
        tokio::spawn(task.run(knocked));
        Ok(Self(knocks))
    }

    /// Brings a statement in.
    ///
    /// # Errors
    /// [`DoorError`].
    pub async fn enter(&self, submission: Submission) -> Result<Entered, DoorError> {
        let (answer, answered) = oneshot::channel();
        self.0
            .send(Knock { submission, answer })
            .await
            .map_err(|_| DoorError::Closing)?;
        answered.await.map_err(|_| DoorError::Closing)?
    }
}

struct Task {
    node: Shared,
    origin: String,
    appender: Appender,
    lines: Lines,
    marks: mpsc::Sender<Mark>,
    /// Something accepted has not reached the log. Nothing newer may reach it first: a line's order is its log's order.
    is_behind: bool,
}

/// An entry whose index is to be recorded once it is known.
struct Mark {
    number: u64,
    ticket: Ticket,
}

/// What the database knows about a group.
struct Known {
    /// (Statement, key) pairs that are here (D4).
    signings: HashSet<(Hash, Hash)>,
    /// Cited blobs that are neither held nor withheld (D6).
    missing: HashSet<Hash>,
}

/// What became of one knock before anything was written.
enum Prepared {
    Here {
        statement: Hash,
        key: Hash,
    },
    New {
        statement: Hash,
        signing: Box<NewSigning>,
    },
}

impl Task {
    async fn run(mut self, mut knocked: mpsc::Receiver<Knock>) {
        let mut group = Vec::with_capacity(GROUP);
        loop {
            let wait = if self.is_behind { AGAIN } else { IDLE };
            match tokio::time::timeout(wait, knocked.recv_many(&mut group, GROUP)).await {
                Ok(0) => return,
                Ok(_) => self.take(std::mem::take(&mut group)).await,
                // Nobody knocks: a good time to hand over what the log could not take before.
                Err(_) => {
                    let _ = self.hand_over().await;
                }
            }
        }
    }

    async fn take(&mut self, group: Vec<Knock>) {
        // Only between groups: what a group foresees must not be forgotten before it is committed.
        self.lines.forget_if_many();
        let asked = match self.hand_over().await {
            Ok(()) => self.ask(&group).await,
            Err(error) => Err(error),
        };
        let known = match asked {
            Ok(known) => known,
            Err(error) => {
                for knock in group {
                    let _ = knock.answer.send(Err(error.clone()));
                }
                return;
            }
        };
        let mut prepared = Vec::with_capacity(group.len());
        for knock in group {
            match self.prepare(&knock.submission, &known).await {
                Ok(row) => prepared.push((row, knock.answer)),
                Err(error) => {
                    let _ = knock.answer.send(Err(error));
                }
            }
        }
        let batch: Vec<NewSigning> = prepared
            .iter()
            .filter_map(|(row, _)| match row {
                Prepared::New { signing, .. } => Some(signing.as_ref().clone()),
                Prepared::Here { .. } => None,
            })
            .collect();
        // One durable commit for all of them. A crash before it leaves nothing; one behind it leaves entries pending,
        // which the next start hands over.
        let written = if batch.is_empty() {
            Ok(Vec::new())
        } else {
            self.node
                .database
                .accept_batch(&self.origin, &batch, self.node.now())
                .await
        };
        match written {
            Ok(answers) => self.answer(prepared, answers).await,
            Err(error) => {
                // Whether the commit happened is not known: what it wrote is found among the pending.
                self.is_behind = true;
                self.lines.forget();
                for (_, answer) in prepared {
                    let _ = answer.send(Err(DoorError::Database(error.clone())));
                }
            }
        }
    }

    async fn answer(
        &mut self,
        prepared: Vec<(Prepared, oneshot::Sender<Result<Entered, DoorError>>)>,
        answers: Vec<Acceptance>,
    ) {
        let mut answers = answers.into_iter();
        let mut foreseen = true;
        for (row, answer) in prepared {
            let entered = match row {
                Prepared::Here { statement, key } => self.already_here(statement, key).await,
                Prepared::New { statement, signing } => match answers.next() {
                    Some(Acceptance::Accepted { number }) => {
                        let place = self.append(signing.entry.as_bytes(), number).await;
                        place.map(|place| Entered {
                            is_new: true,
                            place,
                        })
                    }
                    // The same signing twice in one group.
                    Some(Acceptance::AlreadyHere { .. }) => {
                        self.already_here(statement, signing.key).await
                    }
                    refused => {
                        foreseen = false;
                        Err(refusal_of(refused))
                    }
                },
            };
            // A sender that went away asks again, and D4 answers.
            let _ = answer.send(entered);
        }
        if !foreseen {
            self.lines.forget();
        }
    }

    async fn append(&mut self, entry: &[u8], number: u64) -> Result<Place, DoorError> {
        if self.is_behind {
            return Err(AppendRefused::Overloaded.into());
        }
        let ticket = self
            .appender
            .append(entry)
            .inspect_err(|_| self.is_behind = true)?;
        let _ = self
            .marks
            .send(Mark {
                number,
                ticket: ticket.clone(),
            })
            .await;
        Ok(Place::Ticket(ticket, leaf_hash(entry)))
    }

    /// D4: the signing is here. Its entry is the one that was accepted first: a second signature by the same key over the
    /// same payload would be another leaf (`tlog.md` §4).
    async fn already_here(&mut self, statement: Hash, key: Hash) -> Result<Entered, DoorError> {
        let database = &self.node.database;
        let mut after = 0;
        loop {
            let row = database.signing(&self.origin, statement, key).await?;
            if let Some(index) = row.and_then(|row| row.index) {
                return Ok(Entered {
                    is_new: false,
                    place: Place::Index(index),
                });
            }
            let pending = database.pending(&self.origin, after, PENDING).await?;
            let found = pending
                .iter()
                .find(|entry| (entry.statement, entry.key) == (statement, key));
            if let Some(entry) = found {
                // The log's dedup gives the index that the entry has.
                let place = self.append(entry.entry.as_bytes(), entry.number).await?;
                return Ok(Entered {
                    is_new: false,
                    place,
                });
            }
            // At the end of the list begin anew: its index was recorded between the two reads.
            after = pending.last().map_or(0, |entry| entry.number);
        }
    }

    /// F11: entries that were accepted and have no index go to the log, in the order of acceptance, before anything newer;
    /// the log's dedup knows those that it has.
    async fn hand_over(&mut self) -> Result<(), DoorError> {
        if !self.is_behind {
            return Ok(());
        }
        if !self.node.takes_entries() {
            return Err(AppendRefused::NotAllowedYet.into());
        }
        let mut after = 0;
        loop {
            let pending = self
                .node
                .database
                .pending(&self.origin, after, PENDING)
                .await?;
            let Some(last) = pending.last() else { break };
            after = last.number;
            for entry in pending {
                let ticket = self.appender.append(entry.entry.as_bytes())?;
                let _ = self
                    .marks
                    .send(Mark {
                        number: entry.number,
                        ticket,
                    })
                    .await;
            }
        }
        self.is_behind = false;
        Ok(())
    }

    /// What the database knows about a whole group, in a few queries: one for each statement would cost more than its
    /// signature.
    async fn ask(&mut self, group: &[Knock]) -> Result<Known, DoorError> {
        let submissions = || group.iter().map(|knock| &knock.submission);
        let pairs: Vec<(Hash, Hash)> = submissions()
            .map(|submission| (submission.statement.id(), submission.admitted.key.id().0))
            .collect();
        let cites: Vec<Hash> = submissions()
            .flat_map(|submission| cited_blobs(&submission.statement))
            .collect();
        let lines: HashSet<Hash> = submissions()
            .filter_map(|submission| submission.statement.kind().as_update())
            .map(|update| update.line.id())
            .collect();
        let database = &self.node.database;
        let known = Known {
            signings: database.signings_here(&self.origin, &pairs).await?,
            missing: database.missing_blobs(&cites).await?.into_iter().collect(),
        };
        self.lines.read(&self.node, &self.origin, lines).await?;
        Ok(known)
    }

    /// D4, D6, D7 and the rules of the kind, against the log and what this group adds to it.
    async fn prepare(
        &mut self,
        submission: &Submission,
        known: &Known,
    ) -> Result<Prepared, DoorError> {
        let Submission {
            statement,
            envelope,
            admitted,
        } = submission;
        let entry = Entry::of(envelope, &admitted.key);
        let key = admitted.key.id().0;
        if known.signings.contains(&(statement.id(), key)) {
            return Ok(Prepared::Here {
                statement: statement.id(),
                key,
            });
        }
        let cites = cited_blobs(statement);
        if let Some(missing) = cites.iter().find(|blob| known.missing.contains(blob)) {
            return Err(Refusal::new(Rule::D6, "/predicate", What::BlobMissing(*missing)).into());
        }
        let party = Word::parse(&admitted.party).map_err(|_| not_admitted())?;
        let plan = FactsPlan::of(statement);
        let facts: Facts = self
            .lines
            .facts(&self.node, &self.origin, &plan, party)
            .await?;
        let accepted: Accepted<'_> = door(statement, &facts, self.node.time())?;
        self.lines.note(&accepted);
        let signing = NewSigning {
            body: String::from_utf8(envelope.payload().to_vec())
                .map_err(|_| Refusal::new(Rule::S5, "", What::Expected("UTF-8")))?,
            withheld: false,
            predicate_type: statement.kind().name().predicate_type().to_owned(),
            key,
            party: admitted.party.clone(),
            daily_quota: admitted.quota,
            entry: String::from_utf8(entry.to_bytes())
                .map_err(|_| Refusal::new(Rule::S5, "", What::Expected("UTF-8")))?,
            cites,
            jobs: jobs_for(statement, self.node.now()),
        };
        Ok(Prepared::New {
            statement: statement.id(),
            signing: Box::new(signing),
        })
    }
}

/// Why a row of the batch was not written.
fn refusal_of(acceptance: Option<Acceptance>) -> DoorError {
    match acceptance {
        Some(Acceptance::BlobMissing(digest)) => {
            Refusal::new(Rule::D6, "/predicate", What::BlobMissing(digest)).into()
        }
        Some(Acceptance::QuotaUsed { .. }) => Refusal::new(Rule::D5, "", What::QuotaSpent).into(),
        _ => DoorError::Closing,
    }
}

/// The refusal of a key that may not speak here (D2).
pub fn not_admitted() -> Refusal {
    Refusal::new(Rule::D2, "", What::NotAdmitted)
}

/// D6: every blob that a statement cites. A source root is the name of a tree, not of a blob, and files are what
/// customers hold: their bytes are welcome and not required.
fn cited_blobs(statement: &Statement) -> Vec<Hash> {
    let Kind::Update(update) = statement.kind() else {
        return Vec::new();
    };
    let mut cited: Vec<Hash> = update.sbom.iter().map(|sbom| sbom.sha256).collect();
    cited.extend(update.notes);
    cited.extend(update.recipe);
    cited
}

/// Work that an accepted statement causes; written in the same transaction.
fn jobs_for(statement: &Statement, now: u64) -> Vec<NewJob> {
    let Kind::Update(update) = statement.kind() else {
        return Vec::new();
    };
    vec![crate::worker::bundle_job(
        update.line.id(),
        statement.id(),
        now,
    )]
}

/// Records indexes, many in one transaction. What a crash loses here, the next start finds again.
async fn mark(node: Shared, origin: String, mut marked: mpsc::Receiver<Mark>) {
    let mut group = Vec::with_capacity(GROUP);
    while marked.recv_many(&mut group, GROUP).await > 0 {
        let mut answers = Vec::with_capacity(group.len());
        for mut mark in std::mem::take(&mut group) {
            if let Ok(index) = mark.ticket.durable().await {
                answers.push(Sequenced {
                    number: mark.number,
                    index,
                });
            }
        }
        if let Err(error) = node.database.mark_sequenced(&origin, &answers).await {
            tracing::warn!(%error, "indexes not recorded; the next start hands the entries over again");
        }
    }
}

/// Requests that share a commit: beyond it a group only makes the first one wait.
const GROUP: usize = 1024;

/// How long after a refusal of the log what waits is handed over again.
const AGAIN: Duration = Duration::from_millis(500);

/// How long nobody needs to knock before the task looks around.
const IDLE: Duration = Duration::from_secs(60);

/// Pending entries read at once.
const PENDING: u32 = 1024;
