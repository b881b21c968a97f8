//! What stands around every page: header, breadcrumbs, notices, footer (`portal.md` §2).
//!
//! The header names center and operator: the center is the host, the publisher the exhibit. The navigation lists only
//! places that exist, so no link leads to nothing.

use serde::Serialize;

use super::asset;
use super::html::Html;
use super::link;
use super::text::{self, Value, say, t};
use super::time::{self, Time};

/// What every page knows of its center.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// Name of the center, such as `Center Europe`.
    pub center: String,
    /// Who runs it.
    pub operator: String,
    /// Whose updates are shown, if it is one publisher.
    pub publisher: Option<String>,
    /// When the page was made.
    pub now: Time,
    /// The log behind this page, as far as it was seen.
    pub log: Option<LogSeen>,
    /// Address of this page as a reader may cite it: absolute if the center knows its own name, else the path.
    pub address: String,
    /// Address of the same as JSON, if it is served.
    pub json: Option<String>,
    /// True if `security.txt` is served.
    pub security_txt: bool,
    /// True for `?open=all`: every drawer open, every digest whole, for print and search.
    pub open_all: bool,
    /// What a reader must know before the answer, worst first.
    pub notices: Vec<Notice>,
}

/// How far a log was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogSeen {
    /// Its name.
    pub origin: String,
    /// Its size.
    pub size: u64,
    /// When that was seen.
    pub at: Time,
}

/// A line above the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "notice", rename_all = "kebab-case")]
pub enum Notice {
    /// The log's own signatures convict it.
    Misbehaviour {
        /// The log.
        origin: String,
        /// The size at which two histories were shown.
        size: u64,
        /// Address of the evidence file.
        evidence: String,
    },
    /// Nothing new was seen for a while.
    Stale {
        /// When something was last seen.
        last_seen: Time,
    },
}

/// A place of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// `/u`
    Updates,
    /// `/centers`
    Centers,
    /// `/log`
    Log,
}

/// One step of the breadcrumbs.
#[derive(Clone, Debug)]
pub(crate) struct Crumb {
    pub(crate) label: Html,
    pub(crate) href: Option<String>,
}

/// The frame as one page fills it.
#[derive(Debug)]
pub(crate) struct Shell<'a> {
    pub(crate) frame: &'a Frame,
    /// Text of `title`, before the center's name.
    pub(crate) title: String,
    pub(crate) here: Option<Place>,
    pub(crate) crumbs: Vec<Crumb>,
    /// Names of scripts.
    pub(crate) scripts: &'static [&'static str],
}

impl Place {
    pub(crate) const ALL: [Self; 3] = [Self::Updates, Self::Centers, Self::Log];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Updates => t("nav.updates"),
            Self::Centers => t("nav.centers"),
            Self::Log => t("nav.log"),
        }
    }

    pub(crate) fn href(self) -> &'static str {
        match self {
            Self::Updates => link::UPDATES,
            Self::Centers => link::CENTERS,
            Self::Log => link::LOGS,
        }
    }
}

impl Crumb {
    pub(crate) fn to(label: Html, href: impl Into<String>) -> Self {
        Self {
            label,
            href: Some(href.into()),
        }
    }

    pub(crate) fn here(label: Html) -> Self {
        Self { label, href: None }
    }
}

impl Notice {
    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::Misbehaviour { .. } => "fail",
            Self::Stale { .. } => "wait",
        }
    }

    pub(crate) fn shape(&self) -> &'static str {
        match self {
            Self::Misbehaviour { .. } => "cross",
            Self::Stale { .. } => "clock",
        }
    }

    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Misbehaviour { .. } => t("word.misbehaviour"),
            Self::Stale { .. } => t("mark.wait"),
        }
    }

    pub(crate) fn html(&self, now: Time) -> Html {
        match self {
            Self::Misbehaviour {
                origin,
                size,
                evidence,
            } => say(
                "notice.misbehaviour",
                &[
                    ("origin", Value::Foreign(origin)),
                    ("size", Value::Number(*size)),
                    (
                        "evidence",
                        Value::Html(&Html::link(evidence, &Html::text(t("notice.evidence")))),
                    ),
                ],
            ),
            Self::Stale { last_seen } => say(
                "notice.stale",
                &[
                    ("time", Value::Time(*last_seen)),
                    ("length", Value::Plain(&time::length(now.since(*last_seen)))),
                ],
            ),
        }
    }
}

