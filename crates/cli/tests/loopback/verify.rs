//! `vitrine verify`: words, exit codes, state, evidence from files and nodes.

use std::io::Write;

use evidence::bundle;
use tlog::hash::sha256;

use crate::kit::{FROM, NOW, Place, Ran, file, policy_text};
use crate::node::Node;
use crate::server::Server;

/// A place with a published update and its bundle.
fn published() -> (Place, Node) {
    let (place, node) = (Place::new(), Node::start());
    publish(&place, &node, "app.deb", "4.2.0");
    (place, node)
}

fn publish(place: &Place, node: &Node, files: &str, version: &str) {
    place
        .run(&format!(
            "publish {files} --node {} --key release-1.key --version {version} --from {FROM} --publisher acme \
             --product acme-shield --platform linux-x86_64 --policy policy.toml --bundle app.bundle.jsonl",
            node.url()
        ))
        .ends(0, &["published"]);
}

fn verify(place: &Place, arguments: &str) -> Ran {
    place.run(&format!(
        "verify --policy policy.toml --now {NOW} {arguments}"
    ))
}

#[test]
fn offline_with_a_bundle_and_a_policy_it_accepts() {
    let (place, node) = published();
    drop(node);
    let ran = verify(&place, "app.deb --bundle app.bundle.jsonl").ends(0, &["accepted: app.deb"]);
    assert_eq!(ran.err(), "");
    assert!(ran.out().contains("  ok    witnessed  "), "{}", ran.out());
}

#[test]
fn one_changed_byte_of_the_file_is_not_accepted() {
    let (place, _node) = published();
    let mut bytes = file();
    bytes[150_000] ^= 1;
    place.write("app.deb", &bytes);
    verify(&place, "app.deb --bundle app.bundle.jsonl").ends(3, &["undecided: app.deb", "hint: "]);
}

#[test]
fn no_changed_byte_of_a_sealed_policy_is_accepted() {
    let (place, _node) = published();
    place
        .run(&format!("policy seal policy.toml --now {NOW}"))
        .ends(0, &["sealed: example-hospital serial 7 with SHA-256 "]);
    verify(&place, "app.deb --bundle app.bundle.jsonl").ends(0, &["accepted"]);
    let sealed = place.read("policy.toml");
    for at in (0..sealed.len()).step_by(97) {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        place.write("policy.toml", &changed);
        verify(&place, "app.deb --bundle app.bundle.jsonl").ends(2, &["error: "]);
    }
}

#[test]
fn evidence_comes_from_a_node_when_asked() {
    let (place, node) = published();
    verify(&place, &format!("app.deb --node {}", node.url())).ends(0, &["accepted"]);
    let digest = sha256(&file());
    verify(&place, &format!("--digest {digest} --node {}", node.url())).ends(0, &["accepted"]);
    verify(
        &place,
        &format!("--digest {} --node {}", sha256(b"other"), node.url()),
    )
    .ends(
        3,
        &[
            "undecided",
            "note: http://127.0.0.1",
            "has nothing about it",
        ],
    );
}

#[test]
fn a_node_that_cannot_be_asked_leaves_the_answer_to_the_others() {
    let (place, node) = published();
    let gone = Node::start().url();
    verify(
        &place,
        &format!("app.deb --node {gone} --node {}", node.url()),
    )
    .ends(
        0,
        &["accepted", "note: no usable answer from http://127.0.0.1"],
    );
    verify(&place, &format!("app.deb --node {gone}"))
        .ends(3, &["undecided", "nothing listens there"]);
}

#[test]
fn at06_a_node_without_end_is_left_at_the_limit() {
    let (place, _node) = published();
    let server = Server::start(|exchange| {
        exchange.raw(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
        for _ in 0..20 {
            exchange.raw(&vec![b'\n'; 1 << 20]);
        }
    });
    verify(&place, &format!("app.deb --node {}", server.url())).ends(
        3,
        &["undecided", "the answer is larger than 16777216 bytes"],
    );
}

#[test]
fn a_bundle_beside_the_file_is_found() {
    let (place, _node) = published();
    place.write("app.deb.bundle.jsonl", &place.read("app.bundle.jsonl"));
    verify(&place, "app.deb").ends(0, &["accepted"]);
    std::fs::remove_file(place.path("app.deb.bundle.jsonl")).unwrap();
    verify(&place, "app.deb").ends(
        2,
        &[
            "error: there is nothing to judge app.deb by",
            "hint: name a bundle",
        ],
    );
}

#[test]
fn a_bundle_may_come_as_gzip() {
    let (place, _node) = published();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&place.read("app.bundle.jsonl")).unwrap();
    let whole = encoder.finish().unwrap();
    place.write("b.gz", &whole);
    verify(&place, "app.deb --bundle b.gz").ends(0, &["accepted"]);
    place.write("b.gz", &whole[..whole.len() - 9]);
    verify(&place, "app.deb --bundle b.gz")
        .ends(3, &["error: b.gz begins as gzip, and is broken or cut off"]);
}

