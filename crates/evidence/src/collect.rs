//! Evidence: the lines of one or several bundles, read within the limits of `evidence.md` §14.
//!
//! ```
//! use evidence::collect::Evidence;
//!
//! let file = include_bytes!("../testdata/sigstore/artifact.bundle.jsonl");
//! let evidence = Evidence::read([file.as_slice()]);
//! assert_eq!((evidence.lines().len(), evidence.unreadable()), (5, 0));
//!
//! // A file that lost its last newline lost perhaps more: its last line is not believed.
//! let cut = Evidence::read([&file[..file.len() - 1]]);
//! assert_eq!((cut.lines().len(), cut.unreadable()), (4, 1));
//! ```

use crate::bundle::{self, BundleLine};
use crate::limits::{self, Limit};

/// What was handed over, read but not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    lines: Vec<BundleLine>,
    unreadable: u64,
    limit: Option<Limit>,
}

impl Evidence {
    /// Reads bundle files; their order and how lines are spread over them have no effect (L1).
    pub fn read<'a>(files: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut evidence = Self::default();
        let mut bytes = 0;
        for file in files {
            bytes += file.len();
            if bytes > limits::BUNDLE {
                evidence.limit = Some(Limit::Bundle);
                break;
            }
            evidence.add(file);
        }
        evidence
    }

    /// Evidence that a center made itself.
    pub fn of(lines: Vec<BundleLine>) -> Self {
        Self {
            lines,
            ..Self::default()
        }
    }

    /// The lines that could be read.
    pub fn lines(&self) -> &[BundleLine] {
        &self.lines
    }

    /// How many lines could not.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// The limit that was met; what lies behind it was not read.
    pub fn limit(&self) -> Option<Limit> {
        self.limit
    }

    fn add(&mut self, file: &[u8]) {
        let whole = file
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let (whole, rest) = file.split_at_checked(whole).unwrap_or((file, &[]));
        if !rest.is_empty() {
            self.unreadable += 1;
        }
        let reading = bundle::read(whole);
        self.limit = self.limit.or(reading.limit);
        self.unreadable += reading.unreadable.len() as u64;
        let room = limits::LINES.saturating_sub(self.lines.len());
        if reading.lines.len() > room {
            self.limit = self.limit.or(Some(Limit::Lines));
        }
        self.lines.extend(reading.lines.into_iter().take(room));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] = include_bytes!("../testdata/sigstore/artifact.bundle.jsonl");

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(Evidence::read([b"".as_slice()]), Evidence::default());
        assert_eq!(Evidence::read([]), Evidence::default());
    }

    #[test]
    fn l1_splitting_into_files_has_no_effect() {
        let at = FILE.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let (one, rest) = FILE.split_at(at);
        assert_eq!(Evidence::read([one, rest]), Evidence::read([FILE]));
    }

    #[test]
    fn stops_at_the_limits_of_bytes_and_lines() {
        let big = vec![b'\n'; limits::BUNDLE];
        assert_eq!(
            Evidence::read([big.as_slice(), FILE]).limit(),
            Some(Limit::Bundle)
        );
        let many = FILE.repeat(820);
        let evidence = Evidence::read([many.as_slice(), FILE]);
        assert_eq!(
            (evidence.lines().len(), evidence.limit()),
            (limits::LINES, Some(Limit::Lines))
        );
    }

    #[test]
    fn one_bad_line_hides_no_other() {
        let mut bad = FILE.to_vec();
        bad[0] = b'[';
        let evidence = Evidence::read([bad.as_slice()]);
        assert_eq!((evidence.lines().len(), evidence.unreadable()), (4, 1));
    }
}
