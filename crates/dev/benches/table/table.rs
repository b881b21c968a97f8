//! Printing: Markdown that the README quotes as it is.

use std::time::Duration;

/// One line of the table.
pub(crate) struct Line {
    what: String,
    measured: String,
    cpu: Option<Duration>,
    floor: String,
    goal: String,
}

impl Line {
    /// A measurement with its goal, and the floor to read it by.
    pub(crate) fn new(
        what: &str,
        measured: String,
        cpu: Option<Duration>,
        floor: String,
        goal: &str,
    ) -> Self {
        Self {
            what: what.to_owned(),
            measured,
            cpu,
            floor,
            goal: goal.to_owned(),
        }
    }

    /// A floor: it has no goal, the machine is as it is.
    pub(crate) fn floor(what: &str, measured: String, cpu: Option<Duration>) -> Self {
        Self {
            what: what.to_owned(),
            measured,
            cpu,
            floor: "is one".to_owned(),
            goal: String::new(),
        }
    }
}

/// The whole table, columns padded so that it reads well as plain text too.
pub(crate) fn markdown(lines: &[Line]) -> String {
    let mut rows = vec![["what", "measured", "CPU each", "floor", "goal"].map(str::to_owned)];
    rows.extend(lines.iter().map(|line| {
        let cpu = line.cpu.map(time).unwrap_or_default();
        [
            line.what.clone(),
            line.measured.clone(),
            cpu,
            line.floor.clone(),
            line.goal.clone(),
        ]
    }));
    let mut width = [0; COLUMNS];
    for row in &rows {
        for (width, cell) in width.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    rows.insert(1, width.map(|width| "-".repeat(width)));
    let mut text = String::new();
    for row in &rows {
        for (cell, width) in row.iter().zip(width) {
            text.push_str(&format!("| {cell:width$} "));
        }
        text.push_str("|\n");
    }
    text
}

/// A duration with three digits.
pub(crate) fn time(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        _ if seconds < 1e-6 => format!("{:.0} ns", seconds * 1e9),
        _ if seconds < 1e-3 => format!("{} µs", three_digits(seconds * 1e6)),
        _ if seconds < 1.0 => format!("{} ms", three_digits(seconds * 1e3)),
        _ => format!("{} s", three_digits(seconds)),
    }
}

/// A number in groups of three digits.
pub(crate) fn count(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in MB.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{} MB", three_digits(bytes as f64 / 1e6))
}

fn three_digits(number: f64) -> String {
    match number {
        _ if number < 10.0 => format!("{number:.2}"),
        _ if number < 100.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

const COLUMNS: usize = 5;
