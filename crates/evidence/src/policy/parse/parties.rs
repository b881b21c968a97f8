//! Who counts: `[witnesses]`, `[log]`, `[publisher]`, `[party]`; rules PL2 and PL3.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use tlog::checkpoint::{LogKeys, LogKeysRefused};
use tlog::key::{Algorithm, Vkey};
use tlog::policy::Witnesses;

use super::read_name;
use crate::key::{KeyId, PublicKey};
use crate::line::Word;
use crate::policy::diagnostic::{PolicyRule, Problem};
use crate::policy::table::{Item, Member, Reader, Table};
use crate::policy::{Conflict, ConflictKind, Log, Party, Publisher, Recovery, Role, warn};

/// What the text defines. A definition that is wrong is missing in the maps, but its name is known, so that one mistake
/// is reported once.
#[derive(Default)]
pub(super) struct Parties {
    pub(super) witnesses: BTreeMap<Word, Witnesses>,
    pub(super) logs: BTreeMap<Box<str>, Log>,
    pub(super) publishers: BTreeMap<Word, Publisher>,
    pub(super) parties: BTreeMap<Word, Party>,
    pub(super) places: warn::Places,
    names: Names,
}

#[derive(Default)]
struct Names {
    witnesses: BTreeSet<Box<str>>,
    logs: BTreeSet<Box<str>>,
    publishers: BTreeSet<Box<str>>,
    parties: BTreeSet<Box<str>>,
}

/// Where each key stands first, by line.
#[derive(Default)]
struct Keys {
    statements: BTreeMap<KeyId, usize>,
    logs: BTreeMap<Box<[u8]>, usize>,
}

impl Parties {
    /// A publisher's name (PL3).
    pub(super) fn publisher(&self, item: &Item<'_>, reader: &mut Reader<'_>) -> Option<Word> {
        known(item, "publisher", &[&self.names.publishers], reader)
    }

    /// A name of a publisher or party (PL3).
    pub(super) fn anyone(&self, item: &Item<'_>, reader: &mut Reader<'_>) -> Option<Word> {
        known(
            item,
            "publisher or party",
            &[&self.names.publishers, &self.names.parties],
            reader,
        )
    }

    /// A party's name, which must have one of the roles (PL3).
    pub(super) fn with_role(
        &self,
        item: &Item<'_>,
        roles: &[Role],
        reader: &mut Reader<'_>,
    ) -> Option<Word> {
        let name = known(item, "party", &[&self.names.parties], reader)?;
        // A party whose definition is wrong was reported there.
        let party = self.parties.get(&name)?;
        if !party.roles.iter().any(|role| roles.contains(role)) {
            let roles: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
            let role = roles.join(" or ").into();
            let problem = Problem::LacksRole {
                name: name.as_str().into(),
                role,
            };
            reader.report(PolicyRule::Pl3, &item.span, problem);
            return None;
        }
        Some(name)
    }

    /// All parties with one of the roles.
    pub(super) fn all_with_role(&self, roles: &[Role]) -> Vec<Word> {
        let has = |party: &Party| party.roles.iter().any(|role| roles.contains(role));
        let parties = self.parties.iter().filter(|(_, party)| has(party));
        parties.map(|(name, _)| name.clone()).collect()
    }
}

