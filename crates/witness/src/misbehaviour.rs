//! Requests that may show that a log signed two histories ([tlog-witness]: the witness may log them; W13).
//!
//! A text file, one entry a checkpoint: a line, the request as the log could have sent it, and the checkpoint that was
//! cosigned before. A stranger checks both with the log's vkey alone.
//!
//! ```text
//! kept proven 1700000000 SHA256-OF-THE-CHECKPOINT-TEXT 412 385
//! old 2
//! …412 bytes of request, then 385 bytes of cosigned checkpoint
//! ```
//!
//! `proven`: the two checkpoints have one size and two roots. `possible`: the proof did not verify, which may also be
//! the work of whoever sent the request. Anyone can send a wrong proof for a checkpoint that a log did sign; so an entry
//! is kept once a checkpoint, the file is bounded, and possible entries leave half of it to proven ones.
//!
//! [tlog-witness]: https://c2sp.org/tlog-witness

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tlog::hash::{Hash, sha256};

use crate::writer::Suspect;

/// The open file.
pub(crate) struct Misbehaviour(Mutex<Kept>);

struct Kept {
    file: File,
    length: u64,
    /// Texts kept already, with whether they are proven.
    seen: HashSet<(Hash, bool)>,
}

impl Misbehaviour {
    /// Opens the file in `directory`; what a crash left unfinished at its end is cut off.
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        let path = directory.join(FILE);
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).mode(0o600).open(&path)?;
        let bytes = fs::read(&path)?;
        let mut seen = HashSet::new();
        let mut rest = bytes.as_slice();
        while let Some((entry, behind)) = read_entry(rest) {
            seen.insert(entry);
            rest = behind;
        }
        let length = (bytes.len() - rest.len()) as u64;
        file.set_len(length)?;
        File::open(directory)?.sync_all()?;
        Ok(Self(Mutex::new(Kept { file, length, seen })))
    }

    /// Keeps an entry, durably; `false` if it is there already or the file is full.
    pub(crate) fn keep(&self, suspect: &Suspect, time: u64) -> io::Result<bool> {
        let text = suspect.request.checkpoint().to_text();
        let key = (sha256(text.as_bytes()), suspect.proven);
        let entry = write_entry(suspect, time, key.0);
        let limit = if suspect.proven {
            MAX_FILE
        } else {
            MAX_FILE / 2
        };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.seen.contains(&key) || kept.length + entry.len() as u64 > limit {
            return Ok(false);
        }
        // A crash before the sync loses the entry or leaves a part, cut off at the next start. The request was refused
        // in any case.
        let written = kept
            .file
            .write_all(&entry)
            .and_then(|()| kept.file.sync_data());
        if let Err(error) = written {
            kept.file.set_len(kept.length)?;
            return Err(error);
        }
        kept.length += entry.len() as u64;
        kept.seen.insert(key);
        Ok(true)
    }
}

fn write_entry(suspect: &Suspect, time: u64, text: Hash) -> Vec<u8> {
    let kind = if suspect.proven { "proven" } else { "possible" };
    let request = suspect.request.to_bytes();
    let cosigned = suspect.cosigned.as_ref().map_or("", |record| record.note());
    let (first, second) = (request.len(), cosigned.len());
    let mut entry = format!("kept {kind} {time} {text} {first} {second}\n").into_bytes();
    entry.extend_from_slice(&request);
    entry.extend_from_slice(cosigned.as_bytes());
    entry
}

/// Key of the entry at the beginning of `bytes`, and what follows it; `None` unless it is whole.
fn read_entry(bytes: &[u8]) -> Option<((Hash, bool), &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at(end);
    let mut words = std::str::from_utf8(line)
        .ok()?
        .strip_prefix("kept ")?
        .split(' ');
    let proven = words.next()? == "proven";
    let text = Hash::from_hex(words.nth(1)?)?;
    let length: usize = words.next()?.parse().ok()?;
    let length = length.checked_add(words.next()?.parse().ok()?)?;
    let (_, behind) = rest.get(1..)?.split_at_checked(length)?;
    Some(((text, proven), behind))
}

const FILE: &str = "misbehaviour.txt";

/// 2,000 entries of two checkpoints with both signature kinds each.
const MAX_FILE: u64 = 16 * 1024 * 1024;
