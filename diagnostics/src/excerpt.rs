//! The line of a text that a span begins in, cut to a width that can be printed.

use std::ops::Range;

/// Characters of a line that the renderer gets to see before a span's start. It cuts lines to the width of a terminal itself, but it
/// takes time and memory for every character it is given.
const MAX_BEFORE: usize = 1000;
/// Of a line that has more before the span, the characters that are left.
const CUT_BEFORE: usize = 40;
/// Characters from the span's start.
const MAX_AFTER: usize = 200;

/// The piece of one line around a span. A span of several lines ends with the first.
pub(crate) struct Excerpt {
    /// The line's number, from 1.
    pub(crate) line: usize,
    /// The number, from 1, of the character in the line at which the span begins.
    pub(crate) column: usize,
    /// Whether characters before the span were cut, so that `text` doesn't begin with the line.
    pub(crate) cut_before: bool,
    /// What is to be printed of the line.
    pub(crate) text: String,
    /// Where in that the span is, in bytes.
    pub(crate) span: Range<usize>,
}

impl Excerpt {
    /// Any span is taken: one that is out of the text, or within a character, is moved to the nearest that is not.
    pub(crate) fn new(text: &str, span: Range<usize>) -> Self {
        let start = text.floor_char_boundary(span.start);
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let rest = text.get(line_start..).unwrap_or_default();
        let whole = rest.split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let start = (start - line_start).min(whole.len());
        let end = whole.ceil_char_boundary(span.end.saturating_sub(line_start)).max(start);

        let (before, after) = whole.split_at(start);
        let column = before.chars().count() + 1;
        let cut_before = column > MAX_BEFORE;
        let before = if cut_before { last_chars(before, CUT_BEFORE) } else { before };
        let (after, cut_after) = first_chars(after, MAX_AFTER);

        let mut text = String::new();
        if cut_before {
            text.push_str("...");
        }
        text.push_str(before);
        let span_start = text.len();
        text.push_str(after);
        let span_end = span_start + (end - start).min(after.len());
        if cut_after {
            text.push_str("...");
        }
        let text = replace_same_length(&text);
        Self { line, column, cut_before, text, span: span_start..span_end }
    }
}

fn last_chars(text: &str, n_chars: usize) -> &str {
    match text.char_indices().nth_back(n_chars.saturating_sub(1)) {
        Some((at, _)) => text.split_at(at).1,
        None => text,
    }
}

fn first_chars(text: &str, n_chars: usize) -> (&str, bool) {
    match text.char_indices().nth(n_chars) {
        Some((at, _)) => (text.split_at(at).0, true),
        None => (text, false),
    }
}

/// Replaces control characters other than tabs by spaces, byte for byte, so that spans stay: a bare carriage return, for one, would
/// move the cursor.
fn replace_same_length(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_ascii_control() && character != '\t' { ' ' } else { character })
        .collect()
}
