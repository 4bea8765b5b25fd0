//! Text to tree. Each character is looked at a fixed number of times, whatever the text.

use nom::Parser;
use nom::branch::alt;
use nom::character::complete::{char, one_of};
use nom::combinator::{map, opt};

use super::lex::{Fault, FaultKind, Parsed, fail, number, space, string, word};
use super::tree::{Block, Field, List, Scalar, Span, Token, Value};

/// Braces nested deeper than this are refused, as protobuf's own reader does.
const MAX_DEPTH: usize = 100;

/// Parses a text of less than 4 GB.
pub(super) fn parse(text: &str) -> Result<Vec<Field>, Fault> {
    let context = Context { length: text.len() };
    let input = text.strip_prefix('\u{feff}').unwrap_or(text);
    match context.fields(input, None, 0) {
        Ok((_, fields)) => Ok(fields),
        Err(nom::Err::Error(fault) | nom::Err::Failure(fault)) => Err(fault),
        // Does not come up: these are nom's parsers of complete input.
        Err(nom::Err::Incomplete(_)) => Err(Fault { left: 0, kind: FaultKind::Expected("more text") }),
    }
}

/// The brace that fields are in: what closes it, and how much text is left where it opens.
#[derive(Clone, Copy)]
struct Opener {
    closer: char,
    left: usize,
}

/// The length of the text, which turns the rest of it into a place.
#[derive(Clone, Copy)]
struct Context {
    length: usize,
}

impl Context {
    /// The fields up to the brace that closes them, which is left, or to the end of the text.
    fn fields<'a>(self, mut input: &'a str, opener: Option<Opener>, depth: usize) -> Parsed<'a, Vec<Field>> {
        let mut fields = Vec::new();
        loop {
            let (rest, ()) = space(input)?;
            match (rest.chars().next(), opener) {
                (None, None) => return Ok((rest, fields)),
                (None, Some(Opener { closer, left })) => {
                    return Err(nom::Err::Failure(Fault { left, kind: FaultKind::Unclosed { closer } }));
                }
                (Some(found), Some(Opener { closer, .. })) if found == closer => return Ok((rest, fields)),
                (Some('}' | '>'), Some(Opener { closer, left })) => {
                    return fail(rest, FaultKind::Mismatched { closer, opener_left: left });
                }
                (Some(_), _) => {}
            }
            let field;
            (input, field) = self.field(rest, depth)?;
            fields.push(field);
        }
    }

    fn field(self, input: &str, depth: usize) -> Parsed<'_, Field> {
        let (input, name) = self.name(input)?;
        let (input, ()) = space(input)?;
        let (input, colon) = opt(char(':')).parse(input)?;
        let (input, ()) = space(input)?;
        let (input, value) = match input.chars().next() {
            Some('[') => self.list(input, depth)?,
            Some(_) | None if colon.is_some() => self.value(input, depth)?,
            Some('{' | '<') => self.message(input, depth)?,
            Some(_) | None => return fail(input, FaultKind::Expected("`:` or `{` after a field's name")),
        };
        let (rest, ()) = space(input)?;
        let (rest, separator) = opt(one_of(",;")).parse(rest)?;
        Ok((if separator.is_some() { rest } else { input }, Field { name, value }))
    }

    fn name(self, input: &str) -> Parsed<'_, Span> {
        if input.starts_with('[') {
            return fail(input, FaultKind::Extension);
        }
        let Ok((rest, _)) = word(input) else {
            return fail(input, FaultKind::Expected("a field's name"));
        };
        Ok((rest, self.span(input, rest)))
    }

    /// A message or a scalar.
    fn value(self, input: &str, depth: usize) -> Parsed<'_, Value> {
        match input.chars().next() {
            Some('{' | '<') => self.message(input, depth),
            Some(_) | None => self.scalar(input),
        }
    }

    fn message(self, input: &str, depth: usize) -> Parsed<'_, Value> {
        if depth >= MAX_DEPTH {
            return fail(input, FaultKind::TooDeep);
        }
        let (rest, opening) = one_of("{<").parse(input)?;
        let closer = if opening == '{' { '}' } else { '>' };
        let (rest, fields) = self.fields(rest, Some(Opener { closer, left: input.len() }), depth + 1)?;
        let (rest, _) = char(closer).parse(rest)?;
        Ok((rest, Value::Message(Block { fields, span: self.span(input, rest) })))
    }

    fn list(self, input: &str, depth: usize) -> Parsed<'_, Value> {
        let (mut rest, _) = char('[').parse(input)?;
        let mut items = Vec::new();
        loop {
            (rest, ()) = space(rest)?;
            match rest.chars().next() {
                Some(']') if items.is_empty() => break,
                Some(_) => {}
                None => return fail(input, FaultKind::Unclosed { closer: ']' }),
            }
            let item;
            (rest, item) = self.value(rest, depth)?;
            items.push(item);
            (rest, ()) = space(rest)?;
            match rest.chars().next() {
                Some(',') => (rest, _) = char(',').parse(rest)?,
                Some(']') => break,
                Some(_) => return fail(rest, FaultKind::Expected("`,` or `]`")),
                None => return fail(input, FaultKind::Unclosed { closer: ']' }),
            }
        }
        let (rest, _) = char(']').parse(rest)?;
        Ok((rest, Value::List(List { items, span: self.span(input, rest) })))
    }

    fn scalar(self, input: &str) -> Parsed<'_, Value> {
        let start = self.span(input, input).start;
        let (input, minus) = opt(char('-')).parse(input)?;
        let minus = minus.map(|_| start);
        let (input, ()) = if minus.is_some() { space(input)? } else { (input, ()) };
        if minus.is_none() && input.starts_with(['"', '\'']) {
            return self.strings(input);
        }
        let token = alt((map(number, |_| Token::Number), map(word, |_| Token::Word))).parse(input);
        match token {
            Ok((rest, token)) => Ok((rest, Value::Scalar(Scalar { token, minus, token_span: self.span(input, rest) }))),
            Err(_) if minus.is_some() => fail(input, FaultKind::Expected("a number after `-`")),
            Err(_) => fail(input, FaultKind::Expected("a value")),
        }
    }

    /// Strings that follow one another, which are one.
    fn strings(self, input: &str) -> Parsed<'_, Value> {
        let (mut end, _) = string(input)?;
        loop {
            let (next, ()) = space(end)?;
            if !next.starts_with(['"', '\'']) {
                break;
            }
            (end, _) = string(next)?;
        }
        Ok((end, Value::Scalar(Scalar { token: Token::Strings, minus: None, token_span: self.span(input, end) })))
    }

    /// From where `from` begins to where `to` begins.
    fn span(self, from: &str, to: &str) -> Span {
        let at = |rest: &str| u32::try_from(self.length - rest.len()).unwrap_or(u32::MAX);
        Span { start: at(from), end: at(to) }
    }
}
