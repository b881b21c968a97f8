//! A page that could not be given: word, sentence, hint, error id (`portal.md` §3, row "error").
//!
//! What does not exist and what is not permitted are one page, byte for byte, so that nobody learns from it whether a thing
//! exists. For these give no error id.

use askama::Template;
use serde::Serialize;

use super::frame::{Frame, Shell};
use super::html::Html;
use super::text::{Value, filters, say, t};
use super::word::Mark;

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProblemView {
    /// The kind.
    pub kind: ProblemKind,
    /// Id under which the operator finds it; none for [`ProblemKind::NotFound`].
    pub error_id: Option<String>,
}

/// Kinds of problems that a page can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The address cannot be read: 400.
    BadRequest,
    /// No such page, or not for this reader: 404.
    NotFound,
    /// The page cannot be used in this way: 405.
    MethodNotAllowed,
    /// Asked for too often: 429.
    TooMany,
    /// Our mistake: 500.
    OurBug,
    /// Something that this page needs does not answer: 503.
    Unavailable,
}

impl ProblemKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::BadRequest,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TooMany,
        Self::OurBug,
        Self::Unavailable,
    ];

    /// The HTTP status.
    pub fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::TooMany => 429,
            Self::OurBug => 500,
            Self::Unavailable => 503,
        }
    }

    fn mark(self) -> Mark {
        match self {
            Self::BadRequest | Self::NotFound | Self::MethodNotAllowed => Mark::Note,
            Self::TooMany | Self::Unavailable => Mark::Wait,
            Self::OurBug => Mark::Fail,
        }
    }

    /// Word, sentence, hint.
    fn words(self) -> [&'static str; 3] {
        match self {
            Self::BadRequest => [
                t("problem.bad-request"),
                t("problem.bad-request-sentence"),
                t("problem.bad-request-hint"),
            ],
            Self::NotFound => [
                t("problem.not-found"),
                t("problem.not-found-sentence"),
                t("problem.not-found-hint"),
            ],
            Self::MethodNotAllowed => [
                t("problem.method"),
                t("problem.method-sentence"),
                t("problem.method-hint"),
            ],
            Self::TooMany => [
                t("problem.too-many"),
                t("problem.too-many-sentence"),
                t("problem.too-many-hint"),
            ],
            Self::OurBug => [
                t("problem.bug"),
                t("problem.bug-sentence"),
                t("problem.bug-hint"),
            ],
            Self::Unavailable => [
                t("problem.unavailable"),
                t("problem.unavailable-sentence"),
                t("problem.unavailable-hint"),
            ],
        }
    }
}

/// The page as HTML; the status is [`ProblemKind::status`].
pub fn render(frame: &Frame, view: &ProblemView) -> String {
    let [word, sentence, hint] = view.kind.words();
    let page = Page {
        shell: Shell::new(frame, sentence.to_owned()),
        view,
        word,
        sentence,
        hint,
    };
    Html::template(&page).to_string()
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Page<'a> {
    shell: Shell<'a>,
    view: &'a ProblemView,
    word: &'static str,
    sentence: &'static str,
    hint: &'static str,
}

impl Page<'_> {
    fn mark(&self) -> Mark {
        self.view.kind.mark()
    }

    fn error_id(&self) -> Option<Html> {
        self.view
            .error_id
            .as_ref()
            .map(|id| say("problem.id", &[("id", Value::Code(id))]))
    }
}
