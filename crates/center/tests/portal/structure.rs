//! P3, P8, P11 and the rules of `portal.md` §2, §3 and §5 that a page's structure shows.

use std::collections::BTreeSet;

use center::portal::html::is_unseen;
use center::portal::link;

use crate::fixtures::{self, Page};
use crate::markup::{self, Piece};

fn all() -> Vec<(Page, Vec<Piece>)> {
    let pages = fixtures::pages(false)
        .into_iter()
        .chain(fixtures::pages(true));
    pages
        .map(|page| {
            let pieces = markup::read(&page.html);
            (page, pieces)
        })
        .collect()
}

#[test]
fn every_page_has_one_h1_one_main_and_no_skipped_heading_level() {
    for (page, pieces) in all() {
        assert_eq!(
            pieces.iter().filter(|piece| piece.is("main")).count(),
            1,
            "{}",
            page.name
        );
        let levels: Vec<usize> = (1..=6)
            .map(|level| {
                pieces
                    .iter()
                    .filter(|piece| piece.is(&format!("h{level}")))
                    .count()
            })
            .collect();
        assert_eq!(levels[0], 1, "{}", page.name);
        assert_eq!(levels[3..], [0, 0, 0], "{}", page.name);
        let mut last = 0;
        for piece in pieces.iter().skip_while(|piece| !piece.is("h1")) {
            let Piece::Open { name, .. } = piece else {
                continue;
            };
            let Some(level) = name
                .strip_prefix('h')
                .and_then(|level| level.parse::<usize>().ok())
            else {
                continue;
            };
            assert!(level <= last + 1, "{}: h{level} after h{last}", page.name);
            last = level;
        }
    }
}

#[test]
fn the_answer_comes_before_the_checks_and_the_checks_before_the_label() {
    for (page, pieces) in all()
        .into_iter()
        .filter(|(page, _)| page.name.starts_with("update-") || page.name.starts_with("unknown"))
    {
        let position = |wanted: &dyn Fn(&Piece) -> bool| {
            pieces
                .iter()
                .position(wanted)
                .unwrap_or_else(|| panic!("{}", page.name))
        };
        let class =
            |wanted: &'static str| move |piece: &Piece| piece.attribute("class") == Some(wanted);
        let order = [
            position(&|piece| piece.is("h1")),
            position(&class("checks")),
            position(&class("label")),
            position(&class("conclude")),
        ];
        assert!(order.is_sorted(), "{}: {order:?}", page.name);
    }
}

#[test]
fn nothing_is_styled_or_scripted_inline() {
    for (page, pieces) in all() {
        for (index, piece) in pieces.iter().enumerate() {
            let Piece::Open { name, attributes } = piece else {
                continue;
            };
            assert!(
                !["style", "iframe", "object", "embed", "base"].contains(&name.as_str()),
                "{}: <{name}>",
                page.name
            );
            for (attribute, _) in attributes {
                assert!(
                    attribute != "style" && !attribute.starts_with("on") && attribute != "srcdoc",
                    "{}: {attribute}",
                    page.name
                );
            }
            if name == "script" {
                assert!(
                    piece
                        .attribute("src")
                        .is_some_and(|src| src.starts_with("/assets/")),
                    "{}",
                    page.name
                );
                assert_eq!(
                    pieces.get(index + 1),
                    Some(&Piece::Close("script".to_owned())),
                    "{}: a script with a body",
                    page.name
                );
            }
        }
    }
}

#[test]
fn everything_that_a_page_loads_comes_from_this_center() {
    for (page, pieces) in all() {
        for piece in &pieces {
            let Piece::Open { name, .. } = piece else {
                continue;
            };
            let loaded = match name.as_str() {
                "script" => piece.attribute("src"),
                "link" | "use" => piece.attribute("href"),
                "form" => piece.attribute("action"),
                _ => None,
            };
            if let Some(address) = loaded {
                let inside = address.starts_with("/assets/")
                    || address.starts_with('#')
                    || ["/verify", "/u"].contains(&address);
                assert!(inside, "{}: {name} loads {address}", page.name);
            }
        }
    }
}

#[test]
fn every_link_leads_to_a_known_place() {
    let places = [
        link::HOME,
        link::UPDATES,
        link::VERIFY,
        link::CENTERS,
        link::LOGS,
        link::LIMITS,
        link::ACCESSIBILITY,
        link::SECURITY_TXT,
    ];
    let below = [
        "/u/",
        "/u?",
        "/centers/",
        "/log/",
        "/bundle/",
        "/api/v1/",
        "/api/v1",
        "/policy.toml",
    ];
    for (page, pieces) in all() {
        let ids: BTreeSet<&str> = pieces
            .iter()
            .filter_map(|piece| piece.attribute("id"))
            .collect();
        for href in pieces
            .iter()
            .filter(|piece| piece.is("a"))
            .filter_map(|piece| piece.attribute("href"))
        {
            if let Some(fragment) = href.strip_prefix('#') {
                assert!(ids.contains(fragment), "{}: {href}", page.name);
                continue;
            }
            let (path, fragment) = href.split_once('#').unwrap_or((href, ""));
            assert!(
                fragment.is_empty()
                    || (path == "/verify" && ["digest", "without-us"].contains(&fragment)),
                "{}: {href}",
                page.name
            );
            // Portals of other centers, on the pages of centers alone.
            let outside = page.name.starts_with("center")
                && href.starts_with("https://center-")
                && href.ends_with(".example");
            assert!(
                outside
                    || places.contains(&path)
                    || below.iter().any(|start| path.starts_with(start)),
                "{}: {href}",
                page.name
            );
            assert!(
                !href.contains("alert(1)") || href.contains("%3C"),
                "{}: {href}",
                page.name
            );
        }
    }
    let verify = fixtures::pages(false)
        .into_iter()
        .find(|page| page.name == "verify")
        .expect("there is a verify page");
    assert!(verify.html.contains("id=\"digest\"") && verify.html.contains("id=\"without-us\""));
}

