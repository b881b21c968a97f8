//! Page 14a, the centers: a table with its zeros, then how to open one (`portal.md` §10).

use askama::Template;
use serde::Serialize;

use super::frame::{Frame, Place, Shell};
use super::html::Html;
use super::link;
use super::part::answer::Answer;
use super::part::command;
use super::part::mark;
use super::text::{Value, filters, say, t};
use super::time::{self, Time};
use super::word::{CenterState, Mark};

/// What the list shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CentersView {
    /// The centers, in the order of the policy.
    pub rows: Vec<CenterRow>,
    /// How many centers the policy asks for.
    pub asked: u64,
    /// Lines that make a node join as a center, if this center's operator gives any.
    pub join: Option<String>,
}

/// One center.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CenterRow {
    /// Its word in addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Who runs it.
    pub operator: String,
    /// Law it is under, such as `NL`; empty where nobody says.
    pub jurisdiction: String,
    /// What it does.
    pub state: CenterState,
    /// Its last cosignature on any log.
    pub cosigned_at: Option<Time>,
    /// Entries of its own log.
    pub statements: u64,
    /// Rebuilds in its own log.
    pub rebuilds: u64,
    /// Reviews in its own log.
    pub reviews: u64,
    /// True for the center whose page this is.
    pub here: bool,
    /// Address of its portal, if known.
    pub portal: Option<String>,
}

impl CenterRow {
    fn link(&self) -> Html {
        Html::link(&link::center(&self.slug), &Html::foreign(&self.name))
    }

    /// Where another portal is: this one needs no address.
    fn elsewhere(&self) -> Option<Html> {
        let portal = self.portal.as_ref().filter(|_| !self.here)?;
        Some(Html::link(portal, &Html::foreign(portal)))
    }

    fn operator(&self) -> Html {
        if self.jurisdiction.is_empty() {
            return Html::foreign(&self.operator);
        }
        say(
            "centers.operator",
            &[
                ("operator", Value::Foreign(&self.operator)),
                ("jurisdiction", Value::Foreign(&self.jurisdiction)),
            ],
        )
    }

    fn badge(&self) -> Html {
        mark::center(self.state)
    }

    fn cosigned(&self, now: &Time) -> Html {
        self.cosigned_at.map_or_else(
            || Html::text(t("centers.never")),
            |time| time.html_ago(*now),
        )
    }

    fn number(&self, number: &u64) -> Html {
        say("number.plain", &[("n", Value::Number(*number))])
    }
}

/// The list as HTML.
pub fn render(frame: &Frame, view: &CentersView) -> String {
    let shell = Shell::new(frame, t("nav.centers").to_owned())
        .at(Place::Centers)
        .scripts(&["copy.js"]);
    Html::template(&Page { shell, view }).to_string()
}

#[derive(Template)]
#[template(path = "centers.html")]
struct Page<'a> {
    shell: Shell<'a>,
    view: &'a CentersView,
}

impl Page<'_> {
    fn answer(&self) -> Html {
        let rows = &self.view.rows;
        let count = |number: usize| Value::Number(u64::try_from(number).unwrap_or(u64::MAX));
        let active = rows
            .iter()
            .filter(|row| row.state == CenterState::Active)
            .count();
        let silent = rows
            .iter()
            .filter(|row| row.state == CenterState::Silent)
            .count();
        let enough = u64::try_from(active).unwrap_or(u64::MAX) >= self.view.asked;
        let mut sentence = vec![if rows.is_empty() {
            Html::text(t("centers.none"))
        } else if active == rows.len() {
            say("centers.all-active", &[("n", count(active))])
        } else {
            say(
                "centers.some-active",
                &[("n", count(active)), ("of", count(rows.len()))],
            )
        }];
        if silent > 0 {
            sentence.push(self.silent(silent));
        }
        let mark = match () {
            () if rows.is_empty() => Mark::Note,
            () if silent > 0 || !enough => Mark::Wait,
            () => Mark::Ok,
        };
        let asked = [("n", Value::Number(self.view.asked))];
        let basis = if enough {
            say("centers.enough", &asked)
        } else {
            say("centers.not-enough", &asked)
        };
        Answer {
            mark,
            word: say(
                "centers.word",
                &[("active", count(active)), ("of", count(rows.len()))],
            )
            .as_str(),
            sentence: Html::join(&sentence),
            basis: vec![basis],
        }
        .html()
    }

    fn silent(&self, silent: usize) -> Html {
        let now = self.shell.frame.now;
        let longest = (self.view.rows.iter())
            .filter(|row| row.state == CenterState::Silent)
            .filter_map(|row| row.cosigned_at)
            .min()
            .map(|since| time::length(now.since(since)));
        let n = (
            "n",
            Value::Number(u64::try_from(silent).unwrap_or(u64::MAX)),
        );
        match longest {
            Some(length) => say(
                "centers.silent-for",
                &[n, ("length", Value::Plain(&length))],
            ),
            None => say("centers.silent", &[n]),
        }
    }

    fn join(&self) -> Option<Html> {
        self.view
            .join
            .as_ref()
            .map(|lines| command::command(t("command.name"), lines))
    }
}
