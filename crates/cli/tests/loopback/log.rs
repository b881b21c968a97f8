//! `vitrine log`: shown, proven, recomputed, from a server and from a folder.

use std::fs;

use evidence::envelope::Envelope;
use evidence::key::PublicKey;
use tlog::checkpoint::Checkpoint;
use tlog::hash::Hash;
use tlog::proof_file::ProofFile;

use crate::kit::{Key, ORIGIN, Place, note, release_key, witness_text};
use crate::node::Node;

/// A node whose log has so many entries.
fn node(entries: usize) -> Node {
    let node = Node::start();
    let secret = release_key(1);
    for number in 0..entries {
        let envelope = Envelope::sign(format!("{{\"n\":{number}}}").into_bytes(), &secret);
        node.state().append(envelope, PublicKey::of(&secret));
    }
    node
}

/// The same log as files.
fn copied(node: &Node, entries: u64) -> Place {
    let place = Place::new();
    let client = ureq::Agent::new_with_defaults();
    let mut paths = vec!["checkpoint".to_owned()];
    for level in 0..2 {
        let full = tlog::tile::full_tiles(level, entries);
        for index in 0..full {
            paths.push(
                tlog::tile::Tile {
                    level,
                    index,
                    width: 256,
                }
                .path(),
            );
        }
        let width = tlog::tile::partial_width(level, entries);
        if width > 0 {
            paths.push(
                tlog::tile::Tile {
                    level,
                    index: full,
                    width,
                }
                .path(),
            );
        }
    }
    for index in 0..entries.div_ceil(256) {
        let width = u16::try_from((entries - index * 256).min(256)).unwrap();
        paths.push(tlog::tile::EntryTile { index, width }.path());
    }
    for path in paths {
        let mut answer = client.get(format!("{}/{path}", node.url())).call().unwrap();
        place.write(
            &format!("log/{path}"),
            &answer.body_mut().read_to_vec().unwrap(),
        );
    }
    place
}

fn vkey() -> String {
    Key::log().text()
}

#[test]
fn shows_who_signed() {
    let (place, node) = (Place::new(), node(3));
    let url = node.url();
    place.run(&format!("log show {url}")).ends(
        0,
        &[
            "log.acme.example/v1: 3 entries\n\n",
            "note  signed     not checked",
            "note  witnessed  not checked",
            "\n  root  ",
        ],
    );
    place
        .run(&format!("log show {url} --vkey {}", vkey()))
        .ends(0, &["ok    signed     by log.acme.example/v1+"]);
    place
        .run(&format!("log show {url} --policy policy.toml"))
        .ends(
            0,
            &[
                "ok    signed",
                "ok    witnessed  3 of 3 (policy asks for 2): eu, us, sg, by 24 Nov 2026 11:00 UTC",
            ],
        );
    place.write("witnesses.txt", witness_text().as_bytes());
    place
        .run(&format!(
            "log show {url} --vkey {} --policy witnesses.txt",
            vkey()
        ))
        .ends(0, &["ok    signed", "ok    witnessed"]);
    place.write(
        "logs.txt",
        format!("# ours\nlog {}\n{}", vkey(), witness_text()).as_bytes(),
    );
    place
        .run(&format!("log show {url} --policy logs.txt --json"))
        .ends(
            0,
            &[
                r#""schema":"log-v1""#,
                r#""signed":true"#,
                r#""witnessed":true"#,
                r#""size":3"#,
                r#""met":["eu","us","sg"]"#,
            ],
        );
}

#[test]
fn too_few_witnesses_and_wrong_keys_are_told_apart() {
    let (place, node) = (Place::new(), node(3));
    node.state().witnesses = 1;
    let url = node.url();
    place
        .run(&format!("log show {url} --policy policy.toml"))
        .ends(
            3,
            &[
                "ok    signed",
                "wait  witnessed  1 of 3 (policy asks for 2): eu",
            ],
        );
    let other = vkey().replace(ORIGIN, "log.other.example/v1");
    place
        .run(&format!("log show {url} --vkey {other}"))
        .ends(2, &["error: invalid value"]);
    let other = Key::witness("eu").text();
    place.run(&format!("log show {url} --vkey {other}")).ends(
        1,
        &["FAIL  signed     a log's key must be named after its origin"],
    );
    place.write("bad.txt", b"log x\n");
    place
        .run(&format!("log show {url} --policy bad.txt"))
        .ends(2, &["error: bad.txt is no policy text: line 1"]);
}

#[test]
fn proves_an_entry() {
    let (place, node) = (Place::new(), node(300));
    let url = node.url();
    place
        .run(&format!("log entry {url} 7 --vkey {} --proof p", vkey()))
        .ends(
            0,
            &[
                "entry 7 of log.acme.example/v1\n",
                "ok    included   in the tree of 300 entries",
                "kind       dsse 0.0.2",
                "\n  statement  ",
                "note: the proof is in p",
            ],
        );
    let proof = ProofFile::parse(&String::from_utf8(place.read("p")).unwrap()).unwrap();
    assert_eq!((proof.index, proof.hashes.len()), (7, 9));
    place.run(&format!("log entry {url} 299 --json")).ends(
        0,
        &[
            r#""index":299"#,
            r#""schema":"log-entry-v1""#,
            r#""kind":"dsse""#,
        ],
    );
    place
        .run(&format!("log entry {url} 300"))
        .ends(3, &["error: the log has no entry 300 yet; it has 300"]);
}

