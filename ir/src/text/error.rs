//! What can be wrong with a text, and where.

use std::ops::Range;

use nom::Offset;
use thiserror::Error;

use super::print::TypeText;
use crate::{AttrError, CodedError, GraphError, Op, TensorError, Type, VerifyError};

/// A text that is no graph: what is wrong, and where.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("line {line}, column {column}: {kind}{}", .kind.help().map_or_else(String::new, |help| format!(" ({help})")))]
pub struct ParseError {
    /// The bytes of the text that are at fault.
    pub span: Range<usize>,
    /// The line that they begin in, from 1.
    pub line: usize,
    /// The character of the line that they begin at, from 1.
    pub column: usize,
    /// What is wrong.
    pub kind: Box<ParseErrorKind>,
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ParseErrorKind {
    /// The grammar asks for something else here.
    #[error("expected {expected}, but found {found}")]
    Syntax {
        /// What may stand here, in words.
        expected: &'static str,
        /// What stands here.
        found: String,
    },
    /// A string has no closing quote.
    #[error("this string does not end")]
    UnterminatedString,
    /// A string has an escape that means nothing.
    #[error("unknown escape in a string")]
    Escape,
    /// Something is not the number, truth value or digest that is needed here.
    #[error("`{text}` is not {expected}")]
    Literal {
        /// What was written.
        text: String,
        /// What is needed, in words.
        expected: String,
    },
    /// A node that can't be: its operands do not fit, or its names are too many, too few, taken or empty.
    #[error(transparent)]
    Graph(GraphError),
    /// A hint that can't be followed.
    #[error(transparent)]
    Hint(VerifyError),
    /// An operand that no line before gives a value.
    #[error("undefined value `{name}`")]
    Undefined {
        /// The operand's name.
        name: String,
        /// A value of much the same name.
        nearest: Option<String>,
    },
    /// No op is spelled so.
    #[error("there is no op `{name}`")]
    UnknownOp {
        /// The spelling.
        name: String,
        /// An op of much the same spelling.
        nearest: Option<&'static str>,
    },
    /// The op does not have this attribute, needs another, or needs another value.
    #[error("`{op}`: {source}")]
    Attribute {
        /// The op's spelling.
        op: String,
        /// What is wrong.
        source: AttrError,
    },
    /// An attribute is given twice.
    #[error("attribute `{0}` is given twice")]
    DuplicateAttribute(String),
    /// There are more or fewer types than results.
    #[error("types of `{op}`: expected {expected}, but found {found}")]
    Types {
        /// The op's spelling.
        op: &'static str,
        /// How many results it has.
        expected: usize,
        /// How many types are given.
        found: usize,
    },
    /// A type is not that of the result.
    #[error("`{name}` is {inferred}, not {written}", inferred = TypeText(.inferred), written = TypeText(.written))]
    TypeMismatch {
        /// The result's name.
        name: String,
        /// The type in the text.
        written: Type,
        /// The type that the op infers.
        inferred: Type,
    },
    /// A constant's type has a symbol where a number is needed.
    #[error("a constant of type {ty} has a symbolic dimension", ty = TypeText(.0))]
    SymbolicConstant(Type),
    /// A constant's elements are not as many as its type says.
    #[error("elements of {ty}: expected {expected}, but found {found}", ty = TypeText(.ty))]
    Elements {
        /// The constant's type.
        ty: Type,
        /// Its number of elements.
        expected: u64,
        /// The number of those written.
        found: usize,
    },
    /// The constant's type is beyond the address space.
    #[error(transparent)]
    Tensor(TensorError),
    /// Codes that are no tensor by a codebook.
    #[error(transparent)]
    Coded(CodedError),
    /// Codes or a codebook whose elements nobody knows.
    #[error("codes and their codebook can't be `missing`")]
    MissingCodes,
    /// The weights have no tensor of that digest.
    #[error("no constant of digest #{0:016x} is known")]
    UnknownDigest(u64),
    /// The tensor of that digest is of another type.
    #[error("the constant of digest #{digest:016x} is {found}, not {written}", found = TypeText(.found), written = TypeText(.written))]
    DigestType {
        /// The digest.
        digest: u64,
        /// The type in the text.
        written: Type,
        /// The tensor's type.
        found: Type,
    },
    /// The text asks for more `splat` and `random` elements than is reasonable.
    #[error(
        "the `splat` and `random` constants of a text may take {limit} bytes together, but with this one they take {needed}"
    )]
    TooLarge {
        /// Bytes that they would take.
        needed: u64,
        /// Bytes that they may take.
        limit: u64,
    },
    /// The last line has to say what the graph's outputs are.
    #[error("the graph has no `return`")]
    MissingReturn,
}

