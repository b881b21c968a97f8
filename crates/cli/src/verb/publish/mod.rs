//! `vitrine publish`: files become the next update of a line.
//!
//! The order of steps is chosen so that a crash anywhere loses nothing and a second run of the same command finishes the
//! first: hashing and drafting change nothing, uploads resume, signing is deterministic, and the node answers a statement
//! that it has with the entry that it has.

mod check;
mod draft;
mod gather;

use std::thread;
use std::time::Duration;

use evidence::bundle;
use evidence::canonical::Json;
use evidence::envelope::Envelope;
use evidence::key::PublicKey;
use evidence::kind::Update;
use evidence::line::Line;
use evidence::policy::Policy;
use evidence::refusal::Refusal;
use p256::ecdsa::SigningKey;
use tlog::hash::Hash;
use tlog::proof_file::ProofFileRefused;

use self::check::{Proven, Witnessing};
use self::draft::Draft;
use self::gather::Gathered;
use super::log::row;
use crate::cli::{LineOptions, Publish, WaitFor};
use crate::clock;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::file;
use crate::http::Client;
use crate::key_file;
use crate::node::{Node, Uploaded};
use crate::policy_file;
use crate::printer::Printer;

/// Why nothing was published, or why it is not said to be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PublishError {
    /// A file whose name cannot stand in a statement.
    #[error("{path} has no name that can be published")]
    Name {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: evidence::name::NameError,
    },
    /// Two files of one name.
    #[error("two files are named {name}")]
    NameTwice {
        /// The name, without regard to case.
        name: String,
    },
    /// A path that names no file.
    #[error("{path} names no file")]
    NoName {
        /// The path.
        path: String,
    },
    /// The statement breaks a rule before anyone else sees it.
    #[error("these values make no update: {0}")]
    Statement(Refusal),
    /// What the node says is newest on the line is no update of it.
    #[error("the newest statement that the node has for this line is no update of it")]
    OtherNewest,
    /// The node logged something else than what was signed.
    #[error("the node says that it logged another entry than the one that was signed")]
    OtherEntry,
    /// The proof is no proof.
    #[error("the node's proof cannot be read")]
    Proof(#[from] ProofFileRefused),
    /// The proof does not prove.
    #[error("the node's proof does not show that the entry is logged: {why}")]
    NotProven {
        /// Why not, with its causes.
        why: String,
    },
    /// The bundle is not there yet.
    #[error("the update is published, but the node has no bundle with it yet")]
    NoBundle,
}

impl PublishError {
    /// How the program ends.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Name { .. }
            | Self::NameTwice { .. }
            | Self::NoName { .. }
            | Self::Statement(_) => ExitCode::WrongUse,
            Self::NoBundle | Self::OtherNewest => ExitCode::CannotTell,
            Self::OtherEntry | Self::Proof(_) | Self::NotProven { .. } => ExitCode::No,
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Name { source, .. } => source.hint().to_owned(),
            Self::NameTwice { .. } => {
                "rename one of them; the names of an update differ in more than case".to_owned()
            }
            Self::NoName { .. } => "name the files themselves, not a folder".to_owned(),
            Self::Statement(refusal) => refusal.hint().to_owned(),
            Self::NoBundle => {
                "run `vitrine bundle` in a moment; everything else is done".to_owned()
            }
            Self::OtherNewest | Self::OtherEntry | Self::Proof(_) | Self::NotProven { .. } => {
                "keep the node's answer and ask its operator; publishing again changes nothing"
                    .to_owned()
            }
        }
    }
}

