//! The fault table (`tlog.md` §5.4): every named write, lost, torn or done but reported failed; then the log is opened
//! again and every byte of it rechecked.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what cannot fail here fails a test"
)]

mod log_kit;

use std::collections::BTreeMap;
use std::path::Path;

use log_kit::*;
use store::log::{
    AppendRefused, Fault, Faults, Finding, Log, OpenError, Part, Scope, Stopped, Write, fsck,
};
use tlog::signer::Signer as _;

/// What callers were told before the power went.
#[derive(Default)]
struct Told {
    /// Entry → index.
    durable: BTreeMap<u64, u64>,
    /// Entries that were handed over without an answer.
    unanswered: Vec<u64>,
    /// Size of the newest checkpoint that anyone could see.
    public: Option<u64>,
}

/// Appends small groups until a fault stops the log or `groups` are through; then the power goes.
fn live(log: Log, faults: &Faults, groups: u64, told: &mut Told) {
    live_on(&log, faults, groups, told);
    faults.cut_power();
    told.public = log.reader().latest().map(|latest| latest.size);
}

fn live_on(log: &Log, faults: &Faults, groups: u64, told: &mut Told) {
    let appender = log.appender();
    for group in 0..groups {
        let numbers = group * 7..group * 7 + 7;
        let entries: Vec<Vec<u8>> = numbers.clone().map(entry).collect();
        let appended = appender.append_all(&entries);
        let answer = appended.and_then(|mut tickets| block_on(tickets.durable()));
        match answer {
            Ok(indexes) => told.durable.extend(numbers.zip(indexes)),
            Err(_) => {
                told.unanswered.extend(numbers);
                break;
            }
        }
        // Every second group alone, the others while a round is running.
        if group % 2 == 0 {
            wait_round(log, faults);
        }
    }
}

/// Opens the log again: nothing that anyone was told is lost, a retry gets one index, the log goes on, `fsck` is clean.
fn recovers(folder: &Path, center: &Center, told: &Told) {
    let log = open_witnessed(folder, center, &Faults::default());
    let reader = log.reader();
    for (number, index) in &told.durable {
        assert_eq!(
            reader.entry(*index).unwrap(),
            Some(entry(*number)),
            "{number}"
        );
    }
    assert!(reader.latest().map(|latest| latest.size) >= told.public);
    let size = reader.size();

    let retried: Vec<u64> = told
        .durable
        .keys()
        .chain(&told.unanswered)
        .copied()
        .collect();
    let retry = |log: &Log| {
        let entries: Vec<Vec<u8>> = retried.iter().map(|number| entry(*number)).collect();
        block_on(log.appender().append_all(&entries).unwrap().durable()).unwrap()
    };
    let indexes = retry(&log);
    assert_eq!(retry(&log), indexes);
    for (number, index) in retried.iter().zip(&indexes) {
        assert!(told.durable.get(number).is_none_or(|told| told == index));
    }
    let mut once = indexes.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), indexes.len());
    assert_eq!(append(&log, 1_000_000..1_000_001), [reader.size() - 1]);
    let known = u64::try_from(retried.len()).unwrap() + 1;
    assert!(
        reader.size() <= size + known && reader.size() == known,
        "{size} {known}"
    );

    wait_public(&log);
    log.close();
    let report = assert_clean(folder, &two_of_three());
    assert_eq!(report.size, known);
}

/// One fault at one write of a log that lives through several segments.
fn survives(write: Write, skip: u32, fault: Fault) {
    let folder = folder();
    let center = Center::new();
    let faults = Faults::injectable();
    let mut told = Told::default();
    let log = open_witnessed(folder.path(), &center, &faults);
    faults.arm(write, skip, fault);
    live_on(&log, &faults, 130, &mut told);
    // What the keeper writes comes a little later.
    faults.wait_fired(1, std::time::Duration::from_secs(10));
    live(log, &faults, 0, &mut told);
    assert_eq!(
        faults.fired(),
        1,
        "{write:?} {skip} {fault:?} never happened"
    );
    recovers(folder.path(), &center, &told);
}

