//! A state as mark and word (`portal.md` §5, row "mark").

use askama::Template;

use crate::portal::html::Html;
use crate::portal::word::{CenterState, LogState, Mark, Word};

/// Mark and word of any state.
pub(crate) fn badge(mark: Mark, word: &str) -> Html {
    Html::template(&Badge { mark, word })
}

/// Mark and word of a verdict.
pub(crate) fn verdict(word: Word) -> Html {
    badge(word.mark(), word.word())
}

/// Mark and word of a center's state.
pub(crate) fn center(state: CenterState) -> Html {
    badge(state.mark(), state.word())
}

/// Mark and word of a log's state.
pub(crate) fn log(state: LogState) -> Html {
    badge(state.mark(), state.word())
}

#[derive(Template)]
#[template(path = "parts/mark.html")]
struct Badge<'a> {
    mark: Mark,
    word: &'a str,
}
