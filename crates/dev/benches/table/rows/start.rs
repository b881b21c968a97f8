//! The size of `vitrine`, and how long it takes to start and end: a gate runs it before every installation.

use std::fs;
use std::process::Command;

use crate::Setting;
use crate::clock::{Durations, run};
use crate::table::{Line, megabytes, time};

pub(crate) fn measure(setting: &Setting) -> Result<Vec<Line>, String> {
    let program = setting.programs.join("vitrine");
    let size = fs::metadata(&program)
        .map_err(|error| error.to_string())?
        .len();
    let mut memory = 0;
    let mut walls = Vec::new();
    for _ in 0..RUNS {
        let run =
            run(Command::new(&program).arg("--version"), 0).map_err(|error| error.to_string())?;
        memory = memory.max(run.memory);
        walls.push(run.wall);
    }
    let walls = Durations::new(walls);

    // The same for a program that does nothing tells what starting any process costs here.
    let mut nothing = Vec::new();
    for _ in 0..RUNS {
        nothing.push(
            run(&mut Command::new("true"), 0)
                .map_err(|error| error.to_string())?
                .wall,
        );
    }
    let nothing = time(Durations::new(nothing).percentile(50));

    Ok(vec![
        Line::new(
            "`vitrine`, size of the program",
            megabytes(size),
            None,
            String::new(),
            "≤ 15 MB",
        ),
        Line::new(
            "`vitrine --version`, whole process",
            format!("p50 {}, {}", time(walls.percentile(50)), megabytes(memory)),
            None,
            format!("`true`: {nothing}"),
            "≤ 5 ms",
        ),
    ])
}

const RUNS: usize = 50;
