//! Text to a tree: the grammar and nothing else.

use std::str::FromStr;
use std::sync::Arc;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{char, digit1, one_of};
use nom::combinator::{consumed, cut, not, opt, peek, recognize};
use nom::error::ErrorKind;
use nom::multi::many0;
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use super::error::{Fault, ParseErrorKind};
use super::print::{is_name_char, is_word_char};
use crate::{Attr, DType, Dim, GraphError, Hints, Origin, Shape, Type};

/// Something and the piece of the text that says it.
#[derive(Debug)]
pub(super) struct Spanned<'a, T> {
    pub(super) value: T,
    pub(super) at: &'a str,
}

/// A graph as written.
#[derive(Debug)]
pub(super) struct GraphTree<'a> {
    pub(super) name: String,
    pub(super) nodes: Vec<NodeTree<'a>>,
    pub(super) outputs: Vec<Spanned<'a, String>>,
    /// Where the outputs come from.
    pub(super) origin: Option<Origin>,
}

/// A node as written.
#[derive(Debug)]
pub(super) struct NodeTree<'a> {
    pub(super) names: Vec<Spanned<'a, String>>,
    pub(super) op: Spanned<'a, OpTree<'a>>,
    pub(super) types: Vec<Spanned<'a, Type>>,
    pub(super) hints: Hints,
    pub(super) origin: Option<Origin>,
}

