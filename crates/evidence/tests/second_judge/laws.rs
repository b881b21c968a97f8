//! The laws of `evidence.md` §8 that this version can break, on generated worlds; refused < undecided < accepted.
//!
//! L4 needs `standing` and L6 needs `policy diff`; both come later.

use evidence::collect::Evidence;
use evidence::kind::Update;
use evidence::kind::update::{State as Offer, Withdrawal, WithdrawalReason};
use evidence::reason::{CheckName, Reason};
use evidence::state::Memory;
use evidence::time::{Duration, Time};
use evidence::verdict::{State, Verdict, Word};

use crate::agreement::{Case, short};
use crate::build::Built;
use crate::dice::Dice;
use crate::facts::{By, Entry, Facts, Flavour, ORIGINS, digest};
use crate::kit::NOW;
use crate::naive;
use crate::question::{Deny, Remembers};

/// One question a world, one that is accepted if there is one among the first: the others are hard to make worse.
fn cases(worlds: u64) -> impl Iterator<Item = Case> {
    (0..worlds).map(|seed| {
        let mut case = Case::new(10_000 + seed);
        let accepted = |case: &mut Case, number: u64| {
            case.ask(number);
            naive::judge(&case.facts, &case.question).word == Word::Accepted
        };
        if !(0..25).any(|number| accepted(&mut case, number)) {
            case.ask(0);
        }
        case
    })
}

/// The same question after more happened.
fn after(case: &Case, facts: &Facts) -> Verdict {
    let bytes = Built::of(facts).bytes();
    case.verdict_on(&Evidence::read([bytes.as_slice()]), &case.memory())
}

fn plain(log: usize, said: usize, by: By) -> Entry {
    let flavour = Flavour::Plain;
    Entry {
        log,
        said,
        by,
        flavour,
    }
}

/// All three witnesses, long ago: nothing about the clock changes.
fn cosigned() -> Vec<(usize, i64)> {
    (0..3).map(|witness| (witness, NOW - 3 * 86_400)).collect()
}

fn withdrawn(update: &Update) -> Update {
    let text = "crashes".into();
    let reason = WithdrawalReason::Crash;
    Update {
        state: Offer::Withdrawn(Withdrawal { reason, text }),
        ..update.clone()
    }
}

#[test]
fn l1_order_duplicates_and_files_have_no_effect() {
    for case in cases(60) {
        let whole = case.verdict();
        let mut dice = Dice::new(case.seed ^ 1);
        let mut lines = case.built.lines.clone();
        for (line, bytes) in case.facts.lines.iter().zip(&case.built.lines) {
            // Nobody can say of two unreadable lines whether they are the same.
            if !line.harm.is_unreadable() && dice.chance(30) {
                lines.push(bytes.clone());
            }
        }
        dice.shuffle(&mut lines);
        let (one, two) = lines.split_at(dice.below(lines.len() + 1));
        let files = [Built::join(one), Built::join(two)];
        let evidence = Evidence::read(files.iter().map(Vec::as_slice));
        let mixed = case.verdict_on(&evidence, &case.memory());
        assert_eq!(mixed, whole, "{}", case.tell());
    }
}

#[test]
fn l2_lines_of_strangers_change_nothing_but_their_number() {
    for case in cases(40) {
        let before = case.verdict();
        let mut facts = case.facts.clone();
        let mut added = 0;
        for said in case.facts.updates() {
            let (update, subjects) = case.facts.update(said).unwrap();
            let mut targeted = subjects.to_vec();
            targeted[0].sha256 = digest("strange");
            let withdrawal = facts.say_update(&withdrawn(update), subjects);
            for said in [said, withdrawal] {
                // From the future, in the publisher's log; and in a log that nobody named.
                facts.append(plain(0, said, By::Stranger), vec![(0, NOW + 86_400)]);
                facts.append(plain(2, said, By::Release(0)), cosigned());
                added += 2;
            }
        }
        let after = after(&case, &facts);
        assert_eq!(short(&after), short(&before), "{}", case.tell());
        assert_eq!(after.next, before.next, "{}", case.tell());
        assert_eq!(after.misbehaviour, before.misbehaviour, "{}", case.tell());
        assert_eq!(after.unknown, before.unknown + added, "{}", case.tell());
    }
}