/// How often the shortest life of a log comes by this write.
fn places(write: Write) -> &'static [u32] {
    match write {
        Write::SegmentFill | Write::SegmentHeader | Write::SegmentName | Write::Head => &[0],
        Write::Recycle | Write::TileSync => &[0],
        Write::Tile | Write::Entries => &[0, 1, 2, 40, 77],
        _ => &[0, 1, 2, 30, 62],
    }
}

fn table(fault: Fault) {
    for write in Write::ALL {
        for skip in places(write) {
            survives(write, *skip, fault);
        }
    }
}

#[test]
fn survives_every_write_lost() {
    table(Fault::Lost);
}

#[test]
fn survives_every_write_torn_behind_its_first_half() {
    table(Fault::Torn(Part::Beginning));
}

#[test]
fn survives_every_write_torn_before_its_second_half() {
    table(Fault::Torn(Part::End));
}

#[test]
fn survives_every_write_torn_in_stripes() {
    table(Fault::Torn(Part::EverySecond));
}

#[test]
fn survives_every_write_done_but_reported_failed() {
    table(Fault::ReportedFailed);
}

#[test]
fn survives_a_power_cut_that_takes_all_unsynced_files() {
    for fault in [
        Fault::Lost,
        Fault::Torn(Part::Beginning),
        Fault::Torn(Part::End),
    ] {
        for groups in [1, 37, 60] {
            let folder = folder();
            let center = Center::new();
            let faults = Faults::injectable();
            let mut told = Told::default();
            let log = open_witnessed(folder.path(), &center, &faults);
            for write in [Write::Checkpoint, Write::Entries, Write::Kept, Write::Tile] {
                faults.arm_always(write, fault);
            }
            live(log, &faults, groups, &mut told);
            recovers(folder.path(), &center, &told);
        }
    }
}

#[test]
fn survives_faults_while_it_recovers() {
    for write in Write::ALL {
        for fault in [
            Fault::Lost,
            Fault::Torn(Part::EverySecond),
            Fault::ReportedFailed,
        ] {
            let folder = folder();
            let center = Center::new();
            let faults = Faults::injectable();
            let mut told = Told::default();
            let log = open_witnessed(folder.path(), &center, &faults);
            live(log, &faults, 100, &mut told);
            let faults = Faults::injectable();
            faults.arm(write, 0, fault);
            let log = Log::open(config(folder.path(), &faults, Some(&center)));
            faults.cut_power();
            drop(log);
            recovers(folder.path(), &center, &told);
        }
    }
}

#[test]
fn f2_after_a_failed_sync_nothing_is_acknowledged_appended_or_signed_but_reads_go_on() {
    let folder = folder();
    let center = Center::new();
    let faults = Faults::injectable();
    let log = open_witnessed(folder.path(), &center, &faults);
    append(&log, 0..300);
    wait_public(&log);
    let rounds = center.rounds();
    faults.arm(Write::Sync, 0, Fault::ReportedFailed);
    let mut ticket = log.appender().append(&entry(300)).unwrap();
    let refused = block_on(ticket.durable()).unwrap_err();
    assert!(
        matches!(refused, AppendRefused::Stopped(Stopped::Failed(_))),
        "{refused:?}"
    );
    let refused = log.appender().append(&entry(301)).err().unwrap();
    assert!(
        matches!(refused, AppendRefused::Stopped(Stopped::Failed(_))),
        "{refused:?}"
    );
    let reader = log.reader();
    assert!(matches!(
        reader.progress().borrow().stopped,
        Some(Stopped::Failed(_))
    ));
    assert_eq!((reader.size(), center.rounds()), (300, rounds));
    assert_eq!(reader.entry(299).unwrap(), Some(entry(299)));
    log.close();
    let log = open_witnessed(folder.path(), &center, &Faults::default());
    assert_eq!(append(&log, 300..301), [300]);
}

