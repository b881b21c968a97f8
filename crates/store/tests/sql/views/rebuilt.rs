//! Views that are revised or made again equal those made at once, and the dump would show if not.

use store::views::{EntryRow, LogRow, Run, ViewError};
use tlog::hash::Hash;

use super::made_up::{applied, entry, files, run, update};
use crate::world::{NOW, ORIGIN, World};

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
