use std::collections::HashMap;

use proptest::prelude::*;
use store::blob_rows::{NewBlob, Place};
use store::statements::{Acceptance, NewSigning, SigningRow};
use tlog::hash::{Hash, sha256};

use crate::world::{NOW, ORIGIN, World, abandon_after, id, signing};

#[tokio::test]
async fn accepts_a_statement_with_body_outbox_quota_and_job_at_once() {
    let world = World::new().await;
    assert_eq!(
        world.post(&[signing("a", "key 1")]).await,
        [Acceptance::Accepted { number: 1 }]
    );
    let row = SigningRow {
        number: 1,
        origin: ORIGIN.to_owned(),
        statement: id("a"),
        key: id("key 1"),
        predicate_type: "urn:vitrine:update:v1".to_owned(),
        party: "acme".to_owned(),
        accepted_at: NOW,
        index: None,
    };
    assert_eq!(
        world.database.signings_of(id("a")).await.unwrap(),
        std::slice::from_ref(&row)
    );
    assert_eq!(
        world
            .database
            .signing(ORIGIN, id("a"), id("key 1"))
            .await
            .unwrap(),
        Some(row)
    );
    for (origin, statement, key) in [
        ("other.example/v1", "a", "key 1"),
        (ORIGIN, "b", "key 1"),
        (ORIGIN, "a", "key 2"),
    ] {
        assert_eq!(
            world
                .database
                .signing(origin, id(statement), id(key))
                .await
                .unwrap(),
            None
        );
    }
    assert_eq!(
        world.database.body(id("a")).await.unwrap().as_deref(),
        Some("a")
    );
    assert_eq!(world.database.pending_count(ORIGIN).await.unwrap(), 1);
    assert_eq!(world.database.accepted_today("acme", NOW).await.unwrap(), 1);
    assert_eq!(world.database.job_counts(NOW).await.unwrap().ready, 1);
}

/// D4: the same signing again, in the same batch, in a later one, after a restart.
#[tokio::test]
async fn d4_a_signing_that_is_here_writes_nothing() {
    let world = World::new().await;
    let answers = world
        .post(&[signing("a", "key 1"), signing("a", "key 1")])
        .await;
    assert_eq!(
        answers,
        [
            Acceptance::Accepted { number: 1 },
            Acceptance::AlreadyHere {
                number: 1,
                index: None
            }
        ]
    );
    // ECDSA signatures vary, and so do entries: the key of the door is (payload hash, key id).
    let resigned = NewSigning {
        entry: "another signature".to_owned(),
        ..signing("a", "key 1")
    };
    assert_eq!(
        world.post(std::slice::from_ref(&resigned)).await,
        [Acceptance::AlreadyHere {
            number: 1,
            index: None
        }]
    );
    world.database.close().await;
    let again = world.other_program().await;
    assert_eq!(
        again.accept_batch(ORIGIN, &[resigned], NOW).await.unwrap(),
        [Acceptance::AlreadyHere {
            number: 1,
            index: None
        }]
    );
    assert_eq!(again.pending(ORIGIN, 0, 10).await.unwrap().len(), 1);
    assert_eq!(again.job_counts(NOW).await.unwrap().ready, 1);
    assert_eq!(again.accepted_today("acme", NOW).await.unwrap(), 1);
}

/// D4 comes before D5 and D6: a repetition is answered even when the day is used up.
#[tokio::test]
async fn d4_a_repetition_is_answered_when_nothing_else_would_be() {
    let world = World::new().await;
    let mut first = signing("a", "key 1");
    first.daily_quota = 1;
    world.post(&[first.clone()]).await;
    first.cites = vec![id("missing")];
    let mut second = signing("b", "key 1");
    second.daily_quota = 1;
    let answers = world.post(&[first, second]).await;
    assert_eq!(
        answers,
        [
            Acceptance::AlreadyHere {
                number: 1,
                index: None
            },
            Acceptance::QuotaUsed { limit: 1 }
        ]
    );
}

