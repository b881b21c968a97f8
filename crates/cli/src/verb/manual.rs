//! `vitrine manual`: manual pages and the reference, from the one definition.

use std::fs;
use std::path::Path;

use clap::{Arg, Command, CommandFactory};

use crate::cli::{Cli, Manual};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::file::FileError;
use crate::printer::Printer;

pub(super) fn run(arguments: &Manual, printer: &Printer) -> Result<ExitCode, Failure> {
    if arguments.reference {
        printer.answer(&reference())?;
        return Ok(ExitCode::Yes);
    }
    let root = command();
    let Some(folder) = &arguments.folder else {
        printer.bytes(&page(&root))?;
        return Ok(ExitCode::Yes);
    };
    fs::create_dir_all(folder).map_err(|cause| FileError::write(folder, cause))?;
    let mut pages = 0;
    write_pages(&root, folder, &mut pages)?;
    printer.answer(&format!("{pages} pages are in {}", folder.display()))?;
    Ok(ExitCode::Yes)
}

/// The definition with every command's full name, so that pages link to each other.
fn command() -> Command {
    let mut root = Cli::command();
    root.build();
    root
}

fn write_pages(command: &Command, folder: &Path, pages: &mut usize) -> Result<(), Failure> {
    let path = folder.join(format!("{}.1", page_name(command)));
    fs::write(&path, page(command)).map_err(|cause| FileError::write(&path, cause))?;
    *pages += 1;
    visible(command).try_for_each(|inner| write_pages(inner, folder, pages))
}

fn page(command: &Command) -> Vec<u8> {
    let mut page = Vec::new();
    let written = clap_mangen::Man::new(command.clone())
        .title(page_name(command))
        .render(&mut page);
    written.expect("a vector takes every byte");
    page
}

fn page_name(command: &Command) -> String {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
        .to_owned()
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|inner| !inner.is_hide_set())
}

/// `docs/reference/cli.md`.
fn reference() -> String {
    let mut text = String::from(
        "# Commands of `vitrine`\n\nThis page is made from the program's own definition (`crates/cli/src/cli.rs`); \
         `./dev fix` makes it anew.\nHow each command ends is told in [exit codes](exit-codes.md).\n",
    );
    let root = command();
    section(&root, &mut text);
    text
}

fn section(command: &Command, text: &mut String) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let about = command.get_long_about().or_else(|| command.get_about());
    text.push_str(&format!("\n## `{name}`\n\n"));
    if let Some(about) = about {
        let about = about.to_string();
        // The first line is a command to the program; prose wants the full stop that it lacks.
        match about.split_once("\n\n") {
            Some((first, rest)) => text.push_str(&format!("{first}.\n\n{}\n\n", rest.trim())),
            None => text.push_str(&format!("{about}.\n\n")),
        }
    }
    let usage = command.clone().render_usage().to_string();
    text.push_str(&format!(
        "```text\n{}\n```\n",
        usage.trim_start_matches("Usage: ")
    ));
    let is_root = !name.contains(' ');
    let shown = |argument: &&Arg| {
        // Options that every command has are told once.
        !argument.is_hide_set()
            && argument.get_id() != "help"
            && (is_root || !argument.is_global_set())
    };
    let arguments: Vec<_> = command.get_arguments().filter(shown).collect();
    if !arguments.is_empty() {
        text.push_str("\n| argument | meaning |\n|---|---|\n");
    }
    for argument in arguments {
        text.push_str(&row(argument));
    }
    for inner in visible(command) {
        section(inner, text);
    }
}

fn row(argument: &Arg) -> String {
    let values = argument.get_value_names().unwrap_or_default();
    let values: Vec<_> = values.iter().map(|name| format!("<{name}>")).collect();
    let takes = argument.get_action().takes_values() && !values.is_empty();
    let value = if takes {
        values.join(" ")
    } else {
        String::new()
    };
    let name = match (argument.get_long(), argument.get_short()) {
        (Some(long), Some(short)) => format!("-{short}, --{long} {value}"),
        (Some(long), None) => format!("--{long} {value}"),
        (None, _) => value,
    };
    let mut help = argument
        .get_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    if takes {
        let words = argument.get_possible_values();
        let words: Vec<_> = words
            .iter()
            .map(|word| format!("`{}`", word.get_name()))
            .collect();
        if !words.is_empty() {
            help.push_str(&format!(" ({})", words.join(", ")));
        }
        let default: Vec<_> = argument
            .get_default_values()
            .iter()
            .map(|value| value.to_string_lossy())
            .collect();
        if !default.is_empty() {
            help.push_str(&format!("; default `{}`", default.join(" ")));
        }
    }
    format!(
        "| `{}` | {} |\n",
        name.trim().replace('|', "\\|"),
        help.replace('|', "\\|")
    )
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn document(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../docs/reference")
            .join(name)
    }

    #[test]
    fn the_reference_page_is_what_the_definition_makes() {
        let path = document("cli.md");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&path, reference()).unwrap();
        }
        let page = fs::read_to_string(&path).unwrap();
        assert!(
            page == reference(),
            "docs/reference/cli.md is stale: `./dev fix` makes it anew"
        );
    }

    #[test]
    fn the_page_of_exit_codes_has_the_table_of_the_program() {
        let page = fs::read_to_string(document("exit-codes.md")).unwrap();
        let rows: Vec<_> = page
            .lines()
            .filter(|line| line.starts_with('|'))
            .skip(2)
            .collect();
        let table = ExitCode::ALL.map(|code| format!("| {} | {} |", code.number(), code.meaning()));
        assert_eq!(rows, table);
    }

    #[test]
    fn every_command_has_a_page() {
        let folder = tempfile::tempdir().unwrap();
        let mut pages = 0;
        write_pages(&command(), folder.path(), &mut pages).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), pages);
        for name in [
            "vitrine",
            "vitrine-verify",
            "vitrine-log-fsck",
            "vitrine-bundle-show",
        ] {
            let page = fs::read_to_string(folder.path().join(format!("{name}.1"))).unwrap();
            assert!(page.contains(&format!(".TH {name} 1")), "{page}");
        }
    }
}
