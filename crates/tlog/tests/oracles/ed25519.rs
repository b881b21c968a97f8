//! The edges of Ed25519, where verifiers differ: which rule [`Vkey`] follows.
//!
//! RFC 8032 section 5.1.7 lets a verifier multiply by the cofactor or not. We do not (`[s]B = R + [k]A`), and beyond
//! the RFC we refuse keys and commitments of small order and every second spelling of a point. The vectors are ours,
//! made with independent arithmetic over the message `edge`; the classes are those of C2SP's collection of test
//! vectors. Beside each stands what `signed_note` 0.2.0 says, which calls the plain `verify` of `ed25519-dalek` 2.2.0.

use signed_note::{StandardVerifier, Verifier};
use tlog::encoding;
use tlog::hash::Hash;
use tlog::key::{Algorithm, KeyName, Vkey, VkeyRefused};

struct Edge {
    case: &'static str,
    key: &'static str,
    commitment: &'static str,
    scalar: &'static str,
    ours: bool,
    theirs: bool,
}

const PLAIN: &str = "3ff107138559b783b18ffb49263fafb2c050f3eb5e36cd7d34e920dbd2c643fb";
/// The plain key and a point of order 8.
const MIXED: &str = "d322896eceb426dec23fb5f414909f9805147ca52268adc47406941ef17ad6d9";

const EDGES: [Edge; 10] = [
    Edge {
        case: "signature by the book",
        key: PLAIN,
        commitment: "87d0ecc825b76bb2b57c7bb70b8a05d4f41ef3698018bc09fb5bc76a56a8e60b",
        scalar: "8060eaacf75a90733b7a750201b819074c4cf1546c750b4572a8f9e57d61890a",
        ours: true,
        theirs: true,
    },
    Edge {
        case: "scalar not below the group order",
        key: PLAIN,
        commitment: "87d0ecc825b76bb2b57c7bb70b8a05d4f41ef3698018bc09fb5bc76a56a8e60b",
        scalar: "6d34e00912bea2cb11176da5dfb1f81b4c4cf1546c750b4572a8f9e57d61891a",
        ours: false,
        theirs: false,
    },
    Edge {
        case: "key of mixed order, holds with and without cofactor",
        key: MIXED,
        commitment: "a2800d97c764236512911214438dee368954af3a53b2b27cb4da114624a9d301",
        scalar: "4254a6d12602dcad4ea627594540d8de30400f2f89893c2a2f502aaf68fd6f0a",
        ours: true,
        theirs: true,
    },
    Edge {
        case: "key and commitment of mixed order, holds with and without cofactor",
        key: MIXED,
        commitment: "58f6091fcb18cf1afa8ae5666d5e15a80965e44e0b1e19b0a377d883d86d885d",
        scalar: "fc1983dce73e03b3020eb9bab66355dd9a730f037e081bc4d664ac65db7aa600",
        ours: true,
        theirs: true,
    },
    Edge {
        case: "key of mixed order, holds only with cofactor",
        key: MIXED,
        commitment: "87d0ecc825b76bb2b57c7bb70b8a05d4f41ef3698018bc09fb5bc76a56a8e60b",
        scalar: "19d5c9a98d58c1e3fa492b5d07d145103201f8c654a996f6a3d5eace18ccb408",
        ours: false,
        theirs: false,
    },
    Edge {
        case: "commitment of mixed order, holds only with cofactor",
        key: PLAIN,
        commitment: "fa8a03202ae7bbba2d13e22f377909ec6e4c60105b67708596e3f71ea806c888",
        scalar: "43a082f2f4cca831e4213a522c6760e7a30fa4b4ce04b385039b24df706ff60c",
        ours: false,
        theirs: false,
    },
    Edge {
        case: "commitment of small order: the one edge that RFC 8032 accepts and we refuse",
        key: PLAIN,
        commitment: "0100000000000000000000000000000000000000000000000000000000000000",
        scalar: "eb9a4eee445a2b9287353706ec2c75cdaa26801e606b614204b764e50479f803",
        ours: false,
        theirs: true,
    },
    Edge {
        case: "commitment in a second spelling, hashed as sent",
        key: PLAIN,
        commitment: "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        scalar: "4c689cc7fc0182a71cf1244c81e6949ad84eafe1a7062a532f9fd02e6a1c9a04",
        ours: false,
        theirs: false,
    },
    Edge {
        case: "commitment in a second spelling, hashed in the first",
        key: PLAIN,
        commitment: "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        scalar: "eb9a4eee445a2b9287353706ec2c75cdaa26801e606b614204b764e50479f803",
        ours: false,
        theirs: false,
    },
    Edge {
        case: "commitment with the sign of a zero",
        key: PLAIN,
        commitment: "0100000000000000000000000000000000000000000000000000000000000080",
        scalar: "54dc9baab77298da45537e4362979c79a2500d1997c9dabcc610696c27247c0b",
        ours: false,
        theirs: false,
    },
];

/// All encodings that decode to the eight points of small order, where decoders look neither at the range of y nor
/// at the sign of a zero.
const SMALL_ORDER: [&str; 14] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

fn bytes(hex: &str) -> [u8; 32] {
    Hash::from_hex(hex).unwrap().0
}

fn vkey(public_key: &[u8; 32]) -> Result<Vkey, VkeyRefused> {
    Vkey::new(KeyName::new("a").unwrap(), Algorithm::Ed25519, public_key)
}

fn their_key(public_key: &[u8; 32]) -> Option<StandardVerifier> {
    let material = [&[1], &public_key[..]].concat();
    let id = signed_note::key_id("a", &material);
    StandardVerifier::new(&format!("a+{id:08x}+{}", encoding::encode(&material))).ok()
}

#[test]
fn the_cofactor_is_left_out_and_points_of_small_order_are_refused() {
    for edge in EDGES {
        let key = bytes(edge.key);
        let signature = [bytes(edge.commitment), bytes(edge.scalar)].concat();
        let ours = vkey(&key).unwrap().verifies(b"edge", &signature);
        assert_eq!(ours, edge.ours, "{}", edge.case);
        let theirs = their_key(&key).unwrap().verify(b"edge", &signature);
        assert_eq!(theirs, edge.theirs, "{}", edge.case);
        assert!(!vkey(&key).unwrap().verifies(b"edgf", &signature));
        assert!(!vkey(&key).unwrap().verifies(b"edge", &signature[..63]));
    }
}

#[test]
fn n7_refuses_every_key_of_small_order_which_signed_note_0_2_0_reads() {
    for hex in SMALL_ORDER {
        assert_eq!(vkey(&bytes(hex)), Err(VkeyRefused::NotAKey), "{hex}");
        assert!(their_key(&bytes(hex)).is_some(), "{hex}");
    }
}

/// y = p + n names the point of y = n a second time, where n is on the curve. Nobody knows a secret of such a point;
/// one key has one spelling all the same.
#[test]
fn n7_refuses_every_second_spelling_of_a_key_which_signed_note_0_2_0_reads() {
    let mut read = 0;
    for low in 0xed..=0xff {
        for high in [0x7f, 0xff] {
            let mut key = [0xff; 32];
            (key[0], key[31]) = (low, high);
            assert_eq!(vkey(&key), Err(VkeyRefused::NotAKey), "{low:x} {high:x}");
            read += usize::from(their_key(&key).is_some());
        }
    }
    assert_eq!(read, 24);
}
