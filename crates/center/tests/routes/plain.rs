//! `/limits`, `/accessibility`, `/assets/…`, `/.well-known/security.txt`

use axum::http::header;

use crate::place::{Portal, Witnesses};

#[test]
fn the_plain_pages_answer_in_both_forms() {
    let portal = Portal::start();
    for path in ["/limits", "/accessibility"] {
        assert_eq!(portal.get(path).status, 200, "{path}");
        assert_eq!(
            portal.get(&format!("/api/v1{path}")).json()["frame"]["center"],
            "Center Test",
            "{path}"
        );
    }
}

#[test]
fn assets_are_named_by_their_digest_and_never_change() {
    let portal = Portal::start();
    let home = portal.get("/").text;
    for address in center::portal::asset::addresses() {
        let answer = portal.get(address);
        assert_eq!(answer.status, 200, "{address}");
        assert_eq!(
            answer.header(header::CACHE_CONTROL),
            "public, max-age=31536000, immutable",
            "{address}"
        );
        let held = portal.get_with(
            address,
            &[(header::IF_NONE_MATCH, answer.header(header::ETAG))],
        );
        assert_eq!(
            (held.status.as_u16(), held.text.as_str()),
            (304, ""),
            "{address}"
        );
    }
    assert!(home.contains(center::portal::asset::address("vitrine.css")));
    for path in [
        "/assets/vitrine.css",
        "/assets/",
        "/assets/..%2fnode.toml",
        "/assets/vitrine.0000000000000000.css",
    ] {
        assert_eq!(portal.get(path).status, 404, "{path}");
    }
}

#[test]
fn security_txt_is_served_where_the_operator_has_one() {
    let without = Portal::start();
    assert_eq!(without.get("/.well-known/security.txt").status, 404);
    assert!(!without.get("/").text.contains("security.txt"));
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("security.txt");
    std::fs::write(&path, "Contact: mailto:flaws@center.example\n").unwrap();
    let with = Portal::with(
        Witnesses::Nobody,
        &format!("security-txt = \"{}\"", path.display()),
    );
    let answer = with.get("/.well-known/security.txt");
    assert_eq!(
        (answer.status.as_u16(), answer.header(header::CONTENT_TYPE)),
        (200, "text/plain; charset=utf-8")
    );
    assert!(answer.text.starts_with("Contact: "));
    assert!(with.get("/").text.contains("/.well-known/security.txt"));
}
