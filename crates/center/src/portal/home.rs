//! Page 1, home (`portal.md` §10): mission beside the digest field; the state of the publisher in the case; latest beside
//! what nobody has shown yet; directory.

use askama::Template;
use serde::Serialize;

use super::frame::{Frame, Shell};
use super::html::Html;
use super::link;
use super::part::missing::{self, Missing};
use super::part::timeline::{self, TimelineItem};
use super::text::{Value, filters, plain, say, t};
use super::time::Time;
use super::word::{Mark, Word};

/// What home shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HomeView {
    /// Verdicts of the updates counted in the headline, as this center's policy judges them.
    pub counts: Counts,
    /// When they were judged.
    pub judged_at: Time,
    /// Lines to quote; bad news is not sorted away.
    pub lines: Vec<StateLine>,
    /// The latest, newest first.
    pub latest: Vec<TimelineItem>,
    /// What nobody has shown yet.
    pub unshown: Vec<Missing>,
}

/// How many updates have which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All of them.
    pub all: u64,
    /// Accepted.
    pub accepted: u64,
    /// Undecided.
    pub undecided: u64,
    /// Refused, or convicted.
    pub refused: u64,
}

/// One line of the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "line", rename_all = "kebab-case")]
pub enum StateLine {
    /// The newest update, or the newest that is not accepted.
    Updates {
        /// Its id.
        id: String,
        /// Its file or product and version.
        name: String,
        /// Its verdict.
        word: Word,
        /// When it was judged so first, or released.
        at: Time,
    },
    /// The publisher's log.
    Log {
        /// Its name.
        origin: String,
        /// Its size.
        size: u64,
        /// Witnesses that signed it.
        signed: u64,
        /// Witnesses there are.
        of: u64,
        /// Witnesses the policy asks for.
        asked: u64,
        /// When the newest checkpoint was seen.
        at: Time,
    },
    /// The centers.
    Centers {
        /// How many sign.
        active: u64,
        /// How many there are.
        of: u64,
        /// One that is silent, if any.
        silent: Option<String>,
        /// Since when it is silent, or when one last signed.
        at: Option<Time>,
    },
}

impl Counts {
    /// Counts verdicts.
    pub fn of(words: impl IntoIterator<Item = Word>) -> Self {
        let mut counts = Self::default();
        for word in words {
            counts.all += 1;
            match word {
                Word::Accepted => counts.accepted += 1,
                Word::Undecided => counts.undecided += 1,
                Word::Refused | Word::Misbehaviour => counts.refused += 1,
            }
        }
        counts
    }

    /// The worst of them, for the mark.
    fn mark(&self) -> Mark {
        match self {
            Self { refused: 1.., .. } => Mark::Fail,
            Self { undecided: 1.., .. } => Mark::Wait,
            Self { accepted: 1.., .. } => Mark::Ok,
            _ => Mark::Note,
        }
    }

    fn headline(self) -> Html {
        if self.all == 0 {
            return Html::text(t("home.headline-none"));
        }
        if self.accepted == self.all {
            return say("home.headline-all", &[("n", Value::Number(self.all))]);
        }
        let mut pieces = vec![say(
            "home.headline-some",
            &[
                ("accepted", Value::Number(self.accepted)),
                ("n", Value::Number(self.all)),
            ],
        )];
        match (self.undecided, self.refused) {
            (0, refused) => pieces.push(say(
                "home.headline-refused",
                &[("n", Value::Number(refused))],
            )),
            (undecided, 0) => pieces.push(say(
                "home.headline-undecided",
                &[("n", Value::Number(undecided))],
            )),
            (undecided, refused) => pieces.push(say(
                "home.headline-both",
                &[
                    ("undecided", Value::Number(undecided)),
                    ("refused", Value::Number(refused)),
                ],
            )),
        }
        Html::join(&pieces)
    }
}

