//! `/`

use crate::kit::update;
use crate::place::{Portal, Witnesses, page};

#[test]
fn an_empty_portal_says_that_it_is_empty_and_prints_its_zeros() {
    let portal = Portal::start();
    let home = portal.get("/");
    assert_eq!(home.status, 200);
    assert!(
        home.text.contains("Nothing has been published yet"),
        "{}",
        home.text
    );
    let json = portal.get("/api/v1/").json();
    assert_eq!(
        json["view"]["counts"],
        serde_json::json!({"all": 0, "accepted": 0, "undecided": 0, "refused": 0})
    );
    let lines = json["view"]["lines"].as_array().unwrap();
    assert_eq!(
        (lines.len(), &lines[0]["line"], &lines[0]["size"]),
        (1, &"log".into(), &0.into())
    );
    assert_eq!(portal.get("/api/v1").json()["view"], json["view"]);
}

#[test]
fn the_state_counts_updates_log_and_centers_and_names_what_nobody_has_shown() {
    let portal = Portal::with(Witnesses::Three, "");
    let first = update("stable", 1, None);
    portal.publish(&first);
    let home = portal.get("/");
    assert_eq!(home.element("h1"), "The only update so far is proven.");
    let rows = home.check_rows();
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert!(
        rows[0].starts_with("ok updates acme-shield 4.2.1 is accepted"),
        "{rows:?}"
    );
    assert!(
        rows[1].starts_with("ok log 3 of 3 witnesses signed size 1 (policy asks for 2)"),
        "{rows:?}"
    );
    assert!(
        rows[2].starts_with("ok centers 3 of 3 centers sign what they see"),
        "{rows:?}"
    );
    assert!(home.text.contains(&page(&first)));
    let view = &portal.get("/api/v1/").json()["view"];
    assert_eq!(view["latest"][0]["entry"]["index"], 0);
    assert_eq!(view["latest"][0]["event"]["said"]["said"], "offered");
    let subjects: Vec<_> = view["unshown"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["subject"].clone())
        .collect();
    for subject in [
        "rebuild",
        "review",
        "assessment",
        "data-processing",
        "advisory",
    ] {
        assert!(subjects.contains(&subject.into()), "{subject}");
    }
    let not_asked = view["unshown"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["missing"] == "not-asked")
        .unwrap();
    assert!(
        not_asked["checks"]
            .as_array()
            .unwrap()
            .contains(&"rebuilt".into())
    );
}

#[test]
fn bad_news_stands_in_the_headline_and_in_the_first_line() {
    let portal = Portal::start();
    portal.publish(&update("stable", 1, None));
    // The policy does not allow this channel.
    portal.publish(&update("nightly", 1, None));
    let home = portal.get("/");
    assert_eq!(
        home.element("h1"),
        "1 of the last 2 updates are proven. 1 was refused."
    );
    assert!(
        home.check_rows()[0].starts_with("FAIL updates acme-shield 4.2.1 is refused"),
        "{:?}",
        home.check_rows()
    );
}
