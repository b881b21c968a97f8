//! `/u/{id}`: one update, judged by the policy of this node.

use axum::extract::{Path, State};
use axum::response::Response;
use evidence::line::Word;
use evidence::reason::CheckName;
use evidence::render;
use evidence::verdict::MisbehaviourKind;
use store::views::{FileRow, UpdateRow};

use super::answer::{Drawn, Instead, Made};
use super::asked::Asked;
use super::checks::{self, Behind};
use super::find::{self, File, Found};
use super::frame::{frame, time};
use super::proof::Proven;
use super::read::{self, Read};
use super::signed::{Last, Signed};
use super::{sightings, trust, updates, verify};
use crate::http::problem::Problem;
use crate::judge::{Judged, judge};
use crate::node::Shared;
use crate::portal::frame::Notice;
use crate::portal::link;
use crate::portal::part::missing::Missing;
use crate::portal::part::said::Audience;
use crate::portal::part::timeline::{EntryRef, Event, TimelineItem, When};
use crate::portal::time::Time;
use crate::portal::update::{Basis, FileLink, FileRef, Files, UpdateView, render as draw};
use crate::source::{Covering, Source};

/// One update; a longer id leads to the short one, an ambiguous one to the list of what it may mean.
pub(super) async fn get(
    State(node): State<Shared>,
    Path(id): Path<String>,
    asked: Asked,
) -> Response {
    let channel = asked.parameter("channel").map(str::to_owned);
    let asked = asked.with(&[("channel", channel.as_deref().unwrap_or_default())]);
    if !find::is_id(&id) {
        return asked.instead(Instead::not_found());
    }
    let channel = channel.map(|word| Word::parse(&word));
    let Ok(channel) = channel.transpose() else {
        return asked.instead(Instead::Problem(Problem::bad_request("channel is no word")));
    };
    asked
        .answer(node, move |node, asked| make(node, asked, id, channel))
        .await
}

async fn make(node: Shared, asked: Asked, id: String, channel: Option<Word>) -> Made {
    let file = match find::update(&node, &id, channel.as_ref()).await? {
        Found::Nothing => return verify::unknown(&node, &asked, &id).await,
        Found::Several(files) => return updates::several(&node, &asked, &id, &files).await,
        Found::One(file) => file,
    };
    let short = find::id_of(file.digest);
    if id != short && find::files(&node, &short).await?.len() == 1 {
        let channel = channel.as_ref().map(Word::as_str).unwrap_or_default();
        return Err(Instead::See(link::with_query(
            &link::update(&short),
            &[("channel", channel)],
        )));
    }
    let judged = judge(&node, file.digest, channel.as_ref())
        .await?
        .ok_or_else(Instead::not_found)?;
    let page = Page::gather(&node, &id, &file, &judged).await?;
    let mut frame = frame(&node, &asked, Some(page.source));
    frame.notices.splice(0..0, misbehaviour(&page));
    let view = page.view();
    Ok(Drawn::new(&asked, &frame, &view, draw))
}

/// What the page is made of.
struct Page<'a> {
    node: &'a Shared,
    id: &'a str,
    judged: &'a Judged,
    source: &'a Source,
    /// The update: its first statement, and the file as that names it.
    row: &'a UpdateRow,
    file: &'a FileRow,
    files: Vec<FileRow>,
    /// Every statement of the serial by index, read.
    statements: Vec<(EntryRef, Option<Time>, Read, store::views::EntryRow)>,
    proven: Option<Proven>,
    /// The checkpoint whose quorum the verdict counted.
    counted: Option<Covering>,
    last: Last,
}

impl<'a> Page<'a> {
    async fn gather(
        node: &'a Shared,
        id: &'a str,
        file: &'a File,
        judged: &'a Judged,
    ) -> Result<Self, Instead> {
        let (row, named) = chosen(file, judged).ok_or_else(Instead::not_found)?;
        let source = node.source(&row.origin).ok_or_else(Instead::not_found)?;
        let mut statements = Vec::new();
        for other in node
            .database
            .updates_on_line(&row.origin, row.line, row.serial, MOST_AMENDMENTS)
            .await?
        {
            if other.serial != row.serial {
                break;
            }
            let entry = node.database.entry(&other.origin, other.index).await?;
            let read = Read::of(node, source, other.index).await?;
            if let Some((entry, read)) = entry.zip(read) {
                let place = EntryRef {
                    origin: entry.origin.clone(),
                    index: entry.index,
                };
                statements.push((place, read::logged_at(source, &entry)?, read, entry));
            }
        }
        let witnesses = trust::witnesses(node, source);
        Ok(Self {
            node,
            id,
            judged,
            source,
            row,
            file: named,
            files: node.database.files_of(row.statement).await?,
            statements,
            proven: Proven::of(source, row.index)?,
            counted: counted(judged, source)?,
            last: sightings::last(node, source, witnesses).await?,
        })
    }

