//! `vitrine log`: a log as anyone can read it.

mod entry;
mod fsck;
mod show;

use evidence::canonical::Json;
use evidence::time::Time;
use tlog::checkpoint::LogSignedRefused;
use tlog::policy::{NotWitnessed, Tally};

use crate::cli::{Log, LogOptions, LogVerb};
use crate::clock;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::log_reader::LogReader;
use crate::log_trust::{Checked, Cosigned, LogTrust, Signed};
use crate::printer::{Printer, with_causes};

pub(super) fn run(arguments: &Log, printer: &Printer) -> Result<ExitCode, Failure> {
    match &arguments.verb {
        LogVerb::Entry(arguments) => entry::run(arguments, printer),
        LogVerb::Fsck(arguments) => fsck::run(arguments, printer),
        LogVerb::Show(arguments) => show::run(arguments, printer),
    }
}

/// A place, and the keys to check it by.
struct Opened {
    reader: LogReader,
    trust: LogTrust,
}

impl Opened {
    fn of(options: &LogOptions) -> Result<Self, Failure> {
        let trust = LogTrust::of(options, clock::now())?;
        let reader = LogReader::open(&options.log, options.network.patience)?;
        Ok(Self { reader, trust })
    }

    fn checkpoint(&self) -> Result<(Vec<u8>, Checked), Failure> {
        let note = self.reader.checkpoint()?;
        let checked = self.trust.check(&note).map_err(|source| {
            crate::log_reader::LogError::NoCheckpoint {
                place: self.reader.place(),
                source,
            }
        })?;
        Ok((note, checked))
    }
}

/// How signature and witnesses of a checkpoint stand: rows for people, and the exit code that they give.
struct Standing {
    rows: Vec<String>,
    code: ExitCode,
}

impl Standing {
    fn of(checked: &Checked) -> Self {
        let mut standing = Self {
            rows: Vec::new(),
            code: ExitCode::Yes,
        };
        match &checked.signed {
            Signed::By(_, keys) => {
                let keys: Vec<_> = keys
                    .iter()
                    .map(|key| format!("{}+{}", key.name(), key.id()))
                    .collect();
                standing.row(
                    "ok",
                    "signed",
                    &format!("by {}", keys.join(", ")),
                    ExitCode::Yes,
                );
            }
            Signed::Not(refused) => {
                standing.row("FAIL", "signed", &with_causes(refused), ExitCode::No);
            }
            Signed::OtherLog(refused) => {
                standing.row("FAIL", "signed", &refused.to_string(), ExitCode::No);
            }
            Signed::Unchecked => {
                standing.row(
                    "note",
                    "signed",
                    "not checked: no key for this log was given",
                    ExitCode::Yes,
                );
            }
        }
        match &checked.witnessed {
            Cosigned::By(witnessed) => {
                let mut text = witnessed.tally().to_string();
                if let Some(time) = witnessed
                    .quorum_time()
                    .and_then(|time| i64::try_from(time).ok())
                {
                    text.push_str(&format!(", by {}", Time::from_seconds(time).human()));
                }
                standing.row("ok", "witnessed", &text, ExitCode::Yes);
            }
            Cosigned::Not(NotWitnessed::Missing(missing)) => {
                standing.row(
                    "wait",
                    "witnessed",
                    &missing.tally.to_string(),
                    ExitCode::CannotTell,
                );
            }
            Cosigned::Not(refused) => {
                standing.row("FAIL", "witnessed", &with_causes(refused), ExitCode::No);
            }
            Cosigned::Unchecked => {
                standing.row(
                    "note",
                    "witnessed",
                    "not checked: no witnesses for this log were given",
                    ExitCode::Yes,
                );
            }
        }
        standing
    }

    fn row(&mut self, mark: &str, check: &str, text: &str, code: ExitCode) {
        self.rows.push(row(mark, check, text));
        self.code = self.code.worse(code);
    }

    fn text(&self) -> String {
        self.rows.join("\n")
    }
}

/// One row of checks, aligned as in every answer of the program.
pub(super) fn row(mark: &str, check: &str, text: &str) -> String {
    format!("  {mark:<4}  {check:<9}  {text}")
}

/// Origin, size, root and what is proven of them, as members of a larger object.
fn checkpoint_members(checked: &Checked) -> Vec<(&'static str, Option<Json>)> {
    let signed = match &checked.signed {
        Signed::By(..) => Some(true),
        Signed::Not(LogSignedRefused::KeyMissing) | Signed::Not(_) | Signed::OtherLog(_) => {
            Some(false)
        }
        Signed::Unchecked => None,
    };
    let met = match &checked.witnessed {
        Cosigned::By(_) => Some(true),
        Cosigned::Not(_) => Some(false),
        Cosigned::Unchecked => None,
    };
    vec![
        ("origin", Some(checked.checkpoint.origin().into())),
        ("root", Some(checked.checkpoint.root().into())),
        ("signed", signed.map(Json::from)),
        ("size", Some(checked.checkpoint.size().into())),
        ("tally", checked.witnessed.tally().map(tally)),
        ("witnessed", met.map(Json::from)),
    ]
}

fn tally(tally: &Tally) -> Json {
    let names = |names: &[tlog::policy::Name]| Json::list(names.iter().map(ToString::to_string));
    Json::object([
        ("have", tally.have.into()),
        ("met", names(&tally.met)),
        ("missing", names(&tally.missing)),
        ("need", tally.need.into()),
        ("of", tally.of.into()),
    ])
}
