//! Trust policies (PL1 to PL9): each refusal can be shown with its place, and a sealed policy seals to itself.

#![no_main]

use evidence::policy::{Policy, seal};
use evidence::time::Time;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let now = Time::parse("2026-11-24T12:00:00Z").expect("it is a time");
    match Policy::parse(text, now) {
        Err(invalid) => {
            assert!(invalid.errors().count() > 0, "refused without a reason");
            for diagnostic in invalid.diagnostics() {
                assert!(!diagnostic.render("policy.toml", text).is_empty());
            }
        }
        Ok(_) => {
            let sealed = seal(text).expect("a policy can be sealed");
            assert!(
                Policy::parse(&sealed, now).is_ok(),
                "sealing broke the policy"
            );
        }
    }
});