    fn view(&self) -> UpdateView {
        let (verdict, row) = (&self.judged.verdict, self.row);
        let name = self.file.name.as_str();
        let page = link::update(self.id);
        let bundle = format!("/bundle/{}.jsonl", self.file.digest);
        let policy = self
            .node
            .policy
            .as_ref()
            .map(|portal| verify::policy_file(&portal.text));
        let behind = Behind {
            logged: self.proven.clone().map(|proven| (self.source, proven)),
            bundle: Some(bundle.clone()),
            policy: policy.as_ref().map(|file| file.href.clone()),
            page: page.clone(),
        };
        let released = self.released();
        UpdateView {
            id: find::id_of(self.file.digest),
            sha256: self.file.digest.to_hex(),
            file: name.to_owned(),
            size: self.file.size,
            publisher: row.publisher.clone(),
            product: row.product.clone(),
            version: row.version.clone(),
            serial: row.serial,
            kind: row.kind.clone(),
            channel: row.channel.clone(),
            platform: row.platform.clone(),
            audience: self.audience(),
            released: released.unwrap_or(Time(0)),
            entry: EntryRef {
                origin: row.origin.clone(),
                index: row.index,
            },
            other_files: self.other_files(),
            word: checks::word(verdict),
            answer: render::answer(verdict, name),
            hint: checks::hint(verdict),
            basis: Basis {
                judged_at: Time(verdict.now.seconds()),
                policy: verdict.policy.name.to_string(),
                policy_serial: verdict.policy.serial,
            },
            checks: checks::rows(verdict, &behind),
            missing: self.missing(released),
            quorum: self
                .signed()
                .map(|signed| signed.quorum(trust::witnesses(self.node, self.source), &self.last)),
            timeline: self.timeline(),
            files: Files {
                bundle: Some(FileLink {
                    href: bundle,
                    size: self.bundle_size(),
                }),
                policy,
                checks_text: Some(FileLink {
                    href: format!("{page}/checks"),
                    size: None,
                }),
            },
        }
    }

    /// The bundle is written from the very lines that were judged.
    fn bundle_size(&self) -> Option<u64> {
        u64::try_from(evidence::bundle::write(self.judged.evidence.lines()).len()).ok()
    }

    /// Log time of the first statement.
    fn released(&self) -> Option<Time> {
        self.statements.first().and_then(|(_, at, ..)| *at)
    }

    /// Whom it is offered to by what stands now: the last offer.
    fn audience(&self) -> Audience {
        let updates = self.statements.iter().rev().filter_map(|(_, _, read, _)| {
            read.statement
                .as_ref()
                .and_then(|statement| statement.kind().as_update())
        });
        let mut offers =
            updates.filter(|update| update.state == evidence::kind::update::State::Offered);
        offers.next().map_or(Audience::Everyone, |update| {
            read::audience(&update.audience)
        })
    }

    fn other_files(&self) -> Vec<FileRef> {
        let others = self
            .files
            .iter()
            .filter(|file| file.digest != self.file.digest);
        others
            .map(|file| FileRef {
                name: file.name.clone(),
                sha256: file.digest.to_hex(),
                size: file.size,
                id: find::id_of(file.digest),
            })
            .collect()
    }

    /// Who signed the checkpoint that the verdict counted.
    fn signed(&self) -> Option<Signed> {
        let covering = self
            .counted
            .as_ref()
            .or(self.proven.as_ref().map(|proven| &proven.covering))?;
        Some(Signed::of(
            covering,
            trust::witnesses(self.node, self.source),
        ))
    }

    fn missing(&self, released: Option<Time>) -> Vec<Missing> {
        let verdict = &self.judged.verdict;
        let mut missing = checks::unmet(verdict, released);
        let witnesses = trust::witnesses(self.node, self.source);
        if let Some(signed) = self.signed() {
            let away = signed
                .operators
                .iter()
                .filter(|operator| operator.at.is_none());
            missing.extend(away.map(|operator| {
                let last = super::signed::last_of(witnesses, operator.member, &self.last);
                Missing::Witness {
                    name: operator.name.clone(),
                    since: last.map(|(_, at)| time(at)),
                }
            }));
        }
        missing.extend(checks::not_asked(verdict));
        missing
    }