/// An op as written.
#[derive(Debug)]
pub(super) enum OpTree<'a> {
    Input,
    Const(Elements<'a>),
    Other { mnemonic: &'a str, operands: Vec<Spanned<'a, String>>, attrs: Vec<Spanned<'a, (String, Attr)>> },
}

/// A constant's elements as written.
#[derive(Debug)]
pub(super) enum Elements<'a> {
    List(Vec<&'a str>),
    Digest(u64),
    Missing,
    Splat(&'a str),
    Random(u64),
    /// Codes and a codebook.
    Coded(Box<[Elements<'a>; 2]>),
}

/// The longest word that an error message cites.
const MAX_FOUND: usize = 40;

type Parsed<'a, T> = IResult<&'a str, T, Fault<'a>>;

impl<'a> nom::error::ParseError<&'a str> for Fault<'a> {
    /// Of a primitive, which [`token`] replaces by what is expected in its place.
    fn from_error_kind(at: &'a str, _: ErrorKind) -> Self {
        syntax(at, "something else")
    }

    fn append(_: &'a str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

/// Reads a whole text.
pub(super) fn graph(text: &str) -> Result<GraphTree<'_>, Fault<'_>> {
    match terminated(graph_tree, token("the end of the text", end)).parse(text) {
        Ok((_, tree)) => Ok(tree),
        Err(nom::Err::Error(fault) | nom::Err::Failure(fault)) => Err(fault),
        Err(nom::Err::Incomplete(_)) => Err(syntax(&text[text.len()..], "more text")),
    }
}

fn graph_tree(input: &str) -> Parsed<'_, GraphTree<'_>> {
    let (input, _) = keyword("`graph`", "graph").parse(input)?;
    let (input, name) = token("the graph's name in quotes", string).parse(input)?;
    let (input, _) = symbol("`{`", "{").parse(input)?;
    let (input, nodes) = many0(node).parse(input)?;
    let (input, _) = alt((keyword("a node (`%name = ...`) or `return`", "return"), missing_return)).parse(input)?;
    let (input, outputs) = separated(operand, input)?;
    let (input, origin) = opt(origin).parse(input)?;
    let (input, _) = symbol("`}`", "}").parse(input)?;
    Ok((input, GraphTree { name: name.value, nodes, outputs, origin }))
}

/// Never parses: tells a graph that ends too early from other things in place of `return`.
fn missing_return(input: &str) -> Parsed<'_, Spanned<'_, &str>> {
    match symbol("a node (`%name = ...`) or `return`", "}").parse(input) {
        Ok((_, brace)) => fail(brace.at, ParseErrorKind::MissingReturn),
        Err(error) => Err(error),
    }
}

fn node(input: &str) -> Parsed<'_, NodeTree<'_>> {
    let (input, first) = operand(input)?;
    let (input, more) = many0(preceded(symbol("`,`", ","), cut(operand))).parse(input)?;
    let names = std::iter::once(first).chain(more).collect();
    let (input, _) = cut(symbol("`,` or `=`", "=")).parse(input)?;
    let (input, mnemonic) = cut(token("an op", word)).parse(input)?;
    let (input, op) = cut(|input| op(mnemonic.value, input)).parse(input)?;
    let typed = matches!(op, OpTree::Input | OpTree::Const(_));
    let (input, types) = cut(|input| types(typed, input)).parse(input)?;
    let (input, hints) = hints(input)?;
    let (input, origin) = opt(origin).parse(input)?;
    Ok((input, NodeTree { names, op: Spanned { value: op, at: mnemonic.at }, types, hints, origin }))
}

fn op<'a>(mnemonic: &'a str, input: &'a str) -> Parsed<'a, OpTree<'a>> {
    match mnemonic {
        "input" => Ok((input, OpTree::Input)),
        "const" => elements.map(OpTree::Const).parse(input),
        mnemonic => {
            let (input, _) = symbol("`(`", "(").parse(input)?;
            let (input, operands) = separated(operand, input)?;
            let closing = if operands.is_empty() { "a value (`%name`) or `)`" } else { "`,` or `)`" };
            let (input, _) = symbol(closing, ")").parse(input)?;
            let (input, attrs) = many0(attr).parse(input)?;
            Ok((input, OpTree::Other { mnemonic, operands, attrs }))
        }
    }
}

/// A constant's elements, or codes and a codebook.
fn elements(input: &str) -> Parsed<'_, Elements<'_>> {
    match keyword("`coded`", "coded").parse(input) {
        Ok((input, _)) => {
            let (input, codes) = cut(plain_elements).parse(input)?;
            let (input, _) = cut(keyword("`by` and the codebook", "by")).parse(input)?;
            let (input, codebook) = cut(plain_elements).parse(input)?;
            Ok((input, Elements::Coded(Box::new([codes, codebook]))))
        }
        Err(_) => plain_elements(input),
    }
}

fn plain_elements(input: &str) -> Parsed<'_, Elements<'_>> {
    const WHAT: &str = "a constant's elements: `[...]`, `#digest`, `missing`, `splat(...)`, `random(...)` or `coded`";
    alt((
        |input| list(WHAT, literal, input).map(|(input, literals)| (input, Elements::List(literals))),
        token(WHAT, digest).map(|digest| Elements::Digest(digest.value)),
        keyword(WHAT, "missing").map(|_| Elements::Missing),
        preceded(keyword(WHAT, "splat"), cut(parenthesized(literal))).map(Elements::Splat),
        preceded(keyword(WHAT, "random"), cut(parenthesized(seed))).map(Elements::Random),
    ))
    .parse(input)
}

fn digest(input: &str) -> Parsed<'_, u64> {
    let (rest, digits) = preceded(char('#'), take_while(is_word_char)).parse(input)?;
    match u64::from_str_radix(digits, 16) {
        Ok(digest) if digits.len() == 16 => Ok((rest, digest)),
        Ok(_) | Err(_) => no_literal(digits, "a digest of 16 hexadecimal digits"),
    }
}

fn seed(input: &str) -> Parsed<'_, u64> {
    let (input, digits) = token("a seed", digit1).parse(input)?;
    match digits.value.parse() {
        Ok(seed) => Ok((input, seed)),
        Err(_) => no_literal(digits.at, "an unsigned integer of 64 bits"),
    }
}

fn literal(input: &str) -> Parsed<'_, &str> {
    token("a number or a word", alt((number, word))).map(|literal| literal.value).parse(input)
}

fn attr(input: &str) -> Parsed<'_, Spanned<'_, (String, Attr)>> {
    let (input, name) =
        token("an attribute or `:`", terminated(word, peek(preceded(space, char('='))))).parse(input)?;
    let (input, _) = symbol("`=`", "=").parse(input)?;
    let (input, attr) = cut(alt((attr_list, attr_literal))).parse(input)?;
    Ok((input, Spanned { value: (name.value.to_owned(), attr), at: name.at }))
}

fn attr_literal(input: &str) -> Parsed<'_, Attr> {
    let (input, text) = token("an attribute's value", alt((number, word))).parse(input)?;
    match text.value {
        word if !is_number(word) => attr_call(word, input),
        number => Ok((input, number_attr(number)?)),
    }
}

fn number_attr(number: &str) -> Result<Attr, nom::Err<Fault<'_>>> {
    Ok(if is_float(number) { Attr::Float(float(number)?) } else { Attr::Int(integer(number)?) })
}

/// A word, with parameters if a parenthesis follows it.
fn attr_call<'a>(word: &str, input: &'a str) -> Parsed<'a, Attr> {
    if !input.starts_with('(') {
        return Ok((input, Attr::Word(word.to_owned())));
    }
    let parameter = |input| token("a number", number).map(|number| number.value).parse(input);
    let (input, numbers) =
        delimited(symbol("`(`", "("), |input| separated(parameter, input), cut(symbol("a number, `,` or `)`", ")")))
            .parse(input)?;
    Ok((input, Attr::Call(word.to_owned(), numbers.into_iter().map(number_attr).collect::<Result<_, _>>()?)))
}

