//! The program as its operator runs it: verbs, exit codes, signals, and kills at random moments.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at whatever it does not expect"
)]

mod kit;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use kit::{TestLog, get, monitoring, post, try_post};

const ORIGIN: &str = "log.example/v1";

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vitrine-witness"));
    command.env("RUST_LOG", "warn");
    command
}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

/// A directory with keys and a configuration for `log`.
fn prepared(log: &TestLog) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("witness.key");
    let made = run(&[
        "key",
        "new",
        "--name",
        "witness.example/w",
        "--out",
        key.to_str().unwrap(),
    ]);
    assert!(made.status.success());
    configure(directory.path(), "127.0.0.1:0", log);
    directory
}

fn configure(directory: &Path, listen: &str, log: &TestLog) {
    let vkeys: Vec<String> = log.vkeys().iter().map(ToString::to_string).collect();
    let text = format!(
        "listen = \"{listen}\"\ndata = \"state\"\nkeys = \"witness.key\"\n\n[[log]]\nvkeys = {vkeys:?}\n"
    );
    fs::write(directory.join("witness.toml"), text).unwrap();
}

struct Running {
    child: Child,
    address: SocketAddr,
}

impl Running {
    fn start(directory: &Path) -> Self {
        let config = directory.join("witness.toml");
        let mut child = program()
            .args(["serve", "--config"])
            .arg(config)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .trim_end()
            .strip_prefix("listening on http://")
            .unwrap()
            .parse()
            .unwrap();
        Self { child, address }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn f1_no_kill_at_any_moment_loses_an_answered_checkpoint() {
    let log = TestLog::new(ORIGIN);
    let directory = prepared(&log);
    let requests: Vec<Vec<u8>> = (0..200).map(|old| log.request(old, old + 1)).collect();
    let answered = AtomicU64::new(0);
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..50 {
        let mut running = Running::start(directory.path());
        let address = running.address;
        // xorshift: other moments in each round, the same in each run.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        thread::scope(|scope| {
            let client = scope.spawn(|| {
                // The size it knows may be one behind what the killed process had stored: then 409 tells.
                let mut old = answered.load(Ordering::SeqCst);
                while let Some(body) = requests.get(old as usize) {
                    let Ok(answer) = try_post(address, "/add-checkpoint", body) else {
                        return;
                    };
                    old = match answer.status {
                        200 => old + 1,
                        409 => answer.body.trim_end().parse().unwrap(),
                        other => panic!("{other}: {}", answer.body),
                    };
                    let before = answered.fetch_max(old, Ordering::SeqCst);
                    assert!(
                        old >= before,
                        "round {round}: {before} was answered, now {old}"
                    );
                }
            });
            thread::sleep(Duration::from_micros(random % 20_000));
            running.child.kill().unwrap();
            running.child.wait().unwrap();
            client.join().unwrap();
        });
    }
    let running = Running::start(directory.path());
    let answer = post(running.address, "/add-checkpoint", &log.request(250, 251));
    assert_eq!(answer.status, 409);
    let size: u64 = answer.body.trim_end().parse().unwrap();
    assert!(
        size >= answered.load(Ordering::SeqCst) && size > 20,
        "{size}"
    );
}

#[test]
fn stops_with_exit_0_on_sigterm_and_sigint() {
    let log = TestLog::new(ORIGIN);
    let directory = prepared(&log);
    for signal in ["-TERM", "-INT"] {
        let mut running = Running::start(directory.path());
        let address = running.address;
        assert_eq!(get(address, "/healthz").status, 200);
        running.signal(signal);
        assert_eq!(running.child.wait().unwrap().code(), Some(0));
        assert!(try_post(address, "/add-checkpoint", b"").is_err());
    }
}

