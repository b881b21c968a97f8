//! Signed notes: [signed-note].
//!
//! ```
//! use tlog::note::Note;
//!
//! let note = "This is an example message.\n\n\u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n".as_bytes();
//! let vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k".parse().unwrap();
//! let note = Note::parse(note)?;
//! let signatures = note.open(&[&vkey])?;
//! assert_eq!(signatures.len(), 1);
//! assert_eq!(note.text(), "This is an example message.\n");
//! # Ok::<(), tlog::note::NoteRefused>(())
//! ```
//!
//! [signed-note]: https://c2sp.org/signed-note

use std::fmt;

use crate::cosignature::{self, Cosignature};
use crate::encoding;
use crate::key::{Algorithm, KeyId, Vkey};

/// A note whose form is right; nothing is verified yet. Borrows from the bytes it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note<'a> {
    text: &'a str,
    lines: Vec<SignatureLine<'a>>,
}

impl<'a> Note<'a> {
    /// Reads a note (N1–N3, N6).
    ///
    /// # Errors
    /// [`NoteRefused`] with the 1-based line number of what is wrong.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, NoteRefused> {
        if bytes.len() > MAX_NOTE {
            return Err(NoteRefused::TooLong);
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| NoteRefused::NotUtf8)?;
        let is_control = |byte: u8| byte < 0x20 && byte != b'\n';
        // Every byte is looked at without a way out, which is many at once; where one is wrong matters only then.
        if whole
            .bytes()
            .fold(false, |any, byte| any | is_control(byte))
        {
            let at = whole.bytes().position(is_control).unwrap_or_default();
            return Err(NoteRefused::ControlCharacter {
                line: line_of(whole, at),
            });
        }
        // The text may itself hold empty lines, so the *last* one separates; the first would let a text forge signatures.
        let split = last_empty_line(whole).ok_or(NoteRefused::NoSignatures)?;
        let (text, rest) = whole.split_at(split + 1);
        let signatures = rest.strip_prefix('\n').unwrap_or_default();
        let body = signatures
            .strip_suffix('\n')
            .ok_or(NoteRefused::NoSignatures)?;
        let first = line_of(whole, split) + 2;
        let mut lines = Vec::new();
        for (offset, line) in body.split('\n').enumerate() {
            if offset >= MAX_SIGNATURES {
                return Err(NoteRefused::TooManySignatures);
            }
            let line = SignatureLine::parse(line).ok_or(NoteRefused::SignatureLine {
                line: first + offset,
            })?;
            lines.push(line);
        }
        Ok(Self { text, lines })
    }

    /// The signed text, with its last newline, without the blank line.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The signature lines in their order, verified or not.
    pub fn lines(&self) -> &[SignatureLine<'a>] {
        &self.lines
    }

    /// Verifies the signatures of `keys` (N5): unknown (name, id) pairs are passed over, each known pair must verify.
    /// A key that signed twice is reported once.
    ///
    /// # Errors
    /// [`NoteRefused::BadSignature`] when a known key's line fails; [`NoteRefused::NoKnownSignature`] when no key of
    /// `keys` signed.
    pub fn open<'k>(&self, keys: &[&'k Vkey]) -> Result<Vec<Signed<'k>>, NoteRefused> {
        let mut signed: Vec<Signed<'k>> = Vec::new();
        for line in &self.lines {
            let Some(key) = keys.iter().find(|key| line.is_of(key)) else {
                continue;
            };
            let time = verify(self.text, key, &line.signature).ok_or_else(|| {
                NoteRefused::BadSignature {
                    name: line.name.into(),
                    id: line.id,
                }
            })?;
            // An operator repeats a line to look like two; the first stands.
            if !signed.iter().any(|other| other.key == *key) {
                signed.push(Signed { key, time });
            }
        }
        if signed.is_empty() {
            return Err(NoteRefused::NoKnownSignature);
        }
        Ok(signed)
    }

    /// The note's bytes with only the lines that `keep` wants, or `None` if none is left.
    pub fn with_lines(&self, mut keep: impl FnMut(&SignatureLine<'a>) -> bool) -> Option<String> {
        let mut note = format!("{}\n", self.text);
        let mut kept = false;
        for line in self.lines.iter().filter(|line| keep(line)) {
            kept = true;
            note.push_str(&line.to_string());
        }
        kept.then_some(note)
    }
}

/// One signature line: em dash, key name, base64 of key id and signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine<'a> {
    /// Key name as written; its form is checked.
    pub name: &'a str,
    /// Key id as written.
    pub id: KeyId,
    /// What follows the key id; its meaning is the key's.
    pub signature: Vec<u8>,
}