impl<'a> Shell<'a> {
    pub(crate) fn new(frame: &'a Frame, title: String) -> Self {
        Self {
            frame,
            title,
            here: None,
            crumbs: Vec::new(),
            scripts: &[],
        }
    }

    pub(crate) fn at(self, here: Place) -> Self {
        Self {
            here: Some(here),
            ..self
        }
    }

    pub(crate) fn crumbs(self, crumbs: Vec<Crumb>) -> Self {
        Self { crumbs, ..self }
    }

    pub(crate) fn scripts(self, scripts: &'static [&'static str]) -> Self {
        Self { scripts, ..self }
    }

    /// Title of the browser's window: no more of a foreign name than can be read there.
    pub(crate) fn whole_title(&self) -> String {
        let short: String = self.title.chars().take(TITLE_LIMIT).collect();
        let cut = if short.len() < self.title.len() {
            "…"
        } else {
            ""
        };
        text::plain(
            "page.title",
            &[
                ("page", Value::Plain(&format!("{short}{cut}"))),
                ("center", Value::Foreign(&self.frame.center)),
            ],
        )
    }

    pub(crate) fn asset(&self, name: &str) -> &'static str {
        asset::address(name)
    }

    pub(crate) fn host(&self) -> Html {
        match &self.frame.publisher {
            Some(publisher) => say(
                "host.for",
                &[
                    ("operator", Value::Foreign(&self.frame.operator)),
                    ("publisher", Value::Foreign(publisher)),
                ],
            ),
            None => say(
                "host.alone",
                &[("operator", Value::Foreign(&self.frame.operator))],
            ),
        }
    }

    pub(crate) fn center(&self) -> Html {
        Html::foreign(&self.frame.center)
    }

    pub(crate) fn log_seen(&self) -> Option<Html> {
        let log = self.frame.log.as_ref()?;
        let words = say(
            "footer.log",
            &[
                ("size", Value::Number(log.size)),
                ("time", Value::Time(log.at)),
            ],
        );
        Some(Html::link(&link::log(&log.origin), &words))
    }

    pub(crate) fn json(&self) -> Option<Html> {
        self.frame
            .json
            .as_ref()
            .map(|json| Html::link(json, &Html::text(t("footer.json"))))
    }

    /// The foot of the printed page: address, log, time.
    pub(crate) fn printed(&self) -> Html {
        let address = say(
            "footer.printed",
            &[
                ("address", Value::Code(&self.frame.address)),
                ("time", Value::Time(self.frame.now)),
            ],
        );
        let Some(log) = &self.frame.log else {
            return address;
        };
        let log = say(
            "footer.printed-log",
            &[
                ("origin", Value::Foreign(&log.origin)),
                ("size", Value::Number(log.size)),
                ("time", Value::Time(log.at)),
            ],
        );
        Html::join(&[address, log])
    }

    pub(crate) fn places(&self) -> [Place; 3] {
        Place::ALL
    }

    /// Value of `aria-current` for a place: the page itself, or the place that it lies in.
    pub(crate) fn current(&self, place: &Place) -> Option<&'static str> {
        let current = if self.crumbs.is_empty() {
            "page"
        } else {
            "true"
        };
        (self.here == Some(*place)).then_some(current)
    }

    pub(crate) fn notice_words(&self, notice: &Notice) -> Html {
        notice.html(self.frame.now)
    }
}

/// Characters of a page's own part of the window title.
const TITLE_LIMIT: usize = 72;
