//! A verified copy of a log: it grows only into the tree that the checkpoint tells, and survives a restart at any point.

mod log_kit;

use log_kit::{append, entry, folder, log_keys, nobody, open, wait_public};
use store::log::Log;
use store::replica::{Replica, ReplicaError};
use tlog::checkpoint::LogSigned;
use tlog::hash::leaf_hash;
use tlog::policy::Witnessed;
use tlog::proof::check_inclusion;

fn witnessed(log: &Log) -> Witnessed {
    let note = log.reader().latest().expect("a public checkpoint").note;
    let signed = LogSigned::by_all(note.as_bytes(), &log_keys()).expect("the log signs");
    nobody().check(signed).expect("nobody must cosign")
}

fn entries(range: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    range.map(entry).collect()
}

#[test]
fn grows_over_tile_borders_and_proves_every_entry() {
    let (of_log, of_copy) = (folder(), folder());
    let log = open(of_log.path()).unwrap();
    let mut copy = Replica::open(of_copy.path()).unwrap();
    let mut size = 0;
    for next in [1, 2, 255, 256, 257, 600, 1024] {
        append(&log, size..next);
        wait_public(&log);
        let tree = witnessed(&log);
        copy.extend(&entries(size..next), &tree).unwrap();
        size = next;
        // A restart in between finds the same copy.
        copy = Replica::open(of_copy.path()).unwrap();
        assert_eq!(
            (copy.size(), copy.checkpoint()),
            (size, Some(tree.signed().note()))
        );
        let root = tree.checkpoint().root();
        for index in (0..size).step_by(37) {
            assert_eq!(copy.entry(index).unwrap(), Some(entry(index)));
            let proof = copy.inclusion_proof(index, size).unwrap();
            assert_eq!(
                check_inclusion(size, root, index, leaf_hash(&entry(index)), &proof),
                Ok(())
            );
        }
        assert_eq!(copy.entry(size).unwrap(), None);
        assert_eq!(copy.inclusion_proof(size, size), Err(ReplicaError::Range));
        assert_eq!(copy.inclusion_proof(0, size + 1), Err(ReplicaError::Range));
    }
    let (covering, note) = copy
        .first_covering(255)
        .unwrap()
        .expect("size 256 was kept");
    assert_eq!(covering, 256);
    assert!(note.lines().nth(1) == Some("256"));
    let old = copy.inclusion_proof(3, 256).unwrap();
    assert_eq!(old.len(), 8);
    assert_eq!(copy.first_covering(size).unwrap(), None);
    for (size, before) in [
        (1, None),
        (2, Some(1)),
        (256, Some(255)),
        (1024, Some(600)),
        (u64::MAX, Some(1024)),
    ] {
        let found = copy.before(size).unwrap();
        assert_eq!(found.map(|(size, _)| size), before, "before {size}");
    }
    assert!(copy.taken_at(256).is_some_and(|at| at > 0));
    assert_eq!(copy.taken_at(3), None);
}

#[test]
fn refuses_entries_that_make_another_tree_and_stays_as_it_was() {
    let (of_log, of_copy) = (folder(), folder());
    let log = open(of_log.path()).unwrap();
    append(&log, 0..3);
    wait_public(&log);
    let tree = witnessed(&log);
    let mut copy = Replica::open(of_copy.path()).unwrap();
    let mut forged = entries(0..3);
    forged[1] = b"forged".to_vec();
    for wrong in [
        forged,
        entries(0..2),
        entries(0..4),
        Vec::new(),
        vec![entry(1), entry(0), entry(2)],
    ] {
        assert_eq!(copy.extend(&wrong, &tree), Err(ReplicaError::OtherTree));
        assert_eq!((copy.size(), copy.checkpoint()), (0, None));
    }
    copy.extend(&entries(0..3), &tree).unwrap();
    assert_eq!(copy.size(), 3);
}

#[test]
fn a_copy_that_does_not_recompute_begins_anew() {
    let (of_log, of_copy) = (folder(), folder());
    let log = open(of_log.path()).unwrap();
    append(&log, 0..3);
    wait_public(&log);
    Replica::open(of_copy.path())
        .unwrap()
        .extend(&entries(0..3), &witnessed(&log))
        .unwrap();
    let tile = of_copy.path().join("tile/0/000.p/3");
    let mut bytes = std::fs::read(&tile).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&tile, bytes).unwrap();
    let mut copy = Replica::open(of_copy.path()).unwrap();
    assert_eq!((copy.size(), copy.checkpoint()), (0, None));
    copy.extend(&entries(0..3), &witnessed(&log)).unwrap();
    assert_eq!(copy.entry(2).unwrap(), Some(entry(2)));
}
