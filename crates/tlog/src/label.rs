//! Damaged labels on signature lines: a stricter reading of [signed-note] for readers of whole files.
//!
//! A signature line carries a label, the key's name and its four-byte id, and signed-note asks readers to pass over
//! lines whose label they do not know (N5). So a byte changed *in a label* turns a known key's line into a line that
//! is passed over, and nobody notices. For a log that is right. A reader who promises that no changed byte of a file
//! goes unnoticed asks [`damaged_label`] in addition: does a line look like a known key's with one character changed?
//!
//! - The name changed: the id is a known key's, under another name. An id covers the name, so an honest key under
//!   another name has a known id with a chance of one in 2^32 for each known key.
//! - The id changed: the name is known, and the id differs from a known id of that name within six adjacent bits, what
//!   one character of base64 holds. Of all 2^32 ids 895 are that near, so an honest second key of a known name is
//!   mistaken for a damaged one with a chance of about one in five million; its operator then draws another.
//!
//! ```
//! use tlog::label::damaged_label;
//! use tlog::note::Note;
//!
//! let known = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k".parse().unwrap();
//! let note = |label| format!("text\n\n\u{2014} {label}QOkn8srV1\n");
//! for (label, damaged) in [
//!     ("example.com/foo Uw2", false), // the key's own
//!     ("example.com/fop Uw2", true),  // name changed
//!     ("example.com/foo Vw2", true),  // id changed
//!     ("example.com/bar AAA", false), // somebody else's
//! ] {
//!     let text = note(label);
//!     let note = Note::parse(text.as_bytes())?;
//!     assert_eq!(damaged_label(&note, [&known]).is_some(), damaged, "{label}");
//! }
//! # Ok::<(), tlog::note::NoteRefused>(())
//! ```
//!
//! [signed-note]: https://c2sp.org/signed-note

use crate::key::{KeyId, Vkey};
use crate::note::{Note, SignatureLine};

/// The first line of `note` that looks like a line of one of `keys` with a damaged label; `None` when there is none.
pub fn damaged_label<'n, 'a, 'k>(
    note: &'n Note<'a>,
    keys: impl IntoIterator<Item = &'k Vkey>,
) -> Option<&'n SignatureLine<'a>> {
    let keys: Vec<&Vkey> = keys.into_iter().collect();
    let damaged = |line: &&SignatureLine<'_>| {
        let known = keys.iter().any(|key| line.is_of(key));
        !known && keys.iter().any(|key| is_near(line, key))
    };
    note.lines().iter().find(damaged)
}

fn is_near(line: &SignatureLine<'_>, key: &Vkey) -> bool {
    if line.name == key.name().as_str() {
        return within_one_character(line.id, key.id());
    }
    line.id == key.id()
}

fn within_one_character(left: KeyId, right: KeyId) -> bool {
    let difference = u32::from_be_bytes(left.0) ^ u32::from_be_bytes(right.0);
    if difference == 0 {
        return false;
    }
    u32::BITS - difference.leading_zeros() - difference.trailing_zeros() <= BITS_OF_A_CHARACTER
}

/// Base64 puts six bits into a character.
const BITS_OF_A_CHARACTER: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    const VECTOR: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const SIGNATURE: &str = "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=";

    fn is_damaged(note: &str) -> bool {
        let vkey: Vkey = VECTOR.parse().unwrap();
        damaged_label(&Note::parse(note.as_bytes()).unwrap(), [&vkey]).is_some()
    }

    /// The published note with another name, and an id that differs in these bits.
    fn note(name: &str, difference: u32) -> String {
        let mut bytes = crate::encoding::decode(SIGNATURE).unwrap();
        let id = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) ^ difference;
        bytes[..4].copy_from_slice(&id.to_be_bytes());
        format!(
            "This is an example message.\n\n\u{2014} {name} {}\n",
            crate::encoding::encode(&bytes)
        )
    }

    #[test]
    fn every_changed_byte_of_a_known_line_is_noticed_by_form_signature_or_label() {
        let vkey: Vkey = VECTOR.parse().unwrap();
        let good = note("example.com/foo", 0);
        // A second good line, so that the note still opens when the first is passed over.
        let both = format!("{good}\u{2014} example.com/foo {SIGNATURE}\n").into_bytes();
        let mut by_label = 0;
        for at in 0..good.len() {
            for flip in 1..=255 {
                let mut bytes = both.clone();
                bytes[at] ^= flip;
                let Ok(note) = Note::parse(&bytes) else {
                    continue;
                };
                if note.open(&[&vkey]).is_err() {
                    continue;
                }
                by_label += 1;
                assert!(
                    damaged_label(&note, [&vkey]).is_some(),
                    "byte {at} ^ {flip:#x} goes unnoticed"
                );
            }
        }
        assert!(
            by_label > 1000,
            "the label alone notices {by_label} changes"
        );
    }

    #[test]
    fn a_known_label_is_not_damaged_even_if_its_signature_is() {
        assert!(!is_damaged(&note("example.com/foo", 0)));
        assert!(!is_damaged(
            &note("example.com/foo", 0).replace("Oknn", "Oknm")
        ));
    }

    #[test]
    fn an_id_under_another_name_is_damaged_and_another_id_under_another_name_is_foreign() {
        assert!(is_damaged(&note("example.com/fop", 0)));
        assert!(is_damaged(&note("x", 0)));
        for difference in [1, 0x80, 0x8000_0000, u32::MAX] {
            assert!(!is_damaged(&note("x", difference)));
        }
    }

    #[test]
    fn ids_within_one_character_are_damaged_and_all_others_foreign() {
        for shift in 0..=26 {
            for bits in 1_u32..64 {
                assert!(
                    is_damaged(&note("example.com/foo", bits << shift)),
                    "{bits:#b} << {shift}"
                );
            }
        }
        for difference in [0b100_0001, 0x8000_0001, 0x0410_0000, 0x0000_0fff, u32::MAX] {
            assert!(
                !is_damaged(&note("example.com/foo", difference)),
                "{difference:#x}"
            );
        }
        let near = (1_u32..64).flat_map(|bits| (0..=26).map(move |shift| bits << shift));
        let near: std::collections::BTreeSet<u32> = near.collect();
        assert_eq!(near.len(), 895, "the chance that the module's text derives");
    }
}
