//! A node's own address space, `/api/v1/…` and `/bundle/…`, as its client. What comes back is parsed, and nothing of it
//! is believed: digests, leaf hashes and proofs are checked by the callers.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::thread;
use std::time::Duration;

use evidence::envelope::Envelope;
use evidence::json::{self, Node as JsonNode, Value};
use evidence::key::KeyId;
use evidence::limits;
use evidence::upload::parameters;
use p256::ecdsa::SigningKey;
use tlog::hash::{Hash, sha256};

use crate::exit_code::ExitCode;
use crate::file::{FileError, Hashed};
use crate::http::{Answer, Client, FetchCause, FetchError, Upload};

/// A node.
pub(crate) struct Node {
    client: Client,
}

/// The newest update of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Newest {
    /// Its serial.
    pub(crate) serial: u64,
    /// Id of the serial's first statement.
    pub(crate) statement: Hash,
}

/// The node's answer to a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Posted {
    /// Whether the statement came with this very request.
    pub(crate) new: bool,
    /// Origin of the log.
    pub(crate) origin: String,
    /// Index of the entry.
    pub(crate) index: u64,
    /// Leaf hash of the entry, where the node tells one: before a tree covers the entry it may not.
    pub(crate) leaf: Option<Hash>,
    /// The C2SP proof; there once a quorum has cosigned.
    pub(crate) proof: Option<String>,
    /// Witnesses that have cosigned and that must, as the node says, where a quorum was waited for in vain.
    pub(crate) waiting: Option<(u64, u64)>,
}

/// A node did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum NodeError {
    /// It could not be asked.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The file to upload.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its answer is no answer to what was asked.
    #[error("the node at {url} answered {status} with {what}")]
    Malformed {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
        /// What is wrong.
        what: &'static str,
    },
    /// It says no.
    #[error("{0}")]
    Refused(Box<Refused>),
    /// The file changed between hashing and uploading.
    #[error("{path} changed while it was uploaded")]
    Changed {
        /// The file.
        path: String,
    },
    /// The upload gets nowhere.
    #[error("the upload of {path} does not get on")]
    Stuck {
        /// The file.
        path: String,
        /// The last try's failure.
        #[source]
        source: FetchError,
    },
    /// Somebody else uploads the same bytes, and does not finish.
    #[error("the node is busy with another upload of {path}")]
    Busy {
        /// The file.
        path: String,
    },
}

/// A node's refusal in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// HTTP status.
    pub(crate) status: u16,
    /// Rule id or word.
    pub(crate) code: String,
    /// What went wrong.
    message: String,
    /// What to do next.
    hint: String,
    /// JSON pointer into what was sent.
    pointer: Option<String>,
    /// The request id, under which the operator finds more.
    id: Option<String>,
    /// Seconds after which to ask again.
    retry_after: Option<u64>,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "the node refuses ({}): {}",
            self.code, self.message
        )?;
        match self.pointer.as_deref() {
            Some(pointer) if !pointer.is_empty() => write!(formatter, ", at {pointer}"),
            _ => Ok(()),
        }
    }
}

impl NodeError {
    /// How the program ends: the map's table, by what the status says about who must act.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Fetch(cause) => cause.exit_code(),
            Self::File(cause) => cause.exit_code(),
            Self::Refused(refused) => match refused.status {
                401 | 403 => ExitCode::NotPermitted,
                408 | 425 | 429 | 500..=599 => ExitCode::CannotTell,
                _ => ExitCode::No,
            },
            Self::Malformed { .. } | Self::Stuck { .. } | Self::Busy { .. } => ExitCode::CannotTell,
            Self::Changed { .. } => ExitCode::No,
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Fetch(cause) => cause.hint(),
            Self::File(cause) => cause.hint().to_owned(),
            Self::Malformed { .. } => "check that the address is that of a node".to_owned(),
            Self::Refused(refused) => refused.hint(),
            Self::Changed { .. } => {
                "run the command again once nothing writes to the file".to_owned()
            }
            Self::Stuck { .. } | Self::Busy { .. } => {
                "run the command again later; it goes on where it stopped".to_owned()
            }
        }
    }
}

impl Refused {
    fn hint(&self) -> String {
        let mut hint = match self.code.as_str() {
            "D2" | "U1" => {
                "ask the operator of the node to admit this key, then run the command again"
                    .to_owned()
            }
            "disk-full" => {
                "ask the operator of the node for room, then run the command again".to_owned()
            }
            _ if !self.hint.is_empty() => self.hint.clone(),
            _ if self.status >= 500 => "try again later".to_owned(),
            _ => "check that the address is that of a node".to_owned(),
        };
        if let Some(seconds) = self.retry_after {
            hint.push_str(&format!("; ask again in {seconds} s"));
        }
        if let Some(id) = &self.id {
            hint.push_str(&format!(" (request {id})"));
        }
        hint
    }
}

