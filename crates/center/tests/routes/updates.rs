//! `/u`

use axum::http::header;
use evidence::kind::update::{State, Withdrawal, WithdrawalReason};

use crate::kit::update;
use crate::place::{Portal, page};

fn words(portal: &Portal, path: &str) -> Vec<(String, String)> {
    let json = portal.get(&format!("/api/v1{path}")).json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let rows = json["view"]["rows"].as_array().unwrap();
    rows.iter()
        .map(|row| (text(&row["version"]), text(&row["word"])))
        .collect()
}

fn pairs(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter()
        .map(|(version, word)| ((*version).to_owned(), (*word).to_owned()))
        .collect()
}

#[test]
fn lists_updates_newest_first_with_counts_and_filters() {
    let portal = Portal::start();
    let first = update("stable", 1, None);
    let id = portal.publish(&first);
    portal.publish(&update("stable", 2, Some((1, id))));
    portal.publish(&update("nightly", 1, None));
    let list = portal.get("/u");
    assert_eq!(
        (list.status.as_u16(), list.element("h1").as_str()),
        (200, "2 of 3 updates are proven.")
    );
    assert!(list.text.contains(&page(&first)));
    let all = pairs(&[
        ("4.2.1", "refused"),
        ("4.2.2", "accepted"),
        ("4.2.1", "accepted"),
    ]);
    assert_eq!(words(&portal, "/u"), all);
    assert_eq!(words(&portal, "/u?verdict=refused"), all[..1]);
    assert_eq!(words(&portal, "/u?verdict=accepted"), all[1..]);
    assert_eq!(words(&portal, "/u?verdict=undecided"), []);
    assert_eq!(words(&portal, "/u?product=acme-shield&verdict="), all);
    assert_eq!(words(&portal, "/u?product=other"), []);
    assert_eq!(words(&portal, "/u?before=2"), all[1..]);
    assert_eq!(words(&portal, "/u?before=0"), []);
    let counts = portal.get("/api/v1/u?verdict=refused").json()["view"]["counts"].clone();
    assert_eq!(
        counts,
        serde_json::json!({"all": 3, "accepted": 2, "undecided": 0, "refused": 1})
    );
}

#[test]
fn a_withdrawn_update_is_listed_once_and_refused() {
    let portal = Portal::start();
    let offered = update("stable", 1, None);
    let first = portal.publish(&offered);
    let mut withdrawn = offered.clone();
    withdrawn.state = State::Withdrawn(Withdrawal {
        reason: WithdrawalReason::Crash,
        text: "crashes".into(),
    });
    withdrawn.supersedes = vec![first];
    portal.publish(&withdrawn);
    assert_eq!(words(&portal, "/u"), pairs(&[("4.2.1", "refused")]));
    let json = portal.get("/api/v1/u").json();
    assert_eq!(json["view"]["pager"]["of"], 1);
    assert_eq!(json["view"]["rows"][0]["index"], 0);
}

#[test]
fn p14_an_address_lists_the_same_after_more_was_published() {
    let portal = Portal::start();
    let mut before = None;
    for serial in 1..=44 {
        before = Some((serial, portal.publish(&update("stable", serial, before))));
    }
    let first = portal.get("/api/v1/u").json();
    assert_eq!(
        first["view"]["pager"],
        serde_json::json!({"shown": 42, "of": 44, "before": null, "older": 2})
    );
    let old = words(&portal, "/u?before=2");
    assert_eq!(old.len(), 2);
    portal.publish(&update("stable", 45, before));
    assert_eq!(words(&portal, "/u?before=2"), old);
    assert!(portal.get("/u").text.contains("/u?before=3"));
}

#[test]
fn one_file_on_two_lines_is_a_list_and_each_line_has_its_page() {
    let portal = Portal::start();
    let stable = update("stable", 1, None);
    let mut beta = update("beta", 1, None);
    beta.version = "4.2.1-beta".into();
    portal.publish(&stable);
    // The same bytes on another channel.
    let digest = crate::kit::file_digest(&stable);
    let subject = evidence::statement::Subject::file(beta.files[0].name.clone(), digest);
    portal.publish_payload(&beta.to_statement_bytes(&[subject]).unwrap());
    let path = page(&stable);
    let list = portal.get(&path);
    assert_eq!(list.status, 200);
    assert!(
        list.text.contains("Several updates begin with"),
        "{}",
        list.text
    );
    for channel in ["stable", "beta"] {
        let address = format!("{path}?channel={channel}");
        assert!(list.text.contains(&address), "{channel}");
        let one = portal.get(&format!("/api/v1{address}")).json();
        assert_eq!(
            (&one["view"]["channel"], &one["view"]["word"]),
            (&channel.into(), &"accepted".into())
        );
    }
    assert_eq!(
        words(&portal, "/u"),
        pairs(&[("4.2.1-beta", "accepted"), ("4.2.1", "accepted")])
    );
    // Without a channel nobody can say which is meant, and the text says what `vitrine verify` says.
    assert!(
        portal
            .get(&format!("{path}/checks"))
            .text
            .contains("choose one of the channels")
    );
}

#[test]
fn refuses_what_it_cannot_read_and_moves_the_other_name() {
    let portal = Portal::start();
    for path in ["/u?before=x", "/u?before=-1", "/u?verdict=good"] {
        assert_eq!(portal.get(path).status, 400, "{path}");
        let json = portal.get(&format!("/api/v1{path}"));
        assert_eq!(
            (json.status.as_u16(), &json.json()["error"]["code"]),
            (400, &"bad-request".into()),
            "{path}"
        );
    }
    assert_eq!(portal.get("/u?log=log.other.example/v1").status, 404);
    let moved = portal.get("/updates");
    assert_eq!(
        (moved.status.as_u16(), moved.header(header::LOCATION)),
        (308, "/u")
    );
    assert_eq!(
        portal.get("/api/v1/updates").header(header::LOCATION),
        "/api/v1/u"
    );
    // Bytes that are no text match no product.
    assert_eq!(words(&portal, "/u?product=%ff"), []);
}
