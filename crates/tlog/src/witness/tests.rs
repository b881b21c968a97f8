//! Rows W0–W13, each by name; W14 in `answers`.

mod answers;

use proptest::prelude::*;

use super::*;
use crate::hash::{leaf_hash, node_hash};
use crate::key::{Algorithm, KeyName};
use crate::signer::{SignFailed, Signer, sign_checkpoint};

const ORIGIN: &str = "log.example/v1";

enum Private {
    Ed25519(Box<ed25519_dalek::SigningKey>),
    MlDsa44(Box<ml_dsa::SigningKey<ml_dsa::MlDsa44>>),
}

struct TestKey {
    vkey: Vkey,
    private: Private,
}

impl TestKey {
    fn new(name: &str, algorithm: Algorithm, seed: u8) -> Self {
        let name = KeyName::new(name).unwrap();
        if algorithm == Algorithm::MlDsa44 {
            let private = ml_dsa::SigningKey::from_seed(&[seed; 32].into());
            let public = private.expanded_key().verifying_key().encode();
            let vkey = Vkey::new(name, algorithm, &public).unwrap();
            return Self {
                vkey,
                private: Private::MlDsa44(Box::new(private)),
            };
        }
        let private = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
        let vkey = Vkey::new(name, algorithm, private.verifying_key().as_bytes()).unwrap();
        Self {
            vkey,
            private: Private::Ed25519(Box::new(private)),
        }
    }

    fn log() -> [Self; 2] {
        [
            Self::new(ORIGIN, Algorithm::Ed25519, 1),
            Self::new(ORIGIN, Algorithm::MlDsa44, 2),
        ]
    }

    fn witness() -> [Self; 2] {
        let name = "witness.example/w";
        [
            Self::new(name, Algorithm::Ed25519Cosignature, 3),
            Self::new(name, Algorithm::MlDsa44, 4),
        ]
    }
}

impl Signer for TestKey {
    fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignFailed> {
        Ok(match &self.private {
            Private::Ed25519(key) => ed25519_dalek::Signer::sign(&**key, message)
                .to_bytes()
                .to_vec(),
            Private::MlDsa44(key) => key
                .expanded_key()
                .sign_deterministic(message, &[])
                .unwrap()
                .encode()
                .to_vec(),
        })
    }
}

fn keys() -> LogKeys {
    LogKeys::new(ORIGIN, TestKey::log().map(|key| key.vkey).to_vec()).unwrap()
}

fn signed(size: u64, root: Hash) -> String {
    let [ed25519, ml_dsa] = TestKey::log();
    sign_checkpoint(
        &Checkpoint::new(ORIGIN, size, root).unwrap(),
        &[&ed25519, &ml_dsa],
    )
    .unwrap()
}

/// A tree of two leaves that grew to three; the proof from 2 to 3 is the third leaf.
struct Tree {
    two: Hash,
    three: Hash,
    proof: Vec<Hash>,
}

fn tree() -> Tree {
    let [a, b, c] = [b"a", b"b", b"c"].map(|entry| leaf_hash(entry));
    let two = node_hash(a, b);
    Tree {
        two,
        three: node_hash(two, c),
        proof: vec![c],
    }
}

fn two() -> Known {
    Known {
        size: 2,
        root: tree().two,
    }
}

fn three() -> Known {
    Known {
        size: 3,
        root: tree().three,
    }
}

fn request(old: u64, proof: &[Hash], size: u64, root: Hash) -> AddCheckpoint {
    AddCheckpoint::new(old, proof.to_vec(), &signed(size, root)).unwrap()
}

/// Each refusal is decided from the bytes, as a server gets them.
fn refuse(request: &AddCheckpoint, known: &Known, refused: WitnessRefused, status: u16) {
    let request = AddCheckpoint::parse(&request.to_bytes()).unwrap();
    assert_eq!(judge(request, Some(&keys()), known), Err(refused.clone()));
    assert_eq!(refused.status(), status);
}

