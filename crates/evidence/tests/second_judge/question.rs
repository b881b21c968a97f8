//! What is asked about a world: which policy judges, what the machine remembers, which file, when.

use std::fmt::Write as _;

use evidence::judge::{Artifact, Choice};
use evidence::line::Line;
use evidence::name::Name;
use evidence::policy::{Outcome, Policy};
use evidence::reason::CheckName;
use evidence::state::{LineMark, Marks, Memory};
use evidence::time::{Duration, Time};
use tlog::hash::{Hash, sha256};

use crate::build::{Built, KEYS};
use crate::dice::Dice;
use crate::facts::{self, By, Checkpoint, CheckpointHarm, Facts, ORIGINS, companion, digest, line};
use crate::kit::{NOW, word};

/// Name, operator and log of each party.
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
    pub(crate) pinned: usize,
    pub(crate) threshold: usize,
    pub(crate) quorum: usize,
    pub(crate) channels: Vec<&'static str>,
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

pub(crate) fn ask(dice: &mut Dice, facts: &Facts) -> Question {
    let rules = rules(dice, facts);
    let memory = remembers(dice, facts);
    let now = if dice.chance(70) {
        NOW
    } else {
        NOW + dice.pick(&[
            -86_400 * 3,
            -7500,
            -7200,
            -3901,
            -3900,
            -3600,
            -300,
            1,
            3600,
            7200,
            86_400,
            86_400 * 25,
            86_400 * 40,
        ])
    };
    let channel = dice.pick(&[None, None, None, Some("stable"), Some("beta")]);
    Question {
        rules,
        memory,
        now,
        artifact: asked(dice, facts),
        channel,
    }
}

fn asked(dice: &mut Dice, facts: &Facts) -> Asked {
    let updates: Vec<_> = (0..facts.said.len())
        .filter_map(|said| facts.update(said))
        .collect();
    if updates.is_empty() || dice.chance(5) {
        return Asked::File(digest("unheard of"));
    }
    let (update, subjects) = dice.pick(&updates);
    if dice.chance(15) {
        let pair = |subject: &evidence::statement::Subject| {
            (subject.name.clone().unwrap(), subject.sha256)
        };
        let mut files: Vec<_> = subjects.iter().map(pair).collect();
        if dice.chance(40) {
            match dice.below(4) {
                0 => files.push((Name::parse("foreign.deb").unwrap(), digest("unheard of"))),
                1 => files.truncate(1),
                2 => files[0].0 = Name::parse("renamed.deb").unwrap(),
                _ => files[0].1 = digest("unheard of"),
            }
        }
        return Asked::Set(files);
    }
    let _ = update;
    Asked::File(dice.pick(subjects).sha256)
}

