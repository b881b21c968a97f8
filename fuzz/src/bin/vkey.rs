//! Verifier keys (N7): the id belongs to the key, and each key has one text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tlog::key::Vkey;

fuzz_target!(|text: &str| {
    if let Ok(vkey) = text.parse::<Vkey>() {
        assert_eq!(vkey.to_string(), text);
        assert_eq!(vkey.full_id().0[..4], vkey.id().0);
    }
});
