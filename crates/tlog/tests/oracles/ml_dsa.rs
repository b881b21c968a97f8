//! ML-DSA-44 against `fips204` 0.5.0: keys, signatures and cosignatures.

use fips204::ml_dsa_44::{self, PrivateKey, PublicKey};
use fips204::traits::{KeyGen, SerDes, Signer as _, Verifier as _};
use tlog::checkpoint::{Checkpoint, LogKeys, LogSigned};
use tlog::cosignature::{Cosignature, SignedSubtree, message};
use tlog::hash::Hash;
use tlog::key::{Algorithm, KeyName, Vkey};
use tlog::note::{Note, SignatureLine};
use tlog::signer::{SignFailed, Signer, cosign, sign_checkpoint};

use crate::key::Key;

const ORIGIN: &str = "log.example/v1";
const WITNESS: &str = "witness.example";
const TIME: u64 = 1_679_315_147;

/// The same key in both hands.
fn pair(name: &str, seed: u8) -> (Key, Theirs) {
    let (public, secret) = ml_dsa_44::KG::keygen_from_seed(&[seed; 32]);
    let bytes = public.clone().into_bytes();
    let vkey = Vkey::new(KeyName::new(name).unwrap(), Algorithm::MlDsa44, &bytes).unwrap();
    let theirs = Theirs {
        vkey,
        public,
        secret,
    };
    (Key::new(name, Algorithm::MlDsa44, [seed; 32]), theirs)
}

struct Theirs {
    vkey: Vkey,
    public: PublicKey,
    secret: PrivateKey,
}

impl Theirs {
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let signature = signature.try_into();
        signature.is_ok_and(|signature| self.public.verify(message, &signature, &[]))
    }
}

/// Hedged with a fixed number, so that its signatures are others than ours.
impl Signer for Theirs {
    fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignFailed> {
        let signature = self.secret.try_sign_with_seed(&[3; 32], message, &[]);
        Ok(signature.unwrap().to_vec())
    }
}

fn checkpoint(size: u64) -> Checkpoint {
    Checkpoint::new(ORIGIN, size, Hash([9; 32])).unwrap()
}

#[test]
fn k4_keys_and_key_ids_of_equal_seeds_are_those_of_fips204_0_5_0() {
    for seed in 0..16 {
        let (ours, theirs) = pair(WITNESS, seed);
        assert_eq!(ours.vkey(), &theirs.vkey);
        assert_eq!(ours.vkey().id(), theirs.vkey.id());
        assert_eq!(ours.vkey().to_string(), theirs.vkey.to_string());
        let (_, other) = pair(WITNESS, seed + 1);
        assert_ne!(ours.vkey().id(), other.vkey.id());
        let (_, other) = pair("other.example", seed);
        assert_ne!(ours.vkey().id(), other.vkey.id());
    }
}

/// FIPS 204 algorithm 2 with the number 0 in place of chance leaves no choice.
#[test]
fn deterministic_signatures_are_those_of_fips204_0_5_0() {
    for seed in 0..16 {
        let (ours, theirs) = pair(WITNESS, seed);
        let text = vec![seed; usize::from(seed) * 37];
        let signature = theirs.secret.try_sign_with_seed(&[0; 32], &text, &[]);
        assert_eq!(ours.sign(&text).unwrap(), signature.unwrap());
    }
}

#[test]
fn k3_fips204_0_5_0_verifies_our_cosignatures_and_we_verify_its_own() {
    for size in [0, 1, 70_000, u64::MAX] {
        let text = checkpoint(size).to_text();
        let (ours, theirs) = pair(WITNESS, 1);
        for signer in [&ours as &dyn Signer, &theirs] {
            let line = cosign(&text, TIME, signer).unwrap();
            let note = format!("{text}\n{line}");
            let opened = Note::parse(note.as_bytes()).unwrap();
            let signed = opened.open(&[ours.vkey()]).unwrap();
            assert_eq!((signed.len(), signed[0].time), (1, TIME));

            let blob = SignatureLine::parse(line.trim_end()).unwrap().signature;
            let cosignature = Cosignature::parse(&blob, Algorithm::MlDsa44).unwrap();
            let signed = message(&theirs.vkey, &text, TIME).unwrap();
            assert!(theirs.verifies(&signed, &cosignature.signature));
            // Another time, size, cosigner or log is another message.
            let others = [
                message(&theirs.vkey, &text, TIME + 1),
                message(&theirs.vkey, &checkpoint(size ^ 2).to_text(), TIME),
                message(&theirs.vkey, &text.replacen("log", "lag", 1), TIME),
                message(pair("witness.examplf", 1).0.vkey(), &text, TIME),
            ];
            for other in others {
                let other = other.unwrap();
                assert!(!theirs.verifies(&other, &cosignature.signature));
                assert!(!ours.vkey().verifies(&other, &cosignature.signature));
            }
        }
    }
}

