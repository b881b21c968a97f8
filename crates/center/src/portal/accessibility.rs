//! How these pages can be read and used by everyone, and where they cannot yet.

use askama::Template;

use super::frame::{Frame, Shell};
use super::html::Html;
use super::text::{filters, t};

/// The page as HTML.
pub fn render(frame: &Frame) -> String {
    let shell = Shell::new(frame, t("accessibility.title").to_owned());
    Html::template(&Page { shell }).to_string()
}

#[derive(Template)]
#[template(path = "accessibility.html")]
struct Page<'a> {
    shell: Shell<'a>,
}

impl Page<'_> {
    fn kept(&self) -> [&'static str; 7] {
        [
            t("accessibility.scripts"),
            t("accessibility.keyboard"),
            t("accessibility.zoom"),
            t("accessibility.colour"),
            t("accessibility.motion"),
            t("accessibility.print"),
            t("accessibility.data"),
        ]
    }
}
