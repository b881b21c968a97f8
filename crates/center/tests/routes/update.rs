//! `/u/{id}` and its files

use axum::http::{Method, header};
use evidence::bundle;
use evidence::collect::Evidence;
use evidence::judge::{Artifact, Choice, verify};
use evidence::kind::update::{Audience, State, Withdrawal, WithdrawalReason};
use evidence::name::Name;
use evidence::policy::Policy;
use evidence::state::Memory;
use evidence::statement::Subject;
use evidence::time::Time;

use crate::kit::{file_digest, update, word};
use crate::place::{Portal, Witnesses, page};

#[test]
fn p1_the_check_rows_of_the_page_are_the_lines_of_vitrine_verify() {
    let portal = Portal::with(Witnesses::Three, "");
    let accepted = update("stable", 1, None);
    portal.publish(&accepted);
    let refused = update("nightly", 1, None);
    portal.publish(&refused);
    for (update, word) in [(&accepted, "accepted"), (&refused, "refused")] {
        let text = portal.get(&format!("{}/checks", page(update)));
        assert_eq!(
            text.header(header::CONTENT_TYPE),
            "text/plain; charset=utf-8"
        );
        let lines = text.text.lines().filter(|line| line.starts_with("  "));
        let lines: Vec<String> = lines
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        let html = portal.get(&page(update));
        assert_eq!(html.check_rows(), lines);
        assert!(lines.len() > 4);
        assert!(text.text.starts_with(&format!("{word}: ")), "{}", text.text);
        let answer = text
            .text
            .lines()
            .next()
            .unwrap()
            .split_once(": ")
            .unwrap()
            .1;
        assert_eq!(html.element("h1").trim_end_matches('.'), answer);
    }
}

#[test]
fn the_bundle_and_policy_of_the_page_give_the_same_verdict_elsewhere() {
    let portal = Portal::with(Witnesses::Three, "");
    let first = update("stable", 1, None);
    portal.publish(&first);
    let digest = file_digest(&first);
    let found = portal.get(&format!("{}/bundle", page(&first)));
    assert_eq!(
        (found.status.as_u16(), found.header(header::LOCATION)),
        (303, format!("/bundle/{digest}.jsonl").as_str())
    );
    let bytes = portal.get(found.header(header::LOCATION)).text;
    let policy = portal.get(&format!("{}/policy", page(&first)));
    assert_eq!(
        (policy.status.as_u16(), policy.header(header::LOCATION)),
        (303, "/policy.toml")
    );
    let policy = portal.get("/policy.toml").text;
    let now = Time::from_seconds(i64::try_from(portal.node.now()).unwrap());
    let policy = Policy::parse(&policy, now).unwrap();
    let evidence = Evidence::of(bundle::read(bytes.as_bytes()).lines);
    let verdict = verify(
        &policy,
        &evidence,
        &Artifact::File(digest),
        now,
        &Memory::NotKept,
        &Choice::default(),
    );
    let text = portal.get(&format!("{}/checks", page(&first))).text;
    assert_eq!(evidence::render::to_text(&verdict, "app-1.deb"), text);
    let size =
        portal.get(&format!("/api/v1{}", page(&first))).json()["view"]["files"]["bundle"]["size"]
            .clone();
    assert_eq!(size, bytes.len());
}

