//! The text form of a graph: what is printed for people, and what test fixtures are written in.
//!
//! ```text
//! graph "fire" {
//!   %data = input : f32[N, 3, 8, 8]
//!   %w = const #0123456789abcdef : f32[4, 3, 1, 1]
//!   %b = const [0.5, 1.0, 0.0, 0.0] : f32[4]
//!   %conv = conv(%data, %w, %b) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1 : f32[N, 4, 8, 8] from Convolution "conv1"
//!   %out = relu(%conv) : f32[N, 4, 8, 8]
//!   return %out
//! }
//! ```
//!
//! A node is a line, after all of its operands; `return` is the last one. [`parse`] gives back the graph that was
//! printed, provided that it is given the constants which the text names by digest only.
//!
//! # Grammar
//!
//! ```text
//! graph    = "graph" string "{" node* return "}"
//! node     = value ("," value)* "=" body origin?
//! body     = "input" ":" type
//!          | "const" elements ":" type
//!          | mnemonic "(" (value ("," value)*)? ")" (word "=" attribute)* (":" type ("," type)*)?
//! return   = "return" (value ("," value)*)? origin?
//! value    = "%" (name | string)
//! elements = "[" (literal ("," literal)*)? "]" | "#" 16 hexadecimal digits | "missing"
//!          | "splat" "(" literal ")" | "random" "(" integer ")" | "coded" elements "by" elements
//! type     = element-type "[" (dimension ("," dimension)*)? "]"
//! dimension = integer | word | string
//! attribute = literal | "[" (number ("," number)*)? "]"
//! literal  = number | word
//! origin   = "from" (word | string) string
//! name     = letters, digits and any of `_ / . # : -`, but no `//`
//! ```
//!
//! White space and comments (`//` to the end of the line) may stand between any two of these. Strings have the
//! escapes of Rust's. The types behind an op are checked against those that it infers, and may be left out;
//! behind `input` and `const` they define it.
//!
//! Constants of up to eight elements are written out, row-major; larger ones are named by
//! [`Tensor::digest`](crate::Tensor::digest), and found again among the [`Weights`]; `missing` is a constant whose
//! elements nobody knows. `coded` elements are picked by their codes, of type u8, from a codebook. `splat` (all elements alike) and `random` (of that seed) make larger constants in fixtures;
//! they are printed in the forms above.

mod build;
mod constant;
mod error;
mod parse;
mod print;
mod weights;

pub use error::{ParseError, ParseErrorKind};
pub use weights::{WeightStore, Weights};

#[cfg(feature = "testing")]
pub(crate) use constant::random;
pub(crate) use print::print;

use crate::Graph;

/// Constants of more elements than this are printed as a digest.
const MAX_INLINE: usize = 8;

/// Reads a graph from its text form. Constants that the text names by digest are looked up in `weights`; `()` has
/// none.
///
/// # Errors
/// The first thing in the text that is no graph.
pub fn parse(text: &str, weights: &dyn Weights) -> Result<Graph, ParseError> {
    parse::graph(text).and_then(|tree| build::build(tree, weights)).map_err(|fault| error::locate(text, fault))
}