#[test]
fn w0_refuses_a_body_over_128_kib_with_413() {
    let mut body = request(0, &[], 2, tree().two).to_bytes();
    body.resize(MAX_BODY, b'\n');
    assert!(matches!(
        AddCheckpoint::parse(&body),
        Err(WitnessRefused::Malformed(_))
    ));
    body.push(b'\n');
    assert_eq!(AddCheckpoint::parse(&body), Err(WitnessRefused::TooLarge));
    assert_eq!(WitnessRefused::TooLarge.status(), 413);
}

#[test]
fn w1_refuses_every_other_form_with_400() {
    let note = signed(2, tree().two);
    let hash = encoding::encode(&[7; 32]);
    let cases = [
        (String::new(), Malformed::NoEmptyLine),
        ("old 0\n".into(), Malformed::NoEmptyLine),
        (format!("\n\n{note}"), Malformed::OldSize),
        (format!("{note}\n"), Malformed::OldSize),
        (format!("old\n\n{note}"), Malformed::OldSize),
        (format!("old \n\n{note}"), Malformed::OldSize),
        (format!("old  0\n\n{note}"), Malformed::OldSize),
        (format!("Old 0\n\n{note}"), Malformed::OldSize),
        (format!("old 00\n\n{note}"), Malformed::OldSize),
        (format!("old 01\n\n{note}"), Malformed::OldSize),
        (format!("old +1\n\n{note}"), Malformed::OldSize),
        (format!("old -1\n\n{note}"), Malformed::OldSize),
        (format!("old 0 \n\n{note}"), Malformed::OldSize),
        (format!("old 0\r\n\n{note}"), Malformed::OldSize),
        (
            format!("old 18446744073709551616\n\n{note}"),
            Malformed::OldSize,
        ),
        (
            format!("old 1\nAAAA\n\n{note}"),
            Malformed::Hash { line: 2 },
        ),
        (
            format!("old 1\n{hash}\n{hash} \n\n{note}"),
            Malformed::Hash { line: 3 },
        ),
        (
            format!("old 1\n{}\n\n{note}", hash.replace("c=", "d=")),
            Malformed::Hash { line: 2 },
        ),
        (
            format!("old 1\n{}\n\n{note}", hash.trim_end_matches('=')),
            Malformed::Hash { line: 2 },
        ),
        (
            format!("old 1\n{}\n{note}", format!("{hash}\n").repeat(64)),
            Malformed::TooManyHashes,
        ),
        (
            "old 0\n\n".into(),
            Malformed::Note(NoteRefused::NoSignatures),
        ),
        (
            format!("old 0\n\n{}", note.trim_end()),
            Malformed::Note(NoteRefused::NoSignatures),
        ),
        (
            format!("old 0\n\n{}", note.replace("\n2\n", "\n02\n")),
            Malformed::Checkpoint(CheckpointRefused::Size),
        ),
        (
            format!("old 0\n\n\n{note}"),
            Malformed::Checkpoint(CheckpointRefused::Origin),
        ),
    ];
    for (body, refused) in cases {
        let refused = WitnessRefused::Malformed(refused);
        assert_eq!(refused.status(), 400);
        assert_eq!(
            AddCheckpoint::parse(body.as_bytes()),
            Err(refused),
            "{body:?}"
        );
    }
    let latin = b"old 0\n\n\xff\n\n";
    let refused = Malformed::Note(NoteRefused::NotUtf8);
    assert_eq!(AddCheckpoint::parse(latin), Err(refused.into()));
}

#[test]
fn w1_reads_a_proof_of_63_hashes() {
    let request = request(1, &[Hash([7; 32]); 63], 2, tree().two);
    assert_eq!(AddCheckpoint::parse(&request.to_bytes()), Ok(request));
}

#[test]
fn w2_refuses_an_unknown_origin_with_404() {
    let request = request(0, &[], 2, tree().two);
    let refused = judge(request, None, &Known::default()).unwrap_err();
    assert_eq!(
        (refused.status(), refused),
        (404, WitnessRefused::UnknownOrigin)
    );
}

