//! What pages read can be thrown away and made again, equal

use center::indexer;

use crate::kit::update;
use crate::place::{Portal, Witnesses, page};

#[test]
fn rebuilt_views_are_equal_and_show_equal_pages() {
    let portal = Portal::with(Witnesses::Three, "");
    let first = update("stable", 1, None);
    let id = portal.publish(&first);
    portal.publish(&update("stable", 2, Some((1, id))));
    let database = &portal.node.database;
    let (before, rebuilt) = portal.block_on(async {
        let before = database.dump().await.unwrap();
        database.clear_views().await.unwrap();
        for source in &portal.node.sources {
            indexer::catch_up(&portal.node, source).await.unwrap();
        }
        (before, database.dump().await.unwrap())
    });
    assert_eq!(before, rebuilt);
    assert!(before.lines().count() > 5);
    assert_eq!(portal.get(&page(&first)).status, 200);
}

#[test]
fn p10_every_number_of_a_page_is_in_its_json() {
    let portal = Portal::with(Witnesses::Three, "");
    let first = update("stable", 1, None);
    portal.publish(&first);
    let catalogue =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/texts/en.toml")).unwrap();
    for path in [
        "/",
        "/u",
        &page(&first),
        "/log",
        "/log/log.acme.example%2Fv1",
        "/log/log.acme.example%2Fv1/0",
        "/centers",
        "/centers/asia",
        "/verify",
    ] {
        let json = portal.get(&format!("/api/v1{path}")).text;
        let text = crate::markup::text_without_times(&crate::markup::read(&portal.get(path).text));
        // What a command needs is no fact of the page; sizes are written in units.
        for number in text
            .replace(',', "")
            .split(|character: char| !character.is_ascii_digit())
        {
            let is_known = number.is_empty() || json.contains(number) || catalogue.contains(number);
            let is_in_unit = text.contains(&format!("{number} KB"))
                || text.contains(&format!(".{number} KB"))
                || text.contains(&format!("{number}."));
            let is_length = text.contains(&format!("{number} s"));
            assert!(is_known || is_in_unit || is_length, "{path}: {number}");
        }
    }
}