impl Node {
    /// The node behind a client.
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// The node's address, for people.
    pub(crate) fn place(&self) -> String {
        self.client.base().to_string()
    }

    /// The newest update of a line; `None` on an empty line.
    ///
    /// # Errors
    /// [`NodeError`].
    pub(crate) fn newest(&self, line: Hash) -> Result<Option<Newest>, NodeError> {
        let path = format!("api/v1/lines/{line}");
        let answer = self.client.get(&path, SMALL)?;
        if answer.status == 404 {
            return Ok(None);
        }
        let newest = self.json(&path, &answer, |value| {
            let serial = number(value.member("serial")?).filter(|serial| *serial >= 1)?;
            Some(Newest {
                serial,
                statement: hash(value.member("statement")?)?,
            })
        })?;
        Ok(Some(newest))
    }

    /// The body of a statement, checked against its id; `None` if the node has it not.
    ///
    /// # Errors
    /// [`NodeError`].
    pub(crate) fn body(&self, statement: Hash) -> Result<Option<Vec<u8>>, NodeError> {
        let path = blob_path(statement);
        let answer = self.client.get(&path, limits::PAYLOAD)?;
        match answer.status {
            200 if sha256(&answer.body) == statement => Ok(Some(answer.body)),
            200 => Err(self.malformed(&path, &answer, "bytes of another digest")),
            404 => Ok(None),
            _ => Err(self.refused(&path, &answer)),
        }
    }

    /// The bundle about a digest; `None` if the node has nothing about it.
    ///
    /// # Errors
    /// [`NodeError`].
    pub(crate) fn bundle(&self, digest: Hash) -> Result<Option<Vec<u8>>, NodeError> {
        let path = format!("bundle/{digest}.jsonl");
        let answer = self.client.get(&path, limits::BUNDLE)?;
        match answer.status {
            200 => Ok(Some(answer.body)),
            404 => Ok(None),
            _ => Err(self.refused(&path, &answer)),
        }
    }

    /// Posts a signed statement. Posting it again changes nothing.
    ///
    /// # Errors
    /// [`NodeError`].
    pub(crate) fn post(
        &self,
        envelope: &Envelope,
        key: KeyId,
        durable: bool,
    ) -> Result<Posted, NodeError> {
        let wait = if durable { "&wait=durable" } else { "" };
        let path = format!("api/v1/statements?key={key}{wait}");
        let answer = self
            .client
            .post(&path, "application/json", &envelope.to_bytes(), PROOF)?;
        if !matches!(answer.status, 200..=202) {
            return Err(self.refused(&path, &answer));
        }
        let posted = self.json(&path, &answer, |value| {
            // An answer about another statement or key is none to what was asked.
            let same = hash(value.member("statement")?)? == envelope.statement()
                && hash(value.member("key")?)? == key.0;
            let waiting = value
                .member("have")
                .and_then(number)
                .zip(value.member("need").and_then(number));
            same.then_some(Posted {
                new: answer.status != 200,
                origin: value.member("origin")?.text()?.to_owned(),
                index: number(value.member("index")?)?,
                leaf: leaf(value)?,
                proof: value
                    .member("proof")
                    .and_then(|proof| proof.text().map(str::to_owned)),
                waiting,
            })
        })?;
        Ok(posted)
    }