#[test]
fn w3_refuses_a_checkpoint_that_no_known_key_signed_with_403() {
    let stranger = TestKey::new(ORIGIN, Algorithm::Ed25519, 9);
    let checkpoint = Checkpoint::new(ORIGIN, 2, tree().two).unwrap();
    let note = sign_checkpoint(&checkpoint, &[&stranger]).unwrap();
    refuse(
        &AddCheckpoint::new(0, vec![], &note).unwrap(),
        &Known::default(),
        WitnessRefused::NotSigned(NoteRefused::NoKnownSignature.into()),
        403,
    );
}

#[test]
fn w3_refuses_when_one_of_two_known_lines_fails_with_403() {
    for broken in TestKey::log() {
        // The line is of another text, so name and id are known and only the signature is wrong.
        let other = sign_checkpoint(&Checkpoint::new(ORIGIN, 7, tree().two).unwrap(), &[&broken]);
        let other = other.unwrap();
        let good = signed(2, tree().two);
        let note = good.replace(
            own_lines_of(&good, &broken.vkey).as_str(),
            own_lines_of(&other, &broken.vkey).as_str(),
        );
        let id = broken.vkey.id();
        refuse(
            &AddCheckpoint::new(0, vec![], &note).unwrap(),
            &Known::default(),
            WitnessRefused::NotSigned(
                NoteRefused::BadSignature {
                    name: ORIGIN.into(),
                    id,
                }
                .into(),
            ),
            403,
        );
    }
}

#[test]
fn w3_refuses_the_keys_of_another_origin_with_403() {
    let other = TestKey::new("other.example", Algorithm::Ed25519, 1);
    let keys = LogKeys::new("other.example", vec![other.vkey]).unwrap();
    let request = request(0, &[], 2, tree().two);
    let refused = judge(request, Some(&keys), &Known::default());
    assert_eq!(
        refused,
        Err(WitnessRefused::NotSigned(LogSignedRefused::OtherOrigin))
    );
}

#[test]
fn w3_one_known_key_is_enough_and_strangers_lines_are_dropped() {
    let [ed25519, _] = TestKey::log();
    let stranger = TestKey::new("stranger", Algorithm::Ed25519, 9);
    let checkpoint = Checkpoint::new(ORIGIN, 2, tree().two).unwrap();
    let note = sign_checkpoint(&checkpoint, &[&stranger, &ed25519, &ed25519]).unwrap();
    let request = AddCheckpoint::new(0, vec![], &note).unwrap();
    let accepted = judge(request, Some(&keys()), &Known::default()).unwrap();
    assert_eq!(
        accepted.note(),
        sign_checkpoint(&checkpoint, &[&ed25519]).unwrap()
    );
}

#[test]
fn w4_refuses_an_old_size_above_the_checkpoint_with_400() {
    let Tree { two: root, .. } = tree();
    let refused = WitnessRefused::OldLarger { old: 3, size: 2 };
    for known in [Known::default(), two(), three()] {
        refuse(&request(3, &[], 2, root), &known, refused.clone(), 400);
    }
}

#[test]
fn w5_refuses_another_old_size_with_409_and_the_size() {
    let Tree {
        three: root, proof, ..
    } = tree();
    for (old, known) in [(2, Known::default()), (0, two()), (1, two()), (2, three())] {
        let refused = WitnessRefused::OtherOldSize { known: known.size };
        assert_eq!(refused.body(), Some(format!("{}\n", known.size)));
        refuse(&request(old, &proof, 3, root), &known, refused, 409);
    }
    assert_eq!(WitnessRefused::EmptyRoot.body(), None);
}

#[test]
fn w6_refuses_size_0_with_another_root_than_that_of_the_empty_tree_with_422() {
    refuse(
        &request(0, &[], 0, tree().two),
        &Known::default(),
        WitnessRefused::EmptyRoot,
        422,
    );
}

