//! `./dev up`: builds the programs, tells the demo's story, and stays up until Ctrl-C.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::demo::interrupt::Interrupt;
use crate::demo::story::{self, Programs};
use crate::failure::Failure;
use crate::project::{self, cargo};
use crate::{process, say};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// End after the story, with 0 if it went as told
    #[arg(long)]
    once: bool,
    /// Leave everything in this folder, for anyone's tools; it must be empty or an earlier demo's
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Write this file, JSON with the folder and the portals' addresses, once everything is up
    #[arg(long, value_name = "FILE", conflicts_with = "once")]
    ready: Option<PathBuf>,
    /// Run the programs in this folder instead of building them
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
}

impl Arguments {
    /// `./dev up --once --keep FOLDER --programs PROGRAMS`.
    pub(crate) fn once(keep: &Path, programs: &Path) -> Self {
        Self {
            once: true,
            keep: Some(keep.to_owned()),
            ready: None,
            programs: Some(programs.to_owned()),
        }
    }
}

/// Builds, tells, stays.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    // Before anything is started, so that no moment is left in which a signal would leave nodes behind.
    let interrupt = Interrupt::listen();
    let programs = match &arguments.programs {
        Some(folder) => project::path_from_caller(folder),
        None => build()?,
    };
    interrupt.check()?;

    let folder = match &arguments.keep {
        Some(folder) => emptied(&project::path_from_caller(folder))?,
        None => emptied(&project::target().join("demo"))?,
    };
    let begun = Instant::now();
    let mut demo = story::tell(&Programs::in_folder(&programs), &folder, &interrupt)?;
    say::note(&format!(
        "told in {:.1} s; everything is in {}",
        begun.elapsed().as_secs_f64(),
        folder.display()
    ));

    if !arguments.once {
        for portal in demo.portals() {
            say::answer(&format!("{:<10} {}", portal.name, portal.url));
        }
        if let Some(file) = &arguments.ready {
            write_ready(&project::path_from_caller(file), &folder, &demo.portals())?;
        }
        say::answer("Ctrl-C stops all of them");
        while !interrupt.is_set() {
            demo.fleet.check_alive()?;
            std::thread::sleep(LOOK_EVERY);
        }
    }
    let killed = demo.fleet.stop();
    if killed.is_empty() {
        return Ok(());
    }
    Err(Failure::Answer {
        step: "stop".to_owned(),
        said: format!("had to be killed: {}", killed.join(", ")),
    })
}

/// Builds the release programs; the folder that holds them.
pub(crate) fn build() -> Result<PathBuf, Failure> {
    process::run(
        "building the programs",
        cargo().args(["build", "--release", "--locked"]),
    )?;
    Ok(project::target().join("release"))
}

/// The folder, new or emptied. One that we did not make is left alone.
pub(crate) fn emptied(folder: &Path) -> Result<PathBuf, Failure> {
    let mark = folder.join(MARK);
    if folder.exists() {
        let mut entries = fs::read_dir(folder).map_err(Failure::file(folder))?;
        if entries.next().is_some() && !mark.exists() {
            return Err(Failure::NotAvailable {
                what: format!(
                    "{} holds something that is not an earlier demo",
                    folder.display()
                ),
                hint: "name an empty folder or one that does not exist".to_owned(),
            });
        }
        fs::remove_dir_all(folder).map_err(Failure::file(folder))?;
    }
    fs::create_dir_all(folder).map_err(Failure::file(folder))?;
    fs::write(&mark, "made by ./dev up; emptied by the next one\n")
        .map_err(Failure::file(&mark))?;
    folder.canonicalize().map_err(Failure::file(folder))
}

/// Whole or not at all: somebody polls for this file.
fn write_ready(file: &Path, folder: &Path, portals: &[story::Portal]) -> Result<(), Failure> {
    let list: Vec<_> = portals
        .iter()
        .map(|portal| serde_json::json!({ "name": portal.name, "url": portal.url }))
        .collect();
    let text = serde_json::json!({ "folder": folder, "portals": list }).to_string();
    let unfinished = file.with_extension("unfinished");
    fs::write(&unfinished, text).map_err(Failure::file(&unfinished))?;
    fs::rename(&unfinished, file).map_err(Failure::file(file))
}

const MARK: &str = ".made-by-dev-up";
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_to_empty_a_folder_that_is_not_a_demo() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();
        assert!(matches!(
            emptied(folder.path()),
            Err(Failure::NotAvailable { .. })
        ));
        assert!(folder.path().join("thesis.txt").exists());
    }

    #[test]
    fn empties_a_new_folder_an_empty_one_and_an_earlier_demo() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("a/b");
        emptied(&inside).unwrap();
        fs::write(inside.join("left"), "").unwrap();
        emptied(&inside).unwrap();
        assert!(!inside.join("left").exists());
        assert!(inside.join(MARK).exists());
    }
}