#[test]
fn f3_without_space_for_a_segment_groups_are_refused_reads_go_on_and_the_log_resumes_alone() {
    let folder = folder();
    let center = Center::new();
    let faults = Faults::injectable();
    let log = open_witnessed(folder.path(), &center, &faults);
    faults.arm_always(Write::SegmentFill, Fault::NoSpace);
    let mut number = 0;
    let refused = loop {
        let mut ticket = log.appender().append(&entry(number)).unwrap();
        match block_on(ticket.durable()) {
            Ok(index) => assert_eq!(index, number),
            Err(refused) => break refused,
        }
        number += 1;
    };
    assert_eq!(refused, AppendRefused::NoSpace);
    assert_eq!(log.reader().entry(0).unwrap(), Some(entry(0)));
    let mut ticket = log.appender().append(&entry(number)).unwrap();
    assert_eq!(block_on(ticket.durable()), Err(AppendRefused::NoSpace));
    faults.disarm();
    assert_eq!(append(&log, number..number + 9).first(), Some(&number));
    wait_public(&log);
    log.close();
    assert_eq!(
        assert_clean(folder.path(), &two_of_three()).size,
        number + 9
    );
}

#[test]
fn f3_without_space_for_public_files_nothing_durable_is_lost_and_the_log_resumes_alone() {
    for write in [Write::Checkpoint, Write::Entries, Write::Kept, Write::Tile] {
        let folder = folder();
        let center = Center::new();
        let faults = Faults::injectable();
        let log = open_witnessed(folder.path(), &center, &faults);
        append(&log, 0..200);
        wait_public(&log);
        faults.arm_always(write, Fault::NoSpace);
        assert_eq!(append(&log, 200..400).last(), Some(&399));
        let mut ticket = log.appender().append(&entry(400)).unwrap();
        let answer = block_on(ticket.durable());
        if matches!(write, Write::Entries | Write::Tile) {
            assert_eq!(answer, Err(AppendRefused::NoSpace), "{write:?}");
        }
        assert_eq!(log.reader().latest().unwrap().size, 200);
        assert_eq!(log.reader().entry(199).unwrap(), Some(entry(199)));
        faults.disarm();
        while block_on(log.appender().append(&entry(400)).unwrap().durable()).is_err() {
            std::thread::yield_now();
        }
        wait_public(&log);
        log.close();
        assert_eq!(
            assert_clean(folder.path(), &two_of_three()).size,
            401,
            "{write:?}"
        );
    }
}

/// A log of three segments that was closed in order.
fn three_segments(center: &Center) -> tempfile::TempDir {
    let folder = folder();
    let faults = Faults::injectable();
    // Without upkeep all segments stay.
    faults.arm_always(Write::TileSync, Fault::ReportedFailed);
    let log = open_witnessed(folder.path(), center, &faults);
    for number in 0..150 {
        append(&log, number..number + 1);
        wait_public(&log);
    }
    log.close();
    let segments = files(&folder.path().join("wal"));
    assert!(
        segments
            .iter()
            .filter(|path| path.extension().is_some())
            .count()
            >= 3,
        "{segments:?}"
    );
    folder
}

fn flipped(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    bytes
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 0x10;
    std::fs::write(path, bytes).unwrap();
}

fn refused(folder: &Path, center: &Center) -> OpenError {
    Log::open(config(folder, &Faults::default(), Some(center)))
        .err()
        .unwrap()
}

#[test]
fn f8_damage_in_the_middle_of_the_wal_refuses_to_start_and_fsck_names_it() {
    for (segment, at) in [
        (0, 4096),
        (0, 4096 + 120),
        (0, 3 * 4096 + 9),
        (1, 40),
        (1, 7 * 4096 + 60),
        (2, 4096 + 84),
    ] {
        let center = Center::new();
        let folder = three_segments(&center);
        let path = files(&folder.path().join("wal"))[segment].clone();
        flip(&path, at);
        let opened = Log::open(config(folder.path(), &Faults::default(), Some(&center)));
        let refused = opened
            .err()
            .unwrap_or_else(|| panic!("{segment} {at} {path:?}"));
        let named = matches!(
            refused,
            OpenError::RecordDamaged { .. } | OpenError::SegmentDamaged { .. }
        );
        assert!(named, "{segment} {at} {refused:?}");
        let report = check(folder.path(), &two_of_three());
        assert!(!report.is_clean(), "{segment} {at}");
    }
}