pub(super) fn read_parties(root: &mut Table<'_>, reader: &mut Reader<'_>) -> Parties {
    let mut keys = Keys::default();
    let witnesses = members(root, "witnesses", reader);
    let logs = members(root, "log", reader);
    let publishers = members(root, "publisher", reader);
    let parties = root
        .take("party")
        .and_then(|member| member.item.table(reader));
    let parties = parties.map(Table::members).unwrap_or_default();
    let mut all = publishers.iter().chain(&parties);
    if let Some(member) = all.nth(MAX_PARTIES) {
        reader.report(PolicyRule::Pl1, &member.span, Problem::TooMany(MAX_PARTIES));
    }

    let names = |members: &[Member<'_>]| members.iter().map(|member| member.name.into()).collect();
    let mut found = Parties {
        names: Names {
            witnesses: names(&witnesses),
            logs: names(&logs),
            publishers: names(&publishers),
            parties: names(&parties),
        },
        ..Parties::default()
    };
    for member in &witnesses {
        if let Some((name, text)) = read_witnesses(member, &mut keys, reader) {
            found.witnesses.insert(name, text);
        }
    }
    for member in &logs {
        found
            .places
            .logs
            .insert(member.name.into(), member.span.clone());
        if let Some(log) = read_log(member, &found.names, &mut keys, reader) {
            found.logs.insert(member.name.into(), log);
        }
    }
    for member in &publishers {
        let read = read_publisher(member, &found.names, &mut keys, reader);
        if let Some((name, publisher)) = read {
            found.places.names.insert(name.clone(), member.span.clone());
            found.publishers.insert(name, publisher);
        }
    }
    for member in &parties {
        if found.names.publishers.contains(member.name) {
            reader.report(PolicyRule::Pl3, &member.span, Problem::NameTwice);
        }
        if let Some((name, party)) = read_party(member, &found.names, &mut keys, reader) {
            found.places.names.insert(name.clone(), member.span.clone());
            found.parties.insert(name, party);
        }
    }
    found
}

/// The members of a table that must be there and not be empty.
fn members<'d>(
    root: &mut Table<'d>,
    name: &'static str,
    reader: &mut Reader<'_>,
) -> Vec<Member<'d>> {
    let table = root.required(name, reader, |item, reader| {
        Some((item.table(reader)?, item.span.clone()))
    });
    let Some((table, span)) = table else {
        return Vec::new();
    };
    let members = table.members();
    if members.is_empty() {
        reader.report(PolicyRule::Pl1, &span, Problem::Empty);
    }
    members
}

fn read_witnesses(
    member: &Member<'_>,
    keys: &mut Keys,
    reader: &mut Reader<'_>,
) -> Option<(Word, Witnesses)> {
    let name = read_name(member, reader);
    let text = member.item.text(reader)?;
    let span = &member.item.span;
    // Without escapes the value stands in the text as it is, and places can be passed on; else the whole is marked.
    let offset = reader.raw(span).find(text).map(|at| span.start + at);
    let place = |inner: &Range<usize>| {
        offset.map_or_else(
            || span.clone(),
            |offset| offset + inner.start..offset + inner.end,
        )
    };
    let witnesses = match Witnesses::parse(text.as_bytes()) {
        Ok(witnesses) => witnesses,
        Err(refusals) => {
            for refusal in refusals.all() {
                let problem = Problem::Witnesses(refusal.violation);
                reader.report(PolicyRule::Pl2, &place(&refusal.span), problem);
            }
            return None;
        }
    };
    for key in witnesses.keys() {
        let at = text.find(&key.to_string()).unwrap_or_default();
        keys.logs
            .insert(key.public_key().into(), reader.line(place(&(at..at)).start));
    }
    let quorum = text.rfind("quorum").unwrap_or_default();
    warn::quorum(
        &witnesses,
        &place(&(quorum..text.trim_end().len().max(quorum))),
        reader,
    );
    Some((name?, witnesses))
}

fn read_log(
    member: &Member<'_>,
    names: &Names,
    keys: &mut Keys,
    reader: &mut Reader<'_>,
) -> Option<Log> {
    let mut table = member.item.table(reader)?;
    table.place = member.span.clone();
    let vkeys = table.required("keys", reader, |item, reader| {
        let items = item.list(1, MAX_KEYS, reader)?;
        let vkeys: Vec<_> = items
            .iter()
            .map(|item| read_log_key(item, member.name, keys, reader))
            .collect();
        vkeys.into_iter().collect::<Option<Vec<Vkey>>>()
    });
    let witnesses = table.required("witnesses", reader, |item, reader| {
        known(item, "witness text", &[&names.witnesses], reader)
    });
    table.finish(reader);
    let keys = match LogKeys::new(member.name, vkeys?) {
        Ok(keys) => keys,
        Err(refused) => {
            reader.report(PolicyRule::Pl2, &member.span, Problem::LogKeys(refused));
            return None;
        }
    };
    Some(Log {
        keys,
        witnesses: witnesses?,
    })
}