#[test]
fn l3_a_withdrawal_by_one_key_never_improves_and_refuses_what_it_names() {
    let mut refused = 0;
    for case in cases(60) {
        let before = case.verdict();
        let mut dice = Dice::new(case.seed ^ 3);
        for said in case.facts.updates() {
            let (update, subjects) = case.facts.update(said).unwrap();
            let judged = before.check(CheckName::Activation).is_some()
                && before.line.as_ref() == Some(&update.line)
                && before.serial == Some(update.serial);
            if !judged && dice.chance(70) {
                continue;
            }
            let mut withdrawal = withdrawn(update);
            withdrawal.supersedes = dice.pick(&[vec![], vec![case.facts.said[said].id]]);
            let mut facts = case.facts.clone();
            let withdrawal = facts.say_update(&withdrawal, subjects);
            facts.append(plain(0, withdrawal, By::Release(0)), cosigned());
            let after = after(&case, &facts);
            assert!(
                after.word <= before.word,
                "{before:?} became {after:?}\n{}",
                case.tell()
            );
            if judged {
                assert_eq!(after.word, Word::Refused, "{}", case.tell());
                refused += usize::from(before.word == Word::Accepted);
            }
        }
    }
    assert!(refused > 10, "{refused} accepted updates were withdrawn");
}

#[test]
fn l5_a_later_time_improves_only_by_age_activation_or_clock() {
    let times = [
        -3 * 86_400,
        -7500,
        -3900,
        -3600,
        -300,
        0,
        1,
        3600,
        86_400,
        25 * 86_400,
        40 * 86_400,
    ];
    let excused = [Reason::TooYoung, Reason::NotYet, Reason::ClockBehind];
    for mut case in cases(40) {
        let memory = case.memory();
        let mut earlier: Option<Verdict> = None;
        for time in times {
            case.question.now = NOW + time;
            let later = case.verdict_on(&case.evidence, &memory);
            for check in earlier.iter().flat_map(|earlier| &earlier.checks) {
                let now = later.check(check.check);
                let improves =
                    check.state > State::Note && now.is_none_or(|now| now.state < check.state);
                let excused = check.reason.is_some_and(|reason| excused.contains(&reason));
                assert!(
                    !improves || excused,
                    "{check:?} became {now:?} at {time}\n{}",
                    case.tell()
                );
            }
            earlier = Some(later);
        }
    }
}

/// Time, log, and a line's serial above the judged one. By the checks of §9 two marks do help when they rise: a
/// companion's up to `min`, and the line's own where a link below it was missing.
#[test]
fn l7_higher_marks_never_improve() {
    let mut worse = 0;
    for case in cases(100) {
        let Memory::Known(marks) = case.memory() else {
            continue;
        };
        let low = case.verdict();
        let mut dice = Dice::new(case.seed ^ 7);
        let mut high = marks.clone();
        if dice.chance(50) {
            high.quorum_time =
                Some(Time::from_seconds(NOW) + Duration::from_days(dice.below(2) as u64));
            high.quorum_time = high.quorum_time.max(marks.quorum_time);
        }
        if let Some(mark) = low
            .line
            .as_ref()
            .and_then(|line| high.lines.get_mut(&line.id()))
            && dice.chance(50)
        {
            mark.serial = mark.serial.max(low.serial.unwrap_or(0)) + 1;
        }
        if let Remembers::Known {
            checkpoint: Some(seen),
            ..
        } = &case.question.memory
            && seen.fork.is_none()
        {
            let mut larger = seen.clone();
            larger.size = case.facts.log(seen.log).len();
            high.logs.insert(
                ORIGINS[seen.log].to_owned(),
                case.built.note(&case.facts, &larger),
            );
        }
        let high = case.verdict_on(&case.evidence, &Memory::Known(high));
        assert!(
            high.word <= low.word,
            "{low:?} became {high:?}\n{}",
            case.tell()
        );
        worse += usize::from(high.word < low.word);
    }
    assert!(worse > 10, "{worse} verdicts became worse");
}

