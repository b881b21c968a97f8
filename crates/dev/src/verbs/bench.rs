//! `./dev bench`: measures in a release build and prints one table; `--write` puts it into the README.
//!
//! The rows are in `benches/table/rows/`. No test asserts a time: a number is read by a person, beside the floor that
//! was measured in the same run.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::demo::interrupt::Interrupt;
use crate::demo::story::{self, Demo, Programs, YES, patiently};
use crate::failure::Failure;
use crate::project::{self, cargo};
use crate::verbs::up;
use crate::{process, say};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only rows whose name contains this
    row: Option<String>,
    /// Put the whole table into the README
    #[arg(long, conflicts_with = "row")]
    write: bool,
}

/// Builds the programs and the table, starts the demo that some rows need, measures, prints.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let interrupt = Interrupt::listen();
    let programs = up::build()?;
    let folder = up::emptied(&project::target().join("demo-bench"))?;
    let mut demo = story::tell(&Programs::in_folder(&programs), &folder, &interrupt)?;
    publish_seven_more(&demo, &folder, &interrupt)?;

    say::step("measuring (leave the machine alone meanwhile)");
    let mut bench = cargo();
    bench
        .args([
            "bench",
            "--quiet",
            "--package",
            "dev",
            "--bench",
            "table",
            "--",
        ])
        .args(&arguments.row);
    bench
        .env("VITRINE_PROGRAMS", &programs)
        .env("VITRINE_DEMO", &folder);
    for (variable, name) in [
        ("VITRINE_PUBLISHER", "publisher"),
        ("VITRINE_CENTER", "europe"),
    ] {
        bench.env(
            variable,
            demo.address(name)
                .map_or_else(String::new, |address| address.to_string()),
        );
    }
    bench.env(
        "VITRINE_PUBLISHER_PROCESS",
        demo.fleet.id("publisher").unwrap_or(0).to_string(),
    );
    let table = read_table(bench.stderr(Stdio::inherit()));
    demo.fleet.stop();
    // Now, not before the next run: some file systems look for room slowly for minutes after many files were deleted.
    fs::remove_dir_all(&folder).map_err(Failure::file(&folder))?;
    let table = table?;
    say::answer(table.trim_end());
    if arguments.write {
        let readme = project::root().join("README.md");
        let text = fs::read_to_string(&readme).map_err(Failure::file(&readme))?;
        fs::write(&readme, with_table(&text, &table)?).map_err(Failure::file(&readme))?;
        say::note("the table in README.md is the one above");
    }
    Ok(())
}

/// With the demo's own update, eight of one line; the bundle of the eighth is what the row `verify` judges.
fn publish_seven_more(demo: &Demo, folder: &Path, interrupt: &Interrupt) -> Result<(), Failure> {
    say::step("publishing seven more updates of the line");
    let file = folder.join("eighth");
    for serial in 2..=8 {
        fs::write(&file, format!("update {serial}")).map_err(Failure::file(&file))?;
        // The node tells a line's newest serial from its views, which follow the log within moments.
        patiently(interrupt, || {
            demo.publish(&[&file], &format!("0.{serial}.0"), YES)
        })?;
    }
    patiently(interrupt, || {
        demo.fetch_bundle(&file, &folder.join("eighth.bundle.jsonl"), YES)
    })?;
    Ok(())
}

fn read_table(bench: &mut Command) -> Result<String, Failure> {
    process::read(bench)?.ok_or_else(|| Failure::Steps {
        steps: vec!["measuring".to_owned()],
    })
}

/// The README with what stands between the marks replaced.
fn with_table(readme: &str, table: &str) -> Result<String, Failure> {
    let parts = readme
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let Some((before, after)) = parts else {
        return Err(Failure::NotAvailable {
            what: "README.md has no place for the table".to_owned(),
            hint: format!("put the two lines {BEGIN} and {END} where it belongs"),
        });
    };
    Ok(format!(
        "{before}{BEGIN}\n\n{}\n\n{END}{after}",
        table.trim_end()
    ))
}

const BEGIN: &str = "<!-- measured by ./dev bench --write: begin -->";
const END: &str = "<!-- measured by ./dev bench --write: end -->";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_the_table_twice_is_writing_it_once() {
        let readme = format!("before\n{BEGIN}\n{END}\nafter\n");
        let once = with_table(&readme, "| a |\n").unwrap();
        assert_eq!(once, format!("before\n{BEGIN}\n\n| a |\n\n{END}\nafter\n"));
        assert_eq!(with_table(&once, "| a |\n").unwrap(), once);
    }

    #[test]
    fn refuses_a_readme_without_both_marks_in_order() {
        for readme in ["", BEGIN, END, &format!("{END}{BEGIN}")] {
            assert!(with_table(readme, "| a |").is_err(), "{readme:?}");
        }
    }
}
