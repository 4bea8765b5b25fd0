//! The fields of a text, with their places.

use std::ops::Range;

/// A piece of the text, in bytes. Half the size of a `Range<usize>`: a file of inline weights has millions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
}

impl Span {
    /// The piece as a range.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The piece of the text.
    pub fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }
}

/// `name: value`
#[derive(Debug)]
pub struct Field {
    /// The field's name.
    pub name: Span,
    /// Its value.
    pub value: Value,
}

/// What follows a field's name.
#[derive(Debug)]
pub enum Value {
    /// A number, word or string.
    Scalar(Scalar),
    /// `{ … }`
    Message(Block),
    /// `[ … ]`
    List(List),
}

impl Value {
    /// The whole value.
    pub fn span(&self) -> Span {
        match self {
            Value::Scalar(scalar) => scalar.span(),
            Value::Message(block) => block.span,
            Value::List(list) => list.span,
        }
    }

    /// The values of a repeated field that this one stands for: the items of a list, or itself.
    pub fn items(&self) -> &[Value] {
        match self {
            Value::Scalar(_) | Value::Message(_) => std::slice::from_ref(self),
            Value::List(list) => &list.items,
        }
    }
}

/// A value that is no message.
#[derive(Clone, Copy, Debug)]
pub struct Scalar {
    /// What it looks like.
    pub token: Token,
    /// Where the `-` before it is, if there is one.
    pub minus: Option<u32>,
    /// The token, without the `-`; of strings, all that are joined.
    pub token_span: Span,
}

impl Scalar {
    /// The token and the `-` before it.
    pub fn span(&self) -> Span {
        Span { start: self.minus.unwrap_or(self.token_span.start), end: self.token_span.end }
    }

    /// Whether there is a `-` before the token.
    pub fn is_negative(&self) -> bool {
        self.minus.is_some()
    }
}

/// What a scalar looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// Something that begins with a digit.
    Number,
    /// A word.
    Word,
    /// One or more strings in quotes.
    Strings,
}

/// Fields in braces.
#[derive(Debug)]
pub struct Block {
    /// The fields, in the order of the text.
    pub fields: Vec<Field>,
    /// From brace to brace.
    pub span: Span,
}

/// Values in brackets, none of them a list.
#[derive(Debug)]
pub struct List {
    /// The values.
    pub items: Vec<Value>,
    /// From bracket to bracket.
    pub span: Span,
}
