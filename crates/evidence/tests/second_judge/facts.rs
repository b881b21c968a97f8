//! What happened in a world, as plain facts: who said what, which log took it, who cosigned, what the bundle holds.
//! The naive judge reads these facts and no signature; `build` makes real bytes of them for the first judge.

use evidence::kind::Update;
use evidence::kind::update::{
    Actions, Audience, Class, Consent, File, Predecessor, Requirement, Role, State,
};
use evidence::kind::update::{Sbom, SbomFormat, Withdrawal, WithdrawalReason};
use evidence::line::{Line, LineKind};
use evidence::name::Name;
use evidence::statement::Subject;
use evidence::time::Time;
use tlog::hash::{Hash, sha256};

use crate::dice::Dice;
use crate::kit::{self, NOW, word};

/// Release keys that exist; a policy pins the first few of them.
pub(crate) const RELEASE_KEYS: usize = 3;
/// Parties beside the publisher, by number; [`crate::question`] says who they are.
pub(crate) const PARTIES: usize = 4;
/// The logs: the publisher's, a center's, and one that no policy names.
pub(crate) const ORIGINS: [&str; 3] = [
    "log.acme.example/v1",
    "center-eu.example/v1",
    "log.elsewhere.example/v1",
];
/// Witnesses: three of the policy and one that is not.
pub(crate) const WITNESSES: [&str; 4] = ["eu", "us", "sg", "xx"];

#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) said: Vec<Said>,
    /// In the order of each log.
    pub(crate) entries: Vec<Entry>,
    pub(crate) checkpoints: Vec<Checkpoint>,
    /// The bundle, in its order.
    pub(crate) lines: Vec<BundleLine>,
}