#[test]
fn f8_refuses_a_segment_that_is_missing_or_another_ones() {
    let center = Center::new();
    let folder = three_segments(&center);
    let segments = files(&folder.path().join("wal"));
    std::fs::rename(&segments[1], folder.path().join("away")).unwrap();
    assert!(matches!(
        refused(folder.path(), &center),
        OpenError::SegmentDamaged { .. }
    ));
    std::fs::copy(&segments[2], &segments[1]).unwrap();
    assert!(matches!(
        refused(folder.path(), &center),
        OpenError::SegmentDamaged { .. }
    ));
    std::fs::copy(folder.path().join("away"), &segments[1]).unwrap();
    open_witnessed(folder.path(), &center, &Faults::default());
    std::fs::remove_dir_all(folder.path().join("wal")).unwrap();
    assert_eq!(refused(folder.path(), &center), OpenError::NoSegments);
}

#[test]
fn f8_a_damaged_tile_is_named_by_fsck_and_written_again_from_the_wal() {
    let folder = folder();
    let log = open(folder.path()).unwrap();
    append(&log, 0..600);
    wait_public(&log);
    append(&log, 600..800);
    wait_public(&log);
    log.close();
    let whole_and_partial = files(&folder.path().join("tile"));
    assert!(whole_and_partial.len() > 8);
    for tile in whole_and_partial {
        let whole = std::fs::read(&tile).unwrap();
        for damaged in [
            flipped(&whole),
            whole[..whole.len() - 1].to_vec(),
            Vec::new(),
        ] {
            std::fs::write(&tile, damaged).unwrap();
            let report = check(folder.path(), &nobody());
            assert!(!report.is_clean(), "{}", tile.display());
            open(folder.path()).unwrap();
            assert_clean(folder.path(), &nobody());
            assert_eq!(std::fs::read(&tile).unwrap(), whole);
        }
    }
}

#[test]
fn f8_fsck_names_a_stray_file_a_foreign_head_and_a_checkpoint_of_other_keys() {
    let folder = folder();
    let log = open(folder.path()).unwrap();
    wait_public(&log);
    append(&log, 0..9);
    wait_public(&log);
    log.close();
    std::fs::write(folder.path().join("tile/0/1"), b"x").unwrap();
    let stray = Finding::Stray {
        path: "tile/0/1".to_owned(),
    };
    assert_eq!(check(folder.path(), &nobody()).findings, [stray]);
    std::fs::remove_file(folder.path().join("tile/0/1")).unwrap();

    let report = fsck(folder.path(), &log_keys(), &two_of_three(), Scope::Whole).unwrap();
    let [
        Finding::Checkpoint {
            which,
            size: 9,
            why,
        },
    ] = report.findings.as_slice()
    else {
        panic!("{report:?}");
    };
    assert_eq!(
        (*which, why.contains("0 of 3")),
        ("public checkpoint", true),
        "{why}"
    );
    let keys = vec![
        Key::new(ORIGIN, tlog::key::Algorithm::Ed25519, 77)
            .vkey()
            .clone(),
    ];
    let keys = tlog::checkpoint::LogKeys::new(ORIGIN, keys).unwrap();
    let report = fsck(folder.path(), &keys, &nobody(), Scope::Whole).unwrap();
    let checkpoints = report
        .findings
        .iter()
        .filter(|f| matches!(f, Finding::Checkpoint { .. }));
    assert_eq!(
        (checkpoints.count(), report.findings.len()),
        (3, 3),
        "{report:?}"
    );
}

#[test]
fn f9_a_disk_from_an_older_copy_appends_and_signs_nothing() {
    let center = Center::new();
    let folder = folder();
    let log = open_witnessed(folder.path(), &center, &Faults::default());
    append(&log, 0..10);
    wait_public(&log);
    log.close();
    let older = log_kit::folder();
    copy(folder.path(), older.path());
    let log = open_witnessed(folder.path(), &center, &Faults::default());
    append(&log, 10..20);
    wait_public(&log);
    log.close();

    let rounds = center.rounds();
    let log = Log::open(config(older.path(), &Faults::default(), Some(&center))).unwrap();
    let refused = log.allow_appends_after(&center.told()).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("has seen 20 entries, this disk holds 10"),
        "{refused}"
    );
    assert_eq!(
        log.appender().append(b"x").err(),
        Some(AppendRefused::NotAllowedYet)
    );
    log.close();
    assert_eq!(center.rounds(), rounds);

    // Newer public files over an older write-ahead log are told at once.
    for newer in ["checkpoint", "quorum"] {
        let mixed = log_kit::folder();
        copy(older.path(), mixed.path());
        copy(&folder.path().join(newer), &mixed.path().join(newer));
        let refused = self::refused(mixed.path(), &center);
        assert!(
            matches!(
                refused,
                OpenError::Shrunk {
                    size: 10,
                    known: 20,
                    ..
                }
            ),
            "{refused:?}"
        );
    }
}

