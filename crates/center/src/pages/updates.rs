//! `/u`: the updates of a log, newest first, cut by log index.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use store::views::{UpdateFilter, UpdateRow as Row};

use super::answer::{Drawn, Instead, Made};
use super::asked::{Asked, Form, api};
use super::find::File;
use super::frame::frame;
use super::{list, trust};
use crate::http::problem::Problem;
use crate::node::Shared;
use crate::portal::home::Counts;
use crate::portal::link;
use crate::portal::part::pager::Pager;
use crate::portal::updates::{Filter, UpdatesView, render};
use crate::portal::word::Word;
use crate::source::Source;

/// The list.
pub(super) async fn get(State(node): State<Shared>, asked: Asked) -> Response {
    let read = |name: &str| asked.parameter(name).map(str::to_owned);
    let [product, verdict, log, before] = ["product", "verdict", "log", "before"].map(read);
    let pairs = [
        ("product", &product),
        ("verdict", &verdict),
        ("log", &log),
        ("before", &before),
    ];
    let query = pairs.map(|(name, value)| (name, value.as_deref().unwrap_or_default()));
    let asked = asked.with(&query);
    let verdict = verdict.map(|code| Word::ALL.into_iter().find(|word| word.code() == code));
    let before = before.map(|digits| digits.parse::<u64>().ok());
    if verdict == Some(None) || before == Some(None) {
        return asked.instead(Instead::Problem(Problem::bad_request(
            "verdict or before cannot be read",
        )));
    }
    let filter = Filter {
        product,
        verdict: verdict.flatten(),
        log,
        id: None,
    };
    asked
        .answer(node, move |node, asked| {
            make(node, asked, filter, before.flatten())
        })
        .await
}

/// `/updates`: the same by the word that people say.
pub(super) async fn moved(asked: Asked) -> Response {
    let address = match asked.form {
        Form::Html => link::UPDATES.to_owned(),
        Form::Json => api(link::UPDATES),
    };
    Redirect::permanent(&address).into_response()
}

/// The list of an ambiguous id.
pub(super) async fn several(node: &Shared, asked: &Asked, id: &str, files: &[File]) -> Made {
    let mut rows = Vec::new();
    for file in files {
        rows.extend(list::lines_of(node, file, files.len() == 1).await?);
    }
    let shown = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let view = UpdatesView {
        counts: Counts::of(rows.iter().map(|row| row.word)),
        filter: Filter {
            id: Some(id.to_owned()),
            ..Filter::default()
        },
        products: Vec::new(),
        logs: Vec::new(),
        rows,
        pager: Pager {
            shown,
            of: shown,
            before: None,
            older: None,
        },
    };
    Ok(Drawn::new(asked, &frame(node, asked, None), &view, render))
}

async fn make(node: Shared, asked: Asked, filter: Filter, before: Option<u64>) -> Made {
    let logs = trust::update_logs(&node);
    let source = match &filter.log {
        Some(origin) => Some(
            *logs
                .iter()
                .find(|log| log.origin == *origin)
                .ok_or_else(Instead::not_found)?,
        ),
        None => logs.first().copied(),
    };
    let origin = source
        .map(|source| source.origin.as_str())
        .unwrap_or_default();
    let narrowed = UpdateFilter {
        product: filter.product.clone(),
        ..UpdateFilter::default()
    };
    let database = &node.database;
    // One more than is shown tells whether there are older ones.
    let mut found = database.offers(origin, &narrowed, before, PAGE + 1).await?;
    let has_older = found.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
    found.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
    let older = found.last().map(|row| row.index).filter(|_| has_older);
    let found = found.into_iter();
    let offers: Vec<(&Source, Row)> = found.filter_map(|row| Some((source?, row))).collect();
    let mut rows = list::offers(&node, &offers).await?;
    let counts = Counts::of(rows.iter().map(|row| row.word));
    if let Some(wanted) = filter.verdict {
        // What is convicted is listed with what is refused, as it is counted.
        let class = |word: Word| {
            if word == Word::Misbehaviour {
                Word::Refused
            } else {
                word
            }
        };
        rows.retain(|row| class(row.word) == class(wanted));
    }
    let shown = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let of = database.offer_count(origin, &narrowed).await?.max(shown);
    let view = UpdatesView {
        counts,
        products: database.products(origin, MOST_PRODUCTS).await?,
        logs: logs
            .iter()
            .map(|log| log.origin.clone())
            .filter(|_| logs.len() > 1)
            .collect(),
        filter,
        rows,
        pager: Pager {
            shown,
            of,
            before,
            older,
        },
    };
    Ok(Drawn::new(
        &asked,
        &frame(&node, &asked, source),
        &view,
        render,
    ))
}

/// Updates of one page: as many as home counts.
const PAGE: u32 = 42;

/// More than this nobody finds in a form.
const MOST_PRODUCTS: u32 = 200;
