//! Logs that hold what no door of ours would take

use evidence::entry::Entry;
use evidence::envelope::Envelope;
use evidence::key::PublicKey;

use crate::kit::{payload, secret, update};
use crate::place::{Portal, page};

const LOG: &str = "/log/log.acme.example%2Fv1";

#[test]
fn two_updates_under_one_serial_convict_their_publisher_and_both_are_listed() {
    let portal = Portal::start();
    let first = update("stable", 1, None);
    portal.publish(&first);
    // Another file under the serial that is taken, signed by the same key.
    let mut other = update("stable", 1, None);
    other.files[0].name = evidence::name::Name::parse("other.deb").unwrap();
    let digest = tlog::hash::sha256(b"other bytes");
    let subject = evidence::statement::Subject::file(other.files[0].name.clone(), digest);
    portal.append(
        &other.to_statement_bytes(&[subject]).unwrap(),
        &secret(1),
        true,
    );
    let path = page(&first);
    let html = portal.get(&path);
    assert!(
        html.check_rows()[0]
            .starts_with("FAIL published the publisher signed two different updates"),
        "{:?}",
        html.check_rows()
    );
    let view = portal.get(&format!("/api/v1{path}")).json()["view"].clone();
    assert_eq!(view["word"], "misbehaviour");
    let evidence = format!("{path}/misbehaviour/0");
    assert!(html.text.contains(&evidence));
    let file = portal.get(&evidence);
    assert_eq!(file.status, 200);
    assert!(
        file.text
            .starts_with("urn:vitrine:misbehaviour:v1\nkind equivocation\n"),
        "{}",
        file.text
    );
    assert_eq!(portal.get(&format!("{path}/misbehaviour/1")).status, 404);
    let list = portal.get("/api/v1/u").json()["view"].clone();
    assert_eq!(list["rows"].as_array().unwrap().len(), 2);
    assert_eq!(list["counts"]["refused"], 2);
    assert_eq!(
        portal.get("/").element("h1"),
        "0 of the last 2 updates are proven. 2 were refused."
    );
}

#[test]
fn nobody_speaks_for_a_publisher_but_its_own_keys() {
    let portal = Portal::start();
    portal.append(&payload(&update("stable", 1, None)), &secret(9), true);
    let view = portal.get(&format!("/api/v1{LOG}/0")).json()["view"].clone();
    let stranger = PublicKey::of(&secret(9)).id().to_string();
    assert_eq!(
        (&view["said"]["said"], &view["party"]),
        (&"other".into(), &stranger.as_str().into())
    );
    assert_eq!(view["standing"], "unread");
    let latest = portal.get("/api/v1/").json()["view"]["latest"][0].clone();
    assert_eq!(latest["event"]["said"]["said"], "other");
}

#[test]
fn a_signature_that_does_not_hold_makes_an_entry_void() {
    let portal = Portal::start();
    let bytes = payload(&update("stable", 1, None));
    let key = PublicKey::of(&secret(1));
    let stranger = Envelope::sign(bytes.clone(), &secret(9));
    portal.append_entry(&bytes, &Entry::of(&stranger, &key).to_bytes(), true);
    let view = portal.get(&format!("/api/v1{LOG}/0")).json()["view"].clone();
    assert_eq!(
        (&view["standing"], &view["said"]["said"]),
        (&"void".into(), &"other".into())
    );
}

#[test]
fn an_entry_whose_body_is_not_public_keeps_its_place_and_says_nothing() {
    let portal = Portal::start();
    portal.append(&payload(&update("stable", 1, None)), &secret(1), false);
    let html = portal.get(&format!("{LOG}/0"));
    assert_eq!(
        html.element("h1"),
        "Somebody fixed a statement here whose text is not public."
    );
    let view = portal.get(&format!("/api/v1{LOG}/0")).json()["view"].clone();
    assert_eq!(
        (&view["standing"], &view["body"]),
        (&"withheld".into(), &serde_json::Value::Null)
    );
    assert_eq!(portal.get(&format!("/api/v1{LOG}/0/proof")).status, 200);
    assert_eq!(portal.get(&format!("/api/v1{LOG}/0/statement")).status, 404);
}

#[test]
fn bytes_that_are_no_entry_are_shown_as_what_they_are() {
    let portal = Portal::start();
    portal.append_entry(b"", b"<script>alert(1)</script>\xff", false);
    for path in [LOG.to_owned(), format!("{LOG}/0"), "/".to_owned()] {
        let html = portal.get(&path);
        assert_eq!(html.status, 200, "{path}");
        crate::markup::read(&html.text);
        assert!(!html.text.contains("<script>alert"), "{path}");
    }
    assert_eq!(portal.get(&format!("/api/v1{LOG}/0/statement")).status, 404);
    assert_eq!(portal.get("/u").status, 200);
}
