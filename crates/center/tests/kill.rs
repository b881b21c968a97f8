//! The node as a process that is killed at any moment: nothing acknowledged is lost, and `fsck` finds nothing.

#![allow(
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test"
)]

mod kit;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use evidence::envelope::Envelope;
use evidence::key::PublicKey;
use kit::{ORIGIN, payload, secret, statements, update};
use tempfile::TempDir;

struct Process {
    child: Child,
    url: String,
}

impl Process {
    fn start(folder: &Path) -> Self {
        let mut child = center(folder, &["serve"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line
            .trim()
            .strip_prefix("ready ")
            .expect("the node says where it listens")
            .to_owned();
        Self { child, url }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn center(folder: &Path, verb: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vitrine-center"));
    command
        .args(verb)
        .arg("--config")
        .arg(folder.join("node.toml"));
    command
}

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let keys = folder.path().join("log.keys");
    let made = Command::new(env!("CARGO_BIN_EXE_vitrine-center"))
        .args(["key", "new", "--log", ORIGIN, "--out"])
        .arg(&keys)
        .output()
        .unwrap();
    assert_eq!(
        (
            made.status.code(),
            String::from_utf8_lossy(&made.stdout).lines().count()
        ),
        (Some(0), 2)
    );
    let text = format!(
        "name = \"Center Test\"\noperator = \"Example CERT\"\nlisten = \"127.0.0.1:0\"\nurl = \"http://127.0.0.1:1\"\ndata = \"data\"\n\
         [log]\norigin = \"{ORIGIN}\"\nkeys = \"log.keys\"\nwitnesses = \"quorum none\\n\"\n"
    );
    std::fs::write(folder.path().join("node.toml"), text).unwrap();
    let key = PublicKey::of(&secret(1)).to_policy_text();
    let admitted = center(folder.path(), &["publisher", "add", "acme", "--key", &key])
        .output()
        .unwrap();
    assert_eq!(
        admitted.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&admitted.stderr)
    );
    folder
}

#[test]
fn nothing_acknowledged_is_lost_by_thirty_kills_and_fsck_is_clean() {
    let folder = folder();
    let acknowledged: Mutex<Vec<(String, u64)>> = Mutex::new(Vec::new());
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..30_u64 {
        let process = Process::start(folder.path());
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let lives = Duration::from_micros(random >> 33 & 0x3_ffff);
        std::thread::scope(|scope| {
            for thread in 0..4_u64 {
                let (url, acknowledged) = (process.url.clone(), &acknowledged);
                scope.spawn(move || {
                    let agent: ureq::Agent = ureq::Agent::config_builder()
                        .timeout_global(Some(Duration::from_secs(5)))
                        .http_status_as_error(false)
                        .build()
                        .into();
                    for number in 0.. {
                        let bytes =
                            payload(&update(&format!("r{round}-{thread}-{number}"), 1, None));
                        let envelope = Envelope::sign(bytes, &secret(1)).to_bytes();
                        let address = format!("{url}{}&wait=durable", statements(&secret(1)));
                        // The node was killed under this request: nobody was told anything.
                        let Ok(mut response) = agent.post(&address).send(envelope.as_slice())
                        else {
                            return;
                        };
                        let Ok(body) = response.body_mut().read_to_vec() else {
                            return;
                        };
                        if response.status().as_u16() != 201 {
                            continue;
                        }
                        let answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
                        let statement = answer["statement"].as_str().unwrap().to_owned();
                        acknowledged
                            .lock()
                            .unwrap()
                            .push((statement, answer["index"].as_u64().unwrap()));
                    }
                });
            }
            std::thread::sleep(lives);
            process.kill();
        });
    }
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(
        acknowledged.len() > 30,
        "only {} statements were acknowledged",
        acknowledged.len()
    );
    // A last start hands over what was accepted and not sequenced, then everything is looked at.
    let process = Process::start(folder.path());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = runtime
        .block_on(store::database::Database::open_file(
            &folder.path().join("data/node.sqlite"),
        ))
        .unwrap();
    let mut indexes = std::collections::BTreeSet::new();
    let size = size(&process.url);
    for (statement, index) in &acknowledged {
        assert!(indexes.insert(*index), "index {index} was given twice");
        assert!(size > *index, "the log lost entry {index}");
        let id = tlog::hash::Hash::from_hex(statement).unwrap();
        assert!(
            runtime.block_on(database.body(id)).unwrap().is_some(),
            "the body of {statement} is lost"
        );
    }
    runtime.block_on(database.close());
    process.kill();
    let checked = center(folder.path(), &["fsck"]).output().unwrap();
    let said = String::from_utf8_lossy(&checked.stdout).into_owned()
        + &String::from_utf8_lossy(&checked.stderr);
    assert_eq!(checked.status.code(), Some(0), "{said}");
    assert!(said.contains("clean"), "{said}");
}

fn size(url: &str) -> u64 {
    let checkpoint = ureq::get(format!("{url}/checkpoint"))
        .call()
        .unwrap()
        .body_mut()
        .read_to_string()
        .unwrap();
    checkpoint.lines().nth(1).unwrap().parse().unwrap()
}

#[test]
fn two_nodes_on_one_folder_are_refused() {
    let folder = folder();
    let process = Process::start(folder.path());
    let second = center(folder.path(), &["serve"]).output().unwrap();
    assert_eq!(
        second.status.code(),
        Some(3),
        "{}",
        String::from_utf8_lossy(&second.stderr)
    );
    process.kill();
}

#[test]
fn wrong_use_ends_with_two_a_message_and_a_hint() {
    let folder = folder();
    let missing = Command::new(env!("CARGO_BIN_EXE_vitrine-center"))
        .args(["serve", "--config", "/nonexistent/node.toml"])
        .output()
        .unwrap();
    std::fs::write(folder.path().join("node.toml"), "name = 1\n").unwrap();
    let damaged = center(folder.path(), &["serve"]).output().unwrap();
    let again = Command::new(env!("CARGO_BIN_EXE_vitrine-center"))
        .args(["key", "new", "--log", ORIGIN, "--out"])
        .arg(folder.path().join("log.keys"))
        .output()
        .unwrap();
    for (name, output) in [
        ("missing", missing),
        ("damaged", damaged),
        ("key exists", again),
    ] {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(
            said.starts_with("error: ") && said.contains("\nhint: "),
            "{name}: {said}"
        );
    }
}
