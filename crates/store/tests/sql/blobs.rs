use std::path::{Path, PathBuf};

use store::blobs::{Begin, BlobError, BlobLimits, Blobs, Swept, Upload};
use tempfile::TempDir;
use tlog::hash::{Hash, sha256};

use crate::world::abandon_after;

const LARGEST: u64 = 1 << 20;

struct Shelf {
    folder: TempDir,
    blobs: Blobs,
}

impl Shelf {
    async fn new() -> Self {
        Self::with(BlobLimits {
            largest: LARGEST,
            reserve: 0,
        })
        .await
    }

    async fn with(limits: BlobLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path(), limits).await.unwrap();
        Self { folder, blobs }
    }

    /// Another program on the same folder.
    async fn other_program(&self) -> Blobs {
        Blobs::open(
            self.folder.path(),
            BlobLimits {
                largest: LARGEST,
                reserve: 0,
            },
        )
        .await
        .unwrap()
    }

    async fn upload(&self, digest: Hash) -> Upload {
        upload(&self.blobs, digest).await
    }

    async fn store(&self, bytes: &[u8]) -> Hash {
        let mut upload = self.upload(sha256(bytes)).await;
        upload.append(0, bytes.to_vec()).await.unwrap();
        upload.finish().await.unwrap();
        sha256(bytes)
    }

    fn part(&self, digest: Hash) -> PathBuf {
        self.folder
            .path()
            .join("part")
            .join(format!("{digest}.part"))
    }

    fn whole(&self, digest: Hash) -> PathBuf {
        self.folder.path().join("sha256").join(digest.to_hex())
    }

    /// Nothing is acknowledged, and no partial is left.
    async fn assert_nothing_of(&self, digest: Hash) {
        assert_eq!(self.blobs.size(digest).await, Ok(None));
        assert!(!self.part(digest).exists());
        assert!(!self.whole(digest).exists());
    }
}

async fn upload(blobs: &Blobs, digest: Hash) -> Upload {
    match blobs.begin(digest, None).await.unwrap() {
        Begin::Upload(upload) => upload,
        Begin::Held { size } => panic!("held already, {size} bytes"),
    }
}

async fn all(blobs: &Blobs, digest: Hash) -> Vec<u8> {
    let reader = blobs.read(digest).await.unwrap();
    reader
        .read_at(0, usize::try_from(reader.size()).unwrap())
        .await
        .unwrap()
}

fn set_age(path: &Path, seconds_since_1970: u64) {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds_since_1970);
    std::fs::OpenOptions::new()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(time)
        .unwrap();
}

#[tokio::test]
async fn stores_a_blob_in_pieces_and_reads_it_back() {
    let shelf = Shelf::new().await;
    let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    let digest = sha256(&bytes);
    let mut upload = shelf.upload(digest).await;
    for (place, piece) in (0..).zip(bytes.chunks(4097)) {
        assert_eq!(
            upload.append(place * 4097, piece.to_vec()).await,
            Ok(place * 4097 + piece.len() as u64)
        );
    }
    assert_eq!(shelf.blobs.size(digest).await, Ok(None));
    assert_eq!(upload.finish().await, Ok(bytes.len() as u64));
    assert_eq!(shelf.blobs.size(digest).await, Ok(Some(bytes.len() as u64)));
    assert_eq!(all(&shelf.blobs, digest).await, bytes);
    assert_eq!(shelf.blobs.recheck(digest).await, Ok(bytes.len() as u64));
    assert_eq!(shelf.blobs.digests().await, Ok(vec![digest]));
    assert!(!shelf.part(digest).exists());
}

#[tokio::test]
async fn stores_the_empty_blob() {
    let shelf = Shelf::new().await;
    assert_eq!(shelf.upload(sha256(b"")).await.finish().await, Ok(0));
    let reader = shelf.blobs.read(sha256(b"")).await.unwrap();
    assert_eq!(reader.read_at(0, 10).await, Ok(vec![]));
}

#[tokio::test]
async fn reads_ranges_and_refuses_those_behind_the_end() {
    let shelf = Shelf::new().await;
    let reader = shelf
        .blobs
        .read(shelf.store(b"0123456789").await)
        .await
        .unwrap();
    for (offset, most, expected) in [
        (0, 4, &b"0123"[..]),
        (8, 4, b"89"),
        (10, 4, b""),
        (0, 0, b""),
        (3, usize::MAX, b"3456789"),
    ] {
        assert_eq!(reader.read_at(offset, most).await.as_deref(), Ok(expected));
    }
    for offset in [11, u64::MAX] {
        assert_eq!(
            reader.read_at(offset, 1).await,
            Err(BlobError::OutOfRange { size: 10 })
        );
    }
}

