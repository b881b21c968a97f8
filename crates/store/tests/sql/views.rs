use proptest::prelude::*;
use store::database::Database;
use store::views::{
    EntryRow, FileRow, LogRow, Run, UpdateFilter, UpdateRow, ViewCounts, ViewError,
};
use tlog::hash::Hash;

use crate::world::{NOW, ORIGIN, World, abandon_after, id};

/// Entry `index` of a made-up log. Every third is no update, every fifth has a withheld body, and 6, 7 are two
/// signings of one statement.
fn entry(index: u64) -> EntryRow {
    let statement = if index == 7 { 6 } else { index };
    EntryRow {
        origin: ORIGIN.to_owned(),
        index,
        leaf: id(&format!("leaf {index}")),
        statement: id(&format!("statement {statement}")),
        key: id(&format!("key {}", index % 2)),
        predicate_type: (index % 5 != 4).then(|| "urn:vitrine:update:v1".to_owned()),
        logged_at: NOW + index,
    }
}

fn update(index: u64) -> UpdateRow {
    let product = if index.is_multiple_of(2) {
        "acme-shield"
    } else {
        "Acme_Mail"
    };
    let channel = if index < 10 { "stable" } else { "beta" };
    UpdateRow {
        origin: ORIGIN.to_owned(),
        index,
        statement: entry(index).statement,
        line: id(&format!("line {product} {channel}")),
        publisher: "acme".to_owned(),
        product: product.to_owned(),
        kind: "software".to_owned(),
        channel: channel.to_owned(),
        platform: "linux-x86_64".to_owned(),
        serial: index + 1,
        version: format!("4.{index}.0-Ä"),
        state: if index == 8 { "withdrawn" } else { "offered" }.to_owned(),
        audience: "everyone".to_owned(),
        active_from: index.is_multiple_of(2).then_some(NOW),
        actions_class: Some("fix".to_owned()),
        consent: None,
        recorded_at: NOW + index,
    }
}

fn files(index: u64) -> Vec<FileRow> {
    let statement = entry(index).statement;
    ["app.deb", "app.rpm"]
        .iter()
        .zip(0..)
        .map(|(name, position)| FileRow {
            statement,
            position,
            digest: id(&format!("{name} of {statement}")),
            name: (*name).to_owned(),
            role: "full".to_owned(),
            size: 1000 + u64::from(position),
        })
        .collect()
}

fn is_update(index: u64) -> bool {
    index % 3 != 2 && index % 5 != 4 && index != 7
}

fn run(first: u64, end: u64) -> Run {
    let updates: Vec<u64> = (first..end).filter(|index| is_update(*index)).collect();
    let mut run = Run {
        origin: ORIGIN.to_owned(),
        first,
        entries: (first..end).map(entry).collect(),
        updates: updates.iter().copied().map(update).collect(),
        files: updates.iter().copied().flat_map(files).collect(),
    };
    // The second signing of statement 6 brings the same update and the same files again.
    if (first..end).contains(&7) {
        run.updates.push(UpdateRow {
            index: 7,
            ..update(6)
        });
        run.files.extend(files(7));
    }
    run
}

async fn applied(end: u64) -> World {
    let world = World::new().await;
    assert_eq!(world.database.apply(&run(0, end)).await, Ok(end));
    world
}

async fn indexes(
    database: &Database,
    filter: &UpdateFilter,
    before: Option<u64>,
    limit: u32,
) -> Vec<u64> {
    let updates = database
        .updates(ORIGIN, filter, before, limit)
        .await
        .unwrap();
    updates.into_iter().map(|update| update.index).collect()
}

#[tokio::test]
async fn a_run_moves_the_cursor_and_is_read_back() {
    let world = applied(5).await;
    assert_eq!(world.database.cursor(ORIGIN).await, Ok(5));
    assert_eq!(world.database.entry(ORIGIN, 3).await, Ok(Some(entry(3))));
    assert_eq!(
        world
            .database
            .entry(ORIGIN, 4)
            .await
            .unwrap()
            .unwrap()
            .predicate_type,
        None
    );
    assert_eq!(
        world.database.updates_of(entry(0).statement).await,
        Ok(vec![update(0)])
    );
    assert_eq!(
        world.database.files_of(entry(0).statement).await,
        Ok(files(0))
    );
    assert_eq!(world.database.apply(&run(5, 9)).await, Ok(9));
}

