//! From log entries to the rows that pages read: pure, so that `rebuild-views` makes the same rows again.
//!
//! An entry says who signed what digest; the body under that digest says what it means. A body that is not here yet, or
//! that cannot be read, still has its entry row: the log is shown as it is.

use evidence::entry::Entry;
use evidence::kind::update_row::UpdateRow as UpdateFacts;
use evidence::statement::{Statement, predicate_type};
use store::views::{EntryRow, FileRow, Run, UpdateRow};
use tlog::hash::leaf_hash;

/// One entry with what is known about it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Index in the log.
    pub index: u64,
    /// The entry's bytes.
    pub entry: &'a [u8],
    /// The body under the entry's digest, if it is here.
    pub body: Option<&'a str>,
    /// Log time in seconds since the epoch.
    pub logged_at: u64,
}

/// The rows of a contiguous run of entries of the log `origin`.
pub fn rows(origin: &str, sources: &[Source<'_>]) -> Run {
    let mut run = Run {
        origin: origin.to_owned(),
        first: sources.first().map_or(0, |source| source.index),
        ..Run::default()
    };
    for source in sources {
        add(&mut run, origin, source);
    }
    run
}

fn add(run: &mut Run, origin: &str, source: &Source<'_>) {
    let entry = Entry::parse(source.entry).ok();
    let statement_id = entry.as_ref().map(|entry| entry.digest).unwrap_or_default();
    run.entries.push(EntryRow {
        origin: origin.to_owned(),
        index: source.index,
        leaf: leaf_hash(source.entry),
        statement: statement_id,
        key: entry.map(|entry| entry.key.id().0).unwrap_or_default(),
        predicate_type: source.body.and_then(|body| predicate_type(body.as_bytes())),
        logged_at: source.logged_at,
    });
    let Some(statement) = source
        .body
        .and_then(|body| Statement::parse(body.as_bytes()).ok())
    else {
        return;
    };
    let Some(facts) = UpdateFacts::of(&statement) else {
        return;
    };
    let [publisher, product, kind, channel, platform] = facts.words;
    run.updates.push(UpdateRow {
        origin: origin.to_owned(),
        index: source.index,
        statement: facts.statement,
        line: facts.line,
        publisher,
        product,
        kind,
        channel,
        platform,
        serial: facts.serial,
        version: facts.version,
        state: facts.state.to_owned(),
        audience: facts
            .tier
            .map_or_else(|| facts.audience.to_owned(), |(name, ..)| name),
        active_from: u64::try_from(facts.from).ok(),
        actions_class: Some(facts.class.to_owned()),
        consent: Some(facts.consent.to_owned()),
        recorded_at: source.logged_at,
    });
    // A statement's files are given once, by its first entry in this run; a further signature changes none of them.
    if run
        .files
        .iter()
        .any(|file| file.statement == facts.statement)
    {
        return;
    }
    for (position, file) in (0..).zip(facts.files) {
        run.files.push(FileRow {
            statement: facts.statement,
            position,
            digest: file.sha256,
            name: file.name,
            role: file.role.to_owned(),
            size: file.size,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = include_str!("../../evidence/testdata/vector/payload.json");

    #[test]
    fn an_entry_without_body_or_of_no_known_form_still_has_its_row() {
        let sources = [
            Source {
                index: 7,
                entry: b"not json",
                body: None,
                logged_at: 5,
            },
            Source {
                index: 8,
                entry: b"{}",
                body: Some(BODY),
                logged_at: 6,
            },
        ];
        let run = rows("log.example/v1", &sources);
        assert_eq!((run.first, run.entries.len(), run.updates.len()), (7, 2, 1));
        assert_eq!(run.entries[0].predicate_type, None);
        assert_eq!(
            run.entries[1].predicate_type.as_deref(),
            Some("urn:vitrine:update:v1")
        );
        assert_eq!(run.files.len(), 1);
    }

    #[test]
    fn a_second_signature_in_one_run_repeats_the_update_but_not_its_files() {
        let source = |index| Source {
            index,
            entry: b"{}",
            body: Some(BODY),
            logged_at: 6,
        };
        let run = rows("log.example/v1", &[source(0), source(1)]);
        assert_eq!((run.updates.len(), run.files.len()), (2, 1));
    }
}