fn read_log_key(
    item: &Item<'_>,
    origin: &str,
    keys: &mut Keys,
    reader: &mut Reader<'_>,
) -> Option<Vkey> {
    let refuse = |problem, reader: &mut Reader<'_>| {
        reader.report(PolicyRule::Pl2, &item.span, problem);
        None
    };
    let vkey: Vkey = match item.text(reader)?.parse() {
        Ok(vkey) => vkey,
        Err(refused) => return refuse(Problem::Vkey(refused), reader),
    };
    if vkey.name().as_str() != origin {
        return refuse(Problem::LogKeys(LogKeysRefused::OtherName), reader);
    }
    if vkey.algorithm() == Algorithm::Ed25519Cosignature {
        return refuse(Problem::LogKeys(LogKeysRefused::CosignerKey), reader);
    }
    // A log's key among witnesses too would let the log vouch for itself.
    if let Some(line) = keys.logs.get(vkey.public_key()) {
        return refuse(Problem::KeyTwice(*line), reader);
    }
    keys.logs
        .insert(vkey.public_key().into(), reader.line(item.span.start));
    Some(vkey)
}

fn read_publisher(
    member: &Member<'_>,
    names: &Names,
    keys: &mut Keys,
    reader: &mut Reader<'_>,
) -> Option<(Word, Publisher)> {
    let name = read_name(member, reader);
    let mut table = member.item.table(reader)?;
    table.place = member.span.clone();
    let operator = table.required("operator", reader, Item::label);
    let jurisdiction = table.required("jurisdiction", reader, read_jurisdiction);
    let log = table.required("log", reader, |item, reader| {
        read_origin(item, names, reader)
    });
    let own = table.required("keys", reader, |item, reader| read_keys(item, keys, reader));
    let threshold = read_threshold(&mut table, own.as_deref(), reader);
    let (recovery, follow_keys) = read_recovery(&mut table, keys, reader)?;
    table.finish(reader);
    let publisher = Publisher {
        operator: operator?,
        jurisdiction: jurisdiction?,
        log: log?,
        keys: own?,
        threshold: threshold?,
        recovery,
        follow_keys,
    };
    Some((name?, publisher))
}

fn read_party(
    member: &Member<'_>,
    names: &Names,
    keys: &mut Keys,
    reader: &mut Reader<'_>,
) -> Option<(Word, Party)> {
    let name = read_name(member, reader);
    let mut table = member.item.table(reader)?;
    table.place = member.span.clone();
    let operator = table.required("operator", reader, Item::label);
    let jurisdiction = table.required("jurisdiction", reader, read_jurisdiction);
    let roles = table.required("roles", reader, |item, reader| {
        item.distinct(1, MAX_KEYS, reader, |item, reader| {
            item.choice(Role::TABLE, Role::WORDS, reader)
        })
    });
    let log = table.required("log", reader, |item, reader| {
        read_origin(item, names, reader)
    });
    let own = table.required("keys", reader, |item, reader| read_keys(item, keys, reader));
    let conflicts = table.optional("conflicts", Vec::new(), reader, |item, reader| {
        item.distinct(0, MAX_PARTIES, reader, |item, reader| {
            read_conflict(item, names, reader)
        })
    });
    let (recovery, follow_keys) = read_recovery(&mut table, keys, reader)?;
    table.finish(reader);
    let party = Party {
        operator: operator?,
        jurisdiction: jurisdiction?,
        roles: roles?,
        log: log?,
        keys: own?,
        conflicts: conflicts?,
        recovery,
        follow_keys,
    };
    Some((name?, party))
}

/// ISO 3166-1 alpha-2 in form; which codes exist changes too often for a verifier.
fn read_jurisdiction(item: &Item<'_>, reader: &mut Reader<'_>) -> Option<Box<str>> {
    let text = item.text(reader)?;
    if text.len() != 2 || !text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        item.expected("a country's two capital letters", reader);
        return None;
    }
    Some(text.into())
}

