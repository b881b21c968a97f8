//! Page 15b, one log: size, root, quorum; then its entries, newest first (`portal.md` §10).

use askama::Template;
use serde::Serialize;

use super::frame::{Crumb, Frame, Place, Shell};
use super::html::Html;
use super::link;
use super::part::answer::Answer;
use super::part::checks::ProofLink;
use super::part::conclude::Conclude;
use super::part::digest;
use super::part::label::Label;
use super::part::pager::Pager;
use super::part::quorum::Quorum;
use super::part::said::Said;
use super::text::{Value, filters, say, t};
use super::time::Time;
use super::word::LogState;

/// What the page of a log shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogView {
    /// Its name.
    pub origin: String,
    /// Whose it is.
    pub owner: String,
    /// What is known of its newest checkpoint.
    pub state: LogState,
    /// Entries under the newest checkpoint.
    pub size: u64,
    /// Root under the newest checkpoint, in hex; `None` if none was ever seen.
    pub root: Option<String>,
    /// When the newest checkpoint was seen.
    pub seen_at: Option<Time>,
    /// Its keys, as vkeys.
    pub keys: Vec<String>,
    /// Who signed it.
    pub quorum: Option<Quorum>,
    /// Checkpoint, tiles, evidence files.
    pub links: Vec<ProofLink>,
    /// The entries, newest first.
    pub entries: Vec<EntryRow>,
    /// Where the list is cut.
    pub pager: Pager,
}

/// One entry of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryRow {
    /// Its index.
    pub index: u64,
    /// What it says.
    pub said: Said,
    /// Who signed, as the policy names the key.
    pub party: String,
    /// Log time; `None` while no quorum covers it.
    pub at: Option<Time>,
}

impl EntryRow {
    fn number(&self, origin: &str) -> Html {
        Html::link(
            &link::entry(origin, self.index),
            &say("number.plain", &[("n", Value::Number(self.index))]),
        )
    }

    fn said(&self) -> Html {
        self.said.html()
    }

    fn party(&self) -> Html {
        Html::foreign(&self.party)
    }

    fn at(&self, now: &Time) -> Html {
        self.at
            .map_or_else(|| Html::text(t("log.not-yet")), |time| time.html_ago(*now))
    }
}

/// The page as HTML.
pub fn render(frame: &Frame, view: &LogView) -> String {
    let crumbs = vec![
        Crumb::to(Html::text(t("nav.log")), link::LOGS),
        Crumb::here(Html::foreign(&view.origin)),
    ];
    let shell = Shell::new(frame, view.origin.clone())
        .at(Place::Log)
        .crumbs(crumbs)
        .scripts(&["copy.js"]);
    Html::template(&Page { shell, view }).to_string()
}

#[derive(Template)]
#[template(path = "log.html")]
struct Page<'a> {
    shell: Shell<'a>,
    view: &'a LogView,
}

impl Page<'_> {
    fn answer(&self) -> Html {
        let view = self.view;
        let named = [
            ("origin", Value::Foreign(&view.origin)),
            ("size", Value::Number(view.size)),
        ];
        let sentence = match (view.state, &view.quorum) {
            (LogState::Misbehaved, _) => say("log.answer-misbehaved", &named),
            (LogState::Stale, _) => say("log.answer-stale", &named),
            (LogState::Witnessed | LogState::Waiting, Some(quorum)) => say(
                "log.answer",
                &[
                    &named[..],
                    &[
                        ("signed", Value::Number(quorum.signed)),
                        ("of", Value::Number(quorum.of)),
                    ],
                ]
                .concat(),
            ),
            (LogState::Witnessed | LogState::Waiting, None) => say("log.answer-none", &named),
        };
        let mut basis = vec![Html::text(self.basis())];
        basis.extend(
            view.seen_at
                .map(|time| say("log.seen", &[("time", Value::Time(time))])),
        );
        Answer {
            mark: view.state.mark(),
            word: view.state.word(),
            sentence,
            basis,
        }
        .html()
    }

    fn basis(&self) -> &'static str {
        match self.view.state {
            LogState::Witnessed => t("log.basis-witnessed"),
            LogState::Waiting => t("log.basis-waiting"),
            LogState::Stale => t("log.basis-stale"),
            LogState::Misbehaved => t("log.basis-misbehaved"),
        }
    }

    fn label(&self) -> Html {
        let (view, all) = (self.view, self.shell.frame.open_all);
        let mut rows = vec![(
            t("log.size"),
            vec![say("log.entries", &[("n", Value::Number(view.size))])],
        )];
        if let Some(root) = &view.root {
            rows.push((t("log.root"), vec![digest::digest(root, all)]));
        }
        rows.extend(
            view.seen_at
                .map(|time| (t("log.seen-at"), vec![time.html()])),
        );
        rows.push((
            t("log.keys"),
            view.keys.iter().map(|key| digest::vkey(key, all)).collect(),
        ));
        if !view.links.is_empty() {
            let links = view.links.iter().map(ProofLink::html).collect();
            rows.push((t("log.files"), links));
        }
        Label {
            title: Html::foreign(&view.origin),
            under: say("log.of", &[("owner", Value::Foreign(&view.owner))]),
            rows,
        }
        .html()
    }

    fn pager(&self) -> Html {
        self.view.pager.html(&link::log(&self.view.origin), &[])
    }

    fn conclude(&self) -> Html {
        Conclude::from_log(self.view.state).html()
    }
}
