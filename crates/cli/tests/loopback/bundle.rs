//! `vitrine bundle`: evidence fetched and listed.

use tlog::hash::sha256;

use crate::kit::{FROM, NOW, Place, file};
use crate::node::Node;
use crate::server::Server;

fn published() -> (Place, Node) {
    let (place, node) = (Place::new(), Node::start());
    place
        .run(&format!(
            "publish app.deb --node {} --key release-1.key --version 4.2.0 --from {FROM} --publisher acme \
             --product acme-shield --platform linux-x86_64",
            node.url()
        ))
        .ends(0, &["published"]);
    (place, node)
}

#[test]
fn fetches_by_file_and_by_digest_the_same() {
    let (place, node) = published();
    let url = node.url();
    place
        .run(&format!("bundle app.deb --node {url} --out b.jsonl"))
        .ends(0, &["note: b.jsonl holds 1 lines about "]);
    let by_digest = place
        .run(&format!("bundle {} --node {url}", sha256(&file())))
        .ends(0, &[]);
    assert_eq!(by_digest.out().into_bytes(), place.read("b.jsonl"));
    place
        .run(&format!(
            "verify app.deb --bundle b.jsonl --policy policy.toml --now {NOW}"
        ))
        .ends(0, &["accepted"]);
    place.run("bundle show b.jsonl").ends(
        0,
        &[
            "update  offered  log.acme.example/v1  0      ",
            "acme/acme-shield software stable linux-x86_64 serial 1 version 4.2.0",
        ],
    );
    place
        .run("bundle show b.jsonl --json")
        .ends(0, &[r#""schema":"bundle-line-v1","#]);
}

#[test]
fn what_is_not_logged_cannot_be_fetched() {
    let (place, node) = published();
    place.write("other", b"other");
    place
        .run(&format!("bundle other --node {}", node.url()))
        .ends(
            3,
            &[
                "error: nothing about ",
                " is logged at http://127.0.0.1",
                "hint: check that it is the published file",
            ],
        );
    place
        .run(&format!("bundle gone --node {}", node.url()))
        .ends(2, &["error: cannot read gone: it does not exist"]);
}

#[test]
fn a_bundle_about_something_else_is_not_handed_on() {
    let (place, node) = published();
    let other = node.state().bundle(sha256(&file())).unwrap();
    let server = Server::start(move |exchange| exchange.answer(200, &[], &other));
    place.write("other", b"other");
    place
        .run(&format!("bundle other --node {} --out b", server.url()))
        .ends(
            3,
            &["error: what http://127.0.0.1", "sent is no bundle about "],
        );
    assert!(!place.names().contains(&"b".to_owned()));
}

#[test]
fn lines_that_cannot_be_read_are_named() {
    let (place, node) = published();
    let mut bytes = node.state().bundle(sha256(&file())).unwrap();
    bytes.extend(b"{}\n");
    place.write("b", &bytes);
    place
        .run("bundle show b")
        .ends(1, &["note: line 2 cannot be read: at "]);
    place.write("b", b"");
    place
        .run("bundle show b")
        .ends(1, &["note: no line of the file could be read"]);
}
