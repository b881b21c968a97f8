//! DER of signatures (S3) and of keys (S4): each has one form.

#![no_main]

use evidence::key::{PublicKey, Signature};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|der: &[u8]| {
    if let Ok(signature) = Signature::from_der(der) {
        assert_eq!(signature.to_der(), der);
    }
    if let Ok(key) = PublicKey::from_spki(der) {
        assert_eq!(key.spki().as_slice(), der);
    }
});
