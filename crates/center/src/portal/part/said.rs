//! A statement read aloud in a sentence (`portal.md` §10, row 15).
//!
//! The log shows that somebody said it; the sentence names who. It is read from the statement's body and never from a
//! name that the center chose.

use serde::Serialize;

use crate::portal::html::Html;
use crate::portal::text::{Value, plain, say};

/// What a statement says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "said", rename_all = "kebab-case")]
pub enum Said {
    /// An update was offered.
    Offered {
        /// Who says so.
        publisher: String,
        /// Product.
        product: String,
        /// Version, for people.
        version: String,
        /// Serial, for machines.
        serial: u64,
        /// To whom.
        audience: Audience,
    },
    /// A statement of a kind that this center carries and does not read.
    Other {
        /// Who signed, as the policy names the key; else the key's id.
        party: String,
        /// Predicate type.
        kind: String,
    },
    /// The body is not public, so only its place in time is known.
    Withheld,
    /// An update was withdrawn.
    Withdrawn {
        /// Who says so.
        publisher: String,
        /// Product.
        product: String,
        /// Version, for people.
        version: String,
        /// Serial, for machines.
        serial: u64,
        /// Reason, a word of the format.
        reason: String,
    },
}

/// Whom an update is offered to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "audience", rename_all = "kebab-case")]
pub enum Audience {
    /// Everyone on the line.
    Everyone,
    /// Some first, everyone later.
    Tier {
        /// Name of the tier.
        name: String,
        /// Share, in thousandths.
        permille: u64,
    },
}

impl Said {
    /// The sentence.
    pub fn html(&self) -> Html {
        match self {
            Self::Offered {
                publisher,
                product,
                version,
                audience: Audience::Everyone,
                ..
            } => say(
                "said.offered",
                &[
                    ("publisher", Value::Foreign(publisher)),
                    ("product", Value::Foreign(product)),
                    ("version", Value::Foreign(version)),
                ],
            ),
            Self::Offered {
                publisher,
                product,
                version,
                audience: Audience::Tier { name, permille },
                ..
            } => say(
                "said.offered-tier",
                &[
                    ("publisher", Value::Foreign(publisher)),
                    ("product", Value::Foreign(product)),
                    ("version", Value::Foreign(version)),
                    ("tier", Value::Foreign(name)),
                    ("permille", Value::Number(*permille)),
                ],
            ),
            Self::Other { party, kind } => say(
                "said.other",
                &[
                    ("party", Value::Foreign(party)),
                    ("kind", Value::Code(kind)),
                ],
            ),
            Self::Withheld => say("said.withheld", &[]),
            Self::Withdrawn {
                publisher,
                product,
                version,
                reason,
                ..
            } => say(
                "said.withdrawn",
                &[
                    ("publisher", Value::Foreign(publisher)),
                    ("product", Value::Foreign(product)),
                    ("version", Value::Foreign(version)),
                    ("reason", Value::Foreign(reason)),
                ],
            ),
        }
    }

    /// Serial and line's machine side, where there is one.
    pub(crate) fn machine(&self) -> Option<Html> {
        match self {
            Self::Offered { serial, .. } | Self::Withdrawn { serial, .. } => {
                Some(say("said.serial", &[("serial", Value::Number(*serial))]))
            }
            Self::Other { .. } | Self::Withheld => None,
        }
    }

    /// The predicate type, where the sentence does not say what it is.
    pub(crate) fn kind(&self) -> String {
        match self {
            Self::Offered { .. } | Self::Withdrawn { .. } => plain("said.kind-update", &[]),
            Self::Other { kind, .. } => kind.clone(),
            Self::Withheld => plain("said.kind-withheld", &[]),
        }
    }
}

impl Audience {
    /// The words of the label.
    pub fn html(&self) -> Html {
        match self {
            Self::Everyone => say("audience.everyone", &[]),
            Self::Tier { name, permille } => say(
                "audience.tier",
                &[
                    ("tier", Value::Foreign(name)),
                    ("permille", Value::Number(*permille)),
                ],
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_who_said_it_and_isolates_what_they_chose() {
        let hostile = "\u{202e}<i>".to_owned();
        let said = [
            Said::Offered {
                publisher: hostile.clone(),
                product: hostile.clone(),
                version: hostile.clone(),
                serial: 1,
                audience: Audience::Everyone,
            },
            Said::Offered {
                publisher: hostile.clone(),
                product: hostile.clone(),
                version: hostile.clone(),
                serial: 1,
                audience: Audience::Tier {
                    name: hostile.clone(),
                    permille: 20,
                },
            },
            Said::Withdrawn {
                publisher: hostile.clone(),
                product: hostile.clone(),
                version: hostile.clone(),
                serial: 1,
                reason: hostile.clone(),
            },
            Said::Other {
                party: hostile.clone(),
                kind: hostile,
            },
        ];
        for said in said {
            let html = said.html().to_string();
            assert!(
                !html.contains("<i>") && !html.contains('\u{202e}') && !html.contains('{'),
                "{html}"
            );
            assert!(
                html.starts_with("<bdi><b class=\"unseen\">U+202E</b>&lt;i&gt;</bdi>"),
                "{html}"
            );
        }
    }
}
