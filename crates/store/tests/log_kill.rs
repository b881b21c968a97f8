//! A process that appends is killed at 1,000 random moments (`tlog.md` A4). After each round of kills nothing that it had
//! acknowledged is lost, no entry stands twice, and `fsck` is clean.
//!
//! The process is this test program, started again with the folder in its environment.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what cannot fail here fails a test"
)]

mod log_kit;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use log_kit::*;

const FOLDER: &str = "VITRINE_TEST_LOG_FOLDER";

/// Logs, each checked at the end and once in between.
const LOGS: u32 = 20;

/// Kills of the process that appends to one log.
const KILLS: u32 = 50;

#[test]
fn a4_nothing_acknowledged_is_lost_by_1000_kills_at_random_moments() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        append_until_killed(Path::new(&folder));
    }
    let mut random = Random(0x5eed_0f5e_ed0f_5eed);
    println!("seed {:#x}", random.0);
    let mut told_at_the_kill = 0;
    for log in 0..LOGS {
        let folder = folder();
        let mut acknowledged = BTreeMap::new();
        for kill in 1..=KILLS {
            let mut child = start(folder.path(), log * KILLS + kill);
            let mut told = BufReader::new(child.stdout.take().unwrap());
            // Sometimes while it recovers, mostly while it appends.
            if random.below(8) > 0 {
                wait_for_line(&mut told, &mut acknowledged);
            }
            std::thread::sleep(Duration::from_micros(random.below(3000)));
            child.kill().unwrap();
            child.wait().unwrap();
            told_at_the_kill += rest_of_lines(&mut told, &mut acknowledged);
            if kill % (KILLS / 2) == 0 {
                check_all(folder.path(), &acknowledged);
            }
        }
        assert!(acknowledged.len() > 100, "{log}: {}", acknowledged.len());
    }
    assert!(told_at_the_kill > 0);
}

fn start(folder: &Path, kill: u32) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "a4_nothing_acknowledged_is_lost_by_1000_kills_at_random_moments",
        "--exact",
        "--nocapture",
    ]);
    command
        .env(FOLDER, folder)
        .env("VITRINE_TEST_LOG_KILL", kill.to_string());
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The child: appends groups of 1 to 40 entries, some of them known already, and prints what it is told.
fn append_until_killed(folder: &Path) -> ! {
    let kill: u64 = std::env::var("VITRINE_TEST_LOG_KILL")
        .unwrap()
        .parse()
        .unwrap();
    let mut random = Random(kill.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let log = open(folder).unwrap();
    let mut out = std::io::stdout().lock();
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(20) {
        let first = kill * 1_000_000 + random.below(2_000);
        let numbers = first..first + 1 + random.below(40);
        let entries: Vec<Vec<u8>> = numbers.clone().map(entry).collect();
        let indexes = block_on(log.appender().append_all(&entries).unwrap().durable()).unwrap();
        let mut lines = String::new();
        for (number, index) in numbers.zip(indexes) {
            lines.push_str(&format!("told {number} {index}\n"));
        }
        out.write_all(lines.as_bytes()).unwrap();
        out.flush().unwrap();
    }
    panic!("nobody killed this process");
}

fn wait_for_line(told: &mut BufReader<ChildStdout>, acknowledged: &mut BTreeMap<u64, u64>) {
    let mut line = String::new();
    while told.read_line(&mut line).unwrap() > 0 {
        if remember(&line, acknowledged) {
            return;
        }
        line.clear();
    }
    panic!("the appending process ended by itself");
}

fn rest_of_lines(
    told: &mut BufReader<ChildStdout>,
    acknowledged: &mut BTreeMap<u64, u64>,
) -> usize {
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    // The kill may cut the last line; only a line with its newline was told.
    let whole = rest.rfind('\n').map_or("", |end| &rest[..=end]);
    whole
        .lines()
        .filter(|line| remember(line, acknowledged))
        .count()
}

fn remember(line: &str, acknowledged: &mut BTreeMap<u64, u64>) -> bool {
    let mut words = line.split_whitespace();
    if words.next() != Some("told") {
        return false;
    }
    let mut number = || words.next().unwrap().parse::<u64>().unwrap();
    let (entry, index) = (number(), number());
    let before = acknowledged.insert(entry, index);
    assert!(
        before.is_none_or(|before| before == index),
        "entry {entry} got two indexes"
    );
    true
}

fn check_all(folder: &Path, acknowledged: &BTreeMap<u64, u64>) {
    let log = open(folder).unwrap();
    wait_public(&log);
    let reader = log.reader();
    let entries = reader.entries(0..reader.size()).unwrap();
    for (number, index) in acknowledged {
        let there = &entries[usize::try_from(*index).unwrap()];
        assert_eq!(there, &entry(*number), "{index}");
    }
    let mut once = entries;
    let all = once.len();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), all, "an entry stands twice");
    log.close();
    assert_clean(folder, &nobody());
}

/// A small generator, so that a failing run can be repeated from its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