    /// Uploads a file unless the node holds it, from where an earlier upload stopped. A broken connection is taken up
    /// again, as long as each try gets on or few fail in a row; `progress` is told how many bytes are new.
    ///
    /// # Errors
    /// [`NodeError`].
    pub(crate) fn upload(
        &self,
        path: &Path,
        hashed: Hashed,
        secret: &SigningKey,
        mut progress: impl FnMut(u64),
    ) -> Result<Uploaded, NodeError> {
        let address = format!(
            "{}?{}",
            blob_path(hashed.sha256),
            parameters(secret, hashed.sha256)
        );
        let name = || path.display().to_string();
        let Some(mut offset) = self.offset(&address)? else {
            return Ok(Uploaded::Held);
        };
        if offset > hashed.size {
            // Somebody sent more than the file has: the node finds that out at the end, and begins anew.
            offset = 0;
        }
        progress(offset);
        let mut file = File::open(path).map_err(|cause| FileError::read(path, cause))?;
        let (mut failures, mut restarts, mut sent) = (0, 0, 0);
        loop {
            let answer = match self.send(
                &mut file,
                path,
                (&address, hashed),
                offset,
                &mut sent,
                &mut progress,
            ) {
                Ok(answer) => answer,
                Err(NodeError::Fetch(cause)) if may_pass(&cause) => {
                    let before = offset;
                    failures += 1;
                    if failures >= TRIES {
                        return Err(NodeError::Stuck {
                            path: name(),
                            source: cause,
                        });
                    }
                    pause(failures);
                    match self.offset(&address) {
                        Ok(None) => return Ok(Uploaded::New),
                        Ok(Some(now)) => offset = now.min(hashed.size),
                        Err(NodeError::Fetch(_)) => {}
                        Err(error) => return Err(error),
                    }
                    if offset > before {
                        failures = 0;
                    }
                    continue;
                }
                Err(error) => return Err(error),
            };
            match (answer.status, told_offset(&answer)) {
                (200 | 201, _) => return Ok(Uploaded::New),
                // 202: more is wanted. 409: the node is at another place than we thought. Each move costs one of few
                // restarts unless it goes forward, so a node that sends us to and fro is left.
                (202 | 409, Some(at)) if at <= hashed.size => {
                    if at <= offset {
                        restarts += 1;
                    }
                    if restarts >= TRIES {
                        return Err(self.malformed(
                            &address,
                            &answer,
                            "an offset that does not move",
                        ));
                    }
                    offset = at;
                }
                (409, None) => {
                    restarts += 1;
                    if restarts >= TRIES {
                        return Err(NodeError::Busy { path: name() });
                    }
                    pause(restarts);
                }
                (422, _) => return Err(NodeError::Changed { path: name() }),
                _ => return Err(self.refused(&address, &answer)),
            }
        }
    }

    /// Where an upload goes on; `None` if the node holds the whole blob.
    fn offset(&self, address: &str) -> Result<Option<u64>, NodeError> {
        let answer = self.client.head(address)?;
        match answer.status {
            200 => Ok(None),
            404 => Ok(Some(told_offset(&answer).unwrap_or(0))),
            // Somebody else is uploading these bytes now.
            409 => Ok(Some(0)),
            _ => Err(self.refused(address, &answer)),
        }
    }

    fn send(
        &self,
        file: &mut File,
        path: &Path,
        (address, hashed): (&str, Hashed),
        offset: u64,
        sent: &mut u64,
        progress: &mut impl FnMut(u64),
    ) -> Result<Answer, NodeError> {
        file.seek(SeekFrom::Start(offset))
            .map_err(|cause| FileError::read(path, cause))?;
        let length = hashed.size.saturating_sub(offset);
        let headers = [
            ("Upload-Offset", offset.to_string()),
            ("Upload-Length", hashed.size.to_string()),
        ];
        let mut body = Watched {
            from: file.take(length),
            at: offset,
            sent,
            progress,
            left: length,
        };
        let upload = Upload {
            from: &mut body,
            length,
        };
        let answer = self.client.put(address, &headers, upload, SMALL);
        match answer {
            // A file that became shorter cannot fill the length that was promised.
            Err(_)
                if body.left > 0
                    && body
                        .from
                        .get_ref()
                        .metadata()
                        .is_ok_and(|now| now.len() < hashed.size) =>
            {
                Err(NodeError::Changed {
                    path: path.display().to_string(),
                })
            }
            answer => Ok(answer?),
        }
    }

    fn json<T>(
        &self,
        path: &str,
        answer: &Answer,
        read: impl FnOnce(&Value<'_>) -> Option<T>,
    ) -> Result<T, NodeError> {
        if !matches!(answer.status, 200..=299) {
            return Err(self.refused(path, answer));
        }
        let value = json::parse(&answer.body)
            .map_err(|_| self.malformed(path, answer, "something that is not JSON"))?;
        read(&value)
            .ok_or_else(|| self.malformed(path, answer, "members that do not fit what was asked"))
    }

    fn malformed(&self, path: &str, answer: &Answer, what: &'static str) -> NodeError {
        NodeError::Malformed {
            url: self.client.base().join(path),
            status: answer.status,
            what,
        }
    }

    fn refused(&self, path: &str, answer: &Answer) -> NodeError {
        let parsed = json::parse(&answer.body).ok();
        let error = parsed.as_ref().and_then(|value| value.member("error"));
        let text = |name| {
            error
                .and_then(|error| error.member(name))
                .and_then(Value::text)
                .map(printable)
        };
        let Some(message) = text("message") else {
            // A proxy or another server in between speaks HTML; its status is all that we repeat.
            return self.malformed(path, answer, "no reason");
        };
        NodeError::Refused(Box::new(Refused {
            status: answer.status,
            code: text("code").unwrap_or_else(|| answer.status.to_string()),
            message,
            hint: text("hint").unwrap_or_default(),
            pointer: text("pointer"),
            id: text("id"),
            retry_after: answer
                .header("retry-after")
                .and_then(|seconds| seconds.parse().ok()),
        }))
    }
}

/// What an upload came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Uploaded {
    /// The node had the bytes already.
    Held,
    /// It has them now.
    New,
}

