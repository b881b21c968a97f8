//! The limits of `portal.md` §9, and how files are served.

use center::portal::{CONTENT_SECURITY_POLICY, asset};

use crate::{fixtures, markup};

#[test]
fn every_page_is_under_60_kilobytes() {
    for page in fixtures::pages(true)
        .into_iter()
        .chain(fixtures::pages(false))
    {
        assert!(
            page.html.len() <= 60_000,
            "{}: {} bytes",
            page.name,
            page.html.len()
        );
    }
}

#[test]
fn an_ordinary_page_is_under_20_kilobytes() {
    for page in fixtures::pages(false)
        .into_iter()
        .filter(|page| !page.name.contains("hostile") && page.name != "update-60-witnesses")
    {
        assert!(
            page.html.len() <= 20_000,
            "{}: {} bytes",
            page.name,
            page.html.len()
        );
    }
}

#[test]
fn style_font_and_scripts_keep_their_limits() {
    for (name, limit) in [
        ("vitrine.css", 20_000),
        ("vitrine-serif.woff2", 40_000),
        ("copy.js", 4_000),
        ("hash.js", 4_000),
        ("pane.svg", 1_000),
    ] {
        let asset = asset::asset(asset::address(name)).expect("the file is embedded");
        assert!(
            asset.bytes.len() <= limit,
            "{name}: {} bytes",
            asset.bytes.len()
        );
    }
}

#[test]
fn a_first_view_takes_four_requests() {
    for page in fixtures::pages(false)
        .into_iter()
        .filter(|page| !page.name.starts_with("verify"))
    {
        let pieces = markup::read(&page.html);
        let scripts = pieces.iter().filter(|piece| piece.is("script")).count();
        let styles = pieces
            .iter()
            .filter(|piece| piece.attribute("rel") == Some("stylesheet"))
            .count();
        let fonts = pieces
            .iter()
            .filter(|piece| piece.attribute("rel") == Some("preload"))
            .count();
        assert!(1 + scripts + styles + fonts <= 4, "{}", page.name);
    }
}

#[test]
fn every_file_that_a_page_names_is_served_and_others_are_not() {
    for page in fixtures::pages(false) {
        for piece in markup::read(&page.html) {
            let address = piece
                .attribute("src")
                .or_else(|| piece.attribute("href"))
                .unwrap_or_default();
            if address.starts_with("/assets/") {
                assert!(asset::asset(address).is_some(), "{}: {address}", page.name);
            }
        }
    }
    for address in [
        "/assets/",
        "/assets/vitrine.css",
        "/assets/../en.toml",
        "/assets/vitrine.0000000000000000.css",
        "",
    ] {
        assert!(asset::asset(address).is_none(), "{address}");
    }
    assert_eq!(asset::address("nothing.css"), "");
}

#[test]
fn the_style_sheet_names_the_font_by_its_served_address() {
    let style = asset::asset(asset::address("vitrine.css")).expect("the style sheet is embedded");
    let text = std::str::from_utf8(style.bytes).expect("the style sheet is text");
    assert!(text.contains(asset::address("vitrine-serif.woff2")));
    assert!(!text.contains("fonts/") && !text.contains("http") && !text.contains("@import"));
}

#[test]
fn scripts_store_and_fetch_nothing() {
    for name in ["copy.js", "hash.js"] {
        let script = asset::asset(asset::address(name)).expect("the script is embedded");
        let text = std::str::from_utf8(script.bytes).expect("a script is text");
        for word in [
            "localStorage",
            "sessionStorage",
            "indexedDB",
            "document.cookie",
            "fetch(",
            "XMLHttpRequest",
            "innerHTML",
            "eval(",
            "import",
        ] {
            assert!(!text.contains(word), "{name}: {word}");
        }
    }
}

#[test]
fn the_policy_of_contents_allows_nothing_inline_and_nothing_from_elsewhere() {
    assert!(CONTENT_SECURITY_POLICY.starts_with("default-src 'none';"));
    for word in ["unsafe", "http", "data:", "*", "blob:"] {
        assert!(!CONTENT_SECURITY_POLICY.contains(word), "{word}");
    }
}

#[test]
fn the_font_carries_its_new_name_only() {
    let readme = include_str!("../../assets/fonts/README.md");
    let licence = include_str!("../../assets/fonts/OFL.txt");
    assert!(
        licence.contains("SIL OPEN FONT LICENSE Version 1.1")
            && licence.contains("Reserved Font Name")
    );
    assert!(readme.contains("Vitrine Serif"));
    let font = asset::asset(asset::address("vitrine-serif.woff2")).expect("the font is embedded");
    assert_eq!(&font.bytes[..4], b"wOF2");
}
