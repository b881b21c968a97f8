//! `vitrine policy`: so far, sealing a trust policy.

use evidence::policy;

use crate::cli::{Policy, PolicySeal, PolicyVerb};
use crate::clock;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::file;
use crate::policy_file::{self, PolicyFileError};
use crate::printer::Printer;

pub(super) fn run(arguments: &Policy, printer: &Printer) -> Result<ExitCode, Failure> {
    match &arguments.verb {
        PolicyVerb::Seal(arguments) => seal(arguments, printer),
    }
}

fn seal(arguments: &PolicySeal, printer: &Printer) -> Result<ExitCode, Failure> {
    let now = arguments.now.unwrap_or_else(clock::now);
    let path = &arguments.file;
    let text = file::read_text(path, policy_file::POLICY)?;
    let sealed = policy::seal(&text).map_err(|source| PolicyFileError::Seal {
        path: path.display().to_string(),
        source,
    })?;
    if sealed.len() != text.len() {
        // There was no seal: what is wrong is told by the text as its author knows it.
        policy_file::parse(path, &text, now)?;
    }
    // A stale seal is no fault here, it is being replaced; everything else must be right already.
    let policy = policy_file::parse(path, &sealed, now)?;
    if sealed != text {
        file::replace(path, sealed.as_bytes())?;
    }
    let identity = policy.identity();
    printer.answer(&format!(
        "sealed: {} serial {} with SHA-256 {}",
        identity.name, identity.serial, identity.sha256
    ))?;
    for warning in policy.warnings() {
        printer.note(&warning.to_string());
    }
    Ok(ExitCode::Yes)
}
