//! Real bytes of a world's facts: signatures, trees, checkpoints, cosignatures, bundle lines. All keys from fixed seeds.

use std::collections::HashMap;
use std::sync::LazyLock;

use evidence::bundle::{BundleLine, Place};
use evidence::entry::Entry;
use evidence::envelope::{Envelope, pae};
use evidence::key::{self, PublicKey, Signature};
use p256::ecdsa::SigningKey;
use tlog::checkpoint::Checkpoint;
use tlog::hash::{Hash, leaf_hash, node_hash};
use tlog::key::Algorithm;
use tlog::signer::{Signer as _, cosign, sign_checkpoint};

use crate::facts::{self, By, CheckpointHarm, Facts, Flavour, LineHarm, ORIGINS, WITNESSES};
use crate::kit::{Key, release_key};

/// Every key that anyone has.
pub(crate) struct Keys {
    logs: Vec<[Key; 2]>,
    witnesses: Vec<[Key; 2]>,
    signers: HashMap<By, (SigningKey, PublicKey)>,
}

pub(crate) static KEYS: LazyLock<Keys> = LazyLock::new(Keys::new);

impl Keys {
    fn new() -> Self {
        let log = |origin: &&str| {
            [Algorithm::Ed25519, Algorithm::MlDsa44].map(|kind| Key::new(origin, kind, "log"))
        };
        let witness = |name: &&str| {
            let name = format!("center-{name}.example/w");
            [Algorithm::Ed25519Cosignature, Algorithm::MlDsa44]
                .map(|kind| Key::new(&name, kind, "witness"))
        };
        let mut signers = HashMap::new();
        let mut add = |by, number| {
            let secret = release_key(number);
            let public = PublicKey::of(&secret);
            signers.insert(by, (secret, public));
        };
        for (number, position) in (1..).zip(0..facts::RELEASE_KEYS) {
            add(By::Release(position), number);
        }
        for (number, position) in (50..).zip(0..facts::PARTIES) {
            add(By::Party(position), number);
        }
        add(By::Rival, 80);
        add(By::Stranger, 99);
        Self {
            logs: ORIGINS.iter().map(log).collect(),
            witnesses: WITNESSES.iter().map(witness).collect(),
            signers,
        }
    }

    pub(crate) fn public(&self, by: By) -> &PublicKey {
        &self.signers[&by].1
    }

    pub(crate) fn log_vkeys(&self, log: usize) -> [String; 2] {
        [0, 1].map(|at| self.logs[log][at].vkey().to_string())
    }

    pub(crate) fn witness_vkeys(&self, witness: usize) -> [String; 2] {
        [0, 1].map(|at| self.witnesses[witness][at].vkey().to_string())
    }

    fn sign(&self, payload: &[u8], by: By, flavour: Flavour) -> Envelope {
        let secret = &self.signers[&by].0;
        let of = |bytes: &[u8]| key::sign(secret, &pae("application/vnd.in-toto+json", bytes));
        let signature = match flavour {
            Flavour::Plain => of(payload),
            Flavour::HighS => negated(&of(payload)),
            Flavour::Forged => of(b"something else"),
        };
        Envelope::new(payload.to_vec(), signature)
    }
}

/// The other signature of the same signing.
fn negated(signature: &Signature) -> Signature {
    let signature = p256::ecdsa::Signature::from_der(&signature.to_der()).unwrap();
    let (r, s) = signature.split_scalars();
    let negated = p256::ecdsa::Signature::from_scalars(*r, -*s).unwrap();
    Signature::from_der(negated.to_der().as_bytes()).unwrap()
}

/// The bytes of a world: each line of the bundle, and the notes of its checkpoints.
pub(crate) struct Built {
    pub(crate) lines: Vec<Vec<u8>>,
    pub(crate) notes: Vec<String>,
    envelopes: Vec<Envelope>,
}

impl Built {
    pub(crate) fn of(facts: &Facts) -> Self {
        let mut signed = HashMap::new();
        let mut sign = |entry: &facts::Entry| {
            let key = (facts.said[entry.said].id, entry.by, entry.flavour);
            signed
                .entry(key)
                .or_insert_with(|| {
                    KEYS.sign(&facts.said[entry.said].payload, entry.by, entry.flavour)
                })
                .clone()
        };
        let envelopes: Vec<Envelope> = facts.entries.iter().map(&mut sign).collect();
        let mut built = Self {
            lines: Vec::new(),
            notes: Vec::new(),
            envelopes,
        };
        for checkpoint in &facts.checkpoints {
            let note = built.note(facts, checkpoint);
            built.notes.push(note);
        }
        built.lines = facts
            .lines
            .iter()
            .map(|line| built.line(facts, line))
            .collect();
        built
    }

