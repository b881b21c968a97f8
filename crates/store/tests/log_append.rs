//! Appending, reading, proofs, and the answers of a log that has too few witnesses.

mod log_kit;

use log_kit::*;
use store::log::{AppendRefused, Faults, Log, NotAllowed, WitnessedError};
use tlog::checkpoint::LogSigned;
use tlog::hash::leaf_hash;
use tlog::policy::Name;
use tlog::proof::{check_consistency, check_inclusion};

#[test]
fn an_entry_gets_its_index_its_proof_and_a_checkpoint_that_a_quorum_signed() {
    let folder = folder();
    let center = Center::new();
    let mut both = config(folder.path(), &Faults::default(), Some(&center));
    both.signers = both_signers();
    let log = Log::open(both).unwrap();
    log.allow_appends_after(&center.told()).unwrap();
    for number in 0..600 {
        let mut ticket = log.appender().append(&entry(number)).unwrap();
        if number % 50 != 0 {
            continue;
        }
        let proven = block_on(ticket.witnessed()).unwrap();
        assert_eq!(proven.index, number);
        let signed =
            LogSigned::by_all(proven.checkpoint.note.as_bytes(), &keys_of(&both_signers()))
                .unwrap();
        let witnessed = two_of_three().check(signed).unwrap();
        let checkpoint = witnessed.checkpoint();
        check_inclusion(
            checkpoint.size(),
            checkpoint.root(),
            number,
            leaf_hash(&entry(number)),
            &proven.proof,
        )
        .unwrap();
        let covering = log.reader().first_covering(number).unwrap().unwrap();
        assert_eq!(covering, proven.checkpoint);
    }
}

#[test]
fn reads_back_every_entry_and_every_served_file() {
    let folder = folder();
    let log = open(folder.path()).unwrap();
    assert_eq!(append(&log, 0..1000), (0..1000).collect::<Vec<_>>());
    wait_public(&log);
    let reader = log.reader();
    assert_eq!((reader.size(), reader.readable()), (1000, 1000));
    for number in [0, 255, 256, 767, 768, 999] {
        assert_eq!(reader.entry(number).unwrap(), Some(entry(number)));
        assert_eq!(reader.leaf_hash(number).unwrap(), leaf_hash(&entry(number)));
    }
    assert_eq!(reader.entry(1000).unwrap(), None);
    let range = reader.entries(200..801).unwrap();
    assert_eq!(range, (200..801).map(entry).collect::<Vec<_>>());
    for path in [
        "checkpoint",
        "tile/0/000",
        "tile/0/003.p/232",
        "tile/1/000.p/3",
        "tile/entries/003.p/232",
        "tile/entries/000",
    ] {
        let served = reader.file(path).unwrap().unwrap();
        assert_eq!(
            served,
            std::fs::read(folder.path().join(path)).unwrap(),
            "{path}"
        );
    }
    let cut = reader.file("tile/0/000.p/7").unwrap().unwrap();
    assert_eq!(cut, reader.file("tile/0/000").unwrap().unwrap()[..7 * 32]);
    for path in [
        "",
        "head",
        "lock",
        "wal/00000000000000000000.wal",
        "tile/0/../0/000",
        "tile/0/0",
        "tile/0/004",
        "/etc/passwd",
    ] {
        assert_eq!(reader.file(path).unwrap(), None, "{path}");
    }
    for old in [0, 1, 255, 256, 512, 999, 1000] {
        let proof = reader.consistency_proof(old, 1000).unwrap();
        check_consistency(
            old,
            reader.root(old).unwrap(),
            1000,
            reader.root(1000).unwrap(),
            &proof,
        )
        .unwrap();
    }
    reader.consistency_proof(0, 1001).unwrap_err();
    reader.consistency_proof(11, 10).unwrap_err();
    reader.inclusion_proof(10, 10).unwrap_err();
    reader.entries(0..1001).unwrap_err();
}

#[test]
fn the_same_entry_again_gets_the_same_index_also_within_a_group_and_after_a_restart() {
    let folder = folder();
    let log = open(folder.path()).unwrap();
    append(&log, 0..700);
    assert_eq!(append(&log, 0..1), [0]);
    assert_eq!(
        append(&log, 695..703),
        [695, 696, 697, 698, 699, 700, 701, 702]
    );
    let twice = [entry(9000), entry(5), entry(9000), entry(9001), entry(9000)];
    let mut tickets = log.appender().append_all(&twice).unwrap();
    assert_eq!(
        block_on(tickets.durable()).unwrap(),
        [703, 5, 703, 704, 703]
    );
    log.close();
    let log = open(folder.path()).unwrap();
    let mut tickets = log.appender().append_all(&twice).unwrap();
    assert_eq!(
        block_on(tickets.durable()).unwrap(),
        [703, 5, 703, 704, 703]
    );
    assert_eq!(log.reader().size(), 705);
}