#[test]
fn several_files_are_judged_each_and_the_worst_word_decides() {
    let (place, _node) = published();
    place.write("other.deb", b"other");
    let ran = verify(&place, "app.deb other.deb --bundle app.bundle.jsonl")
        .ends(3, &["accepted: app.deb", "undecided: other.deb"]);
    assert_eq!(ran.out().matches("logged").count(), 2);
    let ran = verify(&place, "app.deb other.deb --bundle app.bundle.jsonl --json").ends(3, &[]);
    assert_eq!(ran.out().lines().count(), 2);
}

#[test]
fn at09_all_files_of_one_update_and_no_others() {
    let (place, node) = (Place::new(), Node::start());
    place.write("release/one.deb", b"one");
    place.write("release/two.deb", b"two");
    publish(&place, &node, "release/one.deb release/two.deb", "4.2.0");
    verify(&place, "--all release --bundle app.bundle.jsonl").ends(0, &["accepted: release"]);
    verify(
        &place,
        "--all release/two.deb release/one.deb --bundle app.bundle.jsonl",
    )
    .ends(0, &["accepted"]);
    place.write("release/three.deb", b"three");
    verify(&place, "--all release --bundle app.bundle.jsonl").ends(1, &["refused: release"]);
    std::fs::remove_file(place.path("release/three.deb")).unwrap();
    place.write("release/two.deb", b"tw0");
    verify(&place, "--all release --bundle app.bundle.jsonl").ends(1, &["refused: release"]);
    std::fs::create_dir(place.path("empty")).unwrap();
    verify(&place, "--all empty --bundle app.bundle.jsonl")
        .ends(2, &["error: there is no file in empty"]);
}

#[test]
fn at02_the_state_refuses_what_is_older_than_what_was_accepted() {
    let (place, node) = published();
    place.write("old.deb", &file());
    place.write("old.bundle.jsonl", &place.read("app.bundle.jsonl"));
    place.write("app.deb", b"the next one");
    publish(&place, &node, "app.deb", "4.3.0");
    verify(
        &place,
        "old.deb --bundle old.bundle.jsonl --state state.json",
    )
    .ends(0, &["accepted"]);
    // The bundle holds the new update alone, so its link to the accepted one is not shown: with the old line it is.
    verify(
        &place,
        "app.deb --bundle app.bundle.jsonl --bundle old.bundle.jsonl --state state.json",
    )
    .ends(0, &["accepted"]);
    verify(
        &place,
        "old.deb --bundle old.bundle.jsonl --state state.json",
    )
    .ends(1, &["refused: old.deb", "FAIL  serial"]);
    verify(&place, "old.deb --bundle old.bundle.jsonl").ends(0, &["accepted"]);
    verify(&place, "old.deb --bundle old.bundle.jsonl --no-state").ends(0, &["accepted"]);
}

#[test]
fn a10_a_damaged_state_waits_and_is_left_as_it_is() {
    let (place, _node) = published();
    place.write("state.json", b"{}");
    verify(
        &place,
        "app.deb --bundle app.bundle.jsonl --state state.json",
    )
    .ends(
        3,
        &["undecided", "wait  policy      the state file is damaged"],
    );
    assert_eq!(place.read("state.json"), b"{}");
}

#[test]
fn the_state_is_the_same_after_the_same_answer() {
    let (place, _node) = published();
    let run = || {
        verify(
            &place,
            "app.deb --bundle app.bundle.jsonl --state state.json",
        )
        .ends(0, &["accepted"])
    };
    run();
    let first = place.read("state.json");
    run();
    assert_eq!(place.read("state.json"), first);
    assert!(!first.is_empty());
}

#[test]
fn at15_two_roots_of_one_size_convict_the_log_and_the_evidence_is_saved() {
    let (place, _node) = published();
    // The same log shows another history of the same size to somebody else.
    let other = Node::start();
    place.write("app.deb", b"targeted");
    place.write("first.bundle.jsonl", &place.read("app.bundle.jsonl"));
    publish(&place, &other, "app.deb", "4.2.0");
    let ran = verify(
        &place,
        "app.deb --bundle app.bundle.jsonl --bundle first.bundle.jsonl",
    )
    .ends(
        10,
        &[
            "refused: app.deb",
            "misbehaviour: ",
            "hint: evidence is in ./split-view-",
        ],
    );
    let name = place
        .names()
        .into_iter()
        .find(|name| name.starts_with("split-view-"))
        .unwrap();
    assert!(ran.err().contains(&name));
    assert!(
        place
            .read(&name)
            .starts_with(b"urn:vitrine:misbehaviour:v1\nkind split-view\nkey log.acme.example/v1+")
    );
}

