//! `vitrine bundle`: evidence about a file, fetched to be carried, or listed.

use std::path::Path;

use evidence::bundle::{self, BundleLine};
use evidence::canonical::Json;
use evidence::kind::Kind;
use evidence::statement::{self, Statement};
use tlog::hash::Hash;

use crate::bundle_file;
use crate::cli::{Bundle, BundleShow, BundleVerb};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::file;
use crate::http::Client;
use crate::node::Node;
use crate::printer::Printer;
use crate::value;

/// There is no bundle to hand over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum BundleError {
    /// The node knows nothing of the file.
    #[error("nothing about {digest} is logged at {node} yet")]
    NotLogged {
        /// The file's SHA-256.
        digest: Hash,
        /// The node.
        node: String,
    },
    /// What the node sent is no evidence about the file.
    #[error("what {node} sent is no bundle about {digest}")]
    OtherBundle {
        /// The file's SHA-256.
        digest: Hash,
        /// The node.
        node: String,
    },
}

impl BundleError {
    /// How the program ends.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::CannotTell
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::NotLogged { .. } => {
                "check that it is the published file, and ask again later or another center"
            }
            Self::OtherBundle { .. } => "ask another center, and tell the operator of this node",
        }
        .to_owned()
    }
}

pub(super) fn run(arguments: &Bundle, printer: &Printer) -> Result<ExitCode, Failure> {
    match (&arguments.verb, &arguments.about, &arguments.node) {
        (Some(BundleVerb::Show(arguments)), _, _) => show(arguments, printer),
        (None, Some(about), Some(node)) => {
            let digest = match value::digest(about) {
                Ok(digest) => digest,
                Err(_) => {
                    let path = Path::new(about);
                    let mut progress = printer.progress(format!("hashing {about}"), None);
                    file::hash(path, u64::MAX, |bytes| progress.add(bytes))?.sha256
                }
            };
            let node = Node::new(Client::new(node.clone(), arguments.network.patience)?);
            let bytes = fetch(&node, digest)?;
            match &arguments.out {
                None => printer.bytes(&bytes)?,
                Some(path) => {
                    file::replace(path, &bytes)?;
                    let lines = bundle::read(&bytes).lines.len();
                    printer.note(&format!(
                        "{} holds {lines} lines about {digest}",
                        path.display()
                    ));
                }
            }
            Ok(ExitCode::Yes)
        }
        // The parser lets nothing else through.
        (None, _, _) => Ok(ExitCode::OurBug),
    }
}

/// The bundle of a digest, looked at just enough to know that it is one.
pub(super) fn fetch(node: &Node, digest: Hash) -> Result<Vec<u8>, Failure> {
    let place = || node.place();
    let bytes = node.bundle(digest)?;
    let bytes = bytes.ok_or_else(|| BundleError::NotLogged {
        digest,
        node: place(),
    })?;
    if !bundle::read(&bytes)
        .lines
        .iter()
        .any(|line| is_about(line, digest))
    {
        return Err(BundleError::OtherBundle {
            digest,
            node: place(),
        }
        .into());
    }
    Ok(bytes)
}

fn is_about(line: &BundleLine, digest: Hash) -> bool {
    Statement::parse(line.envelope().payload()).is_ok_and(|statement| statement.is_about(digest))
}

fn show(arguments: &BundleShow, printer: &Printer) -> Result<ExitCode, Failure> {
    let bytes = bundle_file::read(&arguments.file)?;
    let reading = bundle::read(&bytes);
    let rows: Vec<_> = reading.lines.iter().map(Row::of).collect();
    if arguments.json {
        rows.iter().try_for_each(|row| printer.json(&row.json()))?;
    } else if !rows.is_empty() {
        printer.answer(&table(&rows, arguments.full))?;
    }
    for (number, error) in &reading.unreadable {
        let text = crate::printer::with_causes(error);
        printer.note(&format!("line {number} cannot be read: {text}"));
    }
    if let Some(limit) = reading.limit {
        printer.note(&format!("reading stopped at {limit}"));
    }
    let whole =
        reading.unreadable.is_empty() && reading.limit.is_none() && !reading.lines.is_empty();
    if reading.lines.is_empty() {
        printer.note("no line of the file could be read");
    }
    Ok(if whole { ExitCode::Yes } else { ExitCode::No })
}

/// What a line says of itself.
struct Row<'l> {
    line: &'l BundleLine,
    kind: String,
    says: Option<&'static str>,
    about: String,
}

impl<'l> Row<'l> {
    fn of(line: &'l BundleLine) -> Self {
        let payload = line.envelope().payload();
        let (kind, says, about) = match Statement::parse(payload) {
            Ok(statement) => {
                let about = match statement.kind() {
                    Kind::Update(update) => format!(
                        "{} serial {} version {}",
                        update.line, update.serial, update.version
                    ),
                    _ => String::new(),
                };
                (statement.kind().name().to_string(), statement.says(), about)
            }
            // A verifier drops it; here its reason is of use to whoever made it.
            Err(refusal) => {
                let kind = statement::predicate_type(payload);
                (
                    kind.unwrap_or_else(|| "unreadable".to_owned()),
                    None,
                    refusal.to_string(),
                )
            }
        };
        Self {
            line,
            kind: printable(&kind),
            says,
            about: printable(&about),
        }
    }

    fn cells(&self, full: bool) -> [String; 7] {
        let cut = |hash: Hash| {
            let hex = hash.to_hex();
            if full {
                hex
            } else {
                hex.chars().take(12).collect()
            }
        };
        [
            self.kind.clone(),
            self.says.unwrap_or("-").to_owned(),
            printable(self.line.origin()),
            self.line.place().index.to_string(),
            cut(self.line.envelope().statement()),
            cut(self.line.entry().key.id().0),
            self.about.clone(),
        ]
    }

    fn json(&self) -> Json {
        Json::object_of_some([
            (
                "about",
                (!self.about.is_empty()).then(|| self.about.clone().into()),
            ),
            ("index", Some(self.line.place().index.into())),
            ("key", Some(Json::text(self.line.entry().key.id()))),
            ("kind", Some(self.kind.clone().into())),
            ("origin", Some(self.line.origin().into())),
            ("says", self.says.map(Json::from)),
            ("schema", Some("bundle-line-v1".into())),
            ("statement", Some(self.line.envelope().statement().into())),
        ])
    }
}

/// Aligned columns under their names.
fn table(rows: &[Row<'_>], full: bool) -> String {
    let head = ["kind", "says", "log", "index", "statement", "key", "about"].map(str::to_owned);
    let cells: Vec<_> = std::iter::once(head)
        .chain(rows.iter().map(|row| row.cells(full)))
        .collect();
    let mut widths = [0; 7];
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String; 7]| {
        let padded = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    cells.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Unverified words go to a terminal: no control characters, which could rewrite what stands there.
fn printable(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).collect()
}
