//! Rows of checks with what stands behind them. Words, names, sentences and hints are those of `evidence::render`.

use evidence::reason::{CheckName, Class};
use evidence::render;
use evidence::verdict::{Check, Field, State, Value, Verdict, Word as VerdictWord};

use super::proof::{self, Proven};
use crate::portal::part::checks::{CheckRow, ProofDrawer, ProofLink, ProofLinkKind};
use crate::portal::part::drawer;
use crate::portal::part::missing::Missing;
use crate::portal::time::Time;
use crate::portal::word::{Mark, Word};
use crate::source::Source;

/// What the drawers of a verdict can link to.
#[derive(Clone, Default)]
pub(super) struct Behind<'a> {
    /// The log and the proof of the update's entry.
    pub(super) logged: Option<(&'a Source, Proven)>,
    /// Address of the bundle.
    pub(super) bundle: Option<String>,
    /// Address of the policy.
    pub(super) policy: Option<String>,
    /// Address of the update's page, for evidence files.
    pub(super) page: String,
}

/// The rows in the order of `vitrine verify`: the worst first.
pub(super) fn rows(verdict: &Verdict, behind: &Behind<'_>) -> Vec<CheckRow> {
    let json = serde_json::from_slice::<serde_json::Value>(&render::to_json(verdict).to_bytes());
    let raw = |check: &Check| {
        let checks = json.as_ref().ok()?.get("checks")?.as_array()?;
        let name = check.check.as_str();
        let own = checks
            .iter()
            .find(|raw| raw.get("check").is_some_and(|known| known == name))?;
        written(own)
    };
    render::rows(verdict)
        .into_iter()
        .map(|check| row(verdict, check, raw(check), behind))
        .collect()
}

/// What a check found in the machine's words: in one line where it fits, and not at all where the row says everything.
fn written(raw: &serde_json::Value) -> Option<String> {
    let members = raw.as_object()?;
    if members
        .keys()
        .all(|name| matches!(name.as_str(), "check" | "state"))
    {
        return None;
    }
    let line = raw.to_string();
    if line.len() <= ONE_LINE {
        Some(line)
    } else {
        serde_json::to_string_pretty(raw).ok()
    }
}

/// Word of the page: what the parties' own signatures prove outweighs the checks.
pub(super) fn word(verdict: &Verdict) -> Word {
    match verdict.word {
        _ if verdict.proves_misbehaviour() => Word::Misbehaviour,
        VerdictWord::Accepted => Word::Accepted,
        VerdictWord::Refused => Word::Refused,
        VerdictWord::Undecided => Word::Undecided,
    }
}

/// What to do, where something is to be done.
pub(super) fn hint(verdict: &Verdict) -> Option<String> {
    let worst = verdict
        .worst()
        .filter(|check| matches!(check.state, State::Wait | State::Fail))?;
    render::hint(worst).map(str::to_owned)
}

/// What the policy asks for and is not there. `since` is when the update became public.
pub(super) fn unmet(verdict: &Verdict, since: Option<Time>) -> Vec<Missing> {
    let rows = render::rows(verdict)
        .into_iter()
        .filter(|check| is_unmet(check));
    rows.map(|check| Missing::Unmet {
        check: check.check.as_str().to_owned(),
        sentence: render::sentence(check),
        // A file that is in no log has no day from which it lacks anything.
        since: since.filter(|_| check.check != CheckName::Logged),
        turn: turn(verdict, check),
        hint: render::hint(check).map(str::to_owned),
    })
    .collect()
}

/// Names of the checks that the policy does not ask for.
pub(super) fn not_asked(verdict: &Verdict) -> Option<Missing> {
    let checks: Vec<String> = verdict
        .not_checked
        .iter()
        .map(|check| check.as_str().to_owned())
        .collect();
    (!checks.is_empty()).then_some(Missing::NotAsked { checks })
}

