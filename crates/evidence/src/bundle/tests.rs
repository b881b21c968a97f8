use p256::ecdsa::SigningKey;
use proptest::prelude::*;

use super::*;
use crate::entry::EntryKind;
use crate::key::PublicKey;

const OUTSIDE: &str = include_str!("../../testdata/sigstore/artifact.bundle.jsonl");

fn secret() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).expect("in range")
}

fn checkpoint(origin: &str, size: u64) -> String {
    let root = encoding::encode(&[5; 32]);
    format!("{origin}\n{size}\n{root}\n\n\u{2014} {origin} AAAAAAAA\n")
}

fn line_of(payload: &str, origin: &str, index: u64) -> BundleLine {
    let envelope = Envelope::sign(payload.as_bytes().to_vec(), &secret());
    let entry = Entry::of(&envelope, &PublicKey::of(&secret()));
    let checkpoint = checkpoint(origin, 9);
    let place = Place {
        log_id: Hash([1; 32]),
        index,
        hashes: vec![Hash([2; 32]); 3],
        checkpoint,
    };
    BundleLine::new(envelope, entry, place).expect("a line")
}

fn good() -> String {
    let payload = include_str!("../../testdata/vector/payload.json");
    String::from_utf8(line_of(payload, "log.example/v1", 4).to_bytes()).expect("UTF-8")
}

/// The good line with one piece replaced; the piece must be there.
fn with(piece: &str, other: &str) -> String {
    assert!(good().contains(piece), "{piece}");
    good().replacen(piece, other, 1)
}

fn refused(line: &str) -> BundleError {
    let error = BundleLine::parse(line.as_bytes()).expect_err(line);
    assert!(!error.hint().is_empty());
    error
}

