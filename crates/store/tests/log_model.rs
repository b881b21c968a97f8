//! A log against a plain list: whatever is appended by whom, closed, or cut off from its power, the log holds the list.

#![expect(clippy::unwrap_used, reason = "what cannot fail here fails a test")]

mod log_kit;

use std::collections::BTreeMap;
use std::sync::Barrier;

use log_kit::*;
use proptest::prelude::*;
use store::log::{AppendRefused, Faults, Log};
use tlog::hash::leaf_hash;
use tlog::tree::Edge;

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<u64>),
    Close,
    CutPower,
    Publish,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Few numbers, so that many entries come again.
    let numbers = prop::collection::vec(0u64..3000, 1..300);
    let step = prop_oneof![
        6 => numbers.prop_map(Step::Append),
        1 => Just(Step::Close),
        1 => Just(Step::CutPower),
        2 => Just(Step::Publish),
    ];
    prop::collection::vec(step, 1..25)
}

/// The list, and where each entry stands in it.
#[derive(Default)]
struct Model {
    entries: Vec<u64>,
    indexes: BTreeMap<u64, u64>,
}

impl Model {
    fn append(&mut self, number: u64) -> u64 {
        let next = u64::try_from(self.entries.len()).unwrap();
        let index = *self.indexes.entry(number).or_insert(next);
        if index == next {
            self.entries.push(number);
        }
        index
    }

    fn equals(&self, log: &Log) {
        wait_public(log);
        let reader = log.reader();
        assert_eq!(usize::try_from(reader.size()).unwrap(), self.entries.len());
        let entries = reader.entries(0..reader.size()).unwrap();
        let expected: Vec<Vec<u8>> = self.entries.iter().map(|number| entry(*number)).collect();
        assert_eq!(entries, expected);
        let mut edge = Edge::default();
        for entry in &expected {
            edge.push(leaf_hash(entry), &mut Vec::new());
        }
        assert_eq!(reader.root(reader.size()).unwrap(), edge.root());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_log_is_the_list_of_what_was_appended_once(steps in steps()) {
        let folder = folder();
        let center = Center::new();
        let mut model = Model::default();
        let mut faults = Faults::injectable();
        let mut log = open_witnessed(folder.path(), &center, &faults);
        for step in steps {
            match step {
                Step::Append(numbers) => {
                    let entries: Vec<Vec<u8>> = numbers.iter().map(|number| entry(*number)).collect();
                    let mut tickets = log.appender().append_all(&entries).unwrap();
                    let indexes = block_on(tickets.durable()).unwrap();
                    let expected: Vec<u64> = numbers.into_iter().map(|number| model.append(number)).collect();
                    prop_assert_eq!(indexes, expected);
                }
                Step::Close | Step::CutPower => {
                    if matches!(step, Step::CutPower) {
                        faults.cut_power();
                    }
                    drop(log);
                    faults = Faults::injectable();
                    log = open_witnessed(folder.path(), &center, &faults);
                }
                Step::Publish => model.equals(&log),
            }
        }
        model.equals(&log);
        drop(log);
        assert_clean(folder.path(), &two_of_three());
    }
}

#[test]
fn many_callers_at_once_get_one_index_an_entry() {
    let folder = folder();
    let log = open(folder.path()).unwrap();
    let callers = 8;
    let barrier = Barrier::new(callers);
    let told: Vec<BTreeMap<u64, u64>> = std::thread::scope(|scope| {
        let call = |caller: usize| {
            let (appender, barrier) = (log.appender(), &barrier);
            move || {
                barrier.wait();
                let first = u64::try_from(caller * 100).unwrap();
                let mut told = BTreeMap::new();
                for number in first..first + 400 {
                    let mut ticket = loop {
                        match appender.append(&entry(number)) {
                            Err(AppendRefused::Overloaded) => std::thread::yield_now(),
                            ticket => break ticket.unwrap(),
                        }
                    };
                    told.insert(number, block_on(ticket.durable()).unwrap());
                }
                told
            }
        };
        let threads: Vec<_> = (0..callers)
            .map(|caller| scope.spawn(call(caller)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut indexes = BTreeMap::new();
    for (number, index) in told.into_iter().flatten() {
        assert_eq!(*indexes.entry(number).or_insert(index), index);
    }
    wait_public(&log);
    let reader = log.reader();
    assert_eq!(u64::try_from(indexes.len()), Ok(reader.size()));
    for (number, index) in indexes {
        assert_eq!(reader.entry(index).unwrap(), Some(entry(number)));
    }
}

#[test]
fn a_batch_larger_than_a_group_is_split_and_keeps_its_order() {
    let folder = folder();
    let log = open(folder.path()).unwrap();
    // The limits of the kit are 512 entries or 40 KiB a group.
    assert_eq!(append(&log, 0..3000), (0..3000).collect::<Vec<_>>());
    log.close();
    assert!(assert_clean(folder.path(), &nobody()).records > 6);
}

#[test]
fn refuses_what_comes_while_too_many_groups_wait() {
    let folder = folder();
    let log = open(folder.path()).unwrap();
    let full: Vec<Vec<u8>> = (0..512)
        .map(|number: u64| number.to_be_bytes().to_vec())
        .collect();
    let mut tickets = Vec::new();
    let refused = loop {
        match log.appender().append_all(&full) {
            Ok(ticket) => tickets.push(ticket),
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused, AppendRefused::Overloaded);
    for mut tickets in tickets {
        assert_eq!(
            block_on(tickets.durable()).unwrap(),
            (0..512).collect::<Vec<_>>()
        );
    }
    assert_eq!(append(&log, 0..1), [512]);
}
