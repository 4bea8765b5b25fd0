//! Protobuf's text format, in which prototxt files are written.
//!
//! Three steps, each with a type of its own: [`Document::parse`] makes a tree in which every field and value knows its place; [`Document::bind`]
//! gives the tree its meaning as a message of `firebrick_schemas`; and [`Document::place`] finds the place of a field of that message, for
//! errors found later. The text is encoded to the binary form and decoded by prost, so that each message is declared once.
//!
//! The syntax is taken as widely as protobuf's own reader takes it: `#` comments, `;` or `,` after a value, no colon before a brace, `<…>` for
//! `{…}`, `[a, b]` for a repeated field, either quotes, adjacent strings, octal and hexadecimal numbers, escapes.

mod bind;
mod document;
mod lex;
mod parse;
mod scalar;
mod syntax;
mod tree;

pub use self::bind::Bound;
pub use self::document::{Document, not_a_prototxt, wire_diagnostic};
pub use self::tree::{Block, Field, List, Scalar, Span, Token, Value};
