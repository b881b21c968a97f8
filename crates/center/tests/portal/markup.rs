//! A small reader of our own HTML: strict, because we write it.

/// What stands in a page, in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Open {
        name: String,
        attributes: Vec<(String, String)>,
    },
    Close(String),
    Text(String),
}

impl Piece {
    pub(crate) fn attribute(&self, wanted: &str) -> Option<&str> {
        let Self::Open { attributes, .. } = self else {
            return None;
        };
        attributes
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Open { name, .. } if name == wanted)
    }
}

/// Reads a page; panics where a tag is not closed, not quoted or nested wrongly.
pub(crate) fn read(html: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = html
        .strip_prefix("<!doctype html>")
        .expect("a page begins with its doctype");
    while let Some((text, behind)) = rest.split_once('<') {
        push_text(&mut pieces, text);
        let (tag, after) = split_tag(behind);
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(
                open.pop().as_deref(),
                Some(name),
                "</{name}> closes something else, near {:?}",
                pieces.last()
            );
            pieces.push(Piece::Close(name.to_owned()));
            continue;
        }
        let own_end = tag.ends_with('/');
        let piece = read_tag(tag.trim_end_matches('/'));
        let Piece::Open { name, .. } = &piece else {
            unreachable!("a tag is an opening")
        };
        if !own_end && !VOID.contains(&name.as_str()) {
            assert!(
                !BLOCKS.contains(&name.as_str()) || open.last().is_none_or(|parent| parent != "p"),
                "<{name}> inside <p>"
            );
            open.push(name.clone());
        }
        pieces.push(piece);
    }
    push_text(&mut pieces, rest);
    assert!(open.is_empty(), "not closed: {open:?}");
    pieces
}

/// The text of a page's body as it is read, without `time` elements, whose words are made of their `datetime`.
pub(crate) fn text_without_times(pieces: &[Piece]) -> String {
    let mut text = String::new();
    let mut inside = 0;
    for piece in pieces.iter().skip_while(|piece| !piece.is("body")) {
        match piece {
            Piece::Open { name, .. } if name == "time" => inside += 1,
            Piece::Close(name) if name == "time" => inside -= 1,
            Piece::Text(words) if inside == 0 => text.push_str(words),
            Piece::Open { .. } | Piece::Close(_) => text.push(' '),
            Piece::Text(_) => {}
        }
    }
    text
}

/// The text within the first element of this name.
pub(crate) fn text_of(pieces: &[Piece], wanted: &str) -> String {
    let mut depth = 0;
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Open { name, .. } if name == wanted => depth += 1,
            Piece::Close(name) if name == wanted => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            Piece::Text(words) if depth > 0 => text.push_str(words),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    assert!(!text.contains('>'), "a bare '>' in {text:?}");
    if !text.is_empty() {
        let text = text
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&#34;", "\"");
        let text = text
            .replace("&#60;", "<")
            .replace("&#62;", ">")
            .replace("&#38;", "&")
            .replace("&amp;", "&");
        pieces.push(Piece::Text(text));
    }
}

/// Splits at the `>` that ends the tag: the first one outside quotes.
fn split_tag(behind: &str) -> (&str, &str) {
    let mut quoted = false;
    for (position, character) in behind.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '>' if !quoted => return (&behind[..position], &behind[position + 1..]),
            '<' if !quoted => panic!("a bare '<' in {behind:.40}"),
            _ => {}
        }
    }
    panic!("a tag has no end: {behind:.40}");
}

fn read_tag(tag: &str) -> Piece {
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        let end = rest.find(['=', ' ']).unwrap_or(rest.len());
        let attribute = rest[..end].to_owned();
        rest = &rest[end..];
        let value = match rest.strip_prefix("=\"") {
            Some(quoted) => {
                let (value, after) = quoted
                    .split_once('"')
                    .expect("an attribute ends with its quote");
                rest = after;
                value
                    .replace("&amp;", "&")
                    .replace("&#38;", "&")
                    .replace("&quot;", "\"")
                    .replace("&#34;", "\"")
                    .replace("&lt;", "<")
            }
            None => {
                assert!(
                    !rest.starts_with('='),
                    "an attribute without quotes: {attribute}"
                );
                String::new()
            }
        };
        assert!(
            attributes.iter().all(|(known, _)| *known != attribute),
            "{attribute} twice in <{tag}>"
        );
        attributes.push((attribute, value));
    }
    Piece::Open {
        name: name.to_owned(),
        attributes,
    }
}

const VOID: [&str; 5] = ["br", "input", "link", "meta", "hr"];
const BLOCKS: [&str; 12] = [
    "aside", "details", "div", "dl", "form", "h2", "ol", "p", "pre", "section", "table", "ul",
];
