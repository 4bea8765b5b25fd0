//! The tokens of the text format.

use nom::branch::alt;
use nom::bytes::complete::{is_not, take_while, take_while1};
use nom::character::complete::{char, one_of};
use nom::combinator::{opt, recognize, value};
use nom::error::{ErrorKind, ParseError};
use nom::multi::many0_count;
use nom::{IResult, Parser};

/// Why a text can't be parsed, and where: by how much of it is left, which needs no reference to the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) left: usize,
    pub(super) kind: FaultKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// Something else should be here.
    Expected(&'static str),
    /// A `{` or `[`, at `left`, without its counterpart.
    Unclosed { closer: char },
    /// A closing brace that does not match the one at `opener_left`.
    Mismatched { closer: char, opener_left: usize },
    /// A quote, at `left`, without its counterpart on the line.
    UnclosedString,
    /// `[name.of.extension]`
    Extension,
    /// Too many braces.
    TooDeep,
}

impl ParseError<&str> for Fault {
    fn from_error_kind(input: &str, _: ErrorKind) -> Self {
        Fault { left: input.len(), kind: FaultKind::Expected("something else") }
    }

    fn append(_: &str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

pub(super) type Parsed<'a, T> = IResult<&'a str, T, Fault>;

/// A fault that no alternative can mend.
pub(super) fn fail<T>(at: &str, kind: FaultKind) -> Parsed<'_, T> {
    Err(nom::Err::Failure(Fault { left: at.len(), kind }))
}

/// White space and comments, if any.
pub(super) fn space(input: &str) -> Parsed<'_, ()> {
    let blank =
        value((), take_while1(|character: char| matches!(character, ' ' | '\t' | '\r' | '\n' | '\u{b}' | '\u{c}')));
    let comment = value((), (char('#'), opt(is_not("\n"))));
    value((), many0_count(alt((blank, comment)))).parse(input)
}

/// A name or word.
pub(super) fn word(input: &str) -> Parsed<'_, &str> {
    recognize((take_while1(is_word_start), take_while(is_word))).parse(input)
}

/// What begins like a number, up to where a number can't go on. Whether it is one depends on the field.
pub(super) fn number(input: &str) -> Parsed<'_, &str> {
    let digits = input.strip_prefix('.').unwrap_or(input);
    if !digits.starts_with(|character: char| character.is_ascii_digit()) {
        return Err(nom::Err::Error(Fault { left: input.len(), kind: FaultKind::Expected("a number") }));
    }
    let is_hexadecimal = input.starts_with("0x") || input.starts_with("0X");
    let mut previous = ' ';
    let is_part = |character: char| {
        let is_exponent_sign = matches!(character, '+' | '-') && matches!(previous, 'e' | 'E') && !is_hexadecimal;
        previous = character;
        is_word(character) || character == '.' || is_exponent_sign
    };
    let mut is_part = is_part;
    let end = input.find(|character| !is_part(character)).unwrap_or(input.len());
    let (number, rest) = input.split_at(end);
    Ok((rest, number))
}

/// A string in quotes: what is between them.
pub(super) fn string(input: &str) -> Parsed<'_, &str> {
    let (content, quote) = one_of("\"'").parse(input)?;
    let mut escaped = false;
    for (at, character) in content.char_indices() {
        match character {
            '\n' => break,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => {
                let (string, rest) = content.split_at(at);
                return Ok((rest.strip_prefix(quote).unwrap_or(rest), string));
            }
            _ => {}
        }
    }
    fail(input, FaultKind::UnclosedString)
}

fn is_word_start(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_'
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}
