//! The museum label: what the exhibit is (`portal.md` §5, row "label").

use askama::Template;

use crate::portal::html::Html;

/// Title, a line under it, then terms with their values.
pub(crate) struct Label {
    pub(crate) title: Html,
    pub(crate) under: Html,
    pub(crate) rows: Vec<(&'static str, Vec<Html>)>,
}

impl Label {
    pub(crate) fn html(&self) -> Html {
        Html::template(&Part { label: self })
    }
}

#[derive(Template)]
#[template(path = "parts/label.html")]
struct Part<'a> {
    label: &'a Label,
}
