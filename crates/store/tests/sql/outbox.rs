use store::outbox::{OutboxError, PendingEntry, Sequenced};
use store::statements::Acceptance;

use crate::world::{ORIGIN, World, id, signing};

fn sequenced(number: u64, index: u64) -> Sequenced {
    Sequenced { number, index }
}

/// The bodies are accepted in order: the first has number 1.
async fn world_with(bodies: &[&str]) -> World {
    let world = World::new().await;
    let batch: Vec<_> = bodies.iter().map(|body| signing(body, "key 1")).collect();
    world.post(&batch).await;
    world
}

async fn pending(world: &World) -> Vec<String> {
    let pending = world.database.pending(ORIGIN, 0, 1000).await.unwrap();
    pending.into_iter().map(|entry| entry.entry).collect()
}

#[tokio::test]
async fn pending_entries_come_in_the_order_of_acceptance_and_in_pages() {
    let world = world_with(&["c", "a", "b"]).await;
    let first = world.database.pending(ORIGIN, 0, 2).await.unwrap();
    let expected = |number, body: &str| PendingEntry {
        number,
        statement: id(body),
        key: id("key 1"),
        entry: format!("entry of {body} by key 1"),
    };
    assert_eq!(first, [expected(1, "c"), expected(2, "a")]);
    assert_eq!(
        world.database.pending(ORIGIN, 2, 2).await.unwrap(),
        [expected(3, "b")]
    );
    assert_eq!(
        world
            .database
            .pending("other.example/v1", 0, 10)
            .await
            .unwrap(),
        []
    );
}

#[tokio::test]
async fn an_answer_of_the_log_ends_the_wait_and_is_found_by_index() {
    let world = world_with(&["a", "b"]).await;
    world
        .database
        .mark_sequenced(ORIGIN, &[sequenced(2, 7)])
        .await
        .unwrap();
    assert_eq!(pending(&world).await, ["entry of a by key 1"]);
    assert_eq!(
        world.post(&[signing("b", "key 1")]).await,
        [Acceptance::AlreadyHere {
            number: 2,
            index: Some(7)
        }]
    );
    assert_eq!(
        world
            .database
            .signing_at(ORIGIN, 7)
            .await
            .unwrap()
            .unwrap()
            .statement,
        id("b")
    );
    assert_eq!(world.database.signing_at(ORIGIN, 8).await.unwrap(), None);
    assert_eq!(
        world
            .database
            .signing_at("other.example/v1", 7)
            .await
            .unwrap(),
        None
    );
}

/// F11: the record of the answer was lost, the entry was handed over again, and dedup told the same index.
#[tokio::test]
async fn f11_the_same_answer_again_changes_nothing() {
    let world = world_with(&["a", "b"]).await;
    let answers = [sequenced(1, 0), sequenced(2, 1)];
    world
        .database
        .mark_sequenced(ORIGIN, &answers)
        .await
        .unwrap();
    world
        .database
        .mark_sequenced(ORIGIN, &answers)
        .await
        .unwrap();
    world
        .database
        .mark_sequenced(ORIGIN, &[sequenced(2, 1), sequenced(1, 0), sequenced(2, 1)])
        .await
        .unwrap();
    assert_eq!(world.database.pending_count(ORIGIN).await.unwrap(), 0);
}

/// F11, from the other side: a crash before the record leaves the entry pending.
#[tokio::test]
async fn f11_an_entry_whose_answer_was_not_recorded_is_handed_over_again() {
    let world = world_with(&["a"]).await;
    assert_eq!(
        pending(&world.after_power_loss().await).await,
        ["entry of a by key 1"]
    );
    world
        .database
        .mark_sequenced(ORIGIN, &[sequenced(1, 0)])
        .await
        .unwrap();
    assert_eq!(pending(&world.after_power_loss().await).await, [""; 0]);
}

#[tokio::test]
async fn refuses_answers_that_contradict_the_record_and_keeps_none_of_them() {
    let world = world_with(&["a", "b", "c"]).await;
    world
        .database
        .mark_sequenced(ORIGIN, &[sequenced(1, 0)])
        .await
        .unwrap();
    for (answers, told, recorded, holder) in [
        (
            vec![sequenced(2, 1), sequenced(1, 2)],
            sequenced(1, 2),
            Some(0),
            None,
        ),
        (
            vec![sequenced(2, 1), sequenced(99, 2)],
            sequenced(99, 2),
            None,
            None,
        ),
        (vec![sequenced(2, 0)], sequenced(2, 0), None, Some(1)),
        // Two at one index, neither of them recorded.
        (
            vec![sequenced(2, 5), sequenced(3, 5)],
            sequenced(3, 5),
            None,
            None,
        ),
    ] {
        let refused = world.database.mark_sequenced(ORIGIN, &answers).await;
        assert_eq!(
            refused,
            Err(OutboxError::Disagrees {
                told,
                recorded,
                holder
            })
        );
        assert!(!refused.unwrap_err().hint().is_empty());
        assert_eq!(world.database.pending_count(ORIGIN).await.unwrap(), 2);
    }
    let other = world
        .database
        .mark_sequenced("other.example/v1", &[sequenced(1, 0)])
        .await;
    let expected = OutboxError::Disagrees {
        told: sequenced(1, 0),
        recorded: None,
        holder: None,
    };
    assert_eq!(other, Err(expected));
}

