//! Key files, and signing with them: [signed-note] "Signature types", [tlog-cosignature].
//!
//! A key file is text, one private key a line, in the form that Go's `sumdb/note` introduced and other witnesses read:
//!
//! ```text
//! # comment
//! PRIVATE+KEY+witness.example/eu+1a2b3c4d+BASE64(type, seed)
//! ```
//!
//! The type is `01` or `06` for a log, `04` or `06` for a cosigner; the seed has 32 bytes. Name and id are those of the
//! public vkey, so that a damaged seed is noticed when the file is read. All keys of a file bear one name. The file is
//! created with mode 0600, and one that others could read is refused.
//!
//! [signed-note]: https://c2sp.org/signed-note
//! [tlog-cosignature]: https://c2sp.org/tlog-cosignature

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, ML_DSA_44_SIGNING, PqdsaKeyPair};
use tlog::encoding;
use tlog::key::{Algorithm, KeyName, Vkey};
use tlog::signer::{SignFailed, Signer};

/// The private keys of one log or one cosigner, at least one.
#[derive(Debug)]
pub struct KeyFile {
    keys: Vec<PrivateKey>,
}

impl KeyFile {
    /// New keys named `name`, one of each type that `owner` signs with.
    ///
    /// # Errors
    /// [`KeysRefused::NoRandomness`].
    pub fn generate(name: &KeyName, owner: Owner) -> Result<Self, KeysRefused> {
        let ed25519 = match owner {
            Owner::Cosigner => Algorithm::Ed25519Cosignature,
            Owner::Log => Algorithm::Ed25519,
        };
        let keys = [ed25519, Algorithm::MlDsa44].map(|algorithm| {
            let mut seed = [0; SEED];
            getrandom::fill(&mut seed).map_err(|_| KeysRefused::NoRandomness)?;
            PrivateKey::from_seed(name.clone(), algorithm, seed).ok_or(KeysRefused::SelfTest)
        });
        Ok(Self {
            keys: keys.into_iter().collect::<Result<_, _>>()?,
        })
    }

    /// Reads a key file and tries each key once.
    ///
    /// # Errors
    /// [`KeysRefused`], also for a file that others may read.
    pub fn load(path: &Path) -> Result<Self, KeysRefused> {
        let file = File::open(path)?;
        // The mode of the open file, not of the path: the path could name another file by now.
        let mode = file.metadata()?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeysRefused::LooseMode { mode });
        }
        let text = io::read_to_string(file)?;
        let keys = Self::parse(&text)?;
        for key in &keys.keys {
            key.check()?;
        }
        Ok(keys)
    }

    /// Writes a new key file with mode 0600, durably. An existing file is never overwritten: a lost key cannot be had
    /// again.
    ///
    /// # Errors
    /// [`KeysRefused::Exists`], [`KeysRefused::Io`].
    pub fn save(&self, path: &Path) -> Result<(), KeysRefused> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(self.to_text().as_bytes())?;
        file.sync_all()?;
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(())
    }

    /// The keys, in the order of the file.
    pub fn keys(&self) -> &[PrivateKey] {
        &self.keys
    }

    /// The public halves.
    pub fn vkeys(&self) -> Vec<Vkey> {
        self.keys.iter().map(|key| key.vkey.clone()).collect()
    }

    /// The keys as `tlog` signs with them.
    pub fn signers(&self) -> Vec<&dyn Signer> {
        self.keys.iter().map(|key| key as &dyn Signer).collect()
    }

    /// Whether each key is of a type that `owner` may sign with.
    pub fn is_of(&self, owner: Owner) -> bool {
        let other = match owner {
            Owner::Cosigner => Algorithm::Ed25519,
            Owner::Log => Algorithm::Ed25519Cosignature,
        };
        self.keys.iter().all(|key| key.vkey.algorithm() != other)
    }

    fn parse(text: &str) -> Result<Self, KeysRefused> {
        let mut keys: Vec<PrivateKey> = Vec::new();
        for (line, number) in text.lines().zip(1..) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = PrivateKey::parse(line).ok_or(KeysRefused::Line { line: number })?;
            if keys
                .iter()
                .any(|other| other.vkey.name() != key.vkey.name())
            {
                return Err(KeysRefused::OtherName { line: number });
            }
            if keys.iter().any(|other| other.seed == key.seed) {
                return Err(KeysRefused::Twice { line: number });
            }
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(KeysRefused::Empty);
        }
        Ok(Self { keys })
    }

    /// Private: the only text that holds seeds, and [`KeyFile::save`] the only one that needs it.
    fn to_text(&self) -> String {
        let mut text =
            String::from("# private keys of a log or a cosigner: keep this file to yourself\n");
        for key in &self.keys {
            text.push_str(&key.to_line());
            text.push('\n');
        }
        text
    }
}

/// Whose keys: a log's sign its own tree, a cosigner's what others logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A witness or a mirror: types `04` and `06`.
    Cosigner,
    /// A log: types `01` and `06`.
    Log,
}