#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) what: What,
    pub(crate) payload: Vec<u8>,
    pub(crate) id: Hash,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    Update(Box<Update>, Vec<Subject>),
    /// A foreign kind that is carried, never judged.
    Provenance,
    /// A predicate type that nobody knows.
    UnknownKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum By {
    Release(usize),
    Party(usize),
    /// Another publisher of the policy.
    Rival,
    Stranger,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Flavour {
    Plain,
    /// The same signing with s negated.
    HighS,
    /// The named key never signed this.
    Forged,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    pub(crate) log: usize,
    pub(crate) said: usize,
    pub(crate) by: By,
    pub(crate) flavour: Flavour,
}

#[derive(Clone, Debug)]
pub(crate) struct Checkpoint {
    pub(crate) log: usize,
    pub(crate) size: usize,
    /// The index of the leaf that this view of the log replaces by another one.
    pub(crate) fork: Option<usize>,
    /// Witness and time.
    pub(crate) cosigned: Vec<(usize, i64)>,
    pub(crate) harm: CheckpointHarm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckpointHarm {
    None,
    /// One of the log's two keys has not signed.
    OneLogKey,
    /// A known cosigner's name is damaged (design note 0003).
    Name,
    /// A known cosigner's signature is damaged (N5).
    Signature,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct BundleLine {
    pub(crate) entry: usize,
    pub(crate) checkpoint: usize,
    pub(crate) harm: LineHarm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineHarm {
    None,
    /// The end is cut off.
    Cut,
    /// A byte of the payload is another one, so the entry logs something else.
    Payload,
    /// One hash too many.
    Proof,
    /// The index is that of another entry.
    Index(usize),
}

impl Facts {
    /// The entries of a log, as positions in `entries`.
    pub(crate) fn log(&self, log: usize) -> Vec<usize> {
        (0..self.entries.len())
            .filter(|at| self.entries[*at].log == log)
            .collect()
    }

    /// The index of an entry in its log.
    pub(crate) fn index(&self, entry: usize) -> usize {
        let log = self.entries[entry].log;
        self.entries[..entry]
            .iter()
            .filter(|other| other.log == log)
            .count()
    }

    pub(crate) fn update(&self, said: usize) -> Option<(&Update, &[Subject])> {
        match &self.said[said].what {
            What::Update(update, subjects) => Some((update, subjects)),
            What::Provenance | What::UnknownKind => None,
        }
    }

    pub(crate) fn say(&mut self, update: &Update, subjects: &[Subject]) -> usize {
        let payload = update
            .to_statement_bytes(subjects)
            .unwrap_or_else(|refusal| panic!("{refusal}: {:?}", update.activation));
        let mut subjects = subjects.to_vec();
        subjects.sort();
        self.push(What::Update(Box::new(update.clone()), subjects), payload)
    }

    fn push(&mut self, what: What, payload: Vec<u8>) -> usize {
        let id = sha256(&payload);
        if let Some(known) = self.said.iter().position(|said| said.id == id) {
            return known;
        }
        self.said.push(Said { what, payload, id });
        self.said.len() - 1
    }
}

pub(crate) fn line(channel: &str) -> Line {
    Line {
        channel: word(channel),
        ..kit::line()
    }
}

/// The line that companions stand on.
pub(crate) fn companion(channel: &str) -> Line {
    Line {
        product: word("acme-rules"),
        kind: LineKind::DetectionRules,
        ..line(channel)
    }
}

/// A file that is everywhere the same, or one of a channel.
pub(crate) fn digest(name: &str) -> Hash {
    sha256(format!("file {name}").as_bytes())
}

/// Rules that a generated world keeps to, so that laws can be tried on simple worlds as well as on wild ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Most acts are honest and complete.
    Calm,
    /// Liars, damage, loss.
    Wild,
}

pub(crate) fn generate(seed: u64) -> Facts {
    let mut dice = Dice::new(seed);
    let mood = if dice.chance(40) {
        Mood::Calm
    } else {
        Mood::Wild
    };
    let mut story = Story {
        dice,
        mood,
        facts: empty(),
        acts: Vec::new(),
    };
    let channels: &[&str] = if story.dice.chance(35) {
        &["stable", "beta"]
    } else {
        &["stable"]
    };
    for channel in channels {
        let most = if channels.len() == 2 { 3 } else { 5 };
        let serials = story.dice.below(most);
        story.tell(channel, serials);
    }
    story.strangers();
    story.log_all();
    story.cosign();
    story.bundle();
    story.facts
}

fn empty() -> Facts {
    Facts {
        said: Vec::new(),
        entries: Vec::new(),
        checkpoints: Vec::new(),
        lines: Vec::new(),
    }
}

struct Story {
    dice: Dice,
    mood: Mood,
    facts: Facts,
    /// Signings in the order of time.
    acts: Vec<(usize, By)>,
}

impl Story {
    fn wild(&mut self, percent: usize) -> bool {
        self.mood == Mood::Wild && self.dice.chance(percent)
    }

    fn tell(&mut self, channel: &str, serials: usize) {
        let mut previous: Option<(u64, Hash)> = None;
        let mut earlier: Vec<Hash> = Vec::new();
        let mut serial = 0;
        for _ in 0..serials {
            serial += if self.dice.chance(90) { 1 } else { 2 };
            let (update, subjects) = self.offer(channel, serial, previous, &earlier);
            earlier.push(subjects[0].sha256);
            let said = self.facts.say(&update, &subjects);
            let id = self.facts.said[said].id;
            self.sign(said, 85);
            previous = Some((serial, id));
            self.amend(said, &update, &subjects);
            if self.wild(12) {
                self.equivocate(update, subjects);
            }
        }
    }

    fn offer(
        &mut self,
        channel: &str,
        serial: u64,
        previous: Option<(u64, Hash)>,
        earlier: &[Hash],
    ) -> (Update, Vec<Subject>) {
        let mut update = kit::update(serial, None);
        update.line = line(channel);
        update.predecessor = previous.map(|(serial, statement)| Predecessor { serial, statement });
        if self.wild(8) {
            update.predecessor = previous.map(|(serial, _)| Predecessor {
                serial,
                statement: digest("nobody"),
            });
        } else if self.wild(4) {
            update.predecessor = None;
        }
        let name = if self.dice.chance(60) {
            serial.to_string()
        } else {
            format!("{channel} {serial}")
        };
        let mut full = digest(&name);
        if !earlier.is_empty() && self.dice.chance(10) {
            full = self.dice.pick(earlier);
            update.returns_to = Some(1);
        }
        let mut files = vec![("app", full, Role::Full)];
        if self.dice.chance(15) {
            files.push(("data", digest(&format!("data {serial}")), Role::Part));
        }
        if !earlier.is_empty() && self.dice.chance(15) {
            let from = self.dice.pick(earlier);
            if from != full {
                files.push((
                    "patch",
                    digest(&format!("patch {serial}")),
                    Role::Patch { from, to: full },
                ));
            }
        }
        let subjects = files
            .iter()
            .map(|(name, digest, _)| Subject::file(file_name(name, serial), *digest))
            .collect();
        update.files = files
            .iter()
            .map(|(name, _, role)| File {
                name: file_name(name, serial),
                size: 7,
                role: *role,
            })
            .collect();
        if self.dice.chance(25) {
            let days = self.dice.pick(&[-1, 0, 5, 20, 90]);
            let shift = self.dice.pick(&[0, 0, 1, -1]);
            let everyone_by = Time::from_seconds(NOW + days * 86_400 + shift);
            update.audience = Audience::Tier {
                name: word(self.dice.pick(&["early", "lab"])),
                permille: 10,
                everyone_by,
            };
        }
        update.actions = Actions {
            class: self.dice.pick(&[
                Class::Fix,
                Class::Fix,
                Class::Fix,
                Class::Feature,
                Class::ProductChange,
            ]),
            consent: self.dice.pick(&[
                Consent::Contract,
                Consent::Contract,
                Consent::Contract,
                Consent::OptIn,
                Consent::AskEachTime,
            ]),
        };
        if self.dice.chance(20) {
            update.activation.from = Time::from_seconds(NOW + self.dice.pick(&[-3600, 0, 1, 3600]));
        }
        if self.dice.chance(25) {
            update.activation.until = Some(Time::from_seconds(
                NOW + self.dice.pick(&[3601, 7200, 86_400, 90_000]),
            ));
        }
        if self.wild(8) {
            update.activation.from = Time::from_seconds(NOW - 90_000);
            update.activation.until = Some(Time::from_seconds(NOW + self.dice.pick(&[-1, 0, 1])));
        }
        if self.dice.chance(15) {
            let (min, max) = self
                .dice
                .pick(&[(1, None), (5, None), (5, Some(6)), (1, Some(3))]);
            update.requires = vec![Requirement {
                kind: LineKind::DetectionRules,
                product: word("acme-rules"),
                min,
                max,
            }];
        }
        (update, subjects)
    }

    /// A few of the release keys sign, now and then a party too, or one key twice.
    fn sign(&mut self, said: usize, percent: usize) {
        let percent = if self.mood == Mood::Calm {
            100
        } else {
            percent
        };
        for key in 0..RELEASE_KEYS {
            if self.dice.chance(percent) {
                self.acts.push((said, By::Release(key)));
                if self.wild(5) {
                    self.acts.push((said, By::Release(key)));
                }
            }
        }
        for party in 0..PARTIES {
            if self.dice.chance(12) {
                self.acts.push((said, By::Party(party)));
            }
        }
        if self.wild(3) {
            self.acts.push((said, By::Rival));
        }
        if self.wild(6) {
            self.acts.push((said, By::Stranger));
        }
    }

    fn amend(&mut self, first: usize, update: &Update, subjects: &[Subject]) {
        let mut last = (first, update.clone());
        let many = self.dice.pick(&[0, 0, 0, 1, 1, 2]);
        for _ in 0..many {
            let mut next = last.1.clone();
            let wild = self.mood == Mood::Wild;
            let mut percent = 80;
            match self.dice.below(if wild { 10 } else { 4 }) {
                0 => next.audience = Audience::Everyone,
                1 => next.notes = Some(digest("notes")),
                2 => {
                    next.sbom = vec![Sbom {
                        format: SbomFormat::Spdx,
                        sha256: digest("sbom"),
                    }]
                }
                3 => {
                    let until = last
                        .1
                        .activation
                        .until
                        .unwrap_or(Time::from_seconds(NOW + 90_000));
                    let until = Time::from_seconds((until.seconds() - 7200).max(NOW - 7200));
                    next.activation.until =
                        Some(until.max(Time::from_seconds(last.1.activation.from.seconds() + 1)));
                }
                4 | 5 => {
                    let text = "crashes".into();
                    next.state = State::Withdrawn(Withdrawal {
                        reason: WithdrawalReason::Crash,
                        text,
                    });
                    percent = 35;
                }
                6 => next.state = State::Offered,
                7 => next.activation.until = None,
                8 => next.actions.consent = Consent::Contract,
                _ => {
                    let everyone_by = Time::from_seconds(NOW + 5 * 86_400);
                    next.audience = Audience::Tier {
                        name: word("lab"),
                        permille: 10,
                        everyone_by,
                    };
                }
            }
            next.supersedes = vec![self.facts.said[last.0].id];
            if self.wild(8) {
                next.supersedes = self.dice.pick(&[
                    vec![],
                    vec![self.facts.said[first].id],
                    vec![digest("nothing")],
                ]);
            }
            let said = self.facts.say(&next, subjects);
            self.sign(said, percent);
            last = (said, next);
        }
    }

    /// A second set of files, or another predecessor, for one serial.
    fn equivocate(&mut self, mut update: Update, mut subjects: Vec<Subject>) {
        if self.dice.chance(70) {
            subjects[0].sha256 = digest("targeted");
            for file in &mut update.files {
                if let Role::Patch { to, .. } = &mut file.role {
                    *to = digest("targeted");
                }
            }
        } else {
            let serial = update.serial - 1;
            update.predecessor = (serial > 0).then(|| Predecessor {
                serial,
                statement: digest("elsewhere"),
            });
        }
        let said = self.facts.say(&update, &subjects);
        let by = self.dice.pick(&[
            By::Release(0),
            By::Release(2),
            By::Party(0),
            By::Rival,
            By::Stranger,
        ]);
        self.acts.push((said, by));
    }

    fn strangers(&mut self) {
        if self.wild(15) {
            let said = self
                .facts
                .push(What::Provenance, foreign("https://slsa.dev/provenance/v1"));
            let by = self
                .dice
                .pick(&[By::Release(0), By::Party(1), By::Stranger]);
            self.acts.push((said, by));
        }
        if self.wild(15) {
            let said = self
                .facts
                .push(What::UnknownKind, foreign("urn:vitrine:unheard-of:v1"));
            let by = self
                .dice
                .pick(&[By::Release(1), By::Party(1), By::Stranger]);
            self.acts.push((said, by));
        }
        if self.dice.chance(10) {
            let (update, subjects) = self.offer("stable", 9, None, &[]);
            let said = self.facts.say(&update, &subjects);
            self.acts.push((said, By::Stranger));
        }
    }

    fn log_all(&mut self) {
        let mut acts = std::mem::take(&mut self.acts);
        if acts.len() > 1 && self.wild(10) {
            let at = self.dice.below(acts.len() - 1);
            acts.swap(at, at + 1);
        }
        for (said, by) in acts {
            let mut log = 0;
            if matches!(by, By::Party(_)) && self.dice.chance(50) {
                log = 1;
            }
            if self.wild(3) {
                log = self.dice.pick(&[1, 2]);
            }
            let flavour = if self.wild(4) {
                Flavour::HighS
            } else if self.wild(3) {
                Flavour::Forged
            } else {
                Flavour::Plain
            };
            self.facts.entries.push(Entry {
                log,
                said,
                by,
                flavour,
            });
        }
    }

    fn cosign(&mut self) {
        for log in 0..ORIGINS.len() {
            let size = self.facts.log(log).len();
            if size == 0 {
                continue;
            }
            let mut sizes = vec![size];
            if size > 1 && self.dice.chance(45) {
                sizes.insert(0, 1 + self.dice.below(size - 1));
            }
            for (position, size) in sizes.iter().enumerate() {
                let age = [[86_400 * 3, 7200], [7200, 3600]][sizes.len() - 1][position];
                let checkpoint = self.checkpoint(log, *size, NOW - age);
                self.facts.checkpoints.push(checkpoint);
                if self.wild(6) {
                    // The same tree with other cosignatures.
                    let again = self.checkpoint(log, *size, NOW - age + 600);
                    self.facts.checkpoints.push(again);
                }
                if self.wild(6) {
                    let mut fork = self.checkpoint(log, *size, NOW - age);
                    fork.fork = Some(self.dice.below(*size));
                    self.facts.checkpoints.push(fork);
                }
            }
        }
    }

    fn checkpoint(&mut self, log: usize, size: usize, time: i64) -> Checkpoint {
        let mut cosigned = Vec::new();
        for witness in 0..3 {
            let percent = if self.mood == Mood::Calm { 95 } else { 75 };
            if self.dice.chance(percent) {
                let mut when = time + self.dice.pick(&[0, 0, 60, 600, 1800]);
                if self.wild(3) {
                    when = NOW + self.dice.pick(&[200, 300, 301, 600]);
                }
                cosigned.push((witness, when));
            }
        }
        if self.dice.chance(8) {
            cosigned.push((3, time));
        }
        let harm = if self.wild(8) {
            self.dice.pick(&[
                CheckpointHarm::OneLogKey,
                CheckpointHarm::Name,
                CheckpointHarm::Signature,
            ])
        } else {
            CheckpointHarm::None
        };
        let known = cosigned.iter().any(|(witness, _)| *witness < 3);
        let harm = if known || harm == CheckpointHarm::OneLogKey {
            harm
        } else {
            CheckpointHarm::None
        };
        Checkpoint {
            log,
            size,
            fork: None,
            cosigned,
            harm,
        }
    }

    fn bundle(&mut self) {
        for entry in 0..self.facts.entries.len() {
            let log = self.facts.entries[entry].log;
            let index = self.facts.index(entry);
            let covers = |checkpoint: &Checkpoint| checkpoint.log == log && checkpoint.size > index;
            let covering: Vec<usize> = (0..self.facts.checkpoints.len())
                .filter(|at| covers(&self.facts.checkpoints[*at]))
                .collect();
            if self.wild(6) {
                continue;
            }
            let mut chosen = vec![if self.dice.chance(70) {
                covering[0]
            } else {
                self.dice.pick(&covering)
            }];
            if self.wild(10) {
                chosen.push(self.dice.pick(&covering));
            }
            for checkpoint in chosen {
                let harm = self.line_harm(entry, checkpoint);
                self.facts.lines.push(BundleLine {
                    entry,
                    checkpoint,
                    harm,
                });
            }
        }
        self.dice.shuffle(&mut self.facts.lines);
    }

    fn line_harm(&mut self, entry: usize, checkpoint: usize) -> LineHarm {
        if !self.wild(6) {
            return LineHarm::None;
        }
        let size = self.facts.checkpoints[checkpoint].size;
        let entries = self.facts.log(self.facts.entries[entry].log);
        let other =
            (0..size).find(|at| self.facts.entries[entries[*at]] != self.facts.entries[entry]);
        let index = other.map_or(LineHarm::Proof, LineHarm::Index);
        self.dice
            .pick(&[LineHarm::Cut, LineHarm::Payload, LineHarm::Proof, index])
    }
}

fn file_name(name: &str, serial: u64) -> Name {
    Name::parse(&format!("{name}_4.2.{serial}.deb")).unwrap()
}

fn foreign(predicate_type: &str) -> Vec<u8> {
    let digest = digest("1");
    format!(
        "{{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicate\":{{}},\"predicateType\":\"{predicate_type}\",\
         \"subject\":[{{\"digest\":{{\"sha256\":\"{digest}\"}}}}]}}"
    )
    .into_bytes()
}
