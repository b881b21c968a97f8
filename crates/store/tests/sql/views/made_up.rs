//! A made-up log: its entries, its updates, their files, and the runs that bring them into the views.

use store::database::Database;
use store::views::{EntryRow, FileRow, Run, UpdateFilter, UpdateRow};

use crate::world::{NOW, ORIGIN, World, id};

/// Entry `index` of a made-up log. Every third is no update, every fifth has a withheld body, and 6, 7 are two
/// signings of one statement.
pub(super) fn entry(index: u64) -> EntryRow {
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

pub(super) fn update(index: u64) -> UpdateRow {
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

pub(super) fn files(index: u64) -> Vec<FileRow> {
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

pub(super) fn is_update(index: u64) -> bool {
    index % 3 != 2 && index % 5 != 4 && index != 7
}

pub(super) fn run(first: u64, end: u64) -> Run {
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

pub(super) async fn applied(end: u64) -> World {
    let world = World::new().await;
    assert_eq!(world.database.apply(&run(0, end)).await, Ok(end));
    world
}

pub(super) async fn indexes(
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