fn rules(dice: &mut Dice, facts: &Facts) -> Rules {
    let pinned = 1 + dice.below(facts::RELEASE_KEYS);
    let threshold = if dice.chance(70) {
        1
    } else {
        1 + dice.below(pinned)
    };
    let set = set(dice, pinned);
    let beta = dice.chance(20).then(|| self::set(dice, pinned));
    let ids: Vec<Hash> = facts
        .said
        .iter()
        .map(|said| said.id)
        .chain([digest("nothing")])
        .collect();
    let mut deny = Vec::new();
    while dice.chance(14) {
        deny.push(match dice.below(6) {
            0 => Deny::Digest(dice.pick(&[
                digest("1"),
                digest("2"),
                digest("stable 1"),
                digest("data 1"),
                digest("patch 2"),
                digest("unheard of"),
            ])),
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
        quorum: dice.pick(&[1, 2, 2, 2, 3]),
        channels: dice.pick(&[
            vec!["stable"],
            vec!["stable", "beta"],
            vec!["stable", "beta"],
        ]),
        expires: if dice.chance(93) {
            86_400 * 300
        } else {
            dice.pick(&[1, 3600, 86_400])
        },
        skew: dice.pick(&[300, 300, 300, 0, 3600]),
        set,
        beta,
        deny,
    }
}

fn set(dice: &mut Dice, pinned: usize) -> Set {
    let outcomes = [Outcome::Note, Outcome::Refuse, Outcome::Undecided];
    let signers = dice.pick(&[
        None,
        None,
        Some(vec![0]),
        Some(vec![0, 1]),
        Some(vec![1, 2]),
        Some(vec![2, 3]),
    ]);
    let mut beside: Vec<_> = signers
        .clone()
        .unwrap_or_else(|| (0..facts::PARTIES).collect())
        .iter()
        .map(|party| PARTIES[*party].1)
        .filter(|operator| *operator != ACME)
        .collect();
    beside.sort_unstable();
    beside.dedup();
    let independent = if dice.chance(75) {
        0
    } else {
        dice.below(beside.len() + 1)
    };
    let signers = signers.filter(|_| independent > 0);
    let unjudged = if dice.chance(75) {
        0
    } else {
        1 + dice.below(3)
    };
    let mut unjudged: Vec<_> = (0..unjudged)
        .map(|_| {
            let check = dice.pick(&UNJUDGED);
            (
                check,
                dice.pick(&outcomes),
                dice.pick(&[0, 0, 3600, 3601, 86_400, 86_400 * 10]),
            )
        })
        .collect();
    unjudged.sort_by_key(|(check, ..)| *check);
    unjudged.dedup_by_key(|(check, ..)| *check);
    Set {
        threshold: dice.chance(20).then(|| 1 + dice.below(pinned)),
        independent,
        signers,
        min_age: dice.pick(&[0, 0, 0, 0, 3000, 3600, 3601, 7200, 86_400]),
        otherwise: dice.pick(&outcomes),
        chain: dice.chance(80),
        tiers: dice.pick(&[vec![], vec![], vec!["early"], vec!["early", "lab"]]),
        allow: dice.pick(&[
            vec!["contract"],
            vec!["contract"],
            vec!["contract", "opt-in"],
            vec!["contract", "opt-in", "ask-each-time"],
            vec!["ask-each-time"],
            vec![],
        ]),
        unjudged,
    }
}

fn remembers(dice: &mut Dice, facts: &Facts) -> Remembers {
    match dice.below(10) {
        0 => return Remembers::First,
        1 => return Remembers::Damaged,
        2 | 3 => return Remembers::NotKept,
        _ => {}
    }
    let mut lines = Vec::new();
    let updates: Vec<_> = (0..facts.said.len())
        .filter_map(|said| facts.update(said).map(|found| (said, found.0)))
        .collect();
    for channel in ["stable", "beta"] {
        let here: Vec<_> = updates
            .iter()
            .filter(|(_, update)| update.line == line(channel))
            .collect();
        if here.is_empty() || dice.chance(35) {
            continue;
        }
        let (said, update) = dice.pick(&here);
        let mark = match dice.below(8) {
            0 => (update.serial + 1, digest("ahead")),
            1 => (update.serial, digest("another statement")),
            _ => (update.serial, facts.said[*said].id),
        };
        lines.push((line(channel), mark.0, mark.1));
    }
    for channel in ["stable", "beta"] {
        if dice.chance(50) {
            lines.push((
                companion(channel),
                dice.pick(&[1, 4, 5, 7]),
                digest("rules"),
            ));
        }
    }
    let checkpoint = if facts.checkpoints.is_empty() || dice.chance(60) {
        None
    } else {
        let mut seen = dice.pick(&facts.checkpoints);
        (seen.cosigned, seen.fork) = (Vec::new(), None);
        seen.harm = if dice.chance(10) {
            CheckpointHarm::OneLogKey
        } else {
            CheckpointHarm::None
        };
        if dice.chance(20) {
            seen.fork = Some(dice.below(seen.size));
        }
        Some(seen)
    };
    let quorum_time = dice.pick(&[
        None,
        Some(NOW - 86_400),
        Some(NOW - 3600),
        Some(NOW),
        Some(NOW + 200),
        Some(NOW + 86_400),
    ]);
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

impl Question {
    pub(crate) fn policy(&self) -> Policy {
        let text = self.rules.text();
        // Parsed while it was in force: whether it still is, is the judge's question.
        Policy::parse(&text, Time::from_seconds(NOW))
            .unwrap_or_else(|invalid| panic!("{invalid:?}"))
    }

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

impl Rules {
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).unwrap();
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let duration = |seconds: i64| Duration::from_seconds(seconds.unsigned_abs()).to_string();
        writeln!(text, "policy = 1\nname = \"example-hospital\"\nserial = 7")?;
        writeln!(
            text,
            "expires = \"{}\"\nclock-skew = \"{}\"\n",
            Time::from_seconds(NOW + self.expires),
            duration(self.skew)
        )?;
        writeln!(
            text,
            "[[line]]\npublisher = \"acme\"\nproduct = \"acme-shield\"\nkinds = [\"software\"]"
        )?;
        writeln!(
            text,
            "channels = {:?}\nplatforms = [\"linux-x86_64\"]\n",
            self.channels
        )?;
        writeln!(text, "[witnesses]\nregions = '''")?;
        for witness in 0..3 {
            let [one, two] = KEYS.witness_vkeys(witness);
            writeln!(
                text,
                "witness w{witness}e {one}\nwitness w{witness}m {two}\ngroup w{witness} any w{witness}e w{witness}m"
            )?;
        }
        writeln!(
            text,
            "group three {} w0 w1 w2\nquorum three\n'''\n\n[log]",
            self.quorum
        )?;
        for log in 0..2 {
            writeln!(
                text,
                "\"{}\" = {{ keys = {:?}, witnesses = \"regions\" }}",
                ORIGINS[log],
                KEYS.log_vkeys(log)
            )?;
        }
        let key = |by: By| KEYS.public(by).to_policy_text();
        let release: Vec<String> = (0..self.pinned).map(|at| key(By::Release(at))).collect();
        writeln!(
            text,
            "\n[publisher.acme]\noperator = \"{ACME}\"\njurisdiction = \"DE\"\nlog = \"{}\"",
            ORIGINS[0]
        )?;
        writeln!(text, "keys = {release:?}\nthreshold = {}\n", self.threshold)?;
        writeln!(
            text,
            "[publisher.rival]\noperator = \"Rival\"\njurisdiction = \"FR\"\nlog = \"{}\"",
            ORIGINS[0]
        )?;
        writeln!(
            text,
            "keys = [{:?}]\nthreshold = 1\n\n[party]",
            key(By::Rival)
        )?;
        for (party, (name, operator, log)) in PARTIES.iter().enumerate() {
            let rest = format!(
                "log = \"{}\", keys = [{:?}]",
                ORIGINS[*log],
                key(By::Party(party))
            );
            let roles = "[\"signer\", \"center\", \"rebuilder\", \"reviewer\", \"assessor\", \"coordinator\"]";
            writeln!(
                text,
                "{name} = {{ operator = \"{operator}\", jurisdiction = \"CH\", roles = {roles}, {rest} }}"
            )?;
        }
        writeln!(text, "\n[require.all]\nwhen = {{ publisher = \"acme\" }}")?;
        self.set.write(text)?;
        if let Some(beta) = &self.beta {
            writeln!(
                text,
                "\n[require.beta]\nwhen = {{ publisher = \"acme\", channel = \"beta\" }}"
            )?;
            beta.write(text)?;
        }
        for deny in &self.deny {
            writeln!(text, "\n[[deny]]\nreason = \"not here\"")?;
            match deny {
                Deny::Digest(digest) => writeln!(text, "digest = \"sha256:{digest}\"")?,
                Deny::Key(by) => writeln!(text, "key = \"{}\"", key(*by))?,
                Deny::Acme => writeln!(text, "party = \"acme\"")?,
                Deny::Party(party) => writeln!(text, "party = \"{}\"", PARTIES[*party].0)?,
                Deny::Statement(id) => writeln!(text, "statement = \"sha256:{id}\"")?,
                Deny::Serials(channel, serials) => {
                    let words = format!(
                        "product = \"acme-shield\", kind = \"software\", channel = \"{channel}\""
                    );
                    writeln!(
                        text,
                        "line = {{ publisher = \"acme\", {words}, platform = \"linux-x86_64\" }}\nserials = {serials:?}"
                    )?;
                }
            }
        }
        Ok(())
    }
}

impl Set {
    fn write(&self, text: &mut String) -> std::fmt::Result {
        let seconds = |seconds: i64| Duration::from_seconds(seconds.unsigned_abs()).to_string();
        let mut published = format!(
            "min-age = \"{}\", otherwise = \"{}\"",
            seconds(self.min_age),
            self.otherwise
        );
        if let Some(threshold) = self.threshold {
            write!(published, ", threshold = {threshold}")?;
        }
        if self.independent > 0 {
            write!(published, ", independent = {}", self.independent)?;
        }
        if let Some(signers) = &self.signers {
            let names: Vec<_> = signers.iter().map(|party| PARTIES[*party].0).collect();
            write!(published, ", signers = {names:?}")?;
        }
        writeln!(
            text,
            "published = {{ {published} }}\nserial = {{ chain = {} }}",
            self.chain
        )?;
        writeln!(
            text,
            "audience = {{ tiers = {:?} }}\nconsent = {{ allow = {:?} }}",
            self.tiers, self.allow
        )?;
        for (check, otherwise, grace) in &self.unjudged {
            let mut members = match check {
                CheckName::Advisories => "worst = \"low\"".to_owned(),
                _ => format!("otherwise = \"{otherwise}\""),
            };
            if has_grace(*check) {
                write!(members, ", grace = \"{}\"", seconds(*grace))?;
            }
            if *check == CheckName::Fresh {
                members.push_str(", max-age = \"P1D\"");
            }
            writeln!(text, "{check} = {{ {members} }}")?;
        }
        Ok(())
    }
}

/// Whether the requirement has `grace` (§7: every countable one, and provenance).
pub(crate) const fn has_grace(check: CheckName) -> bool {
    !matches!(
        check,
        CheckName::Newest
            | CheckName::Fresh
            | CheckName::Sbom
            | CheckName::RulesFingerprint
            | CheckName::Advisories
    )
}
