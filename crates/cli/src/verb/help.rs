//! `vitrine help`: a command's help, or the table of exit codes.

use clap::{Command, CommandFactory};

use crate::cli::{Cli, Help};
use crate::exit_code::{self, ExitCode};
use crate::failure::Failure;
use crate::printer::Printer;

/// A topic that does not exist.
#[derive(Debug, thiserror::Error)]
#[error("there is no help on {0}")]
pub(crate) struct UnknownTopic(String);

impl UnknownTopic {
    /// What to do next.
    pub(crate) fn hint(&self) -> &'static str {
        "`vitrine --help` lists the commands; `vitrine help exit-codes` explains how they end"
    }
}

pub(super) fn run(arguments: &Help, printer: &Printer) -> Result<ExitCode, Failure> {
    printer.answer(&text(&arguments.topic)?)?;
    Ok(ExitCode::Yes)
}

fn text(topic: &[String]) -> Result<String, UnknownTopic> {
    if topic == ["exit-codes"] {
        return Ok(exit_code::table());
    }
    let mut root = Cli::command();
    root.build();
    let found = topic
        .iter()
        .try_fold(&mut root, |command: &mut Command, word| {
            command.find_subcommand_mut(word)
        });
    let command = found.ok_or_else(|| UnknownTopic(topic.join(" ")))?;
    Ok(command.render_long_help().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(topic: &str) -> Result<String, String> {
        let words: Vec<_> = topic.split_whitespace().map(str::to_owned).collect();
        text(&words).map_err(|error| error.to_string())
    }

    #[test]
    fn explains_every_exit_code() {
        let table = of("exit-codes").unwrap();
        for code in ExitCode::ALL {
            assert!(table.contains(&format!("{:>2}  {}\n", code.number(), code.meaning())));
        }
    }

    #[test]
    fn explains_commands_by_their_words() {
        assert!(of("log fsck").unwrap().contains("vitrine log fsck"));
        assert!(of("").unwrap().contains("verify"));
    }

    #[test]
    fn refuses_what_is_no_topic() {
        for topic in ["exit", "log check", "verify verify"] {
            assert_eq!(of(topic), Err(format!("there is no help on {topic}")));
        }
    }
}
