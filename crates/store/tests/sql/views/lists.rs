//! Lists of updates and offers: their order, their cut, their filters.

use store::views::{FileRow, Run, UpdateFilter, UpdateRow};

use super::made_up::{applied, entry, files, indexes, is_update, run, update};
use crate::world::{ORIGIN, World, id};

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
