//! The statement of an update, and whether it was made before.
//!
//! Without `--serial` and `--from`, two runs of one command would make two statements. So the newest update of the line
//! is looked at first: if ours differs from it in nothing but what nobody asked for, it *is* ours, and publishing it
//! again changes nothing.

use evidence::kind::Kind;
use evidence::kind::update::{
    Actions, Activation, Audience, File, Predecessor, Role, State, Update,
};
use evidence::line::Line;
use evidence::statement::{Statement, Subject};
use evidence::time::Time;

use super::PublishError;
use super::gather::Gathered;
use crate::cli::Publish;
use crate::failure::Failure;
use crate::node::{Newest, Node};

/// A statement that is ready to be signed.
pub(super) struct Draft {
    /// What it says.
    pub(super) update: Update,
    /// About which files.
    pub(super) subjects: Vec<Subject>,
    /// Its bytes.
    pub(super) payload: Vec<u8>,
    /// Whether it offers, under a new serial, the files of the update before it.
    pub(super) repeats_files: bool,
}

/// The newest update of a line, with its statement where the node has it.
pub(super) struct Before {
    newest: Newest,
    body: Option<Vec<u8>>,
}

/// Asks the node for the newest update of a line.
///
/// # Errors
/// [`Failure`] when the node cannot be asked, or names a statement about something else.
pub(super) fn newest(node: &Node, line: &Line) -> Result<Option<Before>, Failure> {
    let Some(newest) = node.newest(line.id())? else {
        return Ok(None);
    };
    let body = node.body(newest.statement)?;
    let before = Before { newest, body };
    if let Some((update, _)) = before.update()
        && (update.line != *line || update.serial != before.newest.serial)
    {
        return Err(PublishError::OtherNewest.into());
    }
    Ok(Some(before))
}

impl Before {
    fn update(&self) -> Option<(Update, Vec<Subject>)> {
        let statement = Statement::parse(self.body.as_deref()?).ok()?;
        match statement.kind() {
            Kind::Update(update) => Some(((**update).clone(), statement.subjects().to_vec())),
            _ => None,
        }
    }
}

/// Drafts the statement that the arguments describe.
///
/// # Errors
/// [`PublishError::Statement`] for values that break a rule of form.
pub(super) fn draft(
    arguments: &Publish,
    line: &Line,
    gathered: &Gathered,
    before: Option<Before>,
    now: Time,
) -> Result<Draft, PublishError> {
    let subjects: Vec<_> = gathered
        .files
        .iter()
        .map(|(name, blob)| Subject::file(name.clone(), blob.hashed.sha256))
        .collect();
    let wanted = update(arguments, line, gathered, now);
    let known = before.as_ref().and_then(Before::update);
    if let Some((known, _)) = &known {
        let again = again(arguments, &wanted, known);
        let payload = again
            .to_statement_bytes(&subjects)
            .map_err(PublishError::Statement)?;
        if before.as_ref().and_then(|before| before.body.as_ref()) == Some(&payload) {
            return Ok(Draft {
                update: again,
                subjects,
                payload,
                repeats_files: false,
            });
        }
    }
    let serial = arguments.statement.serial;
    let update = match &before {
        None => Update {
            serial: serial.unwrap_or(1),
            ..wanted
        },
        Some(Before { newest, .. }) => Update {
            // A serial at the end of the range has no successor; the door says so.
            serial: serial.unwrap_or(newest.serial.saturating_add(1)),
            predecessor: Some(Predecessor {
                serial: newest.serial,
                statement: newest.statement,
            }),
            ..wanted
        },
    };
    let payload = update
        .to_statement_bytes(&subjects)
        .map_err(PublishError::Statement)?;
    let repeats_files = known.is_some_and(|(_, files)| files == subjects);
    Ok(Draft {
        update,
        subjects,
        payload,
        repeats_files,
    })
}

/// What the arguments say, as the first update of its line.
fn update(arguments: &Publish, line: &Line, gathered: &Gathered, now: Time) -> Update {
    let options = &arguments.statement;
    let file = |(name, blob): &(evidence::name::Name, super::gather::Blob)| File {
        name: name.clone(),
        size: blob.hashed.size,
        role: Role::Full,
    };
    let mut requires = options.requires.clone();
    requires.sort_unstable();
    Update {
        line: line.clone(),
        version: arguments.version.as_str().into(),
        serial: 1,
        predecessor: None,
        files: gathered.files.iter().map(file).collect(),
        source: options.source,
        recipe: gathered.recipe.as_ref().map(|blob| blob.hashed.sha256),
        sbom: gathered.sbom(),
        notes: gathered.notes.as_ref().map(|blob| blob.hashed.sha256),
        rules: None,
        requires,
        actions: Actions {
            class: options.class,
            consent: options.consent,
        },
        audience: Audience::Everyone,
        activation: Activation {
            from: options.from.unwrap_or(now),
            until: options.until,
        },
        state: State::Offered,
        returns_to: None,
        supersedes: Vec::new(),
    }
}

/// What the arguments would have said when the known update was made: place and time are its, unless they were asked
/// for.
fn again(arguments: &Publish, wanted: &Update, known: &Update) -> Update {
    Update {
        serial: arguments.statement.serial.unwrap_or(known.serial),
        predecessor: known.predecessor,
        activation: Activation {
            from: arguments.statement.from.unwrap_or(known.activation.from),
            until: wanted.activation.until,
        },
        ..wanted.clone()
    }
}
