//! What the sequencer holds in memory when the log is large. Measured in a process of its own, which appends and then
//! reads its own peak.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Setting;
use crate::clock::peak_memory;
use crate::log::{append, open};
use crate::table::{Line, megabytes};

pub(crate) fn measure(setting: &Setting) -> Result<Vec<Line>, String> {
    let folder = setting.folder.path().join("large-log");
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(program)
        .arg(CHILD)
        .arg(&folder)
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let bytes: u64 = text
        .trim()
        .parse()
        .map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok(vec![Line::new(
        "sequencer, peak memory after 10 million entries",
        megabytes(bytes),
        None,
        String::new(),
        "≤ 200 MB",
    )])
}

/// What the child does; its answer is the number of bytes.
pub(crate) fn child(folder: &Path) -> Result<u64, String> {
    // One caller of moderate groups: what callers hold is theirs, and not the sequencer's.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| error.to_string())?;
    let log = open(folder)?;
    runtime.block_on(async {
        let appender = log.appender();
        append(&appender, 0, ENTRIES, GROUP, 1).await
    })?;
    let status = fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
    Ok(peak_memory(&status))
}

/// The argument that makes this program the child.
pub(crate) const CHILD: &str = "--hold-entries-in";
const ENTRIES: u64 = 10_000_000;
const GROUP: u64 = 8192;
