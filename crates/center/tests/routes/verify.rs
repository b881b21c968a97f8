//! `/verify`

use axum::http::header;
use tlog::hash::sha256;

use crate::kit::{file_digest, update};
use crate::place::{Portal, page};

#[test]
fn a_known_digest_leads_to_its_update_however_it_is_typed() {
    let portal = Portal::start();
    let first = update("stable", 1, None);
    portal.publish(&first);
    let digest = file_digest(&first).to_hex();
    for typed in [
        digest.clone(),
        digest.to_uppercase(),
        format!("sha256:{digest}"),
        format!("%20{digest}%0A"),
    ] {
        let answer = portal.get(&format!("/verify?d={typed}"));
        assert_eq!(
            (answer.status.as_u16(), answer.header(header::LOCATION)),
            (303, page(&first).as_str()),
            "{typed}"
        );
    }
    let json = portal.get(&format!("/api/v1/verify?d={digest}"));
    assert_eq!(
        (json.status.as_u16(), json.header(header::LOCATION)),
        (303, format!("/api/v1{}", page(&first)).as_str())
    );
}

#[test]
fn a_digest_that_no_log_holds_is_undecided_and_404() {
    let portal = Portal::start();
    portal.publish(&update("stable", 1, None));
    let digest = sha256(b"nobody's file").to_hex();
    for path in [
        format!("/verify?d={digest}"),
        format!("/u/{digest}"),
        format!("/u/{}", &digest[..16]),
    ] {
        let answer = portal.get(&path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(
            answer
                .element("h1")
                .ends_with("is in no log that the policy names, as far as the evidence shows."),
            "{path}"
        );
        let rows = answer.check_rows();
        assert_eq!(
            rows[0],
            "wait logged no log that the policy names holds this file, as far as the evidence shows"
        );
        assert!(!answer.text.contains("accepted\""));
        let json = portal.get(&format!("/api/v1{path}"));
        assert_eq!(json.status, 404, "{path}");
        assert_eq!(json.json()["view"]["searched"][0]["size"], 1, "{path}");
    }
}

#[test]
fn what_is_no_digest_stays_in_the_field_with_an_error() {
    let portal = Portal::start();
    for (typed, shown) in [
        ("abc", "abc"),
        ("%3Cscript%3E", "&lt;script&gt;"),
        (&"0".repeat(63), &"0".repeat(63)),
        (&"g".repeat(64), &"g".repeat(64)),
    ] {
        let answer = portal.get(&format!("/verify?d={typed}"));
        assert_eq!(answer.status, 400, "{typed}");
        let escaped = answer
            .text
            .replace("&#60;", "&lt;")
            .replace("&#62;", "&gt;");
        assert!(
            escaped.contains(&format!("value=\"{shown}\"")),
            "{typed}: {}",
            answer.text
        );
        assert!(!answer.text.contains("<script>"));
        assert_eq!(portal.get(&format!("/api/v1/verify?d={typed}")).status, 400);
    }
    for path in ["/verify", "/verify?d="] {
        let form = portal.get(path);
        assert_eq!(form.status, 200, "{path}");
        assert!(form.text.contains("serial 7"), "{path}");
    }
    assert_eq!(portal.get("/verify?d=%ff%00").status, 400);
}
