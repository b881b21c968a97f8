//! The client's state: what is written is read as the same marks.

#![no_main]

use evidence::state::Memory;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let memory = Memory::read(bytes);
    if let Memory::Known(marks) = &memory {
        assert_eq!(Memory::read(&marks.to_bytes()), memory);
    }
});
