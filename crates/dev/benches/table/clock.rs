//! Wall time, CPU time of this process with all its threads, and the same of a child process.

use std::fs;
use std::io;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// What a number of equal operations took.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) operations: u64,
    pub(crate) wall: Duration,
    /// User and system time of all threads of this process.
    pub(crate) cpu: Duration,
}

impl Sample {
    /// Operations a second of wall time.
    pub(crate) fn rate(&self) -> f64 {
        self.operations as f64 / self.wall.as_secs_f64()
    }

    /// CPU time of one operation.
    pub(crate) fn cpu_each(&self) -> Duration {
        self.cpu.div_f64(self.operations as f64)
    }

    /// Of several samples of one thing the one with the middle rate: on a shared machine one run alone says little.
    pub(crate) fn median(mut samples: Vec<Self>) -> Option<Self> {
        samples.sort_by(|one, other| one.rate().total_cmp(&other.rate()));
        samples.get(samples.len() / 2).copied()
    }
}

/// Runs `operation` again and again for at least `at_least`. It returns how many operations it made.
pub(crate) fn repeat(at_least: Duration, mut operation: impl FnMut() -> u64) -> Sample {
    operation(); // caches, lazily made tables
    let (start, cpu) = (Instant::now(), process_cpu());
    let mut operations = 0;
    while start.elapsed() < at_least {
        operations += operation();
    }
    Sample {
        operations,
        wall: start.elapsed(),
        cpu: process_cpu() - cpu,
    }
}

/// Runs `work` once, which makes `operations` operations.
pub(crate) fn once<T>(operations: u64, work: impl FnOnce() -> T) -> (Sample, T) {
    let (start, cpu) = (Instant::now(), process_cpu());
    let result = work();
    (
        Sample {
            operations,
            wall: start.elapsed(),
            cpu: process_cpu() - cpu,
        },
        result,
    )
}

/// Durations of single operations, for percentiles.
pub(crate) struct Durations(Vec<Duration>);

impl Durations {
    /// Sorted once; at least one is needed for a percentile to exist.
    pub(crate) fn new(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        Self(all)
    }

    /// The smallest duration that `percent` of all do not exceed; zero if there is none.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let position = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(position).copied().unwrap_or_default()
    }
}

/// One run of a whole program.
pub(crate) struct Run {
    pub(crate) wall: Duration,
    /// The most memory it held, in bytes, as last seen before its end.
    pub(crate) memory: u64,
}

/// Starts a program, waits for its end, and watches its memory. Fails if it ends with a code other than `code`.
pub(crate) fn run(command: &mut Command, code: i32) -> io::Result<Run> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // Two runs: looking at the memory again and again takes time from the program on a small machine.
    let start = Instant::now();
    let status = command.status()?;
    let wall = start.elapsed();
    let mut child = command.spawn()?;
    let path = format!("/proc/{}/status", child.id());
    let mut memory = 0;
    while child.try_wait()?.is_none() {
        memory = memory.max(peak_memory(&fs::read_to_string(&path).unwrap_or_default()));
    }
    if status.code() != Some(code) {
        return Err(io::Error::other(format!(
            "{:?} ended with {status}, not with {code}",
            command.get_program()
        )));
    }
    Ok(Run { wall, memory })
}

/// Bytes of the `VmHWM` line of a `/proc/ID/status` text; 0 if there is none, as for a process at its end.
pub(crate) fn peak_memory(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok())
        .unwrap_or(0)
        * 1024
}

fn process_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        time.tv_nsec.unsigned_abs() as u32,
    )
}
