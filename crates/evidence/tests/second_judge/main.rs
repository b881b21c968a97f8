//! A naive second judge and the laws of `evidence.md` §8 on generated worlds.

#[path = "../kit/mod.rs"]
mod kit;

mod build;
mod dice;
mod facts;
mod naive;
mod question;

use std::collections::BTreeMap;

use evidence::judge;
use evidence::time::Time;
use evidence::verdict::Verdict;

use crate::build::Built;
use crate::dice::Dice;
use crate::naive::Answer;

fn first(verdict: &Verdict) -> Answer {
    let checks = verdict
        .checks
        .iter()
        .map(|check| (check.check, (check.state, check.reason)));
    let all: BTreeMap<_, _> = checks.clone().collect();
    assert_eq!(
        all.len(),
        verdict.checks.len(),
        "a check twice: {:?}",
        verdict.checks
    );
    Answer {
        word: verdict.word,
        checks: all,
    }
}

#[test]
fn explore() {
    let worlds: u64 = std::env::var("WORLDS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(200);
    let mut agreed = 0;
    let mut asked = 0;
    let mut classes: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut words: BTreeMap<String, usize> = BTreeMap::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let (mut t_build, mut t_judge, mut t_policy) = (0u128, 0u128, 0u128);
    for seed in 0..worlds {
        let t = std::time::Instant::now();
        let facts = facts::generate(seed);
        let built = Built::of(&facts);
        let evidence = built.evidence();
        t_build += t.elapsed().as_micros();
        for number in 0..20u64 {
            let mut dice = Dice::new(seed * 1000 + number + 7);
            let question = question::ask(&mut dice, &facts);
            let t = std::time::Instant::now();
            let policy = question.policy();
            let memory = question.memory(&facts, &built);
            t_policy += t.elapsed().as_micros();
            let t = std::time::Instant::now();
            let verdict = judge::verify(
                &policy,
                &evidence,
                &question.artifact(),
                Time::from_seconds(question.now),
                &memory,
                &question.choice(),
            );
            t_judge += t.elapsed().as_micros();
            let got = first(&verdict);
            let expected = naive::judge(&facts, &question);
            asked += 1;
            *words.entry(got.word.to_string()).or_default() += 1;
            for (check, (state, reason)) in &got.checks {
                *seen
                    .entry(format!(
                        "{check} {} {}",
                        state.as_str(),
                        reason.map_or("", |r| r.as_str())
                    ))
                    .or_default() += 1;
            }
            if got == expected {
                agreed += 1;
                continue;
            }
            let mut differs = Vec::new();
            for check in evidence::reason::CheckName::ALL {
                let (one, two) = (expected.checks.get(&check), got.checks.get(&check));
                if one != two {
                    let show = |x: Option<&(
                        evidence::verdict::State,
                        Option<evidence::reason::Reason>,
                    )>| {
                        x.map_or("-".to_owned(), |(s, r)| {
                            format!("{} {}", s.as_str(), r.map_or("", |r| r.as_str()))
                        })
                    };
                    differs.push(format!("{check}: {} -> {}", show(one), show(two)));
                }
            }
            let logged = got
                .checks
                .get(&evidence::reason::CheckName::Logged)
                .map(|(_, r)| r.map_or("ok", |r| r.as_str()));
            for class in differs
                .iter()
                .map(|d| format!("[{}] {d}", logged.unwrap_or("?")))
                .chain([format!("word {} -> {}", expected.word, got.word)])
            {
                let slot = classes
                    .entry(class)
                    .or_insert((0, format!("seed {seed} q {number}: {}", differs.join("; "))));
                slot.0 += 1;
            }
        }
    }
    println!(
        "asked {asked} agreed {agreed}; build {t_build} policy {t_policy} judge {t_judge} us; {words:?}"
    );
    for (class, (count, example)) in &classes {
        println!("{count:6} {class}   e.g. {example}");
    }
    for (what, count) in &seen {
        println!("  {count:6} {what}");
    }
}

#[test]
fn show() {
    let Ok(which) = std::env::var("SHOW") else {
        return;
    };
    for which in which.split(',') {
        println!("================ {which}");
        let (seed, number) = which.split_once(' ').unwrap();
        let (seed, number): (u64, u64) = (seed.parse().unwrap(), number.parse().unwrap());
        let facts = facts::generate(seed);
        let built = Built::of(&facts);
        let mut dice = Dice::new(seed * 1000 + number + 7);
        let question = question::ask(&mut dice, &facts);
        for (at, said) in facts.said.iter().enumerate() {
            match facts.update(at) {
                Some((u, s)) => println!(
                    "said {at} {} {} #{} pred {:?} state {} sup {:?} aud {:?} act {:?} {:?} req {:?} files {:?} roles {:?}",
                    &said.id.to_hex()[..6],
                    u.line.channel,
                    u.serial,
                    u.predecessor
                        .map(|p| (p.serial, p.statement.to_hex()[..6].to_owned())),
                    u.state.as_str(),
                    u.supersedes
                        .iter()
                        .map(|h| h.to_hex()[..6].to_owned())
                        .collect::<Vec<_>>(),
                    u.audience,
                    u.activation,
                    u.actions,
                    u.requires,
                    s.iter()
                        .map(|s| s.sha256.to_hex()[..6].to_owned())
                        .collect::<Vec<_>>(),
                    u.files.iter().map(|f| f.role.as_str()).collect::<Vec<_>>()
                ),
                None => println!("said {at} {:?}", said.what),
            }
        }
        for (at, e) in facts.entries.iter().enumerate() {
            let lines: Vec<String> = facts
                .lines
                .iter()
                .filter(|l| l.entry == at)
                .map(|l| {
                    format!(
                        "cp{}{}",
                        l.checkpoint,
                        if l.harm == facts::LineHarm::None {
                            String::new()
                        } else {
                            format!("{:?}", l.harm)
                        }
                    )
                })
                .collect();
            println!(
                "e{at} log{}[{}] said{} {:?} {:?}  {}",
                e.log,
                facts.index(at),
                e.said,
                e.by,
                e.flavour,
                lines.join(" ")
            );
        }
        for (at, e) in facts.checkpoints.iter().enumerate() {
            println!(
                "cp{at} log{} size {} fork {:?} {:?} {:?}",
                e.log,
                e.size,
                e.fork,
                e.harm,
                e.cosigned
                    .iter()
                    .map(|(w, t)| (w, t - kit::NOW))
                    .collect::<Vec<_>>()
            );
        }
        println!(
            "{} now NOW{:+}",
            format!("{question:?}").replace(&kit::NOW.to_string(), "NOW"),
            question.now - kit::NOW
        );
        let policy = question.policy();
        let memory = question.memory(&facts, &built);
        let verdict = judge::verify(
            &policy,
            &built.evidence(),
            &question.artifact(),
            Time::from_seconds(question.now),
            &memory,
            &question.choice(),
        );
        let (got, expected) = (first(&verdict), naive::judge(&facts, &question));
        for check in evidence::reason::CheckName::ALL {
            let (one, two) = (expected.checks.get(&check), got.checks.get(&check));
            if one != two {
                println!("DIFF {check}: expected {one:?} got {two:?}");
            }
        }
    }
}
