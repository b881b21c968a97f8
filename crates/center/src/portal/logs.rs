//! Page 15a, the logs seen here: one row each, with whose it is, its size, its witnesses and its age.

use askama::Template;
use serde::Serialize;

use super::frame::{Frame, Place, Shell};
use super::html::Html;
use super::link;
use super::part::mark;
use super::text::{Value, filters, say, t};
use super::time::Time;
use super::word::LogState;

/// What the list shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogsView {
    /// The logs.
    pub rows: Vec<LogRow>,
}

/// One log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogRow {
    /// Its name.
    pub origin: String,
    /// Whose it is.
    pub owner: String,
    /// What is known of its newest checkpoint.
    pub state: LogState,
    /// Entries.
    pub size: u64,
    /// Witnesses that signed the newest checkpoint.
    pub signed: u64,
    /// Witnesses there are.
    pub of: u64,
    /// Witnesses the policy asks for.
    pub asked: u64,
    /// When its newest checkpoint was seen; `None` if none ever was.
    pub seen_at: Option<Time>,
}

impl LogRow {
    fn name(&self) -> Html {
        Html::link(&link::log(&self.origin), &Html::foreign(&self.origin))
    }

    fn owner(&self) -> Html {
        Html::foreign(&self.owner)
    }

    fn badge(&self) -> Html {
        mark::log(self.state)
    }

    fn size(&self) -> Html {
        say("number.plain", &[("n", Value::Number(self.size))])
    }

    fn witnesses(&self) -> Html {
        say(
            "logs.witnesses",
            &[
                ("signed", Value::Number(self.signed)),
                ("of", Value::Number(self.of)),
                ("asked", Value::Number(self.asked)),
            ],
        )
    }

    fn seen(&self, now: &Time) -> Html {
        self.seen_at
            .map_or_else(|| Html::text(t("logs.never")), |time| time.html_ago(*now))
    }
}

/// The list as HTML.
pub fn render(frame: &Frame, view: &LogsView) -> String {
    let shell = Shell::new(frame, t("logs.title").to_owned()).at(Place::Log);
    Html::template(&Page { shell, view }).to_string()
}

#[derive(Template)]
#[template(path = "logs.html")]
struct Page<'a> {
    shell: Shell<'a>,
    view: &'a LogsView,
}

impl Page<'_> {
    fn heading(&self) -> Html {
        say(
            "logs.heading",
            &[(
                "n",
                Value::Number(u64::try_from(self.view.rows.len()).unwrap_or(u64::MAX)),
            )],
        )
    }
}
