//! Evidence files: what convicts a log or a party, readable alone, `evidence.md` §13.
//!
//! ```text
//! urn:vitrine:misbehaviour:v1
//! kind split-view
//! key log.acme.example/v1+…+AT…
//!
//! -- checkpoint 512
//! …512 bytes…
//! -- checkpoint 512
//! …
//! ```
//!
//! Whose the keys are, the reader must know.

use tlog::key::Vkey;

use crate::key::PublicKey;
use crate::verdict::MisbehaviourKind;

/// Two checkpoints of one log and size with different roots.
pub fn split_view(keys: &[Vkey], one: &str, other: &str) -> Vec<u8> {
    let keys: Vec<String> = keys.iter().map(Vkey::to_string).collect();
    file(
        MisbehaviourKind::SplitView,
        &keys,
        &[
            ("checkpoint", one.as_bytes()),
            ("checkpoint", other.as_bytes()),
        ],
    )
}

/// Two envelopes where one may be.
pub fn equivocation(keys: &[&PublicKey], one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut keys: Vec<String> = keys.iter().map(|key| key.to_policy_text()).collect();
    keys.dedup();
    file(
        MisbehaviourKind::Equivocation,
        &keys,
        &[("envelope", one), ("envelope", other)],
    )
}

fn file(kind: MisbehaviourKind, keys: &[String], blocks: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = format!("{HEADER}\nkind {kind}\n").into_bytes();
    for key in keys {
        bytes.extend_from_slice(format!("key {key}\n").as_bytes());
    }
    bytes.push(b'\n');
    for (name, block) in blocks {
        bytes.extend_from_slice(format!("-- {name} {}\n", block.len()).as_bytes());
        bytes.extend_from_slice(block);
        bytes.push(b'\n');
    }
    bytes
}

const HEADER: &str = "urn:vitrine:misbehaviour:v1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_both_blocks_with_their_lengths() {
        let secret = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
        let key = PublicKey::of(&secret);
        let text = String::from_utf8(equivocation(&[&key, &key], b"one", b"other")).unwrap();
        assert!(text.starts_with("urn:vitrine:misbehaviour:v1\nkind equivocation\nkey p256:MFkw"));
        assert_eq!(text.matches("\nkey ").count(), 1);
        assert!(text.ends_with("\n\n-- envelope 3\none\n-- envelope 5\nother\n"));
    }
}
