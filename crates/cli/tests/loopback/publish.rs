//! `vitrine publish`: the whole way, run again, broken off, refused, lied to.

use evidence::bundle;
use tlog::hash::sha256;

use crate::kit::{FROM, NOW, Place, Ran, file, policy_text};
use crate::node::Node;

const LINE: &str = "--publisher acme --product acme-shield --platform linux-x86_64";

fn publish(place: &Place, node: &Node, more: &str) -> Ran {
    place.run(&format!(
        "publish app.deb --node {} --key release-1.key --version 4.2.0 {LINE} --from {FROM} {more}",
        node.url()
    ))
}

#[test]
fn publishes_a_file_that_a_customer_then_accepts() {
    let (place, node) = (Place::new(), Node::start());
    publish(&place, &node, "--policy policy.toml --bundle app.bundle.jsonl").ends(
        0,
        &[
            "published: acme-shield 4.2.0 is serial 1 of acme/acme-shield software stable linux-x86_64\n",
            "ok    logged     entry 0 of log.acme.example/v1\n",
            "ok    witnessed  3 of 3 (policy asks for 2): eu, us, sg\n",
            "ok    signed     by a release key",
            "hint: a customer runs: vitrine verify FILE --node http://127.0.0.1:",
        ],
    );
    place
        .run(&format!(
            "verify app.deb --bundle app.bundle.jsonl --policy policy.toml --now {NOW}"
        ))
        .ends(0, &["accepted: app.deb"]);
    let lines = bundle::read(&place.read("app.bundle.jsonl")).lines;
    assert_eq!(lines.len(), 1);
}

#[test]
fn without_a_policy_it_says_what_was_not_checked() {
    let (place, node) = (Place::new(), Node::start());
    publish(&place, &node, "--bundle app.bundle.jsonl").ends(
        0,
        &[
            "published: ",
            "note  witnessed  4 signatures that were not checked here; --policy FILE checks them",
        ],
    );
    // The bundle is the node's own, which must hold what was just logged.
    assert_eq!(bundle::read(&place.read("app.bundle.jsonl")).lines.len(), 1);
    assert_eq!(node.count("GET /bundle/"), 1);
}