fn read_origin(item: &Item<'_>, names: &Names, reader: &mut Reader<'_>) -> Option<Box<str>> {
    let origin = item.text(reader)?;
    if !names.logs.contains(origin) {
        let problem = Problem::NamesNothing(format!("log {origin}").into());
        reader.report(PolicyRule::Pl3, &item.span, problem);
        return None;
    }
    Some(origin.into())
}

/// Statement keys, none of which stands anywhere else in the policy (KY4).
fn read_keys(item: &Item<'_>, keys: &mut Keys, reader: &mut Reader<'_>) -> Option<Vec<PublicKey>> {
    let items = item.list(1, MAX_KEYS, reader)?;
    let read: Vec<_> = items
        .iter()
        .map(|item| {
            let key = item.key(reader)?;
            if let Some(line) = keys.statements.get(&key.id()) {
                reader.report(PolicyRule::Pl2, &item.span, Problem::KeyTwice(*line));
                return None;
            }
            keys.statements
                .insert(key.id(), reader.line(item.span.start));
            Some(key)
        })
        .collect();
    read.into_iter().collect()
}

fn read_threshold(
    table: &mut Table<'_>,
    keys: Option<&[PublicKey]>,
    reader: &mut Reader<'_>,
) -> Option<u64> {
    table.required("threshold", reader, |item, reader| {
        let asks = item.number(1, MAX_KEYS as u64, reader)?;
        let can = keys.map_or(asks, |keys| keys.len() as u64);
        if asks > can {
            let problem = Problem::NeverMet {
                asks,
                can,
                unit: "keys",
            };
            reader.report(PolicyRule::Pl4, &item.span, problem);
            return None;
        }
        Some(asks)
    })
}

fn read_recovery(
    table: &mut Table<'_>,
    keys: &mut Keys,
    reader: &mut Reader<'_>,
) -> Option<(Option<Recovery>, bool)> {
    let named = table.take("recovery");
    let recovery = match &named {
        None => Some(None),
        Some(member) => member.item.table(reader).and_then(|mut table| {
            let own = table.required("keys", reader, |item, reader| read_keys(item, keys, reader));
            let threshold = read_threshold(&mut table, own.as_deref(), reader);
            table.finish(reader);
            Some(Some(Recovery {
                keys: own?,
                threshold: threshold?,
            }))
        }),
    };
    let follow = table.take("follow-keys");
    let follow_keys = match &follow {
        None => Some(false),
        Some(member) => member.item.boolean(reader),
    };
    if let (None, Some(member), Some(true)) = (&named, &follow, follow_keys) {
        reader.report(PolicyRule::Pl3, &member.item.span, Problem::FollowsNothing);
        return None;
    }
    recovery.zip(follow_keys)
}

fn read_conflict(item: &Item<'_>, names: &Names, reader: &mut Reader<'_>) -> Option<Conflict> {
    let mut table = item.table(reader)?;
    let kind = table.required("kind", reader, |item, reader| {
        item.choice(ConflictKind::TABLE, ConflictKind::WORDS, reader)
    });
    let party = table.required("party", reader, |item, reader| {
        known(
            item,
            "publisher or party",
            &[&names.publishers, &names.parties],
            reader,
        )
    });
    table.finish(reader);
    Some(Conflict {
        kind: kind?,
        party: party?,
    })
}

/// A word that one of the sets holds (PL3).
fn known(
    item: &Item<'_>,
    what: &str,
    names: &[&BTreeSet<Box<str>>],
    reader: &mut Reader<'_>,
) -> Option<Word> {
    let word = item.word(reader)?;
    if !names.iter().any(|names| names.contains(word.as_str())) {
        let problem = Problem::NamesNothing(format!("{what} named {word}").into());
        reader.report(PolicyRule::Pl3, &item.span, problem);
        return None;
    }
    Some(word)
}

/// Publishers and parties together (§14).
const MAX_PARTIES: usize = 256;

/// Keys of one party or log: a note holds 64 signature lines, and nobody has more people who release.
const MAX_KEYS: usize = 64;
