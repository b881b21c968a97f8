//! The first line of a check's drawer: what was looked at. What was found stands in the row itself.

use crate::portal::text::{Value, plain, t};

/// What the check of that name looks at.
pub fn about(check: &str) -> &'static str {
    match check {
        "policy" => t("drawer.policy"),
        "clock" => t("drawer.clock"),
        "logged" => t("drawer.logged"),
        "witnessed" => t("drawer.witnessed"),
        "published" => t("drawer.published"),
        "serial" => t("drawer.serial"),
        "companions" => t("drawer.companions"),
        "audience" => t("drawer.audience"),
        "consent" => t("drawer.consent"),
        "activation" => t("drawer.activation"),
        "denied" => t("drawer.denied"),
        "evidence" => t("drawer.evidence"),
        _ => t("drawer.other"),
    }
}

/// The proof that an entry stands in its log, in a sentence.
pub fn proven(index: u64, size: u64, hashes: u64) -> String {
    plain(
        "entry.proof",
        &[
            ("index", Value::Number(index)),
            ("size", Value::Number(size)),
            ("n", Value::Number(hashes)),
        ],
    )
}
