//! Row W14: what a log makes of a witness's answer.

use super::*;
use crate::signer::cosign;
use crate::witness::answer::{AnswerRefused, read_answer};

#[test]
fn w14_sends_no_lines_but_the_logs_own() {
    let [witness, _] = TestKey::witness();
    let note = signed(2, tree().two);
    let text = Checkpoint::new(ORIGIN, 2, tree().two).unwrap().to_text();
    let cosigned = format!("{note}{}", cosign(&text, 7, &witness).unwrap());
    let request = AddCheckpoint::of_log(0, vec![], &cosigned, &keys()).unwrap();
    assert_eq!(request.note(), note);
    let stranger = LogKeys::new(
        "witness.example/w",
        vec![TestKey::witness()[1].vkey.clone()],
    );
    assert_eq!(
        AddCheckpoint::of_log(0, vec![], &cosigned, &stranger.unwrap()),
        Err(Malformed::Note(NoteRefused::NoKnownSignature))
    );
}

#[test]
fn w14_takes_both_cosignatures_and_passes_over_unknown_ones() {
    let request = request(0, &[], 2, tree().two);
    let text = request.checkpoint().to_text();
    let stranger = TestKey::new("witness.example/w", Algorithm::Ed25519Cosignature, 9);
    let [ed25519, ml_dsa] = TestKey::witness();
    let lines = [&stranger, &ed25519, &ml_dsa].map(|key| cosign(&text, 7, key).unwrap());
    let vkeys = [ed25519.vkey, ml_dsa.vkey];
    let cosigned = read_answer(&request, 200, lines.concat().as_bytes(), &vkeys).unwrap();
    let found: Vec<_> = cosigned
        .iter()
        .map(|one| (one.key(), one.time(), one.line()))
        .collect();
    let [_, first, second] = &lines;
    assert_eq!(
        found,
        [
            (&vkeys[0], 7, first.as_str()),
            (&vkeys[1], 7, second.as_str())
        ]
    );
}

#[test]
fn w14_refuses_cosignatures_of_other_texts_strangers_logs_and_without_time() {
    let request = request(0, &[], 2, tree().two);
    let text = request.checkpoint().to_text();
    let other = Checkpoint::new(ORIGIN, 3, tree().two).unwrap().to_text();
    let [ed25519, ml_dsa] = TestKey::witness();
    let [log, _] = TestKey::log();
    let vkeys = [ed25519.vkey.clone(), ml_dsa.vkey.clone(), log.vkey.clone()];
    let bad = NoteRefused::BadSignature {
        name: "witness.example/w".into(),
        id: ed25519.vkey.id(),
    };
    let stranger = TestKey::new("x", Algorithm::Ed25519Cosignature, 9);
    let good = cosign(&text, 7, &ed25519).unwrap();
    let cases = [
        (
            cosign(&other, 7, &ed25519).unwrap(),
            AnswerRefused::Cosignature(bad.clone()),
        ),
        (
            format!("{good}{}", good.replace("AAAAA", "AAAAB")),
            AnswerRefused::Cosignature(bad),
        ),
        (
            cosign(&text, 7, &stranger).unwrap(),
            NoteRefused::NoKnownSignature.into(),
        ),
        (
            cosign(&text, 0, &log).unwrap(),
            NoteRefused::NoKnownSignature.into(),
        ),
        (
            cosign(&text, 0, &ed25519).unwrap(),
            AnswerRefused::TimeMissing,
        ),
        (
            cosign(&text, 0, &ml_dsa).unwrap(),
            AnswerRefused::TimeMissing,
        ),
        (String::new(), NoteRefused::NoSignatures.into()),
        (format!("\n{good}"), NoteRefused::NoSignatures.into()),
        (format!("x\n\n{good}"), NoteRefused::NoSignatures.into()),
        (good.trim_end().into(), NoteRefused::NoSignatures.into()),
        (
            "<html>\n".into(),
            AnswerRefused::Cosignature(NoteRefused::SignatureLine { line: 5 }),
        ),
    ];
    for (body, refused) in cases {
        let answer = read_answer(&request, 200, body.as_bytes(), &vkeys);
        assert_eq!(answer, Err(refused), "{body:?}");
    }
}

#[test]
fn w14_reads_each_status_also_those_of_older_servers() {
    let grown = request(1, &tree().proof, 3, tree().three);
    let same = request(2, &[], 2, tree().two);
    let cases: [(&AddCheckpoint, u16, &[u8], AnswerRefused); 15] = [
        (&grown, 404, b"", AnswerRefused::UnknownLog),
        (&grown, 403, b"", AnswerRefused::UnknownLog),
        (&grown, 409, b"2\n", AnswerRefused::OldSize { known: 2 }),
        (&grown, 409, b"0\n", AnswerRefused::OldSize { known: 0 }),
        (
            &grown,
            409,
            b"1\n",
            AnswerRefused::Unavailable { status: 409 },
        ),
        (
            &grown,
            409,
            b"2",
            AnswerRefused::Unavailable { status: 409 },
        ),
        (
            &grown,
            409,
            b"02\n",
            AnswerRefused::Unavailable { status: 409 },
        ),
        (
            &grown,
            409,
            b"\xff\n",
            AnswerRefused::Unavailable { status: 409 },
        ),
        (&same, 409, b"3\n", AnswerRefused::OldSize { known: 3 }),
        (&same, 409, b"root differs\n", AnswerRefused::Inconsistent),
        (&grown, 422, b"", AnswerRefused::Inconsistent),
        (&grown, 429, b"", AnswerRefused::OverBudget),
        (
            &grown,
            413,
            b"",
            AnswerRefused::RequestRefused { status: 413 },
        ),
        (&grown, 301, b"", AnswerRefused::Unavailable { status: 301 }),
        (&grown, 503, b"", AnswerRefused::Unavailable { status: 503 }),
    ];
    for (request, status, body, refused) in cases {
        assert_eq!(
            read_answer(request, status, body, &[]),
            Err(refused),
            "{status} {body:?}"
        );
    }
}
