//! Witness rounds (`tlog.md` §5.2, steps 7 and 8). The log signs one tree at a time and asks for cosignatures; *how* to
//! reach a witness is the caller's, in a function that runs on a thread of its own.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use store::log::Round;
//!
//! /// Asks each witness in a thread of its own and goes on as soon as a quorum has answered.
//! fn ask(round: Arc<Round>) {
//!     for url in ["https://eu.example/witness", "https://us.example/witness"] {
//!         let round = Arc::clone(&round);
//!         std::thread::spawn(move || {
//!             let last_told = 0; // remembered for each witness; after a 409, what it told
//!             let Ok(proof) = round.consistency_proof(last_told) else { return };
//!             let body = (last_told, proof, round.note()); // POST it to `url`
//!             # let _ = (body, url);
//!             let answer = "\u{2014} witness.example/w AAAAAAA=\n";
//!             let _ = round.add(answer);
//!         });
//!     }
//!     round.wait(Duration::from_millis(5));
//! }
//! ```

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tlog::checkpoint::{Checkpoint, LogKeys, LogSigned};
use tlog::hash::Hash;
use tlog::key::Vkey;
use tlog::note::{Note, NoteRefused, SignatureLine};
use tlog::policy::{NotWitnessed, Tally, Witnesses};

use super::read::{ReadError, Reader};

/// Asks the witnesses for one tree. Called again and again from one thread, which it may block; when it returns, the
/// round is over.
pub type AskWitnesses = Box<dyn FnMut(Arc<Round>) + Send>;

/// One signed tree, and the cosignatures that came for it.
pub struct Round {
    checkpoint: Checkpoint,
    note: String,
    trust: Arc<Trust>,
    reader: Reader,
    /// Verified lines by the position of their witness in the policy.
    lines: Mutex<Vec<Option<String>>>,
    changed: Condvar,
}

impl Round {
    /// `note` is what the log signed, as `checkpoint` and with the log's lines only.
    pub(super) fn new(
        checkpoint: Checkpoint,
        note: String,
        trust: Arc<Trust>,
        reader: Reader,
    ) -> Self {
        let lines = vec![None; trust.witnesses.witnesses().len()];
        Self {
            checkpoint,
            note,
            trust,
            reader,
            lines: Mutex::new(lines),
            changed: Condvar::new(),
        }
    }

    /// The signed note to submit: with the log's own lines and no others (W14).
    pub fn note(&self) -> &str {
        &self.note
    }

    /// Size of the signed tree.
    pub fn size(&self) -> u64 {
        self.checkpoint.size()
    }

    /// Whose cosignatures count, and how many must.
    pub fn witnesses(&self) -> &Witnesses {
        &self.trust.witnesses
    }

    /// Consistency proof from what a witness last saw. A 409 (W5) tells another size: prove again from there.
    ///
    /// # Errors
    /// [`ReadError::Range`] if the witness has seen a larger tree than this one.
    pub fn consistency_proof(&self, old: u64) -> Result<Vec<Hash>, ReadError> {
        self.reader.consistency_proof(old, self.size())
    }

    /// Takes the signature lines of an answer and says whether the quorum is met. Each is verified before it counts; lines
    /// of keys that the policy does not list are passed over (W14). An answer that comes after a round ended without a
    /// quorum counts in the next one, if that asks for the same tree.
    ///
    /// # Errors
    /// [`LinesRefused`]; lines before the refused one still count.
    pub fn add(&self, answer: &str) -> Result<bool, LinesRefused> {
        for line in answer.lines() {
            let Some((at, line)) = self.verified(line)? else {
                continue;
            };
            let mut lines = self.lock();
            if let Some(place) = lines.get_mut(at).filter(|place| place.is_none()) {
                *place = Some(line);
            }
        }
        self.changed.notify_all();
        Ok(self.is_met())
    }

    /// Whether the cosignatures so far meet the quorum.
    pub fn is_met(&self) -> bool {
        self.is_met_by(&self.lock())
    }

    /// Waits until the quorum is met, at most for `patience`; says whether it is.
    pub fn wait(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut lines = self.lock();
        while !self.is_met_by(&lines) {
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return false;
            };
            let waited = self.changed.wait_timeout(lines, left);
            (lines, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        true
    }

    /// Counts what has come.
    pub(super) fn count(&self) -> Outcome {
        let lines = self.lock().clone();
        let cosigned = lines.iter().flatten();
        let note: String = std::iter::once(&self.note)
            .chain(cosigned)
            .map(String::as_str)
            .collect();
        // The one judge of what is public: the same check that every reader makes.
        let signed = LogSigned::by_all(note.as_bytes(), &self.trust.keys);
        let checked = signed.map(|signed| self.trust.witnesses.check(signed));
        match checked {
            Ok(Ok(_)) => Outcome::Quorum {
                size: self.size(),
                note,
            },
            Ok(Err(NotWitnessed::Missing(missing))) => Outcome::Missing(missing.tally),
            // Every line was verified when it came; what is left is a note with too many of them.
            Ok(Err(_)) | Err(_) => Outcome::Missing(Tally::default()),
        }
    }

    /// The witness's position and the line with its newline, if the line is of a listed witness.
    fn verified(&self, text: &str) -> Result<Option<(usize, String)>, LinesRefused> {
        let line = SignatureLine::parse(text).ok_or(LinesRefused::Form)?;
        let mut witnesses = self.trust.witnesses.witnesses().iter().zip(0usize..);
        let Some((witness, at)) = witnesses.find(|(witness, _)| line.is_of(&witness.vkey)) else {
            return Ok(None);
        };
        let note = format!("{}\n{line}", self.checkpoint.to_text());
        let time = time_of(&note, &witness.vkey).map_err(LinesRefused::Signature)?;
        // Time 0 says nothing of when: a witness gives it for any subtree (W10).
        if time == 0 {
            return Err(LinesRefused::NoTime);
        }
        Ok(Some((at, line.to_string())))
    }

    fn is_met_by(&self, lines: &[Option<String>]) -> bool {
        let witnesses = self.trust.witnesses.witnesses();
        let cosigned = |name: &_| {
            let mut both = witnesses.iter().zip(lines);
            both.any(|(witness, line)| line.is_some() && &witness.name == name)
        };
        self.trust
            .witnesses
            .met_by(|witness| cosigned(&witness.name))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<String>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why an answer of a witness does not count.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LinesRefused {
    /// Not signature lines.
    #[error("witness did not answer with signature lines")]
    Form,
    /// A cosignature that claims no time.
    #[error("witness's cosignature claims no time")]
    NoTime,
    /// The signature fails.
    #[error("witness's cosignature does not verify")]
    Signature(#[source] NoteRefused),
}

impl LinesRefused {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        "compare the witness's key in the policy with the one that its operator publishes"
    }
}

/// Whose signatures count.
pub(super) struct Trust {
    pub(super) keys: LogKeys,
    pub(super) witnesses: Witnesses,
}

/// How a round ended.
pub(super) enum Outcome {
    Missing(Tally),
    Quorum { size: u64, note: String },
}

fn time_of(note: &str, key: &Vkey) -> Result<u64, NoteRefused> {
    let signed = Note::parse(note.as_bytes())?.open(&[key])?;
    Ok(signed.first().map_or(0, |signed| signed.time))
}