pub(super) fn run(arguments: &Publish, printer: &Printer) -> Result<ExitCode, Failure> {
    let now = clock::now();
    let secret = key_file::read_secret(&arguments.key)?;
    if key_file::others_may_read(&arguments.key) {
        let path = arguments.key.display();
        printer.note(&format!(
            "others on this machine can read {path}; `chmod 600` it"
        ));
    }
    let policy = arguments
        .policy
        .as_deref()
        .map(|path| policy_file::read(path, now))
        .transpose()?;

    let gathered = gather::gather(arguments, printer)?;
    let node = Node::new(Client::new(
        arguments.node.clone(),
        arguments.network.patience,
    )?);
    let line = line(&arguments.line);
    let draft = draft::draft(
        arguments,
        &line,
        &gathered,
        draft::newest(&node, &line)?,
        now,
    )?;
    if arguments.dry_run {
        let mut payload = draft.payload;
        payload.push(b'\n');
        printer.bytes(&payload)?;
        return Ok(ExitCode::Yes);
    }
    if draft.repeats_files {
        printer.note(&format!(
            "the update before this one has the same files; this one becomes serial {}",
            draft.update.serial
        ));
    }

    let envelope = Envelope::sign(draft.payload.clone(), &secret);
    let key = PublicKey::of(&secret);
    upload(&node, &gathered, &secret, printer)?;
    // A crash right here leaves blobs that nobody cites; the node sweeps them, a second run finds them.
    let posted = node.post(&envelope, key.id(), arguments.wait == WaitFor::Durable)?;
    // A crash from here on leaves a published update that we did not speak of: a second run gets the same answer.
    let proven = check::check(&envelope, &key, &posted, policy.as_ref())?;

    let answer = Answer {
        arguments,
        draft: &draft,
        envelope: &envelope,
        key: &key,
        proven: &proven,
    };
    if let Some(path) = &arguments.bundle {
        if let Some(bytes) = answer.bundle(&node, &gathered)? {
            file::replace(path, &bytes)?;
        } else {
            printer.note("no bundle was written: there is none before witnesses have cosigned");
        }
    }
    if arguments.json {
        printer.json(&answer.json())?;
    } else {
        printer.answer(&answer.text(policy.as_ref()))?;
    }
    printer.hint(&answer.next(policy.as_ref()));
    Ok(answer.code())
}

fn line(options: &LineOptions) -> Line {
    Line {
        publisher: options.publisher.clone(),
        product: options.product.clone(),
        kind: options.kind,
        channel: options.channel.clone(),
        platform: options.platform.clone(),
    }
}

fn upload(
    node: &Node,
    gathered: &Gathered,
    secret: &SigningKey,
    printer: &Printer,
) -> Result<(), Failure> {
    for blob in gathered.blobs() {
        let name = blob.path.file_name().unwrap_or_default().to_string_lossy();
        let mut progress = printer.progress(format!("uploading {name}"), Some(blob.hashed.size));
        let uploaded = node.upload(&blob.path, blob.hashed, secret, |bytes| progress.add(bytes))?;
        drop(progress);
        if uploaded == Uploaded::Held {
            printer.note(&format!("{name} is on the node already"));
        }
    }
    Ok(())
}

/// What was done, as far as it is proven.
struct Answer<'a> {
    arguments: &'a Publish,
    draft: &'a Draft,
    envelope: &'a Envelope,
    key: &'a PublicKey,
    proven: &'a Proven,
}

