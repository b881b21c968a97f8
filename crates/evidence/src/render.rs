//! The words of a verdict: `evidence.md` §13, `aesthetics.md` §8.
//!
//! One function words a check for command line and portal alike; sentences stand in `texts/en.toml`, codes stay English
//! in JSON. A value that came from a file is shown without control and invisible characters, so that nobody can write
//! over the lines of an answer.
//!
//! ```
//! use evidence::reason::CheckName;
//! use evidence::render::sentence;
//! use evidence::verdict::{Check, Field};
//!
//! let check = Check::ok(CheckName::Logged);
//! assert_eq!(sentence(&check), "stands in a log that the policy names");
//! let check = check.with(Field::Index, 18204).with(Field::Origin, "log.acme.example/v1");
//! assert_eq!(sentence(&check), "entry 18204 of log.acme.example/v1");
//! ```

mod json;
mod text;

use std::cmp::Reverse;

pub use json::to_json;

use self::text::{Filled, Texts, clean, fill};
use crate::reason::CheckName;
use crate::time::Duration;
use crate::verdict::{Check, Field, Misbehaviour, Missing, Seen, Value, Verdict, Word};

/// What a check found, in one sentence without its name: "3 of 5 (policy asks for 3): eu-cert, tu-graz".
pub fn sentence(check: &Check) -> String {
    let template = Texts::english().sentence(check.check, check.reason);
    fill(template, &|name| of_check(check, name))
}

/// What to do about a check, in one sentence; `None` where it is ok.
pub fn hint(check: &Check) -> Option<&'static str> {
    Texts::english().hint(check.check, check.reason?)
}

/// The answer in one sentence, without its word. `name` is what the reader called the file.
pub fn answer(verdict: &Verdict, name: &str) -> String {
    let texts = Texts::english();
    let template = match verdict.word {
        Word::Accepted => texts.answer(accepted(verdict)),
        Word::Refused | Word::Undecided => verdict
            .worst()
            .and_then(|check| texts.answer_of(check.check, check.reason?))
            .filter(|_| !is_by_misbehaviour_alone(verdict))
            .unwrap_or_else(|| texts.answer(otherwise(verdict))),
    };
    fill(template, &|field| match field {
        "name" => Some(Filled::text(clean(name))),
        "tier" => verdict
            .check(CheckName::Audience)
            .and_then(|check| of_check(check, field)),
        _ => verdict.worst().and_then(|check| of_check(check, field)),
    })
}

/// What was done, in one sentence.
pub fn misbehaviour(found: &Misbehaviour) -> String {
    let template = Texts::english().misbehaviour(found.kind);
    fill(template, &|field| {
        (field == "by").then(|| Filled::text(clean(&found.by)))
    })
}

/// The checks as text shows them: the worst first, equals in the order of [`CheckName`].
pub fn rows(verdict: &Verdict) -> Vec<&Check> {
    let mut rows: Vec<&Check> = verdict.checks.iter().collect();
    rows.sort_by_key(|check| Reverse(check.state));
    rows
}

/// The whole text of `vitrine verify`, each line ended by a newline.
pub fn to_text(verdict: &Verdict, name: &str) -> String {
    write(verdict, name, |_, _| ())
}

/// The same, and under each check the line of the policy that asks for it and every statement that was looked at.
pub fn explain(verdict: &Verdict, name: &str) -> String {
    write(verdict, name, |text, check| {
        if let Some(line) = check.policy_line {
            push(
                text,
                &format!("{INDENT}asked for in line {line} of the policy"),
            );
        }
        for seen in &check.seen {
            push(text, &format!("{INDENT}{}", explained(seen)));
        }
    })
}

fn write(verdict: &Verdict, name: &str, mut more: impl FnMut(&mut String, &Check)) -> String {
    let mut text = format!("{}: {}\n\n", verdict.word, answer(verdict, name));
    let rows = rows(verdict);
    let width = rows
        .iter()
        .map(|check| check.check.as_str().len())
        .max()
        .unwrap_or_default();
    for check in rows {
        let (label, name) = (check.state.label(), check.check.as_str());
        push(
            &mut text,
            &format!("  {label:4}  {name:width$}  {}", sentence(check)),
        );
        for missing in &check.missing {
            push(&mut text, &format!("{INDENT}{}", place(missing)));
        }
        more(&mut text, check);
    }
    if !verdict.misbehaviour.is_empty() {
        text.push('\n');
    }
    for found in &verdict.misbehaviour {
        push(&mut text, &format!("misbehaviour: {}", misbehaviour(found)));
    }
    if !verdict.not_checked.is_empty() {
        let names: Vec<_> = verdict
            .not_checked
            .iter()
            .map(|check| check.as_str())
            .collect();
        text.push('\n');
        push(&mut text, &format!("not checked: {}", names.join(", ")));
    }
    text
}

