//! The one place that prints: the answer on stdout, everything else on stderr.
//!
//! Words carry the meaning, colour only repeats them. A reader that closes the pipe early is no failure: what is left
//! to print is dropped, and the exit code is what it would have been. It must be: `vitrine verify FILE | head -1` may
//! not turn a refusal into success.

use std::cell::Cell;
use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use evidence::canonical::Json;

use crate::cli::{Colour, OutputOptions};
use crate::failure::Failure;
use crate::file::FileError;

/// Where texts go, and how they look.
pub(crate) struct Printer {
    colour_out: bool,
    colour_err: bool,
    quiet: bool,
    progress: bool,
    closed: Cell<bool>,
}

impl Printer {
    /// A printer for these options on this terminal.
    pub(crate) fn new(options: &OutputOptions) -> Self {
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colour = |terminal: bool| match options.color {
            Colour::Always => true,
            Colour::Auto => terminal && !no_colour,
            Colour::Never => false,
        };
        let err = io::stderr().is_terminal();
        Self {
            colour_out: colour(io::stdout().is_terminal()),
            colour_err: colour(err),
            quiet: options.quiet,
            progress: err && !options.quiet && !options.no_progress,
            closed: Cell::new(false),
        }
    }

    /// Prints an answer to stdout and ends it with a newline.
    ///
    /// # Errors
    /// [`FileError`] when stdout cannot take it, a closed pipe apart.
    pub(crate) fn answer(&self, text: &str) -> Result<(), Failure> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let mut lines = String::with_capacity(text.len() + 1);
        for line in text.split('\n') {
            if self.colour_out {
                paint(line, &mut lines);
            } else {
                lines.push_str(line);
            }
            lines.push('\n');
        }
        self.bytes(lines.as_bytes())
    }

    /// Prints one JSON object on one line to stdout.
    ///
    /// # Errors
    /// As for [`Printer::answer`].
    pub(crate) fn json(&self, value: &Json) -> Result<(), Failure> {
        let mut line = value.to_bytes();
        line.push(b'\n');
        self.bytes(&line)
    }

    /// Writes bytes to stdout as they are.
    ///
    /// # Errors
    /// As for [`Printer::answer`].
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        if self.closed.get() {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed.set(true);
                Ok(())
            }
            Err(error) => Err(FileError::output(error).into()),
            Ok(()) => Ok(()),
        }
    }

    /// Says something beside the answer, on stderr.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.say("note", "36", text);
        }
    }

    /// Says what to do next, on stderr.
    pub(crate) fn hint(&self, text: &str) {
        if !self.quiet {
            self.say("hint", "36", text);
        }
    }

    /// Says what went wrong, its causes, and what to do next. Also when quiet: an exit code alone helps nobody.
    pub(crate) fn failure(&self, failure: &Failure) {
        self.say("error", "1;31", &with_causes(failure));
        let hint = failure.hint();
        if !hint.is_empty() {
            self.line("");
            self.say("hint", "36", &hint);
        }
    }

    /// A line that follows work on `total` units of `unit`, or on nobody knows how many.
    pub(crate) fn progress(&self, label: impl Into<String>, total: Option<u64>) -> Progress {
        Progress {
            active: self.progress,
            label: label.into(),
            total,
            done: 0,
            started: Instant::now(),
            drawn: None,
        }
    }

    fn say(&self, word: &str, colour: &str, text: &str) {
        if self.colour_err {
            self.line(&format!("\u{1b}[{colour}m{word}:\u{1b}[0m {text}"));
        } else {
            self.line(&format!("{word}: {text}"));
        }
    }

    /// A terminal that is gone takes no message about that; the exit code still tells.
    fn line(&self, text: &str) {
        drop(writeln!(io::stderr().lock(), "{text}"));
    }
}

/// Bytes done so far, drawn on a terminal from the first second on.
pub(crate) struct Progress {
    active: bool,
    label: String,
    total: Option<u64>,
    done: u64,
    started: Instant,
    drawn: Option<Instant>,
}

