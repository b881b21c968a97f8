//! A small world for tests: a publisher, its log, three witnesses, a policy; all keys real, all from fixed seeds.

#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a kit for tests, of which each file uses a part"
)]

use std::collections::BTreeMap;

use ed25519_dalek::Signer as _;
use evidence::bundle::{self, BundleLine, Place};
use evidence::collect::Evidence;
use evidence::entry::Entry;
use evidence::envelope::Envelope;
use evidence::judge::{self, Artifact, Choice};
use evidence::key::PublicKey;
use evidence::kind::Update;
use evidence::kind::update::{
    Actions, Activation, Audience, Class, Consent, File, Predecessor, Role, State,
};
use evidence::line::{Line, LineKind, Word};
use evidence::name::Name;
use evidence::policy::Policy;
use evidence::state::Memory;
use evidence::statement::Subject;
use evidence::time::Time;
use evidence::verdict::Verdict;
use ml_dsa::MlDsa44;
use p256::ecdsa::SigningKey;
use tlog::checkpoint::Checkpoint;
use tlog::hash::{Hash, leaf_hash, sha256};
use tlog::key::{Algorithm, KeyName, Vkey};
use tlog::proof::{ProofPlan, Tiles};
use tlog::signer::{SignFailed, Signer, cosign, sign_checkpoint};
use tlog::tree::Edge;

/// 24 November 2026, 12:00:00 UTC.
pub(crate) const NOW: i64 = 1_795_521_600;

/// A private key of a log or a witness.
pub(crate) struct Key {
    vkey: Vkey,
    secret: Secret,
}

enum Secret {
    Ed25519(Box<ed25519_dalek::SigningKey>),
    MlDsa44(Box<ml_dsa::SigningKey<MlDsa44>>),
}

impl Key {
    pub(crate) fn new(name: &str, algorithm: Algorithm, seed: &str) -> Self {
        let seed = sha256(format!("{name} {algorithm:?} {seed}").as_bytes()).0;
        let name = KeyName::new(name).unwrap();
        if algorithm == Algorithm::MlDsa44 {
            let secret = ml_dsa::SigningKey::<MlDsa44>::from_seed(&seed.into());
            let public = secret.expanded_key().verifying_key().encode();
            let vkey = Vkey::new(name, algorithm, &public).unwrap();
            return Self {
                vkey,
                secret: Secret::MlDsa44(Box::new(secret)),
            };
        }
        let secret = ed25519_dalek::SigningKey::from_bytes(&seed);
        let vkey = Vkey::new(name, algorithm, secret.verifying_key().as_bytes()).unwrap();
        Self {
            vkey,
            secret: Secret::Ed25519(Box::new(secret)),
        }
    }
}

impl Signer for Key {
    fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignFailed> {
        Ok(match &self.secret {
            Secret::Ed25519(secret) => secret.sign(message).to_bytes().to_vec(),
            Secret::MlDsa44(secret) => secret
                .expanded_key()
                .sign_deterministic(message, &[])
                .unwrap()
                .encode()
                .to_vec(),
        })
    }
}

/// A log in memory.
pub(crate) struct TestLog {
    pub(crate) origin: String,
    keys: [Key; 2],
    edge: Edge,
    tiles: Tiles,
}

impl TestLog {
    pub(crate) fn new(origin: &str) -> Self {
        let keys =
            [Algorithm::Ed25519, Algorithm::MlDsa44].map(|kind| Key::new(origin, kind, "log"));
        Self {
            origin: origin.into(),
            keys,
            edge: Edge::default(),
            tiles: Tiles::new(),
        }
    }

    pub(crate) fn append(&mut self, entry: &[u8]) -> u64 {
        let index = self.edge.size();
        let mut finished = Vec::new();
        self.edge.push(leaf_hash(entry), &mut finished);
        self.tiles.extend(finished);
        index
    }

    pub(crate) fn size(&self) -> u64 {
        self.edge.size()
    }

    pub(crate) fn vkeys(&self) -> Vec<String> {
        self.keys.iter().map(|key| key.vkey.to_string()).collect()
    }

    /// The checkpoint of the present size, cosigned by these witnesses at `time`.
    pub(crate) fn checkpoint(&self, witnesses: &[&Witness], time: i64) -> String {
        self.checkpoint_of(self.edge.root(), witnesses, time)
    }

