//! Signed notes and verifier keys against `signed_note` 0.2.0.

use signed_note::{Note as TheirNote, StandardVerifier, Verifier, VerifierList, key_id};
use tlog::checkpoint::Checkpoint;
use tlog::hash::Hash;
use tlog::key::{Algorithm, KeyName, Vkey};
use tlog::note::{MAX_NOTE, Note, NoteRefused};
use tlog::signer::{Signer, cosign, sign_checkpoint};

use crate::key::{Key, SEED, their_signer};

const NAME: &str = "log.example/v1";

/// Text and number of verified lines, as the other implementation opens it with the key of that vkey.
fn they_open(note: &[u8], vkey: &str) -> Option<(Vec<u8>, usize)> {
    let verifier: Box<dyn Verifier> = Box::new(StandardVerifier::new(vkey).ok()?);
    let note = TheirNote::from_bytes(note).ok()?;
    let (verified, _) = note.verify(&VerifierList::new(vec![verifier])).ok()?;
    Some((note.text().to_vec(), verified.len()))
}

fn we_open(note: &[u8], vkey: &str) -> Option<(Vec<u8>, usize)> {
    let vkey: Vkey = vkey.parse().ok()?;
    let note = Note::parse(note).ok()?;
    let signed = note.open(&[&vkey]).ok()?;
    Some((note.text().as_bytes().to_vec(), signed.len()))
}

fn checkpoint(size: u64) -> Checkpoint {
    Checkpoint::new(NAME, size, Hash([9; 32])).unwrap()
}

fn our_note() -> String {
    sign_checkpoint(&checkpoint(20), &[&Key::log(NAME)]).unwrap()
}

fn vkey() -> String {
    Key::log(NAME).vkey().to_string()
}

#[test]
fn n1_our_notes_are_opened_by_signed_note_0_2_0() {
    let key = Key::log(NAME);
    let post_quantum = Key::new(NAME, Algorithm::MlDsa44, SEED);
    let witness = Key::new("witness.example", Algorithm::Ed25519Cosignature, [8; 32]);
    for size in [0, 1, 20, u64::MAX] {
        let text = checkpoint(size).to_text();
        let mut note = sign_checkpoint(&checkpoint(size), &[&key, &post_quantum]).unwrap();
        note.push_str(&cosign(&text, 1_679_315_147, &witness).unwrap());
        assert_eq!(
            they_open(note.as_bytes(), &vkey()),
            Some((text.into_bytes(), 1))
        );
        let read = TheirNote::from_bytes(note.as_bytes()).unwrap();
        assert_eq!(read.to_bytes(), note.as_bytes());
        // What they do not know is passed over, and alone it opens nothing.
        let without = note.replacen(
            &format!("\u{2014} {NAME} "),
            "\u{2014} other.example/v1 ",
            1,
        );
        assert_eq!(they_open(without.as_bytes(), &vkey()), None);
    }
}

#[test]
fn n1_notes_of_signed_note_0_2_0_are_opened_by_us_and_equal_ours() {
    let signer = their_signer(NAME);
    for text in [
        "a\n",
        "\n",
        "a\n\nb\n",
        "\n\n\n",
        "münchen\n",
        "\u{7f}\u{85}\u{2028}\n",
        "\u{2014} x AAAAAAA=\n",
        "a\n\n\u{2014} x AAAAAAA=\n",
    ] {
        let mut note = TheirNote::new(text.as_bytes(), &[]).unwrap();
        note.add_sigs(&[&signer]).unwrap();
        let expected = Some((text.as_bytes().to_vec(), 1));
        assert_eq!(we_open(&note.to_bytes(), &vkey()), expected, "{text:?}");
        assert_eq!(they_open(&note.to_bytes(), &vkey()), expected, "{text:?}");
    }
    let mut note = TheirNote::new(checkpoint(20).to_text().as_bytes(), &[]).unwrap();
    note.add_sigs(&[&signer]).unwrap();
    assert_eq!(note.to_bytes(), our_note().as_bytes());
}

