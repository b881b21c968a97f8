//! What is found by file, statement, serial or index, and that nothing is found where nothing is.

use store::views::{UpdateFilter, ViewCounts};

use super::made_up::{applied, entry, files, indexes, is_update, update};
use crate::world::{ORIGIN, id};

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
