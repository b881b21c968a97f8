use std::io::{Seek, SeekFrom, Write};

use store::blob_rows::{BlobRow, LARGEST_BODY, NewBlob, Place};
use store::database::{Database, DatabaseError, OpenError};

use crate::world::{NOW, World, id};

#[tokio::test]
async fn opens_an_empty_folder_and_opens_it_again() {
    let world = World::new().await;
    assert_eq!(world.database.schema_version(), 5);
    world
        .database
        .set_setting("origin", "log.acme.example/v1")
        .await
        .unwrap();
    world.database.close().await;
    let again = world.other_program().await;
    assert_eq!(
        again.setting("origin").await.unwrap().as_deref(),
        Some("log.acme.example/v1")
    );
    assert_eq!(again.schema_version(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_start_together_migrate_once() {
    let folder = tempfile::tempdir().unwrap();
    let starts: Vec<_> = (0..6)
        .map(|_| {
            let path = folder.path().join("node.db");
            tokio::spawn(async move {
                Database::open_file(&path)
                    .await
                    .map(|database| database.schema_version())
            })
        })
        .collect();
    for start in starts {
        assert_eq!(start.await.unwrap(), Ok(5));
    }
}

#[tokio::test]
async fn refuses_addresses_it_cannot_keep_its_word_on() {
    for url in [
        "",
        "postgres://localhost/x",
        "mysql://localhost/x",
        "sqlite:node.db",
        "sqlite://",
        "sqlite://:memory:",
        "sqlite://node.db?mode=memory",
        "sqlite://node.db#x",
        "/var/lib/node.db",
    ] {
        let refused = Database::open(url).await;
        assert!(
            matches!(refused, Err(OpenError::AddressRefused(_))),
            "{url}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn a_path_may_hold_characters_that_mean_something_in_an_address() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("100% a?b#c ü.db");
    Database::open_file(&path)
        .await
        .unwrap()
        .set_setting("name", "value")
        .await
        .unwrap();
    assert!(path.exists());
}

#[tokio::test]
async fn refuses_a_folder_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let refused = Database::open_file(&folder.path().join("missing/node.db")).await;
    assert!(
        matches!(
            refused,
            Err(OpenError::Database(DatabaseError::Unavailable(_)))
        ),
        "{refused:?}"
    );
}

#[tokio::test]
async fn names_a_file_that_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    std::fs::write(
        &path,
        "this is a letter, not a database, and it is long enough to have a header of its own\n"
            .repeat(20),
    )
    .unwrap();
    let refused = Database::open_file(&path).await;
    assert!(
        matches!(refused, Err(OpenError::Database(DatabaseError::Damaged(_)))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn names_a_database_that_was_damaged_later() {
    let world = World::new().await;
    let bodies: Vec<NewBlob> = (0..200)
        .map(|number| NewBlob::Body {
            text: format!("{number} {}", "body ".repeat(200)),
            withheld: false,
        })
        .collect();
    world.database.record_blobs(&bodies, NOW).await.unwrap();
    world.database.close().await;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .open(world.file())
        .unwrap();
    let length = file.metadata().unwrap().len();
    // Everything behind the first page: the header still reads, the tables do not.
    file.seek(SeekFrom::Start(4096)).unwrap();
    file.write_all(&vec![0x5a; usize::try_from(length).unwrap() - 4096])
        .unwrap();
    drop(file);
    let refused = Database::open_file(&world.file()).await;
    assert!(
        matches!(refused, Err(OpenError::Database(DatabaseError::Damaged(_)))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_dropped_transaction_leaves_nothing() {
    let world = World::new().await;
    let mut transaction = world.database.begin().await.unwrap();
    transaction.set_setting("name", "value").await.unwrap();
    transaction
        .record_blobs(
            &[NewBlob::Body {
                text: "body".to_owned(),
                withheld: false,
            }],
            NOW,
        )
        .await
        .unwrap();
    drop(transaction);
    assert_eq!(world.database.setting("name").await.unwrap(), None);
    assert_eq!(world.database.blob(id("body")).await.unwrap(), None);
    world.database.set_setting("name", "later").await.unwrap();
}

#[tokio::test]
async fn readers_see_nothing_of_an_open_transaction() {
    let world = World::new().await;
    let mut transaction = world.database.begin().await.unwrap();
    transaction.set_setting("name", "value").await.unwrap();
    assert_eq!(world.database.setting("name").await.unwrap(), None);
    transaction.commit().await.unwrap();
    assert_eq!(
        world.database.setting("name").await.unwrap().as_deref(),
        Some("value")
    );
}

#[tokio::test]
async fn what_was_acknowledged_is_in_the_files() {
    let world = World::new().await;
    world.database.set_setting("name", "one").await.unwrap();
    let mut open = world.database.begin().await.unwrap();
    open.set_setting("name", "two").await.unwrap();
    let found = world.after_power_loss().await;
    assert_eq!(
        found.database.setting("name").await.unwrap().as_deref(),
        Some("one")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_two_programs_wait_for_each_other() {
    let world = World::new().await;
    let programs = [world.database.clone(), world.other_program().await];
    let writes: Vec<_> = (0..40)
        .map(|number| {
            let database = programs[number % 2].clone();
            tokio::spawn(async move {
                database
                    .set_setting(&format!("name {number}"), "value")
                    .await
            })
        })
        .collect();
    for write in writes {
        assert_eq!(write.await.unwrap(), Ok(()));
    }
    for number in 0..40 {
        let found = programs[0]
            .setting(&format!("name {number}"))
            .await
            .unwrap();
        assert_eq!(found.as_deref(), Some("value"));
    }
}

#[tokio::test]
async fn a_closed_database_answers_that_it_is_unavailable() {
    let world = World::new().await;
    world.database.close().await;
    let refused = world.database.set_setting("name", "value").await;
    assert!(
        matches!(refused, Err(DatabaseError::Unavailable(_))),
        "{refused:?}"
    );
    assert!(!refused.unwrap_err().hint().is_empty());
}

#[tokio::test]
async fn a_blob_row_tells_place_and_embargo() {
    let world = World::new().await;
    let (file, listed) = (id("file"), id("listed"));
    let blobs = [
        NewBlob::Body {
            text: "body".to_owned(),
            withheld: true,
        },
        NewBlob::File {
            digest: file,
            size: 7,
            withheld: false,
        },
        NewBlob::Withheld { digest: listed },
        // The same digest twice in one call is one row, and the first counts.
        NewBlob::Body {
            text: "body".to_owned(),
            withheld: false,
        },
    ];
    world.database.record_blobs(&blobs, NOW).await.unwrap();
    for (digest, place, withheld) in [
        (id("body"), Place::Row { size: 4 }, true),
        (file, Place::File { size: 7 }, false),
        (listed, Place::Absent, true),
    ] {
        let expected = BlobRow {
            digest,
            place,
            withheld,
            recorded_at: NOW,
        };
        assert_eq!(world.database.blob(digest).await.unwrap(), Some(expected));
    }
    assert_eq!(
        world.database.body(id("body")).await.unwrap().as_deref(),
        Some("body")
    );
    assert_eq!(world.database.body(file).await.unwrap(), None);
    assert_eq!(world.database.body(id("unknown")).await.unwrap(), None);
}

#[tokio::test]
async fn a_repeated_upload_neither_moves_bytes_nor_lifts_an_embargo() {
    let world = World::new().await;
    let body = |withheld| {
        [NewBlob::Body {
            text: "body".to_owned(),
            withheld,
        }]
    };
    world.database.record_blobs(&body(true), NOW).await.unwrap();
    world
        .database
        .record_blobs(&body(false), NOW + 1)
        .await
        .unwrap();
    let file = NewBlob::File {
        digest: id("body"),
        size: 4,
        withheld: false,
    };
    world
        .database
        .record_blobs(&[file, NewBlob::Withheld { digest: id("body") }], NOW + 2)
        .await
        .unwrap();
    let expected = BlobRow {
        digest: id("body"),
        place: Place::Row { size: 4 },
        withheld: true,
        recorded_at: NOW,
    };
    assert_eq!(
        world.database.blob(id("body")).await.unwrap(),
        Some(expected)
    );
}

#[tokio::test]
async fn bytes_that_come_later_stay_withheld_until_they_are_opened() {
    let world = World::new().await;
    world
        .database
        .record_blobs(&[NewBlob::Withheld { digest: id("body") }], NOW)
        .await
        .unwrap();
    assert_eq!(
        world.database.set_withheld(id("body"), false).await,
        Ok(false)
    );
    world
        .database
        .record_blobs(
            &[NewBlob::Body {
                text: "body".to_owned(),
                withheld: false,
            }],
            NOW,
        )
        .await
        .unwrap();
    let row = world.database.blob(id("body")).await.unwrap().unwrap();
    assert_eq!((row.place, row.withheld), (Place::Row { size: 4 }, true));
    assert_eq!(
        world.database.set_withheld(id("body"), false).await,
        Ok(true)
    );
    assert!(
        !world
            .database
            .blob(id("body"))
            .await
            .unwrap()
            .unwrap()
            .withheld
    );
    assert_eq!(
        world.database.set_withheld(id("unknown"), true).await,
        Ok(false)
    );
}

#[tokio::test]
async fn refuses_a_body_above_its_limit() {
    let world = World::new().await;
    let body = |length| NewBlob::Body {
        text: "x".repeat(length),
        withheld: false,
    };
    assert!(
        world
            .database
            .record_blobs(&[body(LARGEST_BODY)], NOW)
            .await
            .is_ok()
    );
    let refused = world
        .database
        .record_blobs(&[body(LARGEST_BODY + 1)], NOW)
        .await;
    assert!(
        matches!(refused, Err(DatabaseError::OurBug { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn refuses_times_and_sizes_that_no_column_holds() {
    let world = World::new().await;
    let blob = NewBlob::File {
        digest: id("file"),
        size: u64::MAX,
        withheld: false,
    };
    assert!(world.database.record_blobs(&[blob], NOW).await.is_err());
    let blob = NewBlob::File {
        digest: id("file"),
        size: 1,
        withheld: false,
    };
    assert!(
        world
            .database
            .record_blobs(&[blob], u64::MAX)
            .await
            .is_err()
    );
    assert_eq!(
        world.database.missing_blobs(&[id("file")]).await.unwrap(),
        [id("file")]
    );
}