/// U1: one entry for each signature over one payload; the body is kept once.
#[tokio::test]
async fn a_threshold_is_several_signings_of_one_statement() {
    let world = World::new().await;
    let answers = world
        .post(&[signing("a", "key 2"), signing("a", "key 1")])
        .await;
    assert_eq!(
        answers,
        [
            Acceptance::Accepted { number: 1 },
            Acceptance::Accepted { number: 2 }
        ]
    );
    assert_eq!(
        world.post(&[signing("a", "key 3")]).await,
        [Acceptance::Accepted { number: 3 }]
    );
    let signings = world.database.signings_of(id("a")).await.unwrap();
    let keys: Vec<Hash> = signings.iter().map(|signing| signing.key).collect();
    assert_eq!(keys, ["key 2", "key 1", "key 3"].map(id));
}

#[tokio::test]
async fn two_logs_hold_the_same_signing_apart() {
    let world = World::new().await;
    world.post(&[signing("a", "key 1")]).await;
    let other = world
        .database
        .accept_batch("center-eu.example/v1", &[signing("a", "key 1")], NOW)
        .await
        .unwrap();
    assert_eq!(other, [Acceptance::Accepted { number: 2 }]);
    assert_eq!(world.database.signings_of(id("a")).await.unwrap().len(), 2);
    assert_eq!(world.database.pending_count(ORIGIN).await.unwrap(), 1);
}

/// D5, row by row: what is over the quota does not fail what was under it.
#[tokio::test]
async fn d5_a_party_that_used_its_day_is_refused_and_others_are_not() {
    let world = World::new().await;
    let with_quota = |body: &str, party: &str, daily_quota| NewSigning {
        party: party.to_owned(),
        daily_quota,
        ..signing(body, "key 1")
    };
    let answers = world
        .post(&[
            with_quota("a", "acme", 2),
            with_quota("b", "acme", 2),
            with_quota("c", "acme", 2),
            with_quota("d", "tu-graz", 2),
            with_quota("e", "nobody", 0),
        ])
        .await;
    assert_eq!(
        answers,
        [
            Acceptance::Accepted { number: 1 },
            Acceptance::Accepted { number: 2 },
            Acceptance::QuotaUsed { limit: 2 },
            Acceptance::Accepted { number: 3 },
            Acceptance::QuotaUsed { limit: 0 },
        ]
    );
    assert_eq!(world.database.signings_of(id("c")).await.unwrap(), []);
    // NOW is noon; the day ends at midnight, UTC.
    let midnight = NOW + 43_200;
    let late = [with_quota("c", "acme", 2)];
    let refused = world
        .database
        .accept_batch(ORIGIN, &late, midnight - 1)
        .await
        .unwrap();
    assert_eq!(refused, [Acceptance::QuotaUsed { limit: 2 }]);
    let accepted = world
        .database
        .accept_batch(ORIGIN, &late, midnight)
        .await
        .unwrap();
    assert_eq!(accepted, [Acceptance::Accepted { number: 4 }]);
    assert_eq!(world.database.accepted_today("acme", NOW).await.unwrap(), 2);
    assert_eq!(
        world
            .database
            .accepted_today("acme", midnight)
            .await
            .unwrap(),
        1
    );
}

/// D6: every blob digest is held or listed as withheld.
#[tokio::test]
async fn d6_a_statement_that_names_an_unknown_blob_is_refused_alone() {
    let world = World::new().await;
    let held = [
        NewBlob::File {
            digest: id("source"),
            size: 3,
            withheld: false,
        },
        NewBlob::Withheld {
            digest: id("report"),
        },
    ];
    world.database.record_blobs(&held, NOW).await.unwrap();
    let citing = |body: &str, cites: &[&str]| NewSigning {
        cites: cites.iter().map(|name| id(name)).collect(),
        ..signing(body, "key 1")
    };
    let answers = world
        .post(&[
            citing("a", &["source", "report"]),
            citing("b", &["source", "notes"]),
            // A body of this batch is held from its row on, not before.
            citing("c", &["d"]),
            citing("d", &[]),
            citing("e", &["d", "a"]),
        ])
        .await;
    assert_eq!(
        answers,
        [
            Acceptance::Accepted { number: 1 },
            Acceptance::BlobMissing(id("notes")),
            Acceptance::BlobMissing(id("d")),
            Acceptance::Accepted { number: 2 },
            Acceptance::Accepted { number: 3 },
        ]
    );
    let asked = [id("source"), id("notes"), id("b"), id("a")];
    assert_eq!(
        world.database.missing_blobs(&asked).await.unwrap(),
        [id("notes"), id("b")]
    );
}

