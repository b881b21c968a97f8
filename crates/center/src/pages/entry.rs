//! `/log/{origin}/{index}`: one entry, read aloud, with its proof.

use super::answer::{Drawn, Instead, Made};
use super::asked::Asked;
use super::frame::frame;
use super::proof::{self, Proven};
use super::read::{self, Read};
use super::signed::Signed;
use super::standing::standing;
use super::{find, sightings, trust};
use crate::node::Shared;
use crate::portal::entry::{About, EntryView, Proof, render};
use crate::portal::link;
use crate::source::Source;

/// The page of an entry that a public checkpoint covers.
pub(super) async fn make(node: &Shared, source: &Source, index: u64, asked: &Asked) -> Made {
    let row = node
        .database
        .entry(&source.origin, index)
        .await?
        .ok_or_else(Instead::not_found)?;
    let read = Read::of(node, source, index)
        .await?
        .ok_or_else(Instead::not_found)?;
    let witnesses = trust::witnesses(node, source);
    let proven = Proven::of(source, index)?;
    let signed = proven
        .as_ref()
        .map(|proven| Signed::of(&proven.covering, witnesses));
    let last = sightings::last(node, source, witnesses).await?;
    let (standing, superseded_by) = standing(node, source, &row, &read, signed.as_ref()).await?;
    let files = node.database.files_of(row.statement).await?;
    let update = node.database.updates_of(row.statement).await?;
    let about = files
        .first()
        .zip(update.first())
        .map(|(file, update)| About {
            href: link::update(&find::id_of(file.digest)),
            name: format!("{} {}", update.product, update.version),
        });
    let view = EntryView {
        origin: source.origin.clone(),
        index,
        said: read.said(node, &row),
        party: trust::party_of(node, row.key),
        key: row.key.to_hex(),
        statement: row.statement.to_hex(),
        leaf: row.leaf.to_hex(),
        standing,
        superseded_by,
        at: read::logged_at(source, &row)?,
        about,
        proof: proven.map(|proven| Proof {
            size: proven.covering.size,
            root: proven.root.to_hex(),
            path: proven.path.iter().map(ToString::to_string).collect(),
        }),
        quorum: signed.map(|signed| signed.quorum(witnesses, &last)),
        links: proof::links(source, index, read.body.is_some()),
        body: read.body,
        entry: String::from_utf8_lossy(&read.bytes).into_owned(),
    };
    Ok(Drawn::new(
        asked,
        &frame(node, asked, Some(source)),
        &view,
        render,
    ))
}