impl Answer<'_> {
    fn code(&self) -> ExitCode {
        match (&self.proven.witnessing, self.arguments.wait) {
            (Witnessing::Waiting(..), WaitFor::Witnesses) => ExitCode::CannotTell,
            _ => ExitCode::Yes,
        }
    }

    fn text(&self, policy: Option<&Policy>) -> String {
        let Update {
            line,
            serial,
            version,
            ..
        } = &self.draft.update;
        // "Published" is said of what is proven, here by the node's proof at least.
        let word = match self.proven.witnessing {
            Witnessing::Waiting(_) => "logged",
            _ => "published",
        };
        let again = if self.proven.new { "" } else { ", as before" };
        let mut text = format!(
            "{word}: {} {version} is serial {serial} of {line}{again}\n\n",
            line.product
        );
        let entry = format!("entry {} of {}", self.proven.index, self.proven.origin);
        text.push_str(&row("ok", "logged", &entry));
        text.push('\n');
        text.push_str(&match &self.proven.witnessing {
            Witnessing::Checked(tally) => row("ok", "witnessed", &tally.to_string()),
            Witnessing::Claimed(lines) => row(
                "note",
                "witnessed",
                &format!(
                    "{lines} signatures that were not checked here; --policy FILE checks them"
                ),
            ),
            Witnessing::Waiting(Some((have, need))) => {
                row("wait", "witnessed", &format!("{have} of {need} so far"))
            }
            Witnessing::Waiting(None) => row("wait", "witnessed", "not yet"),
        });
        if let Some((listed, threshold)) = self.release_keys(policy) {
            text.push('\n');
            text.push_str(&match (listed, threshold) {
                (false, _) => row(
                    "wait",
                    "signed",
                    "by a key that the policy does not list for this publisher",
                ),
                (true, 1) => row(
                    "ok",
                    "signed",
                    "by a release key, and the policy asks for one",
                ),
                (true, more) => row(
                    "wait",
                    "signed",
                    &format!("by one release key; the policy asks for {more}"),
                ),
            });
        }
        text.push_str(&format!("\n\n  statement  {}\n", self.envelope.statement()));
        for file in &self.draft.subjects {
            let name = file
                .name
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
            text.push_str(&format!("  file       {} {name}\n", file.sha256));
        }
        text
    }

    /// What it now takes to be accepted.
    fn next(&self, policy: Option<&Policy>) -> String {
        let node = &self.arguments.node;
        match (&self.proven.witnessing, self.release_keys(policy)) {
            (Witnessing::Waiting(..), _) => {
                "customers accept it once a quorum of witnesses has cosigned; run the same command again to see".to_owned()
            }
            (_, Some((false, _))) => "customers accept it once their policy lists this key".to_owned(),
            (_, Some((true, threshold))) if threshold > 1 => {
                "customers accept it once enough release keys have signed; the next holder runs the same command with their own --key".to_owned()
            }
            _ => format!("a customer runs: vitrine verify FILE --node {node} --policy POLICY"),
        }
    }

    /// Whether the policy lists our key for this publisher, and how many keys it asks for.
    fn release_keys(&self, policy: Option<&Policy>) -> Option<(bool, u64)> {
        let publisher = policy?
            .publishers()
            .get(&self.draft.update.line.publisher)?;
        Some((publisher.keys.contains(self.key), publisher.threshold))
    }

    fn json(&self) -> Json {
        let Update {
            line,
            serial,
            version,
            ..
        } = &self.draft.update;
        let [publisher, product, kind, channel, platform] = line.words();
        let words = Json::object([
            ("channel", channel.into()),
            ("kind", kind.into()),
            ("platform", platform.into()),
            ("product", product.into()),
            ("publisher", publisher.into()),
        ]);
        let (witnessed, waiting) = match &self.proven.witnessing {
            Witnessing::Checked(_) | Witnessing::Claimed(_) => (true, None),
            Witnessing::Waiting(waiting) => (false, *waiting),
        };
        let checked = matches!(self.proven.witnessing, Witnessing::Checked(_));
        Json::object_of_some([
            ("checked", Some(checked.into())),
            (
                "files",
                Some(Json::list(
                    self.draft
                        .subjects
                        .iter()
                        .map(|file| Json::from(file.sha256)),
                )),
            ),
            ("have", waiting.map(|(have, _)| have.into())),
            ("index", Some(self.proven.index.into())),
            ("key", Some(Json::text(self.key.id()))),
            ("leaf", Some(self.proven.leaf.into())),
            ("line", Some(words)),
            ("need", waiting.map(|(_, need)| need.into())),
            ("new", Some(self.proven.new.into())),
            ("origin", Some(self.proven.origin.clone().into())),
            ("schema", Some("published-v1".into())),
            ("serial", Some((*serial).into())),
            ("statement", Some(self.envelope.statement().into())),
            ("version", Some(version.to_string().into())),
            ("witnessed", Some(witnessed.into())),
        ])
    }

    /// The evidence: made of what was just proven, or where the log's keys are not known here, what the node serves.
    fn bundle(&self, node: &Node, gathered: &Gathered) -> Result<Option<Vec<u8>>, Failure> {
        if let Some(line) = &self.proven.line {
            return Ok(Some(bundle::write(std::slice::from_ref(line))));
        }
        let Some(digest) = gathered.first() else {
            return Ok(None);
        };
        if matches!(self.proven.witnessing, Witnessing::Waiting(..)) {
            return Ok(None);
        }
        Ok(Some(self.fetch_bundle(node, digest)?))
    }

    fn fetch_bundle(&self, node: &Node, digest: Hash) -> Result<Vec<u8>, Failure> {
        // The node makes bundles from views that follow the log by a moment.
        for _ in 0..BUNDLE_TRIES {
            let bytes = node.bundle(digest)?.unwrap_or_default();
            let ours = |line: &bundle::BundleLine| {
                line.envelope().statement() == self.envelope.statement()
                    && line.entry().key == *self.key
            };
            if bundle::read(&bytes).lines.iter().any(ours) {
                return Ok(bytes);
            }
            thread::sleep(BUNDLE_PAUSE);
        }
        Err(PublishError::NoBundle.into())
    }
}

/// Together five seconds, many times what a view lags.
const BUNDLE_TRIES: u32 = 25;
const BUNDLE_PAUSE: Duration = Duration::from_millis(200);
