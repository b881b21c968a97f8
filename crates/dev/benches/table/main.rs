//! The table that the README quotes: each row a goal, what was measured, and the floor measured in the same run.
//!
//! `./dev bench` builds the programs and runs this. A row is one file in `rows/`; it may give several lines. Nothing
//! here asserts a time: a goal that was not met is printed as such, for a person to explain.

mod clock;
mod demo;
mod floors;
mod http;
mod log;
mod quiet;
mod rows;
mod table;

use std::env;
use std::io::Write;
use std::path::PathBuf;

use crate::floors::Floors;
use crate::table::Line;

/// What a row may use.
struct Setting {
    /// The folder with the release programs.
    programs: PathBuf,
    /// An empty folder on the disk that holds the project, so that syncs are those of a real log.
    folder: tempfile::TempDir,
    /// What this machine can do at best.
    floors: Floors,
}

/// A row measures and gives its lines, or says why it cannot.
type Row = fn(&Setting) -> Result<Vec<Line>, String>;

fn main() -> Result<(), String> {
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() == Some(rows::memory::CHILD) {
        let folder = arguments.next().ok_or("no folder")?;
        return print(&rows::memory::child(folder.as_ref())?.to_string())
            .map_err(|error| error.to_string());
    }
    // `cargo bench` passes `--bench`; what remains is the wanted row.
    let wanted = env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    let programs = env::var_os("VITRINE_PROGRAMS")
        .map(PathBuf::from)
        .ok_or("VITRINE_PROGRAMS does not name the folder with the release programs; `./dev bench` sets it")?;
    let folder = tempfile::tempdir_in(&programs)
        .map_err(|error| format!("no folder to measure in: {error}"))?;

    say("floors");
    let floors = Floors::measure(folder.path()).map_err(|error| format!("the floors: {error}"))?;
    let mut lines = floors.lines();
    let setting = Setting {
        programs,
        folder,
        floors,
    };
    for (name, row) in rows::ROWS {
        if wanted
            .as_ref()
            .is_some_and(|wanted| !name.contains(wanted.as_str()))
        {
            continue;
        }
        quiet::wait(say);
        say(name);
        match row(&setting) {
            Ok(measured) => lines.extend(measured),
            // The other rows are worth having all the same.
            Err(error) => lines.push(Line::new(
                name,
                format!("not measured: {error}"),
                None,
                String::new(),
                "",
            )),
        }
    }
    print(&table::markdown(&lines)).map_err(|error| error.to_string())
}

/// Progress, on standard error.
fn say(line: &str) {
    drop(writeln!(std::io::stderr(), "  {line}"));
}

fn print(text: &str) -> std::io::Result<()> {
    std::io::stdout().write_all(text.as_bytes())
}
