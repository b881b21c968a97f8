//! Who signed a checkpoint (`portal.md` §3, row "quorum"): *k of n (policy asks for m)*, then a pane a cosigner.

use askama::Template;
use serde::Serialize;

use crate::portal::html::Html;
use crate::portal::text::{Value, say};
use crate::portal::time::Time;
use crate::portal::word::Mark;

/// The cosigners of one checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quorum {
    /// How many signed.
    pub signed: u64,
    /// How many there are.
    pub of: u64,
    /// How many the policy asks for.
    pub asked: u64,
    /// Size of the tree they signed.
    pub size: u64,
    /// When the log signed it, or the quorum was reached.
    pub at: Time,
    /// The cosigners.
    pub panes: Vec<Pane>,
}

/// One cosigner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pane {
    /// Its name in the policy.
    pub name: String,
    /// When it signed this checkpoint.
    pub signed_at: Option<Time>,
    /// When it last signed any checkpoint of this log, if not this one.
    pub last_at: Option<Time>,
}

impl Quorum {
    /// Counts the panes.
    pub fn new(asked: u64, size: u64, at: Time, panes: Vec<Pane>) -> Self {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let signed = count(panes.iter().filter(|pane| pane.signed_at.is_some()).count());
        Self {
            signed,
            of: count(panes.len()),
            asked,
            size,
            at,
            panes,
        }
    }

    /// True if the policy is met by number.
    pub fn is_met(&self) -> bool {
        self.signed >= self.asked
    }

    pub(crate) fn html(&self) -> Html {
        Html::template(&Part { quorum: self })
    }

    pub(crate) fn counted(&self) -> Html {
        say(
            "quorum.counted",
            &[
                ("signed", Value::Number(self.signed)),
                ("of", Value::Number(self.of)),
                ("asked", Value::Number(self.asked)),
            ],
        )
    }

    pub(crate) fn about(&self) -> Html {
        say(
            "quorum.about",
            &[
                ("size", Value::Number(self.size)),
                ("time", Value::Time(self.at)),
            ],
        )
    }
}

impl Pane {
    pub(crate) fn mark(&self) -> Mark {
        if self.signed_at.is_some() {
            Mark::Ok
        } else {
            Mark::Wait
        }
    }

    pub(crate) fn shown_name(&self) -> Html {
        Html::foreign(&self.name)
    }

    pub(crate) fn state(&self, reference: &Time) -> Html {
        match (self.signed_at, self.last_at) {
            (Some(time), _) => say(
                "quorum.cosigned",
                &[("time", Value::Html(&time.html_beside(*reference)))],
            ),
            (None, Some(time)) => say(
                "quorum.silent-since",
                &[("time", Value::Html(&time.html_beside(*reference)))],
            ),
            (None, None) => say("quorum.never", &[]),
        }
    }
}

#[derive(Template)]
#[template(path = "parts/quorum.html")]
struct Part<'a> {
    quorum: &'a Quorum,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pane(signed: bool) -> Pane {
        Pane {
            name: "eu-cert".to_owned(),
            signed_at: signed.then_some(Time(0)),
            last_at: None,
        }
    }

    #[test]
    fn counts_only_those_who_signed() {
        let quorum = Quorum::new(2, 7, Time(0), vec![pane(true), pane(false), pane(false)]);
        assert_eq!((quorum.signed, quorum.of, quorum.is_met()), (1, 3, false));
        assert!(Quorum::new(1, 7, Time(0), vec![pane(true)]).is_met());
    }

    #[test]
    fn who_has_not_signed_is_never_drawn_as_signed() {
        let html = Quorum::new(1, 7, Time(0), vec![pane(false)])
            .html()
            .to_string();
        assert!(html.contains("class=\"pane wait\"") && !html.contains("class=\"pane ok\""));
    }
}