impl<'a> SignatureLine<'a> {
    /// Reads one line without its newline; `None` if the form is wrong.
    pub fn parse(line: &'a str) -> Option<Self> {
        let (name, signature) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        crate::key::KeyName::new(name)?;
        let bytes = encoding::decode(signature)?;
        let (id, signature) = bytes.split_first_chunk::<4>()?;
        if signature.is_empty() {
            return None;
        }
        Some(Self {
            name,
            id: KeyId(*id),
            signature: signature.to_vec(),
        })
    }

    /// Whether both name and id are those of `key`.
    pub fn is_of(&self, key: &Vkey) -> bool {
        self.id == key.id() && self.name == key.name().as_str()
    }
}

/// With its newline. Inverse of [`SignatureLine::parse`].
impl fmt::Display for SignatureLine<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.id.0.to_vec();
        bytes.extend_from_slice(&self.signature);
        writeln!(
            formatter,
            "\u{2014} {} {}",
            self.name,
            encoding::encode(&bytes)
        )
    }
}

/// A verified signature of a known key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed<'k> {
    /// The key that signed.
    pub key: &'k Vkey,
    /// Seconds since the epoch that the signer claims; 0 for types without a time, and where no time is claimed.
    pub time: u64,
}

/// Where the last two newlines in a row begin. Newline by newline: lines are long.
fn last_empty_line(whole: &str) -> Option<usize> {
    let mut end = whole.rfind('\n')?;
    loop {
        let before = whole.get(..end)?.rfind('\n')?;
        if before + 1 == end {
            return Some(before);
        }
        end = before;
    }
}

/// Why bytes are no note, or no note that a known key signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteRefused {
    /// A known key's line does not verify.
    #[error("signature of {name}+{id} does not verify")]
    BadSignature {
        /// Key name on the line.
        name: Box<str>,
        /// Key id on the line.
        id: KeyId,
    },
    /// A control character other than newline.
    #[error("control character in line {line}")]
    ControlCharacter {
        /// 1-based line.
        line: usize,
    },
    /// No key of ours signed.
    #[error("no known key signed the note")]
    NoKnownSignature,
    /// No blank line followed by signature lines and a last newline.
    #[error("note has no signature lines behind a blank line, or no last newline")]
    NoSignatures,
    /// Not UTF-8.
    #[error("note is not UTF-8")]
    NotUtf8,
    /// A signature line without dash, name or strict base64.
    #[error("line {line} is no signature line")]
    SignatureLine {
        /// 1-based line.
        line: usize,
    },
    /// Over the size limit.
    #[error("note is longer than {MAX_NOTE} bytes")]
    TooLong,
    /// Over the limit of lines.
    #[error("note has more than {MAX_SIGNATURES} signature lines")]
    TooManySignatures,
}

impl NoteRefused {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::BadSignature { .. } => {
                "fetch the note again; if it fails again, tell the operator of that key"
            }
            Self::NoKnownSignature => "compare the note's key names with those of your policy",
            _ => "fetch the note again from its origin",
        }
    }
}

