//! Which logs and witnesses count, and how many: [tlog-policy].
//!
//! A checkpoint is valid when one of the listed logs signed it and its cosignatures meet the quorum. [`Policy`] is the
//! whole text; [`Witnesses`] is the same language without `log` lines, for callers who know the log from elsewhere.
//!
//! ```
//! use tlog::policy::Witnesses;
//!
//! # use tlog::key::{Algorithm, KeyName, Vkey};
//! # let text = |seed| {
//! #     let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes();
//! #     let name = KeyName::new("witness.example/w").unwrap();
//! #     Vkey::new(name, Algorithm::Ed25519Cosignature, &key).unwrap().to_string()
//! # };
//! # let (eu, us, sg) = (text(1), text(2), text(3));
//! let text = format!("# any two\nwitness eu {eu}\nwitness us {us}\nwitness sg {sg}\ngroup three 2 eu us sg\nquorum three\n");
//! let witnesses = Witnesses::parse(text.as_bytes())?;
//! assert_eq!((witnesses.need(), witnesses.tops().len()), (2, 3));
//!
//! // A text without a quorum says nothing about how much is enough.
//! let refusals = Witnesses::parse(b"# nothing\n").unwrap_err();
//! assert_eq!(refusals.to_string(), "line 2, column 1: the text has no quorum line");
//! # Ok::<(), tlog::policy::Refusals>(())
//! ```
//!
//! [tlog-policy]: https://c2sp.org/tlog-policy

mod parse;

use std::fmt;

pub use parse::{MAX_ITEMS, MAX_TEXT, Refusal, Refusals, Violation};

use crate::checkpoint::{Checkpoint, CheckpointRefused, LogKeys, LogKeysRefused};
use crate::checkpoint::{LogSigned, LogSignedRefused};
use crate::cosignature::{self, Cosignature};
use crate::key::{Algorithm, KeyId, Vkey};
use crate::note::{Note, NoteRefused, SignatureLine};

/// Name of a witness or group: opaque bytes, meaningful only inside one policy text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Box<[u8]>);

impl Name {
    /// The bytes as they stand in the text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// For people: bytes that are not UTF-8 are shown as replacement characters.
impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", String::from_utf8_lossy(&self.0))
    }
}

/// A `log` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The log's key, named after its origin.
    pub vkey: Vkey,
    /// Where to reach it; opaque bytes, never needed to verify.
    pub url: Option<Box<[u8]>>,
}

/// A `witness` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The name inside this text.
    pub name: Name,
    /// The cosigner's key, with the name under which it signs.
    pub vkey: Vkey,
    /// Where to reach it; opaque bytes, never needed to verify.
    pub url: Option<Box<[u8]>>,
}

/// A `group` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The name inside this text.
    pub name: Name,
    /// How many members must have witnessed: 1 to their number.
    pub threshold: usize,
    /// Witnesses and groups of earlier lines.
    pub members: Vec<Member>,
}

/// A position in the list of witnesses or of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// In [`Witnesses::groups`].
    Group(usize),
    /// In [`Witnesses::witnesses`].
    Witness(usize),
}

/// A whole policy: logs, witnesses, quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Log>,
    witnesses: Witnesses,
}

impl Policy {
    /// Reads a policy text (Y1–Y6).
    ///
    /// # Errors
    /// [`Refusals`]: everything that is wrong, each with line and column.
    pub fn parse(text: &[u8]) -> Result<Self, Refusals> {
        let (logs, witnesses) = parse::parse(text, parse::Logs::Allowed)?;
        Ok(Self { logs, witnesses })
    }

    /// The logs in the order of the text.
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The witnesses and the quorum.
    pub fn witnesses(&self) -> &Witnesses {
        &self.witnesses
    }

    /// Canonical text; inverse of [`Policy::parse`] up to comments, white space and the order of lines.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for log in &self.logs {
            push_line(
                &mut text,
                &[b"log", log.vkey.to_string().as_bytes()],
                log.url.as_deref(),
            );
        }
        text.extend(self.witnesses.to_bytes());
        text
    }

    /// Whether any listed log signed the checkpoint and the quorum is met (Y7).
    ///
    /// # Errors
    /// [`Invalid`].
    pub fn check(&self, note: &[u8]) -> Result<Witnessed, Invalid> {
        let origin = Note::parse(note)
            .map_err(LogSignedRefused::from)
            .and_then(|note| Ok(Checkpoint::parse(note.text())?))?;
        let origin = origin.origin();
        let keys = self.logs.iter().map(|log| &log.vkey);
        let keys: Vec<Vkey> = keys
            .filter(|key| key.name().as_str() == origin)
            .cloned()
            .collect();
        let keys = LogKeys::new(origin, keys)?;
        Ok(self.witnesses.check(LogSigned::by_any(note, &keys)?)?)
    }
}

