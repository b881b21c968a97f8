//! A random world from a seed: a publisher's updates on one or two lines, amended, withdrawn, signed by few or many, by
//! the wrong ones too; logs that fork; witnesses that are late or early; a bundle with losses and damage.

use evidence::kind::Update;
use evidence::kind::update::{
    Actions, Audience, Class, Consent, File, Predecessor, Requirement, Role, State,
};
use evidence::kind::update::{Sbom, SbomFormat, Withdrawal, WithdrawalReason};
use evidence::line::LineKind;
use evidence::name::Name;
use evidence::statement::Subject;
use evidence::time::Time;
use tlog::hash::Hash;

use crate::dice::Dice;
use crate::facts::{
    BundleLine, By, Checkpoint, CheckpointHarm, Entry, FOREIGN_SUBJECT, Facts, Flavour,
    KNOWN_WITNESSES, LineHarm, ORIGINS, PARTIES, RELEASE_KEYS, What, digest, line,
};
use crate::kit::{self, NOW, word};

pub(crate) fn world(seed: u64) -> Facts {
    let mut dice = Dice::new(seed);
    let wild = dice.chance(50);
    let mut story = Story {
        dice,
        wild,
        facts: Facts::default(),
        acts: Vec::new(),
    };
    let channels: &[&str] = if story.dice.chance(30) {
        &["stable", "beta"]
    } else {
        &["stable"]
    };
    for channel in channels {
        let serials = if channels.len() == 2 {
            &[0, 1, 1, 2][..]
        } else {
            &[0, 1, 1, 2, 2, 3, 4]
        };
        let serials = story.dice.pick(serials);
        story.tell(channel, serials);
    }
    story.others();
    story.log();
    story.cosign();
    story.bundle();
    story.facts
}

struct Story {
    dice: Dice,
    /// Whether anyone lies, errs or loses something.
    wild: bool,
    facts: Facts,
    /// Signings in the order of time.
    acts: Vec<(usize, By)>,
}

impl Story {
    fn wild(&mut self, percent: usize) -> bool {
        self.wild && self.dice.chance(percent)
    }

    fn tell(&mut self, channel: &str, serials: usize) {
        let mut previous = None;
        let mut earlier: Vec<Hash> = Vec::new();
        let mut serial = 0;
        for _ in 0..serials {
            serial += if self.dice.chance(90) { 1 } else { 2 };
            let (update, subjects) = self.offer(channel, serial, previous, &earlier);
            earlier.push(subjects[0].sha256);
            let said = self.facts.say_update(&update, &subjects);
            self.sign(said, 70);
            previous = Some(Predecessor {
                serial,
                statement: self.facts.said[said].id,
            });
            self.amend(said, &update, &subjects);
            if self.wild(10) {
                self.equivocate(update, subjects);
            }
        }
    }

