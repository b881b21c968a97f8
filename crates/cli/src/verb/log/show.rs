//! `vitrine log show`: the newest checkpoint, and who signed it.

use evidence::canonical::Json;

use super::{Opened, Standing, checkpoint_members};
use crate::cli::LogShow;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::log_trust::Checked;
use crate::printer::Printer;

pub(super) fn run(arguments: &LogShow, printer: &Printer) -> Result<ExitCode, Failure> {
    let opened = Opened::of(&arguments.options)?;
    let (_, checked) = opened.checkpoint()?;
    let standing = Standing::of(&checked);
    if arguments.options.json {
        printer.json(&json(&checked))?;
        return Ok(standing.code);
    }
    let checkpoint = &checked.checkpoint;
    printer.answer(&format!(
        "{}: {} entries\n\n{}\n\n  root  {}",
        checkpoint.origin(),
        checkpoint.size(),
        standing.text(),
        checkpoint.root(),
    ))?;
    if !checkpoint.extensions().is_empty() {
        // C5: an ML-DSA-44 signature does not cover them.
        printer.note("the checkpoint has extension lines, which not every signature covers");
    }
    Ok(standing.code)
}

fn json(checked: &Checked) -> Json {
    let lines = checked
        .lines
        .iter()
        .map(|(name, id)| Json::object([("id", id.clone().into()), ("name", name.clone().into())]));
    let mut members = checkpoint_members(checked);
    members.push(("lines", Some(Json::list(lines))));
    members.push(("schema", Some("log-v1".into())));
    Json::object_of_some(members)
}