    /// As a lying log: any root under the present size.
    pub(crate) fn checkpoint_of(&self, root: Hash, witnesses: &[&Witness], time: i64) -> String {
        let checkpoint = Checkpoint::new(&self.origin, self.edge.size(), root).unwrap();
        let mut note = sign_checkpoint(&checkpoint, &[&self.keys[0], &self.keys[1]]).unwrap();
        for witness in witnesses {
            for key in &witness.keys {
                note.push_str(
                    &cosign(&checkpoint.to_text(), time.try_into().unwrap(), key).unwrap(),
                );
            }
        }
        note
    }

    /// The line of a bundle for one entry, under this checkpoint of the present size.
    pub(crate) fn line(
        &self,
        envelope: &Envelope,
        key: &PublicKey,
        index: u64,
        checkpoint: &str,
    ) -> BundleLine {
        let mut tiles = self.tiles.clone();
        tiles.extend(
            self.edge
                .partial_tiles()
                .map(|(tile, hashes)| (tile, hashes.to_vec())),
        );
        let hashes = ProofPlan::inclusion(index, self.edge.size())
            .unwrap()
            .finish(&tiles)
            .unwrap();
        let log_id = self.keys[0].vkey.full_id();
        let place = Place {
            log_id,
            index,
            hashes,
            checkpoint: checkpoint.into(),
        };
        BundleLine::new(envelope.clone(), Entry::of(envelope, key), place).unwrap()
    }
}

/// A witness with both kinds of key.
pub(crate) struct Witness {
    pub(crate) name: String,
    keys: [Key; 2],
}

impl Witness {
    pub(crate) fn new(name: &str) -> Self {
        let vkey_name = format!("center-{name}.example/w");
        let kinds = [Algorithm::Ed25519Cosignature, Algorithm::MlDsa44];
        Self {
            name: name.into(),
            keys: kinds.map(|kind| Key::new(&vkey_name, kind, "witness")),
        }
    }
}

/// The whole world: one publisher with three release keys, one log, three witnesses.
pub(crate) struct World {
    pub(crate) log: TestLog,
    pub(crate) witnesses: [Witness; 3],
    pub(crate) keys: [SigningKey; 3],
    /// Signed statements with their index.
    signed: Vec<(Envelope, PublicKey, u64)>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            log: TestLog::new("log.acme.example/v1"),
            witnesses: ["eu", "us", "sg"].map(Witness::new),
            keys: [1, 2, 3].map(release_key),
            signed: Vec::new(),
        }
    }

    /// Signs a statement with these keys and logs each signature.
    pub(crate) fn log(&mut self, payload: &[u8], keys: &[usize]) {
        for key in keys {
            let secret = self.keys[*key].clone();
            self.log_by(payload, &secret);
        }
    }

    /// The same for a key of somebody else.
    pub(crate) fn log_by(&mut self, payload: &[u8], secret: &SigningKey) {
        let envelope = Envelope::sign(payload.to_vec(), secret);
        let key = PublicKey::of(secret);
        let index = self.log.append(&Entry::of(&envelope, &key).to_bytes());
        self.signed.push((envelope, key, index));
    }

    /// All lines, under one checkpoint cosigned by the first `witnesses` at `time`.
    pub(crate) fn lines(&self, witnesses: usize, time: i64) -> Vec<BundleLine> {
        let cosigners: Vec<&Witness> = self.witnesses.iter().take(witnesses).collect();
        let checkpoint = self.log.checkpoint(&cosigners, time);
        self.lines_under(&checkpoint)
    }

    pub(crate) fn lines_under(&self, checkpoint: &str) -> Vec<BundleLine> {
        self.signed
            .iter()
            .map(|(envelope, key, index)| self.log.line(envelope, key, *index, checkpoint))
            .collect()
    }

    pub(crate) fn bundle(&self, witnesses: usize, time: i64) -> Vec<u8> {
        bundle::write(&self.lines(witnesses, time))
    }

    /// The policy, with `require` in place of `published = true`.
    pub(crate) fn policy_text(&self, require: &str) -> String {
        let mut text = String::from(
            "policy = 1\nname = \"example-hospital\"\nserial = 7\nexpires = \"2027-11-24T00:00:00Z\"\n\n\
             [[line]]\npublisher = \"acme\"\nproduct = \"acme-shield\"\nkinds = [\"software\"]\n\
             channels = [\"stable\"]\nplatforms = [\"linux-x86_64\"]\n\n[witnesses]\nregions = '''\n",
        );
        let mut groups = String::new();
        for witness in &self.witnesses {
            let name = &witness.name;
            for (suffix, key) in ["e", "m"].iter().zip(&witness.keys) {
                text.push_str(&format!("witness {name}-{suffix} {}\n", key.vkey));
            }
            groups.push_str(&format!("group {name} any {name}-e {name}-m\n"));
        }
        text.push_str(&groups);
        text.push_str("group three 2 eu us sg\nquorum three\n'''\n\n[log]\n");
        let vkeys = self.log.vkeys();
        text.push_str(&format!(
            "\"{}\" = {{ keys = [\"{}\", \"{}\"], witnesses = \"regions\" }}\n\n",
            self.log.origin, vkeys[0], vkeys[1]
        ));
        let keys: Vec<String> = self
            .keys
            .iter()
            .map(|key| format!("\"{}\"", PublicKey::of(key).to_policy_text()))
            .collect();
        text.push_str(&format!(
            "[publisher.acme]\noperator = \"Acme Security GmbH\"\njurisdiction = \"DE\"\nlog = \"{}\"\n\
             keys = [{}]\nthreshold = 2\n\n[require.software]\nwhen = {{ publisher = \"acme\" }}\n{require}\n",
            self.log.origin,
            keys.join(", ")
        ));
        text
    }

    pub(crate) fn policy(&self, require: &str) -> Policy {
        Policy::parse(&self.policy_text(require), Time::from_seconds(NOW))
            .unwrap_or_else(|refused| panic!("{refused:?}"))
    }

    /// Judges the file of serial `serial` with both first witnesses, an hour after they signed.
    pub(crate) fn judge(&self, serial: u64, require: &str) -> Verdict {
        self.judge_with(serial, require, &Memory::NotKept, NOW)
    }

    pub(crate) fn judge_with(
        &self,
        serial: u64,
        require: &str,
        memory: &Memory,
        now: i64,
    ) -> Verdict {
        let lines = self.lines(2, NOW - 3600);
        judge(
            &self.policy(require),
            &Evidence::of(lines),
            serial,
            memory,
            now,
        )
    }
}

