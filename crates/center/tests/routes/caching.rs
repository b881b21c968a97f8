//! Entity tags, kept pages, and that nothing old is shown once the log has moved

use axum::http::header;

use crate::kit::update;
use crate::place::{Portal, page};

#[test]
fn a_page_may_be_kept_for_ten_seconds_and_is_asked_for_by_its_tag() {
    let portal = Portal::start();
    let first = update("stable", 1, None);
    portal.publish(&first);
    for path in [
        "/",
        "/u",
        &page(&first),
        "/log",
        "/centers",
        "/limits",
        "/api/v1/u",
    ] {
        let answer = portal.get(path);
        assert_eq!(
            answer.header(header::CACHE_CONTROL),
            "public, max-age=10, stale-while-revalidate=60",
            "{path}"
        );
        let tag = answer.header(header::ETAG).to_owned();
        assert!(tag.starts_with("W/\"") && tag.len() > 20, "{path}: {tag}");
        // The tag changes with the minute, so a second try may meet the next one, and no third.
        let held = |tag: &str| portal.get_with(path, &[(header::IF_NONE_MATCH, tag)]);
        let mut again = held(&tag);
        if again.status == 200 {
            again = held(again.header(header::ETAG));
        }
        assert_eq!(
            (again.status.as_u16(), again.text.as_str()),
            (304, ""),
            "{path}"
        );
        assert_eq!(
            portal
                .get_with(path, &[(header::IF_NONE_MATCH, "W/\"other\"")])
                .status,
            200,
            "{path}"
        );
    }
}

#[test]
fn a_new_entry_changes_tag_and_page_at_once() {
    let portal = Portal::start();
    let first = update("stable", 1, None);
    let id = portal.publish(&first);
    let (before, list) = (
        portal.get("/").header(header::ETAG).to_owned(),
        portal.get("/u").text,
    );
    portal.publish(&update("stable", 2, Some((1, id))));
    assert_ne!(portal.get("/").header(header::ETAG), before);
    assert_ne!(portal.get("/u").text, list);
    assert_eq!(
        portal
            .get_with("/", &[(header::IF_NONE_MATCH, &before)])
            .status,
        200
    );
}

#[test]
fn what_is_seen_and_not_yet_shown_is_not_kept_as_the_new_state() {
    let portal = Portal::start();
    let first = update("stable", 1, None);
    // The log is public, the views have not followed.
    let payload = crate::kit::payload(&first);
    let envelope = evidence::envelope::Envelope::sign(payload, &crate::kit::secret(1));
    let path = crate::kit::statements(&crate::kit::secret(1));
    assert_eq!(
        portal
            .ask(axum::http::Method::POST, &path, &[], envelope.to_bytes())
            .status,
        201
    );
    let early = portal.get("/u");
    assert!(
        early.text.contains("No update has been published yet."),
        "{}",
        early.text
    );
    assert_eq!(portal.get(&page(&first)).status, 404);
    portal.follow();
    let late = portal.get("/u");
    assert_eq!(late.element("h1"), "1 of 1 update is proven.");
    assert_ne!(late.header(header::ETAG), early.header(header::ETAG));
    assert_eq!(portal.get(&page(&first)).status, 200);
}

#[test]
fn parameters_that_a_page_does_not_read_make_no_other_page() {
    let portal = Portal::start();
    let one = portal.get("/u?utm=1").json_address();
    assert_eq!(one, portal.get("/u?x=%3Cscript%3E").json_address());
}

impl crate::place::Answer {
    fn json_address(&self) -> String {
        let at = self.text.find("/api/v1/").unwrap();
        self.text[at..].split('"').next().unwrap().to_owned()
    }
}
