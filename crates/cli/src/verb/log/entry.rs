//! `vitrine log entry`: one entry, and the proof that it is in the log.

use evidence::canonical::Json;
use evidence::entry::{Entry, VERSION};
use tlog::hash::leaf_hash;
use tlog::proof::{ProofPlan, check_inclusion};
use tlog::proof_file::ProofFile;

use super::{Opened, Standing, checkpoint_members, row};
use crate::cli::LogEntry;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::file;
use crate::log_reader::LogError;
use crate::printer::Printer;

pub(super) fn run(arguments: &LogEntry, printer: &Printer) -> Result<ExitCode, Failure> {
    let opened = Opened::of(&arguments.options)?;
    let (note, checked) = opened.checkpoint()?;
    let (index, size) = (arguments.index, checked.checkpoint.size());
    let bytes = opened.reader.entry(index, size)?;
    let leaf = leaf_hash(&bytes);
    let plan = ProofPlan::inclusion(index, size).ok_or(LogError::NoEntry { index, size })?;
    let hashes = opened.reader.prove(&plan)?;
    check_inclusion(size, checked.checkpoint.root(), index, leaf, &hashes)
        .map_err(|source| LogError::NotIncluded { index, source })?;

    let standing = Standing::of(&checked);
    let entry = Entry::parse(&bytes).ok();
    if arguments.options.json {
        let mut members = checkpoint_members(&checked);
        members.push(("index", Some(index.into())));
        members.push(("key", entry.map(|entry| Json::text(entry.key.id()))));
        members.push(("kind", entry.map(|entry| entry.kind.as_str().into())));
        members.push(("digest", entry.map(|entry| entry.digest.into())));
        members.push(("leaf", Some(leaf.into())));
        members.push(("schema", Some("log-entry-v1".into())));
        printer.json(&Json::object_of_some(members))?;
    } else {
        let mut text = format!("entry {index} of {}\n\n", checked.checkpoint.origin());
        text.push_str(&row(
            "ok",
            "included",
            &format!("in the tree of {size} entries"),
        ));
        text.push_str(&format!("\n{}\n\n  leaf       {leaf}", standing.text()));
        match entry {
            Some(entry) => text.push_str(&format!(
                "\n  kind       {} {VERSION}\n  statement  {}\n  key        {}",
                entry.kind.as_str(),
                entry.digest,
                entry.key.id(),
            )),
            None => text.push_str(&format!(
                "\n  kind       none of ours, {} bytes",
                bytes.len()
            )),
        }
        printer.answer(&text)?;
    }
    if let Some(path) = &arguments.proof {
        let checkpoint = String::from_utf8_lossy(&note).into_owned();
        let proof = ProofFile {
            extra: None,
            index,
            hashes,
            checkpoint,
        };
        file::replace(path, proof.to_text().as_bytes())?;
        printer.note(&format!("the proof is in {}", path.display()));
    }
    Ok(standing.code)
}