#[tokio::test]
async fn the_body_of_an_embargoed_statement_is_kept_and_marked() {
    let world = World::new().await;
    world
        .post(&[NewSigning {
            withheld: true,
            ..signing("a", "key 1")
        }])
        .await;
    let row = world.database.blob(id("a")).await.unwrap().unwrap();
    assert_eq!((row.place, row.withheld), (Place::Row { size: 1 }, true));
    // Another signature over it does not open it.
    world.post(&[signing("a", "key 2")]).await;
    assert!(
        world
            .database
            .blob(id("a"))
            .await
            .unwrap()
            .unwrap()
            .withheld
    );
}

#[tokio::test]
async fn refuses_a_body_above_its_limit_and_keeps_nothing_of_the_batch() {
    let world = World::new().await;
    let large = "x".repeat((1 << 20) + 1);
    let refused = world
        .database
        .accept_batch(
            ORIGIN,
            &[signing("a", "key 1"), signing(&large, "key 1")],
            NOW,
        )
        .await;
    assert!(refused.is_err());
    assert_eq!(world.database.signings_of(id("a")).await.unwrap(), []);
}

#[tokio::test]
async fn an_empty_batch_is_answered() {
    assert_eq!(World::new().await.post(&[]).await, []);
}

#[tokio::test]
async fn large_batches_keep_their_order() {
    let world = World::new().await;
    let batch: Vec<NewSigning> = (0..150)
        .map(|number| signing(&format!("body {number}"), "key 1"))
        .collect();
    let answers = world.post(&batch).await;
    let expected: Vec<Acceptance> = (1..=150)
        .map(|number| Acceptance::Accepted { number })
        .collect();
    assert_eq!(answers, expected);
    let pending = world.database.pending(ORIGIN, 0, 1000).await.unwrap();
    assert!(
        pending
            .iter()
            .zip(&batch)
            .all(|(pending, new)| pending.entry == new.entry)
    );
    assert_eq!(pending.len(), 150);
}

#[tokio::test]
async fn what_was_accepted_survives_a_power_loss() {
    let world = World::new().await;
    world.post(&[signing("a", "key 1")]).await;
    let found = world.after_power_loss().await;
    assert_eq!(
        found.post(&[signing("a", "key 1")]).await,
        [Acceptance::AlreadyHere {
            number: 1,
            index: None
        }]
    );
    assert_eq!(found.database.pending_count(ORIGIN).await.unwrap(), 1);
    assert_eq!(found.database.job_counts(NOW).await.unwrap().ready, 1);
}

/// A client that hangs up at any moment leaves the whole acceptance or nothing of it.
#[tokio::test]
async fn an_abandoned_batch_is_there_whole_or_not_at_all() {
    let world = World::new().await;
    let mut done = 0;
    for polls in 0..200 {
        let body = format!("body {polls}");
        let answer = abandon_after(
            polls,
            world
                .database
                .accept_batch(ORIGIN, &[signing(&body, "key 1")], NOW),
        )
        .await;
        done += u32::from(answer.is_some());
        // Any later write waits until the abandoned one has ended.
        world.database.set_setting("polls", &body).await.unwrap();
        let here = !world
            .database
            .signings_of(id(&body))
            .await
            .unwrap()
            .is_empty();
        assert!(here || answer.is_none(), "acknowledged but not there");
        assert_eq!(
            world.database.body(id(&body)).await.unwrap().is_some(),
            here
        );
        let pending = world.database.pending(ORIGIN, 0, 1000).await.unwrap();
        assert_eq!(
            pending.iter().any(|entry| entry.statement == id(&body)),
            here
        );
        let expected = pending.len() as u64;
        assert_eq!(
            world.database.job_counts(NOW).await.unwrap().ready,
            expected
        );
        assert_eq!(
            world.database.accepted_today("acme", NOW).await.unwrap(),
            expected
        );
    }
    assert!(done > 0, "no call came to its end within the polls");
}

