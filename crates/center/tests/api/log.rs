//! The log as static bytes: tiles, entries, proofs.

use tlog::hash::leaf_hash;

use crate::kit::{payload, secret, update};
use crate::node;

#[test]
fn the_log_is_served_as_tiles_and_each_entry_hashes_to_its_leaf() {
    let node = node();
    let first = payload(&update("stable", 1, None));
    node.enter(&first, &secret(1));
    let bundle = node.get("/tile/entries/000.p/1");
    assert_eq!(bundle.status, 200);
    let entries = tlog::tile::entries(&bundle.body).unwrap();
    let tile = node.get("/tile/0/000.p/1");
    assert_eq!(tile.body, leaf_hash(entries[0]).0);
    assert_eq!(
        tile.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
    for path in [
        "/tile/0/000",
        "/tile/0/00",
        "/tile/0/000.p/2",
        "/tile/0/../checkpoint",
        "/tile/9/000",
        "/tile/entries/001",
    ] {
        assert_eq!(node.get(path).status, 404, "{path}");
    }
    for path in [
        "/proof/1.tlog-proof",
        "/proof/00.tlog-proof",
        "/proof/0",
        "/proof/x.tlog-proof",
    ] {
        assert_eq!(node.get(path).status, 404, "{path}");
    }
}