#[test]
fn w7_refuses_a_proof_from_size_0_with_422() {
    let Tree {
        three: root, proof, ..
    } = tree();
    let refused = WitnessRefused::ProofFromNothing;
    refuse(
        &request(0, &proof, 3, root),
        &Known::default(),
        refused.clone(),
        422,
    );
    refuse(
        &request(0, &proof, 0, Hash::EMPTY_ROOT),
        &Known::default(),
        refused,
        422,
    );
}

#[test]
fn w8_refuses_a_proof_that_does_not_verify_with_422() {
    let Tree {
        two: old,
        three: root,
        proof,
    } = tree();
    let cases: [(Vec<Hash>, ProofRefused); 4] = [
        (vec![], ProofRefused::Length),
        (vec![proof[0], proof[0]], ProofRefused::Length),
        (vec![old], ProofRefused::OtherRoot),
        (vec![Hash([0; 32])], ProofRefused::OtherRoot),
    ];
    for (proof, cause) in cases {
        refuse(
            &request(2, &proof, 3, root),
            &two(),
            WitnessRefused::BadProof(cause),
            422,
        );
    }
    let forked = Known {
        size: 2,
        root: Hash([1; 32]),
    };
    let request = request(2, &proof, 3, root);
    let refused = judge(request, Some(&keys()), &forked).unwrap_err();
    assert_eq!(refused.status(), 422);
}

#[test]
fn w8_refuses_hashes_with_equal_sizes_with_422() {
    let Tree {
        two: root, proof, ..
    } = tree();
    let refused = WitnessRefused::BadProof(ProofRefused::Length);
    refuse(&request(2, &proof, 2, root), &two(), refused, 422);
}

#[test]
fn w9_refuses_an_equal_size_with_another_root_with_422() {
    let refused = WitnessRefused::OtherRoot { size: 2 };
    refuse(
        &request(2, &[], 2, tree().three),
        &two(),
        refused.clone(),
        422,
    );
    refuse(
        &request(2, &tree().proof, 2, tree().three),
        &two(),
        refused,
        422,
    );
}

#[test]
fn w10_accepts_the_first_checkpoint_growth_and_the_empty_tree() {
    let Tree {
        two: old,
        three: root,
        proof,
    } = tree();
    let cases = [
        (request(0, &[], 2, old), Known::default()),
        (request(2, &proof, 3, root), two()),
        (request(0, &[], 0, Hash::EMPTY_ROOT), Known::default()),
        (
            request(0, &[], 2, old),
            Known {
                size: 0,
                root: Hash::EMPTY_ROOT,
            },
        ),
    ];
    for (request, known) in cases {
        let (size, root) = (request.checkpoint().size(), request.checkpoint().root());
        let accepted = judge(request, Some(&keys()), &known).unwrap();
        assert_eq!(accepted.known(), Known { size, root });
        assert_eq!(accepted.note(), signed(size, root));
    }
}

#[test]
fn w12_accepts_the_same_checkpoint_again() {
    let accepted = judge(request(2, &[], 2, tree().two), Some(&keys()), &two()).unwrap();
    assert_eq!(accepted.known(), two());
}

#[test]
fn w13_tells_requests_that_may_convict_the_log_from_those_that_cannot() {
    let keep = [
        WitnessRefused::BadProof(ProofRefused::OtherRoot),
        WitnessRefused::EmptyRoot,
        WitnessRefused::OtherRoot { size: 1 },
    ];
    let drop = [
        WitnessRefused::OldLarger { old: 2, size: 1 },
        WitnessRefused::OtherOldSize { known: 1 },
        WitnessRefused::ProofFromNothing,
        WitnessRefused::UnknownOrigin,
        WitnessRefused::TooLarge,
    ];
    assert!(keep.iter().all(WitnessRefused::may_show_misbehaviour));
    assert!(!drop.iter().any(WitnessRefused::may_show_misbehaviour));
    // A second root for a cosigned size convicts even where the answer is 409.
    let forked = request(0, &[], 2, tree().three)
        .authenticate(Some(&keys()))
        .unwrap();
    assert!(forked.contradicts(&two()));
    assert!(!forked.contradicts(&three()));
    assert_eq!(
        forked.judge(&two()),
        Err(WitnessRefused::OtherOldSize { known: 2 })
    );
    assert_eq!(
        forked.to_bytes(),
        request(0, &[], 2, tree().three).to_bytes()
    );
}