#[tokio::test]
async fn refuses_to_read_what_is_not_here_whole() {
    let shelf = Shelf::new().await;
    let digest = sha256(b"whole");
    shelf.upload(digest).await.append(0, "who").await.unwrap();
    for missing in [digest, sha256(b"never seen")] {
        assert_eq!(
            shelf.blobs.read(missing).await.unwrap_err(),
            BlobError::Missing
        );
        assert_eq!(shelf.blobs.recheck(missing).await, Err(BlobError::Missing));
        assert_eq!(shelf.blobs.size(missing).await, Ok(None));
    }
}

#[tokio::test]
async fn an_upload_that_was_cut_goes_on_where_it_ended() {
    let shelf = Shelf::new().await;
    let digest = sha256(b"0123456789");
    let mut first = shelf.upload(digest).await;
    first.append(0, "0123").await.unwrap();
    drop(first);
    // A restart in between changes nothing.
    let later = shelf.other_program().await;
    let mut second = upload(&later, digest).await;
    assert_eq!(second.offset(), 4);
    second.append(4, "456789").await.unwrap();
    assert_eq!(second.finish().await, Ok(10));
    assert_eq!(all(&shelf.blobs, digest).await, b"0123456789");
}

/// Cut after every byte of a small file, resumed each time.
#[tokio::test]
async fn an_upload_may_be_cut_anywhere() {
    let shelf = Shelf::new().await;
    let bytes = b"a small package";
    let digest = sha256(bytes);
    for (offset, byte) in (0..).zip(bytes) {
        let mut upload = shelf.upload(digest).await;
        assert_eq!(upload.offset(), offset);
        upload.append(offset, vec![*byte]).await.unwrap();
    }
    assert_eq!(
        shelf.upload(digest).await.finish().await,
        Ok(bytes.len() as u64)
    );
}

#[tokio::test]
async fn refuses_bytes_at_any_other_offset_and_stays_usable() {
    let shelf = Shelf::new().await;
    let digest = sha256(b"0123456789");
    let mut upload = shelf.upload(digest).await;
    upload.append(0, "0123").await.unwrap();
    for offset in [0, 3, 5, u64::MAX] {
        assert_eq!(
            upload.append(offset, "4").await,
            Err(BlobError::WrongOffset { expected: 4 })
        );
    }
    upload.append(4, "456789").await.unwrap();
    assert_eq!(upload.finish().await, Ok(10));
}

#[tokio::test]
async fn refuses_bytes_of_another_digest_and_removes_the_partial() {
    let shelf = Shelf::new().await;
    let digest = sha256(b"right");
    for wrong in ["wrong", "righ", "right ", ""] {
        let mut upload = shelf.upload(digest).await;
        upload.append(0, wrong).await.unwrap();
        let refused = upload.finish().await.unwrap_err();
        assert_eq!(
            refused,
            BlobError::WrongDigest {
                found: sha256(wrong.as_bytes())
            }
        );
        shelf.assert_nothing_of(digest).await;
    }
    assert_eq!(shelf.store(b"right").await, digest);
}

/// After a power loss a partial may hold zeros where its data was.
#[tokio::test]
async fn a_damaged_partial_costs_a_repeated_upload_and_nothing_else() {
    let shelf = Shelf::new().await;
    let digest = sha256(b"0123456789");
    std::fs::write(shelf.part(digest), [0; 4]).unwrap();
    let mut upload = shelf.upload(digest).await;
    assert_eq!(upload.offset(), 4);
    upload.append(4, "456789").await.unwrap();
    assert!(matches!(
        upload.finish().await,
        Err(BlobError::WrongDigest { .. })
    ));
    assert_eq!(shelf.store(b"0123456789").await, digest);
}

#[tokio::test]
async fn refuses_more_bytes_than_the_limit_or_than_the_sender_told() {
    let shelf = Shelf::new().await;
    let digest = sha256(b"x");
    let refused = shelf
        .blobs
        .begin(digest, Some(LARGEST + 1))
        .await
        .unwrap_err();
    assert_eq!(refused, BlobError::TooLarge { limit: LARGEST });
    let too_much = vec![0; usize::try_from(LARGEST).unwrap() + 1];
    assert_eq!(
        shelf.upload(digest).await.append(0, too_much).await,
        Err(BlobError::TooLarge { limit: LARGEST })
    );
    shelf.assert_nothing_of(digest).await;

    let Begin::Upload(mut upload) = shelf.blobs.begin(digest, Some(4)).await.unwrap() else {
        panic!("held")
    };
    upload.append(0, "0123").await.unwrap();
    assert_eq!(
        upload.append(4, "4").await,
        Err(BlobError::TooLarge { limit: 4 })
    );
    assert_eq!(upload.append(4, "4").await, Err(BlobError::Interrupted));
    assert_eq!(upload.finish().await, Err(BlobError::Interrupted));
    shelf.assert_nothing_of(digest).await;
}