#[test]
fn a3_both_refuse_every_changed_removed_and_repeated_byte() {
    let good = our_note().into_bytes();
    let changed = (0..good.len()).flat_map(|at| {
        let flips = [1, 0x20, 0x80, 0xff].map(|flip| {
            let mut note = good.clone();
            note[at] ^= flip;
            note
        });
        let mut removed = good.clone();
        removed.remove(at);
        let mut repeated = good.clone();
        repeated.insert(at, good[at]);
        flips.into_iter().chain([removed, repeated])
    });
    for note in changed {
        let shown = String::from_utf8_lossy(&note);
        assert_eq!(we_open(&note, &vkey()), None, "{shown}");
        assert_eq!(they_open(&note, &vkey()), None, "{shown}");
        // Not only the signature fails: the form is judged alike.
        let ours = Note::parse(&note).is_ok();
        assert_eq!(TheirNote::from_bytes(&note).is_ok(), ours, "{shown}");
    }
}

#[test]
fn n1_n2_n3_both_refuse_what_is_no_note() {
    let good = our_note();
    let line = good.lines().last().unwrap();
    let cases = [
        String::new(),
        "\n".into(),
        "\n\n".into(),
        "text\n".into(),
        "text\n\n".into(),
        "text\n\n\n".into(),
        format!("{good}\n"),
        good.trim_end().into(),
        good.replace('\n', "\r\n"),
        good.replace("20", "20\t"),
        good.replace("20", "20\0"),
        good.replace('\u{2014}', "-"),
        good.replace('\u{2014}', "\u{2013}"),
        good.replace("\u{2014} ", "\u{2014}\u{a0}"),
        good.replace("\u{2014} ", "\u{2014}  "),
        good.replace("\u{2014} ", " \u{2014} "),
        good.replace(&format!("{NAME} "), "a+b "),
        good.replace(&format!("{NAME} "), "a\u{3000}b "),
        good.replace(&format!("{NAME} "), " "),
        format!("{good}{line} \n"),
        format!("{good}{line}=\n"),
        format!("{good}{}\n", line.trim_end_matches('=')),
        format!("{good}\u{2014} x\n"),
        format!("{good}\u{2014} x \n"),
        format!("{good}\u{2014} x AAAA\n"),
        format!("{good}\u{2014} x AAAAAA==\n"),
        format!("{good}\u{2014} x AAAAAAB=\n"),
        format!("{good}\u{2014} x AAAAAAA\n"),
        format!("{good}\u{2014} x AAAA_AA=\n"),
        format!("{good}\u{2014} x AAAA AAA=\n"),
        format!("{good}x\n"),
    ];
    for note in cases {
        assert!(Note::parse(note.as_bytes()).is_err(), "{note:?}");
        assert!(TheirNote::from_bytes(note.as_bytes()).is_err(), "{note:?}");
    }
}

#[test]
fn n7_both_refuse_what_is_no_vkey() {
    let good = vkey();
    let (name_and_id, key) = good.rsplit_once('+').unwrap();
    let (name, id) = name_and_id.split_once('+').unwrap();
    let cases = [
        String::new(),
        name.into(),
        name_and_id.into(),
        format!("{name_and_id}+"),
        format!("{name}+{}+{key}", &id[1..]),
        format!("{name}+0{id}+{key}"),
        format!("{name}+00000000+{key}"),
        format!("{name}+g{}+{key}", &id[1..]),
        format!("+{id}+{key}"),
        format!("a b+{id}+{key}"),
        format!("{name}x+{id}+{key}"),
        format!("{name_and_id}+{key}="),
        format!("{name_and_id}+{key}\n"),
        format!("{name_and_id}+{}", &key[4..]),
        format!("{name_and_id}+B{}", &key[1..]),
        good.replace('+', " "),
    ];
    assert!(StandardVerifier::new(&good).is_ok() && good.parse::<Vkey>().is_ok());
    for text in cases {
        assert!(text.parse::<Vkey>().is_err(), "{text}");
        assert!(StandardVerifier::new(&text).is_err(), "{text}");
    }
}

