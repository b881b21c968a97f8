//! Addresses of pages (`portal.md` §2): one function a page, used by templates and router alike.
//!
//! An origin contains slashes, so it is one percent-encoded segment of the path.
//!
//! ```
//! use center::portal::link;
//!
//! assert_eq!(link::entry("log.acme.example/v1", 18_204), "/log/log.acme.example%2Fv1/18204");
//! assert_eq!(link::update("3f9a1c7be2045566"), "/u/3f9a1c7be2045566");
//! ```

use std::fmt::Write as _;

/// Home.
pub const HOME: &str = "/";
/// List of updates.
pub const UPDATES: &str = "/u";
/// Form for a digest.
pub const VERIFY: &str = "/verify";
/// List of centers.
pub const CENTERS: &str = "/centers";
/// List of logs.
pub const LOGS: &str = "/log";
/// What no page of a center can show.
pub const LIMITS: &str = "/limits";
/// How these pages can be read and used by everyone.
pub const ACCESSIBILITY: &str = "/accessibility";
/// Whom to tell about a flaw (RFC 9116).
pub const SECURITY_TXT: &str = "/.well-known/security.txt";

/// Page of one update; `id` is 16 hex digits or more.
pub fn update(id: &str) -> String {
    format!("{UPDATES}/{}", segment(id))
}

/// Page of one log.
pub fn log(origin: &str) -> String {
    format!("{LOGS}/{}", segment(origin))
}

/// Page of one entry.
pub fn entry(origin: &str, index: u64) -> String {
    format!("{LOGS}/{}/{index}", segment(origin))
}

/// Page of one center.
pub fn center(name: &str) -> String {
    format!("{CENTERS}/{}", segment(name))
}

/// An address with a query; pairs with an empty value are left out.
pub fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut address = path.to_owned();
    let mut separator = '?';
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        address.push(separator);
        address.push_str(name);
        address.push('=');
        address.push_str(&segment(value));
        separator = '&';
    }
    address
}

/// One segment of a path or one value of a query: all bytes but the unreserved ones are percent-encoded (RFC 3986 §2.3).
pub fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_leaves_its_segment() {
        for (name, expected) in [
            ("a/b", "a%2Fb"),
            ("..", ".."),
            ("a?b#c", "a%3Fb%23c"),
            ("\"<", "%22%3C"),
            ("é", "%C3%A9"),
        ] {
            assert_eq!(segment(name), expected);
        }
    }

    #[test]
    fn empty_filters_leave_no_trace_in_the_address() {
        assert_eq!(
            with_query(UPDATES, &[("product", ""), ("verdict", "refused")]),
            "/u?verdict=refused"
        );
        assert_eq!(with_query(UPDATES, &[("product", "")]), "/u");
    }
}
