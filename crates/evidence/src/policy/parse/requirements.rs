//! `[require.NAME]`: the requirements of §9 with their parameters.

use super::parties::Parties;
use super::read_when;
use super::set::{CONSENT, Place, RawSet, Slot};
use crate::policy::diagnostic::{PolicyRule, Problem};
use crate::policy::table::{Item, Member, Reader, Table};
use crate::policy::{
    Advisories, Assessed, Attestation, Audience, Consent, ConsentWord, Count, DataChecked, Fresh,
    Method, Newest, Outcome, Provenance, Published, Rank, Rebuilt, Reviewed, Role,
    RulesFingerprint, RulesReviewed, RulesWord, Sbom, SbomFormat, Scope, Serial, Severity,
    Standing,
};
use crate::time::Duration;

pub(super) fn read_set(
    member: &Member<'_>,
    parties: &Parties,
    reader: &mut Reader<'_>,
) -> Option<RawSet> {
    let mut table = member.item.table(reader)?;
    table.place = member.span.clone();
    let mut place = member.span.clone();
    let when = table.required("when", reader, |item, reader| {
        place = item.span.clone();
        read_when(item, parties, reader)
    });
    let base = table.optional("base", None, reader, |item, reader| {
        item.word(reader)
            .map(|word| Some((word, item.span.clone())))
    });

    let table = &mut table;
    let published = always_on(table, "published", reader, |table, reader| {
        read_published(table, parties, reader)
    });
    let serial = always_on(table, "serial", reader, |table, reader| {
        Some(Serial {
            chain: table.optional("chain", true, reader, Item::boolean)?,
        })
    });
    let audience = always_on(table, "audience", reader, |table, reader| {
        let words = |item: &Item<'_>, reader: &mut Reader<'_>| {
            item.distinct(0, MAX_ITEMS, reader, Item::word)
        };
        Some(Audience {
            tiers: table.optional("tiers", Vec::new(), reader, words)?,
        })
    });
    let consent = always_on(table, "consent", reader, |table, reader| {
        let allow = table.optional("allow", CONSENT.to_vec(), reader, |item, reader| {
            item.distinct(0, MAX_ITEMS, reader, |item, reader| {
                item.choice(ConsentWord::TABLE, ConsentWord::WORDS, reader)
            })
        });
        Some(Consent { allow: allow? })
    });
    let standing = requirement(table, "standing", reader, |table, reader| {
        let age = Some(Duration::from_days(1));
        Some(Standing {
            count: read_count(table, &[Role::Center], age, parties, reader)?,
        })
    });
    let newest = requirement(table, "newest", reader, |table, reader| {
        let behind = optional_number(table, "behind", 0, 0, MAX_NUMBER, reader);
        let otherwise = read_outcome(table, "otherwise", Outcome::Undecided, reader);
        Some(Newest {
            behind: behind?,
            otherwise: otherwise?,
        })
    });
    let fresh = requirement(table, "fresh", reader, |table, reader| {
        let max_age = table.required("max-age", reader, Item::duration);
        let otherwise = read_outcome(table, "otherwise", Outcome::Undecided, reader);
        Some(Fresh {
            max_age: max_age?,
            otherwise: otherwise?,
        })
    });
    let rebuilt = requirement(table, "rebuilt", reader, |table, reader| {
        read_rebuilt(table, parties, reader)
    });
    let provenance = requirement(table, "provenance", reader, read_provenance);
    let sbom = requirement(table, "sbom", reader, |table, reader| {
        let format = table.optional("format", None, reader, |item, reader| {
            item.choice(SbomFormat::TABLE, SbomFormat::WORDS, reader)
                .map(Some)
        });
        let otherwise = read_outcome(table, "otherwise", Outcome::Undecided, reader);
        Some(Sbom {
            format: format?,
            otherwise: otherwise?,
        })
    });
    let reviewed = requirement(table, "reviewed", reader, |table, reader| {
        read_reviewed(table, parties, reader)
    });
    let rules_fingerprint = requirement(table, "rules-fingerprint", reader, |table, reader| {
        let otherwise = read_outcome(table, "otherwise", Outcome::Undecided, reader);
        Some(RulesFingerprint {
            otherwise: otherwise?,
        })
    });
    let rules_reviewed = requirement(table, "rules-reviewed", reader, |table, reader| {
        read_rules_reviewed(table, parties, reader)
    });
    let assessed = requirement(table, "assessed", reader, |table, reader| {
        read_assessed(table, parties, reader)
    });
    let data_checked = requirement(table, "data-checked", reader, |table, reader| {
        let count = read_count(table, &[Role::Assessor], None, parties, reader);
        let opaque = optional_number(table, "opaque", 0, 0, 100, reader);
        let third_party = table.optional("third-party", true, reader, Item::boolean);
        Some(DataChecked {
            count: count?,
            opaque: opaque?,
            third_party: third_party?,
        })
    });
    let advisories = requirement(table, "advisories", reader, |table, reader| {
        let worst = table.optional("worst", Severity::Low, reader, |item, reader| {
            item.choice(Severity::TABLE, Severity::WORDS, reader)
        });
        let against = read_outcome(table, "against", Outcome::Refuse, reader);
        Some(Advisories {
            worst: worst?,
            against: against?,
        })
    });
    std::mem::replace(table, Table::empty(place.clone())).finish(reader);

    Some(RawSet {
        base: base?,
        when: when?,
        place,
        published: published?,
        serial: serial?,
        audience: audience?,
        consent: consent?,
        standing: standing?,
        newest: newest?,
        fresh: fresh?,
        rebuilt: rebuilt?,
        provenance: provenance?,
        sbom: sbom?,
        reviewed: reviewed?,
        rules_fingerprint: rules_fingerprint?,
        rules_reviewed: rules_reviewed?,
        assessed: assessed?,
        data_checked: data_checked?,
        advisories: advisories?,
    })
}

