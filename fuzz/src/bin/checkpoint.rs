//! Checkpoints (C1): each has one text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tlog::checkpoint::Checkpoint;

fuzz_target!(|text: &str| {
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_text(), text);
    }
});
