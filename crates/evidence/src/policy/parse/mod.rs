//! From text to [`Policy`]: rules PL1–PL7 and PL9, in one pass that collects every error.

mod parties;
mod requirements;
mod set;

use std::collections::{BTreeMap, BTreeSet};

use tlog::hash::sha256;
use toml::de::DeTable;

use self::parties::{Parties, read_parties};
use self::requirements::read_set;
use self::set::SetDraft;
use super::diagnostic::{Level, PolicyInvalid, PolicyRule, Problem};
use super::seal::{Form, fits};
use super::select::{Selected, select};
use super::table::{Item, Member, Reader, Table};
use super::{Denied, Deny, Identity, LineRule, Policy, When, warn};
use crate::line::{Line, LineKind, Word};
use crate::time::{Duration, Time};

impl Policy {
    /// Reads a policy text as of `now`, which only PL6 needs: a policy that expires more than three years later is
    /// refused. An expired one is read; it decides nothing.
    ///
    /// # Errors
    /// [`PolicyInvalid`]: everything that is wrong, each with its place; a broken seal is reported alone.
    pub fn parse(text: &str, now: Time) -> Result<Self, PolicyInvalid> {
        let mut reader = Reader::new(text);
        let policy = read(text, now, &mut reader);
        let mut found = reader.found;
        found.sort_by_key(|found| (found.span.start, found.span.end));
        match policy {
            Some(policy) if found.iter().all(|found| found.level() == Level::Warning) => Ok(Self {
                warnings: found,
                ..policy
            }),
            _ => Err(PolicyInvalid { found }),
        }
    }
}

fn read(text: &str, now: Time, reader: &mut Reader<'_>) -> Option<Policy> {
    if text.len() > MAX_TEXT {
        reader.report(PolicyRule::Pl1, &(0..0), Problem::TooLong);
        return None;
    }
    let (root, broken) = DeTable::parse_recoverable(text);
    for error in &broken {
        let problem = match error.message() {
            "duplicate key" => Problem::DoubledMember,
            message => Problem::Toml(message.into()),
        };
        reader.report(PolicyRule::Pl1, &error.span().unwrap_or(0..0), problem);
    }
    // What a parser guessed while recovering must not be judged.
    if !broken.is_empty() {
        return None;
    }

    let mut root = Table::new(root.get_ref(), 0..0);
    let sealed = read_version(text, &mut root, reader)?;
    let name = root.required("name", reader, Item::word);
    let serial = root.required("serial", reader, |item, reader| {
        item.number(1, MAX_SERIAL, reader)
    });
    let previous = root.optional("previous", None, reader, |item, reader| {
        item.digest(reader).map(Some)
    });
    let expires = root.required("expires", reader, |item, reader| {
        read_expiry(item, now, reader)
    });
    let clock_skew = root.optional("clock-skew", CLOCK_SKEW, reader, Item::duration);

    let parties = read_parties(&mut root, reader);
    let lines = root.required("line", reader, |item, reader| {
        read_lines(item, &parties, reader)
    });
    let drafts = root.required("require", reader, |item, reader| {
        read_sets(item, &parties, reader)
    });
    let deny = root.optional("deny", Vec::new(), reader, |item, reader| {
        read_denials(item, &parties, reader)
    });
    root.finish(reader);

    // PL5 and PL4 speak of lines and sets together; where one of them is broken they would only repeat it.
    let (lines, drafts) = (lines?, drafts?);
    check_selection(&lines, &drafts, &parties, reader);
    let identity = Identity {
        name: name?,
        serial: serial?,
        sha256: sha256(text.as_bytes()),
        previous: previous?,
        sealed,
    };
    let sets = drafts
        .into_iter()
        .map(|(name, draft)| (name, draft.set))
        .collect();
    let policy = Policy {
        identity,
        expires: expires?,
        clock_skew: clock_skew?,
        lines: lines.into_iter().map(|(rule, _)| rule).collect(),
        witnesses: parties.witnesses,
        logs: parties.logs,
        publishers: parties.publishers,
        parties: parties.parties,
        sets,
        deny: deny?,
        warnings: Vec::new(),
    };
    warn::look_alikes(&policy, &parties.places, reader);
    Some(policy)
}

