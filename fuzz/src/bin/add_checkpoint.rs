//! The body of a witness's request (W0, W1): what is read is written back byte for byte.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tlog::witness::AddCheckpoint;

fuzz_target!(|body: &[u8]| {
    if let Ok(request) = AddCheckpoint::parse(body) {
        assert_eq!(request.to_bytes(), body);
        assert!(request.proof().len() <= 63);
    }
});
