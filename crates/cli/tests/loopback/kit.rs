//! Keys from fixed seeds, a folder for each test, and the program itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use ed25519_dalek::Signer as _;
use evidence::key::PublicKey;
use p256::ecdsa::SigningKey;
use p256::pkcs8::{EncodePrivateKey, LineEnding};
use tlog::checkpoint::Checkpoint;
use tlog::hash::sha256;
use tlog::key::{Algorithm, KeyName, Vkey};
use tlog::signer::{SignFailed, Signer, cosign, sign_checkpoint};

/// 24 November 2026, 12:00:00 UTC.
pub(crate) const NOW: &str = "2026-11-24T12:00:00Z";
/// An hour before, in seconds: when witnesses cosign.
pub(crate) const COSIGNED: u64 = 1_795_521_600 - 3600;
/// A day before: from when on updates may be installed.
pub(crate) const FROM: &str = "2026-11-23T12:00:00Z";
pub(crate) const ORIGIN: &str = "log.acme.example/v1";

/// A key of a log or a witness.
pub(crate) struct Key {
    vkey: Vkey,
    secret: ed25519_dalek::SigningKey,
}

impl Key {
    pub(crate) fn log() -> Self {
        Self::new(ORIGIN, Algorithm::Ed25519)
    }

    pub(crate) fn witness(name: &str) -> Self {
        Self::new(
            &format!("center-{name}.example/w"),
            Algorithm::Ed25519Cosignature,
        )
    }

    fn new(name: &str, algorithm: Algorithm) -> Self {
        let secret = ed25519_dalek::SigningKey::from_bytes(&sha256(name.as_bytes()).0);
        let public = secret.verifying_key().to_bytes();
        let vkey = Vkey::new(KeyName::new(name).unwrap(), algorithm, &public).unwrap();
        Self { vkey, secret }
    }

    pub(crate) fn text(&self) -> String {
        self.vkey.to_string()
    }
}

impl Signer for Key {
    fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignFailed> {
        Ok(self.secret.sign(message).to_bytes().to_vec())
    }
}

pub(crate) const WITNESSES: [&str; 3] = ["eu", "us", "sg"];

/// A checkpoint signed by the log and by so many witnesses.
pub(crate) fn note(checkpoint: &Checkpoint, witnesses: usize) -> String {
    let mut note = sign_checkpoint(checkpoint, &[&Key::log()]).unwrap();
    for name in WITNESSES.iter().take(witnesses) {
        note.push_str(&cosign(&checkpoint.to_text(), COSIGNED, &Key::witness(name)).unwrap());
    }
    note
}

pub(crate) fn release_key(number: u8) -> SigningKey {
    SigningKey::from_slice(&sha256(&[number]).0).unwrap()
}

/// The witnesses' part of a policy, in C2SP form.
pub(crate) fn witness_text() -> String {
    let mut text = String::new();
    for name in WITNESSES {
        text.push_str(&format!("witness {name} {}\n", Key::witness(name).text()));
    }
    text.push_str("group three 2 eu us sg\nquorum three\n");
    text
}

/// The trust policy of a customer.
pub(crate) fn policy_text(threshold: usize) -> String {
    let keys: Vec<_> = [1, 2]
        .map(|number| {
            format!(
                "\"{}\"",
                PublicKey::of(&release_key(number)).to_policy_text()
            )
        })
        .into();
    format!(
        "policy = 1\nname = \"example-hospital\"\nserial = 7\nexpires = \"2027-11-24T00:00:00Z\"\n\n\
         [[line]]\npublisher = \"acme\"\nproduct = \"acme-shield\"\nkinds = [\"software\"]\n\
         channels = [\"stable\"]\nplatforms = [\"linux-x86_64\"]\n\n\
         [witnesses]\nregions = '''\n{witnesses}'''\n\n\
         [log]\n\"{ORIGIN}\" = {{ keys = [\"{log}\"], witnesses = \"regions\" }}\n\n\
         [publisher.acme]\noperator = \"Acme Security GmbH\"\njurisdiction = \"DE\"\nlog = \"{ORIGIN}\"\n\
         keys = [{keys}]\nthreshold = {threshold}\n\n\
         [require.software]\nwhen = {{ publisher = \"acme\" }}\npublished = true\n",
        witnesses = witness_text(),
        log = Key::log().text(),
        keys = keys.join(", "),
    )
}

/// A folder of its own, with a release file, keys and a policy in it.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for number in [1, 2, 3] {
            let pem = p256::SecretKey::from(release_key(number))
                .to_pkcs8_pem(LineEnding::LF)
                .unwrap();
            place.write(&format!("release-{number}.key"), pem.as_bytes());
            private(&place.path(&format!("release-{number}.key")));
        }
        place.write("app.deb", &file());
        place.write("policy.toml", policy_text(1).as_bytes());
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Runs the program in the folder, with these words as arguments.
    pub(crate) fn run(&self, arguments: &str) -> Ran {
        self.run_in(&[], arguments)
    }

    /// The same, with these variables in its environment.
    pub(crate) fn run_in(&self, environment: &[(&str, &Path)], arguments: &str) -> Ran {
        let mut command = Command::cargo_bin("vitrine").unwrap();
        command
            .current_dir(self.folder.path())
            .args(arguments.split_whitespace());
        for name in ["NO_COLOR", "SSL_CERT_FILE"] {
            command.env_remove(name);
        }
        Ran(command.envs(environment.iter().copied()).output().unwrap())
    }
}

#[cfg(unix)]
fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// A release file, larger than any buffer on its way.
pub(crate) fn file() -> Vec<u8> {
    (0..300_000u32).map(|n| (n % 251) as u8).collect()
}

/// What the program did.
pub(crate) struct Ran(Output);

impl Ran {
    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    /// Checks the exit code and that each text was said, on stdout or stderr.
    #[track_caller]
    pub(crate) fn ends(self, code: i32, said: &[&str]) -> Self {
        let both = format!("{}{}", self.out(), self.err());
        assert_eq!(self.0.status.code(), Some(code), "{both}");
        for text in said {
            assert!(both.contains(text), "{text:?} is missing in:\n{both}");
        }
        self
    }
}
