use std::collections::HashSet;

use store::jobs::{AfterFailure, Failure, JobCounts, JobError, Lease, NewJob, backoff};

use crate::world::{NOW, World, job};

const ANY: &[&str] = &["rebuild", "view"];

async fn world_with(jobs: &[NewJob]) -> World {
    let world = World::new().await;
    let mut transaction = world.database.begin().await.unwrap();
    transaction.enqueue(jobs, NOW).await.unwrap();
    transaction.commit().await.unwrap();
    world
}

/// The job that `worker` gets at `now`, for a minute.
async fn leased(world: &World, worker: &str, now: u64) -> Lease {
    let lease = world.database.lease(worker, ANY, now, 60).await.unwrap();
    lease.unwrap()
}

fn failure(error: &str) -> Failure {
    Failure {
        error: error.to_owned(),
        log: format!("log of {error}"),
    }
}

#[tokio::test]
async fn a_job_of_a_rolled_back_transaction_never_exists() {
    let world = World::new().await;
    let mut transaction = world.database.begin().await.unwrap();
    transaction
        .enqueue(&[job("rebuild", "a")], NOW)
        .await
        .unwrap();
    drop(transaction);
    assert_eq!(world.database.lease("one", ANY, NOW, 60).await, Ok(None));
    assert_eq!(
        world.database.job_counts(NOW).await,
        Ok(JobCounts::default())
    );
}

#[tokio::test]
async fn two_workers_never_get_one_job() {
    let world = world_with(&[job("rebuild", "a")]).await;
    let other = world.other_program().await;
    let lease = leased(&world, "one", NOW).await;
    assert_eq!(
        (lease.kind.as_str(), lease.payload.as_str(), lease.attempt),
        ("rebuild", "a", 1)
    );
    assert_eq!(other.lease("two", ANY, NOW, 60).await, Ok(None));
    assert_eq!(other.lease("two", ANY, NOW + 59, 60).await, Ok(None));
}

/// Twelve workers in three programs take 120 jobs; each job is completed by one of them, and none twice.
#[tokio::test(flavor = "multi_thread")]
async fn many_workers_share_many_jobs() {
    let jobs: Vec<NewJob> = (0..120)
        .map(|number| job("rebuild", &format!("{number}")))
        .collect();
    let world = world_with(&jobs).await;
    let programs = [
        world.database.clone(),
        world.other_program().await,
        world.other_program().await,
    ];
    let workers: Vec<_> = (0..12)
        .map(|worker| {
            let database = programs[worker % 3].clone();
            tokio::spawn(async move {
                let mut done = Vec::new();
                while let Some(lease) = database
                    .lease(&format!("worker {worker}"), ANY, NOW, 60)
                    .await
                    .unwrap()
                {
                    assert_eq!(lease.attempt, 1);
                    database.complete(&lease).await.unwrap();
                    done.push(lease.payload);
                }
                done
            })
        })
        .collect();
    let mut done = Vec::new();
    for worker in workers {
        done.extend(worker.await.unwrap());
    }
    assert_eq!(done.len(), 120);
    assert_eq!(done.into_iter().collect::<HashSet<_>>().len(), 120);
    assert_eq!(
        world.database.job_counts(NOW).await,
        Ok(JobCounts::default())
    );
}

#[tokio::test]
async fn a_worker_gets_only_the_kinds_it_asks_for_and_the_longest_due_first() {
    let jobs = [
        NewJob {
            due_at: NOW - 1,
            ..job("view", "second")
        },
        NewJob {
            due_at: NOW - 2,
            ..job("rebuild", "first")
        },
        NewJob {
            due_at: NOW - 1,
            ..job("view", "third")
        },
        NewJob {
            due_at: NOW - 9,
            ..job("mail", "other kind")
        },
        NewJob {
            due_at: NOW + 1,
            ..job("view", "later")
        },
    ];
    let world = world_with(&jobs).await;
    let mut payloads = Vec::new();
    while let Some(lease) = world.database.lease("one", ANY, NOW, 60).await.unwrap() {
        payloads.push(lease.payload);
    }
    assert_eq!(payloads, ["first", "second", "third"]);
    assert_eq!(world.database.lease("one", &[], NOW, 60).await, Ok(None));
    assert_eq!(
        world
            .database
            .lease("one", &["' OR 1 = 1 --"], NOW, 60)
            .await,
        Ok(None)
    );
    let counts = JobCounts {
        ready: 1,
        waiting: 1,
        leased: 3,
        ..JobCounts::default()
    };
    assert_eq!(world.database.job_counts(NOW).await, Ok(counts));
}

