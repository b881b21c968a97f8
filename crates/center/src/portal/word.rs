//! Words of verdicts and states, each with its mark (`portal.md` §7, last paragraph of "Words").
//!
//! A colour never stands without its word and its mark. Marks differ in shape: tick, dash, clock, cross. Every word of
//! every machine maps to one mark in the total functions below; a test walks all of them.

use serde::Serialize;

use super::text::t;

/// State of a check, as `vitrine verify` prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// Nothing to do.
    Ok,
    /// Worth knowing.
    Note,
    /// Something is not there yet.
    Wait,
    /// Checked, and the answer is no.
    Fail,
}

impl Mark {
    /// All marks, best first.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Note, Self::Wait, Self::Fail];

    /// Class of the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Wait => "wait",
            Self::Fail => "fail",
        }
    }

    /// Name of the drawn shape.
    pub fn shape(self) -> &'static str {
        match self {
            Self::Ok => "tick",
            Self::Note => "dash",
            Self::Wait => "clock",
            Self::Fail => "cross",
        }
    }

    /// The word beside the shape.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => t("mark.ok"),
            Self::Note => t("mark.note"),
            Self::Wait => t("mark.wait"),
            Self::Fail => t("mark.fail"),
        }
    }
}

/// Word of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// Every check that the policy asks for is met.
    Accepted,
    /// At least one check says no.
    Refused,
    /// Nothing says no, and something is missing.
    Undecided,
    /// Somebody's own signatures convict them.
    Misbehaviour,
}

impl Word {
    /// All words.
    pub const ALL: [Self; 4] = [
        Self::Accepted,
        Self::Refused,
        Self::Undecided,
        Self::Misbehaviour,
    ];

    /// Its mark.
    pub fn mark(self) -> Mark {
        match self {
            Self::Accepted => Mark::Ok,
            Self::Undecided => Mark::Wait,
            Self::Refused | Self::Misbehaviour => Mark::Fail,
        }
    }

    /// The word itself.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => t("word.accepted"),
            Self::Refused => t("word.refused"),
            Self::Undecided => t("word.undecided"),
            Self::Misbehaviour => t("word.misbehaviour"),
        }
    }

    /// The word in addresses and JSON; not translated.
    pub fn code(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Undecided => "undecided",
            Self::Misbehaviour => "misbehaviour",
        }
    }

    /// Exit code of `vitrine verify` for this word (the map, §7).
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Accepted => 0,
            Self::Refused => 1,
            Self::Undecided => 3,
            Self::Misbehaviour => 10,
        }
    }
}

/// What a center does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CenterState {
    /// It signs.
    Active,
    /// It has signed before and does not sign now.
    Silent,
    /// It is named and has never signed.
    Announced,
}

impl CenterState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Active, Self::Silent, Self::Announced];

    /// Its mark.
    pub fn mark(self) -> Mark {
        match self {
            Self::Active => Mark::Ok,
            Self::Silent => Mark::Wait,
            Self::Announced => Mark::Note,
        }
    }

    /// The word itself.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => t("center.active"),
            Self::Silent => t("center.silent"),
            Self::Announced => t("center.announced"),
        }
    }
}

/// What is known of a log's newest checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogState {
    /// A quorum signed it.
    Witnessed,
    /// Signed by the log, too few witnesses yet.
    Waiting,
    /// Nothing new was seen for longer than the policy allows.
    Stale,
    /// The log's own signatures convict it.
    Misbehaved,
}

impl LogState {
    /// All states.
    pub const ALL: [Self; 4] = [
        Self::Witnessed,
        Self::Waiting,
        Self::Stale,
        Self::Misbehaved,
    ];

    /// Its mark.
    pub fn mark(self) -> Mark {
        match self {
            Self::Witnessed => Mark::Ok,
            Self::Waiting | Self::Stale => Mark::Wait,
            Self::Misbehaved => Mark::Fail,
        }
    }

