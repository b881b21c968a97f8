//! What a machine remembers between two verdicts: `evidence.md` §10.
//!
//! Marks only rise. Without them a mirror can hand out an old bundle for ever; with them an older serial, a smaller log
//! or a second history is seen. The file is RFC 8785 JSON; who reads it back from another form, or finds it damaged,
//! gets [`Memory::Damaged`], never a silent first use.
//!
//! ```
//! use evidence::state::{Marks, Memory};
//!
//! let marks = Marks::default();
//! assert_eq!(Memory::read(&marks.to_bytes()), Memory::Known(marks));
//! assert_eq!(Memory::read(b"{}"), Memory::Damaged);
//! ```

use std::collections::BTreeMap;

use tlog::checkpoint::Checkpoint;
use tlog::hash::Hash;
use tlog::note::Note;

use crate::canonical::Json;
use crate::json::{self, Value};
use crate::limits;
use crate::read::{self, Object};
use crate::refusal::Fault;
use crate::time::Time;

/// What the caller remembers, or why it does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Memory {
    /// There was a file and it cannot be used.
    Damaged,
    /// This is the first run with this file.
    First,
    /// What earlier runs left.
    Known(Marks),
    /// The caller keeps none, on purpose.
    NotKept,
}

impl Memory {
    /// Reads a state file; anything but its one canonical form is damaged.
    pub fn read(bytes: &[u8]) -> Self {
        let parsed = json::parse(bytes).ok().and_then(|value| {
            let marks = Marks::parse(&value).ok()?;
            // Compared whole: a line twice, or lines in another order, would be a second spelling.
            (marks.to_bytes() == bytes).then_some(marks)
        });
        parsed.map_or(Self::Damaged, Self::Known)
    }

    /// The marks, empty where there are none.
    pub fn marks(&self) -> Marks {
        match self {
            Self::Known(marks) => marks.clone(),
            Self::Damaged | Self::First | Self::NotKept => Marks::default(),
        }
    }
}

/// The highest of everything that this machine has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Serial and digest of the policy that judged last.
    pub policy: Option<(u64, Hash)>,
    /// The latest quorum time of a checkpoint.
    pub quorum_time: Option<Time>,
    /// Per origin the note of its highest signed checkpoint: the note, so that it can convict.
    pub logs: BTreeMap<String, String>,
    /// Per line the update that was accepted last.
    pub lines: BTreeMap<Hash, LineMark>,
}

/// The update of a line that was accepted last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineMark {
    /// Its serial.
    pub serial: u64,
    /// Id of the serial's first statement.
    pub statement: Hash,
    /// Digest of the file.
    pub digest: Hash,
}

impl Marks {
    /// Size of the highest checkpoint that is remembered of a log.
    pub fn size_of(&self, origin: &str) -> Option<u64> {
        let note = Note::parse(self.logs.get(origin)?.as_bytes()).ok()?;
        Some(Checkpoint::parse(note.text()).ok()?.size())
    }

    /// The file. Inverse of [`Memory::read`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let policy = self.policy.map(|(serial, sha256)| {
            Json::object([
                ("serial", Json::from(serial)),
                ("sha256", Json::text(sha256)),
            ])
        });
        let logs = self.logs.iter().map(|(origin, note)| {
            Json::object([
                ("checkpoint", Json::text(note)),
                ("origin", Json::text(origin)),
            ])
        });
        let lines = self.lines.iter().map(|(line, mark)| {
            Json::object([
                ("digest", Json::text(mark.digest)),
                ("line", Json::text(line)),
                ("serial", Json::from(mark.serial)),
                ("statement", Json::text(mark.statement)),
            ])
        });
        Json::object_of_some([
            ("format", Some(Json::from(FORMAT))),
            ("lines", Some(Json::list(lines))),
            ("logs", Some(Json::list(logs))),
            ("policy", policy),
            ("quorumTime", self.quorum_time.map(Json::text)),
        ])
        .to_bytes()
    }

    fn parse(value: &Value<'_>) -> Result<Self, Fault> {
        let object = Object::exactly(
            value,
            &["format", "lines", "logs"],
            &["policy", "quorumTime"],
        )?;
        read::integer(object.require("format")?, FORMAT, FORMAT)?;
        let mut marks = Self::default();
        for value in read::list(object.require("lines")?, 0, limits::LINES)? {
            let line = Object::exactly(value, &["digest", "line", "serial", "statement"], &[])?;
            let mark = LineMark {
                serial: read::integer(line.require("serial")?, 1, limits::INTEGER)?,
                statement: read::hash(line.require("statement")?)?,
                digest: read::hash(line.require("digest")?)?,
            };
            marks.lines.insert(read::hash(line.require("line")?)?, mark);
        }
        for value in read::list(object.require("logs")?, 0, limits::LINES)? {
            let log = Object::exactly(value, &["checkpoint", "origin"], &[])?;
            let note = read::string(log.require("checkpoint")?)?.to_owned();
            marks
                .logs
                .insert(read::string(log.require("origin")?)?.to_owned(), note);
        }
        if let Some(value) = object.find("policy") {
            let policy = Object::exactly(value, &["serial", "sha256"], &[])?;
            let serial = read::integer(policy.require("serial")?, 0, limits::INTEGER)?;
            marks.policy = Some((serial, read::hash(policy.require("sha256")?)?));
        }
        marks.quorum_time = object.find("quorumTime").map(read::time).transpose()?;
        Ok(marks)
    }
}

const FORMAT: u64 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn marks() -> Marks {
        let digest = Hash([7; 32]);
        Marks {
            policy: Some((7, digest)),
            quorum_time: Some(Time::from_seconds(1_790_000_000)),
            logs: [("log.example/v1".to_owned(), "note\n".to_owned())].into(),
            lines: [(
                digest,
                LineMark {
                    serial: 42,
                    statement: digest,
                    digest,
                },
            )]
            .into(),
        }
    }

    #[test]
    fn reads_back_what_it_wrote() {
        assert_eq!(Memory::read(&marks().to_bytes()), Memory::Known(marks()));
    }

    #[test]
    fn anything_but_the_one_form_is_damaged_and_never_a_first_use() {
        let good = String::from_utf8(marks().to_bytes()).unwrap();
        let cases = [
            String::new(),
            "{}".into(),
            "[]".into(),
            format!("{good}\n"),
            good.replace("\"format\":1", "\"format\":2"),
            good.replace("\"serial\":42", "\"serial\":0"),
            good.replace("\"serial\":42", "\"serial\":042"),
            good.replace("\"logs\"", "\"log\""),
            good.replace(':', ": "),
            good.replace("0707", "07G7"),
        ];
        for text in cases {
            assert_eq!(Memory::read(text.as_bytes()), Memory::Damaged, "{text}");
        }
        for cut in 0..good.len() {
            assert_eq!(
                Memory::read(&good.as_bytes()[..cut]),
                Memory::Damaged,
                "cut at {cut}"
            );
        }
    }
}