/// Integers, floats if one of them is, or a list of other things.
fn attr_list(input: &str) -> Parsed<'_, Attr> {
    let element = |input| alt((attr_numbers, list_element)).parse(input);
    let (input, elements) = list("an attribute's value", element, input)?;
    let numbers: Option<Vec<&str>> = elements.iter().map(|element| element.number).collect();
    let attr = match numbers {
        Some(numbers) => numbers_attr(&numbers)?,
        None => Attr::List(elements.into_iter().map(|element| element.attr).collect()),
    };
    Ok((input, attr))
}

/// An element of a list, and the number that it is, if it is one.
struct Element<'a> {
    attr: Attr,
    number: Option<&'a str>,
}

fn list_element(input: &str) -> Parsed<'_, Element<'_>> {
    let (_, text) = token("a number", alt((number, word))).parse(input)?;
    let number = Some(text.value).filter(|text| is_number(text));
    attr_literal.map(|attr| Element { attr, number }).parse(input)
}

/// A list in a list.
fn attr_numbers(input: &str) -> Parsed<'_, Element<'_>> {
    let element = |input| token("a number", number).map(|number| number.value).parse(input);
    let (input, numbers) = list("a number", element, input)?;
    Ok((input, Element { attr: numbers_attr(&numbers)?, number: None }))
}

fn numbers_attr<'a>(numbers: &[&'a str]) -> Result<Attr, nom::Err<Fault<'a>>> {
    let numbers = numbers.iter().copied();
    Ok(if numbers.clone().any(is_float) {
        Attr::Floats(numbers.map(float).collect::<Result<_, _>>()?)
    } else {
        Attr::Ints(numbers.map(integer).collect::<Result<_, _>>()?)
    })
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || c == '-') || is_float_name(text)
}

fn is_float(number: &str) -> bool {
    number.contains(['.', 'e', 'E']) || is_float_name(number.trim_start_matches('-'))
}

fn is_float_name(text: &str) -> bool {
    text == "inf" || text == "NaN"
}

fn integer(number: &str) -> Result<i64, nom::Err<Fault<'_>>> {
    number.parse().or_else(|_| no_literal(number, "an integer of 64 bits"))
}

/// A number of the type's range; `inf` is only what is spelled so.
pub(super) fn finite_or_named<T: FromStr + Into<f64> + Copy>(number: &str) -> Option<T> {
    let named = is_float_name(number.trim_start_matches('-'));
    number.parse::<T>().ok().filter(|&x| named || x.into().is_finite())
}

fn float(number: &str) -> Result<f32, nom::Err<Fault<'_>>> {
    finite_or_named(number).map_or_else(|| no_literal(number, "a number of f32's range"), Ok)
}

/// The types behind a colon. None are needed unless they define the node.
fn types(needed: bool, input: &str) -> Parsed<'_, Vec<Spanned<'_, Type>>> {
    let colon = if needed { "`:` and a type" } else { "an attribute, `:`, or the next node" };
    match symbol(colon, ":").parse(input) {
        Ok((input, _)) => {
            let (input, first) = cut(ty).parse(input)?;
            let (input, more) = many0(preceded(symbol("`,`", ","), cut(ty))).parse(input)?;
            Ok((input, std::iter::once(first).chain(more).collect()))
        }
        Err(error) if needed || !starts_line(input) => Err(error),
        Err(_) => Ok((input, Vec::new())),
    }
}

/// Whether what follows can be a hint, an origin, or another node.
fn starts_line(input: &str) -> bool {
    let next = space(input).map_or("", |(rest, ())| rest);
    let words = ["return", "from", "in_place", "region"];
    next.starts_with(['%', '}']) || word(next).is_ok_and(|(_, word)| words.contains(&word))
}

fn ty(input: &str) -> Parsed<'_, Spanned<'_, Type>> {
    token("an element type", |input| {
        let (rest, name) = word(input)?;
        let Some(dtype) = DType::from_name(name) else { return no_literal(name, "an element type") };
        let (rest, dims) = cut(|rest| list("`[` and dimensions", dim, rest)).parse(rest)?;
        Ok((rest, Type::new(dtype, Shape(dims))))
    })
    .parse(input)
}

fn dim(input: &str) -> Parsed<'_, Dim> {
    const WHAT: &str = "a dimension or `]`";
    alt((
        fixed_dim,
        token(WHAT, word).map(|name| Dim::sym(name.value)),
        token(WHAT, string).map(|name| Dim::sym(&name.value)),
    ))
    .parse(input)
}

