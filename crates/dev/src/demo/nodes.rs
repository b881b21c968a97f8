//! Processes of the demo: start, wait until ready, stop. Always by their own ids, never by name.
//!
//! A node writes both of its streams to a log file. Whatever goes wrong with it is told with the end of that file,
//! since "connection refused" alone helps nobody.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::demo::interrupt::Interrupt;
use crate::failure::Failure;
use crate::process::not_started;

/// All nodes of the demo. Dropping it stops them.
#[derive(Default)]
pub(crate) struct Fleet {
    nodes: Vec<Node>,
}

/// One running program.
struct Node {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Fleet {
    /// Starts a node whose streams go to `log`.
    pub(crate) fn start(
        &mut self,
        name: &str,
        command: &mut Command,
        log: &Path,
    ) -> Result<(), Failure> {
        let out = File::options()
            .create(true)
            .append(true)
            .open(log)
            .map_err(Failure::file(log))?;
        let err = out.try_clone().map_err(Failure::file(log))?;
        // A process group of its own: a Ctrl-C at the terminal reaches only us, and we stop the nodes in order.
        command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0);
        let child = command
            .spawn()
            .map_err(|source| not_started(command, source))?;
        self.nodes.push(Node {
            name: name.to_owned(),
            child,
            log: log.to_owned(),
        });
        Ok(())
    }

    /// Waits until `GET path` at `address` answers 200. Fails if any node ends meanwhile, or after [`READY_WITHIN`].
    pub(crate) fn wait_ready(
        &mut self,
        name: &str,
        address: SocketAddr,
        path: &str,
        interrupt: &Interrupt,
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            interrupt.check()?;
            self.check_alive()?;
            let answer = get(address, path);
            if matches!(answer, Ok((200, _))) {
                return Ok(());
            }
            if Instant::now() > deadline {
                let got = match answer {
                    Ok((status, body)) => format!(
                        "answered {status} {}",
                        String::from_utf8_lossy(&body).trim()
                    ),
                    Err(error) => format!("gave no answer ({error})"),
                };
                return Err(
                    self.failure_of(name, &format!("is not ready at {address}{path}: it {got}"))
                );
            }
            thread::sleep(POLL);
        }
    }

    /// Fails with the name and the last words of the first node that has ended.
    pub(crate) fn check_alive(&mut self) -> Result<(), Failure> {
        let ended = self
            .nodes
            .iter_mut()
            .find_map(|node| match node.child.try_wait() {
                Ok(Some(status)) => {
                    Some((node.name.clone(), format!("ended by itself ({status})")))
                }
                Ok(None) => None,
                Err(error) => Some((node.name.clone(), format!("cannot be waited for ({error})"))),
            });
        match ended {
            Some((name, what)) => Err(self.failure_of(&name, &what)),
            None => Ok(()),
        }
    }

    /// Process id of the node of that name.
    pub(crate) fn id(&self, name: &str) -> Option<u32> {
        self.nodes
            .iter()
            .find(|node| node.name == name)
            .map(|node| node.child.id())
    }

    /// Stops the node of that name, as an outage would.
    pub(crate) fn stop_one(&mut self, name: &str) {
        for node in self.nodes.extract_if(.., |node| node.name == name) {
            let mut child = node.child;
            ask_to_end(&child);
            ends_by(&mut child, Instant::now() + END_WITHIN);
        }
    }

    /// Asks all nodes to end, waits for each, and names those that had to be killed.
    pub(crate) fn stop(&mut self) -> Vec<String> {
        // All are asked before any is waited for: one that talks to another need not wait for its time-outs.
        for node in &self.nodes {
            ask_to_end(&node.child);
        }
        let deadline = Instant::now() + END_WITHIN;
        self.nodes
            .drain(..)
            .filter_map(|mut node| (!ends_by(&mut node.child, deadline)).then_some(node.name))
            .collect()
    }

    fn failure_of(&self, name: &str, what: &str) -> Failure {
        let node = self.nodes.iter().find(|node| node.name == name);
        let log = node.map_or_else(
            || "(it was never started)".to_owned(),
            |node| last_lines(&node.log),
        );
        Failure::Node {
            name: name.to_owned(),
            what: what.to_owned(),
            log,
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.stop();
    }
}

/// An address on loopback that is free now: with the preferred port, else with any.
///
/// Between this answer and the node's own bind another program may take it; the node then says so in its log.
pub(crate) fn free_address(preferred: u16) -> io::Result<SocketAddr> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port))?.local_addr();
    bind(preferred).or_else(|_| bind(0))
}