/// One private key.
pub struct PrivateKey {
    vkey: Vkey,
    seed: [u8; SEED],
    pair: Pair,
}

impl PrivateKey {
    /// The key of a seed; `None` if the signing library refuses it.
    pub fn from_seed(name: KeyName, algorithm: Algorithm, seed: [u8; SEED]) -> Option<Self> {
        let pair = match algorithm {
            Algorithm::Ed25519 | Algorithm::Ed25519Cosignature => {
                Pair::Ed25519(Ed25519KeyPair::from_seed_unchecked(&seed).ok()?)
            }
            Algorithm::MlDsa44 => {
                Pair::MlDsa44(PqdsaKeyPair::from_seed(&ML_DSA_44_SIGNING, &seed).ok()?)
            }
        };
        let vkey = Vkey::new(name, algorithm, pair.public_key()).ok()?;
        Some(Self { vkey, seed, pair })
    }

    /// Whether this is the public half, under whatever name and type.
    pub(crate) fn is(&self, public_key: &[u8]) -> bool {
        self.vkey.public_key() == public_key
    }

    fn parse(line: &str) -> Option<Self> {
        let rest = line.strip_prefix("PRIVATE+KEY+")?;
        let (name, rest) = rest.split_once('+')?;
        let (id, material) = rest.split_once('+')?;
        let material = encoding::decode(material)?;
        let (kind, seed) = material.split_first()?;
        let algorithm = ALGORITHMS
            .into_iter()
            .find(|algorithm| *algorithm as u8 == *kind)?;
        let key = Self::from_seed(KeyName::new(name)?, algorithm, seed.try_into().ok()?)?;
        (key.vkey.id().to_string() == id).then_some(key)
    }

    /// Inverse of [`PrivateKey::parse`].
    fn to_line(&self) -> String {
        let mut material = vec![self.vkey.algorithm() as u8];
        material.extend_from_slice(&self.seed);
        let (name, id) = (self.vkey.name(), self.vkey.id());
        format!("PRIVATE+KEY+{name}+{id}+{}", encoding::encode(&material))
    }

    /// Signs once and lets `tlog`, which shares no code with the signing library, verify: a broken build or a damaged
    /// key is found now and not by the first log that trusts us.
    fn check(&self) -> Result<(), KeysRefused> {
        let message = b"vitrine-witness key check\n";
        let signature = self.sign(message).map_err(|_| KeysRefused::SelfTest)?;
        if !self.vkey.verifies(message, &signature) {
            return Err(KeysRefused::SelfTest);
        }
        Ok(())
    }
}

impl Signer for PrivateKey {
    fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignFailed> {
        match &self.pair {
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::MlDsa44(pair) => {
                let mut signature = vec![0; ML_DSA_44_SIGNING.signature_len()];
                pair.sign(message, &mut signature).map_err(|_| SignFailed {
                    name: self.vkey.name().as_str().into(),
                })?;
                Ok(signature)
            }
        }
    }
}

/// Without the seed.
impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("PrivateKey")
            .field(&self.vkey)
            .finish()
    }
}

/// Why a key file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysRefused {
    /// No key in the file.
    #[error("key file holds no key")]
    Empty,
    /// The file to create is there.
    #[error("key file exists already")]
    Exists,
    /// The file cannot be read or written.
    #[error("key file cannot be read or written: {0}")]
    Io(io::ErrorKind),
    /// A line is no private key, or its id is not that of its seed.
    #[error("line {line} of the key file is no private key")]
    Line {
        /// 1-based line.
        line: usize,
    },
    /// Others may read the file.
    #[error("key file has mode {mode:04o}, so others may read it")]
    LooseMode {
        /// The permission bits.
        mode: u32,
    },
    /// The system gives no random bytes.
    #[error("system gives no random bytes")]
    NoRandomness,
    /// A key with another name than the first.
    #[error("line {line} of the key file has another name than the first key")]
    OtherName {
        /// 1-based line.
        line: usize,
    },
    /// A fresh signature does not verify.
    #[error("a key's own signature does not verify")]
    SelfTest,
    /// One seed twice.
    #[error("line {line} of the key file repeats a seed")]
    Twice {
        /// 1-based line.
        line: usize,
    },
}

impl KeysRefused {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Empty | Self::Line { .. } => {
                "restore the key file from its backup, or make new keys under a new name"
            }
            Self::Exists => "choose another path, or move the old file away",
            Self::Io(_) => "check the path and its permissions",
            Self::LooseMode { .. } => {
                "run `chmod 600` on it, and make new keys if others may have read it"
            }
            Self::NoRandomness => "try again, or on another machine",
            Self::OtherName { .. } => "give each name a key file of its own",
            Self::SelfTest => "rebuild the program, or restore the key file from its backup",
            Self::Twice { .. } => "make each key anew: two types must not share a seed",
        }
    }
}

impl From<io::Error> for KeysRefused {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AlreadyExists => Self::Exists,
            kind => Self::Io(kind),
        }
    }
}

/// Length of a seed in bytes, for each type.
pub const SEED: usize = 32;