impl ParseErrorKind {
    /// What may help, if anything can be said.
    pub fn help(&self) -> Option<String> {
        let did_you_mean = |name: &str| format!("did you mean `{name}`?");
        match self {
            ParseErrorKind::Escape => Some(r#"there are \" \\ \' \n \r \t \0 and \u{1f525}"#.to_owned()),
            ParseErrorKind::Undefined { nearest: None, .. } => Some("a value is defined before it is used".to_owned()),
            ParseErrorKind::Undefined { nearest: Some(name), .. } => Some(did_you_mean(name)),
            ParseErrorKind::UnknownOp { nearest, .. } => nearest.map(did_you_mean),
            ParseErrorKind::UnknownDigest(_) => {
                Some("a digest stands for a constant that has to be given with the text".to_owned())
            }
            ParseErrorKind::MissingReturn => Some("end it with `return` and the outputs".to_owned()),
            ParseErrorKind::Syntax { .. }
            | ParseErrorKind::UnterminatedString
            | ParseErrorKind::Literal { .. }
            | ParseErrorKind::Graph(_)
            | ParseErrorKind::Hint(_)
            | ParseErrorKind::Attribute { .. }
            | ParseErrorKind::DuplicateAttribute(_)
            | ParseErrorKind::Types { .. }
            | ParseErrorKind::TypeMismatch { .. }
            | ParseErrorKind::SymbolicConstant(_)
            | ParseErrorKind::Elements { .. }
            | ParseErrorKind::Tensor(_)
            | ParseErrorKind::Coded(_)
            | ParseErrorKind::MissingCodes
            | ParseErrorKind::DigestType { .. }
            | ParseErrorKind::TooLarge { .. } => None,
        }
    }
}

/// An error while its place is still a piece of the text.
#[derive(Debug)]
pub(super) struct Fault<'a> {
    /// The piece at fault, borrowed from the text.
    pub(super) at: &'a str,
    /// What is wrong with it.
    pub(super) kind: Box<ParseErrorKind>,
}

impl<'a> Fault<'a> {
    pub(super) fn new(at: &'a str, kind: ParseErrorKind) -> Self {
        Fault { at, kind: Box::new(kind) }
    }
}

/// The error with its place as numbers; `fault.at` is a piece of `text`.
pub(super) fn locate(text: &str, fault: Fault<'_>) -> ParseError {
    let start = text.offset(fault.at);
    let before = text.get(..start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    ParseError {
        span: start..start + fault.at.len(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        kind: fault.kind,
    }
}

/// The longest name that is compared with others: the comparison takes time and memory of the product of lengths.
const MAX_COMPARED: usize = 64;

/// The candidate that is spelled most like `name`, if one is spelled much like it; of several, the first by name.
pub(super) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > MAX_COMPARED {
        return None;
    }
    candidates
        .filter(|candidate| candidate.len() <= MAX_COMPARED)
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|&(distance, candidate)| distance <= name.len().max(candidate.len()).div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// The op that is spelled most like `name`.
pub(super) fn nearest_op(name: &str) -> Option<&'static str> {
    nearest(name, Op::FAMILIES.iter().flat_map(|(_, spellings)| spellings.iter().copied()))
}