/// Status and body of a `GET`; for loopback and small answers alone.
pub(crate) fn get(address: SocketAddr, path: &str) -> io::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_WITHIN)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    stream.set_write_timeout(Some(ANSWER_WITHIN))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.take(ANSWER_LIMIT).read_to_end(&mut answer)?;
    let malformed = || io::Error::new(io::ErrorKind::InvalidData, "not an HTTP answer");
    let head = answer
        .windows(4)
        .position(|bytes| bytes == b"\r\n\r\n")
        .ok_or_else(malformed)?;
    let body = answer.split_off(head + 4);
    let text = String::from_utf8(answer).map_err(|_| malformed())?;
    let status = text
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.split(' ').next())
        .ok_or_else(malformed)?;
    Ok((status.parse().map_err(|_| malformed())?, body))
}

/// The end of a log, for an error message.
pub(crate) fn last_lines(log: &Path) -> String {
    let text = fs::read(log)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines
        .get(lines.len().saturating_sub(LOG_LINES)..)
        .unwrap_or_default();
    if last.is_empty() {
        "  (it wrote nothing)".to_owned()
    } else {
        format!("  {}", last.join("\n  "))
    }
}

fn ask_to_end(child: &Child) {
    // An error means that it has ended already. The id is still ours: a child's id is reused only after it was waited
    // for, and that happens in `ends_by` alone.
    let _ = kill_process(Pid::from_child(child), Signal::TERM);
}

/// Waits for the end until the deadline, then kills. False if it had to be killed.
fn ends_by(child: &mut Child, deadline: Instant) -> bool {
    while Instant::now() < deadline {
        match child.try_wait() {
            Ok(Some(_)) => return true,
            Ok(None) => thread::sleep(POLL),
            Err(_) => break,
        }
    }
    drop(child.kill());
    drop(child.wait());
    false
}

/// Migrations and a first key are made before a node is ready; 20 s is far beyond that on a loaded machine.
const READY_WITHIN: Duration = Duration::from_secs(20);
/// A node drops connections that do not end within 10 s of the request to end; the rest is some writing.
const END_WITHIN: Duration = Duration::from_secs(15);
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Ready and health answers have a line; a page of the portal has at most 60 KB.
const ANSWER_LIMIT: u64 = 1 << 20;
const POLL: Duration = Duration::from_millis(20);
const LOG_LINES: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn is_running(id: u32) -> bool {
        // A zombie still has an entry, so the state is looked at.
        fs::read_to_string(format!("/proc/{id}/stat"))
            .is_ok_and(|stat| !stat.rsplit(") ").next().unwrap_or("Z").starts_with('Z'))
    }

    #[test]
    fn a_node_that_ends_is_named_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let mut fleet = Fleet::default();
        fleet
            .start(
                "asia",
                &mut shell("echo cannot open the log >&2; exit 2"),
                &folder.path().join("log"),
            )
            .unwrap();
        let failure = loop {
            if let Err(failure) = fleet.check_alive() {
                break failure.to_string();
            }
        };
        assert!(
            failure.contains("asia") && failure.contains("cannot open the log"),
            "{failure}"
        );
    }

    #[test]
    fn a_node_that_ignores_the_request_to_end_is_killed_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut fleet = Fleet::default();
        fleet
            .start(
                "deaf",
                &mut shell("trap '' TERM; echo up; while :; do sleep 0.1; done"),
                &log,
            )
            .unwrap();
        while fs::read_to_string(&log).unwrap() != "up\n" {}
        let id = fleet.nodes[0].child.id();
        assert!(!ends_by(&mut fleet.nodes[0].child, Instant::now()));
        assert!(!is_running(id));
    }

    #[test]
    fn dropping_the_fleet_ends_its_nodes_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let mut other = shell("exec sleep 600").spawn().unwrap();
        let mut fleet = Fleet::default();
        fleet
            .start(
                "europe",
                &mut shell("exec sleep 600"),
                &folder.path().join("log"),
            )
            .unwrap();
        let id = fleet.nodes[0].child.id();
        assert!(is_running(id));
        drop(fleet);
        assert!(!is_running(id));
        assert!(is_running(other.id()));
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn a_taken_port_gives_another() {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = first.local_addr().unwrap();
        assert_ne!(free_address(taken.port()).unwrap(), taken);
    }

    #[test]
    fn refuses_what_is_not_http() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        for answer in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 many OK\r\n\r\n",
            "220 smtp\r\n\r\n",
        ] {
            let asked = thread::spawn(move || get(address, "/readyz"));
            let (mut stream, _) = listener.accept().unwrap();
            stream.read_exact(&mut [0; 4]).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            assert!(asked.join().unwrap().is_err(), "{answer:?}");
        }
    }
}
