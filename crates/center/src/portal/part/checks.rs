//! Rows of checks, each with the drawer that holds its proof (`portal.md` §3, rows "checks" and "proof drawer").
//!
//! Word, name and sentence come from `evidence`, so that the page says what `vitrine verify` prints. This part words
//! nothing of its own.

use askama::Template;
use serde::Serialize;

use crate::portal::html::Html;
use crate::portal::text::{Value, filters, plain, t};
use crate::portal::word::Mark;

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckRow {
    /// Its state.
    pub state: Mark,
    /// Its name, one word of `evidence.md` §9.
    pub name: String,
    /// What was found, as `vitrine verify` prints it.
    pub sentence: String,
    /// What stands behind it, if anything is to be shown.
    pub detail: Option<ProofDrawer>,
    /// True to show the drawer open; a `Fail` always is.
    pub open: bool,
}

/// What stands behind a check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProofDrawer {
    /// What was checked.
    pub sentence: String,
    /// What to do next, if anything.
    pub hint: Option<String>,
    /// The machine's own words. Over [`RAW_LIMIT`] bytes they are not shown: give a link then.
    pub json: Option<String>,
    /// Where the whole of it is.
    pub links: Vec<ProofLink>,
}

/// A file or page behind a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProofLink {
    /// What is there.
    pub kind: ProofLinkKind,
    /// Its address.
    pub href: String,
}

/// What a [`ProofLink`] leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProofLinkKind {
    /// The evidence as one file.
    Bundle,
    /// The signed head of a log.
    Checkpoint,
    /// The entry's page.
    Entry,
    /// A file that convicts somebody.
    Evidence,
    /// The trust policy.
    Policy,
    /// Inclusion proof and checkpoint (C2SP tlog-proof).
    Proof,
    /// The signed statement (DSSE).
    Statement,
}

impl ProofLinkKind {
    /// The words of the link.
    fn label(self) -> &'static str {
        match self {
            Self::Bundle => t("proof.bundle"),
            Self::Checkpoint => t("proof.checkpoint"),
            Self::Entry => t("proof.entry"),
            Self::Evidence => t("proof.evidence"),
            Self::Policy => t("proof.policy"),
            Self::Proof => t("proof.proof"),
            Self::Statement => t("proof.statement"),
        }
    }
}

impl ProofLink {
    /// The link.
    pub fn html(&self) -> Html {
        Html::link(&self.href, &Html::text(self.kind.label()))
    }
}

impl ProofDrawer {
    /// The raw text, if it is short enough to be shown.
    pub fn shown_json(&self) -> Option<&str> {
        self.json.as_deref().filter(|json| json.len() <= RAW_LIMIT)
    }
}

impl CheckRow {
    pub(crate) fn is_open(&self, all: bool) -> bool {
        all || self.open || self.state == Mark::Fail
    }

    pub(crate) fn raw_name(&self) -> String {
        plain("checks.raw", &[("name", Value::Foreign(&self.name))])
    }
}

/// The list of checks, any `Fail` first, otherwise in the order given.
pub(crate) fn checks(rows: &[CheckRow], all: bool) -> Html {
    let (failed, others): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.state == Mark::Fail);
    let rows: Vec<&CheckRow> = failed.into_iter().chain(others).collect();
    Html::template(&Part { rows: &rows, all })
}

#[derive(Template)]
#[template(path = "parts/checks.html")]
struct Part<'a> {
    rows: &'a [&'a CheckRow],
    all: bool,
}

/// Longest raw text that a drawer shows, in bytes.
pub const RAW_LIMIT: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    fn row(state: Mark, name: &str, detail: Option<ProofDrawer>) -> CheckRow {
        CheckRow {
            state,
            name: name.to_owned(),
            sentence: format!("sentence of {name}"),
            detail,
            open: false,
        }
    }

    fn drawer() -> Option<ProofDrawer> {
        Some(ProofDrawer {
            sentence: "what was checked".to_owned(),
            ..ProofDrawer::default()
        })
    }

    #[test]
    fn a_failed_check_comes_first_and_open() {
        let rows = [
            row(Mark::Ok, "logged", drawer()),
            row(Mark::Fail, "denied", drawer()),
            row(Mark::Wait, "fresh", drawer()),
        ];
        let html = checks(&rows, false).to_string();
        let positions: Vec<_> = ["denied", "logged", "fresh"]
            .iter()
            .map(|name| html.find(&format!(">{name}<")))
            .collect();
        assert!(positions.is_sorted(), "{positions:?}");
        assert_eq!(html.matches("<details open>").count(), 1);
        assert_eq!(html.matches("<details>").count(), 2);
    }

    #[test]
    fn open_all_opens_every_drawer_for_print_and_search() {
        let rows = [
            row(Mark::Ok, "logged", drawer()),
            row(Mark::Wait, "fresh", drawer()),
        ];
        assert_eq!(
            checks(&rows, true)
                .to_string()
                .matches("<details open>")
                .count(),
            2
        );
    }

    #[test]
    fn raw_text_over_the_limit_is_a_link_only() {
        let long = ProofDrawer {
            json: Some("x".repeat(RAW_LIMIT + 1)),
            ..ProofDrawer::default()
        };
        let short = ProofDrawer {
            json: Some("x".repeat(RAW_LIMIT)),
            ..ProofDrawer::default()
        };
        assert!(
            !checks(&[row(Mark::Ok, "logged", Some(long))], false)
                .as_str()
                .contains("<pre")
        );
        assert!(
            checks(&[row(Mark::Ok, "logged", Some(short))], false)
                .as_str()
                .contains("<pre")
        );
    }

    #[test]
    fn a_row_reads_word_name_sentence() {
        let html = checks(&[row(Mark::Ok, "logged", None)], false).to_string();
        let text: String = html
            .split('<')
            .filter_map(|piece| piece.split_once('>'))
            .map(|(_, text)| text)
            .collect();
        assert_eq!(
            text.split_whitespace().collect::<Vec<_>>().join(" "),
            "ok logged sentence of logged"
        );
    }
}