#[test]
fn k3_subtree_messages_are_signed_and_verified_across() {
    let (ours, theirs) = pair(WITNESS, 2);
    let subtree = SignedSubtree {
        cosigner: WITNESS,
        time: 0,
        origin: ORIGIN,
        start: 8,
        end: 13,
        hash: Hash([5; 32]),
    };
    let signed = subtree.message().unwrap();
    let other = SignedSubtree { end: 14, ..subtree };
    for signature in [ours.sign(&signed).unwrap(), theirs.sign(&signed).unwrap()] {
        assert!(theirs.verifies(&signed, &signature));
        assert!(ours.vkey().verifies(&signed, &signature));
        let other = other.message().unwrap();
        assert!(!theirs.verifies(&other, &signature));
        assert!(!ours.vkey().verifies(&other, &signature));
    }
}

#[test]
fn n2_a_checkpoint_signed_by_fips204_0_5_0_is_the_logs() {
    let (ours, theirs) = pair(ORIGIN, 3);
    let keys = LogKeys::new(ORIGIN, vec![ours.vkey().clone()]).unwrap();
    let note = sign_checkpoint(&checkpoint(20), &[&theirs]).unwrap();
    let signed = LogSigned::by_all(note.as_bytes(), &keys).unwrap();
    assert_eq!(signed.checkpoint(), &checkpoint(20));
    // The signature covers the size.
    let larger = note.replacen("\n20\n", "\n21\n", 1);
    assert!(LogSigned::by_all(larger.as_bytes(), &keys).is_err());
    let other = LogKeys::new(ORIGIN, vec![pair(ORIGIN, 4).0.vkey().clone()]).unwrap();
    assert!(LogSigned::by_all(note.as_bytes(), &other).is_err());
}

#[test]
fn a3_both_refuse_changed_cut_and_longer_signatures() {
    let (ours, theirs) = pair(WITNESS, 5);
    let signed = message(ours.vkey(), &checkpoint(20).to_text(), TIME).unwrap();
    let good = ours.sign(&signed).unwrap();
    let refused = |signature: &[u8], case: &str| {
        assert!(!ours.vkey().verifies(&signed, signature), "{case}");
        assert!(!theirs.verifies(&signed, signature), "{case}");
    };
    // Each part: challenge, response, hints and their counts.
    for at in (0..good.len()).step_by(7).chain(2_336..2_420) {
        let mut changed = good.clone();
        changed[at] ^= 1 << (at % 8);
        refused(&changed, &format!("byte {at}"));
    }
    for length in [0, 1, 64, 2_419] {
        refused(&good[..length], &format!("cut to {length}"));
    }
    refused(&[good.as_slice(), &[0]].concat(), "one byte more");
    refused(&[0; 2_420], "zeros");
    refused(&[0xff; 2_420], "ones");
}

#[test]
fn k3_both_refuse_a_signature_made_with_a_context() {
    let (ours, theirs) = pair(WITNESS, 6);
    let signed = message(ours.vkey(), &checkpoint(20).to_text(), TIME).unwrap();
    for context in [&b"c"[..], b"\0", b"subtree/v1\n\0", &[1; 255]] {
        let signature = theirs.secret.try_sign_with_seed(&[0; 32], &signed, context);
        let signature = signature.unwrap();
        assert!(theirs.public.verify(&signed, &signature, context));
        assert!(!theirs.verifies(&signed, &signature));
        assert!(!ours.vkey().verifies(&signed, &signature));
    }
}