/// A requirement that is `true`, `false` or a table of parameters. `None` only if it is wrong.
fn requirement<'d, T>(
    table: &mut Table<'d>,
    name: &'static str,
    reader: &mut Reader<'_>,
    read: impl FnOnce(&mut Parameters<'d>, &mut Reader<'_>) -> Option<T>,
) -> Option<Slot<T>> {
    let Some(member) = table.take(name) else {
        return Some(Slot::Absent);
    };
    let mut parameters = match member.item.switch() {
        Some(false) => return Some(Slot::Off),
        Some(true) => Table::empty(member.item.span.clone()),
        None => read_parameters(&member.item, reader)?,
    };
    let line = reader.line(member.span.start);
    let number = |name: &str, table: &Table<'d>| {
        table
            .peek(name)
            .map_or_else(|| member.span.clone(), |item| item.span.clone())
    };
    let by = if name == "published" {
        "independent"
    } else {
        "by"
    };
    let other = if name == "published" {
        "threshold"
    } else {
        "jurisdictions"
    };
    let place = Place {
        line,
        by: number(by, &parameters),
        jurisdictions: number(other, &parameters),
    };
    let asked = read(&mut parameters, reader);
    parameters.finish(reader);
    Some(Slot::On(asked?, place))
}

/// A requirement that may be tuned, not switched off.
fn always_on<'d, T>(
    table: &mut Table<'d>,
    name: &'static str,
    reader: &mut Reader<'_>,
    read: impl FnOnce(&mut Parameters<'d>, &mut Reader<'_>) -> Option<T>,
) -> Option<Slot<T>> {
    let place = table.peek(name).map(|item| item.span.clone());
    let slot = requirement(table, name, reader, read)?;
    if let (Slot::Off, Some(place)) = (&slot, place) {
        reader.report(PolicyRule::Pl1, &place, Problem::AlwaysOn);
        return None;
    }
    Some(slot)
}

type Parameters<'d> = Table<'d>;

