//! Both judges, on the same worlds.

use std::collections::BTreeMap;

use evidence::collect::Evidence;
use evidence::judge;
use evidence::limits;
use evidence::policy::Policy;
use evidence::reason::{CheckName, Reason};
use evidence::state::Memory;
use evidence::time::Time;
use evidence::verdict::{State, Verdict, Word};

use crate::build::Built;
use crate::dice::Dice;
use crate::facts::Facts;
use crate::naive::{self, Answer};
use crate::question::{self, Question};
use crate::story;

/// A world with its bytes, and one question about it.
pub(crate) struct Case {
    pub(crate) seed: u64,
    pub(crate) number: u64,
    pub(crate) facts: Facts,
    pub(crate) built: Built,
    pub(crate) evidence: Evidence,
    pub(crate) question: Question,
    pub(crate) policy: Policy,
}

impl Case {
    pub(crate) fn new(seed: u64) -> Self {
        let facts = story::world(seed);
        let built = Built::of(&facts);
        let evidence = Evidence::read([built.bytes().as_slice()]);
        let mut dice = Dice::new(seed);
        let rules = question::rules(&mut dice, &facts);
        let question = question::ask(&mut dice, &facts, rules);
        let policy = question.rules.policy();
        Self {
            seed,
            number: 0,
            facts,
            built,
            evidence,
            question,
            policy,
        }
    }

    /// Another question about the same world; a few in a row under one policy.
    pub(crate) fn ask(&mut self, number: u64) {
        let dice = |number: u64| Dice::new(self.seed.wrapping_mul(1_000_003).wrapping_add(number));
        let mut rules = self.question.rules.clone();
        if number.is_multiple_of(QUESTIONS_A_POLICY) {
            rules = question::rules(&mut dice(number + 1_000_000), &self.facts);
            self.policy = rules.policy();
        }
        self.number = number;
        self.question = question::ask(&mut dice(number), &self.facts, rules);
    }

    pub(crate) fn memory(&self) -> Memory {
        self.question.memory(&self.facts, &self.built)
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.verdict_on(&self.evidence, &self.memory())
    }

    /// The same question on other evidence or with another memory.
    pub(crate) fn verdict_on(&self, evidence: &Evidence, memory: &Memory) -> Verdict {
        let (now, artifact) = (
            Time::from_seconds(self.question.now),
            self.question.artifact(),
        );
        judge::verify(
            &self.policy,
            evidence,
            &artifact,
            now,
            memory,
            &self.question.choice(),
        )
    }

    /// The world in words, for whoever must find out who is right.
    pub(crate) fn tell(&self) -> String {
        let Self {
            seed,
            number,
            facts,
            question,
            ..
        } = self;
        let mut text = format!("seed {seed}, question {number}: {question:?}\n");
        for (at, said) in facts.said.iter().enumerate() {
            let what = facts.update(at).map_or(format!("{:?}", said.what), |(update, subjects)| {
                let files: Vec<_> = subjects.iter().map(|subject| subject.sha256.to_hex()[..6].to_owned()).collect();
                format!(
                    "{} #{} {:?} files {files:?} {:?} {:?} {:?} {:?} requires {:?} supersedes {:?}",
                    update.line.channel,
                    update.serial,
                    update.state,
                    update.predecessor,
                    update.audience,
                    update.activation,
                    update.actions,
                    update.requires,
                    update.supersedes
                )
            });
            text.push_str(&format!("said {at} {}: {what}\n", said.id));
        }
        for (at, entry) in facts.entries.iter().enumerate() {
            let shown = facts.lines.iter().filter(|line| line.entry == at);
            let lines: Vec<_> = shown.map(|line| (line.checkpoint, line.harm)).collect();
            text.push_str(&format!(
                "entry {at} index {} {entry:?} under {lines:?}\n",
                facts.index(at)
            ));
        }
        for (at, checkpoint) in facts.checkpoints.iter().enumerate() {
            text.push_str(&format!("checkpoint {at} {checkpoint:?}\n"));
        }
        text
    }
}

