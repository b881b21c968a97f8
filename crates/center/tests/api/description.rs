//! The description and the router are held against each other: each route of one stands in the other, and each answer has a
//! status, a type and a form that the description lists.

use std::collections::BTreeSet;

use center::router;
use p256::ecdsa::SigningKey;
use serde_json::Value;
use tempfile::TempDir;
use tlog::hash::sha256;
use tlog::key::KeyName;
use witness::keys::{KeyFile, Owner};

use crate::kit::{self, Answer, ORIGIN, TestNode, payload, secret, update};

#[test]
fn every_route_of_the_router_is_described_and_every_described_one_is_served() {
    let node = node_of_all_roles();
    let description = description(&node);
    let routes = routes(&node);
    for route in &routes {
        // A page has one description, that of its JSON.
        if routes.contains(&format!("/api/v1{route}")) {
            continue;
        }
        let described: Vec<_> = paths(&description)
            .filter(|(path, _)| is_of(path, route))
            .collect();
        assert!(!described.is_empty(), "{route} is served and not described");
        for (path, operations) in described {
            let answer = node.patch(&filled(path, "0"));
            let allowed = answer.header("allow").unwrap_or_default();
            // Who answers GET answers HEAD: only a HEAD that tells more is described.
            let allowed: BTreeSet<_> = allowed.split(',').filter(|name| *name != "HEAD").collect();
            let named = methods(operations).map(str::to_uppercase);
            let named: Vec<_> = named.filter(|name| *name != "HEAD").collect();
            let named: BTreeSet<_> = named.iter().map(String::as_str).collect();
            assert_eq!(named, allowed, "{path}");
        }
    }
    for (path, _) in paths(&description) {
        assert!(
            routes.iter().any(|route| is_of(path, route)),
            "{path} is described and not served"
        );
    }
}

#[test]
fn every_described_answer_looks_as_described() {
    let node = node_of_all_roles();
    let description = description(&node);
    let real = Real::of(&node);
    for (path, operations) in paths(&description) {
        for method in methods(operations) {
            let addresses = [real.address(path), filled(path, "0"), filled(path, "x")];
            let mut good = 0;
            for address in addresses {
                let answer = match method {
                    "get" => node.get(&address),
                    "head" => node.head(&address),
                    "post" => node.post(&address, b""),
                    "put" => node.put(&address, &[], b""),
                    _ => panic!("{method} {path} cannot be asked here"),
                };
                good += u32::from(answer.status < 400);
                check(&description, path, method, &answer);
            }
            let asked_well = method == "get" && !NOT_HERE.contains(&path);
            assert!(good > 0 || !asked_well, "{path} never answered well");
        }
    }
}

#[test]
fn what_enters_is_answered_as_described() {
    let node = node_of_all_roles();
    let description = description(&node);
    let bytes = b"bytes";
    let blob = TestNode::blob(sha256(bytes));
    let put = |path: &str, bytes: &[u8]| {
        let answer = node.put(path, &[], bytes);
        check(&description, BLOB, "put", &answer);
        answer.status
    };
    assert_eq!(put(&blob, b"other"), 422);
    assert_eq!(put(&blob, bytes), 201);
    assert_eq!(put(&blob, bytes), 200);
    let head = node.head(&blob);
    check(&description, BLOB, "head", &head);
    assert_eq!(head.status, 200);
    let enter = |payload: &[u8], key: &SigningKey| {
        let answer = node.enter(payload, key);
        check(&description, "/api/v1/statements", "post", &answer);
        answer.status
    };
    let first = payload(&update("beta", 1, None));
    assert_eq!(enter(&first, &secret(1)), 201);
    assert_eq!(enter(&first, &secret(1)), 200);
    assert_eq!(enter(&first, &secret(2)), 403);
    assert_eq!(enter(&payload(&update("beta", 3, None)), &secret(1)), 409);
    assert_eq!(enter(b"{}", &secret(1)), 422);
    let checkpoint = node.get("/checkpoint").text();
    for (old, status) in [(0, 200), (9, 400), (0, 409)] {
        let body = format!("old {old}\n\n{checkpoint}");
        let answer = node.post(ADD_CHECKPOINT, body.as_bytes());
        check(&description, ADD_CHECKPOINT, "post", &answer);
        assert_eq!(answer.status, status, "{}", answer.text());
    }
}