#[test]
fn n4_k4_key_ids_of_all_types_are_those_of_signed_note_0_2_0() {
    let types = [
        Algorithm::Ed25519,
        Algorithm::Ed25519Cosignature,
        Algorithm::MlDsa44,
    ];
    for name in [NAME, "a", "münchen.example"] {
        for (algorithm, seed) in types.into_iter().zip(1..) {
            let key = Key::new(name, algorithm, [seed; 32]);
            let material = [&[algorithm as u8], key.vkey().public_key()].concat();
            let theirs = key_id(name, &material);
            assert_eq!(u32::from_be_bytes(key.vkey().id().0), theirs);
            assert_ne!(
                u32::from_be_bytes(key.vkey().id().0),
                key_id("b", &material)
            );
        }
    }
}

/// They look for spaces and plus signs alone. We also refuse the control characters that are no spaces.
#[test]
fn n3_names_with_any_one_character_are_judged_alike_but_for_control_characters() {
    let mut refused = 0;
    for character in '\0'..=char::MAX {
        let name = format!("a{character}b");
        let theirs = signed_note::is_key_name_valid(&name);
        let ours = KeyName::new(&name).is_some();
        assert_eq!(ours, theirs && !character.is_control(), "{character:?}");
        refused += usize::from(!ours);
    }
    assert!(refused > 60, "{refused}");
}

#[test]
fn each_difference_to_signed_note_0_2_0_is_one_where_we_are_stricter() {
    let good = our_note();
    let line = format!("{}\n", good.lines().last().unwrap());
    let other = "\u{2014} x AAAAAAA=\n";
    let wrong = sign_checkpoint(&checkpoint(21), &[&Key::log(NAME)]).unwrap();
    let failing = format!("{}\n", wrong.lines().last().unwrap());
    let accepted = |note: &str| they_open(note.as_bytes(), &vkey()).is_some();

    // They cap at 100 lines and 1 MB, we at 64 lines and 256 KiB (N6).
    let lines = format!("{good}{}", other.repeat(64));
    assert!(accepted(&lines));
    let refused = Note::parse(lines.as_bytes());
    assert_eq!(refused, Err(NoteRefused::TooManySignatures));
    let long = our_note_of(&"a".repeat(MAX_NOTE));
    assert!(accepted(&long));
    assert_eq!(Note::parse(long.as_bytes()), Err(NoteRefused::TooLong));

    // They look at the first line of a key only; we refuse when a later one fails (N5).
    let second_fails = format!("{good}{failing}");
    assert!(accepted(&second_fails));
    assert_eq!(we_open(second_fails.as_bytes(), &vkey()), None);
    let first_fails = good.replace(&line, &format!("{failing}{line}"));
    assert!(!accepted(&first_fails));
    assert_eq!(we_open(first_fails.as_bytes(), &vkey()), None);

    // They read a key id in any case; we read one spelling (N7).
    let key = Key::log(NAME);
    let id = key.vkey().id().to_string();
    assert_ne!(id, id.to_uppercase());
    let upper = vkey().replacen(&id, &id.to_uppercase(), 1);
    assert!(StandardVerifier::new(&upper).is_ok());
    assert!(upper.parse::<Vkey>().is_err());

    // They read names with control characters (N3, as the test above).
    let delete = format!("{good}{}", other.replace('x', "\u{7f}"));
    assert!(accepted(&delete));
    let refused = Note::parse(delete.as_bytes());
    assert!(matches!(refused, Err(NoteRefused::SignatureLine { .. })));
}

fn our_note_of(text: &str) -> String {
    let mut note = TheirNote::new(format!("{text}\n").as_bytes(), &[]).unwrap();
    note.add_sigs(&[&their_signer(NAME)]).unwrap();
    String::from_utf8(note.to_bytes()).unwrap()
}