#[tokio::test]
async fn refuses_a_partial_above_the_limit_and_removes_it() {
    let shelf = Shelf::new().await;
    let digest = sha256(b"x");
    std::fs::write(
        shelf.part(digest),
        vec![0; usize::try_from(LARGEST).unwrap() + 1],
    )
    .unwrap();
    assert_eq!(
        shelf.blobs.begin(digest, None).await.unwrap_err(),
        BlobError::TooLarge { limit: LARGEST }
    );
    shelf.assert_nothing_of(digest).await;
}

#[tokio::test]
async fn accepts_a_blob_of_exactly_the_limit() {
    let shelf = Shelf::new().await;
    let digest = shelf
        .store(&vec![7; usize::try_from(LARGEST).unwrap()])
        .await;
    assert_eq!(shelf.blobs.size(digest).await, Ok(Some(LARGEST)));
}

#[tokio::test]
async fn one_digest_has_one_uploader_at_a_time() {
    let shelf = Shelf::new().await;
    let digest = sha256(b"0123456789");
    let mut first = shelf.upload(digest).await;
    first.append(0, "0123").await.unwrap();
    let other = shelf.other_program().await;
    for blobs in [&shelf.blobs, &other] {
        assert_eq!(
            blobs.begin(digest, None).await.unwrap_err(),
            BlobError::Busy
        );
    }
    first.append(4, "456789").await.unwrap();
    first.finish().await.unwrap();
    for blobs in [&shelf.blobs, &other] {
        assert!(matches!(
            blobs.begin(digest, None).await,
            Ok(Begin::Held { size: 10 })
        ));
    }
    assert!(!shelf.part(digest).exists());
}

/// Eight uploaders of one digest, some of whom send rubbish: whoever gets the lock goes on, nobody spoils the whole.
#[tokio::test(flavor = "multi_thread")]
async fn uploaders_in_a_race_cannot_spoil_a_blob() {
    let shelf = Shelf::new().await;
    let bytes: Vec<u8> = (0..=255).cycle().take(50_000).collect();
    let digest = sha256(&bytes);
    let uploaders: Vec<_> = (0..8)
        .map(|uploader| {
            let blobs = shelf.blobs.clone();
            let bytes = bytes.clone();
            tokio::spawn(async move {
                loop {
                    let mut upload = match blobs.begin(digest, None).await {
                        Ok(Begin::Held { size }) => return size,
                        Ok(Begin::Upload(upload)) => upload,
                        Err(BlobError::Busy) => {
                            tokio::task::yield_now().await;
                            continue;
                        }
                        Err(error) => panic!("{error:?}"),
                    };
                    let offset = upload.offset();
                    let rest = bytes
                        .get(usize::try_from(offset).unwrap()..)
                        .unwrap_or_default();
                    let piece = if uploader % 4 == 0 && offset == 0 {
                        vec![0; 10]
                    } else {
                        rest.iter().take(9_000).copied().collect()
                    };
                    let end = upload.append(offset, piece).await.unwrap();
                    if end == bytes.len() as u64 {
                        match upload.finish().await {
                            Ok(_) | Err(BlobError::WrongDigest { .. }) => {}
                            Err(error) => panic!("{error:?}"),
                        }
                    }
                }
            })
        })
        .collect();
    // The honest six need to outlast the two: once one of them starts a partial, it ends whole.
    for uploader in uploaders {
        assert_eq!(uploader.await.unwrap(), bytes.len() as u64);
    }
    assert_eq!(shelf.blobs.recheck(digest).await, Ok(bytes.len() as u64));
    assert!(!shelf.part(digest).exists());
}

/// Uploads stop before they take the room that log and database need.
#[tokio::test]
async fn a_disk_without_its_reserve_is_full_and_nothing_is_acknowledged() {
    let shelf = Shelf::with(BlobLimits {
        largest: LARGEST,
        reserve: u64::MAX,
    })
    .await;
    let digest = sha256(b"x");
    assert_eq!(
        shelf.blobs.begin(digest, None).await.unwrap_err(),
        BlobError::DiskFull
    );
    assert_eq!(
        shelf.blobs.begin(digest, Some(1)).await.unwrap_err(),
        BlobError::DiskFull
    );
    shelf.assert_nothing_of(digest).await;
    assert_eq!(
        BlobError::DiskFull.to_string(),
        "the disk that holds the blobs is full"
    );
    assert!(BlobError::DiskFull.hint().contains("room"));
}

