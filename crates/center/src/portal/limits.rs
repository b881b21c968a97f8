//! Page 22, what this cannot show (`portal.md` §10): the limits of each subject, collected.

use askama::Template;

use super::frame::{Frame, Shell};
use super::html::Html;
use super::text::{filters, t};

/// The page as HTML.
pub fn render(frame: &Frame) -> String {
    let shell = Shell::new(frame, t("limits.title").to_owned());
    Html::template(&Page { shell }).to_string()
}

#[derive(Template)]
#[template(path = "limits.html")]
struct Page<'a> {
    shell: Shell<'a>,
}

impl Page<'_> {
    /// Subject, what it shows, what it cannot show.
    fn rows(&self) -> [(&'static str, &'static str, &'static str); 6] {
        [
            (
                t("limits.update"),
                t("limits.update-shows"),
                t("limits.update-not"),
            ),
            (t("limits.log"), t("limits.log-shows"), t("limits.log-not")),
            (
                t("limits.witness"),
                t("limits.witness-shows"),
                t("limits.witness-not"),
            ),
            (
                t("limits.absence"),
                t("limits.absence-shows"),
                t("limits.absence-not"),
            ),
            (
                t("limits.page"),
                t("limits.page-shows"),
                t("limits.page-not"),
            ),
            (
                t("limits.vendor"),
                t("limits.vendor-shows"),
                t("limits.vendor-not"),
            ),
        ]
    }
}