/// §10: marks only rise, lines only where it is accepted, and what was accepted is accepted again.
#[test]
fn what_was_accepted_can_be_repeated_and_marks_only_rise() {
    let mut accepted = 0;
    for case in cases(100) {
        let verdict = case.verdict();
        let before = case.memory().marks();
        assert!(
            verdict.next.quorum_time >= before.quorum_time,
            "{}",
            case.tell()
        );
        if verdict.word != Word::Accepted {
            assert_eq!(verdict.next.lines, before.lines, "{}", case.tell());
            continue;
        }
        accepted += 1;
        for (line, mark) in &before.lines {
            assert!(
                verdict.next.lines[line].serial >= mark.serial,
                "{}",
                case.tell()
            );
        }
        let again = case.verdict_on(&case.evidence, &Memory::Known(verdict.next.clone()));
        assert_eq!(again.word, Word::Accepted, "{again:?}\n{}", case.tell());
        assert_eq!(again.next, verdict.next, "{}", case.tell());
    }
    assert!(accepted > 20, "{accepted} accepted");
}

#[test]
fn l8_a_second_key_name_or_spelling_of_one_operator_adds_nothing() {
    let mut counted = 0;
    for mut case in cases(40) {
        let rules = &mut case.question.rules;
        rules.deny.retain(|deny| !matches!(deny, Deny::Party(_)));
        for set in std::iter::once(&mut rules.set).chain(&mut rules.beta) {
            (set.independent, set.signers) = (1 + case.seed as usize % 2, Some(vec![0, 1, 2]));
        }
        case.policy = rules.policy();
        let mut facts = case.facts.clone();
        for said in case.facts.updates() {
            facts.append(plain(1, said, By::Party(0)), cosigned());
            facts.append(plain(0, said, By::Release(0)), cosigned());
        }
        let one = short(&after(&case, &facts));
        for said in case.facts.updates() {
            // The same operator's other key, the publisher's own name as a party, the same signing with s negated.
            facts.append(plain(1, said, By::Party(1)), cosigned());
            facts.append(plain(0, said, By::Party(3)), cosigned());
            facts.append(
                Entry {
                    flavour: Flavour::HighS,
                    ..plain(0, said, By::Release(0))
                },
                cosigned(),
            );
        }
        assert_eq!(short(&after(&case, &facts)), one, "{}", case.tell());
        let lacks = one
            .checks
            .get(&CheckName::Published)
            .is_some_and(|row| row.1 == Some(Reason::TooFewSigners));
        counted += usize::from(lacks);
    }
    assert!(counted > 3, "{counted} updates lacked a second operator");
}

/// A changed byte is at best the loss of its line.
#[test]
fn l9_no_flipped_byte_improves_beyond_the_loss_of_its_line() {
    let mut accepted = 0;
    for case in cases(30) {
        let memory = case.memory();
        let word = |lines: &[Vec<u8>]| {
            let evidence = Evidence::read([Built::join(lines).as_slice()]);
            case.verdict_on(&evidence, &memory).word
        };
        let whole = word(&case.built.lines);
        let mut dice = Dice::new(case.seed ^ 9);
        for at in 0..case.built.lines.len() {
            let mut lost = case.built.lines.clone();
            lost.remove(at);
            let best = whole.max(word(&lost));
            for _ in 0..3 {
                let mut lines = case.built.lines.clone();
                let byte = dice.below(lines[at].len());
                lines[at][byte] ^= 1 << dice.below(8);
                let flipped = word(&lines);
                assert!(
                    flipped <= best,
                    "line {at}, byte {byte}: {whole} became {flipped}\n{}",
                    case.tell()
                );
            }
            accepted += usize::from(whole == Word::Accepted);
        }
    }
    assert!(
        accepted > 30,
        "{accepted} lines of accepted bundles were damaged"
    );
}