/// As text; equal to [`Policy::to_bytes`] where names and URLs are UTF-8.
impl fmt::Display for Policy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&String::from_utf8_lossy(&self.to_bytes()))
    }
}

/// Witnesses, groups and the quorum of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnesses {
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<Member>,
}

impl Witnesses {
    /// Reads a policy text that must not hold `log` lines (Y1–Y6).
    ///
    /// # Errors
    /// [`Refusals`]: everything that is wrong, each with line and column.
    pub fn parse(text: &[u8]) -> Result<Self, Refusals> {
        Ok(parse::parse(text, parse::Logs::Refused)?.1)
    }

    /// The witnesses in the order of the text.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// The groups in the order of the text.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// What must have witnessed; `None` for `quorum none`.
    pub fn quorum(&self) -> Option<Member> {
        self.quorum
    }

    /// The keys of the witnesses.
    pub fn keys(&self) -> impl Iterator<Item = &Vkey> {
        self.witnesses.iter().map(|witness| &witness.vkey)
    }

    /// The members that the quorum counts: those of the quorum's group, or the one witness; empty for `none`. Where
    /// each operator is a group of its own, these are the operators.
    pub fn tops(&self) -> &[Member] {
        match &self.quorum {
            None => &[],
            Some(Member::Group(at)) => self.groups.get(*at).map_or(&[], |group| &group.members),
            Some(witness) => std::slice::from_ref(witness),
        }
    }

    /// How many of [`Witnesses::tops`] must have witnessed.
    pub fn need(&self) -> usize {
        match self.quorum {
            None => 0,
            Some(Member::Group(at)) => self.groups.get(at).map_or(0, |group| group.threshold),
            Some(Member::Witness(_)) => 1,
        }
    }

    /// Name of a member of this text.
    pub fn name(&self, member: Member) -> Option<&Name> {
        match member {
            Member::Group(at) => self.groups.get(at).map(|group| &group.name),
            Member::Witness(at) => self.witnesses.get(at).map(|witness| &witness.name),
        }
    }

    /// Whether cosignatures of exactly the witnesses that `cosigned` names would meet the quorum.
    pub fn met_by(&self, cosigned: impl Fn(&Witness) -> bool) -> bool {
        let times = self
            .witnesses
            .iter()
            .map(|witness| cosigned(witness).then_some(1))
            .collect();
        let times = Times::new(self, times);
        self.quorum.is_none_or(|quorum| times.of(quorum).is_some())
    }

    /// Verifies the cosignatures on a checkpoint and counts them. *Every* line of a listed witness must verify (N5);
    /// lines of others are passed over. A cosignature of time 0 verifies but does not count: it says nothing of when,
    /// and a witness hands one out for any subtree.
    ///
    /// # Errors
    /// [`NotWitnessed`]: a listed witness's line fails, or the quorum is not met.
    pub fn check(&self, signed: LogSigned) -> Result<Witnessed, NotWitnessed> {
        let mut times = vec![None; self.witnesses.len()];
        let note = Note::parse(signed.note().as_bytes()).map_err(NotWitnessed::Note)?;
        for line in note.lines() {
            let mut listed = self.witnesses.iter().zip(&mut times);
            let Some((witness, time)) = listed.find(|(witness, _)| line.is_of(&witness.vkey))
            else {
                continue;
            };
            let claimed = verify(note.text(), &witness.vkey, line).ok_or_else(|| {
                NotWitnessed::BadCosignature {
                    name: line.name.into(),
                    id: line.id,
                }
            })?;
            if claimed > 0 {
                // Of a witness that signed twice the earlier counts, whatever the order of the lines.
                *time = Some(time.map_or(claimed, |earlier: u64| earlier.min(claimed)));
            }
        }

        let cosigned =
            |(witness, time): (&Witness, &Option<u64>)| time.map(|_| witness.name.clone());
        let cosigners = self
            .witnesses
            .iter()
            .zip(&times)
            .filter_map(cosigned)
            .collect();
        let latest = times.iter().copied().flatten().max();
        let times = Times::new(self, times);
        let quorum_time = self.quorum.and_then(|quorum| times.of(quorum));
        let tally = self.tally(&times);
        if self.quorum.is_some() && quorum_time.is_none() {
            return Err(WitnessesMissing { tally, latest }.into());
        }
        Ok(Witnessed {
            signed,
            cosigners,
            tally,
            quorum_time,
            latest,
        })
    }