enum Pair {
    Ed25519(Ed25519KeyPair),
    MlDsa44(PqdsaKeyPair),
}

impl Pair {
    fn public_key(&self) -> &[u8] {
        match self {
            Self::Ed25519(pair) => pair.public_key().as_ref(),
            Self::MlDsa44(pair) => pair.public_key().as_ref(),
        }
    }
}

const ALGORITHMS: [Algorithm; 3] = [
    Algorithm::Ed25519,
    Algorithm::Ed25519Cosignature,
    Algorithm::MlDsa44,
];

#[cfg(test)]
mod tests {
    use super::*;

    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn name(text: &str) -> KeyName {
        KeyName::new(text).unwrap()
    }

    fn line(name: &str, algorithm: Algorithm, seed: u8) -> String {
        let name = KeyName::new(name).unwrap();
        PrivateKey::from_seed(name, algorithm, [seed; SEED])
            .unwrap()
            .to_line()
    }

    #[test]
    fn each_kind_of_signature_verifies_with_tlog_and_with_no_other_message() {
        for algorithm in ALGORITHMS {
            let key = PrivateKey::from_seed(name("w"), algorithm, [7; SEED]).unwrap();
            let signature = key.sign(b"message").unwrap();
            assert!(key.vkey().verifies(b"message", &signature));
            assert!(!key.vkey().verifies(b"messagf", &signature));
            assert_eq!(key.check(), Ok(()));
        }
    }

    #[test]
    fn ed25519_key_of_rfc_8032_test_1_has_its_public_key_and_signature() {
        let seed = tlog::hash::Hash::from_hex(
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        );
        let key = PrivateKey::from_seed(name("w"), Algorithm::Ed25519, seed.unwrap().0).unwrap();
        let public = tlog::hash::Hash::from_hex(
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        );
        assert_eq!(key.vkey().public_key(), public.unwrap().0);
        assert_eq!(key.sign(b"").unwrap()[..4], [0xe5, 0x56, 0x43, 0x00]);
    }

    #[test]
    fn save_and_load_are_inverse_and_the_mode_is_0600() {
        let directory = tempfile::tempdir().unwrap();
        for (owner, other) in [(Owner::Cosigner, Owner::Log), (Owner::Log, Owner::Cosigner)] {
            let path = directory.path().join(format!("{owner:?}"));
            let keys = KeyFile::generate(&name("w.example"), owner).unwrap();
            keys.save(&path).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
            let loaded = KeyFile::load(&path).unwrap();
            assert_eq!(loaded.vkeys(), keys.vkeys());
            assert_eq!(loaded.to_text(), keys.to_text());
            assert!(loaded.is_of(owner) && !loaded.is_of(other));
            assert_eq!(keys.save(&path), Err(KeysRefused::Exists));
        }
    }

    #[test]
    fn refuses_a_file_that_group_or_others_may_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        KeyFile::generate(&name("w"), Owner::Cosigner)
            .unwrap()
            .save(&path)
            .unwrap();
        for mode in [0o640, 0o604, 0o660, 0o601] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(
                KeyFile::load(&path).unwrap_err(),
                KeysRefused::LooseMode { mode }
            );
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(KeyFile::load(&path).is_ok());
    }

    #[test]
    fn refuses_every_other_form_with_its_line() {
        let good = line("w", Algorithm::Ed25519Cosignature, 1);
        let cases = [
            (String::new(), KeysRefused::Empty),
            ("# only\n\n".into(), KeysRefused::Empty),
            (
                good.replace("PRIVATE", "private"),
                KeysRefused::Line { line: 1 },
            ),
            (format!("\n{good} "), KeysRefused::Line { line: 2 }),
            (good.replace("+w+", "+v+"), KeysRefused::Line { line: 1 }),
            (good.replace("+BA", "+BB"), KeysRefused::Line { line: 1 }),
            (good.replace("+BA", "+Ag"), KeysRefused::Line { line: 1 }),
            (format!("{good}="), KeysRefused::Line { line: 1 }),
            (good[..good.len() - 6].into(), KeysRefused::Line { line: 1 }),
            (
                format!("{good}\n{}", line("v", Algorithm::MlDsa44, 2)),
                KeysRefused::OtherName { line: 2 },
            ),
            (
                format!("{good}\n{}", line("w", Algorithm::MlDsa44, 1)),
                KeysRefused::Twice { line: 2 },
            ),
        ];
        for (text, refused) in cases {
            assert_eq!(KeyFile::parse(&text).unwrap_err(), refused, "{text:?}");
        }
        let missing = KeyFile::load(Path::new("no such file")).unwrap_err();
        assert_eq!(missing, KeysRefused::Io(io::ErrorKind::NotFound));
    }

    #[test]
    fn debug_shows_no_seed() {
        let key = PrivateKey::from_seed(name("w"), Algorithm::MlDsa44, [0xab; SEED]).unwrap();
        let shown = format!("{key:?}");
        assert!(
            shown.starts_with("PrivateKey(w+") && !shown.contains("171") && !shown.contains("ab, ")
        );
    }
}
