//! The fault table of the journal: each durable write × each fault, then reopen and recheck (tlog.md §5.4).

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at whatever it does not expect"
)]

mod kit;

use std::fs;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;

use kit::{NOW, TestLog};
use tlog::checkpoint::Checkpoint;
use tlog::witness::{AddCheckpoint, Known, judge};
use witness::journal::disk::{Fault, Faults, Write};
use witness::journal::record::Record;
use witness::journal::{AppendFailed, Journal, JournalRefused};

const ORIGIN: &str = "log.example/v1";

fn record(log: &TestLog, old: u64, size: u64) -> Arc<Record> {
    let time = NonZeroU64::new(NOW + size).unwrap();
    Arc::new(Record::new(time, &log.accepted(old, size)))
}

fn size(journal: &Journal, origin: &str) -> Option<u64> {
    journal
        .latest(origin)
        .map(|record| record.checkpoint().size())
}

fn reopen(directory: &Path) -> Journal {
    Journal::open(directory, Faults::none()).unwrap()
}

#[test]
fn w11_what_was_appended_is_there_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let (log, other) = (TestLog::new(ORIGIN), TestLog::new("other.example"));
    let mut journal = reopen(directory.path());
    let last = record(&log, 2, 5);
    journal
        .append(&[record(&log, 0, 1), record(&other, 0, 4)])
        .unwrap();
    journal
        .append(&[record(&log, 1, 2), Arc::clone(&last)])
        .unwrap();
    drop(journal);
    let journal = reopen(directory.path());
    assert_eq!(journal.latest(ORIGIN), Some(&last));
    assert_eq!(size(&journal, "other.example"), Some(4));
    assert_eq!(size(&journal, "unknown"), None);
    assert_eq!(journal.all().count(), 2);
}

/// Size 1 is durable. Size 2 is appended while one write fails. Whatever the fault: an error is never followed by a
/// loss of size 1, a success never by a loss of size 2, and the file is never refused.
#[test]
fn f1_f2_f3_no_fault_of_an_append_loses_what_was_acknowledged() {
    let log = TestLog::new(ORIGIN);
    let (one, two, three) = (record(&log, 0, 1), record(&log, 1, 2), record(&log, 2, 3));
    for write in [Write::Append, Write::AppendSync] {
        for fault in Fault::ALL {
            for rollback_fails in [false, true] {
                let directory = tempfile::tempdir().unwrap();
                let faults = Faults::none();
                let mut journal = Journal::open(directory.path(), faults.clone()).unwrap();
                journal.append(&[Arc::clone(&one)]).unwrap();
                faults.strike(write, fault);
                if rollback_fails {
                    faults.strike(Write::Rollback, Fault::Lost);
                }
                let failed = journal.append(&[Arc::clone(&two)]).unwrap_err();
                let case = format!("{write:?} {fault:?} {rollback_fails} {failed}");
                assert_eq!(
                    size(&journal, ORIGIN),
                    Some(1),
                    "{case}: nobody may count on it"
                );
                let goes_on = write == Write::Append && !rollback_fails;
                assert_eq!(
                    matches!(failed, AppendFailed::Refused(_)),
                    goes_on,
                    "{case}"
                );
                let next = journal.append(&[Arc::clone(&two), Arc::clone(&three)]);
                // F2: after a failed sync nothing is ever appended or synced again. F3: else it resumes alone.
                assert_eq!(next.is_ok(), goes_on, "{case}");
                drop(journal);
                let kept = size(&reopen(directory.path()), ORIGIN).unwrap();
                if goes_on {
                    assert_eq!(kept, 3, "{case}");
                } else {
                    assert!(kept == 1 || kept == 2, "{case}: {kept}");
                }
            }
        }
    }
}

#[test]
fn no_fault_of_a_compaction_at_start_loses_anything() {
    let log = TestLog::new(ORIGIN);
    for write in [
        Write::CompactWrite,
        Write::CompactSync,
        Write::CompactRename,
        Write::DirectorySync,
    ] {
        for fault in Fault::ALL {
            let directory = tempfile::tempdir().unwrap();
            reopen(directory.path())
                .append(&[record(&log, 0, 1), record(&log, 1, 2)])
                .unwrap();
            let faults = Faults::none();
            faults.strike(write, fault);
            let refused = Journal::open(directory.path(), faults).unwrap_err();
            assert!(
                matches!(refused, JournalRefused::Io(_)),
                "{write:?} {fault:?}"
            );
            assert_eq!(
                size(&reopen(directory.path()), ORIGIN),
                Some(2),
                "{write:?} {fault:?}"
            );
        }
    }
}