#[test]
fn the_navigation_lists_the_places_that_exist_and_no_others() {
    for (page, pieces) in all() {
        let start = pieces
            .iter()
            .position(|piece| piece.attribute("class") == Some("wide places"))
            .expect("there is a navigation");
        let links: Vec<&str> = (pieces[start..].iter())
            .take_while(|piece| **piece != Piece::Close("nav".to_owned()))
            .filter_map(|piece| piece.attribute("href"))
            .collect();
        assert_eq!(
            links,
            [link::UPDATES, link::CENTERS, link::LOGS],
            "{}",
            page.name
        );
    }
}

#[test]
fn ids_are_unique_and_every_reference_finds_its_id() {
    for (page, pieces) in all() {
        let ids: Vec<&str> = pieces
            .iter()
            .filter_map(|piece| piece.attribute("id"))
            .collect();
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "{}", page.name);
        for piece in &pieces {
            let used = if piece.is("use") {
                piece
                    .attribute("href")
                    .and_then(|href| href.strip_prefix('#'))
            } else {
                None
            };
            for reference in [
                used,
                piece.attribute("for"),
                piece.attribute("aria-describedby"),
            ]
            .into_iter()
            .flatten()
            {
                assert!(unique.contains(reference), "{}: #{reference}", page.name);
            }
        }
    }
}

#[test]
fn marks_are_hidden_from_those_who_hear_the_word() {
    for (page, pieces) in all() {
        for piece in pieces.iter().filter(|piece| piece.is("svg")) {
            assert_eq!(
                piece.attribute("aria-hidden"),
                Some("true"),
                "{}",
                page.name
            );
        }
    }
}

#[test]
fn tables_and_unmarked_lists_keep_their_roles() {
    for (page, pieces) in all() {
        for piece in &pieces {
            let Piece::Open { name, .. } = piece else {
                continue;
            };
            let wanted = match name.as_str() {
                "table" => Some("table"),
                "tr" => Some("row"),
                "td" => Some("cell"),
                "ul" => Some("list"),
                _ => None,
            };
            if wanted.is_some() {
                assert_eq!(piece.attribute("role"), wanted, "{}: <{name}>", page.name);
            }
            if name == "th" {
                assert!(
                    piece.attribute("scope").is_some() && piece.attribute("role").is_some(),
                    "{}",
                    page.name
                );
            }
        }
    }
}

#[test]
fn hostile_text_is_escaped_isolated_and_drawn() {
    for (page, pieces) in all() {
        let unseen = page.html.chars().find(|character| is_unseen(*character));
        assert_eq!(unseen, None, "{}", page.name);
        assert!(
            !pieces
                .iter()
                .any(|piece| piece.is("script") && piece.attribute("src").is_none()),
            "{}",
            page.name
        );
        for piece in &pieces {
            let Piece::Open { name, attributes } = piece else {
                continue;
            };
            assert!(ELEMENTS.contains(&name.as_str()), "{}: <{name}>", page.name);
            assert!(
                attributes
                    .iter()
                    .all(|(attribute, _)| ATTRIBUTES.contains(&attribute.as_str())),
                "{}: {attributes:?}",
                page.name
            );
        }
    }
    let hostile: Vec<_> = fixtures::pages(false)
        .into_iter()
        .filter(|page| page.name.ends_with("-hostile"))
        .collect();
    assert!(hostile.len() >= 5);
    for page in hostile {
        assert!(
            page.html.contains("<b class=\"unseen\">U+202E</b>"),
            "{}",
            page.name
        );
        assert!(page.html.contains("&lt;script&gt;"), "{}", page.name);
    }
}

#[test]
fn nothing_of_a_stranger_stands_outside_bdi_or_code() {
    for (page, pieces) in all() {
        let mut isolated = 0;
        for piece in pieces.iter().skip_while(|piece| !piece.is("body")) {
            match piece {
                Piece::Open { name, .. } if ISOLATING.contains(&name.as_str()) => isolated += 1,
                Piece::Close(name) if ISOLATING.contains(&name.as_str()) => isolated -= 1,
                Piece::Text(text) => assert!(
                    isolated > 0 || !text.contains("gpj.exe"),
                    "{}: {text:.80}",
                    page.name
                ),
                _ => {}
            }
        }
    }
}

