//! Waits until the machine has nothing else to do: a row must not measure what the one before it left running.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Waits until the processors were idle for nine tenths of a second. Says so if they never are.
pub(crate) fn wait(say: fn(&str)) {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        let before = ticks();
        sleep(Duration::from_secs(1));
        let (Some((idle, all)), Some((idle_now, all_now))) = (before, ticks()) else {
            return;
        };
        if (idle_now - idle) * 10 >= (all_now - all) * 9 {
            return;
        }
    }
    say("the machine does not come to rest: what follows is measured beside other work");
}

/// Ticks that all processors together were idle, and all ticks; nothing where the kernel does not tell.
fn ticks() -> Option<(u64, u64)> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line
        .split_whitespace()
        .map_while(|word| word.parse().ok())
        .collect();
    // User, nice, system, idle, waiting for a disk; the rest is time of interrupts and of guests.
    let idle = ticks.get(3)? + ticks.get(4)?;
    Some((idle, ticks.iter().take(8).sum()))
}

const PATIENCE: Duration = Duration::from_secs(120);
