//! PL9: no changed byte of a sealed policy goes unnoticed.

use proptest::prelude::*;

use super::*;
use crate::policy::{SealError, seal};

fn sealed() -> String {
    seal(&example()).unwrap()
}

#[test]
fn pl9_accepts_a_sealed_policy_and_names_its_whole_text() {
    let text = sealed();
    let policy = parse(&text).unwrap();
    assert!(policy.identity().sealed);
    assert_eq!(
        policy.identity().sha256,
        tlog::hash::sha256(text.as_bytes())
    );
    assert_eq!(seal(&text).unwrap(), text);
}

#[test]
fn pl9_the_digest_is_that_of_the_text_without_its_digits() {
    let text = sealed();
    let (before, rest) = text.split_once("policy = \"1:sha256:").unwrap();
    let (digits, behind) = rest.split_at(64);
    let bare = format!("{before}policy = \"1:sha256:{behind}");
    assert_eq!(digits, tlog::hash::sha256(bare.as_bytes()).to_hex());
}

#[test]
fn pl9_seals_again_after_a_change_and_keeps_everything_else() {
    let changed = sealed().replace("serial = 7", "serial = 8");
    let again = seal(&changed).unwrap();
    assert!(parse(&changed).is_err() && parse(&again).is_ok());
    let rest = |text: &str| text.split_once('\n').unwrap().1.to_owned();
    assert_eq!(rest(&changed), rest(&again));
    // Comments in front, and spaces around, stay.
    let text = seal("# ours\n\n  policy  =  1   # sealed\nname = \"x\"\n").unwrap();
    assert!(text.starts_with("# ours\n\n  policy  =  \"1:sha256:"));
    assert!(text.ends_with("\"   # sealed\nname = \"x\"\n"));
}

#[test]
fn pl9_refuses_a_broken_seal_alone_whatever_else_is_wrong() {
    let text = sealed()
        .replace("serial = 7", "serial = 0")
        .replace("sbom", "soup");
    assert_eq!(found(&text).len(), 1);
    let (_, rule, marked, sentence) = &found(&text)[0];
    assert_eq!(
        (rule.as_str(), sentence.as_str()),
        ("PL9", "the seal does not fit the text")
    );
    assert!(marked.starts_with("\"1:sha256:"));
}

#[test]
fn pl9_refuses_other_spellings_of_a_right_seal() {
    let text = sealed();
    let start = text.find("\"1:sha256:").unwrap();
    let value = &text[start..start + 75];
    let digits = &value[10..74];
    let letter = digits.chars().find(char::is_ascii_alphabetic).unwrap();
    for other in [
        value.replace('"', "'"),
        value.replace("1:sha256:", "1:SHA256:"),
        value.replace("1:sha256:", "01:sha256:"),
        value.replace("1:sha256:", "1:sha256: "),
        value.replace(digits, &digits.to_uppercase()),
        value.replacen(letter, &format!("\\u{:04x}", u32::from(letter)), 1),
        value.replace("1:", "\\u0031:"),
        format!("\"\"{value}\"\""),
        value.replace(digits, &digits[..63]),
        value.replace(digits, &format!("{digits}0")),
        value.replace(digits, ""),
    ] {
        let text = text.replace(value, &other);
        let found = found(&text);
        assert!(
            found
                .iter()
                .any(|(_, rule, _, _)| rule == "PL9" || rule == "PL1"),
            "{other} {found:?}"
        );
        assert!(parse(&text).is_err(), "{other}");
    }
}

#[test]
fn sealing_refuses_texts_that_are_no_policy() {
    for (text, refused) in [
        ("", SealError::NoPolicy),
        ("name = \"x\"\n", SealError::NoPolicy),
        ("policy = 2\n", SealError::NoPolicy),
        ("policy = '1'\n", SealError::NoPolicy),
        ("policy = \"1:sha512:00\"\n", SealError::NoPolicy),
        ("policy = \n", SealError::NotToml),
        ("policy = 1\npolicy = 1\n", SealError::NotToml),
    ] {
        assert_eq!(seal(text), Err(refused), "{text}");
        assert!(!refused.hint().is_empty());
    }
    // A damaged seal is replaced.
    assert!(seal("policy = \"1:sha256:zz\"\n").is_ok());
}

/// Whether a text of these bytes is a policy.
fn is_policy(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| Policy::parse(text, now()).is_ok())
}

#[test]
fn pl9_every_other_value_of_every_byte_around_the_seal_is_refused() {
    let text = sealed();
    let end = text.find("expires").unwrap();
    let mut bytes = text.clone().into_bytes();
    assert!(is_policy(&bytes));
    for at in 0..end {
        for flip in 1..=255 {
            bytes[at] ^= flip;
            assert!(!is_policy(&bytes), "byte {at} ^ {flip:#x}");
            bytes[at] ^= flip;
        }
    }
}

#[test]
fn pl9_every_byte_of_the_text_with_one_bit_changed_is_refused() {
    let mut bytes = sealed().into_bytes();
    for at in 0..bytes.len() {
        let flip = 1 << (at % 8);
        bytes[at] ^= flip;
        assert!(!is_policy(&bytes), "byte {at} ^ {flip:#x}");
        bytes[at] ^= flip;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn pl9_any_byte_changed_to_any_other_value_is_refused(at: prop::sample::Index, flip in 1_u8..) {
        static SEALED: std::sync::OnceLock<String> = std::sync::OnceLock::new();
        let mut bytes = SEALED.get_or_init(sealed).clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(!is_policy(&bytes), "byte {} ^ {:#x}", at, flip);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(policy = 1\n)?([a-z\\[\\]{}=\"',.0-9\n ]|line|log|require|party){0,60}") {
        let _ = Policy::parse(&text, now());
        let _ = seal(&text);
    }

    #[test]
    fn no_cut_or_spliced_example_makes_the_reader_panic(cut: prop::sample::Index, paste: prop::sample::Index, length in 0_usize..40) {
        let text = EXAMPLE.replace('@', "");
        let boundary = |mut at: usize| { while !text.is_char_boundary(at) { at -= 1 } at };
        let (cut, paste) = (boundary(cut.index(text.len())), boundary(paste.index(text.len())));
        let end = boundary((paste + length).min(text.len()));
        let spliced = format!("{}{}{}", &text[..cut], &text[paste..end], &text[cut..]);
        if let Err(invalid) = Policy::parse(&spliced, now()) {
            for found in invalid.diagnostics() {
                let _ = found.render("x", &spliced);
            }
        }
    }
}
