//! Time, event, entry (`portal.md` §3, row "timeline"). The future is dashed and says "by", never "will".

use askama::Template;
use serde::Serialize;

use crate::portal::html::Html;
use crate::portal::link;
use crate::portal::part::said::Said;
use crate::portal::text::{Value, filters, say, t};
use crate::portal::time::Time;
use crate::portal::word::{Mark, Word};

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TimelineItem {
    /// When.
    pub at: When,
    /// What.
    pub event: Event,
    /// The entry that shows it.
    pub entry: Option<EntryRef>,
    /// Address of the thing that it is about, if this center has a page of it.
    pub href: Option<String>,
}

/// When an event was, or is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "when", content = "time", rename_all = "kebab-case")]
pub enum When {
    /// It was.
    At(Time),
    /// It is due by then.
    By(Time),
    /// It is not there and has no date.
    Waiting,
}

/// A place in a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryRef {
    /// The log.
    pub origin: String,
    /// The index.
    pub index: u64,
}

/// What happened or is awaited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A witness signed a checkpoint that covers it.
    Cosigned {
        /// Its name.
        witness: String,
        /// How many had signed then, this one included.
        signed: u64,
        /// How many the policy asks for.
        asked: u64,
    },
    /// Cosignatures that the policy asks for and that are not there.
    CosignaturesMissing {
        /// How many.
        n: u64,
    },
    /// This center judged an update.
    Judged {
        /// Center.
        center: String,
        /// Product and version.
        thing: String,
        /// Verdict.
        word: Word,
    },
    /// A statement was logged and is read aloud.
    Statement {
        /// What was said.
        said: Said,
    },
}

impl EntryRef {
    /// A link to the entry's page.
    pub fn html(&self) -> Html {
        let words = say(
            "entry.of",
            &[
                ("index", Value::Number(self.index)),
                ("origin", Value::Foreign(&self.origin)),
            ],
        );
        Html::link(&link::entry(&self.origin, self.index), &words)
    }
}

impl TimelineItem {
    /// Class of the dot: filled for what is shown, dashed for what is awaited.
    fn class(&self, statement: &'static str) -> &'static str {
        match (&self.event, self.at) {
            (_, When::By(_) | When::Waiting) => "due",
            (Event::Judged { word, .. }, When::At(_)) => word.mark().class(),
            (
                Event::Statement {
                    said: Said::Withdrawn { .. },
                },
                When::At(_),
            ) => Mark::Fail.class(),
            (Event::Statement { .. }, When::At(_)) => statement,
            (Event::Cosigned { .. } | Event::CosignaturesMissing { .. }, When::At(_)) => {
                Mark::Ok.class()
            }
        }
    }

    pub(crate) fn words(&self) -> Html {
        match (&self.href, self.sentence()) {
            (Some(href), words) => Html::link(href, &words),
            (None, words) => words,
        }
    }

    pub(crate) fn under(&self) -> Option<Html> {
        let entry = self.entry.as_ref().map(EntryRef::html);
        match &self.event {
            Event::Cosigned { signed, asked, .. } if signed == asked => {
                Some(say("timeline.quorum", &[]))
            }
            Event::CosignaturesMissing { .. } => Some(say("timeline.until-then", &[])),
            _ => entry,
        }
    }

    fn sentence(&self) -> Html {
        match &self.event {
            Event::Cosigned {
                witness,
                signed,
                asked,
            } => say(
                "timeline.cosigned",
                &[
                    ("witness", Value::Foreign(witness)),
                    ("signed", Value::Number(*signed)),
                    ("asked", Value::Number(*asked)),
                ],
            ),
            Event::CosignaturesMissing { n } => {
                say("timeline.cosignatures-missing", &[("n", Value::Number(*n))])
            }
            Event::Judged {
                center,
                thing,
                word,
            } => say(
                "timeline.judged",
                &[
                    ("center", Value::Foreign(center)),
                    ("thing", Value::Foreign(thing)),
                    ("word", Value::Plain(word.word())),
                ],
            ),
            Event::Statement { said } => said.html(),
        }
    }
}

/// A list on an object's page: newest last, the day written once.
pub(crate) fn timeline(items: &[TimelineItem]) -> Html {
    let mut day: Option<Time> = None;
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let time = match item.at {
            When::At(time) => {
                let known = day.is_some_and(|day| day.same_day(time));
                day = Some(time);
                if known {
                    time.html_beside(time)
                } else {
                    time.html()
                }
            }
            When::By(time) => say("timeline.by", &[("time", Value::Html(&time.html_day()))]),
            When::Waiting => Html::text(t("timeline.waiting")),
        };
        rows.push(Row {
            time,
            item,
            class: item.class(Mark::Ok.class()),
        });
    }
    Html::template(&Part {
        rows: &rows,
        class: "timeline",
    })
}

/// A list of the latest: newest first, relative times.
pub(crate) fn latest(items: &[TimelineItem], now: Time) -> Html {
    let rows: Vec<Row<'_>> = (items.iter())
        .map(|item| {
            let time = match item.at {
                When::At(time) => time.html_ago(now),
                When::By(time) => say("timeline.by", &[("time", Value::Html(&time.html_day()))]),
                When::Waiting => Html::text(t("timeline.waiting")),
            };
            Row {
                time,
                item,
                class: item.class("plain"),
            }
        })
        .collect();
    Html::template(&Part {
        rows: &rows,
        class: "timeline latest",
    })
}

struct Row<'a> {
    time: Html,
    item: &'a TimelineItem,
    class: &'static str,
}

#[derive(Template)]
#[template(path = "parts/timeline.html")]
struct Part<'a> {
    rows: &'a [Row<'a>],
    class: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(at: When) -> TimelineItem {
        let event = Event::Cosigned {
            witness: "eu-cert".to_owned(),
            signed: 1,
            asked: 3,
        };
        TimelineItem {
            at,
            event,
            entry: None,
            href: None,
        }
    }

    #[test]
    fn the_future_is_dashed_and_says_by() {
        let html =
            timeline(&[item(When::By(Time(1_795_500_760))), item(When::Waiting)]).to_string();
        assert_eq!(html.matches("class=\"due\"").count(), 2);
        assert!(html.contains("by <time") && !html.contains(" will "));
    }

    #[test]
    fn the_day_is_written_once() {
        let html = timeline(&[
            item(When::At(Time(1_795_500_760))),
            item(When::At(Time(1_795_500_769))),
        ])
        .to_string();
        assert_eq!(html.matches(">24 Nov 2026 06:12 UTC<").count(), 1);
        assert!(html.contains(">06:12:49 UTC<"));
    }

    #[test]
    fn a_withdrawal_is_not_drawn_like_an_offer() {
        let said = Said::Withdrawn {
            publisher: "acme".to_owned(),
            product: "p".to_owned(),
            version: "1".to_owned(),
            serial: 1,
            reason: "mistake".to_owned(),
        };
        let event = Event::Statement { said };
        let html = latest(
            &[TimelineItem {
                at: When::At(Time(0)),
                event,
                entry: None,
                href: None,
            }],
            Time(9),
        )
        .to_string();
        assert!(html.contains("class=\"fail\""));
    }
}
