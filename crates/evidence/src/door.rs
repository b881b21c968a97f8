//! The door: whether a statement may enter this log, `evidence.md` §2.4 from D7 on.
//!
//! The caller has done what needs state of its own: size (D1), whose key it is (D2), the signature (S3), whether this
//! signing is here already (D4), the quota (D5), the blobs (D6). What is left depends on the statement, the facts and
//! the clock alone, so it is a pure function, and the verifier of a whole log applies the same rules.
//!
//! ```
//! use evidence::door::{Act, door};
//! use evidence::facts::{Facts, KindFacts, UpdateFacts};
//! use evidence::line::Word;
//! use evidence::refusal::Rule;
//! use evidence::statement::Statement;
//! use evidence::time::Time;
//! # let payload = include_bytes!("../testdata/vector/payload.json");
//!
//! let statement = Statement::parse(payload)?;
//! let previous = statement.kind().as_update().and_then(|update| update.predecessor).expect("serial 41");
//! let line = UpdateFacts { highest: Some((41, previous.statement)), serial: None, patch_from: vec![], rules_set: None };
//! let mut facts = Facts {
//!     party: Word::parse("acme").expect("a word"),
//!     logged: false,
//!     superseded: vec![],
//!     kind: KindFacts::Update(line),
//! };
//! let now = Time::parse("2026-11-24T06:12:00Z").expect("a time");
//! assert_eq!(door(&statement, &facts, now)?.act(), Act::First);
//!
//! facts.party = Word::parse("someone-else").expect("a word");
//! assert_eq!(door(&statement, &facts, now).unwrap_err().rule, Rule::U1);
//! # Ok::<(), evidence::refusal::Refusal>(())
//! ```

use crate::facts::{Facts, KindFacts};
use crate::kind::update_row::UpdateRow;
use crate::kind::{Kind, update_door};
use crate::refusal::{Refusal, Rule, What};
use crate::statement::Statement;
use crate::time::{Duration, Time};

/// A statement that may enter this log now. Only [`door`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted<'a> {
    statement: &'a Statement,
    act: Act,
}

/// What entering means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// An amendment of a logged statement.
    Amendment,
    /// Something that was not said before.
    First,
    /// One more signature over a statement that is logged already.
    FurtherSigning,
}

impl<'a> Accepted<'a> {
    /// The statement.
    pub const fn statement(&self) -> &'a Statement {
        self.statement
    }

    /// What entering means.
    pub const fn act(&self) -> Act {
        self.act
    }

    /// The row that an update adds to the views of its line.
    pub fn update_row(&self) -> Option<UpdateRow> {
        UpdateRow::of(self.statement)
    }
}

/// Whether a statement may enter a log that holds these facts, at the time `now`.
///
/// # Errors
///
/// A [`Refusal`] with the first rule that is broken: S14, D7, then the kind's own rules.
pub fn door<'a>(
    statement: &'a Statement,
    facts: &Facts,
    now: Time,
) -> Result<Accepted<'a>, Refusal> {
    check_supersedes(statement, facts)?;
    check_claimed(statement.kind().claimed_times(), now)?;
    let act = match (statement.kind(), &facts.kind) {
        (Kind::Foreign(_), _) if facts.logged => Act::FurtherSigning,
        (Kind::Foreign(_), _) => Act::First,
        (Kind::Update(update), KindFacts::Update(line)) => {
            update_door::check(statement, update, facts, line, now)?
        }
        (Kind::Update(_), _) => {
            let what = What::OurBug("the facts are of another kind than the statement");
            return Err(Refusal::new(Rule::U2, "", what));
        }
    };
    Ok(Accepted { statement, act })
}

/// S14: only own, logged statements of the same kind. The facts are read before this entry is written, so whatever
/// they name has a lower index.
fn check_supersedes(statement: &Statement, facts: &Facts) -> Result<(), Refusal> {
    for (position, id) in statement.supersedes().iter().enumerate() {
        let own = facts.superseded.iter().any(|logged| {
            logged.id == *id
                && logged.kind == statement.kind().name()
                && logged.party == facts.party
        });
        if !own {
            let pointer = format!("/predicate/supersedes/{position}");
            return Err(Refusal::new(
                Rule::S14,
                pointer,
                What::SupersedesForeign(*id),
            ));
        }
    }
    Ok(())
}

/// D7: what is said to be past already must not lie ahead of our own clock.
fn check_claimed(times: &[(&'static str, Time)], now: Time) -> Result<(), Refusal> {
    match times.iter().find(|(_, time)| *time > now + AHEAD) {
        Some((pointer, _)) => Err(Refusal::new(Rule::D7, *pointer, What::TimeAhead)),
        None => Ok(()),
    }
}

/// D7: as much as two clocks that are kept by NTP ever differ, and a slow request.
const AHEAD: Duration = Duration::from_seconds(5 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d7_refuses_a_claimed_time_more_than_five_minutes_ahead() {
        let now = Time::from_seconds(1_000_000);
        let claim = |ahead| {
            [
                ("/predicate/asOf", now),
                ("/predicate/since", now + Duration::from_seconds(ahead)),
            ]
        };
        assert_eq!(check_claimed(&claim(300), now), Ok(()));
        let refusal = check_claimed(&claim(301), now).expect_err("ahead");
        assert_eq!(
            (refusal.rule, refusal.pointer.as_str(), refusal.status()),
            (Rule::D7, "/predicate/since", 422)
        );
    }
}
