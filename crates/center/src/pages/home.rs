//! `/`: what ships, how it stands, and what nobody has shown yet.

use axum::extract::State;
use axum::response::Response;
use evidence::policy::Policy;
use evidence::reason::CheckName;

use super::answer::{Drawn, Instead, Made};
use super::asked::Asked;
use super::frame::{frame, time};
use super::read::{self, Read};
use super::signed::Signed;
use super::{find, kinds, known, list, trust};
use crate::node::Shared;
use crate::portal::home::{Counts, HomeView, StateLine, render};
use crate::portal::link;
use crate::portal::part::missing::{Missing, Subject};
use crate::portal::part::timeline::{EntryRef, Event, TimelineItem, When};
use crate::portal::updates::UpdateRow;
use crate::portal::word::{CenterState, Word};

/// Home.
pub(super) async fn get(State(node): State<Shared>, asked: Asked) -> Response {
    asked.answer(node, make).await
}

async fn make(node: Shared, asked: Asked) -> Made {
    let newest = updates(&node).await?;
    let (known, _) = known::centers(&node).await?;
    let mut lines = Vec::new();
    lines.extend(update_line(&newest));
    lines.extend(log_line(&node));
    lines.extend(center_line(&known));
    let view = HomeView {
        counts: Counts::of(newest.iter().map(|row| row.word)),
        judged_at: time(node.now()),
        lines,
        latest: latest(&node).await?,
        unshown: unshown(&node, &known).await?,
    };
    Ok(Drawn::new(
        &asked,
        &frame(&node, &asked, None),
        &view,
        render,
    ))
}

/// The newest updates, newest first, each judged.
async fn updates(node: &Shared) -> Result<Vec<UpdateRow>, Instead> {
    let mut rows = Vec::new();
    for source in trust::update_logs(node) {
        for row in node
            .database
            .offers(&source.origin, &Default::default(), None, COUNTED)
            .await?
        {
            rows.push((source, row));
        }
    }
    rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.recorded_at));
    rows.truncate(usize::try_from(COUNTED).unwrap_or(usize::MAX));
    list::offers(node, &rows).await
}

/// The newest that is not accepted; if all are, the newest.
fn update_line(updates: &[UpdateRow]) -> Option<StateLine> {
    let open = updates.iter().find(|row| row.word != Word::Accepted);
    let row = open.or_else(|| updates.first())?;
    Some(StateLine::Updates {
        id: row.id.clone(),
        name: format!("{} {}", row.product, row.version),
        word: row.word,
        at: row.released,
    })
}

fn log_line(node: &Shared) -> Option<StateLine> {
    let source = trust::main_log(node)?;
    let latest = source.latest()?;
    let signed = Signed::of(&latest, trust::witnesses(node, source));
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    Some(StateLine::Log {
        origin: source.origin.clone(),
        size: signed.size,
        signed: count(signed.have()),
        of: count(signed.operators.len()),
        asked: count(signed.asked),
        at: time(signed.at),
    })
}

fn center_line(known: &[known::Known]) -> Option<StateLine> {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let active = known
        .iter()
        .filter(|center| center.row.state == CenterState::Active);
    let silent = known
        .iter()
        .find(|center| center.row.state == CenterState::Silent);
    let last = known
        .iter()
        .filter_map(|center| center.row.cosigned_at)
        .max();
    (!known.is_empty()).then(|| StateLine::Centers {
        active: count(active.count()),
        of: count(known.len()),
        silent: silent.map(|center| center.row.name.clone()),
        at: silent.map_or(last, |center| center.row.cosigned_at),
    })
}

/// The newest entries of all logs seen here, read aloud.
async fn latest(node: &Shared) -> Result<Vec<TimelineItem>, Instead> {
    let mut items = Vec::new();
    for source in &node.sources {
        for row in read::newest(node, source, None, LATEST).await? {
            let Some(read) = Read::of(node, source, row.index).await? else {
                continue;
            };
            let Some(at) = read::logged_at(source, &row)? else {
                continue;
            };
            let files = node.database.files_of(row.statement).await?;
            let said = read.said(node, &row);
            items.push(TimelineItem {
                at: When::At(at),
                event: Event::Statement { said },
                entry: Some(EntryRef {
                    origin: row.origin,
                    index: row.index,
                }),
                href: files
                    .first()
                    .map(|file| link::update(&find::id_of(file.digest))),
            });
        }
    }
    items.sort_by_key(|item| match item.at {
        When::At(at) | When::By(at) => std::cmp::Reverse(at.0),
        When::Waiting => std::cmp::Reverse(i64::MAX),
    });
    items.truncate(usize::try_from(LATEST).unwrap_or(usize::MAX));
    Ok(items)
}

/// What is in no log seen here, who is silent, and what the policy leaves out.
async fn unshown(node: &Shared, known: &[known::Known]) -> Result<Vec<Missing>, Instead> {
    let away = known
        .iter()
        .filter(|center| center.row.state != CenterState::Active);
    let mut missing: Vec<Missing> = away
        .map(|center| Missing::Center {
            name: center.row.name.clone(),
            since: center.row.cosigned_at,
        })
        .collect();
    for (subject, types) in SUBJECTS {
        let mut statements = 0;
        for source in &node.sources {
            statements += kinds::counted(node, source).await?.of(types);
        }
        if statements == 0 {
            missing.push(Missing::NoneYet { subject });
        }
    }
    missing.extend(
        node.policy
            .as_ref()
            .and_then(|portal| nobody_asks(&portal.policy)),
    );
    Ok(missing)
}

/// Checks that no set of the policy asks for.
fn nobody_asks(policy: &Policy) -> Option<Missing> {
    let mut sets = policy
        .sets()
        .values()
        .map(|set| set.requirements.not_asked());
    let mut checks: Vec<CheckName> = sets.next()?.collect();
    for not_asked in sets {
        let others: Vec<CheckName> = not_asked.collect();
        checks.retain(|check| others.contains(check));
    }
    let checks: Vec<String> = checks
        .into_iter()
        .map(|check| check.as_str().to_owned())
        .collect();
    (!checks.is_empty()).then_some(Missing::NotAsked { checks })
}

/// Updates that the headline counts.
const COUNTED: u32 = 42;

/// Entries of the latest.
const LATEST: u32 = 6;

/// Subjects with the predicate types that speak of them.
const SUBJECTS: [(Subject, &[&str]); 5] = [
    (Subject::Rebuild, known::REBUILDS),
    (Subject::Review, known::REVIEWS),
    (Subject::Assessment, &["urn:vitrine:control-assessment:v1"]),
    (
        Subject::DataProcessing,
        &["urn:vitrine:data-flow:v1", "urn:vitrine:data-processing:v1"],
    ),
    (Subject::Advisory, &["urn:vitrine:advisory:v1"]),
];
