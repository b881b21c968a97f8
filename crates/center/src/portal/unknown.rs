//! A digest that no log seen here knows: `undecided`, with status 404 (`portal.md` §3, row "error").
//!
//! Nothing speaks for or against the file. The page says where was looked and how far, for absence is only as good as that.

use askama::Template;
use serde::Serialize;

use super::frame::{Crumb, Frame, LogSeen, Place, Shell};
use super::html::Html;
use super::link;
use super::part::answer::Answer;
use super::part::checks::{self, CheckRow};
use super::part::conclude::Conclude;
use super::part::digest;
use super::part::label::Label;
use super::part::said::Audience;
use super::text::{Value, filters, plain, say, t};
use super::word::Word;

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnknownView {
    /// The digest, or the beginning of one, as asked for.
    pub digest: String,
    /// The verdict's sentence, in the words of `evidence`.
    pub answer: String,
    /// The checks, in the words of `evidence`.
    pub checks: Vec<CheckRow>,
    /// Where was looked, and how far.
    pub searched: Vec<LogSeen>,
}

/// The page as HTML; the status is 404.
pub fn render(frame: &Frame, view: &UnknownView) -> String {
    let crumbs = vec![
        Crumb::to(Html::text(t("nav.updates")), link::UPDATES),
        Crumb::here(Html::code(&digest::short(&view.digest))),
    ];
    let title = plain(
        "unknown.title",
        &[("digest", Value::Foreign(&digest::short(&view.digest)))],
    );
    let shell = Shell::new(frame, title)
        .at(Place::Updates)
        .crumbs(crumbs)
        .scripts(&["copy.js"]);
    Html::template(&Page { shell, view }).to_string()
}

#[derive(Template)]
#[template(path = "unknown.html")]
struct Page<'a> {
    shell: Shell<'a>,
    view: &'a UnknownView,
}

impl Page<'_> {
    fn answer(&self) -> Html {
        Answer {
            mark: Word::Undecided.mark(),
            word: Word::Undecided.word(),
            sentence: Html::heading(&self.view.answer, ""),
            basis: vec![Html::text(t("unknown.basis"))],
        }
        .html()
    }

    fn checks(&self) -> Html {
        checks::checks(&self.view.checks, self.shell.frame.open_all)
    }

    fn label(&self) -> Html {
        Label {
            title: Html::text(t("unknown.label")),
            under: Html::text(t("unknown.label-under")),
            rows: vec![(
                t("update.sha256"),
                vec![digest::digest(&self.view.digest, self.shell.frame.open_all)],
            )],
        }
        .html()
    }

    fn searched(&self) -> Vec<Html> {
        (self.view.searched.iter())
            .map(|log| {
                let origin = Html::link(&link::log(&log.origin), &Html::foreign(&log.origin));
                say(
                    "unknown.searched-log",
                    &[
                        ("log", Value::Html(&origin)),
                        ("size", Value::Number(log.size)),
                        ("time", Value::Time(log.at)),
                    ],
                )
            })
            .collect()
    }

    fn conclude(&self) -> Html {
        Conclude::from_update(Word::Undecided, &self.view.checks, &Audience::Everyone).html()
    }
}