#[test]
fn a_broken_pipe_does_not_turn_a_refusal_into_success() {
    let (place, _node) = published();
    place.write("app.deb", b"other");
    let program = assert_cmd::cargo::cargo_bin("vitrine");
    let mut child = std::process::Command::new(program)
        .current_dir(place.path(""))
        .args(
            format!("verify app.deb --policy policy.toml --bundle app.bundle.jsonl --now {NOW}")
                .split_whitespace(),
        )
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(
        !String::from_utf8_lossy(&output.stderr).contains("error"),
        "{:?}",
        output.stderr
    );
}

#[test]
fn explain_names_the_line_of_the_policy() {
    let (place, _node) = published();
    verify(&place, "app.deb --bundle app.bundle.jsonl --explain").ends(0, &["asked for in line "]);
}

#[test]
fn json_is_one_object_and_nothing_else() {
    let (place, _node) = published();
    let ran = verify(&place, "app.deb --bundle app.bundle.jsonl --json").ends(0, &[]);
    assert!(ran.out().starts_with("{\"checks\":[") && ran.out().ends_with("}\n"));
    assert!(
        ran.out().contains(r#""schema":"verdict-v1""#)
            && ran.out().contains(r#""verdict":"accepted""#)
    );
    assert_eq!(ran.err(), "");
}

#[test]
fn refuses_what_cannot_be_judged() {
    let (place, _node) = published();
    for (arguments, said) in [
        (
            "gone.deb --bundle app.bundle.jsonl",
            "cannot read gone.deb: it does not exist",
        ),
        (
            "app.deb --bundle gone.jsonl",
            "cannot read gone.jsonl: it does not exist",
        ),
        (
            "app.deb --bundle app.bundle.jsonl --max-size 1000",
            "cannot read app.deb: it is larger than 1000 bytes",
        ),
        (
            "app.deb --bundle app.bundle.jsonl --state no/such/state.json",
            "the state file cannot be kept",
        ),
        (
            "app.deb --bundle app.bundle.jsonl --state s --no-state",
            "cannot be used with",
        ),
        (
            ". --bundle app.bundle.jsonl",
            "cannot read .: it is a folder",
        ),
    ] {
        verify(&place, arguments).ends(2, &["error: ", said]);
    }
    place.write(
        "policy.toml",
        policy_text(1)
            .replace("serial = 7", "serial = 0")
            .as_bytes(),
    );
    verify(&place, "app.deb --bundle app.bundle.jsonl").ends(
        2,
        &["error: policy.toml is no trust policy", "policy.toml:3:"],
    );
}

#[test]
fn lines_of_a_bundle_that_were_changed_are_dropped_and_never_accepted() {
    let (place, _node) = published();
    let whole = place.read("app.bundle.jsonl");
    for at in (0..whole.len()).step_by(101) {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        place.write("changed.jsonl", &changed);
        verify(&place, "app.deb --bundle changed.jsonl").ends(3, &["undecided"]);
    }
    assert_eq!(bundle::read(&whole).lines.len(), 1);
}

#[test]
fn colour_repeats_the_words_when_asked_for_and_not_into_a_pipe() {
    let (place, _node) = published();
    let plain = verify(&place, "app.deb --bundle app.bundle.jsonl")
        .ends(0, &[])
        .out();
    assert!(!plain.contains('\u{1b}'));
    let coloured = verify(&place, "app.deb --bundle app.bundle.jsonl --color always")
        .ends(0, &[])
        .out();
    assert!(coloured.starts_with("\u{1b}[1;32maccepted\u{1b}[0m: app.deb"));
    let stripped = coloured
        .replace("\u{1b}[0m", "")
        .replace("\u{1b}[32m", "")
        .replace("\u{1b}[36m", "");
    assert_eq!(stripped.replace("\u{1b}[1;32m", ""), plain);
}

#[test]
fn a_full_disk_under_the_answer_is_told() {
    let (place, _node) = published();
    let output = std::process::Command::new(assert_cmd::cargo::cargo_bin("vitrine"))
        .current_dir(place.path(""))
        .args(
            format!("verify app.deb --policy policy.toml --bundle app.bundle.jsonl --now {NOW}")
                .split_whitespace(),
        )
        .stdout(std::fs::File::create("/dev/full").unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(
        err.contains("error: cannot write to standard output: the disk is full"),
        "{err}"
    );
}

#[test]
fn quiet_leaves_the_answer_and_takes_the_hints_away() {
    let (place, _node) = published();
    place.write("app.deb", b"other");
    let ran = verify(&place, "app.deb --bundle app.bundle.jsonl --quiet").ends(3, &["undecided"]);
    assert_eq!(ran.err(), "");
    let ran = verify(&place, "gone.deb --bundle app.bundle.jsonl --quiet")
        .ends(2, &["error: ", "hint: "]);
    assert_eq!(ran.out(), "");
}