/// Counts what is read from a file for the first time; bytes that are sent again are no progress.
struct Watched<'f, P> {
    from: io::Take<&'f mut File>,
    at: u64,
    sent: &'f mut u64,
    progress: &'f mut P,
    left: u64,
}

impl<P: FnMut(u64)> Read for Watched<'_, P> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        let bytes = u64::try_from(count).unwrap_or(u64::MAX);
        self.at = self.at.saturating_add(bytes);
        self.left = self.left.saturating_sub(bytes);
        if self.at > *self.sent {
            (self.progress)((self.at - *self.sent).min(bytes));
            *self.sent = self.at;
        }
        Ok(count)
    }
}

fn blob_path(digest: Hash) -> String {
    format!("api/v1/blobs/sha256/{digest}")
}

fn told_offset(answer: &Answer) -> Option<u64> {
    answer.header("upload-offset")?.parse().ok()
}

/// Whether trying again may help.
fn may_pass(error: &FetchError) -> bool {
    matches!(
        error.cause,
        FetchCause::CutOff
            | FetchCause::NoAnswer { .. }
            | FetchCause::TooSlow { .. }
            | FetchCause::Unreachable(_)
    )
}

/// Waits longer with each failure in a row: 0.2, 0.4, 0.8, 1.6 s.
fn pause(failures: u32) {
    thread::sleep(Duration::from_millis(100) * 2u32.saturating_pow(failures.min(6)));
}

fn hash(value: &Value<'_>) -> Option<Hash> {
    value.text().and_then(Hash::from_hex)
}

/// The leaf hash: told, or left open by leaving it out or empty. Anything else is no answer.
fn leaf(answer: &Value<'_>) -> Option<Option<Hash>> {
    match answer.member("leaf").map(Value::text) {
        None | Some(Some("")) => Some(None),
        Some(text) => Hash::from_hex(text?).map(Some),
    }
}

fn number(value: &Value<'_>) -> Option<u64> {
    match value.node {
        JsonNode::Integer(number) => u64::try_from(number).ok(),
        _ => None,
    }
}

/// A server's words go to a terminal: no control characters, which could rewrite what stands there, and no flood.
fn printable(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control())
        .take(500)
        .collect()
}

/// Failures in a row after which an upload is given up.
const TRIES: u32 = 5;

/// Our small JSON answers and errors have a few hundred bytes.
const SMALL: usize = 64 * 1024;

/// A proof is 63 hashes and a checkpoint, which JSON's escapes may double.
const PROOF: usize = 2 * limits::CHECKPOINT + SMALL;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_words_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\r\nc\u{9b}"), "a[2Jbc");
        assert_eq!(printable(&"x".repeat(1000)).len(), 500);
    }

    #[test]
    fn status_decides_the_exit_code() {
        for (status, code) in [
            (400, ExitCode::No),
            (403, ExitCode::NotPermitted),
            (409, ExitCode::No),
            (413, ExitCode::No),
            (422, ExitCode::No),
            (429, ExitCode::CannotTell),
            (503, ExitCode::CannotTell),
            (507, ExitCode::CannotTell),
        ] {
            let refused = Refused {
                status,
                code: "S6".into(),
                message: "the bytes differ".into(),
                hint: "serialize".into(),
                pointer: Some("/predicate".into()),
                id: Some("7".into()),
                retry_after: Some(3),
            };
            let error = NodeError::Refused(Box::new(refused));
            assert_eq!(error.exit_code(), code, "{status}");
            assert_eq!(
                error.to_string(),
                "the node refuses (S6): the bytes differ, at /predicate"
            );
            assert_eq!(error.hint(), "serialize; ask again in 3 s (request 7)");
        }
    }
}