    /// Canonical text; inverse of [`Witnesses::parse`] up to comments, white space and the order of lines.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for witness in &self.witnesses {
            let vkey = witness.vkey.to_string();
            let items: [&[u8]; 3] = [b"witness", witness.name.as_bytes(), vkey.as_bytes()];
            push_line(&mut text, &items, witness.url.as_deref());
        }
        for group in &self.groups {
            let threshold = match group.threshold {
                1 => "any".to_owned(),
                all if all == group.members.len() => "all".to_owned(),
                some => some.to_string(),
            };
            let mut items: Vec<&[u8]> = vec![b"group", group.name.as_bytes(), threshold.as_bytes()];
            let members = group.members.iter().filter_map(|member| self.name(*member));
            items.extend(members.map(Name::as_bytes));
            push_line(&mut text, &items, None);
        }
        let quorum = self.quorum.and_then(|quorum| self.name(quorum));
        push_line(
            &mut text,
            &[b"quorum", quorum.map_or(b"none", Name::as_bytes)],
            None,
        );
        text
    }

    fn tally(&self, times: &Times) -> Tally {
        let of = |cosigned: bool| {
            let members = self.tops().iter().copied();
            let members = members.filter(|member| times.of(*member).is_some() == cosigned);
            members
                .filter_map(|member| self.name(member).cloned())
                .collect::<Vec<_>>()
        };
        let (met, missing) = (of(true), of(false));
        Tally {
            have: met.len(),
            need: self.need(),
            of: self.tops().len(),
            met,
            missing,
        }
    }
}

/// As text; equal to [`Witnesses::to_bytes`] where names and URLs are UTF-8.
impl fmt::Display for Witnesses {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&String::from_utf8_lossy(&self.to_bytes()))
    }
}

/// How a quorum stands, counted over [`Witnesses::tops`]: "3 of 5 (policy asks for 3): eu-cert, tu-graz".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Members that have witnessed.
    pub have: usize,
    /// Members that must have.
    pub need: usize,
    /// Members in all.
    pub of: usize,
    /// Names of those that have, in the order of the text.
    pub met: Vec<Name>,
    /// Names of those that have not.
    pub missing: Vec<Name>,
}

/// `have of of (policy asks for need): names`.
impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} of {} (policy asks for {})",
            self.have, self.of, self.need
        )?;
        for (index, name) in self.met.iter().enumerate() {
            write!(formatter, "{} {name}", if index == 0 { ":" } else { "," })?;
        }
        Ok(())
    }
}

/// A checkpoint that its log signed and a quorum cosigned. Only [`Witnesses::check`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    signed: LogSigned,
    cosigners: Vec<Name>,
    tally: Tally,
    quorum_time: Option<u64>,
    latest: Option<u64>,
}

impl Witnessed {
    /// What the log signed.
    pub fn signed(&self) -> &LogSigned {
        &self.signed
    }

    /// Origin, size and root.
    pub fn checkpoint(&self) -> &Checkpoint {
        self.signed.checkpoint()
    }

    /// Names of the witnesses whose cosignatures count, in the order of the policy.
    pub fn cosigners(&self) -> &[Name] {
        &self.cosigners
    }

    /// How the quorum stands.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The smallest t such that the cosignatures with time ≤ t meet the quorum, in seconds since the epoch; `None` under
    /// `quorum none`, which needs no cosignature and so knows no time.
    pub fn quorum_time(&self) -> Option<u64> {
        self.quorum_time
    }

    /// The latest time that a counted cosignature carries, in seconds since the epoch. Beyond `now`, a clock is behind.
    pub fn latest_time(&self) -> Option<u64> {
        self.latest
    }
}

