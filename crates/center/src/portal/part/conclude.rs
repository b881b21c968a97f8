//! What a reader can conclude and what not, in one type size (`portal.md` §1.5; `evidence.md` §16).

use askama::Template;
use serde::Serialize;

use crate::portal::html::Html;
use crate::portal::part::checks::CheckRow;
use crate::portal::part::said::Audience;
use crate::portal::text::{filters, t};
use crate::portal::word::{LogState, Mark, Word};

/// Two lists of sentences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conclude {
    /// What follows from the checks.
    pub can: Vec<&'static str>,
    /// What does not follow from them.
    pub cannot: Vec<&'static str>,
}

impl Conclude {
    /// What follows from a verdict on one update: nothing that a check did not carry.
    pub fn from_update(word: Word, checks: &[CheckRow], audience: &Audience) -> Self {
        match word {
            Word::Accepted => Self::from_accepted(checks, audience),
            Word::Refused => Self::one(t("conclude.refused"), t("conclude.refused-not")),
            Word::Undecided => Self::one(t("conclude.undecided"), t("conclude.undecided-not")),
            Word::Misbehaviour => {
                Self::one(t("conclude.misbehaviour"), t("conclude.misbehaviour-not"))
            }
        }
    }

    /// What follows from one log's page.
    pub fn from_log(state: LogState) -> Self {
        match state {
            LogState::Witnessed => Self::one(t("conclude.log"), t("conclude.log-not")),
            LogState::Waiting | LogState::Stale => {
                Self::one(t("conclude.log-waiting"), t("conclude.log-not"))
            }
            LogState::Misbehaved => {
                Self::one(t("conclude.misbehaviour"), t("conclude.misbehaviour-not"))
            }
        }
    }

    /// What follows from one entry's page.
    pub fn from_entry() -> Self {
        Self::one(t("conclude.entry"), t("conclude.entry-not"))
    }

    pub(crate) fn html(&self) -> Html {
        Html::template(&Part { conclude: self })
    }

    fn one(can: &'static str, cannot: &'static str) -> Self {
        Self {
            can: vec![can],
            cannot: vec![cannot],
        }
    }

    fn from_accepted(checks: &[CheckRow], audience: &Audience) -> Self {
        let met = |name: &str| {
            checks
                .iter()
                .any(|row| row.name == name && row.state == Mark::Ok)
        };
        let mut conclude = Self {
            can: Vec::new(),
            cannot: Vec::new(),
        };
        conclude.can.push(match audience {
            Audience::Everyone => t("conclude.accepted-everyone"),
            Audience::Tier { .. } => t("conclude.accepted-tier"),
        });
        for (name, can, cannot) in [
            (
                "witnessed",
                t("conclude.accepted-witnessed"),
                t("conclude.accepted-not-witnessed"),
            ),
            (
                "rebuilt",
                t("conclude.accepted-rebuilt"),
                t("conclude.accepted-not-rebuilt"),
            ),
            (
                "reviewed",
                t("conclude.accepted-reviewed"),
                t("conclude.accepted-not-reviewed"),
            ),
        ] {
            if met(name) {
                conclude.can.push(can);
            } else {
                conclude.cannot.push(cannot);
            }
        }
        conclude.cannot.push(t("conclude.accepted-not-good"));
        conclude
    }
}

#[derive(Template)]
#[template(path = "parts/conclude.html")]
struct Part<'a> {
    conclude: &'a Conclude,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = ["witnessed", "rebuilt", "reviewed"];

    fn rows(state: Mark) -> Vec<CheckRow> {
        let row = |name: &str| CheckRow {
            state,
            name: name.to_owned(),
            sentence: String::new(),
            detail: None,
            open: false,
        };
        NAMES.map(row).to_vec()
    }

    #[test]
    fn concludes_nothing_from_a_check_that_was_not_met() {
        for state in [Mark::Note, Mark::Wait, Mark::Fail] {
            let conclude = Conclude::from_update(Word::Accepted, &rows(state), &Audience::Everyone);
            assert_eq!(conclude.can, [t("conclude.accepted-everyone")]);
            assert_eq!(conclude.cannot.len(), 4);
        }
        assert_eq!(
            Conclude::from_update(Word::Accepted, &[], &Audience::Everyone)
                .can
                .len(),
            1
        );
        assert_eq!(
            Conclude::from_update(Word::Accepted, &rows(Mark::Ok), &Audience::Everyone)
                .can
                .len(),
            4
        );
    }

    #[test]
    fn a_tier_is_not_called_everyone() {
        let tier = Audience::Tier {
            name: "early".to_owned(),
            permille: 20,
        };
        let conclude = Conclude::from_update(Word::Accepted, &rows(Mark::Ok), &tier);
        assert!(!conclude.can.contains(&t("conclude.accepted-everyone")));
    }

    #[test]
    fn no_verdict_goes_without_what_cannot_be_concluded() {
        for word in Word::ALL {
            let conclude = Conclude::from_update(word, &rows(Mark::Ok), &Audience::Everyone);
            assert!(
                !conclude.can.is_empty() && !conclude.cannot.is_empty(),
                "{word:?}"
            );
        }
        for state in LogState::ALL {
            assert!(!Conclude::from_log(state).cannot.is_empty(), "{state:?}");
        }
    }
}
