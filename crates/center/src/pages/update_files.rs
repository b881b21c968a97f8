//! Files of an update: the text of `vitrine verify`, evidence of misbehaviour; bundle and policy stand elsewhere.

use axum::extract::{Path, State};
use axum::response::Response;
use evidence::line::Word;
use evidence::render;
use store::views::FileRow;

use super::answer::{Drawn, Instead, Made};
use super::asked::{Asked, Form};
use super::find::{self, Found};
use super::{update, verify};
use crate::judge::{Judged, judge};
use crate::node::Shared;

/// What `vitrine verify` prints without a state file; as JSON, what it prints with `--json`.
pub(super) async fn checks(
    State(node): State<Shared>,
    Path(id): Path<String>,
    asked: Asked,
) -> Response {
    let channel = asked.parameter("channel").map(str::to_owned);
    let asked = asked.with(&[("channel", channel.as_deref().unwrap_or_default())]);
    asked
        .answer(node, move |node, asked| async move {
            let (file, judged) = judged(&node, &id, channel).await?;
            Ok(match asked.form {
                Form::Html => Drawn::text(render::to_text(&judged.verdict, &file.name)),
                Form::Json => Drawn {
                    kind: "application/json",
                    body: render::to_json(&judged.verdict).to_bytes().into(),
                    ..Drawn::text(String::new())
                },
            })
        })
        .await
}

/// The bundle.
pub(super) async fn bundle(
    State(node): State<Shared>,
    Path(id): Path<String>,
    asked: Asked,
) -> Response {
    let found = judged(&node, &id, None).await;
    match found {
        // The bundle has one address, whatever form of the page asked for it.
        Ok((file, _)) => asked
            .into_html()
            .instead(Instead::See(format!("/bundle/{}.jsonl", file.digest))),
        Err(instead) => asked.instead(instead),
    }
}

/// The policy by which this page judges.
pub(super) async fn policy(asked: Asked) -> Response {
    asked
        .into_html()
        .instead(Instead::See(format!("/{}", verify::POLICY)))
}

/// Evidence of misbehaviour: a file that convicts alone (`evidence.md` §13).
pub(super) async fn misbehaviour(
    State(node): State<Shared>,
    Path((id, number)): Path<(String, usize)>,
    asked: Asked,
) -> Response {
    asked
        .answer(node, move |node, _| evidence_file(node, id, number))
        .await
}

async fn evidence_file(node: Shared, id: String, number: usize) -> Made {
    let (_, judged) = judged(&node, &id, None).await?;
    let found = judged
        .verdict
        .misbehaviour
        .get(number)
        .ok_or_else(Instead::not_found)?;
    Ok(Drawn {
        body: found.file.clone().into(),
        ..Drawn::text(String::new())
    })
}

/// The verdict on the file that the id means, and the file as its statement names it.
async fn judged(
    node: &Shared,
    id: &str,
    channel: Option<String>,
) -> Result<(FileRow, Judged), Instead> {
    let channel = channel
        .map(|word| Word::parse(&word))
        .transpose()
        .map_err(|_| Instead::not_found())?;
    if !find::is_id(id) {
        return Err(Instead::not_found());
    }
    let file = match find::update(node, id, channel.as_ref()).await? {
        Found::One(file) => file,
        // A file on several lines is one file: its text says that a channel must be named.
        Found::Several(mut files) if files.len() == 1 => {
            files.pop().ok_or_else(Instead::not_found)?
        }
        Found::Nothing | Found::Several(_) => return Err(Instead::not_found()),
    };
    let judged = judge(node, file.digest, channel.as_ref())
        .await?
        .ok_or_else(Instead::not_found)?;
    let (_, named) = update::chosen(&file, &judged).ok_or_else(Instead::not_found)?;
    Ok((named.clone(), judged))
}