impl Progress {
    /// So many bytes more are done.
    pub(crate) fn add(&mut self, bytes: u64) {
        self.done = self.done.saturating_add(bytes);
        if !self.active {
            return;
        }
        let now = Instant::now();
        let due = match self.drawn {
            None => self.started + FIRST_DRAWN,
            Some(drawn) => drawn + DRAWN_EVERY,
        };
        if now >= due {
            self.drawn = Some(now);
            let line = progress_line(&self.label, self.done, self.total);
            let mut err = io::stderr().lock();
            drop(write!(err, "\r{line}\u{1b}[K").and_then(|()| err.flush()));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.drawn.is_some() {
            drop(write!(io::stderr().lock(), "\r\u{1b}[K"));
        }
    }
}

/// A failure and its causes on one line. A cause is never repeated in the text of what it caused.
pub(crate) fn with_causes(failure: &dyn Error) -> String {
    let mut text = failure.to_string();
    let mut cause = failure.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&phrase(error));
        cause = error.source();
    }
    text
}

/// The system's words begin with a capital and end in a number; the usual ones are said in ours.
fn phrase(error: &(dyn Error + 'static)) -> String {
    let Some(system) = error.downcast_ref::<io::Error>() else {
        return error.to_string();
    };
    match system.kind() {
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::AlreadyExists => "it exists already".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::NotADirectory => "a part of the path is no folder".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::ConnectionRefused => "nothing listens there".to_owned(),
        io::ErrorKind::ConnectionReset => "the connection was cut".to_owned(),
        io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
        _ => system.to_string(),
    }
}

/// Adds the line with its first word coloured, if that word is one of the table's.
fn paint(line: &str, into: &mut String) {
    let start = line.len() - line.trim_start().len();
    let (indent, rest) = line.split_at(start);
    let end = rest
        .find(|letter: char| !letter.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    let (word, behind) = rest.split_at(end);
    // An answer stands at the margin and ends in a colon, a check is indented and followed by a space.
    let colour = COLOURS.iter().find(|(known, is_check, _)| {
        let fits = if *is_check {
            behind.starts_with(' ') && !indent.is_empty()
        } else {
            behind.starts_with(':') && indent.is_empty()
        };
        *known == word && fits
    });
    match colour {
        Some((_, _, colour)) => {
            into.push_str(&format!("{indent}\u{1b}[{colour}m{word}\u{1b}[0m{behind}"))
        }
        None => into.push_str(line),
    }
}

fn progress_line(label: &str, done: u64, total: Option<u64>) -> String {
    match total {
        Some(total) => format!("{label}  {} of {}", megabytes(done), megabytes(total)),
        None => format!("{label}  {}", megabytes(done)),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}

/// Word, whether it marks a check (an answer otherwise), colour.
const COLOURS: [(&str, bool, &str); 8] = [
    ("FAIL", true, "1;31"),
    ("accepted", false, "1;32"),
    ("note", true, "36"),
    ("ok", true, "32"),
    ("published", false, "1;32"),
    ("refused", false, "1;31"),
    ("undecided", false, "1;33"),
    ("wait", true, "33"),
];

/// What is quicker than this needs no line.
const FIRST_DRAWN: Duration = Duration::from_secs(1);

/// Faster is only flicker.
const DRAWN_EVERY: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(line: &str) -> String {
        let mut text = String::new();
        paint(line, &mut text);
        text.replace('\u{1b}', "^")
    }

    #[test]
    fn colour_repeats_the_first_word_and_nothing_else() {
        for (line, expected) in [
            ("  ok    logged", "  ^[32mok^[0m    logged"),
            ("  FAIL  serial", "  ^[1;31mFAIL^[0m  serial"),
            ("refused: app", "^[1;31mrefused^[0m: app"),
            ("ok then", "ok then"),
            ("  refused: app", "  refused: app"),
            ("refused app", "refused app"),
            ("  notes  x", "  notes  x"),
            ("", ""),
        ] {
            assert_eq!(painted(line), expected);
        }
    }

    #[test]
    fn progress_tells_what_is_done_of_what() {
        assert_eq!(
            progress_line("reading", 1_250_000, Some(41_203_344)),
            "reading  1.2 MB of 41.2 MB"
        );
        assert_eq!(progress_line("reading", 99_999, None), "reading  0.0 MB");
    }

    #[test]
    fn causes_follow_on_one_line_in_our_words() {
        let failure = FileError::read(
            std::path::Path::new("a.key"),
            io::Error::from(io::ErrorKind::NotFound),
        );
        assert_eq!(
            with_causes(&failure),
            "cannot read a.key: it does not exist"
        );
    }
}