#[tokio::test]
async fn an_expired_lease_is_taken_over_and_its_first_holder_is_told() {
    let world = world_with(&[job("rebuild", "a")]).await;
    let first = leased(&world, "one", NOW).await;
    assert_eq!(
        world.database.job_counts(NOW + 60).await.unwrap().overdue,
        1
    );
    let second = leased(&world, "two", NOW + 60).await;
    assert_eq!((second.job, second.attempt), (first.job, 2));
    assert_eq!(
        world.database.complete(&first).await,
        Err(JobError::LeaseLost)
    );
    assert_eq!(
        world.database.heartbeat(&first, NOW + 61, 60).await,
        Err(JobError::LeaseLost)
    );
    assert_eq!(
        world
            .database
            .fail(&first, &failure("late"), NOW + 61)
            .await,
        Err(JobError::LeaseLost)
    );
    assert_eq!(world.database.complete(&second).await, Ok(()));
    assert_eq!(
        world.database.complete(&second).await,
        Err(JobError::LeaseLost)
    );
}

/// The same worker name after a restart: the number of the attempt tells the old lease from the new one.
#[tokio::test]
async fn a_lease_of_an_earlier_attempt_of_the_same_worker_is_lost() {
    let world = world_with(&[job("rebuild", "a")]).await;
    let first = leased(&world, "one", NOW).await;
    let second = leased(&world, "one", NOW + 60).await;
    assert_eq!(
        world.database.complete(&first).await,
        Err(JobError::LeaseLost)
    );
    assert_eq!(world.database.complete(&second).await, Ok(()));
}

#[tokio::test]
async fn a_heartbeat_keeps_the_job() {
    let world = world_with(&[job("rebuild", "a")]).await;
    let lease = leased(&world, "one", NOW).await;
    world
        .database
        .heartbeat(&lease, NOW + 50, 60)
        .await
        .unwrap();
    assert_eq!(
        world.database.lease("two", ANY, NOW + 109, 60).await,
        Ok(None)
    );
    assert_eq!(leased(&world, "two", NOW + 110).await.attempt, 2);
}

#[tokio::test]
async fn a_job_that_always_fails_becomes_a_dead_letter_and_can_be_requeued() {
    let world = world_with(&[job("rebuild", "a")]).await;
    let mut now = NOW;
    for attempt in 1..=3 {
        let lease = leased(&world, "one", now).await;
        assert_eq!(lease.attempt, attempt);
        let after = world
            .database
            .fail(&lease, &failure(&format!("error {attempt}")), now)
            .await
            .unwrap();
        if attempt == 3 {
            assert_eq!(after, AfterFailure::Dead);
            break;
        }
        assert_eq!(after, AfterFailure::RetryAt(now + backoff(attempt)));
        assert_eq!(
            world
                .database
                .lease("one", ANY, now + backoff(attempt) - 1, 60)
                .await,
            Ok(None)
        );
        assert_eq!(world.database.job_counts(now).await.unwrap().waiting, 1);
        now += backoff(attempt);
    }
    assert_eq!(
        world.database.lease("one", ANY, now + 1_000_000, 60).await,
        Ok(None)
    );
    let letters = world.database.dead_letters(10).await.unwrap();
    let [letter] = letters.as_slice() else {
        panic!("{letters:?}")
    };
    assert_eq!(
        (
            letter.kind.as_str(),
            letter.payload.as_str(),
            letter.attempts
        ),
        ("rebuild", "a", 3)
    );
    assert_eq!(
        (letter.last_error.as_str(), letter.log.as_str()),
        ("error 3", "log of error 3")
    );
    assert_eq!(letter.enqueued_at, NOW);
    assert_eq!(
        world.database.job_counts(now).await.unwrap(),
        JobCounts {
            dead: 1,
            ..JobCounts::default()
        }
    );

    world.database.requeue(letter.job, now).await.unwrap();
    assert_eq!(
        world.database.requeue(letter.job, now).await,
        Err(JobError::NotDead)
    );
    let lease = leased(&world, "one", now).await;
    assert_eq!(lease.attempt, 1);
    assert_eq!(world.database.dead_letters(10).await, Ok(vec![]));
}