/// A node that has every role, one update in its log, and its own witness as a center that the policy counts.
fn node_of_all_roles() -> TestNode {
    let folder = TempDir::new().unwrap();
    let key = |name: &str, owner, file: &str| {
        let keys = KeyFile::generate(&KeyName::new(name).unwrap(), owner).unwrap();
        keys.save(&folder.path().join(file)).unwrap();
        keys.vkeys()
    };
    let log = key(ORIGIN, Owner::Log, "log.keys");
    let witness = key("center-test.example/w", Owner::Cosigner, "witness.keys");
    let counted = format!(
        "witness {CENTER}-e {}\nwitness {CENTER}-m {}\ngroup {CENTER} any {CENTER}-e {CENTER}-m\ngroup all 1 {CENTER}\nquorum all\n",
        witness[0], witness[1]
    );
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("policy.toml", &kit::policy(&log, &counted));
    write("security.txt", "Contact: mailto:security@center.example\n");
    let text = format!(
        "name = \"Center Test\"\noperator = \"Example CERT\"\nlisten = \"127.0.0.1:0\"\nurl = \"http://127.0.0.1:1\"\n\
         data = \"data\"\n[log]\norigin = \"{ORIGIN}\"\nkeys = \"log.keys\"\nwitnesses = \"quorum none\\n\"\n\
         [witness]\nkeys = \"witness.keys\"\n[[witness.log]]\nkeys = [\"{}\", \"{}\"]\nper-day = 1000\n\
         [portal]\npolicy = \"policy.toml\"\nsecurity-txt = \"security.txt\"\n",
        log[0], log[1]
    );
    write("node.toml", &text);
    let node = TestNode::open(folder);
    node.admit("acme", &secret(1), 100);
    node
}

/// Addresses that lead to something on a node of all roles.
struct Real {
    file: String,
    line: String,
    asset: String,
}

impl Real {
    /// Fills the node with what the addresses lead to.
    fn of(node: &TestNode) -> Self {
        let first = update("stable", 1, None);
        let file = kit::file_digest(&first);
        assert_eq!(node.enter(&payload(&first), &secret(1)).status, 201);
        let checkpoint = node.get("/checkpoint").text();
        let cosigned = node.post(ADD_CHECKPOINT, format!("old 0\n\n{checkpoint}").as_bytes());
        assert_eq!(cosigned.status, 200, "{}", cosigned.text());
        node.until("the view of the update", |node| {
            node.get(&format!("/bundle/{file}.jsonl")).status == 200
        });
        let home = node.get("/").text();
        let (_, rest) = home.split_once("/assets/").unwrap();
        Self {
            file: file.to_hex(),
            line: first.line.id().to_hex(),
            asset: rest.split('"').next().unwrap().to_owned(),
        }
    }

    fn address(&self, path: &str) -> String {
        let name = match path.split('/').nth(1) {
            Some("assets") => self.asset.clone(),
            Some("bundle") => format!("{}.jsonl", self.file),
            Some("proof") => "0.tlog-proof".to_owned(),
            _ => CENTER.to_owned(),
        };
        let origin = match path.split('/').nth(1) {
            Some("witness") => sha256(ORIGIN.as_bytes()).to_hex(),
            _ => ORIGIN.replace('/', "%2F"),
        };
        // The statement's body is a blob that is there.
        let body = sha256(&payload(&update("stable", 1, None))).to_hex();
        path.replace("{hex}", &body)
            .replace("{id}", &self.file[..16])
            .replace("{index}", "0")
            .replace("{line}", &self.line)
            .replace("{name}", &name)
            .replace("{number}", "0")
            .replace("{origin}", &origin)
            .replace("{path}", "0/000.p/1")
    }
}

fn description(node: &TestNode) -> Value {
    node.get("/api/v1/openapi.json").json()
}

fn paths(description: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let paths = description["paths"].as_object().unwrap();
    paths
        .iter()
        .map(|(path, operations)| (path.as_str(), operations))
}

fn methods(operations: &Value) -> impl Iterator<Item = &str> {
    let members = operations.as_object().unwrap().keys();
    members
        .map(String::as_str)
        .filter(|name| *name != "parameters")
}

/// The paths of the router itself. It lists them for people alone: an empty set would fail every test that asks for it.
fn routes(node: &TestNode) -> BTreeSet<String> {
    let listed = format!("{:?}", router::router(node.node.clone()));
    let (own, _) = listed.split_once("fallback_router").unwrap();
    let quoted = own.split("RouteId(").filter_map(|piece| {
        let (_, text) = piece.split_once("): \"")?;
        text.split_once('"').map(|(path, _)| path.to_owned())
    });
    quoted.collect()
}

/// True if a path of the description belongs to a route: segment by segment, the last of which may stand for several.
fn is_of(path: &str, route: &str) -> bool {
    let (mut segments, mut pattern) = (path.split('/'), route.split('/'));
    loop {
        match (segments.next(), pattern.next()) {
            (None, None) => return true,
            (Some(_), Some(rest)) if rest.starts_with("{*") => return true,
            (Some(one), Some(other)) if one == other => {}
            _ => return false,
        }
    }
}

/// The path with one word for each of its parameters.
fn filled(path: &str, word: &str) -> String {
    let segments = path.split('/');
    let words = segments.map(|segment| {
        if segment.starts_with('{') {
            word
        } else {
            segment
        }
    });
    words.collect::<Vec<_>>().join("/")
}

