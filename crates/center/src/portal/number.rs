//! Numbers as pages write them: thousands grouped, sizes in one unit (`portal.md` §3, row "number").
//!
//! ```
//! use center::portal::number;
//!
//! assert_eq!(number::grouped(18_204), "18,204");
//! assert_eq!(number::bytes(48_203_114), "48.2 MB");
//! ```

use super::text::{self, Value};

/// `1234567` as `1,234,567`; the separator is the catalogue's.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let separator = text::t("number.group");
    let mut written = String::with_capacity(digits.len() * 2);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            written.push_str(separator);
        }
        written.push(digit);
    }
    written
}

/// A size in bytes with three significant digits in decimal units: `812 bytes`, `38.1 KB`, `48.2 MB`.
pub fn bytes(size: u64) -> String {
    let units = ["number.kb", "number.mb", "number.gb"];
    if size < 1_000 {
        return text::plain("number.bytes", &[("n", Value::Number(size))]);
    }
    let mut scale = 1_000_u64;
    let mut unit = 0;
    while size / scale >= 1_000 && unit + 1 < units.len() {
        scale = scale.saturating_mul(1_000);
        unit += 1;
    }
    let tenths = size / (scale / 10);
    let whole = tenths / 10;
    let shown = if whole >= 100 {
        grouped(whole)
    } else {
        format!("{whole}{}{}", text::t("number.point"), tenths % 10)
    };
    let key = units.get(unit).copied().unwrap_or("number.kb");
    text::plain(key, &[("n", Value::Plain(&shown))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_by_three_from_the_right() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (18_446_744_073_709_551_615, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(grouped(number), expected);
        }
    }

    #[test]
    fn sizes_have_one_unit_and_are_never_rounded_up() {
        for (size, expected) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_000, "1.0 KB"),
            (38_199, "38.1 KB"),
            (999_999, "999 KB"),
            (48_203_114, "48.2 MB"),
            (5_000_000_000_000, "5,000 GB"),
        ] {
            assert_eq!(bytes(size), expected);
        }
    }
}