/// Too few witnesses cosigned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too few witnesses cosigned: {tally}")]
pub struct WitnessesMissing {
    /// How the quorum stands.
    pub tally: Tally,
    /// The latest time that a counted cosignature carries, in seconds since the epoch. Beyond `now`, a clock is behind.
    pub latest: Option<u64>,
}

impl WitnessesMissing {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        "ask again in a few minutes, or ask the missing witnesses' operators"
    }
}

/// Why a checkpoint is not witnessed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotWitnessed {
    /// A listed witness's line does not verify: the note is damaged or forged, whatever else it carries.
    #[error("cosignature of {name}+{id} does not verify")]
    BadCosignature {
        /// Key name on the line.
        name: Box<str>,
        /// Key id on the line.
        id: KeyId,
    },
    /// The quorum is not met.
    #[error(transparent)]
    Missing(#[from] WitnessesMissing),
    /// The note cannot be read.
    #[error("checkpoint is not a note")]
    Note(#[source] NoteRefused),
}

impl NotWitnessed {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::BadCosignature { .. } => {
                "fetch the checkpoint again; if it fails again, tell the operator of that witness"
            }
            Self::Missing(missing) => missing.hint(),
            Self::Note(cause) => cause.hint(),
        }
    }
}

/// Why a checkpoint is not valid under a [`Policy`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// The policy's keys for this origin are none, or do not fit together.
    #[error("policy has no usable key for the checkpoint's origin")]
    Log(#[from] LogKeysRefused),
    /// No listed log signed it.
    #[error("checkpoint is not signed by a log of the policy")]
    LogSigned(#[from] LogSignedRefused),
    /// The cosignatures are bad or too few.
    #[error("checkpoint is not witnessed as the policy asks")]
    Witnesses(#[from] NotWitnessed),
}

impl Invalid {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Log(_) => "compare the checkpoint's origin with the log lines of the policy",
            Self::LogSigned(cause) => cause.hint(),
            Self::Witnesses(cause) => cause.hint(),
        }
    }
}

impl From<CheckpointRefused> for Invalid {
    fn from(cause: CheckpointRefused) -> Self {
        Self::LogSigned(cause.into())
    }
}

/// When each witness and group had witnessed; `None` for never.
struct Times {
    witnesses: Vec<Option<u64>>,
    groups: Vec<Option<u64>>,
}

impl Times {
    /// A group of threshold k has witnessed at the k-th smallest time of its members. Groups name earlier lines only, so
    /// one pass in order is enough and no depth of nesting costs stack.
    fn new(policy: &Witnesses, witnesses: Vec<Option<u64>>) -> Self {
        let mut times = Self {
            witnesses,
            groups: Vec::with_capacity(policy.groups.len()),
        };
        for group in &policy.groups {
            let mut met: Vec<u64> = group
                .members
                .iter()
                .filter_map(|member| times.of(*member))
                .collect();
            met.sort_unstable();
            times.groups.push(
                group
                    .threshold
                    .checked_sub(1)
                    .and_then(|at| met.get(at).copied()),
            );
        }
        times
    }

    fn of(&self, member: Member) -> Option<u64> {
        match member {
            Member::Group(at) => self.groups.get(at).copied().flatten(),
            Member::Witness(at) => self.witnesses.get(at).copied().flatten(),
        }
    }
}

/// Time claimed by a valid cosignature line of `key` over `text`.
fn verify(text: &str, key: &Vkey, line: &SignatureLine<'_>) -> Option<u64> {
    // A log's own signature type carries no time; the parser lets no such key be a witness.
    if key.algorithm() == Algorithm::Ed25519 {
        return None;
    }
    let cosignature = Cosignature::parse(&line.signature, key.algorithm())?;
    let message = cosignature::message(key, text, cosignature.time)?;
    key.verifies(&message, &cosignature.signature)
        .then_some(cosignature.time)
}

fn push_line(text: &mut Vec<u8>, items: &[&[u8]], url: Option<&[u8]>) {
    for (index, item) in items.iter().copied().chain(url).enumerate() {
        if index > 0 {
            text.push(b' ');
        }
        text.extend_from_slice(item);
    }
    text.push(b'\n');
}

#[cfg(test)]
mod tests;
