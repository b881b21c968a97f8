//! `vitrine verify --bundle`, the whole process: eight updates of one line, three witnesses, both signature kinds.

use std::fs;
use std::process::Command;

use crate::Setting;
use crate::clock::{Durations, run};
use crate::demo::Demo;
use crate::table::{Line, megabytes, time};

pub(crate) fn measure(setting: &Setting) -> Result<Vec<Line>, String> {
    let demo = Demo::of_environment()?;
    let bundle = demo.file("eighth.bundle.jsonl");
    let text = fs::read_to_string(&bundle).map_err(|error| error.to_string())?;
    let lines = text.lines().count();
    let mut walls = Vec::new();
    let mut memory = 0;
    for _ in 0..RUNS {
        let mut verify = Command::new(setting.programs.join("vitrine"));
        verify
            .args(["verify", "--no-state", "--bundle"])
            .arg(&bundle);
        verify
            .arg("--policy")
            .arg(demo.file("policy.toml"))
            .arg(demo.file("eighth"));
        let run = run(&mut verify, 0).map_err(|error| error.to_string())?;
        walls.push(run.wall);
        memory = memory.max(run.memory);
    }
    let walls = Durations::new(walls);
    let floors = &setting.floors;
    Ok(vec![Line::new(
        &format!(
            "`vitrine verify --bundle`, whole process, {lines} lines of {} kB",
            text.len() / 1000
        ),
        format!(
            "p50 {}, p99 {}, {}",
            time(walls.percentile(50)),
            time(walls.percentile(99)),
            megabytes(memory)
        ),
        None,
        format!(
            "P-256 {}, Ed25519 {}, ML-DSA {} a check",
            time(floors.p256.cpu_each()),
            time(floors.ed25519.cpu_each()),
            time(floors.ml_dsa_44.cpu_each())
        ),
        "≤ 10 ms, ≤ 30 MB",
    )])
}

const RUNS: usize = 100;