#[test]
fn a_request_under_way_is_answered_after_sigterm() {
    let log = TestLog::new(ORIGIN);
    let directory = prepared(&log);
    let mut running = Running::start(directory.path());
    let body = log.request(0, 3);
    let mut stream = TcpStream::connect(running.address).unwrap();
    let head = format!(
        "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server says this when it begins to wait for the body: the request is under way.
    let mut continued = [0; 25];
    stream.read_exact(&mut continued).unwrap();
    assert_eq!(&continued, b"HTTP/1.1 100 Continue\r\n\r\n");
    running.signal("-TERM");
    // Nobody new is let in; only then does the body follow.
    while TcpStream::connect(running.address).is_ok() {
        thread::sleep(Duration::from_millis(5));
    }
    stream.write_all(&body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
}

#[test]
fn serves_what_it_served_before_a_restart() {
    let log = TestLog::new(ORIGIN);
    let directory = prepared(&log);
    let mut running = Running::start(directory.path());
    assert_eq!(get(running.address, &monitoring(ORIGIN)).status, 404);
    assert_eq!(
        post(running.address, "/add-checkpoint", &log.request(0, 3)).status,
        200
    );
    running.signal("-TERM");
    running.child.wait().unwrap();
    let running = Running::start(directory.path());
    assert!(
        get(running.address, &monitoring(ORIGIN))
            .body
            .starts_with(&log.checkpoint(3).to_text())
    );
}

#[test]
fn says_that_an_address_or_a_data_directory_is_in_use_and_exits_3() {
    let log = TestLog::new(ORIGIN);
    let directory = prepared(&log);
    let config = directory.path().join("witness.toml");
    let serve = ["serve", "--config", config.to_str().unwrap()];

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    configure(directory.path(), &address.to_string(), &log);
    let output = run(&serve);
    assert_eq!(output.status.code(), Some(3));
    let text = format!(
        "error: cannot listen: another process listens on {address}\n\
         hint: stop the other process, or choose another address\n"
    );
    assert_eq!(stderr(&output), text);

    configure(directory.path(), "127.0.0.1:0", &log);
    let _running = Running::start(directory.path());
    let output = run(&serve);
    assert_eq!(output.status.code(), Some(3));
    let text = "error: witness does not start: state of the witness cannot be opened: \
                another process uses this data directory\n\
                hint: stop the other process, or give this witness a data directory of its own\n";
    assert_eq!(stderr(&output), text);
}

#[test]
fn refuses_wrong_configurations_with_the_line_and_exits_2() {
    let log = TestLog::new(ORIGIN);
    let directory = prepared(&log);
    let config = directory.path().join("witness.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("data", "dato")).unwrap();
    let output = run(&["serve", "--config", config.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("witness.toml is refused: line 2: "),
        "{}",
        stderr(&output)
    );

    let output = run(&["serve", "--config", "no such file"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no such file cannot be read: entity not found\nhint: "));
    assert_eq!(run(&["serve"]).status.code(), Some(2));
    assert_eq!(run(&["unknown"]).status.code(), Some(2));
    assert_eq!(
        run(&["key", "new", "--name", "a b", "--out", "x"])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn refuses_a_key_file_that_others_may_read_or_that_is_a_logs() {
    let log = TestLog::new(ORIGIN);
    let directory = prepared(&log);
    let config = directory.path().join("witness.toml");
    let key = directory.path().join("witness.key");
    let serve = ["serve", "--config", config.to_str().unwrap()];
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let output = run(&serve);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("key file has mode 0644, so others may read it\n"));

    fs::remove_file(&key).unwrap();
    let path = key.to_str().unwrap();
    let made = run(&[
        "key", "new", "--name", ORIGIN, "--out", path, "--owner", "log",
    ]);
    assert!(made.status.success());
    let output = run(&serve);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("key file holds a log's key (type 01)\n"));
}

#[test]
fn key_new_prints_the_vkeys_that_key_show_prints_and_never_a_private_half() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    let path = path.to_str().unwrap();
    let made = run(&["key", "new", "--name", "w.example", "--out", path]);
    let shown = run(&["key", "show", path]);
    assert_eq!(made.stdout, shown.stdout);
    let text = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("w.example+"))
            .count(),
        2
    );
    for line in fs::read_to_string(path)
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("PRIVATE"))
    {
        let private = line.splitn(5, '+').last().unwrap();
        assert!(!text.contains(private));
    }
    let again = run(&["key", "new", "--name", "w.example", "--out", path]);
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).ends_with("hint: choose another path, or move the old file away\n"));
}

#[test]
fn help_lists_the_exit_codes_in_the_words_of_their_page() {
    let output = run(&["help", "exit-codes"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let told: Vec<String> = text
        .lines()
        .map(|line| line.trim_start().split_once("  ").unwrap())
        .map(|(code, meaning)| format!("| {code} | {meaning} |"))
        .collect();
    let page = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/reference/exit-codes.md"
    );
    let page = fs::read_to_string(page).unwrap();
    let rows = page.lines().filter(|line| line.starts_with('|')).skip(2);
    assert_eq!(told, rows.collect::<Vec<_>>());
    assert_eq!(told.len(), 7);
    assert!(run(&["help"]).status.success());
}
