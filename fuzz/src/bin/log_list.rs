//! Public lists of logs: what is written is read as the same list.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tlog::log_list;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(logs) = log_list::parse(bytes) {
        let again =
            log_list::parse(log_list::to_text(&logs).as_bytes()).expect("what we write we read");
        assert_eq!(again, logs);
    }
});
