//! The smallest log: one key, one witness, three entries, and a client that trusts neither.
//!
//! `cargo run -p tlog --example smallest_log` prints a proof file and what a client concludes from it. Everything is in
//! memory: who needs durability looks into the crate `store`.

use std::error::Error;

use ed25519_dalek::{Signer as _, SigningKey};
use tlog::checkpoint::{Checkpoint, LogKeys, LogSigned};
use tlog::hash::leaf_hash;
use tlog::key::{Algorithm, KeyName, Vkey};
use tlog::policy::Witnesses;
use tlog::proof::{ProofPlan, Tiles};
use tlog::proof_file::{ProofFile, verify_inclusion};
use tlog::signer::{SignFailed, Signer, cosign, sign_checkpoint};
use tlog::tree::Edge;

/// A private key in memory.
struct Key(SigningKey, Vkey);

impl Key {
    fn new(seed: u8, name: &str, algorithm: Algorithm) -> Result<Self, Box<dyn Error>> {
        let secret = SigningKey::from_bytes(&[seed; 32]);
        let name = KeyName::new(name).ok_or("a key name has no spaces")?;
        let vkey = Vkey::new(name, algorithm, secret.verifying_key().as_bytes())?;
        Ok(Self(secret, vkey))
    }
}

impl Signer for Key {
    fn vkey(&self) -> &Vkey {
        &self.1
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignFailed> {
        Ok(self.0.sign(message).to_bytes().to_vec())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let log = Key::new(1, "log.example/v1", Algorithm::Ed25519)?;
    let witness = Key::new(2, "witness.example/w", Algorithm::Ed25519Cosignature)?;

    // The log: append, hash, sign.
    let mut edge = Edge::default();
    let mut tiles = Tiles::new();
    let entries = ["one", "two", "three"];
    for entry in entries {
        let mut finished = Vec::new();
        edge.push(leaf_hash(entry.as_bytes()), &mut finished);
        tiles.extend(finished);
    }
    tiles.extend(
        edge.partial_tiles()
            .map(|(tile, hashes)| (tile, hashes.to_vec())),
    );
    let checkpoint = Checkpoint::new("log.example/v1", edge.size(), edge.root())?;
    let mut note = sign_checkpoint(&checkpoint, &[&log])?;

    // The witness: it knows no older tree, so there is nothing to compare; it signs what it saw.
    note.push_str(&cosign(&checkpoint.to_text(), 1_790_000_000, &witness)?);

    // The log's answer about entry 1.
    let hashes = ProofPlan::inclusion(1, edge.size())
        .ok_or("entry 1 is there")?
        .finish(&tiles)?;
    let file = ProofFile {
        extra: None,
        index: 1,
        hashes,
        checkpoint: note,
    };
    let text = file.to_text();

    // The client: it has two public keys, the file, and the entry's bytes.
    let keys = LogKeys::new("log.example/v1", vec![log.vkey().clone()])?;
    let quorum = format!("witness w {}\nquorum w\n", witness.vkey());
    let quorum = Witnesses::parse(quorum.as_bytes())?;
    let file = ProofFile::parse(&text)?;
    let signed = LogSigned::by_all(file.checkpoint.as_bytes(), &keys)?;
    let witnessed = quorum.check(signed)?;
    let included = verify_inclusion(&witnessed, file.index, leaf_hash(b"two"), &file.hashes)?;
    let forged = verify_inclusion(&witnessed, file.index, leaf_hash(b"2"), &file.hashes);

    let mut out = String::new();
    out.push_str(&text);
    out.push_str(&format!(
        "\nentry {} is \"two\": proven\n",
        included.index()
    ));
    out.push_str(&format!(
        "entry {} is \"2\": {}\n",
        file.index,
        forged.is_ok()
    ));
    std::io::Write::write_all(&mut std::io::stdout(), out.as_bytes())?;
    Ok(())
}