    /// Logged, cosigned, amended: newest last.
    fn timeline(&self) -> Vec<TimelineItem> {
        let witnesses = trust::witnesses(self.node, self.source);
        let signed = self
            .proven
            .as_ref()
            .map(|proven| Signed::of(&proven.covering, witnesses));
        let mut statements = self
            .statements
            .iter()
            .map(|(place, at, read, row)| TimelineItem {
                at: at.map_or(When::Waiting, When::At),
                event: Event::Statement {
                    said: read.said(self.node, row),
                },
                entry: Some(place.clone()),
                href: None,
            });
        let mut items: Vec<TimelineItem> = statements.next().into_iter().collect();
        if let Some(signed) = signed.filter(|signed| signed.asked > 0) {
            // The first witness cannot have signed before the entry stood in the log.
            if let (Some(first), Some(at)) = (items.first_mut(), signed.first()) {
                first.at = When::At(time(at));
            }
            items.extend(cosigned(&signed));
        }
        items.extend(statements);
        items
    }
}

/// The update that the verdict speaks of; where it speaks of none, the newest that names the file.
pub(super) fn chosen<'a>(file: &'a File, judged: &Judged) -> Option<&'a (UpdateRow, FileRow)> {
    let verdict = &judged.verdict;
    let line = verdict.line.as_ref().map(evidence::line::Line::id);
    let judged = file
        .rows
        .iter()
        .find(|(row, _)| Some(row.line) == line && Some(row.serial) == verdict.serial);
    let newest = || {
        let (newest, _) = file.rows.last()?;
        // Of its serial the first statement: later ones amend it.
        file.rows
            .iter()
            .find(|(row, _)| (row.line, row.serial) == (newest.line, newest.serial))
    };
    judged.or_else(newest)
}

/// The largest checkpoint of the log among the evidence: its quorum is the one that the check `witnessed` counts.
fn counted(judged: &Judged, source: &Source) -> Result<Option<Covering>, Instead> {
    let of_log = judged
        .evidence
        .lines()
        .iter()
        .filter(|line| line.origin() == source.origin);
    let indexes = of_log.map(|line| line.place().index);
    let Some(last) = indexes
        .max()
        .filter(|_| judged.verdict.check(CheckName::Witnessed).is_some())
    else {
        return Ok(None);
    };
    Ok(source.first_covering(last)?)
}

/// A cosigner each, in the order of their times, and what is lacking.
fn cosigned(signed: &Signed) -> Vec<TimelineItem> {
    let mut operators: Vec<_> = signed
        .operators
        .iter()
        .filter_map(|operator| Some((operator.at?, &operator.name)))
        .collect();
    operators.sort();
    let item = |at, event| TimelineItem {
        at,
        event,
        entry: None,
        href: None,
    };
    let asked = u64::try_from(signed.asked).unwrap_or(u64::MAX);
    let mut items: Vec<TimelineItem> = (1..)
        .zip(operators)
        .map(|(count, (at, name))| {
            let event = Event::Cosigned {
                witness: name.clone(),
                signed: count,
                asked,
            };
            item(When::At(time(at)), event)
        })
        .collect();
    let lacking = asked.saturating_sub(u64::try_from(signed.have()).unwrap_or(u64::MAX));
    if lacking > 0 {
        items.push(item(
            When::Waiting,
            Event::CosignaturesMissing { n: lacking },
        ));
    }
    items
}

/// The strip above the answer where the log's own signatures convict it of two histories.
fn misbehaviour(page: &Page<'_>) -> Option<Notice> {
    let mut found = page.judged.verdict.misbehaviour.iter().enumerate();
    let (number, found) = found.find(|(_, found)| {
        found.kind == MisbehaviourKind::SplitView && *found.by == *page.source.origin
    })?;
    Some(Notice::Misbehaviour {
        origin: page.source.origin.clone(),
        size: size_of(&found.file)?,
        evidence: format!("{}/misbehaviour/{number}", link::update(page.id)),
    })
}

/// The size at which two histories were shown: that of the first checkpoint in the evidence file.
fn size_of(file: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(file).ok()?;
    let (_, checkpoint) = text.split_once("\n-- checkpoint ")?;
    // Behind the block's length stand origin and size.
    checkpoint.lines().nth(2)?.parse().ok()
}

/// An amendment widens, shortens or withdraws: nobody needs a thousand.
const MOST_AMENDMENTS: u32 = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_evidence_file_tells_the_size_of_its_checkpoints() {
        let note = "log.example/v1\n18377\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n";
        let file = evidence::misbehaviour::split_view(&[], note, note);
        assert_eq!(size_of(&file), Some(18_377));
        for other in [
            &b""[..],
            b"\xff",
            b"\n-- checkpoint 5\nx\n",
            b"\n-- envelope 5\nx\n7\n",
        ] {
            assert_eq!(size_of(other), None);
        }
    }
}
