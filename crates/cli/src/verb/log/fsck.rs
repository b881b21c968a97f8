//! `vitrine log fsck`: a whole log recomputed, and held against checkpoints that were kept.

use std::path::{Path, PathBuf};

use evidence::canonical::Json;
use evidence::misbehaviour;
use tlog::checkpoint::Checkpoint;
use tlog::note::MAX_NOTE;

use super::{Opened, Standing, checkpoint_members, row};
use crate::cli::LogFsck;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::file;
use crate::fsck::{self, Report};
use crate::log_reader::LogError;
use crate::log_trust::{Checked, Signed};
use crate::printer::Printer;

pub(super) fn run(arguments: &LogFsck, printer: &Printer) -> Result<ExitCode, Failure> {
    let opened = Opened::of(&arguments.options)?;
    let (note, checked) = opened.checkpoint()?;
    let mut kept = Vec::new();
    for path in &arguments.checkpoint {
        let bytes = file::read_limited(path, MAX_NOTE)?;
        let of_file = |source| LogError::NoCheckpoint {
            place: path.display().to_string(),
            source,
        };
        let before = opened.trust.check(&bytes).map_err(of_file)?;
        if before.checkpoint.origin() != checked.checkpoint.origin() {
            return Err(LogError::OtherLog {
                place: path.display().to_string(),
            }
            .into());
        }
        if let Signed::Not(source) = before.signed {
            // A checkpoint that the log never signed promised nothing.
            return Err(LogError::NoCheckpoint {
                place: path.display().to_string(),
                source,
            }
            .into());
        }
        if is_split(&before.checkpoint, &checked.checkpoint) {
            return split_view(arguments, &checked, &note, &bytes, printer);
        }
        kept.push(before.checkpoint);
    }

    let mut progress = printer.progress(format!("reading {}", opened.reader.place()), None);
    let report = fsck::recount(&opened.reader, &checked.checkpoint, &kept, |bytes| {
        progress.add(bytes)
    })?;
    drop(progress);
    let standing = Standing::of(&checked);
    let damaged = if report.found == 0 {
        ExitCode::Yes
    } else {
        ExitCode::No
    };
    if arguments.options.json {
        printer.json(&json(&checked, &report))?;
    } else {
        printer.answer(&text(&checked, &report, &standing))?;
    }
    if report.found > 0 {
        printer.hint(
            "keep this copy as it is, and fetch what is damaged again from the log or a mirror",
        );
    }
    Ok(damaged.worse(standing.code))
}

fn text(checked: &Checked, report: &Report, standing: &Standing) -> String {
    let (origin, size) = (checked.checkpoint.origin(), checked.checkpoint.size());
    let mut text = match report.found {
        0 => format!("{origin}: {size} entries, and everything fits\n\n"),
        found => format!("{origin}: {size} entries, {found} findings\n\n"),
    };
    for finding in &report.findings {
        text.push_str(&row("FAIL", "found", &finding.to_string()));
        text.push('\n');
    }
    let behind = report.found.saturating_sub(report.findings.len() as u64);
    if behind > 0 {
        text.push_str(&row(
            "note",
            "found",
            &format!("{behind} more findings are not listed"),
        ));
        text.push('\n');
    }
    if report.found == 0 {
        text.push_str(&row("ok", "entries", &format!("{} hashed", report.entries)));
        text.push('\n');
        text.push_str(&row("ok", "tiles", &format!("{} recomputed", report.tiles)));
        text.push('\n');
        text.push_str(&row("ok", "root", &checked.checkpoint.root().to_string()));
        text.push('\n');
    }
    text.push_str(&standing.text());
    text
}

fn json(checked: &Checked, report: &Report) -> Json {
    let findings = report.findings.iter().map(|finding| {
        Json::object([
            ("code", finding.code().into()),
            ("text", Json::text(finding)),
        ])
    });
    let mut members = checkpoint_members(checked);
    members.push(("entries", Some(report.entries.into())));
    members.push(("findings", Some(Json::list(findings))));
    members.push(("found", Some(report.found.into())));
    members.push(("schema", Some("log-fsck-v1".into())));
    members.push(("tiles", Some(report.tiles.into())));
    Json::object_of_some(members)
}

fn is_split(one: &Checkpoint, other: &Checkpoint) -> bool {
    one.size() == other.size() && one.root() != other.root()
}

/// Two roots of one size. Signed by the log, they convict it; unsigned, they only disagree.
fn split_view(
    arguments: &LogFsck,
    checked: &Checked,
    here: &[u8],
    kept: &[u8],
    printer: &Printer,
) -> Result<ExitCode, Failure> {
    let (origin, size) = (checked.checkpoint.origin(), checked.checkpoint.size());
    let Signed::By(_, keys) = &checked.signed else {
        printer.answer(&format!(
            "{origin}: the checkpoint here and the one that you kept name two trees of {size} entries"
        ))?;
        printer.hint("give the log's keys with --vkey or --policy: then the two are proof");
        return Ok(ExitCode::No);
    };
    let [here, kept] = [here, kept].map(String::from_utf8_lossy);
    let bytes = misbehaviour::split_view(keys, &here, &kept);
    let path = evidence_path(&arguments.evidence, size);
    file::replace(&path, &bytes)?;
    if arguments.options.json {
        let mut members = checkpoint_members(checked);
        members.push(("evidence", Some(path.display().to_string().into())));
        members.push(("misbehaviour", Some("split-view".into())));
        members.push(("schema", Some("log-fsck-v1".into())));
        printer.json(&Json::object_of_some(members))?;
    } else {
        printer.answer(&format!(
            "two different logs were shown under one name ({origin}, size {size})\n\
             \x20 The checkpoint here and the one that you kept cannot both be right."
        ))?;
    }
    printer.hint(&format!(
        "evidence is in {} and verifies alone; send it to your security team and to any witness",
        path.display()
    ));
    Ok(ExitCode::Misbehaviour)
}

fn evidence_path(folder: &Path, size: u64) -> PathBuf {
    folder.join(format!("split-view-{size}.txt"))
}
