//! C2SP policies (Y1 to Y6): what is written is read as the same policy.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tlog::policy::{Policy, Witnesses};

fuzz_target!(|text: &[u8]| {
    if let Ok(policy) = Policy::parse(text) {
        let again = Policy::parse(&policy.to_bytes()).expect("what we write we read");
        assert_eq!(again, policy);
    }
    if let Ok(witnesses) = Witnesses::parse(text) {
        let again = Witnesses::parse(&witnesses.to_bytes()).expect("what we write we read");
        assert_eq!(again, witnesses);
    }
});