#[test]
fn goes_through_several_segments_and_recycles_them() {
    let folder = folder();
    let log = open(folder.path()).unwrap();
    for start in (0..30_000).step_by(500) {
        append(&log, start..start + 500);
    }
    log.close();
    let wal = files(&folder.path().join("wal"));
    assert!(wal.len() <= 4, "{wal:?}");
    assert!(folder.path().join("head").exists());
    let log = open(folder.path()).unwrap();
    assert_eq!(log.recovery().size, 30_000);
    for number in (0..30_000).step_by(97) {
        assert_eq!(log.reader().entry(number).unwrap(), Some(entry(number)));
    }
    assert_eq!(append(&log, 29_990..30_001).last(), Some(&30_000));
}

#[test]
fn without_a_quorum_callers_get_index_and_what_is_missing_and_the_log_heals_alone() {
    let folder = folder();
    let center = Center::new();
    let log = open_witnessed(folder.path(), &center, &Faults::default());
    append(&log, 0..3);
    wait_public(&log);
    center.switch_off(&["a", "b"]);
    let mut ticket = log.appender().append(&entry(3)).unwrap();
    let refused = block_on(ticket.witnessed()).unwrap_err();
    let WitnessedError::WitnessesMissing { index, tally } = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((index, tally.have, tally.need), (3, 1, 2));
    assert_eq!(log.reader().latest().unwrap().size, 3);
    let asked = center.rounds();
    while center.rounds() < asked + 3 {
        std::thread::yield_now();
    }
    center.switch_off(&["b"]);
    wait_public(&log);
    let proven = block_on(ticket.witnessed()).unwrap();
    assert_eq!((proven.index, proven.checkpoint.size), (3, 4));
}

#[test]
fn f9_appends_nothing_before_a_quorum_has_told_and_never_behind_a_witness() {
    let folder = folder();
    let center = Center::new();
    let log = Log::open(config(folder.path(), &Faults::default(), Some(&center))).unwrap();
    let refused = log.appender().append(b"x").err();
    assert_eq!(refused, Some(AppendRefused::NotAllowedYet));
    let told = center.told();
    let names = |told: &[(Name, u64)]| told.iter().map(|told| told.0.clone()).collect::<Vec<_>>();
    assert_eq!(
        log.allow_appends_after(&told[..1]),
        Err(NotAllowed::WitnessesSilent {
            silent: names(&told[1..])
        })
    );
    let mut ahead = told.clone();
    ahead[2].1 = 1;
    assert_eq!(
        log.allow_appends_after(&ahead),
        Err(NotAllowed::OlderThanWitnesses {
            witness: told[2].0.clone(),
            seen: 1,
            size: 0
        })
    );
    assert_eq!((center.rounds(), log.reader().latest()), (0, None));
    log.allow_appends_after(&told[..2]).unwrap();
    append(&log, 0..1);
}

#[test]
fn f10_refuses_a_second_sequencer() {
    let folder = folder();
    let log = open(folder.path()).unwrap();
    assert_eq!(
        open(folder.path()).err(),
        Some(store::log::OpenError::Locked)
    );
    drop(log);
    open(folder.path()).unwrap();
}

#[test]
fn refuses_long_entries_and_everything_once_closed() {
    let folder = folder();
    let log = open(folder.path()).unwrap();
    let appender = log.appender();
    assert_eq!(
        appender.append(&[0; 65_536]).err(),
        Some(AppendRefused::TooLong)
    );
    let mut longest = appender.append(&[0; 65_535]).unwrap();
    let mut empty = appender.append(&[]).unwrap();
    log.close();
    assert_eq!(block_on(longest.durable()), Ok(0));
    assert_eq!(block_on(empty.durable()), Ok(1));
    assert!(matches!(
        appender.append(b"late").err(),
        Some(AppendRefused::Stopped(_))
    ));
    let log = open(folder.path()).unwrap();
    assert_eq!(log.reader().entry(0).unwrap(), Some(vec![0; 65_535]));
}