/// Whether the text is sealed; `None` when a seal does not fit, for then nothing else in the text can be believed.
fn read_version(text: &str, root: &mut Table<'_>, reader: &mut Reader<'_>) -> Option<bool> {
    let first = root
        .first()
        .map(|member| (member.name == "policy", member.span.clone()));
    let Some(member) = root.take("policy") else {
        reader.report(PolicyRule::Pl1, &(0..0), Problem::MissingMember("policy"));
        return Some(false);
    };
    if let Some((false, span)) = first {
        reader.report(PolicyRule::Pl1, &span, Problem::NotFirst);
    }
    let span = member.item.span;
    match Form::of(reader.raw(&span)) {
        Some(Form::Plain) => Some(false),
        Some(Form::Sealed(digest)) if fits(text, &span, digest) => Some(true),
        Some(Form::Sealed(_)) => {
            reader.report(PolicyRule::Pl9, &span, Problem::SealBroken);
            None
        }
        None => {
            reader.report(PolicyRule::Pl1, &span, Problem::Version);
            None
        }
    }
}

fn read_expiry(item: &Item<'_>, now: Time, reader: &mut Reader<'_>) -> Option<Time> {
    let expires = item.time(reader)?;
    if expires > now + LONGEST_LIFE {
        reader.report(PolicyRule::Pl6, &item.span, Problem::ExpiresLate);
    }
    Some(expires)
}

/// Rules with the place where each begins.
type Lines = Vec<(LineRule, std::ops::Range<usize>)>;

fn read_lines(item: &Item<'_>, parties: &Parties, reader: &mut Reader<'_>) -> Option<Lines> {
    let rules = item.list(1, MAX_LINES, reader)?;
    let rules: Vec<_> = rules
        .iter()
        .map(|item| read_line(item, parties, reader))
        .collect();
    rules.into_iter().collect()
}

fn read_line(
    item: &Item<'_>,
    parties: &Parties,
    reader: &mut Reader<'_>,
) -> Option<(LineRule, std::ops::Range<usize>)> {
    let mut table = item.table(reader)?;
    let words =
        |item: &Item<'_>, reader: &mut Reader<'_>| item.distinct(1, MAX_WORDS, reader, Item::word);
    let publisher = table.required("publisher", reader, |item, reader| {
        parties.publisher(item, reader)
    });
    let product = table.required("product", reader, Item::word);
    let kinds = table.required("kinds", reader, |item, reader| {
        item.distinct(1, MAX_WORDS, reader, read_kind)
    });
    let channels = table.required("channels", reader, words);
    let platforms = table.required("platforms", reader, words);
    let packages = table.optional("packages", Vec::new(), reader, |item, reader| {
        item.distinct(0, MAX_PACKAGES, reader, read_package)
    });
    table.finish(reader);
    let rule = LineRule {
        publisher: publisher?,
        product: product?,
        kinds: kinds?,
        channels: channels?,
        platforms: platforms?,
        packages: packages?,
        text_line: reader.line(item.span.start),
    };
    Some((rule, item.span.clone()))
}

fn read_kind(item: &Item<'_>, reader: &mut Reader<'_>) -> Option<LineKind> {
    item.choice(
        LineKind::TABLE,
        "software, detection-rules, configuration or other",
        reader,
    )
}

/// A package name of Debian's policy manual, §5.6.1.
fn read_package(item: &Item<'_>, reader: &mut Reader<'_>) -> Option<Box<str>> {
    let text = item.text(reader)?;
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let inner = |byte: u8| letter(byte) || matches!(byte, b'+' | b'-' | b'.');
    if !text.bytes().next().is_some_and(letter) || !text.bytes().all(inner) || text.len() > 128 {
        item.expected(
            "a package name of small letters, digits, plus, minus and dots",
            reader,
        );
        return None;
    }
    Some(text.into())
}

