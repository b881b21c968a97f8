//! Signed notes (N1 to N3, N6): what is read is written back byte for byte.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tlog::note::Note;

fuzz_target!(|bytes: &[u8]| {
    let Ok(note) = Note::parse(bytes) else { return };
    assert!(note.text().ends_with('\n'));
    let again = note
        .with_lines(|_| true)
        .expect("a note has a signature line");
    assert_eq!(again.as_bytes(), bytes);
});
