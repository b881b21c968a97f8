//! `/verify`: a digest leads to its update; one that no log seen here holds is undecided.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use evidence::policy::Denied;
use evidence::render;
use tlog::hash::Hash;

use super::answer::{Drawn, Instead, Made};
use super::asked::Asked;
use super::checks::{self, Behind};
use super::find;
use super::frame::{frame, log_seen};
use crate::judge::judge;
use crate::node::{Node, Shared};
use crate::portal::frame::LogSeen;
use crate::portal::link;
use crate::portal::part::digest::short;
use crate::portal::unknown::{self, UnknownView};
use crate::portal::update::FileLink;
use crate::portal::verify::{VerifyView, render};

/// The form, or what the digest in `d` leads to.
pub(super) async fn get(State(node): State<Shared>, asked: Asked) -> Response {
    let typed = asked.parameter("d").map(str::to_owned);
    let asked = asked.with(&[("d", typed.as_deref().unwrap_or_default())]);
    asked
        .answer(node, move |node, asked| make(node, asked, typed))
        .await
}

async fn make(node: Shared, asked: Asked, typed: Option<String>) -> Made {
    let Some(typed) = typed else {
        return Ok(form(&node, &asked, None));
    };
    let Some(digest) = digest(&typed) else {
        return Ok(form(&node, &asked, Some(typed)).with_status(StatusCode::BAD_REQUEST));
    };
    if node
        .database
        .updates_by_file(&digest.to_hex(), 1)
        .await?
        .is_empty()
    {
        return unknown(&node, &asked, &digest.to_hex()).await;
    }
    let files = find::files(&node, &find::id_of(digest)).await?;
    let id = if files.len() == 1 {
        find::id_of(digest)
    } else {
        digest.to_hex()
    };
    Err(Instead::See(link::update(&id)))
}

/// The page of a digest, or of its beginning, that no log seen here holds: 404.
pub(super) async fn unknown(node: &Shared, asked: &Asked, digits: &str) -> Made {
    let judged = judge(node, stand_in(node, digits), None)
        .await?
        .ok_or_else(Instead::not_found)?;
    let policy = format!("/{POLICY}");
    let behind = Behind {
        policy: Some(policy),
        ..Behind::default()
    };
    let searched: Vec<LogSeen> = node
        .sources
        .iter()
        .filter_map(|source| log_seen(node, source))
        .collect();
    let view = UnknownView {
        digest: digits.to_owned(),
        answer: render::answer(&judged.verdict, &short(digits)),
        checks: checks::rows(&judged.verdict, &behind),
        searched,
    };
    let drawn = Drawn::new(asked, &frame(node, asked, None), &view, unknown::render);
    Ok(drawn.with_status(StatusCode::NOT_FOUND))
}

fn form(node: &Node, asked: &Asked, refused: Option<String>) -> Drawn {
    let portal = node.policy.as_ref();
    let identity = portal.map(|portal| portal.policy.identity());
    let view = VerifyView {
        refused,
        policy: identity
            .map(|identity| identity.name.as_str().to_owned())
            .unwrap_or_default(),
        policy_serial: identity.map_or(0, |identity| identity.serial),
        policy_file: portal.map(|portal| policy_file(&portal.text)),
    };
    Drawn::new(asked, &frame(node, asked, None), &view, self::render)
}

/// The policy as a file to take away.
pub(super) fn policy_file(text: &str) -> FileLink {
    FileLink {
        href: format!("/{POLICY}"),
        size: u64::try_from(text.len()).ok(),
    }
}

/// What was typed as a digest: as tools print it, in any case, with spaces or colons between.
fn digest(typed: &str) -> Option<Hash> {
    let typed = typed.trim();
    let typed = typed
        .strip_prefix("sha256:")
        .or_else(|| typed.strip_prefix("SHA256:"))
        .unwrap_or(typed);
    let digits: String = typed
        .chars()
        .filter(|digit| !digit.is_whitespace() && *digit != ':')
        .collect();
    Hash::from_hex(&digits.to_ascii_lowercase())
}

/// The digest that is judged where only its beginning is known. No log holds one that begins so, and of all that do only
/// the deny list may tell one from another.
fn stand_in(node: &Node, digits: &str) -> Hash {
    let denies = node.policy.iter().flat_map(|portal| portal.policy.deny());
    let mut denied = denies.filter_map(|deny| match &deny.what {
        Denied::Digest(digest) => Some(*digest),
        _ => None,
    });
    let denied = denied.find(|digest| digest.to_hex().starts_with(digits));
    denied
        .or_else(|| Hash::from_hex(&format!("{digits:0<64}")))
        .unwrap_or_default()
}

/// Where the policy stands, and what it is called once saved.
pub(super) const POLICY: &str = "policy.toml";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_digest_as_tools_print_it_and_nothing_else() {
        let digits = "0a".repeat(32);
        let spaced: String = digits.chars().flat_map(|digit| [digit, ' ']).collect();
        for typed in [
            &digits,
            &digits.to_uppercase(),
            &format!(" sha256:{digits}\n"),
            &spaced,
        ] {
            assert_eq!(digest(typed), Hash::from_hex(&digits), "{typed}");
        }
        for typed in [
            "",
            "0a",
            &digits[1..],
            &format!("{digits}0"),
            &digits.replace('a', "g"),
            &format!("{digits}  FILE"),
        ] {
            assert_eq!(digest(typed), None, "{typed}");
        }
    }
}