/// The sets with the base's requirements filled in.
fn read_sets(
    item: &Item<'_>,
    parties: &Parties,
    reader: &mut Reader<'_>,
) -> Option<BTreeMap<Word, SetDraft>> {
    let table = item.table(reader)?;
    let members = table.members();
    if members.is_empty() {
        reader.report(PolicyRule::Pl1, &item.span, Problem::Empty);
        return None;
    }
    if members.len() > MAX_SETS {
        reader.report(PolicyRule::Pl1, &item.span, Problem::TooMany(MAX_SETS));
        return None;
    }
    let names: BTreeSet<&str> = members.iter().map(|member| member.name).collect();
    let mut raw = BTreeMap::new();
    let mut whole = true;
    for member in &members {
        match read_name(member, reader).zip(read_set(member, parties, reader)) {
            Some((name, set)) => drop(raw.insert(name, set)),
            None => whole = false,
        }
    }
    let mut drafts = BTreeMap::new();
    for (name, set) in &raw {
        let Some((base_name, span)) = &set.base else {
            drafts.insert(name.clone(), set.finish(None));
            continue;
        };
        if !names.contains(base_name.as_str()) || base_name == name {
            let what = format!("other set named {base_name}").into();
            reader.report(PolicyRule::Pl3, span, Problem::NamesNothing(what));
            whole = false;
            continue;
        }
        let Some(base) = raw.get(base_name) else {
            continue;
        };
        if base.base.is_some() {
            let problem = Problem::BaseOfBase(base_name.as_str().into());
            reader.report(PolicyRule::Pl3, span, problem);
            whole = false;
            continue;
        }
        drafts.insert(name.clone(), set.finish(Some(base)));
    }
    whole.then_some(drafts)
}

/// The name under which something is defined, as a word.
fn read_name(member: &Member<'_>, reader: &mut Reader<'_>) -> Option<Word> {
    let word = Word::parse(member.name).ok();
    if word.is_none() {
        let problem = Problem::Expected("a word of small letters, digits, dots and hyphens");
        reader.report(PolicyRule::Pl1, &member.span, problem);
    }
    word
}

/// PL5: one set for each line. PL4: the set can be met for the line's publisher.
fn check_selection(
    lines: &Lines,
    drafts: &BTreeMap<Word, SetDraft>,
    parties: &Parties,
    reader: &mut Reader<'_>,
) {
    let mut seen: BTreeSet<Line> = BTreeSet::new();
    let mut ties = BTreeSet::new();
    let mut used: BTreeSet<&Word> = drafts
        .values()
        .filter_map(|draft| draft.set.base.as_ref())
        .collect();
    let mut publishers = BTreeSet::new();
    for (rule, span) in lines {
        let mut bare = None;
        for line in rule.lines() {
            let sets = drafts.iter().map(|(name, draft)| (name, &draft.set.when));
            match select(sets, &line) {
                Selected::None => bare = bare.or_else(|| Some(line.to_string())),
                Selected::One(name) => {
                    used.insert(name);
                    publishers.insert((name, rule.publisher.clone()));
                }
                Selected::Tie(one, other) => {
                    used.extend([one, other]);
                    if let Some(draft) = drafts.get(other).filter(|_| ties.insert((one, other))) {
                        let problem = Problem::SetsTie {
                            this: other.as_str().into(),
                            other: one.as_str().into(),
                            line: line.to_string().into(),
                        };
                        reader.report(PolicyRule::Pl5, &draft.place, problem);
                    }
                }
            }
            seen.insert(line);
        }
        if let Some(line) = bare {
            reader.report(PolicyRule::Pl5, span, Problem::LineWithoutSet(line.into()));
        }
        if seen.len() > MAX_LINES_IN_ALL {
            reader.report(PolicyRule::Pl1, span, Problem::TooMany(MAX_LINES_IN_ALL));
            return;
        }
    }
    for (name, draft) in drafts {
        if !used.contains(name) {
            reader.report(PolicyRule::Pl5, &draft.place, Problem::SetUnused);
        }
    }
    for (name, publisher) in publishers {
        if let Some(draft) = drafts.get(name) {
            draft.check_counts(&publisher, parties, reader);
        }
    }
}

fn read_denials(item: &Item<'_>, parties: &Parties, reader: &mut Reader<'_>) -> Option<Vec<Deny>> {
    let denials = item.list(0, MAX_DENIALS, reader)?;
    let denials: Vec<_> = denials
        .iter()
        .map(|item| read_denial(item, parties, reader))
        .collect();
    denials.into_iter().collect()
}