/// A job whose worker dies each time never reports a failure; it must end all the same.
#[tokio::test]
async fn a_job_that_kills_its_workers_becomes_a_dead_letter() {
    let world = world_with(&[
        job("rebuild", "bomb"),
        NewJob {
            due_at: NOW + 200,
            ..job("rebuild", "good")
        },
    ])
    .await;
    for attempt in 0..3 {
        let lease = leased(&world, "one", NOW + attempt * 60).await;
        assert_eq!(lease.payload, "bomb");
    }
    let next = leased(&world, "one", NOW + 200).await;
    assert_eq!(next.payload, "good");
    let letters = world.database.dead_letters(10).await.unwrap();
    assert_eq!((letters.len(), letters[0].attempts), (1, 3));
    assert!(letters[0].last_error.contains("lease ran out"));
}

#[tokio::test]
async fn refuses_to_requeue_what_is_not_dead() {
    let world = world_with(&[job("rebuild", "a")]).await;
    let lease = leased(&world, "one", NOW).await;
    for number in [lease.job, 99] {
        assert_eq!(
            world.database.requeue(number, NOW).await,
            Err(JobError::NotDead)
        );
    }
    assert_eq!(
        JobError::NotDead.to_string(),
        "there is no dead letter of this number"
    );
    assert!(!JobError::LeaseLost.hint().is_empty());
}

/// Result and completion are one transaction: both or neither.
#[tokio::test]
async fn a_job_is_completed_with_its_result_or_not_at_all() {
    let world = world_with(&[job("rebuild", "a")]).await;
    let lease = leased(&world, "one", NOW).await;
    let mut transaction = world.database.begin().await.unwrap();
    transaction.set_setting("result", "same").await.unwrap();
    transaction.complete(&lease).await.unwrap();
    drop(transaction);
    assert_eq!(world.database.setting("result").await, Ok(None));
    assert_eq!(world.database.job_counts(NOW).await.unwrap().leased, 1);

    let mut transaction = world.database.begin().await.unwrap();
    transaction.set_setting("result", "same").await.unwrap();
    transaction.complete(&lease).await.unwrap();
    // A job may enqueue the next one in the same breath.
    transaction.enqueue(&[job("view", "b")], NOW).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(
        world.database.setting("result").await.unwrap().as_deref(),
        Some("same")
    );
    let counts = JobCounts {
        ready: 1,
        ..JobCounts::default()
    };
    assert_eq!(world.database.job_counts(NOW).await, Ok(counts));
}

#[tokio::test]
async fn leases_and_failures_survive_a_power_loss() {
    let world = world_with(&[job("rebuild", "a")]).await;
    let lease = leased(&world, "one", NOW).await;
    let found = world.after_power_loss().await;
    assert_eq!(found.database.lease("two", ANY, NOW, 60).await, Ok(None));
    world
        .database
        .fail(&lease, &failure("error"), NOW)
        .await
        .unwrap();
    let found = world.after_power_loss().await;
    assert_eq!(leased(&found, "two", NOW + 2).await.attempt, 2);
}

#[tokio::test]
async fn long_and_binary_output_is_kept_at_its_end() {
    let world = world_with(&[NewJob {
        max_attempts: 1,
        ..job("rebuild", "a")
    }])
    .await;
    let lease = leased(&world, "one", NOW).await;
    let long = Failure {
        error: "x\0y".to_owned(),
        log: format!("{}the end", "ü".repeat(100_000)),
    };
    assert_eq!(
        world.database.fail(&lease, &long, NOW).await,
        Ok(AfterFailure::Dead)
    );
    let letter = world.database.dead_letters(1).await.unwrap().remove(0);
    assert_eq!(letter.last_error, "x\u{fffd}y");
    assert!(letter.log.len() <= store::jobs::LONGEST_LOG && letter.log.ends_with("the end"));
}

#[test]
fn backoff_grows_and_ends() {
    assert!((1..100).all(|attempt| backoff(attempt) <= backoff(attempt + 1)));
    assert_eq!(backoff(1), 2);
    assert_eq!(backoff(50), 3600);
}
