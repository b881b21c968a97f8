//! What is asked about a world: which policy judges, what the machine remembers, which file, when.

use evidence::judge::{Artifact, Choice};
use evidence::line::Line;
use evidence::name::Name;
use evidence::policy::{Outcome, Policy};
use evidence::reason::CheckName;
use evidence::state::{LineMark, Marks, Memory};
use evidence::statement::Subject;
use evidence::time::Time;
use tlog::hash::{Hash, sha256};

use crate::build::Built;
use crate::dice::Dice;
use crate::facts::{self, By, Checkpoint, CheckpointHarm, Facts, ORIGINS, companion, digest, line};
use crate::kit::{NOW, word};

/// Name, operator and log of each party. The first two are one operator; the last is the publisher's own.
pub(crate) const PARTIES: [(&str, &str, usize); facts::PARTIES] = [
    ("soc", "Example SOC", 1),
    ("soc-night", "Example SOC", 1),
    ("lab", "Second Lab", 0),
    ("acme-tests", ACME, 0),
];
pub(crate) const ACME: &str = "Acme Security GmbH";

#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) rules: Rules,
    pub(crate) memory: Remembers,
    pub(crate) now: i64,
    pub(crate) artifact: Asked,
    pub(crate) channel: Option<&'static str>,
}

/// A policy as facts.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// How many release keys it pins.
    pub(crate) pinned: usize,
    /// The publisher's threshold.
    pub(crate) threshold: usize,
    /// How many of the three witnesses must have cosigned.
    pub(crate) quorum: usize,
    pub(crate) channels: Vec<&'static str>,
    /// Seconds from [`NOW`].
    pub(crate) expires: i64,
    pub(crate) skew: i64,
    pub(crate) set: Set,
    /// A set of its own for the channel `beta`.
    pub(crate) beta: Option<Set>,
    pub(crate) deny: Vec<Deny>,
}

#[derive(Clone, Debug)]
pub(crate) struct Set {
    pub(crate) threshold: Option<usize>,
    pub(crate) independent: usize,
    /// The parties that may count; all of them if none is named.
    pub(crate) signers: Option<Vec<usize>>,
    pub(crate) min_age: i64,
    pub(crate) otherwise: Outcome,
    pub(crate) chain: bool,
    pub(crate) tiers: Vec<&'static str>,
    pub(crate) allow: Vec<&'static str>,
    /// Check, what becomes of missing, seconds of grace.
    pub(crate) unjudged: Vec<(CheckName, Outcome, i64)>,
}