#[tokio::test]
async fn nothing_is_found_where_nothing_is() {
    let world = applied(3).await;
    assert_eq!(world.database.cursor("other.example/v1").await, Ok(0));
    assert_eq!(world.database.entry(ORIGIN, 3).await, Ok(None));
    assert_eq!(world.database.entry("other.example/v1", 0).await, Ok(None));
    assert_eq!(world.database.updates_of(id("unknown")).await, Ok(vec![]));
    assert_eq!(world.database.entries_of(id("unknown")).await, Ok(vec![]));
    assert_eq!(world.database.files_of(id("unknown")).await, Ok(vec![]));
    assert_eq!(
        world.database.highest_serial(ORIGIN, id("unknown")).await,
        Ok(None)
    );
    assert_eq!(world.database.log(ORIGIN).await, Ok(None));
    assert_eq!(
        world.database.view_counts("other.example/v1").await,
        Ok(ViewCounts::default())
    );
    assert_eq!(
        indexes(&world.database, &UpdateFilter::default(), Some(0), 10).await,
        [0; 0]
    );
}

#[tokio::test]
async fn refuses_a_run_that_does_not_start_at_the_cursor() {
    let world = applied(5).await;
    let before = world.database.dump().await.unwrap();
    for (first, end) in [(0, 5), (0, 6), (4, 6), (6, 8), (1 << 40, (1 << 40) + 1)] {
        let refused = world.database.apply(&run(first, end)).await;
        assert_eq!(
            refused,
            Err(ViewError::CursorMoved {
                expected: first,
                found: 5
            })
        );
    }
    assert_eq!(world.database.dump().await.unwrap(), before);
    let empty = World::new().await;
    let refused = empty.database.apply(&run(1, 2)).await;
    assert_eq!(
        refused,
        Err(ViewError::CursorMoved {
            expected: 1,
            found: 0
        })
    );
    assert!(!refused.unwrap_err().hint().is_empty());
}

#[tokio::test]
async fn refuses_rows_that_do_not_form_a_run() {
    let world = World::new().await;
    let whole = run(0, 4);
    let mut empty = whole.clone();
    empty.entries.clear();
    let mut gap = whole.clone();
    gap.entries.remove(1);
    let mut swapped = whole.clone();
    swapped.entries.swap(0, 1);
    let mut foreign_entry = whole.clone();
    foreign_entry.entries[2].origin = "other.example/v1".to_owned();
    let mut foreign_update = whole.clone();
    foreign_update.updates[0].origin = "other.example/v1".to_owned();
    let mut update_behind = whole.clone();
    update_behind.updates[0].index = 4;
    let mut update_of_another_statement = whole.clone();
    update_of_another_statement.updates[0].index = 1;
    let mut file_of_another_statement = whole.clone();
    file_of_another_statement.files[0].statement = id("unknown");
    let last = EntryRow {
        index: u64::MAX,
        ..entry(0)
    };
    let end = Run {
        origin: ORIGIN.to_owned(),
        first: u64::MAX,
        entries: vec![last],
        ..Run::default()
    };
    for refused in [
        empty,
        gap,
        swapped,
        foreign_entry,
        foreign_update,
        update_behind,
        update_of_another_statement,
        file_of_another_statement,
        end,
    ] {
        assert!(
            matches!(
                world.database.apply(&refused).await,
                Err(ViewError::NotARun(_))
            ),
            "{refused:?}"
        );
    }
    assert_eq!(world.database.dump().await.unwrap(), "");
}

#[tokio::test]
async fn updates_are_listed_newest_first_and_cut_by_index() {
    let world = applied(16).await;
    let all: Vec<u64> = (0..16).filter(|index| is_update(*index)).rev().collect();
    let none = UpdateFilter::default();
    assert_eq!(indexes(&world.database, &none, None, 100).await, all);
    let first = indexes(&world.database, &none, None, 3).await;
    let second = indexes(&world.database, &none, first.last().copied(), 100).await;
    assert_eq!([first.clone(), second].concat(), all);
    // P14: the same address shows the same rows after more entries came.
    world.database.apply(&run(16, 30)).await.unwrap();
    let before = Some(16);
    assert_eq!(indexes(&world.database, &none, before, 100).await, all);
}

