//! Records of the write-ahead log (tlog.md §5.1): a header has one form, and a group holds exactly its entries.

#![no_main]

use libfuzzer_sys::fuzz_target;
use store::log::{HEADER, Header, parse_record};

fuzz_target!(|bytes: &[u8]| {
    let Some(record) = parse_record(bytes) else {
        return;
    };
    let header: &[u8; HEADER] = bytes.first_chunk().expect("a record has a header");
    assert_eq!(&record.header.to_bytes(), header);
    assert_eq!(Header::parse(header), Some(record.header));
    assert!(record.header.whole_length() <= bytes.len());
    assert_eq!(record.entries().count(), record.header.count as usize);
});