#[derive(Clone, Debug)]
pub(crate) enum Deny {
    Digest(Hash),
    Key(By),
    Acme,
    Party(usize),
    Statement(Hash),
    Serials(&'static str, Vec<u64>),
}

#[derive(Clone, Debug)]
pub(crate) enum Remembers {
    First,
    NotKept,
    Damaged,
    Known {
        quorum_time: Option<i64>,
        lines: Vec<(Line, u64, Hash)>,
        checkpoint: Option<Checkpoint>,
    },
}

#[derive(Clone, Debug)]
pub(crate) enum Asked {
    File(Hash),
    Set(Vec<(Name, Hash)>),
}

/// A question under these rules.
pub(crate) fn ask(dice: &mut Dice, facts: &Facts, rules: Rules) -> Question {
    let later = [1, 3600, 7200, 86_400, 86_400 * 25, 86_400 * 29, 86_400 * 40];
    let earlier = [-86_400 * 3, -7500, -7200, -3901, -3900, -3600, -300];
    let now = match dice.below(10) {
        0 => dice.pick(&earlier),
        1 | 2 => dice.pick(&later),
        _ => 0,
    };
    Question {
        rules,
        memory: remembers(dice, facts),
        now: NOW + now,
        artifact: asked(dice, facts),
        channel: dice.pick(&[
            None,
            None,
            None,
            None,
            None,
            Some("stable"),
            Some("stable"),
            Some("beta"),
        ]),
    }
}

fn asked(dice: &mut Dice, facts: &Facts) -> Asked {
    let updates = facts.updates();
    if updates.is_empty() || dice.chance(4) {
        return Asked::File(digest("unheard of"));
    }
    let (_, subjects) = facts.update(dice.pick(&updates)).unwrap();
    if !dice.chance(15) {
        return Asked::File(dice.pick(subjects).sha256);
    }
    let pair = |subject: &Subject| (subject.name.clone().unwrap(), subject.sha256);
    let mut files: Vec<_> = subjects.iter().map(pair).collect();
    if dice.chance(40) {
        let name = |name| Name::parse(name).unwrap();
        match dice.below(4) {
            0 => files.push((name("foreign.deb"), digest("unheard of"))),
            1 => files.truncate(1),
            2 => files[0].0 = name("renamed.deb"),
            _ => files[0].1 = digest("unheard of"),
        }
    }
    Asked::Set(files)
}

pub(crate) fn rules(dice: &mut Dice, facts: &Facts) -> Rules {
    let pinned = 1 + dice.below(facts::RELEASE_KEYS);
    let threshold = if dice.chance(65) {
        1
    } else {
        1 + dice.below(pinned)
    };
    let ids: Vec<Hash> = facts
        .said
        .iter()
        .map(|said| said.id)
        .chain([digest("nothing")])
        .collect();
    let files = [
        "1",
        "2",
        "stable 1",
        "data 1",
        "patch 2",
        "unheard of",
        "targeted",
    ];
    let mut deny = Vec::new();
    while dice.chance(7) {
        deny.push(match dice.below(6) {
            0 => Deny::Digest(digest(dice.pick(&files))),
            1 => {
                Deny::Key(dice.pick(&[By::Release(0), By::Release(2), By::Party(0), By::Stranger]))
            }
            2 => Deny::Acme,
            3 => Deny::Party(dice.below(facts::PARTIES)),
            4 => Deny::Statement(dice.pick(&ids)),
            _ => Deny::Serials(
                dice.pick(&["stable", "beta"]),
                dice.pick(&[vec![1], vec![2], vec![1, 3]]),
            ),
        });
    }
    Rules {
        pinned,
        threshold,
        quorum: dice.pick(&[1, 2, 2, 2, 2, 3]),
        channels: dice.pick(&[
            vec!["stable"],
            vec!["stable", "beta"],
            vec!["stable", "beta"],
        ]),
        expires: if dice.chance(95) {
            86_400 * 300
        } else {
            dice.pick(&[1, 3600, 86_400])
        },
        skew: dice.pick(&[300, 300, 300, 0, 3600]),
        set: set(dice, pinned),
        beta: dice.chance(20).then(|| set(dice, pinned)),
        deny,
    }
}

fn set(dice: &mut Dice, pinned: usize) -> Set {
    let outcomes = [Outcome::Note, Outcome::Refuse, Outcome::Undecided];
    let named = [
        None,
        None,
        Some(vec![0]),
        Some(vec![0, 1]),
        Some(vec![1, 2]),
        Some(vec![2, 3]),
    ];
    let signers = if dice.chance(20) {
        dice.pick(&named)
    } else {
        Some(Vec::new())
    };
    let may = signers
        .clone()
        .unwrap_or_else(|| (0..facts::PARTIES).collect());
    let mut beside: Vec<&str> = may
        .iter()
        .map(|party| PARTIES[*party].1)
        .filter(|operator| *operator != ACME)
        .collect();
    beside.sort_unstable();
    beside.dedup();
    let independent = if beside.is_empty() {
        0
    } else {
        1 + dice.below(beside.len())
    };
    let mut unjudged = Vec::new();
    while dice.chance(13) {
        unjudged.push((
            dice.pick(&UNJUDGED),
            dice.pick(&outcomes),
            dice.pick(&[0, 3600, 3601, 86_400 * 10]),
        ));
    }
    unjudged.sort_by_key(|(check, ..)| *check);
    unjudged.dedup_by_key(|(check, ..)| *check);
    let (one, two) = (vec!["contract"], vec!["contract", "opt-in"]);
    let all = vec!["contract", "opt-in", "ask-each-time"];
    Set {
        threshold: dice.chance(20).then(|| 1 + dice.below(pinned)),
        independent,
        signers: signers.filter(|_| independent > 0),
        min_age: dice.pick(&[0, 0, 0, 0, 0, 0, 3000, 3600, 3601, 7200, 86_400]),
        otherwise: dice.pick(&outcomes),
        chain: dice.chance(80),
        tiers: dice.pick(&[vec![], vec!["early"], vec!["early", "lab"]]),
        allow: dice.pick(&[
            one.clone(),
            one,
            two.clone(),
            two,
            all.clone(),
            all,
            vec!["ask-each-time"],
            vec![],
        ]),
        unjudged,
    }
}

fn remembers(dice: &mut Dice, facts: &Facts) -> Remembers {
    match dice.below(12) {
        0 | 1 => return Remembers::First,
        2 => return Remembers::Damaged,
        3 | 4 => return Remembers::NotKept,
        _ => {}
    }
    let mut lines = Vec::new();
    for channel in ["stable", "beta"] {
        let on_line = |said: &usize| {
            facts
                .update(*said)
                .is_some_and(|(update, _)| update.line == line(channel))
        };
        let here: Vec<usize> = facts.updates().into_iter().filter(on_line).collect();
        if !here.is_empty() && dice.chance(55) {
            // Mostly what was accepted once: a serial's first statement.
            let said = dice.pick(&here).min(dice.pick(&here));
            let serial = facts.update(said).unwrap().0.serial;
            let first = here
                .iter()
                .find(|said| facts.update(**said).unwrap().0.serial == serial)
                .unwrap();
            let mark = match dice.below(12) {
                0 => (serial + 1, digest("ahead")),
                1 => (serial, digest("another statement")),
                2 => (serial, facts.said[said].id),
                _ => (serial, facts.said[*first].id),
            };
            lines.push((line(channel), mark.0, mark.1));
        }
        if dice.chance(60) {
            lines.push((
                companion(channel),
                dice.pick(&[1, 4, 5, 7]),
                digest("rules"),
            ));
        }
    }
    let mut checkpoint = None;
    if !facts.checkpoints.is_empty() && dice.chance(40) {
        let mut seen = dice.pick(&facts.checkpoints);
        (seen.cosigned, seen.fork, seen.harm) = (Vec::new(), None, CheckpointHarm::None);
        if dice.chance(10) {
            seen.harm = CheckpointHarm::OneLogKey;
        }
        if dice.chance(20) {
            seen.fork = Some(dice.below(seen.size));
        }
        checkpoint = Some(seen);
    }
    let times = [-86_400, -86_400, -7200, -3600, 0, 200, 86_400];
    let quorum_time = dice.chance(80).then(|| NOW + dice.pick(&times));
    Remembers::Known {
        quorum_time,
        lines,
        checkpoint,
    }
}

const UNJUDGED: [CheckName; 12] = [
    CheckName::Standing,
    CheckName::Newest,
    CheckName::Fresh,
    CheckName::Rebuilt,
    CheckName::Provenance,
    CheckName::Sbom,
    CheckName::Reviewed,
    CheckName::RulesFingerprint,
    CheckName::RulesReviewed,
    CheckName::Assessed,
    CheckName::DataChecked,
    CheckName::Advisories,
];

impl Rules {
    pub(crate) fn policy(&self) -> Policy {
        // Parsed while it was in force: whether it still is, is the judge's question.
        let parsed = Policy::parse(&self.text(), Time::from_seconds(NOW));
        parsed.unwrap_or_else(|invalid| panic!("{invalid:?}: {self:?}"))
    }
}

impl Question {
    pub(crate) fn artifact(&self) -> Artifact {
        match &self.artifact {
            Asked::File(digest) => Artifact::File(*digest),
            Asked::Set(files) => Artifact::Set(files.clone()),
        }
    }

    pub(crate) fn choice(&self) -> Choice {
        Choice {
            channel: self.channel.map(word),
        }
    }

    pub(crate) fn memory(&self, facts: &Facts, built: &Built) -> Memory {
        match &self.memory {
            Remembers::First => Memory::First,
            Remembers::NotKept => Memory::NotKept,
            Remembers::Damaged => Memory::Damaged,
            Remembers::Known {
                quorum_time,
                lines,
                checkpoint,
            } => {
                let mark = |(line, serial, statement): &(Line, u64, Hash)| {
                    (
                        line.id(),
                        LineMark {
                            serial: *serial,
                            statement: *statement,
                            digest: digest("remembered"),
                        },
                    )
                };
                let log =
                    |seen: &Checkpoint| (ORIGINS[seen.log].to_owned(), built.note(facts, seen));
                Memory::Known(Marks {
                    policy: Some((7, sha256(b"policy"))),
                    quorum_time: quorum_time.map(Time::from_seconds),
                    logs: checkpoint.iter().map(log).collect(),
                    lines: lines.iter().map(mark).collect(),
                })
            }
        }
    }
}