/// Time claimed by a valid signature of `key` over `text`.
fn verify(text: &str, key: &Vkey, signature: &[u8]) -> Option<u64> {
    match key.algorithm() {
        Algorithm::Ed25519 => key.verifies(text.as_bytes(), signature).then_some(0),
        Algorithm::Ed25519Cosignature | Algorithm::MlDsa44 => {
            let cosignature = Cosignature::parse(signature, key.algorithm())?;
            let message = cosignature::message(key, text, cosignature.time)?;
            key.verifies(&message, &cosignature.signature)
                .then_some(cosignature.time)
        }
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// signed-note asks for at least 16. A log (2 lines) and 31 operators (2 lines each) still fit in 64.
pub const MAX_SIGNATURES: usize = 64;

/// 64 lines of ML-DSA-44 (2,432 bytes, 3,244 in base64, plus a name) are about 210 kB; rounded up.
pub const MAX_NOTE: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const VECTOR: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const SIGNATURE: &str = "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=";

    fn published() -> String {
        format!("This is an example message.\n\n\u{2014} example.com/foo {SIGNATURE}\n")
    }

    #[test]
    fn n8_opens_the_published_vector() {
        let vkey: Vkey = VECTOR.parse().unwrap();
        let bytes = published();
        let note = Note::parse(bytes.as_bytes()).unwrap();
        assert_eq!(
            note.open(&[&vkey]).unwrap(),
            [Signed {
                key: &vkey,
                time: 0
            }]
        );
        assert_eq!(note.with_lines(|_| true).unwrap(), bytes);
    }

    #[test]
    fn n1_n2_refuses_every_other_form() {
        let good = published();
        let cases: &[(String, NoteRefused)] = &[
            (String::new(), NoteRefused::NoSignatures),
            ("text\n".into(), NoteRefused::NoSignatures),
            ("text\n\n".into(), NoteRefused::NoSignatures),
            (good.trim_end().into(), NoteRefused::NoSignatures),
            (
                good.replace("example m", "example\rm"),
                NoteRefused::ControlCharacter { line: 1 },
            ),
            (
                good.replace("example m", "example\0m"),
                NoteRefused::ControlCharacter { line: 1 },
            ),
            (
                good.replace('\u{2014}', "-"),
                NoteRefused::SignatureLine { line: 3 },
            ),
            (
                good.replace("\u{2014} ", "\u{2014}"),
                NoteRefused::SignatureLine { line: 3 },
            ),
            (
                good.replace("foo ", "foo  "),
                NoteRefused::SignatureLine { line: 3 },
            ),
            (
                good.replace("foo U", "foo\u{3000}U"),
                NoteRefused::SignatureLine { line: 3 },
            ),
            (
                good.replace("aQM=", "aQN="),
                NoteRefused::SignatureLine { line: 3 },
            ),
            (
                good.replace(SIGNATURE, "AAAAAA=="),
                NoteRefused::SignatureLine { line: 3 },
            ),
            (format!("{good}\n"), NoteRefused::NoSignatures),
            (format!("{good}x\n"), NoteRefused::SignatureLine { line: 4 }),
        ];
        for (bytes, refused) in cases {
            assert_eq!(
                Note::parse(bytes.as_bytes()).as_ref(),
                Err(refused),
                "{bytes:?}"
            );
        }
        assert_eq!(Note::parse(b"\xff\n\n"), Err(NoteRefused::NotUtf8));
    }

    #[test]
    fn n1_splits_at_the_last_empty_line() {
        let bytes = "a\n\nb\n\n\u{2014} x AAAAAAA=\n";
        assert_eq!(Note::parse(bytes.as_bytes()).unwrap().text(), "a\n\nb\n");
    }

    #[test]
    fn n5_ignores_a_line_of_which_only_name_or_only_id_is_known() {
        let vkey: Vkey = VECTOR.parse().unwrap();
        for bytes in [
            published().replace("example.com/foo", "example.com/bar"),
            published().replace("Uw2QOk", "Vw2QOk"),
        ] {
            let note = Note::parse(bytes.as_bytes()).unwrap();
            assert_eq!(note.open(&[&vkey]), Err(NoteRefused::NoKnownSignature));
        }
    }

    #[test]
    fn n5_one_failing_line_of_a_known_key_refuses_the_note() {
        let vkey: Vkey = VECTOR.parse().unwrap();
        let bad = SIGNATURE.replace("Oknn", "Oknm").replace("srV1", "srV2");
        let bytes = format!("{}\u{2014} example.com/foo {bad}\n", published());
        let note = Note::parse(bytes.as_bytes()).unwrap();
        assert!(matches!(
            note.open(&[&vkey]),
            Err(NoteRefused::BadSignature { .. })
        ));
    }

    #[test]
    fn n6_accepts_sixteen_lines_and_refuses_sixty_five() {
        let line = "\u{2014} x AAAAAAA=\n";
        assert!(Note::parse(format!("t\n\n{}", line.repeat(64)).as_bytes()).is_ok());
        let bytes = format!("t\n\n{}", line.repeat(65));
        assert_eq!(
            Note::parse(bytes.as_bytes()),
            Err(NoteRefused::TooManySignatures)
        );
        assert_eq!(
            Note::parse(&vec![b'a'; MAX_NOTE + 1]),
            Err(NoteRefused::TooLong)
        );
    }

    #[test]
    fn a3_refuses_every_flipped_byte_of_text_and_signature() {
        let vkey: Vkey = VECTOR.parse().unwrap();
        let good = published().into_bytes();
        for at in 0..good.len() {
            for flip in [1, 0x20, 0x80, 0xff] {
                let mut bytes = good.clone();
                bytes[at] ^= flip;
                let opened = Note::parse(&bytes).and_then(|note| note.open(&[&vkey]).map(|_| ()));
                assert!(opened.is_err(), "byte {at} ^ {flip}");
            }
        }
    }
}