impl StateLine {
    fn mark(&self) -> Mark {
        match self {
            Self::Updates { word, .. } => word.mark(),
            Self::Log { signed, asked, .. } if signed >= asked => Mark::Ok,
            Self::Centers { active, of, .. } if active == of && *of > 0 => Mark::Ok,
            Self::Log { .. } | Self::Centers { .. } => Mark::Wait,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Updates { .. } => t("home.line-updates"),
            Self::Log { .. } => t("home.line-log"),
            Self::Centers { .. } => t("home.line-centers"),
        }
    }

    fn sentence(&self) -> Html {
        match self {
            Self::Updates { id, name, word, .. } => {
                let update = Html::link(&link::update(id), &Html::foreign(name));
                say(
                    "home.update-is",
                    &[
                        ("update", Value::Html(&update)),
                        ("word", Value::Plain(word.word())),
                    ],
                )
            }
            Self::Log {
                origin,
                size,
                signed,
                of,
                asked,
                ..
            } => {
                let log = Html::link(
                    &link::log(origin),
                    &say("home.log-size", &[("size", Value::Number(*size))]),
                );
                say(
                    "home.log-signed",
                    &[
                        ("signed", Value::Number(*signed)),
                        ("of", Value::Number(*of)),
                        ("asked", Value::Number(*asked)),
                        ("log", Value::Html(&log)),
                    ],
                )
            }
            Self::Centers {
                active,
                of,
                silent: None,
                ..
            } => {
                let centers = Html::link(
                    link::CENTERS,
                    &say("home.centers-all", &[("n", Value::Number(*of))]),
                );
                say(
                    "home.centers-active",
                    &[
                        ("active", Value::Number(*active)),
                        ("centers", Value::Html(&centers)),
                    ],
                )
            }
            Self::Centers {
                active,
                of,
                silent: Some(silent),
                ..
            } => {
                let centers = Html::link(
                    link::CENTERS,
                    &say("home.centers-all", &[("n", Value::Number(*of))]),
                );
                say(
                    "home.centers-silent",
                    &[
                        ("active", Value::Number(*active)),
                        ("centers", Value::Html(&centers)),
                        ("name", Value::Foreign(silent)),
                    ],
                )
            }
        }
    }

    fn time(&self, now: &Time) -> Option<Html> {
        match self {
            Self::Updates { at, .. } | Self::Log { at, .. } => Some(at.html_ago(*now)),
            Self::Centers { at, .. } => at.map(|at| at.html_ago(*now)),
        }
    }
}

/// Home as HTML.
pub fn render(frame: &Frame, view: &HomeView) -> String {
    let state = match &frame.publisher {
        Some(publisher) => say(
            "home.state-of",
            &[
                ("publisher", Value::Foreign(publisher)),
                ("time", Value::Time(view.judged_at)),
            ],
        ),
        None => say("home.state", &[("time", Value::Time(view.judged_at))]),
    };
    let mission = match &frame.publisher {
        Some(publisher) => say(
            "home.mission-of",
            &[("publisher", Value::Foreign(publisher))],
        ),
        None => say("home.mission", &[]),
    };
    let title = match &frame.publisher {
        Some(publisher) => plain("home.title-of", &[("publisher", Value::Foreign(publisher))]),
        None => t("home.title").to_owned(),
    };
    let page = Page {
        shell: Shell::new(frame, title),
        view,
        mission,
        state,
    };
    Html::template(&page).to_string()
}

#[derive(Template)]
#[template(path = "home.html")]
struct Page<'a> {
    shell: Shell<'a>,
    view: &'a HomeView,
    mission: Html,
    state: Html,
}

impl Page<'_> {
    fn latest(&self) -> Html {
        timeline::latest(&self.view.latest, self.shell.frame.now)
    }

    fn unshown(&self) -> Html {
        missing::missing(
            "",
            t("home.unshown-empty"),
            &self.view.unshown,
            self.shell.frame.now,
        )
    }
}