    /// A bundle file of these lines.
    pub(crate) fn join(lines: &[Vec<u8>]) -> Vec<u8> {
        lines
            .iter()
            .flat_map(|line| [line, &b"\n"[..]].concat())
            .collect()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        Self::join(&self.lines)
    }

    /// The signed note of any view, with its cosignatures.
    pub(crate) fn note(&self, facts: &Facts, checkpoint: &facts::Checkpoint) -> String {
        let leaves = self.leaves(facts, checkpoint);
        let head = Checkpoint::new(
            ORIGINS[checkpoint.log],
            checkpoint.size as u64,
            root(&leaves),
        )
        .unwrap();
        let [first, second] = &KEYS.logs[checkpoint.log];
        let mut note = match checkpoint.harm {
            CheckpointHarm::OneLogKey => sign_checkpoint(&head, &[first]).unwrap(),
            _ => sign_checkpoint(&head, &[first, second]).unwrap(),
        };
        for (witness, time) in &checkpoint.cosigned {
            for key in &KEYS.witnesses[*witness] {
                let mut line = cosign(&head.to_text(), u64::try_from(*time).unwrap(), key).unwrap();
                let harmed = checkpoint.cosigned.iter().find(|(witness, _)| *witness < 3)
                    == Some(&(*witness, *time));
                match checkpoint.harm {
                    CheckpointHarm::Name if harmed => {
                        line = line.replacen("— center-", "— centre-", 1)
                    }
                    CheckpointHarm::Signature if harmed => flip(&mut line, 60),
                    _ => {}
                }
                note.push_str(&line);
            }
        }
        note
    }

    fn leaves(&self, facts: &Facts, checkpoint: &facts::Checkpoint) -> Vec<Hash> {
        let entries = facts.log(checkpoint.log);
        let leaf = |at: usize| {
            if checkpoint.fork == Some(at) {
                return leaf_hash(b"another entry");
            }
            let entry = entries[at];
            Entry::of(&self.envelopes[entry], KEYS.public(facts.entries[entry].by)).leaf_hash()
        };
        (0..checkpoint.size).map(leaf).collect()
    }

    fn line(&self, facts: &Facts, line: &facts::BundleLine) -> Vec<u8> {
        let checkpoint = &facts.checkpoints[line.checkpoint];
        let envelope = &self.envelopes[line.entry];
        let entry = Entry::of(envelope, KEYS.public(facts.entries[line.entry].by));
        let mut index = facts.index(line.entry);
        let mut hashes = path(&self.leaves(facts, checkpoint), index);
        match line.harm {
            LineHarm::Proof => hashes.push(Hash([7; 32])),
            LineHarm::Index(other) => index = other,
            LineHarm::None | LineHarm::Cut | LineHarm::Payload => {}
        }
        let log_id = KEYS.logs[checkpoint.log][0].vkey().full_id();
        let place = Place {
            log_id,
            index: index as u64,
            hashes,
            checkpoint: self.notes[line.checkpoint].clone(),
        };
        let mut bytes = BundleLine::new(envelope.clone(), entry, place)
            .unwrap()
            .to_bytes();
        match line.harm {
            LineHarm::Cut => bytes.truncate(bytes.len() - 1),
            LineHarm::Payload => {
                let mut text = String::from_utf8(bytes).unwrap();
                let start = text.find("\"payload\":\"").unwrap() + 11;
                flip(&mut text, start + 20);
                bytes = text.into_bytes();
            }
            LineHarm::None | LineHarm::Proof | LineHarm::Index(_) => {}
        }
        bytes
    }
}

/// Another base64 character in that place.
fn flip(text: &mut String, at: usize) {
    let other = if &text[at..=at] == "A" { "B" } else { "A" };
    text.replace_range(at..=at, other);
}

/// RFC 6962 §2.1, as it stands there.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(half(leaves.len()));
            node_hash(root(left), root(right))
        }
    }
}

/// RFC 6962 §2.1.1, from the leaf up.
fn path(leaves: &[Hash], index: usize) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let middle = half(leaves.len());
    let (left, right) = leaves.split_at(middle);
    let (mut hashes, sibling) = if index < middle {
        (path(left, index), root(right))
    } else {
        (path(right, index - middle), root(left))
    };
    hashes.push(sibling);
    hashes
}

/// The largest power of two below `count`, which is at least 2.
fn half(count: usize) -> usize {
    count.next_power_of_two() / 2
}