fn read_parameters<'d>(item: &Item<'d>, reader: &mut Reader<'_>) -> Option<Parameters<'d>> {
    if !item.is_table() {
        item.expected("true, false or a table of parameters", reader);
        return None;
    }
    item.table(reader)
}

/// What every countable requirement takes.
fn read_count(
    table: &mut Parameters<'_>,
    roles: &[Role],
    max_age: Option<Duration>,
    parties: &Parties,
    reader: &mut Reader<'_>,
) -> Option<Count> {
    let by = optional_number(table, "by", 1, 1, MAX_NUMBER, reader);
    let from = table.optional(
        "from",
        parties.all_with_role(roles),
        reader,
        |item, reader| {
            item.distinct(1, MAX_ITEMS, reader, |item, reader| {
                parties.with_role(item, roles, reader)
            })
        },
    );
    let jurisdictions = optional_number(table, "jurisdictions", 1, 1, MAX_NUMBER, reader);
    let independent = table.optional("independent", false, reader, Item::boolean);
    let max_age = table.optional("max-age", max_age, reader, |item, reader| {
        item.duration(reader).map(Some)
    });
    let grace = table.optional("grace", Duration::ZERO, reader, Item::duration);
    let otherwise = read_outcome(table, "otherwise", Outcome::Undecided, reader);
    let against = read_outcome(table, "against", Outcome::Refuse, reader);
    Some(Count {
        by: by?,
        from: from?,
        jurisdictions: jurisdictions?,
        independent: independent?,
        max_age: max_age?,
        grace: grace?,
        otherwise: otherwise?,
        against: against?,
    })
}

fn read_published(
    table: &mut Parameters<'_>,
    parties: &Parties,
    reader: &mut Reader<'_>,
) -> Option<Published> {
    let threshold = table.optional("threshold", None, reader, |item, reader| {
        item.number(1, MAX_NUMBER, reader).map(Some)
    });
    let independent = optional_number(table, "independent", 0, 0, MAX_NUMBER, reader);
    let place = table.peek("signers").map(|item| item.span.clone());
    let roles = &[Role::Signer];
    let signers = table.optional(
        "signers",
        parties.all_with_role(roles),
        reader,
        |item, reader| {
            item.distinct(1, MAX_ITEMS, reader, |item, reader| {
                parties.with_role(item, roles, reader)
            })
        },
    );
    let min_age = table.optional("min-age", Duration::ZERO, reader, Item::duration);
    let otherwise = read_outcome(table, "otherwise", Outcome::Undecided, reader);
    // Who names signers believes that they are asked for.
    if let (Some(place), Some(0)) = (place, independent) {
        reader.report(PolicyRule::Pl4, &place, Problem::SignersUncounted);
        return None;
    }
    Some(Published {
        threshold: threshold?,
        independent: independent?,
        signers: signers?,
        min_age: min_age?,
        otherwise: otherwise?,
    })
}

fn read_rebuilt(
    table: &mut Parameters<'_>,
    parties: &Parties,
    reader: &mut Reader<'_>,
) -> Option<Rebuilt> {
    let count = read_count(table, &[Role::Rebuilder], None, parties, reader);
    let accept = table.optional("accept", Rank::Equivalent, reader, |item, reader| {
        item.choice(Rank::TABLE, Rank::WORDS, reader)
    });
    let free_bits = table.optional("free-bits", None, reader, |item, reader| {
        item.number(0, MAX_NUMBER, reader).map(Some)
    });
    let other_environment = table.optional("other-environment", false, reader, Item::boolean);
    let rules = table.optional("rules", Vec::new(), reader, |item, reader| {
        item.distinct(1, MAX_ITEMS, reader, Item::digest)
    });
    Some(Rebuilt {
        count: count?,
        accept: accept?,
        free_bits: free_bits?,
        other_environment: other_environment?,
        rules: rules?,
    })
}