#[test]
fn a3_every_flipped_byte_of_a_request_is_refused_or_decided_the_same() {
    let Tree {
        three: root, proof, ..
    } = tree();
    let stranger = TestKey::new("stranger", Algorithm::Ed25519, 9);
    let [ed25519, _] = TestKey::log();
    let checkpoint = Checkpoint::new(ORIGIN, 3, root).unwrap();
    let note = sign_checkpoint(&checkpoint, &[&ed25519, &stranger]).unwrap();
    let body = AddCheckpoint::new(2, proof, &note).unwrap().to_bytes();
    let keys = keys();
    let decide = |bytes: &[u8]| judge(AddCheckpoint::parse(bytes)?, Some(&keys), &two());
    let accepted = decide(&body).unwrap();
    let strangers_line = body.len() - own_lines_of(&note, &stranger.vkey).len();
    let mut same = 0;
    for at in 0..body.len() {
        for flip in [1, 2, 0x20, 0x80, 0xff] {
            let mut bytes = body.clone();
            bytes[at] ^= flip;
            if let Ok(decided) = decide(&bytes) {
                assert_eq!(decided, accepted, "byte {at} ^ {flip}");
                assert!(
                    at >= strangers_line,
                    "byte {at} ^ {flip} is covered by a signature"
                );
                same += 1;
            }
        }
    }
    assert!(same > 0, "a stranger's line may change");
}

#[test]
fn a3_refuses_every_flipped_byte_of_a_logs_ml_dsa_line() {
    let [_, ml_dsa] = TestKey::log();
    let checkpoint = Checkpoint::new(ORIGIN, 2, tree().two).unwrap();
    let note = sign_checkpoint(&checkpoint, &[&ml_dsa]).unwrap();
    let body = AddCheckpoint::new(0, vec![], &note).unwrap().to_bytes();
    let keys = keys();
    // Each seventh byte, so that the loop stays short; the step is coprime to the four characters of base64.
    for at in (0..body.len()).step_by(7) {
        let mut bytes = body.clone();
        bytes[at] ^= 1;
        let decided = AddCheckpoint::parse(&bytes)
            .and_then(|request| judge(request, Some(&keys), &Known::default()));
        assert!(decided.is_err(), "byte {at}");
    }
}

proptest! {
    #[test]
    fn parse_is_the_inverse_of_to_bytes(
        old in any::<u64>(),
        proof in prop::collection::vec(any::<[u8; 32]>(), 0..=63),
        origin in "[!-~é]{1,40}",
        size in any::<u64>(),
        root in any::<[u8; 32]>(),
        lines in prop::collection::vec(("[!-*,-~]{1,20}", prop::collection::vec(any::<u8>(), 5..90)), 1..5),
    ) {
        let mut note = Checkpoint::new(&origin, size, Hash(root)).unwrap().to_text();
        note.push('\n');
        for (name, bytes) in lines {
            note.push_str(&format!("\u{2014} {name} {}\n", encoding::encode(&bytes)));
        }
        let proof = proof.into_iter().map(Hash).collect();
        let request = AddCheckpoint::new(old, proof, &note).unwrap();
        prop_assert_eq!(AddCheckpoint::parse(&request.to_bytes()), Ok(request));
    }

    #[test]
    fn parse_never_panics(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = AddCheckpoint::parse(&[b"old 1\n\n", body.as_slice()].concat());
        let _ = AddCheckpoint::parse(&body);
    }
}

fn own_lines_of(note: &str, vkey: &Vkey) -> String {
    let note = Note::parse(note.as_bytes()).unwrap();
    note.lines()
        .iter()
        .filter(|line| line.is_of(vkey))
        .map(ToString::to_string)
        .collect()
}