fn fixed_dim(input: &str) -> Parsed<'_, Dim> {
    let (input, digits) =
        token("a dimension or `]`", terminated(digit1, not(take_while1(is_word_char)))).parse(input)?;
    match digits.value.parse() {
        Ok(n) => Ok((input, Dim::Fixed(n))),
        Err(_) => no_literal(digits.at, "an unsigned integer of 64 bits"),
    }
}

/// `in_place region fire2`, either or none of the two.
fn hints(input: &str) -> Parsed<'_, Hints> {
    let (input, in_place) = opt(keyword("`in_place`", "in_place")).parse(input)?;
    let name = token("the region's name", alt((word.map(str::to_owned), string)));
    let (input, region) = opt(preceded(keyword("`region`", "region"), cut(name))).parse(input)?;
    Ok((input, Hints { in_place: in_place.is_some(), region: region.map(|name| Arc::from(name.value)) }))
}

fn origin(input: &str) -> Parsed<'_, Origin> {
    let (input, _) = keyword("`from`", "from").parse(input)?;
    let kind = alt((word.map(str::to_owned), string));
    let (input, kind) = cut(token("the kind of layer", kind)).parse(input)?;
    let (input, name) = cut(token("the layer's name in quotes", string)).parse(input)?;
    Ok((input, Origin { kind: Arc::from(kind.value), name: Arc::from(name.value) }))
}

/// A value's name with its sign.
fn operand(input: &str) -> Parsed<'_, Spanned<'_, String>> {
    let (rest, name) = token("a value (`%name`)", preceded(char('%'), cut(alt((string, bare_name))))).parse(input)?;
    if name.value.is_empty() { fail(name.at, ParseErrorKind::Graph(GraphError::EmptyName)) } else { Ok((rest, name)) }
}

/// A name up to the first character that needs quotes, or a comment.
fn bare_name(input: &str) -> Parsed<'_, String> {
    let end = input.find(|c| !is_name_char(c)).unwrap_or(input.len());
    let end = input[..end].find("//").unwrap_or(end);
    if end == 0 {
        return Err(nom::Err::Error(syntax(input, "a name or a string behind `%`")));
    }
    Ok((&input[end..], input[..end].to_owned()))
}

/// A string in quotes, with its escapes resolved.
fn string(input: &str) -> Parsed<'_, String> {
    let (mut rest, _) = char('"').parse(input)?;
    let mut text = String::new();
    loop {
        let end = rest.find(['"', '\\']).unwrap_or(rest.len());
        text.push_str(&rest[..end]);
        rest = &rest[end..];
        if let Some(rest) = rest.strip_prefix('"') {
            return Ok((rest, text));
        }
        if rest.is_empty() {
            return fail(input, ParseErrorKind::UnterminatedString);
        }
        let (after, c) = escape(rest)?;
        text.push(c);
        rest = after;
    }
}

/// A backslash and what it escapes.
fn escape(input: &str) -> Parsed<'_, char> {
    let mut chars = input.chars();
    chars.next();
    let c = match chars.next() {
        Some('n') => Some('\n'),
        Some('r') => Some('\r'),
        Some('t') => Some('\t'),
        Some('0') => Some('\0'),
        Some(c @ ('"' | '\\' | '\'')) => Some(c),
        Some('u') => return unicode_escape(input),
        Some(_) | None => None,
    };
    let len = input.len() - chars.as_str().len();
    c.map_or_else(|| fail(&input[..len], ParseErrorKind::Escape), |c| Ok((chars.as_str(), c)))
}

/// `\u{1f525}`
fn unicode_escape(input: &str) -> Parsed<'_, char> {
    let digits = take_while1(|c: char| c.is_ascii_hexdigit());
    let parsed: Parsed<'_, &str> = delimited(tag("\\u{"), digits, char('}')).parse(input);
    let Ok((rest, digits)) = parsed else { return fail(&input[..2], ParseErrorKind::Escape) };
    match u32::from_str_radix(digits, 16).ok().and_then(char::from_u32) {
        Some(c) => Ok((rest, c)),
        None => fail(&input[..input.len() - rest.len()], ParseErrorKind::Escape),
    }
}

/// A letter or `_`, then letters, digits and `_`.
fn word(input: &str) -> Parsed<'_, &str> {
    preceded(not(digit1), take_while1(is_word_char)).parse(input)
}

