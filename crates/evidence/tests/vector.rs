//! The published vector of one statement, from the words to the leaf: another implementation must reach these bytes.
//!
//! Secret scalar: SHA-256("vitrine test key 1") mod n. Signature: RFC 6979, low s.

use evidence::bundle::{BundleLine, Place};
use evidence::entry::Entry;
use evidence::envelope::Envelope;
use evidence::key::{PublicKey, Signature};
use evidence::kind::Kind;
use evidence::statement::Statement;
use p256::ecdsa::SigningKey;
use tlog::encoding;
use tlog::hash::{Hash, sha256};

const PAYLOAD: &[u8] = include_bytes!("../testdata/vector/payload.json");
const ENVELOPE: &[u8] = include_bytes!("../testdata/vector/envelope.json");
const ENTRY: &[u8] = include_bytes!("../testdata/vector/entry.json");

/// The hash is below the group order, so there is nothing to reduce.
fn secret() -> SigningKey {
    SigningKey::from_slice(&sha256(b"vitrine test key 1").0).expect("below the group order")
}

fn hex(text: &str) -> Hash {
    Hash::from_hex(text).expect(text)
}

#[test]
fn a1_the_vector_holds_from_words_to_leaf() {
    assert_eq!(PAYLOAD.len(), 1120);
    let id = hex("37dfe98818ca848dd13ad2c2333e430577d54d31db045f7d2be6b43175c09462");
    let statement = Statement::parse(PAYLOAD).expect("the vector");
    assert_eq!((sha256(PAYLOAD), statement.id()), (id, id));

    let envelope = Envelope::sign(PAYLOAD.to_vec(), &secret());
    let pae_hash = hex("373bb884ee0460e069bb1e531a7f1360103211634fa139ea158ed18d86a73fe6");
    assert_eq!(
        (sha256(&envelope.pae()), envelope.pae_hash()),
        (pae_hash, pae_hash)
    );
    assert_eq!(envelope.statement(), id);

    let key = PublicKey::of(&secret());
    let key_id = hex("af24e32752b1ad5b53cb29368c18891a506f1fde7bafe2bb881b21bef4e7c2c6");
    assert_eq!((key.id().0, sha256(key.spki())), (key_id, key_id));

    let der = encoding::encode(&envelope.signature().to_der());
    assert_eq!(
        der,
        "MEUCIQCFyUFA/QNuIC/LN6gKiNe4MKqdc2SUN7YhC1XfntcY1wIgLuSSqhZbV4itYX5fztJ9iBRq1Ttd4CYS7WxZmqaArLU="
    );
    assert_eq!(envelope.verify(&key), Ok(()));
    assert_eq!(envelope.to_bytes(), ENVELOPE);
    assert_eq!(Envelope::parse(ENVELOPE), Ok(envelope.clone()));

    let entry = Entry::of(&envelope, &key);
    assert_eq!(entry.to_bytes(), ENTRY);
    assert_eq!(ENTRY.len(), 483);
    let leaf = hex("a8ef6d2bdb44e620884bf2360ef2a3e31666fa4bf6758d89df012cdf4916fc7a");
    assert_eq!(entry.leaf_hash(), leaf);

    let Kind::Update(update) = statement.kind() else {
        panic!("an update")
    };
    let line = hex("f0d5adc2b6b0db67fe96dc977dba4611d3c074e1fb8a4f9237a61348b4b91669");
    assert_eq!(update.line.id(), line);
    assert_eq!(
        update.to_statement_bytes(statement.subjects()).as_deref(),
        Ok(PAYLOAD)
    );
}

/// Calls `accepts` with each single bit of `bytes` flipped, `step` bits apart.
fn flipped(bytes: &[u8], step: usize, accepts: impl Fn(&[u8]) -> bool) {
    for bit in (0..bytes.len() * 8).step_by(step) {
        let flip = |(at, byte): (usize, &u8)| byte ^ (u8::from(at == bit / 8) << (bit % 8));
        let changed: Vec<u8> = bytes.iter().enumerate().map(flip).collect();
        let text = String::from_utf8_lossy(&changed);
        assert!(!accepts(&changed), "bit {bit} of {text}");
    }
}

#[test]
fn no_flipped_bit_of_a_payload_is_an_equal_statement() {
    let good = Statement::parse(PAYLOAD).expect("the vector");
    flipped(PAYLOAD, 1, |changed| {
        Statement::parse(changed)
            .is_ok_and(|read| read.kind() == good.kind() && read.subjects() == good.subjects())
    });
}

#[test]
fn no_flipped_bit_of_an_envelope_is_an_equal_envelope() {
    let good = Envelope::parse(ENVELOPE).expect("the vector");
    flipped(ENVELOPE, 1, |changed| {
        Envelope::parse(changed).is_ok_and(|read| read == good)
    });
}

#[test]
fn no_flipped_bit_of_an_entry_belongs_to_the_same_envelope_and_key() {
    let good = Envelope::parse(ENVELOPE).expect("the vector");
    let key = PublicKey::of(&secret());
    flipped(ENTRY, 1, |changed| {
        Entry::parse(changed).is_ok_and(|read| read.is_of(&good) && read.key == key)
    });
}

#[test]
fn no_flipped_bit_of_a_signature_verifies() {
    let good = Envelope::parse(ENVELOPE).expect("the vector");
    let key = PublicKey::of(&secret());
    flipped(&good.signature().to_der(), 3, |changed| {
        Signature::from_der(changed)
            .is_ok_and(|signature| key.verify_hash(good.pae_hash(), &signature).is_ok())
    });
}

#[test]
fn no_flipped_bit_of_a_bundle_line_is_an_equal_line() {
    let envelope = Envelope::parse(ENVELOPE).expect("the vector");
    let entry = Entry::parse(ENTRY).expect("the vector");
    let root = encoding::encode(&entry.leaf_hash().0);
    let checkpoint = format!("log.acme.example/v1\n1\n{root}\n\n");
    let place = Place {
        log_id: Hash([7; 32]),
        index: 0,
        hashes: vec![],
        checkpoint,
    };
    let line = BundleLine::new(envelope, entry, place).expect("a line");
    flipped(&line.to_bytes(), 3, |changed| {
        BundleLine::parse(changed).is_ok_and(|read| read == line)
    });
}