/// Notes of 100 kB, so that few make a file that is worth compacting.
fn heavy(log: &TestLog, old: u64, size: u64) -> Arc<Record> {
    let plain = log.checkpoint(size).to_text();
    let text = format!("{plain}{}\n", "x".repeat(100_000));
    let note = log.sign(&Checkpoint::parse(&text).unwrap());
    let request = AddCheckpoint::new(old, log.proof(old, size), &note).unwrap();
    let known = if old == 0 {
        Known::default()
    } else {
        log.known(old)
    };
    let accepted = judge(request, Some(&log.log_keys()), &known).unwrap();
    Arc::new(Record::new(NonZeroU64::new(NOW).unwrap(), &accepted))
}

/// Fills the file beyond 16 MiB with history of one checkpoint, then leaves compacting to the caller.
fn filled(directory: &Path, faults: &Faults, record: &Arc<Record>) -> Journal {
    let mut journal = Journal::open(directory, faults.clone()).unwrap();
    let group = vec![Arc::clone(record); 100];
    for _ in 0..2 {
        journal.append(&group).unwrap();
    }
    journal
}

fn length(directory: &Path) -> u64 {
    fs::metadata(directory.join("journal")).unwrap().len()
}

#[test]
fn compacts_itself_when_most_of_it_is_history_and_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let log = TestLog::new(ORIGIN);
    let mut journal = filled(directory.path(), &Faults::none(), &heavy(&log, 0, 1));
    assert!(length(directory.path()) > 16 * 1024 * 1024);
    journal.compact_if_large().unwrap();
    assert!(length(directory.path()) < 200_000);
    journal.append(&[record(&log, 1, 2)]).unwrap();
    journal.compact_if_large().unwrap();
    drop(journal);
    assert_eq!(size(&reopen(directory.path()), ORIGIN), Some(2));
}

#[test]
fn no_fault_of_a_compaction_under_way_loses_anything() {
    let log = TestLog::new(ORIGIN);
    let (heavy, two) = (heavy(&log, 0, 1), record(&log, 1, 2));
    let cases = [
        // The old file stays in use.
        (Write::CompactWrite, Fault::Torn, true),
        (Write::CompactSync, Fault::Lost, true),
        (Write::CompactRename, Fault::Lost, true),
        // It is unclear which file a power loss would leave: stop (F2).
        (Write::CompactRename, Fault::ReportedFailed, false),
        (Write::DirectorySync, Fault::Lost, false),
        (Write::DirectorySync, Fault::ReportedFailed, false),
    ];
    for (write, fault, goes_on) in cases {
        let directory = tempfile::tempdir().unwrap();
        let faults = Faults::none();
        let mut journal = filled(directory.path(), &faults, &heavy);
        faults.strike(write, fault);
        let failed = journal.compact_if_large().unwrap_err();
        assert_eq!(
            matches!(failed, AppendFailed::Refused(_)),
            goes_on,
            "{write:?} {fault:?}"
        );
        let appended = journal.append(&[Arc::clone(&two)]);
        assert_eq!(appended.is_ok(), goes_on, "{write:?} {fault:?}");
        drop(journal);
        let expected = if goes_on { 2 } else { 1 };
        assert_eq!(
            size(&reopen(directory.path()), ORIGIN),
            Some(expected),
            "{write:?} {fault:?}"
        );
    }
}