#[test]
fn running_it_again_changes_nothing() {
    let (place, node) = (Place::new(), Node::start());
    // Without --from: the second run must find its own first one, a clock's tick later.
    let publish = |place: &Place, version: &str| {
        place.run(&format!(
            "publish app.deb --node {} --key release-1.key --version {version} {LINE} --json",
            node.url()
        ))
    };
    let first = publish(&place, "4.2.0")
        .ends(0, &[r#""index":0,"#, r#""new":true,"#, r#""serial":1,"#])
        .out();
    let again = publish(&place, "4.2.0")
        .ends(0, &[r#""index":0,"#, r#""new":false,"#, r#""serial":1,"#])
        .out();
    assert_eq!(first.replace(r#""new":true"#, r#""new":false"#), again);
    assert_eq!(node.count("PUT "), 1);
    publish(&place, "4.2.1").ends(
        0,
        &[
            r#""serial":2,"#,
            "note: the update before this one has the same files",
        ],
    );
}

#[test]
fn a_second_key_holder_signs_the_same_statement() {
    let (place, node) = (Place::new(), Node::start());
    place.write("policy.toml", policy_text(2).as_bytes());
    let publish = |number| {
        place.run(&format!(
            "publish app.deb --node {} --key release-{number}.key --version 4.2.0 {LINE} --policy policy.toml",
            node.url()
        ))
    };
    publish(1).ends(
        0,
        &[
            "entry 0 of",
            "wait  signed     by one release key; the policy asks for 2",
            "hint: customers accept it once enough release keys have signed",
        ],
    );
    publish(2).ends(0, &["entry 1 of", "serial 1 of"]);
    publish(3).ends(
        0,
        &[
            "entry 2 of",
            "wait  signed     by a key that the policy does not list",
        ],
    );
}

#[test]
fn the_next_update_names_the_one_before() {
    let (place, node) = (Place::new(), Node::start());
    publish(&place, &node, "").ends(0, &[]);
    place.write("app.deb", b"another one");
    publish(&place, &node, "--policy policy.toml --bundle b").ends(0, &["serial 2 of"]);
    let lines = bundle::read(&place.read("b")).lines;
    let payload = String::from_utf8(lines[0].envelope().payload().to_vec()).unwrap();
    assert!(
        payload.contains(r#""predecessor":{"serial":1,"statement":""#),
        "{payload}"
    );
}

#[test]
fn a_dry_run_prints_the_statement_and_sends_nothing() {
    let (place, node) = (Place::new(), Node::start());
    let statement = publish(&place, &node, "--dry-run").ends(0, &[]).out();
    assert!(statement.starts_with(r#"{"_type":"https://in-toto.io/Statement/v1","predicate":{"#));
    assert!(statement.contains(&sha256(&file()).to_hex()));
    assert_eq!((node.count("PUT"), node.count("POST")), (0, 0));
}

#[test]
fn documents_are_uploaded_and_cited() {
    let (place, node) = (Place::new(), Node::start());
    for (name, text) in [
        ("notes", "fixes"),
        ("recipe", "make"),
        ("a.spdx", "{}"),
        ("a.cdx", "{ }"),
    ] {
        place.write(name, text.as_bytes());
    }
    let more = "--notes notes --recipe recipe --sbom spdx=a.spdx --sbom cyclonedx=a.cdx --until 2027-01-01T00:00:00Z \
                --requires detection-rules:acme-rules:9000 --class feature --consent opt-in \
                --source 37dfe98818ca848dd13ad2c2333e430577d54d31db045f7d2be6b43175c09462";
    let statement = publish(&place, &node, &format!("{more} --dry-run"))
        .ends(0, &[])
        .out();
    for text in [
        &format!(r#""notes":{{"sha256":"{}"}}"#, sha256(b"fixes")),
        &format!(r#""recipe":{{"sha256":"{}"}}"#, sha256(b"make")),
        &format!(r#"{{"format":"spdx","sha256":"{}"}}"#, sha256(b"{}")),
        &format!(r#"{{"format":"cyclonedx","sha256":"{}"}}"#, sha256(b"{ }")),
        r#""until":"2027-01-01T00:00:00Z""#,
        r#""requires":[{"kind":"detection-rules","min":9000,"product":"acme-rules"}]"#,
        r#""actions":{"class":"feature","consent":"opt-in"}"#,
        r#""source":{"sha256":"37dfe988"#,
    ] {
        assert!(statement.contains(text), "{text} is missing in {statement}");
    }
    publish(&place, &node, more).ends(0, &["published"]);
    assert_eq!(node.count("PUT "), 5);
}

#[test]
fn an_upload_that_breaks_off_goes_on_where_it_stopped() {
    let (place, node) = (Place::new(), Node::start());
    node.state().cuts = [1, 100_000, 70_000].into();
    publish(&place, &node, "--policy policy.toml").ends(0, &["published"]);
    assert_eq!(node.count("PUT "), 4);
}

#[test]
fn an_upload_that_never_gets_on_is_given_up_and_finished_by_the_next_run() {
    let (place, node) = (Place::new(), Node::start());
    node.state().cuts = [200_000].into_iter().chain([0; 20]).collect();
    publish(&place, &node, "").ends(
        3,
        &[
            "error: the upload of app.deb does not get on",
            "hint: run the command again later",
        ],
    );
    node.state().cuts.clear();
    publish(&place, &node, "").ends(0, &["published"]);
}

#[test]
fn refusals_of_an_upload_are_told() {
    for (status, code, said) in [
        (413, 1, "the node refuses"),
        (507, 3, "ask the operator of the node for room"),
    ] {
        let (place, node) = (Place::new(), Node::start());
        node.state().upload_status = Some(status);
        publish(&place, &node, "").ends(code, &["error: ", said]);
        assert_eq!(node.count("POST"), 0);
    }
}

#[test]
fn refusals_of_a_statement_are_told_with_place_and_next_step() {
    for (refusal, code, said) in [
        (
            (403, "D2", "no key admitted here", "x"),
            4,
            &[
                "(D2): no key admitted here",
                "admit this key",
                "(request r-1)",
            ][..],
        ),
        (
            (
                409,
                "U2",
                "the serial is not above 7",
                "read the line again",
            ),
            1,
            &["(U2)", "at /predicate/serial", "hint: read the line again"],
        ),
        (
            (422, "D6", "a blob is not held", "upload it"),
            1,
            &["(D6)", "hint: upload it"],
        ),
        (
            (429, "D5", "the quota is used up", "wait"),
            3,
            &["(D5)", "hint: wait"],
        ),
        (
            (503, "unavailable", "the node cannot answer now", "later"),
            3,
            &["(unavailable)"],
        ),
    ] {
        let (place, node) = (Place::new(), Node::start());
        node.state().refusal = Some(refusal);
        publish(&place, &node, "").ends(code, said);
    }
}

#[test]
fn too_few_witnesses_is_told_apart_from_published() {
    let (place, node) = (Place::new(), Node::start());
    node.state().witnesses = 1;
    publish(&place, &node, "--bundle b").ends(
        3,
        &[
            "logged: acme-shield",
            "wait  witnessed  1 of 2 so far",
            "note: no bundle was written",
            "run the same command again",
        ],
    );
    assert!(!place.names().contains(&"b".to_owned()));
    node.state().witnesses = 2;
    publish(&place, &node, "--policy policy.toml --bundle b")
        .ends(0, &["published", "2 of 3", "as before"]);
}

#[test]
fn waiting_for_durability_alone_is_enough_when_asked_for() {
    let (place, node) = (Place::new(), Node::start());
    // Nodes need not tell a leaf hash before a tree covers the entry.
    node.state().lie = Some(|answer| {
        let (before, behind) = answer.split_once(r#""leaf":""#).unwrap();
        format!(r#"{before}"leaf":"{}"#, &behind[64..])
    });
    publish(&place, &node, "--wait durable").ends(0, &["logged: ", "wait  witnessed  not yet"]);
}

#[test]
fn a_lying_node_is_not_believed() {
    let index: fn(String) -> String = |answer| answer.replace(r#""index":0"#, r#""index":1"#);
    let leaf: fn(String) -> String = |answer| {
        let at = answer.find(r#""leaf":""#).unwrap() + 8;
        let other = if answer.as_bytes()[at] == b'0' {
            "1"
        } else {
            "0"
        };
        format!("{}{other}{}", &answer[..at], &answer[at + 1..])
    };
    let origin: fn(String) -> String =
        |answer| answer.replace(r#""origin":"log."#, r#""origin":"lag."#);
    let root: fn(String) -> String =
        |answer| answer.replace(r"acme.example/v1\n1\n", r"acme.example/v1\n2\n");
    let proof: fn(String) -> String = |answer| answer.replace("tlog-proof@v1", "tlog-proof@v2");
    let statement: fn(String) -> String =
        |answer| answer.replace(r#""statement":""#, r#""statement":"0"#);
    let html: fn(String) -> String = |_| "<html>hello</html>".to_owned();
    for (lie, code, said) in [
        (index, 1, "about another index"),
        (leaf, 1, "another entry than the one that was signed"),
        (origin, 1, "names no log lag.acme.example/v1"),
        (root, 1, "does not verify"),
        (proof, 1, "cannot be read"),
        (statement, 3, "members that do not fit"),
        (html, 3, "something that is not JSON"),
    ] {
        let (place, node) = (Place::new(), Node::start());
        node.state().lie = Some(lie);
        publish(&place, &node, "--policy policy.toml --bundle b").ends(code, &["error: ", said]);
        assert!(!place.names().contains(&"b".to_owned()));
    }
}

#[test]
fn a_proof_without_a_quorum_is_not_called_published_under_a_policy() {
    let (place, node) = (Place::new(), Node::start());
    // The node says that a quorum has cosigned, and sends a proof with one witness.
    node.state().lie = Some(|answer| {
        let lines: Vec<_> = answer.split("\\n\u{2014} ").collect();
        let (kept, last) = (&lines[..3], lines.last().unwrap());
        let tail = last.split_once("\\n\"").unwrap().1;
        format!("{}\\n\"{tail}", kept.join("\\n\u{2014} "))
    });
    publish(&place, &node, "--policy policy.toml")
        .ends(1, &["error: ", "too few witnesses cosigned: 1 of 3"]);
}

#[test]
fn names_that_cannot_be_published_are_refused_before_anything_is_sent() {
    let (place, node) = (Place::new(), Node::start());
    place.write("a/app.deb", b"1");
    place.write("b/App.deb", b"2");
    let run = |files: &str| {
        place.run(&format!(
            "publish {files} --node {} --key release-1.key --version 1 {LINE}",
            node.url()
        ))
    };
    run("a/app.deb b/App.deb").ends(2, &["error: two files are named app.deb", "hint: rename"]);
    run("..").ends(2, &["error: .. names no file"]);
    run("missing.deb").ends(2, &["error: cannot read missing.deb: it does not exist"]);
    assert_eq!(node.state().asked, Vec::<String>::new());
}

#[test]
fn wrong_values_are_refused_before_anything_is_sent() {
    let (place, node) = (Place::new(), Node::start());
    let long = "v".repeat(65);
    for (more, said) in [
        ("--until 2026-11-22T00:00:00Z", "U9 at "),
        ("--until 2028-11-22T00:00:00Z", "U9 at "),
        (
            "--kind detection-rules",
            "rules stand with the kind detection-rules",
        ),
        (
            "--requires software:acme-shield:1",
            "an update does not require its own line",
        ),
        (
            &format!("--version {long}"),
            "cannot be used multiple times",
        ),
    ] {
        publish(&place, &node, more).ends(2, &["error: ", said]);
    }
    assert_eq!((node.count("PUT"), node.count("POST")), (0, 0));
}

#[test]
fn a_key_that_others_can_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let (place, node) = (Place::new(), Node::start());
    std::fs::set_permissions(
        place.path("release-1.key"),
        std::fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    publish(&place, &node, "").ends(0, &["note: others on this machine can read release-1.key"]);
}

#[test]
fn a_node_that_is_not_there_is_told() {
    let place = Place::new();
    let gone = Node::start().url();
    place
        .run(&format!(
            "publish app.deb --node {gone} --key release-1.key --version 1 {LINE}"
        ))
        .ends(
            3,
            &[
                "error: no usable answer from http://127.0.0.1",
                ": nothing listens there",
                "hint: check that the server is up",
            ],
        );
}