#[test]
fn f9_refuses_a_checkpoint_of_another_tree_or_log() {
    let center = Center::new();
    let (ours, theirs) = (folder(), folder());
    for (folder, entries) in [(&ours, 0..10), (&theirs, 50..60)] {
        let log = open(folder.path()).unwrap();
        append(&log, entries);
        wait_public(&log);
    }
    copy(
        &theirs.path().join("checkpoint"),
        &ours.path().join("checkpoint"),
    );
    let refused = open(ours.path()).err().unwrap();
    assert!(
        matches!(refused, OpenError::Differs { size: 10, .. }),
        "{refused:?}"
    );
    assert!(!check(ours.path(), &nobody()).is_clean());

    let mut other = config(theirs.path(), &Faults::default(), None);
    other.origin = "other.example/v1".to_owned();
    other.signers = vec![Box::new(Key::new(
        "other.example/v1",
        tlog::key::Algorithm::Ed25519,
        9,
    ))];
    let refused = Log::open(other).err().unwrap();
    assert_eq!(
        refused,
        OpenError::OtherOrigin {
            found: ORIGIN.into()
        }
    );
    let _ = center;
}

#[test]
fn f13_damage_to_the_last_record_cannot_be_told_from_an_unfinished_one() {
    let folder = folder();
    let faults = Faults::injectable();
    let log = Log::open(config(folder.path(), &faults, None)).unwrap();
    append(&log, 0..5);
    wait_public(&log);
    // Nobody has signed the last group yet when the medium loses it.
    faults.arm(Write::Quorum, 0, Fault::Lost);
    append(&log, 5..6);
    log.close();
    let wal = files(&folder.path().join("wal"))[0].clone();
    let bytes = std::fs::read(&wal).unwrap();
    let last = bytes
        .windows(7)
        .rposition(|window| window == b"entry 5")
        .unwrap();
    flip(&wal, last);
    let log = open(folder.path()).unwrap();
    assert_eq!((log.recovery().size, log.recovery().cut), (5, 1));
    assert_eq!(append(&log, 5..6), [5]);
}

#[test]
fn limits_that_do_not_fit_are_refused() {
    let folder = folder();
    for change in [0usize, 1, 2] {
        let mut config = config(folder.path(), &Faults::default(), None);
        match change {
            0 => config.limits.segment_bytes = 500 << 10,
            1 => config.limits.segment_bytes += 1,
            _ => config.limits.group_entries = 0,
        }
        assert_eq!(Log::open(config).err(), Some(OpenError::Limits), "{change}");
    }
}

#[test]
fn fsck_refuses_a_running_log_and_an_empty_folder() {
    let folder = folder();
    let keys = log_keys();
    let empty = fsck(folder.path(), &keys, &nobody(), Scope::Whole).unwrap_err();
    assert_eq!(empty, store::log::FsckError::NoLog);
    let log = open(folder.path()).unwrap();
    append(&log, 0..300);
    wait_public(&log);
    let running = fsck(folder.path(), &keys, &nobody(), Scope::Whole).unwrap_err();
    assert_eq!(running, store::log::FsckError::Locked);
    let report = fsck(folder.path(), &keys, &nobody(), Scope::Public).unwrap();
    assert!(report.is_clean() && report.size == 300, "{report:?}");
}

fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        std::fs::copy(from, to).unwrap();
        return;
    }
    for path in files(from) {
        let to = to.join(path.strip_prefix(from).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(path, to).unwrap();
    }
}
