//! Cosignature blobs (K1): each has one form, and none has a time that is no date.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tlog::cosignature::Cosignature;
use tlog::key::Algorithm;

fuzz_target!(|blob: &[u8]| {
    for algorithm in [Algorithm::Ed25519Cosignature, Algorithm::MlDsa44] {
        if let Some(cosignature) = Cosignature::parse(blob, algorithm) {
            assert_eq!(cosignature.to_bytes(), blob);
        }
    }
});