fn form_at(line: &str) -> String {
    match refused(line) {
        BundleError::Form { pointer, .. } => pointer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a1_the_outside_bundle_reads_and_its_entries_encode_to_the_same_bytes() {
    let key = PublicKey::from_pem(include_str!("../../testdata/sigstore/publisher-key.pem"))
        .expect("a key");
    let reading = read(OUTSIDE.as_bytes());
    assert_eq!((reading.unreadable.len(), reading.limit), (0, None));
    for (index, (line, text)) in reading.lines.iter().zip(OUTSIDE.lines()).enumerate() {
        let outside: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let entry = &outside["verificationMaterial"]["tlogEntries"][0];
        assert_eq!(
            entry["canonicalizedBody"],
            encoding::encode(&line.entry().to_bytes())
        );
        assert_eq!(
            entry["inclusionProof"]["checkpoint"]["envelope"],
            line.place().checkpoint
        );
        assert_eq!((line.place().index, line.entry().key), (index as u64, key));
        assert_eq!(line.envelope().verify(&key), Ok(()));
    }
    assert_eq!(reading.lines.len(), 5);
}

#[test]
fn a1_the_outside_log_id_is_that_of_its_vkey() {
    let vkey = include_str!("../../testdata/sigstore/log.vkey").trim_end();
    let (origin, rest) = vkey.split_once('+').expect("an origin");
    let (_, encoded) = rest.split_once('+').expect("a key");
    let typed = encoding::decode(encoded).expect("base64");
    let key = typed[1..].try_into().expect("32 bytes");
    for line in read(OUTSIDE.as_bytes()).lines {
        assert_eq!(
            (line.origin(), line.place().log_id),
            (origin, log_id(origin, &key))
        );
    }
}

#[test]
fn refuses_another_form_of_line() {
    let entry = "/verificationMaterial/tlogEntries/0";
    assert!(matches!(refused(""), BundleError::Json(_)));
    assert!(matches!(refused("{"), BundleError::Json(_)));
    assert_eq!(form_at("{}"), "");
    for (piece, other, pointer) in [
        ("v0.3+json", "v0.2+json", "/mediaType".to_owned()),
        (
            "{\"dsseEnvelope\"",
            "{\"a\":1,\"dsseEnvelope\"",
            "/a".to_owned(),
        ),
        (
            "\"payloadType\":\"application/vnd.in-toto+json\"",
            "\"payloadType\":\"\"",
            "/dsseEnvelope/payloadType".to_owned(),
        ),
        (
            "\"sig\":\"M",
            "\"sig\":\"*",
            "/dsseEnvelope/signatures/0/sig".to_owned(),
        ),
        (
            "\"publicKey\":{\"hint\"",
            "\"publicKey\":{\"rawBytes\":\"\",\"hint\"",
            "/verificationMaterial/publicKey/rawBytes".to_owned(),
        ),
        (
            "\"tlogEntries\":[",
            "\"tlogEntries\":[{},",
            "/verificationMaterial/tlogEntries".to_owned(),
        ),
        (
            "\"inclusionProof\":",
            "\"inclusionPromise\":{},\"inclusionProof\":",
            format!("{entry}/inclusionPromise"),
        ),
        (
            "\"inclusionProof\":",
            "\"integratedTime\":\"1\",\"inclusionProof\":",
            format!("{entry}/integratedTime"),
        ),
        (
            "\"logIndex\":\"4\",\"rootHash\"",
            "\"logIndex\":\"5\",\"rootHash\"",
            format!("{entry}/inclusionProof/logIndex"),
        ),
        (
            "\"logIndex\":\"4\"}]",
            "\"logIndex\":4}]",
            format!("{entry}/logIndex"),
        ),
        (
            "\"logIndex\":\"4\"}]",
            "\"logIndex\":\"04\"}]",
            format!("{entry}/logIndex"),
        ),
        (
            "\"logIndex\":\"4\"}]",
            "\"logIndex\":\"+4\"}]",
            format!("{entry}/logIndex"),
        ),
        (
            "\"treeSize\":\"9\"",
            "\"treeSize\":\"\"",
            format!("{entry}/inclusionProof/treeSize"),
        ),
        (
            "\"hashes\":[\"",
            "\"hashes\":[\"A",
            format!("{entry}/inclusionProof/hashes/0"),
        ),
        (
            "\"keyId\":\"",
            "\"keyId\":\"AAAA",
            format!("{entry}/logId/keyId"),
        ),
        (
            "\"canonicalizedBody\":\"",
            "\"canonicalizedBody\":\"A",
            format!("{entry}/canonicalizedBody"),
        ),
    ] {
        assert_eq!(form_at(&with(piece, other)), pointer, "{other}");
    }
    let hint = PublicKey::of(&secret()).id().to_string();
    for bad in ["".to_owned(), "a".repeat(65)] {
        assert_eq!(
            form_at(&with(&hint, &bad)),
            "/verificationMaterial/publicKey/hint"
        );
    }
    assert_eq!(
        refused(&format!("{}{}", good(), " ".repeat(limits::LINE))),
        BundleError::Long
    );
}

#[test]
fn reads_other_spacing_a_foreign_hint_and_an_empty_time() {
    let line = BundleLine::parse(good().as_bytes()).expect("good");
    let hint = PublicKey::of(&secret()).id().to_string();
    for other in [
        good().replace("\",\"", "\" ,\t\""),
        with(&hint, "acme-publisher"),
        with(
            "\"inclusionProof\":",
            "\"integratedTime\":\"0\",\"inclusionProof\":",
        ),
    ] {
        assert_eq!(BundleLine::parse(other.as_bytes()).as_ref(), Ok(&line));
    }
}

#[test]
fn refuses_a_hint_that_names_another_key() {
    let hint = PublicKey::of(&secret()).id().to_string();
    let other = PublicKey::of(&SigningKey::from_slice(&[8; 32]).expect("in range"))
        .id()
        .to_string();
    assert_eq!(refused(&with(&hint, &other)), BundleError::Hint);
    assert_eq!(
        refused(&with(&hint, &hint.to_uppercase())),
        BundleError::Hint
    );
}

#[test]
fn refuses_an_entry_of_another_envelope_or_version() {
    let other = line_of("{}", "log.example/v1", 4);
    let body = |line: &BundleLine| encoding::encode(&line.entry().to_bytes());
    let line = BundleLine::parse(good().as_bytes()).expect("good");
    assert_eq!(
        refused(&with(&body(&line), &body(&other))),
        BundleError::EntryElsewhere
    );
    assert_eq!(
        refused(&with("\"kind\":\"dsse\"", "\"kind\":\"hashedrekord\"")),
        BundleError::EntryElsewhere
    );
    assert_eq!(
        refused(&with("\"version\":\"0.0.2\"", "\"version\":\"0.0.1\"")),
        BundleError::EntryElsewhere
    );
    assert!(matches!(
        refused(&with(&body(&line), &encoding::encode(b"{}"))),
        BundleError::Entry(_)
    ));
}

#[test]
fn reads_a_hashedrekord_line_whose_digest_is_that_of_the_signed_bytes() {
    let line = BundleLine::parse(good().as_bytes()).expect("good");
    let hashed = Entry {
        kind: EntryKind::HashedRekord,
        digest: line.envelope().pae_hash(),
        ..*line.entry()
    };
    let rekord =
        BundleLine::new(line.envelope().clone(), hashed, line.place().clone()).expect("a line");
    assert_eq!(BundleLine::parse(&rekord.to_bytes()), Ok(rekord));
    let wrong = Entry {
        kind: EntryKind::HashedRekord,
        ..*line.entry()
    };
    assert_eq!(
        BundleLine::new(line.envelope().clone(), wrong, line.place().clone()),
        Err(BundleError::EntryElsewhere)
    );
}

#[test]
fn refuses_a_proof_that_leads_to_another_tree_than_its_checkpoint() {
    let root = encoding::encode(&[5; 32]);
    let other = encoding::encode(&[6; 32]);
    for line in [
        with("\"treeSize\":\"9\"", "\"treeSize\":\"8\""),
        with(
            &format!("\"rootHash\":\"{root}\""),
            &format!("\"rootHash\":\"{other}\""),
        ),
        with("log.example/v1\\n9\\n", "log.example/v1\\n8\\n"),
        with("log.example/v1\\n9\\n", "log.example/v1\\n09\\n"),
        with("log.example/v1\\n9\\n", "\\n9\\n"),
        with("log.example/v1\\n9\\n", "9\\n"),
        good().replace("\"logIndex\":\"4\"", "\"logIndex\":\"9\""),
    ] {
        assert_eq!(refused(&line), BundleError::Checkpoint, "{line}");
    }
    let line = BundleLine::parse(good().as_bytes()).expect("good");
    let long = Place {
        checkpoint: format!(
            "{}{}",
            line.place().checkpoint,
            "x".repeat(limits::CHECKPOINT)
        ),
        ..line.place().clone()
    };
    assert_eq!(
        BundleLine::new(line.envelope().clone(), *line.entry(), long),
        Err(BundleError::Checkpoint)
    );
    let many = Place {
        hashes: vec![Hash([0; 32]); limits::PROOF + 1],
        ..line.place().clone()
    };
    assert!(BundleLine::new(line.envelope().clone(), *line.entry(), many).is_err());
}

#[test]
fn one_bad_line_hides_no_other() {
    let file = format!("{}\nnot JSON\n\n{}\n", good(), good());
    let reading = read(file.as_bytes());
    assert_eq!(reading.lines.len(), 2);
    let numbers: Vec<_> = reading
        .unreadable
        .iter()
        .map(|(number, _)| *number)
        .collect();
    assert_eq!(numbers, [2, 3]);
    assert!(read(b"").lines.is_empty() && read(b"").unreadable.is_empty());
    assert_eq!(read(good().as_bytes()).lines.len(), 1);
}

#[test]
fn stops_at_the_limits_and_says_so() {
    let many = "\n".repeat(limits::LINES);
    assert_eq!(read(many.as_bytes()).limit, None);
    let more = "\n".repeat(limits::LINES + 1);
    let reading = read(more.as_bytes());
    assert_eq!(
        (reading.limit, reading.unreadable.len()),
        (Some(Limit::Lines), limits::LINES)
    );
    assert_eq!(
        read(&vec![b' '; limits::BUNDLE + 1]).limit,
        Some(Limit::Bundle)
    );
    assert_eq!(read(&vec![b' '; limits::BUNDLE]).limit, None);
}

#[test]
fn writes_lines_sorted_and_once_whatever_their_order() {
    let payload = |kind: &str| format!("{{\"predicateType\":\"{kind}\"}}");
    let lines = [
        line_of(&payload("urn:a"), "log.a/v1", 1),
        line_of(&payload("urn:a"), "log.a/v1", 2),
        line_of(&payload("urn:a"), "log.b/v1", 0),
        line_of(&payload("urn:b"), "log.a/v1", 0),
    ];
    let sorted = write(&lines);
    assert_eq!(read(&sorted).lines, lines);
    let mut shuffled: Vec<_> = lines.iter().rev().chain(&lines[1..3]).cloned().collect();
    assert_eq!(write(&shuffled), sorted);
    shuffled.rotate_left(2);
    assert_eq!(write(&shuffled), sorted);
    assert!(write(&[]).is_empty());
}

#[test]
fn written_lines_are_canonical() {
    let value = json::parse(good().as_bytes()).map(|value| crate::canonical::to_bytes(&value));
    assert_eq!(value, Ok(good().into_bytes()));
}

proptest! {
    #[test]
    fn parse_is_inverse_of_to_bytes(payload in "[ -~é\n]{0,40}", origin in "[a-z./-]{1,20}", index in 0..9_u64) {
        let line = line_of(&payload, &origin, index);
        prop_assert_eq!(BundleLine::parse(&line.to_bytes()), Ok(line));
    }

    #[test]
    fn no_changed_byte_is_an_equal_line(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut bytes = good().into_bytes();
        let line = BundleLine::parse(&bytes).expect("good");
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        if let Ok(changed) = BundleLine::parse(&bytes) {
            prop_assert_ne!(changed, line);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), keep in 0..2000_usize) {
        let _ = read(&bytes);
        let mut longer = good().into_bytes();
        longer.truncate(keep);
        longer.extend(bytes);
        let _ = read(&longer);
    }
}
