//! What was typed does not fit: the parser's words in our form, one `error:` and one `hint:`.

use std::io::{self, Write};

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::Cli;
use crate::exit_code::ExitCode;

/// Prints what the parser has to say: help on stdout, errors on stderr.
pub(crate) fn explain(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A reader that closes the pipe early has seen enough.
            drop(error.print());
            ExitCode::Yes
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            drop(error.print());
            ExitCode::WrongUse
        }
        _ => {
            drop(io::stderr().lock().write_all(text(error).as_bytes()));
            ExitCode::WrongUse
        }
    }
}

fn text(error: &clap::Error) -> String {
    let whole = error.render().to_string();
    // Behind the message stand tips, a usage line and a pointer to --help; the hint says all three in one sentence.
    let message = whole.split("\n\nUsage:").next().unwrap_or_default();
    let message = message
        .split("\n\nFor more information")
        .next()
        .unwrap_or_default();
    let message = message
        .split("\n\n  tip:")
        .next()
        .unwrap_or_default()
        .trim_end();
    let command = command(std::env::args().skip(1));
    let hint = match suggestion(error) {
        Some(suggestion) => {
            format!("did you mean {suggestion}? `{command} --help` tells what there is")
        }
        None => format!("`{command} --help` tells what is expected"),
    };
    format!("{message}\n\nhint: {hint}\n")
}

/// The command that was meant, as far as its words are known.
fn command(typed: impl Iterator<Item = String>) -> String {
    let mut name = "vitrine".to_owned();
    let root = Cli::command();
    let mut command = &root;
    for word in typed.filter(|word| !word.starts_with('-')) {
        let Some(inner) = command.find_subcommand(&word) else {
            break;
        };
        name.push_str(&format!(" {word}"));
        command = inner;
    }
    name
}

fn suggestion(error: &clap::Error) -> Option<String> {
    let kinds = [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedValue,
    ];
    kinds.iter().find_map(|kind| match error.get(*kind)? {
        ContextValue::String(text) => Some(format!("`{text}`")),
        ContextValue::Strings(texts) => texts.first().map(|text| format!("`{text}`")),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_told_by_its_words() {
        for (typed, expected) in [
            ("log show --json", "vitrine log show"),
            ("--color never log fsck", "vitrine"),
            ("--quiet log fsck x", "vitrine log fsck"),
            ("verfy", "vitrine"),
            ("", "vitrine"),
        ] {
            assert_eq!(
                command(typed.split_whitespace().map(str::to_owned)),
                expected
            );
        }
    }
}
