//! The answer in its glass case: mark, word, one sentence, one line of basis (`portal.md` §3, row "answer").

use askama::Template;

use crate::portal::html::Html;
use crate::portal::word::Mark;

/// The only framed thing of a page.
pub(crate) struct Answer<'a> {
    pub(crate) mark: Mark,
    pub(crate) word: &'a str,
    /// The `h1`.
    pub(crate) sentence: Html,
    /// When, by which policy, what to do.
    pub(crate) basis: Vec<Html>,
}

impl Answer<'_> {
    pub(crate) fn html(&self) -> Html {
        Html::template(&Part { answer: self })
    }
}

#[derive(Template)]
#[template(path = "parts/answer.html")]
struct Part<'a> {
    answer: &'a Answer<'a>,
}
