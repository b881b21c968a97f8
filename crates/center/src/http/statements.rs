//! `POST /api/v1/statements?key=<key id>[&wait=durable]`: one envelope; the signature is the login.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use evidence::envelope::Envelope;
use evidence::limits;
use evidence::refusal::{Refusal, Rule, What};
use evidence::statement::Statement;
use serde::{Deserialize, Serialize};
use store::log::{AppendRefused, Reader};
use tlog::hash::Hash;
use tlog::policy::Tally;
use tlog::proof_file::ProofFile;

use crate::door::{DoorError, Entered, Place, Submission, not_admitted};
use crate::http::drain::drain;
use crate::http::problem::Problem;
use crate::node::{OwnLog, Shared};

/// Parameters of the address.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    key: Option<String>,
    wait: Option<String>,
}

/// The answer.
#[derive(Debug, Serialize)]
struct Answer {
    statement: String,
    key: String,
    origin: String,
    index: u64,
    leaf: String,
    witnessed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    have: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    need: Option<usize>,
}

/// Takes one signed statement.
pub async fn post(
    State(node): State<Shared>,
    Query(parameters): Query<Parameters>,
    body: Body,
) -> Result<Response, Problem> {
    let result = take(&node, parameters, body).await;
    if result.is_err() {
        node.metrics.refused.fetch_add(1, Ordering::Relaxed);
    }
    result
}

async fn take(node: &Shared, parameters: Parameters, body: Body) -> Result<Response, Problem> {
    let (Some(own), Some(door)) = (&node.log, node.door()) else {
        return Err(Problem::not_found());
    };
    let durable = match parameters.wait.as_deref() {
        None => false,
        Some("durable") => true,
        Some(_) => return Err(Problem::bad_request("wait takes the one word durable")),
    };
    // Nothing is accepted that the log could not take: a disk older than the log must not promise anything.
    if !node.takes_entries() {
        return Err(DoorError::Log(AppendRefused::NotAllowedYet).into());
    }
    // D2 before a byte is read: a stranger must not spend our memory or time.
    let key = parameters.key.as_deref().and_then(Hash::from_hex);
    let admitted = match key {
        Some(key) => node.admitted(key).await.map(|admitted| (key, admitted)),
        None => None,
    };
    let Some((key, admitted)) = admitted else {
        drain(&mut body.into_data_stream()).await;
        return Err(not_admitted().into());
    };
    // D1: a byte too many is seen without reading the rest; one that never comes is not waited for.
    let bytes = tokio::time::timeout(BODY_WITHIN, to_bytes(body, limits::ENVELOPE))
        .await
        .map_err(|_| Problem::bad_request("the body did not come in time"))?
        .map_err(|_| {
            Refusal::new(
                Rule::D1,
                "",
                What::TooLarge {
                    most: limits::ENVELOPE,
                },
            )
        })?;
    let envelope = Envelope::parse(&bytes)?;
    envelope
        .verify(&admitted.key)
        .map_err(|error| Refusal::new(Rule::S3, "/signatures/0/sig", What::Signature(error)))?;
    let statement = Statement::parse(envelope.payload())?;
    let id = statement.id();
    let Entered { is_new, place } = door
        .enter(Submission {
            statement,
            envelope,
            admitted,
        })
        .await?;
    let reader = own.log.reader();
    let (index, leaf) = match place {
        Place::Index(index) => (
            index,
            reader
                .leaf_hash(index)
                .map_err(|error| Problem::unavailable(&error))?,
        ),
        Place::Ticket(mut ticket, leaf) => (ticket.durable().await.map_err(DoorError::Log)?, leaf),
    };
    if is_new {
        node.metrics.accepted.fetch_add(1, Ordering::Relaxed);
    }
    let mut answer = Answer {
        statement: id.to_hex(),
        key: key.to_hex(),
        origin: own.origin.clone(),
        index,
        leaf: leaf.to_hex(),
        witnessed: false,
        proof: None,
        have: None,
        need: None,
    };
    let done = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    if durable {
        return Ok((done, Json(answer)).into_response());
    }
    let patience = Duration::from_secs(node.config.limits.quorum_seconds);
    match witnessed(&reader, index, patience).await {
        Ok(()) => {
            let proof = prove(own, index).await?;
            answer.witnessed = true;
            answer.proof = Some(proof);
            Ok((done, Json(answer)).into_response())
        }
        Err(tally) => {
            answer.have = Some(tally.have);
            answer.need = Some(tally.need);
            let later = [(header::RETRY_AFTER, "5")];
            Ok((StatusCode::ACCEPTED, later, Json(answer)).into_response())
        }
    }
}

/// Waits until a public checkpoint covers `index`; otherwise how the quorum stands.
async fn witnessed(reader: &Reader, index: u64, patience: Duration) -> Result<(), Tally> {
    let mut progress = reader.progress();
    let reached = progress.wait_for(|progress| {
        progress.public.is_some_and(|size| size > index) || progress.stopped.is_some()
    });
    let reached = tokio::time::timeout(patience, reached).await.is_ok();
    let now = reader.progress().borrow().clone();
    if reached && now.public.is_some_and(|size| size > index) {
        return Ok(());
    }
    Err(now.missing.map(|missing| missing.tally).unwrap_or_default())
}

/// The proof file of an entry that a public checkpoint covers.
pub(super) async fn prove(own: &OwnLog, index: u64) -> Result<String, Problem> {
    let reader = own.log.reader();
    let proven = tokio::task::spawn_blocking(move || {
        let Some(covering) = reader.first_covering(index)? else {
            return Ok(None);
        };
        let hashes = reader.inclusion_proof(index, covering.size)?;
        let file = ProofFile {
            extra: None,
            index,
            hashes,
            checkpoint: covering.note.to_string(),
        };
        Ok::<_, store::log::ReadError>(Some(file.to_text()))
    });
    match proven.await {
        Ok(Ok(Some(proven))) => Ok(proven),
        Ok(Ok(None)) => Err(Problem::not_found()),
        Ok(Err(error)) => Err(Problem::unavailable(&error)),
        Err(error) => Err(Problem::unavailable(&error)),
    }
}

impl From<DoorError> for Problem {
    fn from(error: DoorError) -> Self {
        match error {
            DoorError::Refused(refusal) => refusal.into(),
            DoorError::Log(AppendRefused::NoSpace) => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "disk-full",
                "no space left for the log",
                "send the same statement again later; it gets one index",
            ),
            DoorError::Log(ref refused) => {
                let hint = refused.hint();
                let mut problem = Self::unavailable(&error);
                problem.hint = hint;
                problem
            }
            DoorError::Database(_) | DoorError::Closing => Self::unavailable(&error),
        }
    }
}

/// 1.5 MiB at 150 kB/s.
const BODY_WITHIN: Duration = Duration::from_secs(10);
