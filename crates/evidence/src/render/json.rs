//! The verdict as one JSON object, schema `verdict-v1` (`evidence.md` §13), in the canonical form of RFC 8785.

use super::hint;
use crate::canonical::Json;
use crate::line::Line;
use crate::verdict::{Check, Misbehaviour, Missing, PolicyUsed, Seen, Value, Verdict};

/// The whole verdict. What is unknown is absent; nothing is null.
pub fn to_json(verdict: &Verdict) -> Json {
    Json::object_of_some([
        ("schema", Some(SCHEMA.into())),
        ("verdict", Some(verdict.word.as_str().into())),
        ("digest", verdict.digest.map(Json::from)),
        ("line", verdict.line.as_ref().map(line)),
        ("serial", verdict.serial.map(Json::from)),
        ("version", verdict.version.as_ref().map(Json::text)),
        ("now", Some(Json::text(verdict.now))),
        ("unknown", Some(verdict.unknown.into())),
        ("policy", Some(policy(&verdict.policy))),
        (
            "notChecked",
            Some(Json::list(
                verdict.not_checked.iter().map(|check| check.as_str()),
            )),
        ),
        (
            "misbehaviour",
            Some(Json::list(verdict.misbehaviour.iter().map(misbehaviour))),
        ),
        ("checks", Some(Json::list(verdict.checks.iter().map(check)))),
    ])
}

fn line(line: &Line) -> Json {
    Json::object([
        ("publisher", Json::text(&line.publisher)),
        ("product", Json::text(&line.product)),
        ("kind", Json::text(line.kind)),
        ("channel", Json::text(&line.channel)),
        ("platform", Json::text(&line.platform)),
    ])
}

fn policy(policy: &PolicyUsed) -> Json {
    Json::object_of_some([
        ("name", Some(Json::text(&policy.name))),
        ("serial", Some(policy.serial.into())),
        ("sha256", Some(policy.sha256.into())),
        ("set", policy.set.as_ref().map(Json::text)),
    ])
}

/// The evidence file itself is written beside; here stands its digest.
fn misbehaviour(found: &Misbehaviour) -> Json {
    Json::object([
        ("kind", Json::text(found.kind)),
        ("by", Json::text(&found.by)),
        ("publisher", found.of_publisher.into()),
        ("sha256", tlog::hash::sha256(&found.file).into()),
    ])
}

fn check(check: &Check) -> Json {
    let names = |list: &[Box<str>]| Json::list(list.iter().map(Json::text));
    let some = |list: &[Box<str>]| (!list.is_empty()).then(|| names(list));
    let detail: Vec<_> = check
        .detail
        .iter()
        .map(|(field, of)| (field.as_str().into(), value(of)))
        .collect();
    Json::object_of_some([
        ("check", Some(Json::text(check.check))),
        ("state", Some(check.state.as_str().into())),
        ("reason", check.reason.map(Json::text)),
        ("have", check.have.map(Json::from)),
        ("need", check.need.map(Json::from)),
        ("of", check.of.map(Json::from)),
        ("counted", some(&check.counted)),
        (
            "detail",
            (!detail.is_empty()).then_some(Json::Object(detail)),
        ),
        ("hint", hint(check).map(Json::from)),
        ("missing", list_of_some(&check.missing, missing)),
        ("policyLine", check.policy_line.map(Json::from)),
        ("seen", list_of_some(&check.seen, seen)),
    ])
}

fn list_of_some<T>(items: &[T], write: fn(&T) -> Json) -> Option<Json> {
    (!items.is_empty()).then(|| Json::list(items.iter().map(write)))
}

fn missing(missing: &Missing) -> Json {
    Json::object([
        ("origin", Json::text(&missing.origin)),
        ("index", missing.index.into()),
        ("kind", Json::text(&missing.kind)),
        ("says", Json::text(&missing.says)),
    ])
}

fn seen(seen: &Seen) -> Json {
    Json::object_of_some([
        ("statement", Some(seen.statement.into())),
        ("by", Some(Json::text(&seen.by))),
        ("says", Some(Json::text(&seen.says))),
        ("notCounted", seen.discount.map(Json::text)),
    ])
}

fn value(value: &Value) -> Json {
    match value {
        Value::Digest(digest) => (*digest).into(),
        Value::Duration(duration) => Json::text(duration),
        Value::Names(names) => Json::list(names.iter().map(Json::text)),
        Value::Number(number) => (*number).into(),
        Value::Text(text) => Json::text(text),
        Value::Time(time) => Json::text(time),
    }
}

const SCHEMA: &str = "verdict-v1";
