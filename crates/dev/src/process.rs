//! Running other programs to their end.

use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::say;

/// Runs a command with our own streams; `Ok(false)` if it ended with another code than 0.
pub(crate) fn succeeds(command: &mut Command) -> Result<bool, Failure> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|source| not_started(command, source))?;
    Ok(status.success())
}

/// Runs a command with our own streams; a code other than 0 fails under the title.
pub(crate) fn run(title: &str, command: &mut Command) -> Result<(), Failure> {
    say::step(title);
    if succeeds(command)? {
        Ok(())
    } else {
        Err(Failure::Steps {
            steps: vec![title.to_owned()],
        })
    }
}

/// What a command wrote to standard output, if it ended with code 0.
pub(crate) fn read(command: &mut Command) -> Result<Option<String>, Failure> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| not_started(command, source))?;
    Ok(output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// Runs a command without showing what it writes: whether it ended with code 0, and both of its streams.
pub(crate) fn quietly(command: &mut Command) -> Result<(bool, String), Failure> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| not_started(command, source))?;
    let both = [output.stdout, output.stderr].concat();
    Ok((
        output.status.success(),
        String::from_utf8_lossy(&both).into_owned(),
    ))
}

/// Runs every step, even after one has failed; the titles of those that did.
pub(crate) fn failures(steps: Vec<(&str, Command)>) -> Result<Vec<String>, Failure> {
    let mut failed = Vec::new();
    for (title, mut command) in steps {
        say::step(title);
        if !succeeds(&mut command)? {
            failed.push(title.to_owned());
        }
    }
    Ok(failed)
}

/// The failure of a command that could not be started.
pub(crate) fn not_started(command: &Command, source: std::io::Error) -> Failure {
    Failure::NotStarted {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    }
}