#[test]
fn a_changed_entry_or_tile_proves_nothing() {
    let place = copied(&node(300), 300);
    place.run("log entry log 7").ends(0, &["included"]);
    let whole = place.read("log/tile/entries/000");
    let mut changed = whole.clone();
    changed[whole.len() / 256 * 7 + 100] ^= 1;
    place.write("log/tile/entries/000", &changed);
    let said =
        "error: entry 7 is not in the tree that the checkpoint names: proof leads to another root";
    place.run("log entry log 7").ends(1, &[said]);
    place.write("log/tile/entries/000", &whole);
    // Of the tiles the proof needs the seven other entries beside entry 7, and what lies behind.
    for (path, at) in [("log/tile/0/000", 6 * 32), ("log/tile/0/001.p/44", 43 * 32)] {
        let whole = place.read(path);
        let mut changed = whole.clone();
        changed[at] ^= 1;
        place.write(path, &changed);
        place.run("log entry log 7").ends(1, &[said]);
        place.write(path, &whole);
    }
    fs::remove_file(place.path("log/tile/0/001.p/44")).unwrap();
    place.run("log entry log 7").ends(
        1,
        &["error: the log does not hold tile/0/001.p/44, which its checkpoint promises"],
    );
}

#[test]
fn recomputes_a_whole_log_from_a_server_and_from_a_folder() {
    let node = node(300);
    let place = copied(&node, 300);
    for log in [node.url(), "log".to_owned()] {
        place
            .run(&format!("log fsck {log} --policy policy.toml"))
            .ends(
                0,
                &[
                    "log.acme.example/v1: 300 entries, and everything fits\n",
                    "ok    entries    300 hashed",
                    "ok    tiles      3 recomputed",
                    "ok    signed",
                    "ok    witnessed",
                ],
            );
    }
    place.run("log fsck log --json").ends(
        0,
        &[r#""findings":[],"found":0,"#, r#""schema":"log-fsck-v1""#],
    );
}

#[test]
fn f8_damage_is_named() {
    let place = copied(&node(300), 300);
    let mut bytes = place.read("log/tile/entries/000");
    bytes[100] ^= 1;
    place.write("log/tile/entries/000", &bytes);
    place.run("log fsck log").ends(
        1,
        &[
            "300 entries, 2 findings\n",
            "FAIL  found      entry 0 has another hash than its tile says",
            "it is the entries that are damaged",
            "hint: keep this copy as it is",
        ],
    );
    place
        .run("log fsck log --json")
        .ends(1, &[r#"{"code":"entry","text":"#, r#""found":2"#]);
}

#[test]
fn two_roots_of_one_size_are_proof_and_saved() {
    let place = copied(&node(5), 5);
    let other = note(&Checkpoint::new(ORIGIN, 5, Hash([7; 32])).unwrap(), 0);
    place.write("kept", other.as_bytes());
    place
        .run(&format!("log fsck log --vkey {} --checkpoint kept", vkey()))
        .ends(
            10,
            &[
                "two different logs were shown under one name (log.acme.example/v1, size 5)\n",
                "hint: evidence is in ./split-view-5.txt",
            ],
        );
    let evidence = String::from_utf8(place.read("split-view-5.txt")).unwrap();
    assert!(evidence.starts_with(&format!(
        "urn:vitrine:misbehaviour:v1\nkind split-view\nkey {}\n\n-- checkpoint ",
        vkey()
    )));
    assert!(evidence.contains(&other));
    // Without the log's keys the two only disagree.
    place.run("log fsck log --checkpoint kept").ends(
        1,
        &["name two trees of 5 entries", "hint: give the log's keys"],
    );
}

#[test]
fn checkpoints_that_were_kept_are_held_against_the_log() {
    let place = copied(&node(5), 5);
    let vkey = vkey();
    for (size, code, said) in [
        (
            3,
            1,
            "the tree of 3 entries that you kept a checkpoint of is not its beginning",
        ),
        (
            6,
            1,
            "you kept a checkpoint of 6 entries, and the log shows fewer",
        ),
    ] {
        place.write(
            "kept",
            note(&Checkpoint::new(ORIGIN, size, Hash([7; 32])).unwrap(), 0).as_bytes(),
        );
        place
            .run(&format!("log fsck log --vkey {vkey} --checkpoint kept"))
            .ends(code, &[said]);
    }
    place.write("kept", &place.read("log/checkpoint"));
    place
        .run(&format!("log fsck log --vkey {vkey} --checkpoint kept"))
        .ends(0, &["everything fits"]);
    let foreign = note(
        &Checkpoint::new("log.other.example/v1", 3, Hash([7; 32])).unwrap(),
        0,
    );
    place.write("kept", foreign.as_bytes());
    place
        .run("log fsck log --checkpoint kept")
        .ends(2, &["error: kept is a checkpoint of another log"]);
    let unsigned =
        note(&Checkpoint::new(ORIGIN, 5, Hash([7; 32])).unwrap(), 0).replace("AAAA", "AAAB");
    place.write("kept", unsigned.replacen('\u{2014}', "-", 1).as_bytes());
    place
        .run(&format!("log fsck log --vkey {vkey} --checkpoint kept"))
        .ends(1, &["error: kept has no checkpoint that can be used"]);
}

#[test]
fn a_folder_without_a_log_is_told() {
    let place = Place::new();
    for verb in ["show .", "entry . 0", "fsck ."] {
        place.run(&format!("log {verb}")).ends(
            2,
            &[
                "error: no log is at .: it has no checkpoint",
                "hint: name the address of a node",
            ],
        );
    }
}