    fn offer(
        &mut self,
        channel: &str,
        serial: u64,
        previous: Option<Predecessor>,
        earlier: &[Hash],
    ) -> (Update, Vec<Subject>) {
        let mut update = kit::update(serial, None);
        update.line = line(channel);
        update.predecessor = previous;
        if self.wild(7) {
            update.predecessor = previous.map(|previous| Predecessor {
                statement: digest("nobody"),
                ..previous
            });
        } else if self.wild(4) {
            update.predecessor = None;
        }
        // Some files are the same on both lines, some were there before.
        let name = if self.dice.chance(50) {
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
        let subject = |(name, digest, _): &(&str, Hash, Role)| {
            Subject::file(file_name(name, serial), *digest)
        };
        let file = |(name, _, role): &(&str, Hash, Role)| File {
            name: file_name(name, serial),
            size: 7,
            role: *role,
        };
        update.files = files.iter().map(file).collect();
        self.terms(&mut update);
        (update, files.iter().map(subject).collect())
    }

    /// For whom, from when, with what.
    fn terms(&mut self, update: &mut Update) {
        if self.dice.chance(18) {
            let days = self.dice.pick(&[-1, 0, 5, 20, 90]);
            let everyone_by =
                Time::from_seconds(NOW + days * 86_400 + self.dice.pick(&[0, 0, 1, -1]));
            let name = word(self.dice.pick(&["early", "lab"]));
            update.audience = Audience::Tier {
                name,
                permille: 10,
                everyone_by,
            };
        }
        if self.dice.chance(20) {
            let class = self
                .dice
                .pick(&[Class::Fix, Class::Feature, Class::ProductChange]);
            let consent =
                self.dice
                    .pick(&[Consent::Contract, Consent::OptIn, Consent::AskEachTime]);
            update.actions = Actions { class, consent };
        }
        if self.dice.chance(12) {
            update.activation.from = Time::from_seconds(NOW + self.dice.pick(&[-3600, 0, 1, 3600]));
        }
        if self.dice.chance(20) {
            let until = NOW + self.dice.pick(&[3601, 7200, 86_400, 90_000]);
            update.activation.until = Some(Time::from_seconds(until));
        }
        if self.wild(7) {
            update.activation.from = Time::from_seconds(NOW - 90_000);
            update.activation.until = Some(Time::from_seconds(NOW + self.dice.pick(&[-1, 0, 1])));
        }
        if self.dice.chance(10) {
            let (min, max) = self
                .dice
                .pick(&[(1, None), (5, None), (5, Some(6)), (1, Some(3))]);
            let product = word("acme-rules");
            update.requires = vec![Requirement {
                kind: LineKind::DetectionRules,
                product,
                min,
                max,
            }];
        }
    }

    /// Release keys sign, now and then one of them twice; sometimes somebody else does.
    fn sign(&mut self, said: usize, percent: usize) {
        for key in 0..RELEASE_KEYS {
            if self.dice.chance(percent) {
                self.acts.push((said, By::Release(key)));
                if self.wild(4) {
                    self.acts.push((said, By::Release(key)));
                }
            }
        }
        for party in 0..PARTIES {
            if self.dice.chance(8) {
                self.acts.push((said, By::Party(party)));
            }
        }
        if self.wild(3) {
            self.acts.push((said, By::Rival));
        }
        if self.wild(5) {
            self.acts.push((said, By::Stranger));
        }
    }

    /// What U4 allows, and what it does not.
    fn amend(&mut self, first: usize, update: &Update, subjects: &[Subject]) {
        let mut last = (first, update.clone());
        for _ in 0..self.dice.pick(&[0, 0, 0, 0, 1, 1, 2]) {
            let mut next = last.1.clone();
            let mut percent = 80;
            let from = last.1.activation.from.seconds();
            match self.dice.below(if self.wild { 11 } else { 5 }) {
                0 => next.audience = Audience::Everyone,
                1 => next.notes = Some(digest("notes")),
                2 => {
                    next.sbom = vec![Sbom {
                        format: SbomFormat::Spdx,
                        sha256: digest("sbom"),
                    }]
                }
                3 => {
                    let until = last.1.activation.until.map_or(NOW + 90_000, Time::seconds);
                    next.activation.until = Some(Time::from_seconds(
                        (until - 7200).max(NOW - 7200).max(from + 1),
                    ));
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
                9 => next.version = "other".into(),
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
            if self.wild(12) {
                next.supersedes = self.dice.pick(&[
                    vec![],
                    vec![self.facts.said[first].id],
                    vec![digest("nothing")],
                ]);
            }
            let said = self.facts.say_update(&next, subjects);
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
        let said = self.facts.say_update(&update, &subjects);
        let by = self.dice.pick(&[
            By::Release(0),
            By::Release(2),
            By::Party(0),
            By::Rival,
            By::Stranger,
        ]);
        self.acts.push((said, by));
    }

    /// Statements of other kinds, and of strangers.
    fn others(&mut self) {
        if self.wild(15) {
            let said = self
                .facts
                .say(What::Provenance, foreign("https://slsa.dev/provenance/v1"));
            let by = self
                .dice
                .pick(&[By::Release(0), By::Party(1), By::Stranger]);
            self.acts.push((said, by));
        }
        if self.wild(15) {
            let said = self
                .facts
                .say(What::UnknownKind, foreign("urn:vitrine:unheard-of:v1"));
            let by = self
                .dice
                .pick(&[By::Release(1), By::Party(1), By::Stranger]);
            self.acts.push((said, by));
        }
        if self.dice.chance(8) {
            let (update, subjects) = self.offer("stable", 9, None, &[]);
            let said = self.facts.say_update(&update, &subjects);
            self.acts.push((said, By::Stranger));
        }
    }

    fn log(&mut self) {
        let mut acts = std::mem::take(&mut self.acts);
        if acts.len() > 1 && self.wild(10) {
            let at = self.dice.below(acts.len() - 1);
            acts.swap(at, at + 1);
        }
        for (said, by) in acts {
            let mut log = usize::from(matches!(by, By::Party(0 | 1)));
            if self.wild(4) {
                log = self.dice.below(ORIGINS.len());
            }
            let flavour = match self.dice.below(100) {
                0..=3 if self.wild => Flavour::HighS,
                4..=5 if self.wild => Flavour::Forged,
                _ => Flavour::Plain,
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
            let mut views = vec![(size, 7200)];
            if size > 1 && self.dice.chance(40) {
                views = vec![(1 + self.dice.below(size - 1), 7200), (size, 3600)];
            } else if self.dice.chance(50) {
                views = vec![(size, 3 * 86_400)];
            }
            for (size, age) in views {
                let view = self.view(log, size, NOW - age);
                self.facts.checkpoints.push(view);
                if self.wild(6) {
                    let again = self.view(log, size, NOW - age + 600);
                    self.facts.checkpoints.push(again);
                }
                if self.wild(6) {
                    let mut fork = self.view(log, size, NOW - age);
                    fork.fork = Some(self.dice.below(size));
                    self.facts.checkpoints.push(fork);
                }
            }
        }
    }

    fn view(&mut self, log: usize, size: usize, time: i64) -> Checkpoint {
        let mut cosigned = Vec::new();
        for witness in 0..KNOWN_WITNESSES {
            if self.dice.chance(if self.wild { 80 } else { 97 }) {
                let mut when = time + self.dice.pick(&[0, 0, 60, 600, 1800]);
                if self.wild(3) {
                    when = NOW + self.dice.pick(&[200, 300, 301, 600]);
                }
                cosigned.push((witness, when));
            }
        }
        let mut harm = CheckpointHarm::None;
        if self.wild(6) {
            harm = self.dice.pick(&[
                CheckpointHarm::OneLogKey,
                CheckpointHarm::Name,
                CheckpointHarm::Signature,
            ]);
        }
        if cosigned.is_empty() && harm != CheckpointHarm::OneLogKey {
            harm = CheckpointHarm::None;
        }
        if self.dice.chance(8) {
            cosigned.push((KNOWN_WITNESSES, time));
        }
        Checkpoint {
            log,
            size,
            fork: None,
            cosigned,
            harm,
        }
    }

    /// Each entry under a checkpoint that covers it, mostly the first.
    fn bundle(&mut self) {
        for entry in 0..self.facts.entries.len() {
            let (log, index) = (self.facts.entries[entry].log, self.facts.index(entry));
            let covers = |at: &usize| {
                self.facts.checkpoints[*at].log == log && self.facts.checkpoints[*at].size > index
            };
            let covering: Vec<usize> = (0..self.facts.checkpoints.len()).filter(covers).collect();
            if self.wild(5) {
                continue;
            }
            let mut chosen = vec![if self.dice.chance(70) {
                covering[0]
            } else {
                self.dice.pick(&covering)
            }];
            if self.wild(8) {
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
        if !self.wild(4) {
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
    let subject = digest(FOREIGN_SUBJECT);
    format!(
        "{{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicate\":{{}},\"predicateType\":\"{predicate_type}\",\
         \"subject\":[{{\"digest\":{{\"sha256\":\"{subject}\"}}}}]}}"
    )
    .into_bytes()
}