fn read_denial(item: &Item<'_>, parties: &Parties, reader: &mut Reader<'_>) -> Option<Deny> {
    let mut table = item.table(reader)?;
    let reason = table.required("reason", reader, Item::label);
    let members: Vec<_> = ["digest", "key", "line", "party", "statement"]
        .into_iter()
        .filter_map(|name| table.take(name))
        .collect();
    let serials = table.take("serials");
    let what = match (members.as_slice(), serials) {
        ([member], None) if member.name != "line" => read_denied(member, parties, reader),
        ([member], Some(serials)) if member.name == "line" => {
            let serials = serials
                .item
                .distinct(1, MAX_DENIALS, reader, |item, reader| {
                    item.number(1, MAX_SERIAL, reader)
                });
            read_denied_line(&member.item, parties, reader)
                .zip(serials)
                .map(|(line, serials)| Denied::Line(line, serials))
        }
        _ => {
            let what = "exactly one of digest, key, party, statement, or line with serials";
            item.expected(what, reader);
            None
        }
    };
    table.finish(reader);
    Some(Deny {
        what: what?,
        reason: reason?,
        text_line: reader.line(item.span.start),
    })
}

fn read_denied(member: &Member<'_>, parties: &Parties, reader: &mut Reader<'_>) -> Option<Denied> {
    let item = &member.item;
    match member.name {
        "digest" => Some(Denied::Digest(item.digest(reader)?)),
        "key" => Some(Denied::Key(item.key(reader)?.id())),
        "party" => Some(Denied::Party(parties.anyone(item, reader)?)),
        _ => Some(Denied::Statement(item.digest(reader)?)),
    }
}

fn read_denied_line(item: &Item<'_>, parties: &Parties, reader: &mut Reader<'_>) -> Option<Line> {
    let mut table = item.table(reader)?;
    let publisher = table.required("publisher", reader, |item, reader| {
        parties.publisher(item, reader)
    });
    let product = table.required("product", reader, Item::word);
    let kind = table.required("kind", reader, read_kind);
    let channel = table.required("channel", reader, Item::word);
    let platform = table.required("platform", reader, Item::word);
    table.finish(reader);
    Some(Line {
        publisher: publisher?,
        product: product?,
        kind: kind?,
        channel: channel?,
        platform: platform?,
    })
}

fn read_when(item: &Item<'_>, parties: &Parties, reader: &mut Reader<'_>) -> Option<When> {
    let mut table = item.table(reader)?;
    let word = |item: &Item<'_>, reader: &mut Reader<'_>| item.word(reader).map(Some);
    let publisher = table.optional("publisher", None, reader, |item, reader| {
        parties.publisher(item, reader).map(Some)
    });
    let product = table.optional("product", None, reader, word);
    let kind = table.optional("kind", None, reader, |item, reader| {
        read_kind(item, reader).map(Some)
    });
    let channel = table.optional("channel", None, reader, word);
    let platform = table.optional("platform", None, reader, word);
    table.finish(reader);
    Some(When {
        publisher: publisher?,
        product: product?,
        kind: kind?,
        channel: channel?,
        platform: platform?,
    })
}

/// Clocks of machines that ask a time server differ by seconds; five minutes is what most protocols allow.
const CLOCK_SKEW: Duration = Duration::from_seconds(300);

/// Three years of 365 days and one leap day (PL6): a policy that nobody renews must end.
const LONGEST_LIFE: Duration = Duration::from_days(3 * 365 + 1);

/// Largest serial: exact in every JSON reader.
const MAX_SERIAL: u64 = crate::limits::INTEGER;

/// Bytes of a policy text (§14): 256 parties with keys and 64 ML-DSA-44 vkeys have about 300 kB.
const MAX_TEXT: usize = 1 << 20;

/// Sets (§14).
const MAX_SETS: usize = 64;

/// Denials (§14).
const MAX_DENIALS: usize = 1024;

/// `[[line]]` tables: as many as parties.
const MAX_LINES: usize = 256;

/// Kinds, channels or platforms in one `[[line]]`.
const MAX_WORDS: usize = 64;

/// Packages in one `[[line]]`.
const MAX_PACKAGES: usize = 256;

/// Lines in all: each is compared with each set.
const MAX_LINES_IN_ALL: usize = 4096;
