//! JSON (S5) against a second parser: we are stricter, and only where we mean to be.

#![no_main]

use evidence::canonical;
use evidence::json::{self, JsonErrorKind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let theirs = serde_json::from_slice::<serde_json::Value>(bytes);
    let value = match json::parse(bytes) {
        Ok(value) => value,
        Err(error) => {
            let meant = matches!(
                error.kind,
                JsonErrorKind::MemberTwice | JsonErrorKind::TooDeep | JsonErrorKind::TooManyValues
            );
            assert!(theirs.is_err() || meant, "we refuse JSON: {error}");
            return;
        }
    };
    // A number with a large exponent is a text to us and too large for them.
    if let Err(error) = &theirs {
        assert!(
            error.to_string().contains("number out of range"),
            "we read what is no JSON: {error}"
        );
    }
    let written = canonical::to_bytes(&value);
    let again = json::parse(&written).expect("what we write we read");
    assert_eq!(canonical::to_bytes(&again), written);
    if canonical::check(bytes, &value).is_ok() {
        assert_eq!(written, bytes);
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&written).ok(),
            theirs.ok()
        );
    }
});