fn row(verdict: &Verdict, check: &Check, raw: Option<String>, behind: &Behind<'_>) -> CheckRow {
    let name = check.check.as_str();
    let proven = behind
        .logged
        .as_ref()
        .filter(|_| check.check == CheckName::Logged && check.state == State::Ok);
    let (sentence, json) = match proven {
        Some((source, proven)) => {
            let hashes = u64::try_from(proven.path.len()).unwrap_or(u64::MAX);
            let sentence = drawer::proven(proven.index, proven.covering.size, hashes);
            (sentence, Some(proof_json(source, proven)))
        }
        None => (drawer::about(name).to_owned(), raw),
    };
    CheckRow {
        state: mark(check.state),
        name: name.to_owned(),
        sentence: render::sentence(check),
        detail: Some(ProofDrawer {
            sentence,
            hint: render::hint(check).map(str::to_owned),
            json,
            links: links(verdict, check, behind),
        }),
        open: proven.is_some(),
    }
}

fn links(verdict: &Verdict, check: &Check, behind: &Behind<'_>) -> Vec<ProofLink> {
    let link = |kind, href: &Option<String>| href.clone().map(|href| ProofLink { kind, href });
    let logged = behind.logged.as_ref();
    let mut links = Vec::new();
    match check.check {
        CheckName::Policy | CheckName::Denied => {
            links.extend(link(ProofLinkKind::Policy, &behind.policy))
        }
        CheckName::Logged => {
            links.extend(
                logged
                    .into_iter()
                    .flat_map(|(source, proven)| proof::links(source, proven.index, true)),
            );
            links.extend(logged.map(|(source, proven)| {
                let href = crate::portal::link::entry(&source.origin, proven.index);
                ProofLink {
                    kind: ProofLinkKind::Entry,
                    href,
                }
            }));
        }
        CheckName::Witnessed => {
            links.extend(logged.map(|(source, _)| proof::checkpoint_link(source)))
        }
        CheckName::Published | CheckName::Evidence => {
            links.extend(link(ProofLinkKind::Bundle, &behind.bundle));
        }
        _ => {}
    }
    if check.state == State::Fail {
        let files = (0..verdict.misbehaviour.len()).map(|number| ProofLink {
            kind: ProofLinkKind::Evidence,
            href: format!("{}/misbehaviour/{number}", behind.page),
        });
        links.extend(files);
    }
    links
}

fn proof_json(source: &Source, proven: &Proven) -> String {
    let sha256 = |hash: &tlog::hash::Hash| format!("sha256:{hash}");
    let json = serde_json::json!({
        "entry": format!("{}#{}", source.origin, proven.index),
        "leaf": sha256(&proven.leaf),
        "size": proven.covering.size,
        "root": sha256(&proven.root),
        "path": proven.path.iter().map(sha256).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&json).unwrap_or_default()
}

/// Something that the policy asks for and that is not there, whatever the policy makes of it.
fn is_unmet(check: &Check) -> bool {
    let is_missing = check
        .reason
        .is_some_and(|reason| reason.class() == Class::Missing);
    matches!(check.state, State::Wait | State::Fail) || is_missing
}

/// Whose turn it is, where the verdict says it.
fn turn(verdict: &Verdict, check: &Check) -> Option<String> {
    let publisher = || {
        verdict
            .line
            .as_ref()
            .map(|line| line.publisher.as_str().to_owned())
    };
    match (check.check, check.detail.find(Field::Lacking)) {
        (_, Some(Value::Names(names))) if !names.is_empty() => Some(names.join(", ")),
        (CheckName::Published, _) => publisher(),
        _ => None,
    }
}

fn mark(state: State) -> Mark {
    match state {
        State::Ok => Mark::Ok,
        State::Note => Mark::Note,
        State::Wait => Mark::Wait,
        State::Fail => Mark::Fail,
    }
}

/// Characters of raw text that fit beside the label.
const ONE_LINE: usize = 88;
