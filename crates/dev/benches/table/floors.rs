//! What this machine can do at best in this very run: the units in which the rows are to be read.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use ed25519_dalek::Signer as _;
use ml_dsa::MlDsa44;
use p256::ecdsa::signature::Verifier as _;
use sha2::{Digest, Sha256};

use crate::clock::{Durations, Sample, repeat};
use crate::table::{self, Line};

/// Floors, each of one core.
pub(crate) struct Floors {
    /// Leaf hashes of 256-byte entries.
    pub(crate) leaf_hashes: Sample,
    /// Bytes in pieces of 64 KiB.
    pub(crate) bytes_hashed: Sample,
    /// Appends of 4 KiB with one `fdatasync` each, to a file whose space is there already.
    pub(crate) syncs: Durations,
    /// Checks of one signature.
    pub(crate) ed25519: Sample,
    pub(crate) ml_dsa_44: Sample,
    pub(crate) p256: Sample,
}

impl Floors {
    /// Measures all of them, about six seconds.
    pub(crate) fn measure(folder: &Path) -> io::Result<Self> {
        let entry = [7; 256];
        let piece = vec![7; 64 << 10];
        Ok(Self {
            leaf_hashes: repeat(SHORTLY, || {
                std::hint::black_box(
                    Sha256::new()
                        .chain_update([0])
                        .chain_update(entry)
                        .finalize(),
                );
                1
            }),
            bytes_hashed: repeat(SHORTLY, || {
                std::hint::black_box(Sha256::digest(&piece));
                piece.len() as u64
            }),
            syncs: syncs(&folder.join("floor"))?,
            ed25519: ed25519(),
            ml_dsa_44: ml_dsa_44(),
            p256: p256(),
        })
    }

    /// The floors as the first lines of the table.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let floor =
            |what: &str, measured: String, cpu: Option<Duration>| Line::floor(what, measured, cpu);
        let rate = |what: &str, sample: &Sample| {
            floor(
                what,
                format!("{}/s", table::count(sample.rate())),
                Some(sample.cpu_each()),
            )
        };
        vec![
            rate("SHA-256 of a 256-byte entry as a leaf", &self.leaf_hashes),
            floor(
                "SHA-256 in pieces of 64 KiB",
                format!("{} MB/s", table::count(self.bytes_hashed.rate() / 1e6)),
                None,
            ),
            floor(
                "4 KiB appended, `fdatasync`",
                format!(
                    "p50 {}, p99 {}",
                    table::time(self.syncs.percentile(50)),
                    table::time(self.syncs.percentile(99))
                ),
                None,
            ),
            rate("Ed25519 check", &self.ed25519),
            rate("ML-DSA-44 check", &self.ml_dsa_44),
            rate("ECDSA P-256 check", &self.p256),
        ]
    }
}

fn syncs(path: &Path) -> io::Result<Durations> {
    let mut file = File::options().create_new(true).write(true).open(path)?;
    // Written and synced beforehand, as the log's segments are: a sync then changes no metadata.
    file.write_all(&vec![0; SYNCS * 4096])?;
    file.sync_all()?;
    let mut file = File::options().write(true).open(path)?;
    let mut all = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let start = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        all.push(start.elapsed());
    }
    Ok(Durations::new(all))
}

fn ed25519() -> Sample {
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let signature = key.sign(MESSAGE);
    let public = key.verifying_key();
    repeat(SHORTLY, || {
        public
            .verify_strict(MESSAGE, &signature)
            .expect("we signed it");
        1
    })
}

fn ml_dsa_44() -> Sample {
    let key = ml_dsa::ExpandedSigningKey::<MlDsa44>::from_seed(&[7; 32].into());
    let signature = key
        .sign_deterministic(MESSAGE, &[])
        .expect("an empty context is short enough");
    let public = key.verifying_key();
    repeat(SHORTLY, || {
        assert!(public.verify_with_context(MESSAGE, &[], &signature));
        1
    })
}

fn p256() -> Sample {
    let key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).expect("it is below the order");
    let signature: p256::ecdsa::Signature = key.sign(MESSAGE);
    let public = key.verifying_key();
    repeat(SHORTLY, || {
        public.verify(MESSAGE, &signature).expect("we signed it");
        1
    })
}

const MESSAGE: &[u8] =
    b"a checkpoint has about 100 bytes, and the hash of a message is no part of a signature's cost";
const SHORTLY: Duration = Duration::from_secs(1);
/// Enough for a 99th percentile that is more than one outlier.
const SYNCS: usize = 500;