/// The server's task is dropped while its write runs on another thread.
#[tokio::test]
async fn an_upload_that_was_abandoned_in_the_middle_of_a_write_resumes() {
    let shelf = Shelf::new().await;
    let bytes = vec![7; 200_000];
    let digest = sha256(&bytes);
    let mut upload = shelf.upload(digest).await;
    let (go, wait) = std::sync::mpsc::channel();
    let piece = Delayed {
        bytes: bytes.clone(),
        wait: wait.into(),
    };
    // The write waits for us, so the call cannot end within one poll.
    assert!(abandon_after(1, upload.append(0, piece)).await.is_none());
    assert_eq!(
        upload.append(0, bytes.clone()).await,
        Err(BlobError::Interrupted)
    );
    drop(upload);
    assert_eq!(
        shelf.blobs.begin(digest, None).await.unwrap_err(),
        BlobError::Busy
    );
    go.send(()).unwrap();
    let mut again = loop {
        match shelf.blobs.begin(digest, None).await {
            Err(BlobError::Busy) => tokio::task::yield_now().await,
            Ok(Begin::Upload(upload)) => break upload,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(again.offset(), 200_000);
    assert_eq!(again.append(200_000, "").await, Ok(200_000));
    assert_eq!(again.finish().await, Ok(200_000));
}

/// Bytes that are not there before they are let go.
struct Delayed {
    bytes: Vec<u8>,
    wait: std::sync::Mutex<std::sync::mpsc::Receiver<()>>,
}

impl AsRef<[u8]> for Delayed {
    fn as_ref(&self) -> &[u8] {
        self.wait.lock().unwrap().recv().unwrap();
        &self.bytes
    }
}

#[tokio::test]
async fn old_partials_are_swept_and_young_or_held_ones_stay() {
    let shelf = Shelf::new().await;
    let now = 2_000_000_000;
    let [old, young, held] = ["old", "young", "held"].map(|name| sha256(name.as_bytes()));
    for digest in [old, young] {
        shelf.upload(digest).await.append(0, "123").await.unwrap();
    }
    let holder = shelf.upload(held).await;
    set_age(&shelf.part(old), now - 101);
    set_age(&shelf.part(young), now - 99);
    set_age(&shelf.part(held), now - 1000);
    let whole = shelf.store(b"whole").await;
    set_age(&shelf.whole(whole), 0);
    assert_eq!(
        shelf.blobs.sweep(now, 100).await,
        Ok(Swept { files: 1, bytes: 3 })
    );
    assert!(!shelf.part(old).exists() && shelf.part(young).exists() && shelf.part(held).exists());
    assert_eq!(shelf.blobs.size(whole).await, Ok(Some(5)));
    drop(holder);
    assert_eq!(
        shelf.blobs.sweep(now, 100).await,
        Ok(Swept { files: 1, bytes: 0 })
    );
}

#[tokio::test]
async fn a_recheck_names_a_damaged_blob_and_leaves_it() {
    let shelf = Shelf::new().await;
    let digest = shelf.store(b"right").await;
    std::fs::write(shelf.whole(digest), b"wrong").unwrap();
    let refused = shelf.blobs.recheck(digest).await;
    assert_eq!(
        refused,
        Err(BlobError::WrongDigest {
            found: sha256(b"wrong")
        })
    );
    assert_eq!(shelf.blobs.size(digest).await, Ok(Some(5)));
}

#[tokio::test]
async fn a_crash_right_after_the_rename_is_found_as_held() {
    let shelf = Shelf::new().await;
    let digest = sha256(b"whole");
    std::fs::write(shelf.whole(digest), b"whole").unwrap();
    assert!(matches!(
        shelf.blobs.begin(digest, Some(5)).await,
        Ok(Begin::Held { size: 5 })
    ));
}

#[tokio::test]
async fn a_crash_before_the_rename_needs_no_byte_again() {
    let shelf = Shelf::new().await;
    let digest = sha256(b"whole");
    std::fs::write(shelf.part(digest), b"whole").unwrap();
    let upload = shelf.upload(digest).await;
    assert_eq!(upload.offset(), 5);
    assert_eq!(upload.finish().await, Ok(5));
}

#[tokio::test]
async fn refuses_a_folder_that_cannot_be_made() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), b"").unwrap();
    let limits = BlobLimits {
        largest: 1,
        reserve: 0,
    };
    let refused = Blobs::open(&folder.path().join("file"), limits).await;
    assert!(matches!(refused, Err(BlobError::Unavailable(_))));
}