pub(crate) fn judge(
    policy: &Policy,
    evidence: &Evidence,
    serial: u64,
    memory: &Memory,
    now: i64,
) -> Verdict {
    let artifact = Artifact::File(file_digest(serial));
    judge::verify(
        policy,
        evidence,
        &artifact,
        Time::from_seconds(now),
        memory,
        &Choice::default(),
    )
}

pub(crate) fn release_key(number: u8) -> SigningKey {
    SigningKey::from_slice(&sha256(format!("release key {number}").as_bytes()).0).unwrap()
}

pub(crate) fn word(text: &str) -> Word {
    Word::parse(text).unwrap()
}

pub(crate) fn file_digest(serial: u64) -> Hash {
    sha256(format!("file of serial {serial}").as_bytes())
}

pub(crate) fn line() -> Line {
    Line {
        publisher: word("acme"),
        product: word("acme-shield"),
        kind: LineKind::Software,
        channel: word("stable"),
        platform: word("linux-x86_64"),
    }
}

/// An update of serial `serial` after `predecessor`, in force since the day before [`NOW`].
pub(crate) fn update(serial: u64, predecessor: Option<(u64, Hash)>) -> Update {
    Update {
        line: line(),
        version: format!("4.2.{serial}").into(),
        serial,
        predecessor: predecessor.map(|(serial, statement)| Predecessor { serial, statement }),
        files: vec![File {
            name: file_name(serial),
            size: 41_203_344,
            role: Role::Full,
        }],
        source: None,
        recipe: None,
        sbom: Vec::new(),
        notes: None,
        rules: None,
        requires: Vec::new(),
        actions: Actions {
            class: Class::Fix,
            consent: Consent::Contract,
        },
        audience: Audience::Everyone,
        activation: Activation {
            from: Time::from_seconds(NOW - 86_400),
            until: None,
        },
        state: State::Offered,
        returns_to: None,
        supersedes: Vec::new(),
    }
}

pub(crate) fn file_name(serial: u64) -> Name {
    Name::parse(&format!("app_4.2.{serial}_amd64.deb")).unwrap()
}

/// The statement's bytes for the file of that serial.
pub(crate) fn payload(update: &Update) -> Vec<u8> {
    payload_for(update, file_digest(update.serial))
}

pub(crate) fn payload_for(update: &Update, digest: Hash) -> Vec<u8> {
    let subject = Subject::file(file_name(update.serial), digest);
    update
        .to_statement_bytes(&[subject])
        .unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// The checks of a verdict as "name state reason".
pub(crate) fn checks(verdict: &Verdict) -> BTreeMap<String, String> {
    verdict
        .checks
        .iter()
        .map(|check| {
            let reason = check.reason.map_or("", |reason| reason.as_str());
            (
                check.check.to_string(),
                format!("{} {reason}", check.state.as_str())
                    .trim_end()
                    .to_owned(),
            )
        })
        .collect()
}