pub(crate) fn short(verdict: &Verdict) -> Answer {
    let rows = verdict
        .checks
        .iter()
        .map(|check| (check.check, (check.state, check.reason)));
    let checks: BTreeMap<_, _> = rows.collect();
    assert_eq!(
        checks.len(),
        verdict.checks.len(),
        "one row a check: {:?}",
        verdict.checks
    );
    Answer {
        word: verdict.word,
        checks,
    }
}

fn row(row: Option<&(State, Option<Reason>)>) -> String {
    let reason = |reason: Option<Reason>| reason.map_or("", Reason::as_str);
    row.map_or("not made".into(), |(state, why)| {
        format!("{} {}", state.as_str(), reason(*why))
            .trim_end()
            .to_owned()
    })
}

/// Asks about worlds of these seeds; both judges must agree.
fn compare(seeds: std::ops::Range<u64>) {
    let mut words: BTreeMap<Word, usize> = BTreeMap::new();
    let mut disagreements: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let (mut asked, mut agreed) = (0, 0);
    for seed in seeds {
        let mut case = Case::new(seed);
        for number in 0..QUESTIONS {
            case.ask(number);
            let got = short(&case.verdict());
            let expected = naive::judge(&case.facts, &case.question);
            asked += 1;
            *words.entry(got.word).or_default() += 1;
            if got == expected {
                agreed += 1;
                continue;
            }
            for check in CheckName::ALL {
                let (one, two) = (expected.checks.get(&check), got.checks.get(&check));
                if one != two {
                    let class = format!(
                        "{check}: {} by the text, {} by the judge",
                        row(one),
                        row(two)
                    );
                    disagreements
                        .entry(class)
                        .or_insert_with(|| (0, case.tell()))
                        .0 += 1;
                }
            }
            if got.word != expected.word {
                let class = format!(
                    "word: {} by the text, {} by the judge",
                    expected.word, got.word
                );
                disagreements
                    .entry(class)
                    .or_insert_with(|| (0, case.tell()))
                    .0 += 1;
            }
        }
    }
    let list: String = disagreements
        .iter()
        .map(|(class, (count, case))| format!("{count} times {class}\n{case}\n"))
        .collect();
    assert!(
        disagreements.is_empty(),
        "{asked} asked, {agreed} agreed, {words:?}\n{list}"
    );
    // Worlds in which everything is refused would prove little.
    for word in [Word::Accepted, Word::Refused, Word::Undecided] {
        let share = words.get(&word).copied().unwrap_or(0) * 100 / asked;
        assert!(share >= 5, "{share} percent {word}: {words:?}");
    }
}

const QUESTIONS: u64 = 25;
const QUESTIONS_A_POLICY: u64 = 5;
const WORLDS: u64 = 105;

#[test]
fn a4_both_judges_agree_on_worlds_of_the_first_quarter() {
    compare(0..WORLDS);
}

#[test]
fn a4_both_judges_agree_on_worlds_of_the_second_quarter() {
    compare(WORLDS..2 * WORLDS);
}

#[test]
fn a4_both_judges_agree_on_worlds_of_the_third_quarter() {
    compare(2 * WORLDS..3 * WORLDS);
}

#[test]
fn a4_both_judges_agree_on_worlds_of_the_last_quarter() {
    compare(3 * WORLDS..4 * WORLDS);
}

/// More lines than are read: what lies behind the limit may be anything (step 2).
#[test]
fn a_bundle_beyond_the_limit_waits_whatever_was_read_before() {
    let mut waited = 0;
    for seed in 0..40 {
        let case = Case::new(seed);
        let big = vec![b'\n'; limits::BUNDLE];
        let evidence = Evidence::read([case.built.bytes().as_slice(), big.as_slice()]);
        let verdict = case.verdict_on(&evidence, &case.memory());
        let word = naive::judge(&case.facts, &case.question).word;
        assert!(verdict.word <= word.min(Word::Undecided), "{}", case.tell());
        waited += usize::from(word == Word::Accepted);
    }
    assert!(waited > 0);
}