/// A number as Rust writes it, with or without a point.
fn number(input: &str) -> Parsed<'_, &str> {
    let exponent = (one_of("eE"), opt(one_of("+-")), digit1);
    let decimal = recognize((digit1, opt((char('.'), opt(digit1))), opt(exponent)));
    let number = recognize((opt(char('-')), alt((decimal, tag("inf"), tag("NaN")))));
    terminated(number, not(take_while1(is_word_char))).parse(input)
}

/// `(element)`
fn parenthesized<'a, T>(element: fn(&'a str) -> Parsed<'a, T>) -> impl Parser<&'a str, Output = T, Error = Fault<'a>> {
    delimited(symbol("`(`", "("), element, symbol("`)`", ")"))
}

/// `[element, element]`
fn list<'a, T>(what: &'static str, element: impl Fn(&'a str) -> Parsed<'a, T>, input: &'a str) -> Parsed<'a, Vec<T>> {
    let (input, _) = symbol(what, "[").parse(input)?;
    if let Ok((input, _)) = symbol("`]`", "]").parse(input) {
        return Ok((input, Vec::new()));
    }
    let (input, _) = peek(cut(&element)).parse(input)?;
    let (input, elements) = separated(element, input)?;
    let (input, _) = cut(symbol("`,` or `]`", "]")).parse(input)?;
    Ok((input, elements))
}

/// Elements with commas between them, or none at all.
fn separated<'a, T>(element: impl Fn(&'a str) -> Parsed<'a, T>, input: &'a str) -> Parsed<'a, Vec<T>> {
    let (input, first) = opt(&element).parse(input)?;
    let Some(first) = first else { return Ok((input, Vec::new())) };
    let (input, more) = many0(preceded(symbol("`,`", ","), cut(&element))).parse(input)?;
    Ok((input, std::iter::once(first).chain(more).collect()))
}

/// A word of the language.
fn keyword<'a>(
    what: &'static str,
    keyword: &'static str,
) -> impl Parser<&'a str, Output = Spanned<'a, &'a str>, Error = Fault<'a>> {
    token(what, terminated(tag(keyword), not(take_while1(is_word_char))))
}

/// A sign of the language.
fn symbol<'a>(
    what: &'static str,
    symbol: &'static str,
) -> impl Parser<&'a str, Output = Spanned<'a, &'a str>, Error = Fault<'a>> {
    token(what, tag(symbol))
}

/// Skips space, then parses; if that is no match, `what` is what was expected.
fn token<'a, P>(
    what: &'static str,
    parser: P,
) -> impl Parser<&'a str, Output = Spanned<'a, P::Output>, Error = Fault<'a>>
where
    P: Parser<&'a str, Error = Fault<'a>>,
{
    let mut parser = consumed(parser);
    move |input: &'a str| {
        let (input, ()) = space(input)?;
        match parser.parse(input) {
            Ok((rest, (at, value))) => Ok((rest, Spanned { value, at })),
            Err(nom::Err::Error(_)) => Err(nom::Err::Error(syntax(input, what))),
            Err(error @ (nom::Err::Failure(_) | nom::Err::Incomplete(_))) => Err(error),
        }
    }
}

/// White space and comments. Never fails.
fn space(input: &str) -> Parsed<'_, ()> {
    let mut rest = input.trim_start();
    while rest.starts_with("//") {
        rest = rest.find('\n').map_or("", |end| &rest[end..]).trim_start();
    }
    // At the end of the text the empty piece has to be one of the text's own, so that it has a place.
    Ok((&input[input.len() - rest.len()..], ()))
}

fn end(input: &str) -> Parsed<'_, ()> {
    if input.is_empty() { Ok((input, ())) } else { Err(nom::Err::Error(syntax(input, "the end of the text"))) }
}

/// The error that something else is expected than what `at` begins with.
fn syntax<'a>(at: &'a str, expected: &'static str) -> Fault<'a> {
    let Some(first) = at.chars().next() else {
        return Fault::new(at, ParseErrorKind::Syntax { expected, found: "the end of the text".to_owned() });
    };
    let word = at.bytes().take(MAX_FOUND).take_while(|&byte| is_word_char(char::from(byte))).count();
    let found = &at[..word.max(first.len_utf8())];
    Fault::new(found, ParseErrorKind::Syntax { expected, found: format!("`{}`", found.escape_debug()) })
}

fn no_literal<'a, T>(text: &'a str, expected: &'static str) -> Result<T, nom::Err<Fault<'a>>> {
    fail(text, ParseErrorKind::Literal { text: text.to_owned(), expected: expected.to_owned() })
}

/// An error that no alternative can mend.
fn fail<'a, T>(at: &'a str, kind: ParseErrorKind) -> Result<T, nom::Err<Fault<'a>>> {
    Err(nom::Err::Failure(Fault::new(at, kind)))
}