fn push(text: &mut String, line: &str) {
    text.push_str(line.trim_end());
    text.push('\n');
}

/// Where a missing statement can be got.
fn place(missing: &Missing) -> String {
    let Missing {
        origin,
        index,
        kind,
        says,
    } = missing;
    format!(
        "entry {index} of {}: {}, {}",
        clean(origin),
        clean(kind),
        clean(says)
    )
}

fn explained(seen: &Seen) -> String {
    let digits: String = seen.statement.to_hex().chars().take(DIGEST_SHOWN).collect();
    let counted = match seen.discount {
        None => "counted".to_owned(),
        Some(why) => format!("not counted: {why}"),
    };
    format!(
        "{digits} {} says {}, {counted}",
        clean(&seen.by),
        clean(&seen.says)
    )
}

/// Which sentence an accepted file deserves. That everyone was given the same is known only where witnesses were asked
/// and where the publisher claims to offer nothing else.
fn accepted(verdict: &Verdict) -> &'static str {
    let witnesses = verdict
        .check(CheckName::Witnessed)
        .and_then(|check| check.need);
    if witnesses.is_none_or(|need| need == 0) {
        return "accepted-unwitnessed";
    }
    let audience = verdict.check(CheckName::Audience);
    if audience.is_some_and(|check| check.detail.find(Field::Tier).is_some()) {
        return "accepted-tier";
    }
    "accepted"
}

fn otherwise(verdict: &Verdict) -> &'static str {
    if is_by_misbehaviour_alone(verdict) {
        return "publisher-misbehaved";
    }
    match verdict.word {
        Word::Refused => "refused",
        Word::Accepted | Word::Undecided => "undecided",
    }
}

/// Whether no check says why the word is `refused`: then the publisher's misbehaviour does.
fn is_by_misbehaviour_alone(verdict: &Verdict) -> bool {
    verdict.word == Word::Refused && Word::of(&verdict.checks) != Word::Refused
}

/// The value of a placeholder in a check's sentence.
fn of_check(check: &Check, name: &str) -> Option<Filled> {
    match name {
        "have" => check.have.map(Filled::number),
        "need" => check.need.map(Filled::number),
        "of" => check.of.map(Filled::number),
        "counted" => names(&check.counted),
        "missing" => {
            let count = u64::try_from(check.missing.len()).ok()?;
            (count > 0).then(|| Filled::number(count))
        }
        _ => of_value(check.detail.find(Field::parse(name)?)?),
    }
}

fn of_value(value: &Value) -> Option<Filled> {
    Some(match value {
        Value::Digest(digest) => Filled::text(
            digest
                .to_hex()
                .chars()
                .take(DIGEST_SHOWN)
                .collect::<String>()
                + "…",
        ),
        Value::Duration(duration) => Filled::text(human(*duration)),
        Value::Names(list) => return names(list),
        Value::Number(number) => Filled::number(*number),
        Value::Text(text) => Filled::text(clean(text)),
        Value::Time(time) => Filled::text(time.human()),
    })
}

fn names(list: &[Box<str>]) -> Option<Filled> {
    let list: Vec<String> = list.iter().map(|name| clean(name)).collect();
    (!list.is_empty()).then(|| Filled::text(list.join(", ")))
}

/// The two largest parts of a length of time: "1 day 2 hours".
fn human(duration: Duration) -> String {
    let seconds = duration.seconds();
    let parts = [
        (seconds / 86_400, "day"),
        (seconds / 3600 % 24, "hour"),
        (seconds / 60 % 60, "minute"),
        (seconds % 60, "second"),
    ];
    let shown = parts.iter().skip_while(|(number, _)| *number == 0).take(2);
    let shown = shown
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| {
            let plural = if *number == 1 { "" } else { "s" };
            format!("{number} {unit}{plural}")
        });
    let text = shown.collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        "0 seconds".to_owned()
    } else {
        text
    }
}

/// Digits of a digest in text: enough to recognise, and whole in JSON.
const DIGEST_SHOWN: usize = 12;

/// In front of what belongs to the row above.
const INDENT: &str = "          ";

#[cfg(test)]
mod tests;
