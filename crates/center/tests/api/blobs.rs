//! Blobs: who may upload them, how an upload goes on, and what a statement that cites one needs.

use evidence::key::PublicKey;
use tlog::hash::sha256;

use crate::kit::{TestNode, file_digest, payload, secret, update};
use crate::node;

#[test]
fn blobs_are_checked_resumed_bounded_and_served_with_their_digest() {
    let node = TestNode::start("[limits]\nblob = 1000");
    node.admit("acme", &secret(1), 100);
    let bytes: Vec<u8> = (0..900_u32)
        .map(|i| u8::try_from(i % 251).unwrap())
        .collect();
    let public = format!("/api/v1/blobs/sha256/{}", sha256(&bytes));
    let path = TestNode::blob(sha256(&bytes));
    assert_eq!(node.get(&public).status, 404);
    assert_eq!(node.head(&public).status, 404);
    let length = ("upload-length", "900".to_owned());
    let piece = node.put(&path, std::slice::from_ref(&length), &bytes[..400]);
    assert_eq!(
        (piece.status, piece.header("upload-offset")),
        (202, Some("400")),
        "{}",
        piece.text()
    );
    assert_eq!(node.head(&path).header("upload-offset"), Some("400"));
    assert_eq!(
        node.head(&public).header("upload-offset"),
        None,
        "only uploaders learn of uploads"
    );
    let wrong = node.put(
        &path,
        &[length.clone(), ("upload-offset", "100".to_owned())],
        &bytes[100..],
    );
    assert_eq!(
        (wrong.status, wrong.header("upload-offset")),
        (409, Some("400"))
    );
    let rest = node.put(
        &path,
        &[length, ("upload-offset", "400".to_owned())],
        &bytes[400..],
    );
    assert_eq!(rest.status, 201, "{}", rest.text());
    assert_eq!(node.put(&path, &[], &bytes).status, 200);
    let got = node.get(&public);
    assert_eq!((got.status, got.body == bytes), (200, true));
    assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(got.header("content-disposition"), Some("attachment"));
    let other = TestNode::blob(sha256(b"other"));
    assert_eq!(
        node.put(&other, &[], b"not it").problem(),
        (422, "wrong-digest".to_owned())
    );
    assert_eq!(
        node.head(&other).header("upload-offset"),
        Some("0"),
        "the wrong bytes are gone"
    );
    assert_eq!(node.put(&other, &[], &[0; 1001]).status, 413);
    for bad in ["abc", &"A".repeat(64), &"g".repeat(64)] {
        assert_eq!(
            node.get(&format!("/api/v1/blobs/sha256/{bad}")).status,
            400,
            "{bad}"
        );
    }
}

#[test]
fn d2_strangers_upload_nothing() {
    let node = node();
    let digest = sha256(b"bytes");
    let address = |secret: &p256::ecdsa::SigningKey| {
        format!(
            "/api/v1/blobs/sha256/{digest}?{}",
            evidence::upload::parameters(secret, digest)
        )
    };
    let other = evidence::upload::parameters(&secret(1), sha256(b"other"));
    for path in [
        format!("/api/v1/blobs/sha256/{digest}"),
        address(&secret(9)),
        format!("/api/v1/blobs/sha256/{digest}?{other}"),
        format!(
            "/api/v1/blobs/sha256/{digest}?key={}",
            PublicKey::of(&secret(1)).id()
        ),
    ] {
        assert_eq!(
            node.put(&path, &[], b"bytes").problem(),
            (403, "D2".to_owned()),
            "{path}"
        );
    }
    assert_eq!(node.put(&address(&secret(1)), &[], b"bytes").status, 201);
}

#[test]
fn a_cited_blob_must_be_held() {
    let node = node();
    let notes = b"what is new";
    let mut cites = update("stable", 1, None);
    cites.notes = Some(sha256(notes));
    let bytes = payload(&cites);
    assert_eq!(
        node.enter(&bytes, &secret(1)).problem(),
        (422, "D6".to_owned())
    );
    assert_eq!(
        node.put(&TestNode::blob(sha256(notes)), &[], notes).status,
        201
    );
    assert_eq!(node.enter(&bytes, &secret(1)).status, 201);
}

#[test]
fn a_statement_uploaded_as_a_blob_before_it_is_posted_is_not_hidden() {
    let node = node();
    let offered = update("stable", 1, None);
    let bytes = payload(&offered);
    assert_eq!(
        node.put(&TestNode::blob(sha256(&bytes)), &[], &bytes)
            .status,
        201
    );
    assert_eq!(node.enter(&bytes, &secret(1)).status, 201);
    node.until("the bundle", |node| {
        node.get(&format!("/bundle/{}.jsonl", file_digest(&offered)))
            .status
            == 200
    });
}
