//! What a browser and what a program get where there is no page

use axum::http::{Method, header};
use center::portal::CONTENT_SECURITY_POLICY;

use crate::kit::update;
use crate::place::{Portal, Witnesses, page};

const BROWSER: [(header::HeaderName, &str); 1] = [(
    header::ACCEPT,
    "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
)];

#[test]
fn a_browser_gets_a_page_and_a_program_json() {
    let portal = Portal::start();
    for path in [
        "/nothing",
        "/u/x",
        "/log/x",
        "/centers/x",
        "/bundle/x.jsonl",
        "/proof/9.tlog-proof",
    ] {
        let html = portal.get_with(path, &BROWSER);
        assert_eq!(html.status, 404, "{path}");
        assert_eq!(
            html.header(header::CONTENT_TYPE),
            "text/html; charset=utf-8",
            "{path}"
        );
        assert!(
            html.text.contains("There is nothing here for you to see."),
            "{path}"
        );
        assert_eq!(html.header(header::CACHE_CONTROL), "no-store", "{path}");
    }
    for path in [
        "/nothing",
        "/api/v1/nothing",
        "/api/v1/u/x",
        "/api/v1/centers/x",
    ] {
        let json = portal.get(path);
        assert_eq!(
            (json.status.as_u16(), &json.json()["error"]["code"]),
            (404, &"not-found".into()),
            "{path}"
        );
    }
    // The API answers programs, whatever they accept.
    let api = portal.get_with("/api/v1/u/x", &BROWSER);
    assert_eq!(&api.json()["error"]["code"], "not-found");
}

#[test]
fn other_problems_have_their_page_and_an_id_for_the_operator() {
    let portal = Portal::start();
    let method = portal.ask(Method::POST, "/u", &BROWSER, Vec::new());
    assert_eq!(method.status, 405);
    assert!(
        method
            .text
            .contains("This address cannot be used in this way."),
        "{}",
        method.text
    );
    let id = method
        .headers
        .get("x-request-id")
        .unwrap()
        .to_str()
        .unwrap();
    assert!(method.text.contains(id));
    let bad = portal.get_with("/u?before=x", &BROWSER);
    assert_eq!(bad.status, 400);
    assert!(bad.text.contains("This address cannot be read."));
    // What does not exist gets no id: nothing tells it from what is not for this reader.
    let missing = portal.get_with("/nothing", &BROWSER);
    assert!(!missing.text.contains("Error id"));
}

#[test]
fn p3_every_answer_carries_the_policy_of_contents_and_no_page_holds_style_or_script() {
    let portal = Portal::with(Witnesses::Three, "");
    let first = update("stable", 1, None);
    portal.publish(&first);
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
        "/limits",
        "/accessibility",
        "/nothing",
    ] {
        let answer = portal.get_with(path, &BROWSER);
        assert_eq!(
            answer.header(header::CONTENT_SECURITY_POLICY),
            CONTENT_SECURITY_POLICY,
            "{path}"
        );
        assert_eq!(
            answer.header(header::X_CONTENT_TYPE_OPTIONS),
            "nosniff",
            "{path}"
        );
        for piece in crate::markup::read(&answer.text) {
            assert_eq!(piece.attribute("style"), None, "{path}");
            assert!(!piece.is("style"), "{path}");
            assert!(
                !piece.is("script") || piece.attribute("src").is_some(),
                "{path}"
            );
        }
    }
}
