//! A statement enters with index and proof; one that comes again gets the same index, and an amendment its own.

use evidence::envelope::Envelope;
use evidence::kind::update::{State, Withdrawal, WithdrawalReason};
use tlog::hash::{Hash, sha256};
use tlog::proof::check_inclusion;
use tlog::proof_file::ProofFile;

use crate::kit::{payload, secret, statements, update};
use crate::node;

#[test]
fn d9_a_statement_enters_with_index_and_proof() {
    let node = node();
    let entered = node.enter(&payload(&update("stable", 1, None)), &secret(1));
    assert_eq!(entered.status, 201, "{}", entered.text());
    let answer = entered.json();
    assert_eq!(
        (answer["index"].as_u64(), answer["witnessed"].as_bool()),
        (Some(0), Some(true))
    );
    let proof = ProofFile::parse(answer["proof"].as_str().unwrap()).unwrap();
    let leaf = Hash::from_hex(answer["leaf"].as_str().unwrap()).unwrap();
    let text = proof.checkpoint.lines().collect::<Vec<_>>();
    let root = tlog::encoding::decode_hash(text[2]).unwrap();
    assert_eq!(
        check_inclusion(text[1].parse().unwrap(), root, 0, leaf, &proof.hashes),
        Ok(())
    );
    let file = node.get("/proof/0.tlog-proof");
    assert_eq!(
        (file.status, file.text()),
        (200, answer["proof"].as_str().unwrap().to_owned())
    );
}

#[test]
fn d4_the_same_signing_again_gets_the_same_index_whatever_its_signature() {
    let node = node();
    let bytes = payload(&update("stable", 1, None));
    let first = node.enter(&bytes, &secret(1));
    assert_eq!(first.status, 201);
    let again = node.enter(&bytes, &secret(1));
    assert_eq!(
        (again.status, again.json()["index"].as_u64()),
        (200, Some(0))
    );
    // Another signature by the same key over the same payload: s negated is another leaf, and the same signing.
    let envelope = Envelope::sign(bytes, &secret(1));
    let text = String::from_utf8(envelope.to_bytes()).unwrap();
    let high = high_s(&envelope);
    let replaced = text.replace(
        &tlog::encoding::encode(&envelope.signature().to_der()),
        &tlog::encoding::encode(&high),
    );
    let negated = node.post(&statements(&secret(1)), replaced.as_bytes());
    assert_eq!(
        (negated.status, negated.json()["index"].as_u64()),
        (200, Some(0)),
        "{}",
        negated.text()
    );
    node.until("one entry", |node| {
        node.get("/checkpoint").text().lines().nth(1) == Some("1")
    });
}

#[test]
fn a_withdrawal_amends_and_is_final() {
    let node = node();
    let offered = update("stable", 1, None);
    let first = payload(&offered);
    assert_eq!(node.enter(&first, &secret(1)).status, 201);
    let mut withdrawn = offered.clone();
    withdrawn.state = State::Withdrawn(Withdrawal {
        reason: WithdrawalReason::Crash,
        text: "crashes".into(),
    });
    withdrawn.supersedes = vec![sha256(&first)];
    let second = payload(&withdrawn);
    assert_eq!(node.enter(&second, &secret(1)).status, 201);
    let mut again = offered;
    again.supersedes = vec![sha256(&second)];
    again.notes = None;
    let revived = node.enter(&payload(&again), &secret(1));
    assert_eq!(revived.problem(), (409, "U5".to_owned()));
    node.until("the line", |node| {
        let id = update("stable", 1, None).line.id();
        node.get(&format!("/api/v1/lines/{id}")).json()["state"] == "withdrawn"
    });
}

/// The other signature over the same message: s negated.
fn high_s(envelope: &Envelope) -> Vec<u8> {
    let der = envelope.signature().to_der();
    let signature = p256::ecdsa::Signature::from_der(&der).unwrap();
    let (r, s) = signature.split_scalars();
    let negated = p256::ecdsa::Signature::from_scalars(*r, -*s).unwrap();
    negated.to_der().as_bytes().to_vec()
}