#[test]
fn the_page_shows_label_quorum_timeline_proof_and_what_is_not_asked() {
    let portal = Portal::with(Witnesses::Three, "");
    let first = update("stable", 1, None);
    portal.publish(&first);
    let json = portal.get(&format!("/api/v1{}", page(&first))).json();
    let view = &json["view"];
    assert_eq!(
        (&view["file"], &view["size"], &view["serial"]),
        (&"app-1.deb".into(), &5.into(), &1.into())
    );
    assert_eq!(view["quorum"]["signed"], 3);
    let events: Vec<_> = view["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["event"]["event"].clone())
        .collect();
    assert_eq!(events, ["statement", "cosigned", "cosigned", "cosigned"]);
    let logged = view["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["name"] == "logged")
        .unwrap();
    for link in logged["detail"]["links"].as_array().unwrap() {
        let file = portal.get(link["href"].as_str().unwrap());
        assert_eq!(file.status, 200, "{link}");
    }
    assert!(
        view["missing"]
            .as_array()
            .unwrap()
            .iter()
            .any(|item| item["missing"] == "not-asked")
    );
    // P10: every number that the page prints of the log is in its JSON.
    assert_eq!(view["quorum"]["size"], 1);
    assert_eq!(json["frame"]["log"]["size"], 1);
}

#[test]
fn a_witness_that_is_away_is_missing_and_two_of_three_are_enough() {
    let mut portal = Portal::with(Witnesses::Three, "");
    let first = update("stable", 1, None);
    let id = portal.publish(&first);
    portal.stop_witness("asia");
    let second = update("stable", 2, Some((1, id)));
    portal.publish(&second);
    let html = portal.get(&page(&second));
    assert!(
        html.check_rows()
            .contains(&"ok witnessed 2 of 3 (policy asks for 2): europe, americas".to_owned()),
        "{:?}",
        html.check_rows()
    );
    let view = portal.get(&format!("/api/v1{}", page(&second))).json()["view"].clone();
    assert_eq!(
        (&view["word"], &view["quorum"]["signed"]),
        (&"accepted".into(), &2.into())
    );
    let missing = view["missing"].as_array().unwrap();
    let witness = missing
        .iter()
        .find(|item| item["missing"] == "witness")
        .unwrap();
    assert_eq!(witness["name"], "asia");
    assert!(
        witness["since"].is_string(),
        "it signed the tree before: {witness}"
    );
    let pane = view["quorum"]["panes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|pane| pane["name"] == "asia")
        .unwrap();
    assert!(
        pane["signed_at"].is_null() && pane["last_at"].is_string(),
        "{pane}"
    );
}

#[test]
fn a_withdrawal_refuses_and_ends_the_timeline() {
    let portal = Portal::start();
    let offered = update("stable", 1, None);
    let first = portal.publish(&offered);
    assert_eq!(
        portal.get(&format!("/api/v1{}", page(&offered))).json()["view"]["word"],
        "accepted"
    );
    let mut withdrawn = offered.clone();
    withdrawn.state = State::Withdrawn(Withdrawal {
        reason: WithdrawalReason::Crash,
        text: "crashes".into(),
    });
    withdrawn.supersedes = vec![first];
    portal.publish(&withdrawn);
    let html = portal.get(&page(&offered));
    assert_eq!(html.check_rows()[0], "FAIL activation withdrawn by acme");
    assert_eq!(
        html.element("h1"),
        "app-1.deb was withdrawn by its publisher."
    );
    let view = portal.get(&format!("/api/v1{}", page(&offered))).json()["view"].clone();
    let said: Vec<_> = view["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["event"]["said"]["said"].clone())
        .collect();
    assert_eq!(said, ["offered", "withdrawn"]);
    assert_eq!(view["entry"]["index"], 0);
}

#[test]
fn a_tier_is_not_called_everyone() {
    let portal = Portal::start();
    let mut early = update("stable", 1, None);
    let by = i64::try_from(portal.node.now()).unwrap() + 86_400;
    early.audience = Audience::Tier {
        name: word("early"),
        permille: 20,
        everyone_by: Time::from_seconds(by),
    };
    early.activation.from = Time::from_seconds(by - 86_400);
    portal.publish(&early);
    let view = portal.get(&format!("/api/v1{}", page(&early))).json()["view"].clone();
    assert_eq!(
        view["audience"],
        serde_json::json!({"audience": "tier", "name": "early", "permille": 20})
    );
    assert_eq!(view["word"], "refused");
}

#[test]
fn hostile_names_and_versions_are_shown_and_play_no_trick() {
    let portal = Portal::start();
    let mut hostile = update("stable", 1, None);
    hostile.version = "</bdi><script>alert(1)</script>\" x=\"".into();
    hostile.files[0].name =
        Name::parse("<img src=x onerror=alert(1)>/\u{5d0}\u{5d1}&\".deb").unwrap();
    portal.publish(&hostile);
    for path in [
        page(&hostile),
        "/".to_owned(),
        "/u".to_owned(),
        format!("/log/{}", ORIGIN_SEGMENT),
        format!("/log/{ORIGIN_SEGMENT}/0"),
    ] {
        let answer = portal.get(&path);
        assert_eq!(answer.status, 200, "{path}");
        // A strict reader finds every tag closed and quoted, and none that is not ours.
        crate::markup::read(&answer.text);
        for trick in ["<script>", "<img", "onerror=alert(1)>", "</bdi><s"] {
            assert!(!answer.text.contains(trick), "{path}: {trick}");
        }
        let json = portal.get(&format!("/api/v1{path}"));
        assert_eq!(
            json.header(header::CONTENT_TYPE),
            "application/json",
            "{path}"
        );
        json.json();
    }
    let text = portal.get(&format!("{}/checks", page(&hostile))).text;
    assert!(text.starts_with("accepted: "), "{text}");
}

#[test]
fn longer_ids_lead_to_the_short_one_and_bad_ones_to_nothing() {
    let portal = Portal::start();
    let first = update("stable", 1, None);
    portal.publish(&first);
    let digest = file_digest(&first).to_hex();
    for longer in [&digest[..17], &digest[..40], &digest] {
        let answer = portal.get(&format!("/u/{longer}"));
        assert_eq!(
            (answer.status.as_u16(), answer.header(header::LOCATION)),
            (303, page(&first).as_str()),
            "{longer}"
        );
    }
    for bad in [
        "x",
        &digest[..15],
        &digest[..16].to_uppercase(),
        &format!("{digest}0"),
        "..",
        "%2e%2e",
        "%00",
        "ab%20cd",
    ] {
        assert_eq!(portal.get(&format!("/u/{bad}")).status, 404, "{bad}");
        assert_eq!(portal.get(&format!("/api/v1/u/{bad}")).status, 404, "{bad}");
        assert_eq!(portal.get(&format!("/u/{bad}/checks")).status, 404, "{bad}");
    }
    for file in ["checks", "bundle", "misbehaviour/0"] {
        assert_eq!(
            portal.get(&format!("/u/{}/{file}", "0".repeat(16))).status,
            404,
            "{file}"
        );
    }
    assert_eq!(
        portal
            .get(&format!("{}/misbehaviour/0", page(&first)))
            .status,
        404,
        "nobody is convicted"
    );
    assert_eq!(
        portal
            .get(&format!("{}?channel=No+Word", page(&first)))
            .status,
        400
    );
}

#[test]
fn every_file_of_an_update_has_its_page_and_names_the_others() {
    let portal = Portal::start();
    let mut two = update("stable", 1, None);
    two.files.push(two.files[0].clone());
    two.files[1].name = Name::parse("notes.txt").unwrap();
    two.files[1].size = 9;
    let subjects = [
        Subject::file(two.files[0].name.clone(), tlog::hash::sha256(b"one")),
        Subject::file(two.files[1].name.clone(), tlog::hash::sha256(b"two")),
    ];
    portal.publish_payload(&two.to_statement_bytes(&subjects).unwrap());
    for (own, other, name, size) in [(0, 1, "app-1.deb", 5), (1, 0, "notes.txt", 9)] {
        let path = format!("/u/{}", crate::place::id(subjects[own].sha256));
        let view = portal.get(&format!("/api/v1{path}")).json()["view"].clone();
        assert_eq!(
            (&view["file"], &view["size"], &view["word"]),
            (&name.into(), &size.into(), &"accepted".into())
        );
        assert_eq!(
            view["other_files"][0]["id"],
            crate::place::id(subjects[other].sha256)
        );
    }
}

#[test]
fn head_has_the_headers_of_get_and_no_body() {
    let portal = Portal::start();
    let first = update("stable", 1, None);
    portal.publish(&first);
    for path in [
        "/",
        "/u",
        &page(&first),
        "/log",
        "/centers",
        "/verify",
        "/limits",
        "/nothing-here",
    ] {
        let html = [(header::ACCEPT, "text/html")];
        let get = portal.get_with(path, &html);
        let head = portal.ask(Method::HEAD, path, &html, Vec::new());
        assert_eq!(
            (head.status, head.text.as_str()),
            (get.status, ""),
            "{path}"
        );
        assert_eq!(
            head.header(header::CONTENT_TYPE),
            get.header(header::CONTENT_TYPE),
            "{path}"
        );
    }
}

const ORIGIN_SEGMENT: &str = "log.acme.example%2Fv1";
