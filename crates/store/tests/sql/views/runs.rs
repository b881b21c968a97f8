//! A run of entries enters whole, once, and only where the cursor stands.

use proptest::prelude::*;
use store::views::{EntryRow, Run, ViewError};

use super::made_up::{applied, entry, files, run, update};
use crate::world::{ORIGIN, World, abandon_after, id};

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