#[test]
fn open_all_opens_every_drawer() {
    for page in fixtures::pages(true) {
        let pieces = markup::read(&page.html);
        for details in pieces
            .iter()
            .filter(|piece| piece.is("details") && piece.attribute("class") != Some("menu"))
        {
            assert!(
                details.attribute("open").is_some(),
                "{}: {details:?}",
                page.name
            );
        }
    }
}

#[test]
fn forms_are_get_and_nothing_is_chosen_beforehand() {
    for (page, pieces) in all() {
        for form in pieces.iter().filter(|piece| piece.is("form")) {
            assert_eq!(form.attribute("method"), Some("get"), "{}", page.name);
        }
        assert!(
            !pieces
                .iter()
                .any(|piece| piece.attribute("checked").is_some()),
            "{}",
            page.name
        );
        for input in pieces
            .iter()
            .filter(|piece| piece.is("input") || piece.is("select"))
        {
            let id = input.attribute("id").unwrap_or_default();
            assert!(
                pieces
                    .iter()
                    .any(|piece| piece.attribute("for") == Some(id)),
                "{}: no label for {id}",
                page.name
            );
        }
    }
}

#[test]
fn what_is_missing_and_what_cannot_be_concluded_are_never_left_out() {
    for (page, pieces) in all()
        .into_iter()
        .filter(|(page, _)| page.name.starts_with("update-"))
    {
        for class in ["missing", "conclude"] {
            assert!(
                pieces
                    .iter()
                    .any(|piece| piece.attribute("class") == Some(class)),
                "{}: {class}",
                page.name
            );
        }
    }
}

#[test]
fn the_page_that_does_not_exist_and_the_one_that_is_forbidden_are_one() {
    let pages: Vec<_> = fixtures::pages(false)
        .into_iter()
        .filter(|page| page.name == "problem-404")
        .collect();
    let again: Vec<_> = fixtures::pages(false)
        .into_iter()
        .filter(|page| page.name == "problem-404")
        .collect();
    assert_eq!(pages.len(), 1);
    assert_eq!(pages[0].html, again[0].html);
    assert!(!pages[0].html.contains("Error id"));
}

#[test]
fn each_golden_verdict_has_its_answer_as_heading() {
    let pages = fixtures::pages(false);
    for (name, answer) in [
        (
            "update-accepted",
            "app-4.2.0.deb is the update that everyone else was given.",
        ),
        ("update-refused", "app-4.2.1.deb is denied by this policy."),
        (
            "update-undecided",
            "app-4.2.0.deb is logged, but only 1 of the 2 witnesses you ask for has signed.",
        ),
        (
            "update-misbehaviour",
            "Two different logs were shown under one name.",
        ),
        ("home", "All of the last 42 updates are proven."),
        (
            "home-refused",
            "40 of the last 42 updates are proven. 1 undecided, 1 refused.",
        ),
        (
            "home-empty",
            "Nothing has been published yet. The first update appears here.",
        ),
        (
            "log",
            "2 of 3 witnesses signed log.acme.example/v1 at size 18,411.",
        ),
        (
            "centers",
            "2 of 4 centers are working. One has been silent for 9 days.",
        ),
    ] {
        let page = pages
            .iter()
            .find(|page| page.name == name)
            .expect("the fixture exists");
        assert_eq!(markup::text_of(&markup::read(&page.html), "h1"), answer);
    }
}

const ISOLATING: [&str; 5] = ["bdi", "code", "title", "option", "pre"];
const ELEMENTS: [&str; 51] = [
    "a", "aside", "b", "bdi", "body", "button", "caption", "circle", "code", "dd", "details",
    "div", "dl", "dt", "footer", "form", "h1", "h2", "h3", "head", "header", "html", "input",
    "label", "li", "link", "main", "meta", "nav", "ol", "option", "p", "path", "pre", "script",
    "section", "select", "span", "summary", "svg", "symbol", "table", "tbody", "td", "th", "thead",
    "time", "title", "tr", "ul", "use",
];
const ATTRIBUTES: [&str; 54] = [
    "action",
    "aria-current",
    "aria-describedby",
    "aria-hidden",
    "aria-invalid",
    "aria-label",
    "as",
    "autocapitalize",
    "autocomplete",
    "charset",
    "class",
    "content",
    "crossorigin",
    "cx",
    "cy",
    "d",
    "data-copied",
    "data-copy",
    "data-failed",
    "data-hash",
    "data-hashed",
    "data-hashing",
    "data-label",
    "data-large",
    "datetime",
    "dir",
    "fill",
    "focusable",
    "for",
    "height",
    "href",
    "id",
    "lang",
    "maxlength",
    "method",
    "name",
    "open",
    "placeholder",
    "r",
    "rel",
    "required",
    "role",
    "scope",
    "selected",
    "spellcheck",
    "src",
    "stroke",
    "stroke-width",
    "tabindex",
    "title",
    "type",
    "value",
    "viewBox",
    "width",
];
