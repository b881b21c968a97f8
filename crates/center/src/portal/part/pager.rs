//! Steps through a list that is cut by log index (`portal.md` §2, "Addresses").
//!
//! `?before=N` keeps showing the same entries after thousands more were logged.

use askama::Template;
use serde::Serialize;

use crate::portal::html::Html;
use crate::portal::link;
use crate::portal::text::{Value, filters, say};

/// Where a list is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pager {
    /// How many rows are shown.
    pub shown: u64,
    /// How many rows there are under the same filter.
    pub of: u64,
    /// The index before which this page is cut; `None` on the first page.
    pub before: Option<u64>,
    /// The index before which the next page is cut; `None` on the last page.
    pub older: Option<u64>,
}

impl Pager {
    pub(crate) fn html(&self, path: &str, query: &[(&str, &str)]) -> Html {
        let older = self.older.map(|index| {
            let index = index.to_string();
            link::with_query(path, &[query, &[("before", index.as_str())]].concat())
        });
        let newest = self.before.map(|_| link::with_query(path, query));
        let shown = say(
            "pager.shown",
            &[
                ("n", Value::Number(self.shown)),
                ("of", Value::Number(self.of)),
            ],
        );
        Html::template(&Part {
            shown,
            newest: newest.as_deref(),
            older: older.as_deref(),
        })
    }
}

#[derive(Template)]
#[template(path = "parts/pager.html")]
struct Part<'a> {
    shown: Html,
    newest: Option<&'a str>,
    older: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_page_has_no_way_to_the_newest_and_the_last_none_to_the_older() {
        let first = Pager {
            shown: 20,
            of: 42,
            before: None,
            older: Some(18_204),
        };
        let html = first.html("/u", &[("verdict", "refused")]).to_string();
        assert!(
            html.contains("href=\"/u?verdict=refused&#38;before=18204\"")
                || html.contains("href=\"/u?verdict=refused&amp;before=18204\""),
            "{html}"
        );
        assert_eq!(html.matches("<a ").count(), 1);
        let last = Pager {
            shown: 2,
            of: 42,
            before: Some(90),
            older: None,
        };
        let html = last.html("/u", &[]).to_string();
        assert!(
            html.contains("href=\"/u\"") && html.matches("<a ").count() == 1,
            "{html}"
        );
    }
}