fn read_provenance(table: &mut Parameters<'_>, reader: &mut Reader<'_>) -> Option<Provenance> {
    let builders = table.optional("builders", Vec::new(), reader, |item, reader| {
        item.distinct(1, MAX_ITEMS, reader, Item::label)
    });
    let source = table.optional("source", false, reader, Item::boolean);
    let grace = table.optional("grace", Duration::ZERO, reader, Item::duration);
    let otherwise = read_outcome(table, "otherwise", Outcome::Undecided, reader);
    Some(Provenance {
        builders: builders?,
        source: source?,
        grace: grace?,
        otherwise: otherwise?,
    })
}

fn read_reviewed(
    table: &mut Parameters<'_>,
    parties: &Parties,
    reader: &mut Reader<'_>,
) -> Option<Reviewed> {
    let count = read_count(table, &[Role::Reviewer], None, parties, reader);
    let coverage = optional_number(table, "coverage", 0, 0, 100, reader);
    let inherited = table.optional("inherited", true, reader, Item::boolean);
    let max_lag = table.optional("max-lag", None, reader, |item, reader| {
        item.duration(reader).map(Some)
    });
    let attestation = table.optional(
        "attestation",
        Attestation::OwnKey,
        reader,
        |item, reader| item.choice(Attestation::TABLE, Attestation::WORDS, reader),
    );
    Some(Reviewed {
        count: count?,
        coverage: coverage?,
        inherited: inherited?,
        max_lag: max_lag?,
        attestation: attestation?,
    })
}

fn read_rules_reviewed(
    table: &mut Parameters<'_>,
    parties: &Parties,
    reader: &mut Reader<'_>,
) -> Option<RulesReviewed> {
    let count = read_count(
        table,
        &[Role::Center, Role::Reviewer],
        None,
        parties,
        reader,
    );
    let both = vec![RulesWord::Clear, RulesWord::Explained];
    let accept = table.optional("accept", both, reader, |item, reader| {
        item.distinct(1, MAX_ITEMS, reader, |item, reader| {
            item.choice(RulesWord::TABLE, RulesWord::WORDS, reader)
        })
    });
    let decisions = optional_number(table, "decisions", 1, 1, MAX_NUMBER, reader);
    Some(RulesReviewed {
        count: count?,
        accept: accept?,
        decisions: decisions?,
    })
}

fn read_assessed(
    table: &mut Parameters<'_>,
    parties: &Parties,
    reader: &mut Reader<'_>,
) -> Option<Assessed> {
    let count = read_count(table, &[Role::Assessor], None, parties, reader);
    let profile = table.optional("profile", None, reader, |item, reader| {
        item.label(reader).map(Some)
    });
    let scope = table.optional("scope", vec![Scope::Artifact], reader, |item, reader| {
        item.distinct(1, MAX_ITEMS, reader, |item, reader| {
            item.choice(Scope::TABLE, Scope::WORDS, reader)
        })
    });
    let methods = table.optional("methods", Vec::new(), reader, |item, reader| {
        item.distinct(1, MAX_ITEMS, reader, |item, reader| {
            item.choice(Method::TABLE, Method::WORDS, reader)
        })
    });
    let third_party = table.optional("third-party", true, reader, Item::boolean);
    Some(Assessed {
        count: count?,
        profile: profile?,
        scope: scope?,
        methods: methods?,
        third_party: third_party?,
    })
}

fn read_outcome(
    table: &mut Parameters<'_>,
    name: &'static str,
    default: Outcome,
    reader: &mut Reader<'_>,
) -> Option<Outcome> {
    table.optional(name, default, reader, |item, reader| {
        item.choice(Outcome::TABLE, Outcome::WORDS, reader)
    })
}

fn optional_number(
    table: &mut Parameters<'_>,
    name: &'static str,
    default: u64,
    least: u64,
    most: u64,
    reader: &mut Reader<'_>,
) -> Option<u64> {
    table.optional(name, default, reader, |item, reader| {
        item.number(least, most, reader)
    })
}

/// Largest number of anything: exact in every JSON reader.
const MAX_NUMBER: u64 = crate::limits::INTEGER;

/// Items of a list: as many as parties (§14).
const MAX_ITEMS: usize = 256;
