//! A digest or a key: its beginning, the whole of it in place (`portal.md` §3, row "digest").

use askama::Template;

use crate::portal::html::Html;
use crate::portal::text::filters;

/// The digest, closed unless `all`; short ones stand whole.
pub(crate) fn digest(hex: &str, all: bool) -> Html {
    match hex.char_indices().nth(SHOWN) {
        Some((end, _)) => Html::template(&Part {
            short: hex.get(..end).unwrap_or(hex),
            hex,
            all,
        }),
        None => Html::code(hex),
    }
}

/// A vkey (C2SP signed-note): name and key id, closed unless `all`; a post-quantum key is a screen of text.
pub(crate) fn vkey(vkey: &str, all: bool) -> Html {
    let id = vkey.match_indices('+').nth(1).map(|(at, _)| at);
    match id.and_then(|end| vkey.get(..end)) {
        Some(short) => Html::template(&Part {
            short,
            hex: vkey,
            all,
        }),
        None => Html::code(vkey),
    }
}

/// The first 12 digits and `…`, for sentences.
pub(crate) fn short(hex: &str) -> String {
    match hex.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", hex.get(..end).unwrap_or(hex)),
        None => hex.to_owned(),
    }
}

#[derive(Template)]
#[template(path = "parts/digest.html")]
struct Part<'a> {
    short: &'a str,
    hex: &'a str,
    all: bool,
}

const SHOWN: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_twelve_digits_and_holds_all() {
        let hex = "3f9a1c7be2045566".repeat(4);
        let html = digest(&hex, false).to_string();
        assert!(
            html.contains("3f9a1c7be204…")
                && html.contains(&hex)
                && !html.contains("<details class=\"digest\" open")
        );
        assert!(
            digest(&hex, true)
                .as_str()
                .contains("<details class=\"digest\" open")
        );
    }

    #[test]
    fn a_key_shows_its_name_and_id_and_holds_all() {
        let html = vkey("log.example/v1+0123abcd+BATvzQf0", false).to_string();
        assert!(html.contains("log.example/v1+0123abcd…") && html.contains("+BATvzQf0"));
        assert_eq!(
            vkey("no key", false).as_str(),
            Html::code("no key").as_str()
        );
    }

    #[test]
    fn short_or_foreign_text_is_never_cut_within_a_character() {
        assert_eq!(short("abc"), "abc");
        assert_eq!(short("äöüäöüäöüäöüäöü"), "äöüäöüäöüäöü…");
    }
}
