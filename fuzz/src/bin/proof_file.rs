//! `.tlog-proof` files (P1): what is read is written back byte for byte.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tlog::proof_file::ProofFile;

fuzz_target!(|text: &str| {
    if let Ok(proof) = ProofFile::parse(text) {
        assert_eq!(proof.to_text(), text);
    }
});