#[tokio::test]
async fn an_empty_answer_is_fine() {
    assert_eq!(
        world_with(&[])
            .await
            .database
            .mark_sequenced(ORIGIN, &[])
            .await,
        Ok(())
    );
}

/// F13: the log lost its last record although it had been acknowledged.
#[tokio::test]
async fn f13_entries_that_the_log_lost_become_pending_again_in_their_order() {
    let world = world_with(&["a", "b", "c"]).await;
    let answers = [sequenced(1, 0), sequenced(2, 1), sequenced(3, 2)];
    world
        .database
        .mark_sequenced(ORIGIN, &answers)
        .await
        .unwrap();
    world.database.trim_outbox(ORIGIN, 1).await.unwrap();
    assert_eq!(world.database.reopen(ORIGIN, 3).await, Ok(0));
    assert_eq!(world.database.reopen(ORIGIN, 1).await, Ok(2));
    assert_eq!(
        pending(&world).await,
        ["entry of b by key 1", "entry of c by key 1"]
    );
    // Their old indexes are free for whoever comes first.
    world
        .database
        .mark_sequenced(ORIGIN, &[sequenced(3, 1), sequenced(2, 2)])
        .await
        .unwrap();
}

/// F9: the log on this disk is older than what was public.
#[tokio::test]
async fn f9_refuses_a_log_that_lacks_what_a_public_checkpoint_covered() {
    let world = world_with(&["a", "b", "c"]).await;
    let answers = [sequenced(1, 0), sequenced(2, 1), sequenced(3, 2)];
    world
        .database
        .mark_sequenced(ORIGIN, &answers)
        .await
        .unwrap();
    assert_eq!(world.database.trim_outbox(ORIGIN, 2).await, Ok(2));
    assert_eq!(
        world.database.reopen(ORIGIN, 1).await,
        Err(OutboxError::LogTooShort {
            size: 1,
            covered: 1
        })
    );
    assert_eq!(world.database.pending_count(ORIGIN).await.unwrap(), 0);
    assert_eq!(world.database.reopen("other.example/v1", 0).await, Ok(0));
}

/// The database on this disk is older than the log: it would let in again what only the log knows.
#[tokio::test]
async fn refuses_a_log_that_has_more_than_was_ever_accepted_here() {
    let world = world_with(&["a", "b"]).await;
    assert_eq!(world.database.reopen(ORIGIN, 2).await, Ok(0));
    let refused = world.database.reopen(ORIGIN, 3).await;
    let too_old = OutboxError::DatabaseTooOld {
        size: 3,
        accepted: 2,
    };
    assert_eq!(refused, Err(too_old));
    // What another log accepted does not count.
    assert!(world.database.reopen("other.example/v1", 1).await.is_err());
}

#[tokio::test]
async fn trimming_spares_what_waits_and_other_logs() {
    let world = world_with(&["a", "b"]).await;
    world
        .database
        .accept_batch("other.example/v1", &[signing("a", "key 1")], 1)
        .await
        .unwrap();
    world
        .database
        .mark_sequenced("other.example/v1", &[sequenced(3, 0)])
        .await
        .unwrap();
    world
        .database
        .mark_sequenced(ORIGIN, &[sequenced(1, 0)])
        .await
        .unwrap();
    assert_eq!(world.database.trim_outbox(ORIGIN, 100).await, Ok(1));
    assert_eq!(world.database.trim_outbox(ORIGIN, 100).await, Ok(0));
    assert_eq!(pending(&world).await, ["entry of b by key 1"]);
    assert_eq!(world.database.reopen("other.example/v1", 0).await, Ok(1));
}

/// What the door's rules must see beside the views: waiting, or behind the cursor.
#[tokio::test]
async fn signings_from_an_index_hold_the_waiting_ones() {
    let world = world_with(&["a", "b", "c"]).await;
    world
        .database
        .mark_sequenced(ORIGIN, &[sequenced(1, 0), sequenced(2, 1)])
        .await
        .unwrap();
    let signings = world.database.signings_from(ORIGIN, 1, 10).await.unwrap();
    let found: Vec<_> = signings
        .iter()
        .map(|signing| (signing.statement, signing.index))
        .collect();
    assert_eq!(found, [(id("b"), Some(1)), (id("c"), None)]);
    assert_eq!(
        world
            .database
            .signings_from(ORIGIN, 0, 2)
            .await
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        world
            .database
            .signings_from("other.example/v1", 0, 10)
            .await
            .unwrap(),
        []
    );
}

#[tokio::test]
async fn a_group_of_many_answers_is_recorded_at_once() {
    let bodies: Vec<String> = (0..150).map(|number| format!("body {number}")).collect();
    let world = world_with(&bodies.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let answers: Vec<Sequenced> = (0..)
        .zip(&bodies)
        .map(|(index, _)| sequenced(index + 1, index))
        .collect();
    world
        .database
        .mark_sequenced(ORIGIN, &answers)
        .await
        .unwrap();
    for (index, body) in (0..).zip(&bodies) {
        assert_eq!(
            world
                .database
                .signing_at(ORIGIN, index)
                .await
                .unwrap()
                .unwrap()
                .statement,
            id(body)
        );
    }
}
