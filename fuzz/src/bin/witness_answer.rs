//! A witness's answer: hostile bytes lead to a refusal, never to a cosignature by a key that we do not know.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tlog::witness::AddCheckpoint;
use tlog::witness::answer::read_answer;

fuzz_target!(|input: (u16, &[u8])| {
    let (status, body) = input;
    let request = AddCheckpoint::new(0, Vec::new(), NOTE).expect("the note below is a checkpoint");
    assert!(read_answer(&request, status, body, &[]).is_err());
});

/// Of the golden bundle in `e2e/testdata/sigstore`.
const NOTE: &str = "log.acme.example/v1\n5\ndMITeGtN3Rsh4AO4BOsapFteDEbTDDbCk+I7p/fj6i0=\n\n\u{2014} log.acme.example/v1 \
    jd3y0RLyo0D0JNcs/WFphIuJiGbme6Lrq+sw2jn3xggh5q8w0VlxvDcwypHMDOQLVfd1cMC2xGDLgHe3Zu20sKB4KgI=\n";