#[test]
fn f1_a_last_group_torn_at_any_byte_is_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    let log = TestLog::new(ORIGIN);
    let path = directory.path().join("journal");
    let mut journal = reopen(directory.path());
    journal.append(&[record(&log, 0, 1)]).unwrap();
    let whole = fs::metadata(&path).unwrap().len() as usize;
    journal.append(&[record(&log, 1, 2)]).unwrap();
    drop(journal);
    let bytes = fs::read(&path).unwrap();
    // Every byte near the edges of its fields, each 61st between.
    let cuts =
        (whole..bytes.len()).filter(|at| at - whole < 100 || bytes.len() - at < 40 || at % 61 == 0);
    for at in cuts {
        for zeros in [0, 1, 5000] {
            // A file system may also leave the new length with zeros in place of the bytes.
            let torn = [&bytes[..at], vec![0; zeros].as_slice()].concat();
            fs::write(&path, &torn).unwrap();
            assert_eq!(
                size(&reopen(directory.path()), ORIGIN),
                Some(1),
                "cut at {at}, {zeros} zeros"
            );
        }
    }
    // The compacted file that each reopening leaves takes appends again.
    let mut journal = reopen(directory.path());
    journal.append(&[record(&log, 1, 7)]).unwrap();
    drop(journal);
    assert_eq!(size(&reopen(directory.path()), ORIGIN), Some(7));
}

#[test]
fn f8_damage_before_the_last_group_refuses_to_start() {
    let directory = tempfile::tempdir().unwrap();
    let log = TestLog::new(ORIGIN);
    let path = directory.path().join("journal");
    let mut journal = reopen(directory.path());
    let header = fs::metadata(&path).unwrap().len() as usize;
    journal.append(&[record(&log, 0, 1)]).unwrap();
    let first_end = fs::metadata(&path).unwrap().len() as usize;
    journal.append(&[record(&log, 1, 2)]).unwrap();
    drop(journal);
    let bytes = fs::read(&path).unwrap();
    for at in (header..first_end).step_by(13) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x40;
        fs::write(&path, &damaged).unwrap();
        let refused = Journal::open(directory.path(), Faults::none()).unwrap_err();
        assert_eq!(
            refused,
            JournalRefused::Damaged { at: header as u64 },
            "byte {at}"
        );
        assert_eq!(fs::read(&path).unwrap(), damaged, "nothing is thrown away");
    }
    // Taken out whole, it is missed by the group behind it.
    fs::write(&path, [&bytes[..header], &bytes[first_end..]].concat()).unwrap();
    let refused = Journal::open(directory.path(), Faults::none()).unwrap_err();
    assert_eq!(refused, JournalRefused::Damaged { at: header as u64 });
    // And a group that appears twice does not chain either.
    fs::write(&path, [&bytes[..], &bytes[first_end..]].concat()).unwrap();
    let refused = Journal::open(directory.path(), Faults::none()).unwrap_err();
    assert_eq!(
        refused,
        JournalRefused::Damaged {
            at: bytes.len() as u64
        }
    );
    fs::write(&path, &bytes).unwrap();
    assert_eq!(size(&reopen(directory.path()), ORIGIN), Some(2));
}

#[test]
fn refuses_a_file_that_is_no_journal() {
    let directory = tempfile::tempdir().unwrap();
    drop(reopen(directory.path()));
    for bytes in [b"".as_slice(), b"vitrine-witness-journal/v2\n", b"x"] {
        fs::write(directory.path().join("journal"), bytes).unwrap();
        let refused = Journal::open(directory.path(), Faults::none()).unwrap_err();
        assert_eq!(refused, JournalRefused::NotAJournal);
    }
}

#[test]
fn f10_refuses_a_directory_that_is_in_use() {
    let directory = tempfile::tempdir().unwrap();
    let journal = reopen(directory.path());
    let refused = Journal::open(directory.path(), Faults::none()).unwrap_err();
    assert_eq!(refused, JournalRefused::InUse);
    drop(journal);
    reopen(directory.path());
}

#[test]
fn a_compaction_that_a_crash_cut_off_is_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let log = TestLog::new(ORIGIN);
    reopen(directory.path())
        .append(&[record(&log, 0, 1)])
        .unwrap();
    fs::write(
        directory.path().join("journal.new"),
        b"vitrine-witness-jour",
    )
    .unwrap();
    assert_eq!(size(&reopen(directory.path()), ORIGIN), Some(1));
    assert!(!directory.path().join("journal.new").exists());
}

#[test]
fn equal_states_give_equal_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal");
    let (a, b) = (TestLog::new("a.example"), TestLog::new("b.example"));
    reopen(directory.path())
        .append(&[record(&b, 0, 1), record(&a, 0, 1)])
        .unwrap();
    drop(reopen(directory.path()));
    let once = fs::read(&path).unwrap();
    drop(reopen(directory.path()));
    assert_eq!(fs::read(&path).unwrap(), once);
}