    /// The word itself.
    pub fn word(self) -> &'static str {
        match self {
            Self::Witnessed => t("log.witnessed"),
            Self::Waiting => t("log.waiting"),
            Self::Stale => t("log.stale"),
            Self::Misbehaved => t("word.misbehaviour"),
        }
    }
}

/// Whether a statement counts now (`evidence.md` §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It counts.
    Current,
    /// Its author replaced it.
    Superseded,
    /// Its time is over.
    Lapsed,
    /// It never counted, or its signer's key was ended.
    Void,
    /// Too few witnesses have signed a checkpoint over it.
    Waiting,
    /// This center carries it and does not judge it.
    Unread,
    /// Its body is not public.
    Withheld,
}

impl Standing {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::Current,
        Self::Superseded,
        Self::Lapsed,
        Self::Void,
        Self::Waiting,
        Self::Unread,
        Self::Withheld,
    ];

    /// Its mark.
    pub fn mark(self) -> Mark {
        match self {
            Self::Current => Mark::Ok,
            Self::Superseded | Self::Lapsed | Self::Unread | Self::Withheld => Mark::Note,
            Self::Waiting => Mark::Wait,
            Self::Void => Mark::Fail,
        }
    }

    /// The word itself.
    pub fn word(self) -> &'static str {
        match self {
            Self::Current => t("standing.current"),
            Self::Superseded => t("standing.superseded"),
            Self::Lapsed => t("standing.lapsed"),
            Self::Void => t("standing.void"),
            Self::Waiting => t("standing.waiting"),
            Self::Unread => t("standing.unread"),
            Self::Withheld => t("standing.withheld"),
        }
    }

    /// What the word means, in one sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Current => t("standing.current-meaning"),
            Self::Superseded => t("standing.superseded-meaning"),
            Self::Lapsed => t("standing.lapsed-meaning"),
            Self::Void => t("standing.void-meaning"),
            Self::Waiting => t("standing.waiting-meaning"),
            Self::Unread => t("standing.unread-meaning"),
            Self::Withheld => t("standing.withheld-meaning"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn four_marks_have_four_shapes_words_and_classes() {
        let shapes: BTreeSet<_> = Mark::ALL.iter().map(|mark| mark.shape()).collect();
        let words: BTreeSet<_> = Mark::ALL.iter().map(|mark| mark.word()).collect();
        let classes: BTreeSet<_> = Mark::ALL.iter().map(|mark| mark.class()).collect();
        assert_eq!((shapes.len(), words.len(), classes.len()), (4, 4, 4));
    }

    #[test]
    fn no_bad_word_has_a_quiet_mark_and_no_good_word_a_loud_one() {
        for (word, mark) in [
            (Word::Accepted.word(), Word::Accepted.mark()),
            (CenterState::Active.word(), CenterState::Active.mark()),
            (LogState::Witnessed.word(), LogState::Witnessed.mark()),
            (Standing::Current.word(), Standing::Current.mark()),
        ] {
            assert_eq!(mark, Mark::Ok, "{word}");
        }
        for (word, mark) in [
            (Word::Refused.word(), Word::Refused.mark()),
            (Word::Misbehaviour.word(), Word::Misbehaviour.mark()),
            (LogState::Misbehaved.word(), LogState::Misbehaved.mark()),
            (Standing::Void.word(), Standing::Void.mark()),
        ] {
            assert_eq!(mark, Mark::Fail, "{word}");
        }
    }

    #[test]
    fn every_word_is_in_the_catalogue() {
        let words = (Word::ALL.map(Word::word).into_iter())
            .chain(CenterState::ALL.map(CenterState::word))
            .chain(LogState::ALL.map(LogState::word))
            .chain(Standing::ALL.map(Standing::word))
            .chain(Standing::ALL.map(Standing::meaning));
        for word in words {
            assert!(
                !word.contains('.') || word.contains(' '),
                "{word} is a key without text"
            );
        }
    }
}
