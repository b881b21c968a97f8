//! A command to repeat the answer elsewhere (`portal.md` §5, row "command").
//!
//! Lines can be pasted into a shell as they stand: a file name that a shell would read is quoted.
//!
//! ```
//! use center::portal::part::command::shell_word;
//!
//! assert_eq!(shell_word("app_4.2.0_amd64.deb"), "app_4.2.0_amd64.deb");
//! assert_eq!(shell_word("$(reboot).deb"), "'$(reboot).deb'");
//! assert_eq!(shell_word("-rf"), "./-rf");
//! ```

use askama::Template;

use crate::portal::html::Html;
use crate::portal::text::filters;

/// A box with lines to paste; `name` is read to those who do not see it.
pub(crate) fn command(name: &str, lines: &str) -> Html {
    Html::template(&Part {
        name,
        lines: &Html::code(lines),
    })
}

/// A file name as one word of a POSIX shell that no option parser takes for an option.
pub fn shell_word(name: &str) -> String {
    let name = if name.starts_with('-') {
        format!("./{name}")
    } else {
        name.to_owned()
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/+@%:,=".contains(&byte);
    if !name.is_empty() && name.bytes().all(plain) {
        return name;
    }
    format!("'{}'", name.replace('\'', "'\\''"))
}

#[derive(Template)]
#[template(path = "parts/command.html")]
struct Part<'a> {
    name: &'a str,
    lines: &'a Html,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_whatever_a_shell_would_read() {
        for (name, expected) in [
            ("a b", "'a b'"),
            ("a;b", "'a;b'"),
            ("it's", "'it'\\''s'"),
            ("`id`", "'`id`'"),
            ("a\nb", "'a\nb'"),
            ("~root", "'~root'"),
            ("*", "'*'"),
            ("", "''"),
            ("é.deb", "'é.deb'"),
        ] {
            assert_eq!(shell_word(name), expected);
        }
    }
}