/// Many tasks and two programs post overlapping signings: each is accepted exactly once.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_batches_accept_each_signing_once() {
    let world = World::new().await;
    let programs = [world.database.clone(), world.other_program().await];
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let database = programs[task % 2].clone();
            tokio::spawn(async move {
                let mut accepted = Vec::new();
                for round in 0..10 {
                    let batch: Vec<NewSigning> = (0..10)
                        .map(|place| {
                            signing(
                                &format!("body {}", (round * 7 + place + task) % 60),
                                "key 1",
                            )
                        })
                        .collect();
                    accepted.extend(database.accept_batch(ORIGIN, &batch, NOW).await.unwrap());
                }
                accepted
            })
        })
        .collect();
    let mut numbers = Vec::new();
    for task in tasks {
        numbers.extend(
            task.await
                .unwrap()
                .into_iter()
                .filter_map(|answer| match answer {
                    Acceptance::Accepted { number } => Some(number),
                    _ => None,
                }),
        );
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    assert_eq!(
        world.database.pending_count(ORIGIN).await.unwrap(),
        numbers.len() as u64
    );
    assert_eq!(
        world.database.accepted_today("acme", NOW).await.unwrap(),
        numbers.len() as u64
    );
    assert_eq!(
        world.database.job_counts(NOW).await.unwrap().ready,
        numbers.len() as u64
    );
}

/// A door of five lines that takes one row at a time.
#[derive(Default)]
struct NaiveDoor {
    here: HashMap<(Hash, Hash), u64>,
    bodies: Vec<Hash>,
    used: HashMap<String, u64>,
    number: u64,
}

impl NaiveDoor {
    fn post(&mut self, new: &NewSigning) -> Acceptance {
        let statement = sha256(new.body.as_bytes());
        let used = self.used.entry(new.party.clone()).or_default();
        if let Some(number) = self.here.get(&(statement, new.key)) {
            return Acceptance::AlreadyHere {
                number: *number,
                index: None,
            };
        }
        if *used >= new.daily_quota {
            return Acceptance::QuotaUsed {
                limit: new.daily_quota,
            };
        }
        if let Some(missing) = new
            .cites
            .iter()
            .find(|digest| !self.bodies.contains(digest))
        {
            return Acceptance::BlobMissing(*missing);
        }
        *used += 1;
        self.number += 1;
        self.here.insert((statement, new.key), self.number);
        self.bodies.push(statement);
        Acceptance::Accepted {
            number: self.number,
        }
    }
}

fn any_signing() -> impl Strategy<Value = NewSigning> {
    (
        0..6_u8,
        0..3_u8,
        0..2_u8,
        0..8_u64,
        proptest::collection::vec(0..6_u8, 0..2),
    )
        .prop_map(|(body, key, party, daily_quota, cites)| NewSigning {
            party: format!("party {party}"),
            daily_quota,
            cites: cites
                .iter()
                .map(|cited| id(&format!("body {cited}")))
                .collect(),
            ..signing(&format!("body {body}"), &format!("key {key}"))
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn batches_answer_as_a_door_that_takes_one_row_at_a_time(
        batches in proptest::collection::vec(proptest::collection::vec(any_signing(), 0..12), 1..5)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let mut naive = NaiveDoor::default();
            for batch in &batches {
                let expected: Vec<Acceptance> = batch.iter().map(|new| naive.post(new)).collect();
                assert_eq!(world.post(batch).await, expected);
            }
            assert_eq!(world.database.pending_count(ORIGIN).await.unwrap(), naive.number);
        });
    }
}
