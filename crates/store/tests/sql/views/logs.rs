//! What the views say of one log as a whole: its products, its kinds, its counts, its newest checkpoint.

use store::views::{LogRow, ViewCounts};

use super::made_up::{applied, is_update};
use crate::world::{NOW, ORIGIN, World, id};

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
