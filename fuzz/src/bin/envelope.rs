//! Envelopes (S1 to S3): what is written is read as the same envelope.

#![no_main]

use evidence::envelope::Envelope;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(envelope) = Envelope::parse(bytes) {
        let again = Envelope::parse(&envelope.to_bytes()).expect("what we write we read");
        assert_eq!(again, envelope);
    }
});
