//! Strict base64: each byte string has exactly one text.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(bytes) = tlog::encoding::decode(text) {
        assert_eq!(tlog::encoding::encode(&bytes), text);
    }
});