/// Status, type and form of an answer are those of the description.
#[track_caller]
fn check(description: &Value, path: &str, method: &str, answer: &Answer) {
    let what = format!("{method} {path} answered {}", answer.status);
    let listed = &description["paths"][path][method]["responses"];
    let listed = listed.get(answer.status.to_string());
    let listed = listed.unwrap_or_else(|| panic!("{what}, which is not listed"));
    let Some(types) = listed["content"].as_object() else {
        assert!(
            answer.body.is_empty() || method == "head" || answer.status == 429,
            "{what} with a body that is not described"
        );
        return;
    };
    let kind = answer.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    let body = types.get(kind).or(types.get("*/*"));
    let body = body.unwrap_or_else(|| panic!("{what} as {kind}, which is not listed"));
    if kind == "application/json"
        && let Err(refused) = matches(description, &body["schema"], &answer.json())
    {
        panic!("{what}: {refused}");
    }
}

/// Whether a value has the form of a schema. Words of JSON Schema that the description does not need are unknown here, so
/// that none of it goes unchecked.
fn matches(description: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let refuse = |what: String| Err(format!("{what}, but is {value}"));
    for (word, of) in schema.as_object().unwrap() {
        match word.as_str() {
            "description" | "contentEncoding" | "format" | "maxItems" | "minItems" => {}
            "$ref" => {
                let named = description.pointer(of.as_str().unwrap().trim_start_matches('#'));
                matches(description, named.unwrap(), value)?;
            }
            "additionalProperties" => {
                let known = schema["properties"].as_object().unwrap();
                let unknown = value
                    .as_object()
                    .into_iter()
                    .flat_map(|members| members.keys());
                if let Some(name) = unknown.into_iter().find(|name| !known.contains_key(*name)) {
                    return refuse(format!("{name} is not described"));
                }
            }
            "const" if of != value => return refuse(format!("should be {of}")),
            "const" => {}
            "enum" if !of.as_array().unwrap().contains(value) => {
                return refuse(format!("should be one of {of}"));
            }
            "enum" => {}
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    matches(description, of, item)?;
                }
            }
            "minimum" => {
                if value.as_i64() < of.as_i64() && !value.is_null() {
                    return refuse(format!("should be {of} or more"));
                }
            }
            "oneOf" => {
                let all = of.as_array().unwrap().iter();
                let refusals: Vec<_> = all
                    .map(|one| matches(description, one, value))
                    .filter_map(Result::err)
                    .collect();
                if refusals.len() + 1 != of.as_array().unwrap().len() {
                    return refuse(format!("should be one of several: {refusals:?}"));
                }
            }
            "properties" => {
                for (name, of) in of.as_object().unwrap() {
                    if let Some(member) = value.get(name) {
                        matches(description, of, member)
                            .map_err(|refused| format!("{name}: {refused}"))?;
                    }
                }
            }
            "required" => {
                let mut names = of.as_array().unwrap().iter();
                if let Some(name) = names.find(|name| value.get(name.as_str().unwrap()).is_none()) {
                    return refuse(format!("{name} is missing"));
                }
            }
            "type" => {
                let kind = match value {
                    Value::Array(_) => "array",
                    Value::Bool(_) => "boolean",
                    Value::Null => "null",
                    Value::Number(_) => "integer",
                    Value::Object(_) => "object",
                    Value::String(_) => "string",
                };
                let is_one =
                    of == kind || of.as_array().is_some_and(|all| all.contains(&kind.into()));
                if !is_one {
                    return refuse(format!("should be {of}"));
                }
            }
            _ => return Err(format!("{word} is no word that is checked here")),
        }
    }
    Ok(())
}

#[test]
fn refuses_answers_of_another_form() {
    let node = crate::node();
    let description = description(&node);
    let problem = &description["components"]["schemas"]["Problem"];
    let text = |error: Value| {
        matches(
            &description,
            problem,
            &serde_json::json!({ "error": error }),
        )
    };
    let good = serde_json::json!({"code": "a", "message": "b", "hint": "c"});
    assert_eq!(text(good.clone()), Ok(()));
    for (member, value) in [
        ("code", 1.into()),
        ("hint", Value::Null),
        ("more", "d".into()),
    ] {
        let mut bad = good.clone();
        bad[member] = value;
        assert!(text(bad).is_err(), "{member}");
    }
    let mut bad = good;
    bad.as_object_mut().unwrap().remove("hint");
    assert!(text(bad).is_err());
}

#[test]
fn a_path_belongs_to_a_route_segment_by_segment() {
    for (path, route, expected) in [
        ("/tile/{path}", "/tile/{*path}", true),
        ("/log/{origin}/{index}", "/log/{*place}", true),
        ("/log", "/log/{*place}", false),
        ("/u/{id}", "/u/{id}", true),
        ("/u/{id}", "/u", false),
        ("/u", "/u/{id}", false),
        ("/u/{digest}", "/u/{id}", false),
    ] {
        assert_eq!(is_of(path, route), expected, "{path} {route}");
    }
}

const ADD_CHECKPOINT: &str = "/witness/add-checkpoint";
const BLOB: &str = "/api/v1/blobs/sha256/{hex}";

/// The center's word in the policy.
const CENTER: &str = "here";

/// Whose good answer needs a log that convicted itself.
const NOT_HERE: [&str; 1] = ["/api/v1/u/{id}/misbehaviour/{number}"];
