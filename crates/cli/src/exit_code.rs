//! What the exit code says: one table for all programs (`docs/reference/exit-codes.md`), the only place where numbers
//! stand.
//!
//! A pipeline needs the gap between 1 and 3 most: "checked, and the answer is no" is another thing than "cannot tell
//! yet".

/// How a program ends, from "all is well" on; ordered by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum ExitCode {
    /// Checked or done, and the answer is yes.
    Yes = 0,
    /// Checked, and the answer is no.
    No = 1,
    /// The program was not used as it is meant to be, or a configuration is wrong.
    WrongUse = 2,
    /// The answer is not known now, or the work cannot be done now: not logged, offline, a full disk.
    CannotTell = 3,
    /// A server knows who asks, and does not let them.
    NotPermitted = 4,
    /// Misbehaviour is proven, and the proof was saved.
    Misbehaviour = 10,
    /// A state that cannot be.
    OurBug = 70,
}

impl ExitCode {
    /// All codes, ascending.
    pub(crate) const ALL: [Self; 7] = [
        Self::Yes,
        Self::No,
        Self::WrongUse,
        Self::CannotTell,
        Self::NotPermitted,
        Self::Misbehaviour,
        Self::OurBug,
    ];

    /// The number that the parent process sees.
    pub(crate) const fn number(self) -> u8 {
        self as u8
    }

    /// The number's meaning, one phrase.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no: checked, and the answer is no",
            Self::WrongUse => "wrong use or configuration",
            Self::CannotTell => {
                "cannot tell or work now: not logged yet, too few witnesses, network or disk"
            }
            Self::NotPermitted => "not permitted",
            Self::Misbehaviour => "misbehaviour proven, and the evidence saved",
            Self::OurBug => "a mistake in this program",
        }
    }

    /// Of two answers the one that a caller must hear: a mistake of use or of ours hides nothing else, proof of
    /// misbehaviour comes before a plain no, a no before an unknown.
    pub(crate) fn worse(self, other: Self) -> Self {
        let rank = |code: Self| SEVERITY.iter().position(|known| *known == code);
        if rank(self) >= rank(other) {
            self
        } else {
            other
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

/// The table as `vitrine help exit-codes` prints it.
pub(crate) fn table() -> String {
    let mut text = String::from("How vitrine ends:\n\n");
    for code in ExitCode::ALL {
        text.push_str(&format!("  {:>2}  {}\n", code.number(), code.meaning()));
    }
    text.push_str("\nA reader that closes the pipe early changes none of them.\n");
    text
}

/// From the mildest to the one that must be heard.
const SEVERITY: [ExitCode; 7] = [
    ExitCode::Yes,
    ExitCode::CannotTell,
    ExitCode::NotPermitted,
    ExitCode::No,
    ExitCode::Misbehaviour,
    ExitCode::WrongUse,
    ExitCode::OurBug,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_one_table_and_ascend() {
        let numbers = ExitCode::ALL.map(ExitCode::number);
        assert_eq!(numbers, [0, 1, 2, 3, 4, 10, 70]);
    }

    #[test]
    fn the_worse_of_two_answers_is_heard_whatever_their_order() {
        for (left, right, heard) in [
            (ExitCode::Yes, ExitCode::CannotTell, ExitCode::CannotTell),
            (ExitCode::CannotTell, ExitCode::No, ExitCode::No),
            (ExitCode::No, ExitCode::Misbehaviour, ExitCode::Misbehaviour),
            (ExitCode::WrongUse, ExitCode::No, ExitCode::WrongUse),
            (ExitCode::OurBug, ExitCode::WrongUse, ExitCode::OurBug),
        ] {
            assert_eq!(left.worse(right), heard);
            assert_eq!(right.worse(left), heard);
        }
    }

    #[test]
    fn every_code_has_a_rank() {
        for code in ExitCode::ALL {
            assert!(SEVERITY.contains(&code), "{code:?}");
        }
    }
}
