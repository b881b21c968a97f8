//! Bundle lines: what is written is read as the same line.

#![no_main]

use evidence::bundle::BundleLine;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(line) = BundleLine::parse(bytes) {
        let written = line.to_bytes();
        let again = BundleLine::parse(&written).expect("what we write we read");
        assert_eq!(again.to_bytes(), written);
    }
});