#[tokio::test]
async fn a_threshold_statement_is_listed_once_at_its_first_entry() {
    let world = applied(9).await;
    let statement = entry(6).statement;
    assert_eq!(
        world.database.updates_of(statement).await,
        Ok(vec![update(6)])
    );
    assert_eq!(
        world.database.entries_of(statement).await,
        Ok(vec![entry(6), entry(7)])
    );
    let listed = indexes(&world.database, &UpdateFilter::default(), None, 100).await;
    assert!(listed.contains(&6) && !listed.contains(&7));
    assert_eq!(world.database.files_of(statement).await, Ok(files(6)));
}

#[tokio::test]
async fn filters_meet_exactly_what_they_say() {
    let world = applied(16).await;
    let of = |value: &str| Some(value.to_owned());
    let none = UpdateFilter::default();
    let selects = |filter: UpdateFilter, expected: fn(u64) -> bool| {
        let database = world.database.clone();
        async move {
            let wanted: Vec<u64> = (0..16)
                .filter(|index| is_update(*index) && expected(*index))
                .rev()
                .collect();
            assert_eq!(
                indexes(&database, &filter, None, 100).await,
                wanted,
                "{filter:?}"
            );
        }
    };
    selects(
        UpdateFilter {
            product: of("acme-shield"),
            ..none.clone()
        },
        |index| index % 2 == 0,
    )
    .await;
    selects(
        UpdateFilter {
            product: of("acme"),
            ..none.clone()
        },
        |_| false,
    )
    .await;
    selects(
        UpdateFilter {
            channel: of("beta"),
            ..none.clone()
        },
        |index| index >= 10,
    )
    .await;
    selects(
        UpdateFilter {
            state: of("withdrawn"),
            ..none.clone()
        },
        |index| index == 8,
    )
    .await;
    selects(
        UpdateFilter {
            text: of("4.1"),
            ..none.clone()
        },
        |index| index == 1 || index >= 10,
    )
    .await;
    selects(
        UpdateFilter {
            text: of("MAIL"),
            ..none.clone()
        },
        |index| index % 2 == 1,
    )
    .await;
    // Case is folded before it reaches the database, umlauts too; wildcards stand for themselves.
    selects(
        UpdateFilter {
            text: of("-ä"),
            ..none.clone()
        },
        |_| true,
    )
    .await;
    selects(
        UpdateFilter {
            text: of("acme_"),
            ..none.clone()
        },
        |index| index % 2 == 1,
    )
    .await;
    selects(
        UpdateFilter {
            text: of("%"),
            ..none.clone()
        },
        |_| false,
    )
    .await;
    selects(
        UpdateFilter {
            text: of(r"\"),
            ..none.clone()
        },
        |_| false,
    )
    .await;
    selects(
        UpdateFilter {
            text: of("' OR '1'='1"),
            ..none.clone()
        },
        |_| false,
    )
    .await;
    selects(
        UpdateFilter {
            product: of("acme-shield"),
            channel: of("stable"),
            state: of("offered"),
            text: of("4."),
        },
        |index| index % 2 == 0 && index < 10 && index != 8,
    )
    .await;
}

#[tokio::test]
async fn updates_are_found_by_file_and_by_prefix() {
    let world = applied(9).await;
    let digest = files(3)[1].digest.to_hex();
    for length in [16, 17, 40, 64] {
        assert_eq!(
            world.database.updates_by_file(&digest[..length], 10).await,
            Ok(vec![update(3)])
        );
    }
    let statement = entry(3).statement.to_hex();
    for length in [16, 64] {
        assert_eq!(
            world
                .database
                .updates_by_statement(&statement[..length], 10)
                .await,
            Ok(vec![update(3)])
        );
    }
    for refused in [
        digest.to_uppercase(),
        format!("{digest}0"),
        format!("{}%", &digest[..16]),
        "xyz".to_owned(),
        id("unknown").to_hex(),
    ] {
        assert_eq!(
            world.database.updates_by_file(&refused, 10).await,
            Ok(vec![]),
            "{refused}"
        );
        assert_eq!(
            world.database.updates_by_statement(&refused, 10).await,
            Ok(vec![]),
            "{refused}"
        );
    }
    // An ambiguous prefix lists all it could mean, in order.
    let all = world.database.updates_by_file("", 100).await.unwrap();
    assert_eq!(
        all,
        (0..9)
            .filter(|index| is_update(*index))
            .map(update)
            .collect::<Vec<_>>()
    );
    assert_eq!(
        world.database.updates_by_file("", 2).await.unwrap().len(),
        2
    );
}

#[tokio::test]
async fn a_line_is_read_by_serial() {
    let world = applied(16).await;
    let line = update(0).line;
    let on_line: Vec<u64> = (0..10)
        .filter(|index| is_update(*index) && index % 2 == 0)
        .collect();
    let found = world
        .database
        .updates_on_line(ORIGIN, line, 0, 100)
        .await
        .unwrap();
    assert_eq!(
        found.iter().map(|update| update.index).collect::<Vec<_>>(),
        on_line
    );
    let found = world
        .database
        .updates_on_line(ORIGIN, line, 7, 1)
        .await
        .unwrap();
    assert_eq!(
        found.iter().map(|update| update.serial).collect::<Vec<_>>(),
        [7]
    );
    assert_eq!(
        world.database.highest_serial(ORIGIN, line).await,
        Ok(on_line.last().map(|index| index + 1))
    );
    assert_eq!(
        world
            .database
            .highest_serial("other.example/v1", line)
            .await,
        Ok(None)
    );
}

#[tokio::test]
async fn entries_are_listed_in_pages() {
    let world = applied(10).await;
    let page = world.database.entries(ORIGIN, None, 4).await.unwrap();
    assert_eq!(page, [9, 8, 7, 6].map(entry));
    let page = world.database.entries(ORIGIN, Some(2), 4).await.unwrap();
    assert_eq!(page, [1, 0].map(entry));
    assert_eq!(world.database.entries(ORIGIN, Some(0), 4).await, Ok(vec![]));
    assert_eq!(
        world.database.entries("other.example/v1", None, 4).await,
        Ok(vec![])
    );
}

/// Entry `index` as an update of serial `serial` with the files of `of`.
fn about(index: u64, serial: u64, of: u64) -> Run {
    let line = id("one line");
    let statement = entry(index).statement;
    Run {
        origin: ORIGIN.to_owned(),
        first: index,
        entries: vec![entry(index)],
        updates: vec![UpdateRow {
            index,
            statement,
            line,
            serial,
            ..update(0)
        }],
        files: files(of)
            .into_iter()
            .map(|file| FileRow { statement, ..file })
            .collect(),
    }
}

#[tokio::test]
async fn an_offer_is_listed_once_at_its_first_entry_and_other_files_under_its_serial_besides() {
    let world = World::new().await;
    // An offer, its amendment, the next serial, and the first serial again with other files.
    for run in [
        about(0, 1, 0),
        about(1, 1, 0),
        about(2, 2, 2),
        about(3, 1, 3),
    ] {
        world.database.apply(&run).await.unwrap();
    }
    let offers = async |filter: &UpdateFilter, before, limit| -> Vec<u64> {
        let rows = world
            .database
            .offers(ORIGIN, filter, before, limit)
            .await
            .unwrap();
        rows.into_iter().map(|row| row.index).collect()
    };
    let all = UpdateFilter::default();
    let other = UpdateFilter {
        product: Some("other".to_owned()),
        ..all.clone()
    };
    assert_eq!(offers(&all, None, 9).await, [3, 2, 0]);
    assert_eq!(offers(&all, None, 1).await, [3]);
    assert_eq!(offers(&all, Some(2), 9).await, [0]);
    assert_eq!(offers(&other, None, 9).await, [] as [u64; 0]);
    assert_eq!(world.database.offer_count(ORIGIN, &all).await, Ok(2));
    assert_eq!(world.database.offer_count(ORIGIN, &other).await, Ok(0));
    assert_eq!(world.database.offer_count("other", &all).await, Ok(0));
}

#[tokio::test]
async fn products_and_kinds_are_of_one_log() {
    let world = applied(10).await;
    let database = &world.database;
    let products = database.products(ORIGIN, 9).await.unwrap();
    assert_eq!(products, ["Acme_Mail", "acme-shield"]);
    assert_eq!(database.products(ORIGIN, 1).await.unwrap(), ["Acme_Mail"]);
    assert_eq!(database.products("other", 9).await, Ok(Vec::new()));
    for (range, withheld, known) in [(0..10, 2, 8), (4..5, 1, 0), (5..9, 0, 4)] {
        let mut kinds = database.kinds(ORIGIN, range.clone()).await.unwrap();
        kinds.sort();
        let expected = [
            (None, withheld),
            (Some("urn:vitrine:update:v1".to_owned()), known),
        ];
        let expected: Vec<_> = expected
            .into_iter()
            .filter(|(_, number)| *number > 0)
            .collect();
        assert_eq!(kinds, expected, "{range:?}");
    }
    assert_eq!(database.kinds("other", 0..10).await, Ok(Vec::new()));
}

#[tokio::test]
async fn counts_are_of_one_log() {
    let world = applied(16).await;
    let updates = (0..16).filter(|index| is_update(*index)).count() as u64;
    let expected = ViewCounts {
        entries: 16,
        updates,
        lines: 4,
    };
    assert_eq!(world.database.view_counts(ORIGIN).await, Ok(expected));
}

#[tokio::test]
async fn the_newest_checkpoint_of_a_log_never_shrinks() {
    let world = World::new().await;
    let log = |origin: &str, size: u64| LogRow {
        origin: origin.to_owned(),
        size,
        root: id(&format!("root {size}")),
        checkpoint: format!("{origin}\n{size}\nroot\n\n— name sig\n"),
        checked_at: NOW + size,
    };
    world
        .database
        .record_log(&log("b.example", 5))
        .await
        .unwrap();
    world
        .database
        .record_log(&log("a.example", 3))
        .await
        .unwrap();
    world
        .database
        .record_log(&log("b.example", 4))
        .await
        .unwrap();
    assert_eq!(
        world.database.logs().await,
        Ok(vec![log("a.example", 3), log("b.example", 5)])
    );
    // The same size again carries more cosignatures, or a later check.
    let again = LogRow {
        checked_at: NOW + 99,
        ..log("b.example", 5)
    };
    world.database.record_log(&again).await.unwrap();
    assert_eq!(world.database.log("b.example").await, Ok(Some(again)));
}

#[tokio::test]
async fn a_body_that_came_later_fills_its_row() {
    let world = applied(10).await;
    let opened = |index: u64| Run {
        origin: ORIGIN.to_owned(),
        first: index,
        entries: vec![EntryRow {
            predicate_type: Some("urn:vitrine:update:v1".to_owned()),
            ..entry(index)
        }],
        updates: vec![update(index)],
        files: files(index),
    };
    world.database.revise(&opened(4)).await.unwrap();
    world.database.revise(&opened(4)).await.unwrap();
    assert_eq!(world.database.cursor(ORIGIN).await, Ok(10));
    assert_eq!(
        world.database.updates_of(entry(4).statement).await,
        Ok(vec![update(4)])
    );
    assert!(
        world
            .database
            .entry(ORIGIN, 4)
            .await
            .unwrap()
            .unwrap()
            .predicate_type
            .is_some()
    );
    let refused = world.database.revise(&opened(10)).await;
    assert_eq!(
        refused,
        Err(ViewError::CursorMoved {
            expected: 11,
            found: 10
        })
    );
    assert_eq!(
        world.database.revise(&Run::default()).await,
        Err(ViewError::NotARun("it is empty"))
    );
}

/// A revision leaves what a rebuild with the same body would make.
#[tokio::test]
async fn a_revision_equals_a_rebuild() {
    let whole = applied(10).await;
    let revised = World::new().await;
    let mut without = run(0, 10);
    without.entries[6].predicate_type = None;
    without.entries[7].predicate_type = None;
    without
        .updates
        .retain(|update| update.statement != entry(6).statement);
    without
        .files
        .retain(|file| file.statement != entry(6).statement);
    revised.database.apply(&without).await.unwrap();
    // The second signing is opened first.
    revised.database.revise(&run(7, 8)).await.unwrap();
    revised.database.revise(&run(6, 7)).await.unwrap();
    assert_eq!(revised.database.dump().await, whole.database.dump().await);
}

#[tokio::test]
async fn cleared_views_are_empty_and_are_rebuilt_equal() {
    let world = applied(20).await;
    let log = LogRow {
        origin: ORIGIN.to_owned(),
        size: 20,
        root: Hash::EMPTY_ROOT,
        checkpoint: "note".to_owned(),
        checked_at: NOW,
    };
    world.database.record_log(&log).await.unwrap();
    let before = world.database.dump().await.unwrap();
    world.database.clear_views().await.unwrap();
    assert_eq!(world.database.dump().await.unwrap(), "");
    for index in 0..20 {
        world.database.apply(&run(index, index + 1)).await.unwrap();
    }
    world
        .database
        .record_log(&LogRow {
            checked_at: NOW + 500,
            ..log
        })
        .await
        .unwrap();
    assert_eq!(world.database.dump().await.unwrap(), before);
}

#[tokio::test]
async fn the_dump_tells_every_difference() {
    let world = applied(5).await;
    let before = world.database.dump().await.unwrap();
    let mut other = run(0, 5);
    other.updates[0].version = "4.0.1".to_owned();
    let different = World::new().await;
    different.database.apply(&other).await.unwrap();
    assert_ne!(different.database.dump().await.unwrap(), before);
    assert_ne!(applied(4).await.database.dump().await.unwrap(), before);
}

/// Two programs apply the same log: each run is written by exactly one of them.
#[tokio::test(flavor = "multi_thread")]
async fn two_programs_apply_one_log_without_gap_or_repetition() {
    let world = World::new().await;
    let programs = [world.database.clone(), world.other_program().await];
    let tasks: Vec<_> = programs
        .into_iter()
        .map(|database| {
            tokio::spawn(async move {
                loop {
                    let first = database.cursor(ORIGIN).await.unwrap();
                    if first >= 40 {
                        return;
                    }
                    match database.apply(&run(first, (first + 3).min(40))).await {
                        Ok(_) | Err(ViewError::CursorMoved { .. }) => {}
                        Err(error) => panic!("{error:?}"),
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(
        world.database.dump().await,
        applied(40).await.database.dump().await
    );
}

/// Killed at any moment, the views stand at a whole run, and going on from the cursor gives the same rows.
#[tokio::test]
async fn an_abandoned_run_is_there_whole_or_not_at_all() {
    let world = World::new().await;
    for polls in 0..120 {
        let first = world.database.cursor(ORIGIN).await.unwrap();
        let done = abandon_after(polls, world.database.apply(&run(first, first + 2))).await;
        world.database.set_setting("polls", "done").await.unwrap();
        let cursor = world.database.cursor(ORIGIN).await.unwrap();
        assert!(cursor == first + 2 || (cursor == first && done.is_none()));
        let newest = world.database.entries(ORIGIN, None, 1).await.unwrap();
        assert_eq!(newest.first().map_or(0, |entry| entry.index + 1), cursor);
    }
    let end = world.database.cursor(ORIGIN).await.unwrap();
    assert!(end > 0, "no run came to its end within the polls");
    assert_eq!(
        world.database.dump().await,
        applied(end).await.database.dump().await
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// However the log is cut into runs, the rows are the same.
    #[test]
    fn runs_of_any_length_give_equal_views(cuts in proptest::collection::btree_set(1..40_u64, 0..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let pieces = World::new().await;
            let mut first = 0;
            for end in cuts.into_iter().chain([40]) {
                pieces.database.apply(&run(first, end)).await.unwrap();
                first = end;
            }
            assert_eq!(pieces.database.dump().await, applied(40).await.database.dump().await);
        });
    }
}
