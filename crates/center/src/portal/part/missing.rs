//! What is missing beside what is there (`portal.md` §1.4 and §3, row "missing").
//!
//! The list is computed from logs and policy; only evidence shortens it. It stands there also when nothing is missing.

use askama::Template;
use serde::Serialize;

use crate::portal::html::Html;
use crate::portal::text::{Value, say, t};
use crate::portal::time::{self, Time};

/// One thing that nobody has shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "missing", rename_all = "kebab-case")]
pub enum Missing {
    /// A center has signed nothing since then.
    Center {
        /// Its name.
        name: String,
        /// Its last signature, if it ever signed.
        since: Option<Time>,
    },
    /// No statement of this subject is in any log seen here.
    NoneYet {
        /// The subject.
        subject: Subject,
    },
    /// Checks that the policy does not ask for, so that nobody made them here.
    NotAsked {
        /// Names of checks.
        checks: Vec<String>,
    },
    /// A check of the policy that is not met.
    Unmet {
        /// Its name.
        check: String,
        /// What was found, in the words of `evidence`.
        sentence: String,
        /// Since when it is not met.
        since: Option<Time>,
        /// Whose turn it is.
        turn: Option<String>,
        /// What to do next, in the words of `evidence`.
        hint: Option<String>,
    },
    /// A witness that has not signed.
    Witness {
        /// Its name.
        name: String,
        /// Its last signature on this log, if it ever signed.
        since: Option<Time>,
    },
}

/// What nobody has said anything about yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// Advisories.
    Advisory,
    /// Assessments of controls.
    Assessment,
    /// Checks of data processing.
    DataProcessing,
    /// Rebuilds from source.
    Rebuild,
    /// Reviews of source.
    Review,
}

impl Subject {
    /// All subjects.
    pub const ALL: [Self; 5] = [
        Self::Rebuild,
        Self::Review,
        Self::Assessment,
        Self::DataProcessing,
        Self::Advisory,
    ];

    fn sentence(self) -> &'static str {
        match self {
            Self::Advisory => t("missing.no-advisory"),
            Self::Assessment => t("missing.no-assessment"),
            Self::DataProcessing => t("missing.no-data-processing"),
            Self::Rebuild => t("missing.no-rebuild"),
            Self::Review => t("missing.no-review"),
        }
    }
}

impl Missing {
    /// The sentence of the list.
    pub fn html(&self, now: Time) -> Html {
        match self {
            Self::Center { name, since } => {
                party("missing.center", "missing.center-never", name, *since, now)
            }
            Self::NoneYet { subject } => Html::text(subject.sentence()),
            Self::NotAsked { checks } => say(
                "missing.not-asked",
                &[("checks", Value::Foreign(&checks.join(", ")))],
            ),
            Self::Unmet {
                check,
                sentence,
                since,
                turn,
                hint,
            } => {
                let mut pieces = vec![say(
                    "missing.unmet",
                    &[
                        ("check", Value::Foreign(check)),
                        ("sentence", Value::Foreign(sentence)),
                    ],
                )];
                pieces.extend(since.map(|since| {
                    say(
                        "missing.since",
                        &[
                            ("time", Value::Time(since)),
                            ("length", Value::Plain(&time::length(now.since(since)))),
                        ],
                    )
                }));
                pieces.extend(
                    turn.as_ref()
                        .map(|turn| say("missing.turn", &[("who", Value::Foreign(turn))])),
                );
                pieces.extend(
                    hint.as_ref()
                        .map(|hint| say("missing.hint", &[("hint", Value::Foreign(hint))])),
                );
                Html::join(&pieces)
            }
            Self::Witness { name, since } => party(
                "missing.witness",
                "missing.witness-never",
                name,
                *since,
                now,
            ),
        }
    }

    /// A few words for a cell of a table.
    pub fn short(&self) -> Html {
        match self {
            Self::Center { name, .. } | Self::Witness { name, .. } => Html::foreign(name),
            Self::NoneYet { subject } => Html::text(subject.sentence()),
            Self::NotAsked { checks } => Html::foreign(&checks.join(", ")),
            Self::Unmet { check, .. } => Html::foreign(check),
        }
    }
}

/// The dashed frame; `title` is its heading, empty where the section has one, and `empty` what stands there for no items.
pub(crate) fn missing(title: &str, empty: &str, items: &[Missing], now: Time) -> Html {
    let items: Vec<Html> = items.iter().map(|item| item.html(now)).collect();
    Html::template(&Part {
        title,
        empty,
        items: &items,
    })
}

fn party(
    key: &'static str,
    never: &'static str,
    name: &str,
    since: Option<Time>,
    now: Time,
) -> Html {
    match since {
        Some(since) => say(
            key,
            &[
                ("name", Value::Foreign(name)),
                ("length", Value::Plain(&time::length(now.since(since)))),
                ("time", Value::Time(since)),
            ],
        ),
        None => say(never, &[("name", Value::Foreign(name))]),
    }
}

#[derive(Template)]
#[template(path = "parts/missing.html")]
struct Part<'a> {
    title: &'a str,
    empty: &'a str,
    items: &'a [Html],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_says_so_instead_of_vanishing() {
        let html = missing("", t("missing.nothing"), &[], Time(0));
        assert!(html.as_str().contains(t("missing.nothing")));
    }

    #[test]
    fn every_kind_has_a_sentence_with_its_names_isolated() {
        let name = || "<b>".to_owned();
        let items = [
            Missing::Center {
                name: name(),
                since: Some(Time(0)),
            },
            Missing::Center {
                name: name(),
                since: None,
            },
            Missing::NotAsked {
                checks: vec![name()],
            },
            Missing::Unmet {
                check: name(),
                sentence: name(),
                since: Some(Time(0)),
                turn: Some(name()),
                hint: Some(name()),
            },
            Missing::Witness {
                name: name(),
                since: Some(Time(0)),
            },
            Missing::Witness {
                name: name(),
                since: None,
            },
        ];
        for item in &items {
            let html = item.html(Time(90)).to_string();
            assert!(
                html.contains("<bdi>&lt;b&gt;</bdi>")
                    && !html.contains("<b>")
                    && !html.contains('{'),
                "{html}"
            );
        }
        for subject in Subject::ALL {
            assert!(
                Missing::NoneYet { subject }
                    .html(Time(0))
                    .as_str()
                    .ends_with('.')
            );
        }
    }
}
