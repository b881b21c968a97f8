//! Style sheet, font, scripts and icon, embedded in the program (`portal.md` §9, last paragraph).
//!
//! Each file is served under a name with its own digest, so it may be kept for ever; a changed file has a new name. The
//! style sheet names the font by its file name in the source and by its address when served.
//!
//! ```
//! use center::portal::asset;
//!
//! let address = asset::address("vitrine.css");
//! assert!(address.starts_with("/assets/vitrine.") && address.ends_with(".css"));
//! assert!(asset::asset(&address).is_some());
//! assert!(asset::asset("/assets/vitrine.css").is_none());
//! ```

use std::collections::BTreeMap;
use std::sync::LazyLock;

use tlog::hash::sha256;

/// A file as it is served. Answer with `Cache-Control: public, max-age=31536000, immutable`.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// The bytes.
    pub bytes: &'static [u8],
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// Value of `ETag`, quotes included.
    pub etag: &'static str,
}

/// The file at an address that [`address`] gave, else `None`.
pub fn asset(path: &str) -> Option<Asset> {
    let served = ASSETS.by_address.get(path)?;
    Some(Asset {
        bytes: &served.bytes,
        content_type: served.content_type,
        etag: &served.etag,
    })
}

/// Address of the file with this name, `/assets/NAME.DIGEST.EXT`; the empty text for an unknown name.
pub fn address(name: &str) -> &'static str {
    ASSETS.by_name.get(name).map_or("", String::as_str)
}

/// Addresses of all files.
pub fn addresses() -> impl Iterator<Item = &'static str> {
    ASSETS.by_address.keys().map(String::as_str)
}

struct Served {
    bytes: Vec<u8>,
    content_type: &'static str,
    etag: String,
}

#[derive(Default)]
struct Assets {
    by_address: BTreeMap<String, Served>,
    by_name: BTreeMap<&'static str, String>,
}

impl Assets {
    fn add(&mut self, name: &'static str, content_type: &'static str, bytes: Vec<u8>) {
        let digest = digest(&bytes);
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let address = format!("/assets/{stem}.{digest}.{extension}");
        self.by_address.insert(
            address.clone(),
            Served {
                bytes,
                content_type,
                etag: format!("\"{digest}\""),
            },
        );
        self.by_name.insert(name, address);
    }
}

static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let mut assets = Assets::default();
    assets.add(
        FONT,
        "font/woff2",
        include_bytes!("../../assets/fonts/vitrine-serif.woff2").to_vec(),
    );
    assets.add(
        "copy.js",
        SCRIPT,
        include_bytes!("../../assets/copy.js").to_vec(),
    );
    assets.add(
        "hash.js",
        SCRIPT,
        include_bytes!("../../assets/hash.js").to_vec(),
    );
    assets.add(
        "pane.svg",
        "image/svg+xml",
        include_bytes!("../../assets/pane.svg").to_vec(),
    );
    let font = assets.by_name.get(FONT).cloned().unwrap_or_default();
    let style = without_indentation(include_str!("../../assets/vitrine.css"))
        .replace(&format!("fonts/{FONT}"), &font);
    assets.add("vitrine.css", "text/css; charset=utf-8", style.into_bytes());
    assets
});

/// The style sheet as it travels: white space that CSS does not read is left at home, one rule a line.
fn without_indentation(style: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in style
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("/*") || !line.ends_with("*/"))
    {
        lines.push(
            line.replace(": ", ":")
                .replace(", ", ",")
                .replace("; ", ";")
                .replace(" > ", ">")
                .replace(" {", "{")
                .replace("{ ", "{")
                .replace(";}", "}"),
        );
    }
    lines.join("\n")
}

/// First 16 hex digits of SHA-256: it names our own bytes and proves nothing.
fn digest(bytes: &[u8]) -> String {
    let hex = sha256(bytes).to_hex();
    hex.chars().take(16).collect()
}

const FONT: &str = "vitrine-serif.woff2";
const SCRIPT: &str = "text/javascript; charset=utf-8";
