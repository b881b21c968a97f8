//! Page 14b, one center: its words, its log, its silence (`portal.md` §10).

use askama::Template;
use serde::Serialize;

use super::centers::CenterRow;
use super::frame::{Crumb, Frame, Place, Shell};
use super::html::Html;
use super::link;
use super::part::answer::Answer;
use super::part::digest;
use super::part::label::Label;
use super::text::{Value, filters, say, t};
use super::time::{self, Time};
use super::word::CenterState;

/// What the page of a center shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CenterView {
    /// The center, as in the list.
    pub center: CenterRow,
    /// Its own log, if it has one that is seen here.
    pub log: Option<String>,
    /// Keys of its cosignatures, as vkeys.
    pub keys: Vec<String>,
    /// Logs that it cosigns.
    pub cosigned: Vec<CosignedRow>,
    /// Times without a signature that were longer than the policy allows, newest first.
    pub silences: Vec<Silence>,
}

/// What a center last signed of one log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CosignedRow {
    /// The log.
    pub origin: String,
    /// The size it signed; `None` if it never did.
    pub size: Option<u64>,
    /// When it signed.
    pub at: Option<Time>,
}

/// A time without a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Silence {
    /// Its beginning.
    pub from: Time,
    /// Its end; `None` while it lasts.
    pub until: Option<Time>,
}

impl CosignedRow {
    fn log(&self) -> Html {
        Html::link(&link::log(&self.origin), &Html::foreign(&self.origin))
    }

    fn size(&self) -> Html {
        self.size.map_or_else(
            || Html::text(t("centers.never")),
            |size| say("number.plain", &[("n", Value::Number(size))]),
        )
    }

    fn at(&self, now: &Time) -> Html {
        self.at.map_or_else(
            || Html::text(t("centers.never")),
            |time| time.html_ago(*now),
        )
    }
}

impl Silence {
    fn html(&self, now: Time) -> Html {
        let length = time::length(self.until.unwrap_or(now).since(self.from));
        let from = ("from", Value::Time(self.from));
        match self.until {
            Some(until) => say(
                "center.silence",
                &[
                    from,
                    ("until", Value::Time(until)),
                    ("length", Value::Plain(&length)),
                ],
            ),
            None => say(
                "center.silence-now",
                &[from, ("length", Value::Plain(&length))],
            ),
        }
    }
}

/// The page as HTML.
pub fn render(frame: &Frame, view: &CenterView) -> String {
    let name = Html::foreign(&view.center.name);
    let crumbs = vec![
        Crumb::to(Html::text(t("nav.centers")), link::CENTERS),
        Crumb::here(name),
    ];
    let shell = Shell::new(frame, view.center.name.clone())
        .at(Place::Centers)
        .crumbs(crumbs);
    Html::template(&Page { shell, view }).to_string()
}

#[derive(Template)]
#[template(path = "center.html")]
struct Page<'a> {
    shell: Shell<'a>,
    view: &'a CenterView,
}

impl Page<'_> {
    fn answer(&self) -> Html {
        let center = &self.view.center;
        let now = self.shell.frame.now;
        let name = ("name", Value::Foreign(&center.name));
        let length = center
            .cosigned_at
            .map(|time| time::length(now.since(time)))
            .unwrap_or_default();
        let (sentence, basis) = match center.state {
            CenterState::Active => {
                let sizes = u64::try_from(
                    self.view
                        .cosigned
                        .iter()
                        .filter(|row| row.size.is_some())
                        .count(),
                )
                .unwrap_or(u64::MAX);
                (
                    say("center.is-active", &[name, ("n", Value::Number(sizes))]),
                    t("center.active-basis"),
                )
            }
            CenterState::Silent => (
                say(
                    "center.is-silent",
                    &[name, ("length", Value::Plain(&length))],
                ),
                t("center.silent-basis"),
            ),
            CenterState::Announced => (
                say("center.is-announced", &[name]),
                t("center.announced-basis"),
            ),
        };
        Answer {
            mark: center.state.mark(),
            word: center.state.word(),
            sentence,
            basis: vec![Html::text(basis)],
        }
        .html()
    }

    fn label(&self) -> Html {
        let center = &self.view.center;
        let (now, all) = (self.shell.frame.now, self.shell.frame.open_all);
        let number = |n: u64| say("number.plain", &[("n", Value::Number(n))]);
        let cosigned = center
            .cosigned_at
            .map_or_else(|| Html::text(t("centers.never")), |time| time.html_ago(now));
        let mut rows = Vec::new();
        if !center.jurisdiction.is_empty() {
            let jurisdiction = Html::foreign(&center.jurisdiction);
            rows.push((t("center.jurisdiction"), vec![jurisdiction]));
        }
        rows.extend([
            (t("centers.cosigned"), vec![cosigned]),
            (t("centers.statements"), vec![number(center.statements)]),
            (t("centers.rebuilds"), vec![number(center.rebuilds)]),
            (t("centers.reviews"), vec![number(center.reviews)]),
        ]);
        if let Some(origin) = &self.view.log {
            rows.push((
                t("center.log"),
                vec![Html::link(&link::log(origin), &Html::foreign(origin))],
            ));
        }
        if let Some(portal) = &self.view.center.portal {
            rows.push((
                t("center.portal"),
                vec![Html::link(portal, &Html::foreign(portal))],
            ));
        }
        if !self.view.keys.is_empty() {
            rows.push((
                t("center.keys"),
                self.view
                    .keys
                    .iter()
                    .map(|key| digest::vkey(key, all))
                    .collect(),
            ));
        }
        Label {
            title: Html::foreign(&center.name),
            under: Html::foreign(&center.operator),
            rows,
        }
        .html()
    }

    fn silences(&self) -> Vec<Html> {
        self.view
            .silences
            .iter()
            .map(|silence| silence.html(self.shell.frame.now))
            .collect()
    }
}
