//! Scalars as values of a field's type.

use firebrick_schemas::{EnumDescriptor, Kind};

use super::lex::{space, string};
use super::tree::{Scalar, Token};

/// A value in its binary form.
#[derive(Debug, PartialEq)]
pub(super) enum Encoded {
    Varint(u64),
    Fixed32([u8; 4]),
    Fixed64([u8; 8]),
    Bytes(Vec<u8>),
}

/// Why a scalar is no value of a field.
#[derive(Debug)]
pub(super) enum Misfit {
    /// It is of another type. Says what the field takes.
    Type(&'static str),
    /// It is of another type, and it is plain what was meant.
    TypeWithHelp(&'static str, String),
    /// It is a number that is too large or too small. Says what the field takes.
    Range(String),
    /// A word that the field's enum doesn't have.
    Name(&'static EnumDescriptor),
    /// A string with an escape that doesn't exist.
    Escape(String),
    /// A string whose escapes make something else than UTF-8.
    Utf8,
}

/// The value that a scalar, with the given text, is for a field of the given kind.
pub(super) fn encode(kind: Kind, scalar: &Scalar, text: &str) -> Result<Encoded, Misfit> {
    match kind {
        Kind::Int32 => integer(scalar, text, i32::MIN.into(), i32::MAX.into(), "a whole number"),
        Kind::Int64 => integer(scalar, text, i64::MIN.into(), i64::MAX.into(), "a whole number"),
        Kind::Uint32 => integer(scalar, text, 0, u32::MAX.into(), "a whole number of 0 or more"),
        Kind::Uint64 => integer(scalar, text, 0, u64::MAX.into(), "a whole number of 0 or more"),
        // Caffe's reader goes through a double, too: the rounding is the same.
        Kind::Float | Kind::Floats => real(scalar, text).map(|value| Encoded::Fixed32((value as f32).to_le_bytes())),
        Kind::Double | Kind::Doubles => real(scalar, text).map(|value| Encoded::Fixed64(value.to_le_bytes())),
        Kind::Bool => boolean(scalar, text).map(|value| Encoded::Varint(value.into())),
        Kind::String => {
            let bytes = unescape(scalar, text)?;
            if std::str::from_utf8(&bytes).is_err() { Err(Misfit::Utf8) } else { Ok(Encoded::Bytes(bytes)) }
        }
        Kind::Bytes => unescape(scalar, text).map(Encoded::Bytes),
        Kind::Enum(descriptor) => enumerated(descriptor, scalar, text),
        Kind::Message(_) => Err(Misfit::Type("a message in braces")),
    }
}

fn integer(scalar: &Scalar, text: &str, min: i128, max: i128, takes: &'static str) -> Result<Encoded, Misfit> {
    let value = match scalar.token {
        Token::Number => match whole(text) {
            Some(value) => value,
            None if text.chars().all(|digit| digit.is_ascii_digit()) => {
                let decimal = text.trim_start_matches('0');
                let help = format!("a number that begins with 0 is octal: write `{decimal}`");
                return Err(Misfit::TypeWithHelp(takes, help));
            }
            None => return Err(Misfit::Type(takes)),
        },
        Token::Strings => return Err(unquote(takes, text)),
        Token::Word => return Err(Misfit::Type(takes)),
    };
    // What has too many digits for an i128 is out of range of every type, too.
    let value = value.map(|value| if scalar.is_negative() { -value } else { value });
    match value {
        Some(value) if (min..=max).contains(&value) => Ok(Encoded::Varint(value as u64)),
        Some(_) | None => Err(Misfit::Range(format!("a whole number from {min} to {max}"))),
    }
}

/// A number without sign: decimal, octal after a `0`, or hexadecimal after `0x`. `None` if it is no such number, `Some(None)` if it is far
/// too large.
fn whole(text: &str) -> Option<Option<i128>> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    Some(i128::from_str_radix(digits, radix).ok())
}

fn real(scalar: &Scalar, text: &str) -> Result<f64, Misfit> {
    const TAKES: &str = "a number";
    let value = match scalar.token {
        Token::Number => {
            let decimal = text.strip_suffix(['f', 'F']).unwrap_or(text);
            decimal.parse::<f64>().map_err(|_| Misfit::Type("a decimal number"))?
        }
        Token::Word if text.eq_ignore_ascii_case("inf") || text.eq_ignore_ascii_case("infinity") => f64::INFINITY,
        Token::Word if text.eq_ignore_ascii_case("nan") => f64::NAN,
        Token::Word => return Err(Misfit::Type(TAKES)),
        Token::Strings => return Err(unquote(TAKES, text)),
    };
    Ok(if scalar.is_negative() { -value } else { value })
}

fn boolean(scalar: &Scalar, text: &str) -> Result<bool, Misfit> {
    const TAKES: &str = "`true` or `false`";
    match (scalar.token, scalar.is_negative()) {
        (Token::Word, false) => match text {
            "true" | "True" | "t" => Ok(true),
            "false" | "False" | "f" => Ok(false),
            _ => Err(Misfit::Type(TAKES)),
        },
        (Token::Number, false) => match whole(text) {
            Some(Some(1)) => Ok(true),
            Some(Some(0)) => Ok(false),
            Some(_) | None => Err(Misfit::Type(TAKES)),
        },
        (Token::Strings, _) => Err(unquote(TAKES, text)),
        (Token::Word | Token::Number, true) => Err(Misfit::Type(TAKES)),
    }
}

fn enumerated(descriptor: &'static EnumDescriptor, scalar: &Scalar, text: &str) -> Result<Encoded, Misfit> {
    let number = match (scalar.token, scalar.is_negative()) {
        (Token::Word, false) => descriptor.number(text),
        (Token::Number, negative) => {
            let value = whole(text).flatten().map(|value| if negative { -value } else { value });
            value.and_then(|value| i32::try_from(value).ok()).filter(|number| descriptor.name_of(*number).is_some())
        }
        (Token::Strings, _) => {
            let unquoted = text.trim_matches(['"', '\'']);
            // `type: "Convolution"` belongs to `layer`, `type: CONVOLUTION` to `layers`.
            let upper = unquoted.to_ascii_uppercase();
            let help = match [unquoted, &upper].into_iter().find(|name| descriptor.number(name).is_some()) {
                Some(name) => format!("write `{name}`, without quotes"),
                None => "names of this kind are written without quotes".to_owned(),
            };
            return Err(Misfit::TypeWithHelp("one of a list of names", help));
        }
        (Token::Word, true) => None,
    };
    // An enum is an int32, and a negative one is sign-extended to 64 bits.
    number.map(|number| Encoded::Varint(i64::from(number) as u64)).ok_or(Misfit::Name(descriptor))
}

fn unquote(takes: &'static str, text: &str) -> Misfit {
    let unquoted = text.trim_matches(['"', '\'']);
    match unquoted.len() {
        1..=40 => Misfit::TypeWithHelp(takes, format!("write `{unquoted}`, without quotes")),
        _ => Misfit::Type(takes),
    }
}

/// The bytes of strings that follow one another.
fn unescape(scalar: &Scalar, text: &str) -> Result<Vec<u8>, Misfit> {
    const TAKES: &str = "a string";
    match scalar.token {
        Token::Strings => {}
        Token::Word | Token::Number if scalar.is_negative() => return Err(Misfit::Type(TAKES)),
        Token::Word | Token::Number => return Err(Misfit::TypeWithHelp(TAKES, "put it in quotes".to_owned())),
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    // The parser has seen these strings: they end.
    while let Ok((next, content)) = string(rest) {
        unescape_one(content, &mut bytes)?;
        rest = space(next).map_or("", |(rest, ())| rest);
    }
    Ok(bytes)
}

fn unescape_one(content: &str, bytes: &mut Vec<u8>) -> Result<(), Misfit> {
    let mut parts = content.split('\\');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    while let Some(part) = parts.next() {
        if part.is_empty() {
            // Two backslashes: one, and what follows is as it is.
            bytes.push(b'\\');
            bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
            continue;
        }
        let rest = escape(part, bytes).ok_or_else(|| Misfit::Escape(part.chars().take(1).collect()))?;
        bytes.extend_from_slice(rest.as_bytes());
    }
    Ok(())
}

/// Reads what follows a backslash, and gives the rest.
fn escape<'a>(part: &'a str, bytes: &mut Vec<u8>) -> Option<&'a str> {
    let mut characters = part.chars();
    let byte = match characters.next()? {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        quoted @ ('\'' | '"' | '?') => quoted as u8,
        '0'..='7' => {
            let (value, rest) = digits(part, 8, 3)?;
            bytes.push(u8::try_from(value).ok()?);
            return Some(rest);
        }
        'x' | 'X' => {
            let (value, rest) = digits(characters.as_str(), 16, 2)?;
            bytes.push(u8::try_from(value).ok()?);
            return Some(rest);
        }
        'u' => return unicode(characters.as_str(), 4, bytes),
        'U' => return unicode(characters.as_str(), 8, bytes),
        _ => return None,
    };
    bytes.push(byte);
    Some(characters.as_str())
}

/// Up to `max` digits, at least one.
fn digits(text: &str, radix: u32, max: usize) -> Option<(u32, &str)> {
    let end = text.char_indices().take(max).take_while(|(_, digit)| digit.is_digit(radix)).count();
    let (digits, rest) = text.split_at(end);
    Some((u32::from_str_radix(digits, radix).ok()?, rest))
}

/// Exactly `n_digits` hexadecimal digits of a character.
fn unicode<'a>(text: &'a str, n_digits: usize, bytes: &mut Vec<u8>) -> Option<&'a str> {
    let (value, rest) = digits(text, 16, n_digits)?;
    if text.len() - rest.len() != n_digits {
        return None;
    }
    bytes.extend_from_slice(char::from_u32(value)?.encode_utf8(&mut [0; 4]).as_bytes());
    Some(rest)
}
