//! Entry bundles (T5): what is read is written back byte for byte.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tlog::tile;

fuzz_target!(|bytes: &[u8]| {
    let Some(entries) = tile::entries(bytes) else {
        return;
    };
    let mut again = Vec::new();
    for entry in entries {
        tile::push_entry(&mut again, entry).expect("it came out of a frame");
    }
    assert_eq!(again, bytes);
});
